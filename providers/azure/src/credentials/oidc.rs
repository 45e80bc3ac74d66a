//! Tokens of somebody else whom the tenant trusts: a pipeline, a Kubernetes cluster.

use crate::http;
use crate::trust::Trust;
use formwork_model::Redacted;
use formwork_provider_api::{ErrorClass, ProviderError};
use serde_json::Value as Json;
use url::Url;

/// What Azure asks for in such a token.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Where the foreign token comes from. It is asked again each time, since it lasts for minutes.
#[derive(Debug)]
pub(crate) enum Assertion {
    /// The token itself (GitLab).
    Token(Redacted<String>),
    /// A file that somebody keeps fresh (Kubernetes).
    File(String),
    /// A program that prints it.
    Command(Vec<String>),
    /// GitHub.
    GitHub {
        /// Where it is asked for.
        url: Url,
        /// What that address asks for.
        token: Redacted<String>,
    },
    /// Azure DevOps.
    AzureDevOps {
        /// Where it is asked for.
        url: Url,
        /// What that address asks for.
        token: Redacted<String>,
    },
}

impl Assertion {
    /// A fresh token.
    ///
    /// # Errors
    /// When none is given.
    pub(super) async fn token(&self, http: &reqwest::Client, trust: &Trust) -> Result<Redacted<String>, ProviderError> {
        let text = match self {
            Self::Token(token) => token.0.clone(),
            Self::File(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| none(format!("the token file `{path}` cannot be read: {error}")))?,
            Self::Command(words) => super::command_line::output(words).await?,
            Self::GitHub { url, token } => {
                let mut url = url.clone();
                url.query_pairs_mut().append_pair("audience", AUDIENCE);
                trust.check_pipeline(&url)?;
                field(http::send(http.get(url).bearer_auth(&token.0)).await?, "value")?
            }
            Self::AzureDevOps { url, token } => {
                trust.check_pipeline(url)?;
                let request = http.post(url.clone()).bearer_auth(&token.0).header("content-length", "0");
                field(http::send(request).await?, "oidcToken")?
            }
        };
        Ok(Redacted(text.trim().to_owned()))
    }
}

fn field(received: http::Received, name: &str) -> Result<String, ProviderError> {
    let json = received.json();
    match json.get(name).and_then(Json::as_str) {
        Some(token) if received.status < 300 => Ok(token.to_owned()),
        _ => Err(none(format!("the pipeline gave no token: HTTP status {}", received.status))),
    }
}

fn none(message: String) -> ProviderError {
    ProviderError::new(ErrorClass::Forbidden, message)
        .help("does the pipeline allow tokens? (GitHub: `permissions: id-token: write`; GitLab: `id_tokens`)")
}
