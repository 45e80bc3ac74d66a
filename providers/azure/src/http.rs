//! The one HTTP client of a connection: TLS, proxies, time limits, traces.

use crate::arm::error::of_transport;
use formwork_provider_api::http::{Body, Exchange};
use formwork_provider_api::{Environment, ProviderError};
use reqwest::{Certificate, Client, RequestBuilder};
use std::time::Duration;

/// Which certificates are trusted and whether proxies are used.
pub(crate) enum Reach<'a> {
    /// The network, with the run's CA bundle.
    Network(&'a Environment),
    /// The sandbox: its own CA alone, never through a proxy.
    Sandbox(&'a str),
    /// Something else on this machine.
    Loopback(&'a Environment),
}

/// Makes the client.
///
/// # Errors
/// When a CA bundle cannot be used.
pub(crate) fn client(reach: &Reach<'_>) -> Result<Client, ProviderError> {
    let mut builder = Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .timeout(Duration::from_secs(120))
        // A redirect could carry a token to another host; ARM does not redirect.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("formwork/", env!("CARGO_PKG_VERSION")));
    let bundle = match reach {
        Reach::Network(environment) => environment.ca_bundle.as_deref(),
        Reach::Sandbox(authority) => {
            builder = builder.no_proxy().tls_built_in_root_certs(false);
            Some(*authority)
        }
        Reach::Loopback(environment) => {
            builder = builder.no_proxy();
            environment.ca_bundle.as_deref()
        }
    };
    for certificate in bundle.filter(|text| !text.is_empty()).map(certificates).transpose()?.unwrap_or_default() {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| ProviderError::invalid(format!("no HTTP client could be made: {error}")))
}

/// A client for services of the machine itself: never through a proxy, and soon tired where there is none.
///
/// # Errors
/// When none could be made.
pub(crate) fn direct() -> Result<Client, ProviderError> {
    let builder = Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none());
    builder.build().map_err(|error| ProviderError::invalid(format!("no HTTP client could be made: {error}")))
}

/// The certificates of a bundle: the PEM text itself, or that of the file which is named.
fn certificates(bundle: &str) -> Result<Vec<Certificate>, ProviderError> {
    let pem = if bundle.contains("-----BEGIN") {
        bundle.as_bytes().to_vec()
    } else {
        std::fs::read(bundle)
            .map_err(|error| ProviderError::invalid(format!("the CA bundle `{bundle}` cannot be read: {error}")))?
    };
    Certificate::from_pem_bundle(&pem)
        .map_err(|error| ProviderError::invalid(format!("the CA bundle cannot be used: {error}")))
}

/// An answer, read whole.
pub(crate) struct Received {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: reqwest::header::HeaderMap,
    /// Its body.
    pub(crate) text: String,
}

impl Received {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// When to come back, in seconds.
    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        self.header("retry-after")?.trim().parse().ok()
    }

    /// The body as JSON; null where there is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or(serde_json::Value::Null)
    }
}

/// Sends a request and reads its answer. The only place where anything is sent.
///
/// # Errors
/// Classified by whether something may have been done.
pub(crate) async fn send(request: RequestBuilder) -> Result<Received, ProviderError> {
    let (client, request) = request.build_split();
    let request = request.map_err(|error| of_transport(&error, "Azure"))?;
    let host = request.url().host_str().unwrap_or_default().to_owned();
    let tells_secrets = tells_secrets(&request);
    let exchange = sent(&request, tells_secrets);
    let received = match receive(&client, request).await {
        Ok(received) => received,
        Err(error) => {
            let error = of_transport(&error, &host);
            exchange.failed(&error.message);
            return Err(error);
        }
    };
    let body = if tells_secrets { Body::Secret } else { Body::Plain(received.text.as_bytes()) };
    exchange.answered(received.status, texts(&received.headers), body);
    Ok(received)
}

async fn receive(client: &Client, request: reqwest::Request) -> Result<Received, reqwest::Error> {
    let response = client.execute(request).await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    Ok(Received { status, headers, text })
}

/// Answers that hold what nobody knows as a secret yet: tokens, what an action lists (keys, kubeconfigs), a vault's secrets.
fn tells_secrets(request: &reqwest::Request) -> bool {
    *request.method() == reqwest::Method::POST || request.url().path().contains("/secrets/")
}

fn sent(request: &reqwest::Request, tells_secrets: bool) -> Exchange {
    let body = match request.body().map(reqwest::Body::as_bytes) {
        _ if tells_secrets => Body::Secret,
        Some(Some(bytes)) => Body::Plain(bytes),
        Some(None) => Body::Unread,
        None => Body::Plain(b""),
    };
    Exchange::sent(request.method().as_str(), request.url().as_str(), texts(request.headers()), body)
}

fn texts(headers: &reqwest::header::HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}
