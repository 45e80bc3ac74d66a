//! A connection to one API server: requests, and credentials that are asked again when they expire.

use crate::access::{Access, Opened};
use crate::confidential::without_texts;
use crate::configuration::Configuration;
use crate::discovery::Discovery;
use crate::error::{Status, transport};
use formwork_provider_api::http::{Body as Traced, Exchange};
use formwork_provider_api::{AccountIdentity, Environment, ErrorClass, ProviderError};
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use serde_json::Value as Json;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Credentials are renewed so long before they end.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Answers' headers are not told.
const NO_HEADERS: [(&str, &str); 0] = [];

/// What is sent.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// Path with query, from the API server's root.
    pub(crate) path: String,
    pub(crate) body: Option<&'a Json>,
    pub(crate) content_type: &'static str,
}

impl Call<'_> {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, content_type: "application/json" }
    }

    /// Whether what is sent or answered is a Secret.
    fn is_about_secrets(&self) -> bool {
        self.path.contains("/secrets")
    }

    /// A body as traces may tell it: not that of a Secret.
    fn told<'a>(&self, body: &'a [u8]) -> Traced<'a> {
        if self.is_about_secrets() { Traced::Secret } else { Traced::Plain(body) }
    }

    /// Whether a lost answer leaves it open whether something was done.
    fn changes(&self) -> bool {
        self.method != Method::GET && !self.path.contains("dryRun=All")
    }
}

/// An answer of the API server.
pub(crate) enum Answer {
    /// Done; whether it made an object, and what the server warns of (deprecated APIs, pod security).
    Done { created: bool, body: Json, warnings: Vec<String> },
    /// Refused.
    Refused(Status),
}

/// Where credentials come from, and those that are in use.
struct Credentials {
    access: Access,
    opened: Option<Arc<Opened>>,
}

impl Credentials {
    async fn open(&mut self) -> Result<Arc<Opened>, ProviderError> {
        let opened = Arc::new(self.access.open().await?);
        self.opened = Some(Arc::clone(&opened));
        Ok(opened)
    }
}

/// A connection to one API server.
pub(crate) struct Session {
    server: String,
    credentials: Mutex<Credentials>,
    account: AccountIdentity,
    manager: String,
    pub(crate) discovery: Discovery,
}

impl Session {
    /// Connects, and asks which cluster it is.
    pub(crate) async fn open(block: &Configuration, environment: &Environment) -> Result<Self, ProviderError> {
        let access = Access::new(block, environment).await?;
        let mut session = Self {
            server: access.server().to_owned(),
            credentials: Mutex::new(Credentials { access, opened: None }),
            account: AccountIdentity::default(),
            manager: block.manager().to_owned(),
            discovery: Discovery::default(),
        };
        session.account = session.ask_account().await?;
        Ok(session)
    }

    /// Takes other credentials for the same server: what is under way goes on with them.
    pub(crate) async fn reconfigure(
        &self,
        block: &Configuration,
        environment: &Environment,
    ) -> Result<(), ProviderError> {
        let access = Access::new(block, environment).await?;
        if access.server() != self.server || block.manager() != self.manager {
            return Err(ProviderError::unsupported("it is another server, or another field manager"));
        }
        *self.credentials.lock().await = Credentials { access, opened: None };
        Ok(())
    }

    /// The cluster: the id of its oldest namespace, which stays when address and credentials are changed.
    async fn ask_account(&self) -> Result<AccountIdentity, ProviderError> {
        let cluster = match self.send(Call::get("/api/v1/namespaces/kube-system")).await? {
            Answer::Done { body, .. } => body.pointer("/metadata/uid").and_then(Json::as_str).map(str::to_owned),
            // Few may read it; then the address has to do. Everything else that is wrong shows with the first object.
            Answer::Refused(status) if status.code == 403 => None,
            Answer::Refused(status) if status.code == 404 => {
                self.check_api().await?;
                None
            }
            Answer::Refused(status) => return Err(status.error(&format!("connecting to {}", self.server()))),
        };
        let entry = match cluster {
            Some(uid) => ("cluster".to_owned(), uid),
            None => ("server".to_owned(), self.server().to_owned()),
        };
        Ok(AccountIdentity([entry].into()))
    }

