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

/// Whether an address gives tokens of Azure DevOps' jobs: `…/_apis/distributedtask/hubs/…/oidctoken`.
pub(super) fn is_of_azure_devops(url: &Url) -> bool {
    url.path().trim_end_matches('/').to_ascii_lowercase().ends_with("/oidctoken")
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
                .map_err(|error| no_file(format!("the token file `{path}` cannot be read: {error}")))?,
            Self::Command(words) => super::command_line::output(words).await?,
            Self::GitHub { url, token } => {
                let mut url = url.clone();
                url.query_pairs_mut().append_pair("audience", AUDIENCE);
                trust.check_pipeline(&url)?;
                field(http::send(http.get(url).bearer_auth(&token.0)).await?, "value")?
            }
            Self::AzureDevOps { url, token } => {
                trust.check_pipeline(url)?;
                // Without the second header a refusal is a redirect to a page for people.
                let headless = [("content-length", "0"), ("x-tfs-fedauthredirect", "Suppress")];
                let request = http.post(url.clone()).bearer_auth(&token.0);
                let request = headless.into_iter().fold(request, |request, (name, value)| request.header(name, value));
                field(http::send(request).await?, "oidcToken")?
            }
        };
        Ok(Redacted(text.trim().to_owned()))
    }
}

/// A field of a pipeline's answer.
fn field(received: http::Received, name: &str) -> Result<String, ProviderError> {
    let json = received.json();
    if let Some(token) = json.get(name).and_then(Json::as_str).filter(|_| received.status < 300) {
        return Ok(token.to_owned());
    }
    let status = received.status;
    let class = if matches!(status, 408 | 429 | 500..) { ErrorClass::Retryable } else { ErrorClass::Forbidden };
    let words = json.get("message").and_then(Json::as_str).map(|words| format!(": {words}")).unwrap_or_default();
    Err(ProviderError::new(class, format!("the pipeline gave no token: HTTP status {status}{words}")).help(
        "does the pipeline allow tokens? (GitHub: `permissions: id-token: write`; Azure DevOps: the service connection's id, \
         and that it may be used by this pipeline)",
    ))
}

fn no_file(message: String) -> ProviderError {
    ProviderError::new(ErrorClass::Forbidden, message).help(
        "in Kubernetes the file comes with the label `azure.workload.identity/use: \"true\"` of the pod, and its path with \
         AZURE_FEDERATED_TOKEN_FILE; else write `oidc_token_file`",
    )
}
