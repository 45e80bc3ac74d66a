//! A sandbox that another process serves, and a hand that reaches into it past the provider.

use formwork_provider_api::SandboxEndpoint;
use libtest_mimic::Failed;
use reqwest::Method;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A sandbox of its own directory; stopped when it goes.
pub(super) struct Sandbox {
    program: PathBuf,
    folder: tempfile::TempDir,
    pub(super) endpoint: SandboxEndpoint,
}

impl Sandbox {
    pub(super) fn start(program: &Path) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("formwork.toml"), "[stack]\nname = \"life\"\nversion = \"0.1.0\"\n")?;
        let arguments = ["sandbox", "start", "--json", "--latency", "none", "--idle", "10m"];
        let output = Command::new(program).args(arguments).current_dir(folder.path()).output()?;
        let told: Json = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("no sandbox: {}", String::from_utf8_lossy(&output.stderr)))?;
        let word = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let endpoint =
            SandboxEndpoint { url: word("url"), token: word("token"), ca_pem: std::fs::read_to_string(word("ca"))? };
        Ok(Self { program: program.to_owned(), folder, endpoint })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = Command::new(&self.program).args(["sandbox", "stop"]).current_dir(self.folder.path()).output();
    }
}

/// Somebody who changes objects without Formwork.
pub(super) struct Hand {
    client: reqwest::Client,
    endpoint: SandboxEndpoint,
}

impl Hand {
    pub(super) fn new(endpoint: &SandboxEndpoint) -> Self {
        let authority = reqwest::Certificate::from_pem(endpoint.ca_pem.as_bytes()).unwrap();
        let client = reqwest::Client::builder().no_proxy().add_root_certificate(authority).build().unwrap();
        Self { client, endpoint: endpoint.clone() }
    }

    /// Sends a request on an id, or on an address of a vault.
    pub(super) async fn send(
        &self,
        method: Method,
        id: &str,
        version: &str,
        body: Option<&Json>,
    ) -> Result<Json, String> {
        let base = if id.starts_with('/') { self.endpoint.url.trim_end_matches('/') } else { "" };
        let address = format!("{base}{id}?api-version={version}");
        let mut request = self.client.request(method.clone(), &address).bearer_auth(&self.endpoint.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| format!("{method} {id}: {error}"))?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        if !status.is_success() {
            return Err(format!("{method} {id}: {status} {text}"));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Json::Null))
    }

    /// The object, once nobody works on it.
    pub(super) async fn at_rest(&self, id: &str, version: &str) -> Result<Json, String> {
        for _ in 0..50 {
            let body = self.send(Method::GET, id, version, None).await?;
            let state = body.pointer("/properties/provisioningState").and_then(Json::as_str).unwrap_or("Succeeded");
            if state == "Succeeded" {
                return Ok(body);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("{id} does not come to rest"))
    }
}