    /// Where nothing is known of `kube-system`: whether this is an API server at all. Another server's "not found" must not be
    /// taken for a cluster that has lost all its objects.
    async fn check_api(&self) -> Result<(), ProviderError> {
        match self.send(Call::get("/version")).await? {
            Answer::Refused(status) if status.code == 404 => {
                let message =
                    format!("{} is no Kubernetes API: it knows neither kube-system nor /version", self.server());
                Err(ProviderError::new(ErrorClass::Unreachable, message).help("is the address right, and its path?"))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn account(&self) -> AccountIdentity {
        self.account.clone()
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// The name under which fields are owned.
    pub(crate) fn manager(&self) -> &str {
        &self.manager
    }

    /// Credentials that hold for a while.
    async fn opened(&self) -> Result<Arc<Opened>, ProviderError> {
        let mut credentials = self.credentials.lock().await;
        let soon = Timestamp::now() + MARGIN;
        match &credentials.opened {
            Some(opened) if opened.until.is_none_or(|until| until > soon) => Ok(Arc::clone(opened)),
            _ => credentials.open().await,
        }
    }

    /// Other credentials than these, where others can be had: a caller beside may have them already.
    async fn others(&self, refused: &Arc<Opened>) -> Result<Option<Arc<Opened>>, ProviderError> {
        let mut credentials = self.credentials.lock().await;
        match &credentials.opened {
            Some(opened) if !Arc::ptr_eq(opened, refused) => Ok(Some(Arc::clone(opened))),
            Some(_) if !credentials.access.renews() => Ok(None),
            _ => credentials.open().await.map(Some),
        }
    }

    /// Sends a request; with other credentials once more, where they are not accepted and others can be had.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, ProviderError> {
        let opened = self.opened().await?;
        let answer = self.send_with(&opened, &call).await?;
        match &answer {
            Answer::Refused(status) if status.code == 401 => match self.others(&opened).await? {
                Some(others) => self.send_with(&others, &call).await,
                None => Ok(answer),
            },
            _ => Ok(answer),
        }
    }

    async fn send_with(&self, opened: &Opened, call: &Call<'_>) -> Result<Answer, ProviderError> {
        let body = call.body.map(Json::to_string).unwrap_or_default();
        let exchange = self.traced(call, &body);
        let request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header("accept", "application/json")
            .header("content-type", call.content_type)
            .body(Body::from(body.into_bytes()))
            .map_err(|error| ProviderError::invalid(format!("`{}` is no path: {error}", call.path)))?;
        let (code, warnings, bytes) = match Self::receive(&opened.client, request).await {
            Ok(received) => received,
            Err(error) => {
                let error = transport(&error, &opened.reached, call.changes());
                exchange.failed(&error.message);
                return Err(error);
            }
        };
        exchange.answered(code, NO_HEADERS, call.told(&bytes));
        if !(200..300).contains(&code) {
            let status = Status::read(code, &String::from_utf8_lossy(&bytes));
            let of_secret = call.is_about_secrets();
            return Ok(Answer::Refused(if of_secret { without_texts(status, call.body) } else { status }));
        }
        let body = serde_json::from_slice(&bytes).map_err(|error| {
            ProviderError::new(
                ErrorClass::Other,
                format!("{} answered with something else than JSON: {error}", self.server()),
            )
        })?;
        Ok(Answer::Done { created: code == 201, body, warnings })
    }

    async fn receive(
        client: &kube::Client,
        request: Request<Body>,
    ) -> Result<(u16, Vec<String>, Vec<u8>), kube::Error> {
        let response = client.send(request).await?;
        let code = response.status().as_u16();
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings.filter_map(|warning| warning_text(warning.to_str().ok()?)).collect();
        // The answer's head has come: from here on a break is a lost answer, not an unreachable server.
        let bytes = response.into_body().collect_bytes().await?;
        Ok((code, warnings, bytes.to_vec()))
    }

    fn traced(&self, call: &Call<'_>, body: &str) -> Exchange {
        let url = format!("{}{}", self.server().trim_end_matches('/'), call.path);
        let headers = [("content-type", call.content_type)];
        Exchange::sent(call.method.as_str(), &url, headers, call.told(body.as_bytes()))
    }

    /// Reads a path; none where there is nothing.
    pub(crate) async fn get(&self, path: impl Into<String>, doing: &str) -> Result<Option<Json>, ProviderError> {
        match self.send(Call::get(path)).await? {
            Answer::Done { body, .. } => Ok(Some(body)),
            Answer::Refused(status) if status.code == 404 => Ok(None),
            Answer::Refused(status) => Err(status.error(doing)),
        }
    }
}

/// The text of a `Warning` header as API servers send it: `299 - "text"`, with `\"` and `\\` in the text
/// (<https://kubernetes.io/blog/2020/09/03/warnings/>, RFC 7234 section 5.5).
fn warning_text(header: &str) -> Option<String> {
    let quoted = header.strip_prefix("299 ")?.split_once(' ')?.1.trim().strip_prefix('"')?;
    let mut text = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Some(text),
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::warning_text;

    #[test]
    fn warnings_are_unquoted() {
        let header = r#"299 - "batch/v1beta1 CronJob is \"deprecated\" in v1.21+""#;
        assert_eq!(warning_text(header).as_deref(), Some(r#"batch/v1beta1 CronJob is "deprecated" in v1.21+"#));
        assert_eq!(warning_text(r#"299 - "not closed"#), None);
        assert_eq!(warning_text("110 anderson \"stale\""), None);
    }
}
