//! Tokens: where they come from, and how long they are kept. A token is never recorded; it is asked again before it expires.

mod certificate;
mod command_line;
mod managed_identity;
mod oidc;
mod source;

pub(crate) use source::choose;

use crate::http::{self, Received};
use crate::trust::Trust;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use formwork_model::Redacted;
use formwork_provider_api::{ErrorClass, ProviderError};
use oidc::Assertion;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// A token is asked again when it has less than this left.
const MARGIN: Duration = Duration::from_secs(300);

/// Where tokens come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A token that the sandbox gave.
    Fixed(Redacted<String>),
    /// An application with its secret.
    ClientSecret(Application, Redacted<String>),
    /// An application with a certificate: the file with it and its key.
    ClientCertificate(Application, String),
    /// An application that trusts somebody else's tokens.
    Workload(Application, Assertion),
    /// An identity of the machine.
    ManagedIdentity {
        /// Which one, where there are several.
        client_id: Option<String>,
    },
    /// Who logged in with the Azure CLI.
    CommandLine {
        /// Which tenant.
        tenant: Option<String>,
    },
}

/// An application of a tenant.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    /// Who gives tokens.
    pub(crate) authority: Url,
    /// The tenant.
    pub(crate) tenant: String,
    /// The application.
    pub(crate) client_id: String,
}

impl Application {
    /// Where it asks for tokens.
    fn token_url(&self) -> Url {
        let mut url = self.authority.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{}/oauth2/v2.0/token", self.tenant));
        url
    }
}

/// A token and when it ends.
#[derive(Clone)]
pub(crate) struct Token {
    secret: Arc<str>,
    expires: Instant,
}

impl Token {
    /// Lasts so many seconds from now.
    fn lasting(secret: &str, seconds: u64) -> Self {
        Self { secret: secret.into(), expires: Instant::now() + Duration::from_secs(seconds.min(86_400)) }
    }

    /// The token itself.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// How long it lasts yet.
    pub(crate) fn left(&self) -> Duration {
        self.expires.saturating_duration_since(Instant::now())
    }

    /// A claim of it, where it is a JSON web token: who it is for. Not verified; for telling people and for naming the tenant.
    pub(crate) fn claim(&self, name: &str) -> Option<String> {
        let payload = self.secret.split('.').nth(1)?;
        let json: Json = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        json.get(name)?.as_str().map(str::to_owned)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Token({} s left)", self.left().as_secs())
    }
}

/// The tokens of an audience; who comes while one is being asked for waits for it.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The credentials of a connection.
#[derive(Debug)]
pub(crate) struct Credentials {
    source: Source,
    http: reqwest::Client,
    trust: Trust,
    slots: Mutex<HashMap<String, Slot>>,
}

impl Credentials {
    /// Tokens from this source.
    pub(crate) fn new(source: Source, http: reqwest::Client, trust: Trust) -> Self {
        Self { source, http, trust, slots: Mutex::default() }
    }

    fn slot(&self, audience: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(audience.to_owned()).or_default().clone()
    }

    /// A token for an audience such as `https://management.azure.com`: the one at hand, while it lasts.
    ///
    /// # Errors
    /// When the source gives none.
    pub(crate) async fn token(&self, audience: &str) -> Result<Token, ProviderError> {
        let slot = self.slot(audience);
        let mut kept = slot.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.left() > MARGIN) {
            return Ok(token.clone());
        }
        match self.ask(audience).await {
            Ok(token) => {
                *kept = Some(token.clone());
                Ok(token)
            }
            // The old one is good for a while yet.
            Err(_) if kept.as_ref().is_some_and(|token| token.left() > Duration::from_secs(30)) => {
                kept.clone().ok_or_else(none_left)
            }
            Err(error) => Err(unsent(error)),
        }
    }

    /// Throws a token away that was refused, unless another has taken its place.
    pub(crate) async fn forget(&self, audience: &str, refused: &Token) {
        let slot = self.slot(audience);
        let mut kept = slot.lock().await;
        if kept.as_ref().is_some_and(|token| token.secret == refused.secret) {
            *kept = None;
        }
    }

    async fn ask(&self, audience: &str) -> Result<Token, ProviderError> {
        match &self.source {
            Source::Fixed(token) => Ok(Token::lasting(&token.0, 86_400)),
            Source::ClientSecret(application, secret) => {
                self.exchange(application, audience, &[("client_secret", &secret.0)]).await
            }
            Source::ClientCertificate(application, path) => {
                let proof = certificate::assertion(application, &application.token_url(), path).await?;
                self.exchange_assertion(application, audience, &proof.0).await
            }
            Source::Workload(application, assertion) => {
                let proof = assertion.token(&self.http, &self.trust).await?;
                self.exchange_assertion(application, audience, &proof.0).await
            }
            Source::ManagedIdentity { client_id } => managed_identity::token(audience, client_id.as_deref()).await,
            Source::CommandLine { tenant } => command_line::token(audience, tenant.as_deref()).await,
        }
    }

    /// The client credentials grant, with a signed statement as the proof.
    async fn exchange_assertion(
        &self,
        application: &Application,
        audience: &str,
        assertion: &str,
    ) -> Result<Token, ProviderError> {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [("client_assertion_type", kind), ("client_assertion", assertion)];
        let token = self.exchange(application, audience, &fields).await;
        token.map_err(|error| match federated(&Token::lasting(assertion, 0)) {
            Some(who) if error.class == ErrorClass::Forbidden => error.help(who),
            _ => error,
        })
    }

    /// The client credentials grant.
    async fn exchange(
        &self,
        application: &Application,
        audience: &str,
        proof: &[(&str, &str)],
    ) -> Result<Token, ProviderError> {
        let url = application.token_url();
        self.trust.check(&url)?;
        let scope = format!("{audience}/.default");
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", application.client_id.as_str()),
            ("scope", scope.as_str()),
        ];
        fields.extend_from_slice(proof);
        let received = http::send(self.http.post(url).form(&fields)).await?;
        token_of(&received)
    }
}

