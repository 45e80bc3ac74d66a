//! The data source `std.http`: a document of the web.

use crate::connection::StdConnection;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use formwork_model::schema::{Attribute, AttributeType, Default, ResourceSchema};
use formwork_model::value::from_json;
use formwork_model::{AttributePath, Map, Milliseconds, Redacted, Value, ValueBuf};
use formwork_provider_api::http::{self, Body, Exchange};
use formwork_provider_api::scrub::Scrubber;
use formwork_provider_api::{Environment, ErrorClass, ProviderError, ReadDataRequest};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Certificate, Client, ClientBuilder, Method, Request, Response, StatusCode, Url};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// A larger body is refused: it would have to be kept in the plan.
const LARGEST_BODY: usize = 1024 * 1024;

pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "http",
    "Asks a web server. Proxies are those of HTTPS_PROXY and NO_PROXY (none for loopback), certificates those of the \
     system and of FORMWORK_CA_BUNDLE. `--untrusted` forbids it.",
)
.attributes(&[
    Attribute::new("url", AttributeType::Url, "What is asked for.").required(),
    Attribute::new("method", AttributeType::Enum(&["GET", "HEAD"]), "How.").default_string("GET"),
    Attribute::string_map("headers", "Headers of the request; they are not sent on to another host.").secret(),
    Attribute::string("ca", "Certificates (PEM) that are trusted besides the usual ones."),
    Attribute::new("timeout", AttributeType::Duration, "It is given up after so long.")
        .default(Default::Duration(30_000)),
    Attribute::new(
        "expected_status",
        AttributeType::List(&AttributeType::Int),
        "Codes that are no error; left out: 200 to 299.",
    ),
    Attribute::string("sha256", "SHA-256 that the body must have, in hexadecimal; computed where it is left out.")
        .optional_computed(),
    Attribute::boolean(
        "sensitive",
        "The answer is secret, but for its status. Left out: it is where the request carried a secret, in its URL or in \
         another header than Accept, Accept-Encoding, Accept-Language, Cache-Control, Content-Type, User-Agent and those \
         that begin with If-. An answer that repeats a secret of the request is secret whatever is said here.",
    )
    .optional_computed(),
    Attribute::int("status", "The answer's code.").computed(),
    Attribute::string_map("response_headers", "The answer's headers, their names in lower case.").computed(),
    Attribute::string("body", "The answer's body, where it is text.").computed(),
    Attribute::string("body_base64", "The answer's body in base64.").computed(),
    Attribute::new("json", AttributeType::Any, "The answer's body as a value, where its type is JSON.").computed(),
])
.identity(&[]);

#[derive(Deserialize)]
struct Wanted {
    url: String,
    #[serde(default)]
    method: Option<String>,
    headers: Option<BTreeMap<String, Redacted<String>>>,
    ca: Option<String>,
    timeout: Option<Milliseconds>,
    expected_status: Option<Vec<u16>>,
    sha256: Option<String>,
    sensitive: Option<bool>,
}

pub(crate) async fn read(connection: &StdConnection, request: &ReadDataRequest) -> Result<ValueBuf, ProviderError> {
    let wanted: Wanted = request.config.view().decode()?;
    let url = wanted.allowed_url(&connection.environment)?;
    let Answer { status, headers, is_json, body } = wanted.ask(&wanted.client(connection).await?, url).await?;
    let mut values = request.config.to_value().as_map().cloned().unwrap_or_default();
    values.insert("response_headers", headers);
    wanted.keep(&mut values, &body, is_json)?;
    let secret_url = request.config.view().get("url").is_some_and(|url| url.holds_secret());
    let sensitive = wanted.is_answer_secret(secret_url, &values);
    if sensitive {
        for name in ANSWER.iter().filter(|name| request.config.view().get(name).is_none_or(|said| said.is_null())) {
            if let Some(value) = values.remove(name).filter(|value| !value.is_null()) {
                values.insert(*name, value.secret());
            }
        }
    }
    values.insert("sensitive", Value::Bool(wanted.sensitive.unwrap_or(sensitive)));
    values.insert("status", Value::Int(i64::from(status)));
    Ok(ValueBuf::from(Value::Map(values)))
}

/// What a server decides; `sha256` only where it is computed.
const ANSWER: &[&str] = &["response_headers", "body", "body_base64", "json", "sha256"];

/// Shorter words of a header are those of its scheme, such as `Basic`.
const SHORTEST_WORD: usize = 8;

/// Whether a secret stands in a text of the value, or in a key.
fn holds(value: &Value, secrets: &Scrubber) -> bool {
    match value {
        Value::String(text) => secrets.finds(text),
        Value::List(items) | Value::Set(items) => items.iter().any(|item| holds(item, secrets)),
        Value::Map(map) => map.iter().any(|(key, value)| secrets.finds(key) || holds(value, secrets)),
        Value::Secret(inner) => holds(inner, secrets),
        _ => false,
    }
}

