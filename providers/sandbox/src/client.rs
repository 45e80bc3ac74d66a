//! Talks to a running sandbox, for the command line.

use crate::clock::Latency;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::server::control::Status;
use reqwest::{Certificate, Method};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A running sandbox. It is known by its certificate authority, so nothing else that listens there is taken for it.
#[derive(Clone, Debug)]
pub struct Client {
    /// What it is known by.
    pub identity: Identity,
    /// The process that serves it.
    pub process: u32,
    http: reqwest::Client,
}

impl Client {
    /// Of a sandbox with this identity, served by this process.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(identity: Identity, process: u32) -> Result<Self, Problem> {
        let failed = |error: reqwest::Error| Problem::Random(error.to_string());
        let authority = Certificate::from_pem(identity.ca_pem.as_bytes()).map_err(failed)?;
        let http = reqwest::Client::builder()
            .use_rustls_tls()
            .tls_built_in_root_certs(false)
            .add_root_certificate(authority)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(failed)?;
        Ok(Self { identity, process, http })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Json>) -> Result<Json, Problem> {
        let silent = |error: reqwest::Error| Problem::Silent { process: self.process, reason: chain(&error) };
        let mut request = self.http.request(method, format!("{}{path}", self.identity.url()));
        request = request.bearer_auth(&self.identity.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(silent)?;
        let status = answer.status();
        let body: Json = answer.json().await.map_err(silent)?;
        if status.is_success() {
            return Ok(body);
        }
        let message = body.get("error").and_then(|error| error.get("message")?.as_str()).unwrap_or_default();
        Err(Problem::Refused { reason: format!("{message} ({status})") })
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self) -> Result<Status, Problem> {
        let status = self.ask(Method::GET, "/sandbox/status", None).await?;
        serde_json::from_value(status).map_err(|error| Problem::Refused { reason: error.to_string() })
    }

    /// Asks it to end.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn stop(&self) -> Result<(), Problem> {
        self.ask(Method::POST, "/sandbox/stop", Some(json!({}))).await.map(drop)
    }

    /// Sets how long work takes that begins from now on.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn set_latency(&self, latency: Latency) -> Result<(), Problem> {
        self.ask(Method::POST, "/sandbox/latency", Some(json!({ "latency": latency }))).await.map(drop)
    }

    /// Sets which directories it serves with Git, by the name behind `/git/`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn set_repositories(&self, directories: &BTreeMap<String, PathBuf>) -> Result<(), Problem> {
        let body = json!({ "repositories": directories });
        self.ask(Method::POST, "/sandbox/repositories", Some(body)).await.map(drop)
    }

    /// Adds a failure rule; its number.
    ///
    /// # Errors
    /// When it does not answer, or the rule cannot be read.
    pub async fn add_failure(&self, rule: &str) -> Result<u64, Problem> {
        // Read here first: its error then shows where the mistake is.
        rule.parse::<crate::failure::Rule>()?;
        let answer = self.ask(Method::POST, "/sandbox/failures", Some(json!({ "rule": rule }))).await?;
        Ok(answer.get("id").and_then(Json::as_u64).unwrap_or_default())
    }

    /// Removes a failure rule, or all; how many those were.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn remove_failures(&self, id: Option<u64>) -> Result<u64, Problem> {
        let path = id.map_or_else(|| "/sandbox/failures".to_owned(), |id| format!("/sandbox/failures/{id}"));
        let answer = self.ask(Method::DELETE, &path, None).await?;
        Ok(answer.get("removed").and_then(Json::as_u64).unwrap_or_default())
    }
}

/// An error with what caused it: reqwest's own text alone says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