/// The token of an answer; all sources have the same fields.
fn token_of(received: &Received) -> Result<Token, ProviderError> {
    let json = received.json();
    match json.get("access_token").and_then(Json::as_str) {
        Some(token) if received.status < 300 => Ok(Token::lasting(token, seconds(&json))),
        _ => Err(refused(received, &json)),
    }
}

/// How long a token lasts: for so many seconds, or until a second since 1970 (App Service); else, rather too short.
fn seconds(json: &Json) -> u64 {
    let until = || {
        let left = number(json, "expires_on")? - jiff::Timestamp::now().as_second();
        Some(u64::try_from(left).unwrap_or(0))
    };
    let lasts = number(json, "expires_in").map(|seconds| u64::try_from(seconds).unwrap_or(0));
    lasts.or_else(until).unwrap_or(600)
}

/// A number, or one as text.
fn number(json: &Json, field: &str) -> Option<i64> {
    let value = json.get(field)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn refused(received: &Received, json: &Json) -> ProviderError {
    let status = received.status;
    let class = if matches!(status, 408 | 429 | 500..) { ErrorClass::Retryable } else { ErrorClass::Forbidden };
    let code = json.get("error").and_then(Json::as_str).unwrap_or_default();
    let words = json.get("error_description").and_then(Json::as_str).unwrap_or_default();
    // The first line says it; the rest is trace ids and a clock.
    let words = words.lines().next().unwrap_or_default();
    let text = if words.is_empty() { format!("HTTP status {status} {code}") } else { words.to_owned() };
    let request_id = received.header("x-ms-request-id").unwrap_or_default();
    ProviderError::new(class, format!("no token: {text}"))
        .vendor(code, request_id)
        .help("check `tenant_id`, `client_id` and the credential of the provider block, or AZURE_TENANT_ID, AZURE_CLIENT_ID …")
}

/// Whom a statement is about, where somebody else made it: it must be as a federated credential of the application says.
fn federated(assertion: &Token) -> Option<String> {
    let (issuer, subject) = (assertion.claim("iss")?, assertion.claim("sub")?);
    let is_own = subject == issuer;
    (!is_own).then(|| {
        format!("a federated credential of the application must have the issuer `{issuer}` and the subject `{subject}`")
    })
}

fn none_left() -> ProviderError {
    ProviderError::new(ErrorClass::Forbidden, "there is no token")
}

/// While a token is asked for nothing of the request itself was sent: it can be repeated whatever it is.
fn unsent(mut error: ProviderError) -> ProviderError {
    if error.class == ErrorClass::AnswerLost {
        error.class = ErrorClass::Retryable;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_tenant_and_nothing_to_debug() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"tid":"the-tenant","oid":"x"}"#);
        let token = Token::lasting(&format!("head.{payload}.sign"), 3600);
        assert_eq!(token.claim("tid").as_deref(), Some("the-tenant"));
        assert_eq!(Token::lasting("opaque", 1).claim("tid"), None);
        assert!(!format!("{token:?}").contains("head"));
    }
}