/// Headers that ask for a form of the answer, and say nothing of who asks.
fn is_innocent(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["accept", "accept-encoding", "accept-language", "cache-control", "content-type", "user-agent"]
        .contains(&header.as_str())
        || header.starts_with("if-")
}

/// What a server said.
struct Answer {
    status: u16,
    headers: Value,
    is_json: bool,
    body: Vec<u8>,
}

impl Wanted {
    /// Whether what came back has to be kept from those who read plans: a service that is told a secret answers with what
    /// is not for everyone, or with the secret itself.
    fn is_answer_secret(&self, secret_url: bool, values: &Map) -> bool {
        let telling =
            || self.headers.iter().flatten().filter(|(name, _)| !is_innocent(name)).map(|(_, value)| &value.0);
        let carries = secret_url || telling().next().is_some();
        let mut secrets = Scrubber::new();
        for text in telling() {
            secrets.learn_whole(text);
            // The secret of `Bearer …` is its last word.
            text.split_whitespace()
                .filter(|word| word.len() >= SHORTEST_WORD)
                .for_each(|word| secrets.learn_whole(word));
        }
        if secret_url {
            secrets.learn_whole(&self.url);
        }
        self.sensitive.unwrap_or(carries)
            || !secrets.is_empty()
                && ANSWER.iter().any(|name| values.get(name).is_some_and(|value| holds(value, &secrets)))
    }

    fn allowed_url(&self, environment: &Environment) -> Result<Url, ProviderError> {
        let at_url = |error: ProviderError| error.at(AttributePath::member("url"));
        let url: Url = self.url.parse().map_err(|_| at_url(ProviderError::invalid("it is no URL")))?;
        if environment.untrusted {
            let message = "the web is not asked with --untrusted";
            return Err(at_url(ProviderError::new(ErrorClass::Forbidden, message))
                .help("leave `--untrusted` out if you trust whoever wrote the stack"));
        }
        let pinned = self.sha256.is_some() && self.headers.is_none() && self.method.as_deref() != Some("HEAD");
        if environment.sandbox && !is_loopback(&url) && !pinned {
            let message = format!("{} is not in the sandbox", url.host_str().unwrap_or_default());
            return Err(at_url(ProviderError::new(ErrorClass::Forbidden, message))
                .help("under --sandbox only loopback is asked, or a plain GET of a file that is pinned by `sha256`"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(at_url(ProviderError::invalid(format!("`{}` is not spoken here", url.scheme()))));
        }
        Ok(url)
    }

    /// The run's client, or one of its own where certificates or headers make it special.
    async fn client(&self, connection: &StdConnection) -> Result<Client, ProviderError> {
        let environment = &connection.environment;
        let local = self.url.parse().is_ok_and(|url| is_loopback(&url));
        if self.ca.is_none() && self.headers.is_none() && !environment.sandbox && !local {
            let shared = connection.client.get_or_try_init(async || build(builder(environment)?)).await?;
            return Ok(shared.clone());
        }
        let mut builder = builder(environment)?.redirect(self.redirects(environment));
        // What is on this machine is not asked by way of another one.
        if local {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &self.ca {
            builder = trusting(builder, pem, "ca")?;
        }
        build(builder)
    }

    /// Headers may hold credentials, and under the sandbox nobody leaves the machine: such redirects end at the host.
    fn redirects(&self, environment: &Environment) -> Policy {
        let first: Option<Url> = self.url.parse().ok();
        let (sandbox, guarded) = (environment.sandbox && self.sha256.is_none(), self.headers.is_some());
        Policy::custom(move |attempt| {
            let same_host = first.as_ref().is_some_and(|first| first.origin() == attempt.url().origin());
            let leaves = guarded && !same_host || sandbox && !is_loopback(attempt.url());
            if leaves || attempt.previous().len() > 10 { attempt.stop() } else { follow(attempt) }
        })
    }

    /// Asks, and tells the traces of it.
    async fn ask(&self, client: &Client, url: Url) -> Result<Answer, ProviderError> {
        let request = self.request(client, url)?;
        let (method, url) = (request.method().as_str(), request.url().as_str());
        let exchange = Exchange::sent(method, url, request.headers(), Body::Plain(&[]));
        let response = match client.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                exchange.failed(&chain(&error));
                return Err(failure(&error));
            }
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (told, is_json) = (headers_of(&response), content_type(&response).contains("json"));
        let body = match self.check_status(&response) {
            Ok(()) => body_of(response).await,
            Err(error) => Err(error),
        };
        exchange.answered(status, &headers, body.as_ref().map_or(Body::Unread, |body| Body::Plain(body)));
        Ok(Answer { status, headers: told, is_json, body: body? })
    }

    fn request(&self, client: &Client, url: Url) -> Result<Request, ProviderError> {
        let method = if self.method.as_deref() == Some("HEAD") { Method::HEAD } else { Method::GET };
        let timeout = self.timeout.map_or(30_000, |timeout| u64::try_from(timeout.0).unwrap_or(0));
        let mut request = client.request(method, url).timeout(Duration::from_millis(timeout));
        for (name, value) in self.headers.iter().flatten() {
            request = request.header(name, &value.0);
        }
        request.build().map_err(|error| failure(&error))
    }

    fn check_status(&self, response: &Response) -> Result<(), ProviderError> {
        let status = response.status();
        let expected = self.expected_status.as_ref();
        if expected.map_or_else(|| status.is_success(), |expected| expected.contains(&status.as_u16())) {
            return Ok(());
        }
        let class = match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => ErrorClass::NotFound,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorClass::Forbidden,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => ErrorClass::Retryable,
            status if status.is_server_error() => ErrorClass::Retryable,
            status if status.is_client_error() => ErrorClass::Invalid,
            _ => ErrorClass::Other,
        };
        let message = format!("{} answered {status}", response.url().host_str().unwrap_or_default());
        let error = ProviderError::new(class, message).vendor(status.as_str(), "").at(AttributePath::member("url"));
        Err(match retry_after(response) {
            Some(seconds) => error.retry_after_ms(seconds.saturating_mul(1000)),
            None => error,
        })
    }

    fn keep(&self, values: &mut Map, body: &[u8], is_json: bool) -> Result<(), ProviderError> {
        let digest = hex::encode(Sha256::digest(body));
        if self.sha256.as_ref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&digest)) {
            let message = format!("the body has SHA-256 {digest}, not the one that it is pinned to");
            return Err(ProviderError::invalid(message).at(AttributePath::member("sha256")));
        }
        if self.sha256.is_none() {
            values.insert("sha256", Value::string(digest));
        }
        values.insert("body_base64", Value::string(STANDARD.encode(body)));
        if let Ok(text) = std::str::from_utf8(body) {
            values.insert("body", Value::string(text));
        }
        if is_json && let Ok(json) = serde_json::from_slice(body) {
            values.insert("json", from_json(&json));
        }
        Ok(())
    }
}

fn builder(environment: &Environment) -> Result<ClientBuilder, ProviderError> {
    let builder = Client::builder().user_agent(concat!("formwork/", env!("CARGO_PKG_VERSION"))).redirect(
        Policy::custom(|attempt| if attempt.previous().len() > 10 { attempt.stop() } else { follow(attempt) }),
    );
    let Some(bundle) = &environment.ca_bundle else { return Ok(builder) };
    if bundle.contains("-----BEGIN") {
        return trusting(builder, bundle, "");
    }
    let pem = std::fs::read_to_string(bundle)
        .map_err(|error| ProviderError::invalid(format!("the CA bundle {bundle}: {error}")))?;
    trusting(builder, &pem, "")
}

/// Goes where the server points to, and tells the traces.
fn follow(attempt: Attempt<'_>) -> Action {
    http::redirected(attempt.status().as_u16(), attempt.url().as_str());
    attempt.follow()
}

fn trusting(builder: ClientBuilder, pem: &str, attribute: &str) -> Result<ClientBuilder, ProviderError> {
    let wrong = |_| {
        let error = ProviderError::invalid("there are certificates that cannot be read (PEM is expected)");
        if attribute.is_empty() { error } else { error.at(AttributePath::member(attribute)) }
    };
    let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(wrong)?;
    Ok(certificates.into_iter().fold(builder, ClientBuilder::add_root_certificate))
}

fn build(builder: ClientBuilder) -> Result<Client, ProviderError> {
    builder.build().map_err(|error| ProviderError::new(ErrorClass::Other, chain(&error)))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn failure(error: &reqwest::Error) -> ProviderError {
    let class = if error.is_timeout() {
        ErrorClass::Timeout
    } else if error.is_connect() {
        ErrorClass::Unreachable
    } else if error.is_builder() {
        ErrorClass::Invalid
    } else {
        ErrorClass::Retryable
    };
    ProviderError::new(class, chain(error)).at(AttributePath::member("url"))
}

/// The error with its causes; without the URL, whose query may hold a token.
fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { "the request failed".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()
}

fn content_type(response: &Response) -> String {
    let header = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    header.unwrap_or_default().to_ascii_lowercase()
}

fn headers_of(response: &Response) -> Value {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in response.headers() {
        let text = String::from_utf8_lossy(value.as_bytes());
        let joined = headers.get(name.as_str()).map_or_else(|| text.to_string(), |before| format!("{before}, {text}"));
        headers.insert(name.as_str().to_owned(), joined);
    }
    Value::map(headers.into_iter().map(|(name, text)| (name, Value::string(text))))
}

async fn body_of(mut response: Response) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BODY {
            return Err(ProviderError::invalid(format!("the body is larger than {LARGEST_BODY} bytes"))
                .at(AttributePath::member("url")));
        }
    }
    Ok(body)
}
