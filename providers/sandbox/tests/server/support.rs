//! A sandbox in this process, and a client of it.

use formwork_sandbox::clock::Latency;
use formwork_sandbox::identity::Identity;
use formwork_sandbox::requests::Requests;
use formwork_sandbox::server::{Parts, Server, bind};
use formwork_sandbox::store::Store;
use reqwest::{Certificate, Client, ClientBuilder, Method};
use serde_json::Value as Json;
use std::sync::Arc;

pub(crate) struct Sandbox {
    pub(crate) identity: Identity,
    pub(crate) server: Server,
    pub(crate) plain_port: u16,
    _folder: tempfile::TempDir,
}

pub(crate) async fn sandbox() -> Sandbox {
    sandbox_with(Requests::nowhere()).await
}

pub(crate) async fn sandbox_with(requests: Requests) -> Sandbox {
    let (listener, plain) = (bind(0).await.unwrap(), bind(0).await.unwrap());
    let mut identity = Identity::new().unwrap();
    identity.port = listener.local_addr().unwrap().port();
    let plain_port = plain.local_addr().unwrap().port();
    let store = Arc::new(Store::in_memory());
    let folder = tempfile::tempdir().unwrap();
    let latency = Some(Latency::None);
    let parts = Parts { identity: identity.clone(), store, latency, requests, folder: folder.path().to_owned() };
    let server = Server::new(parts).unwrap();
    let tls = server.clone();
    tokio::spawn(async move { tls.serve_tls(listener).await });
    tokio::spawn(server.serve_plain(plain));
    Sandbox { identity, server, plain_port, _folder: folder }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Json,
}

impl Sandbox {
    pub(crate) fn builder(&self) -> ClientBuilder {
        let authority = Certificate::from_pem(self.identity.ca_pem.as_bytes()).unwrap();
        Client::builder().use_rustls_tls().tls_built_in_root_certs(false).add_root_certificate(authority).no_proxy()
    }

    /// A request with the token; an error where the connection ended instead.
    pub(crate) async fn try_ask(&self, method: &str, path: &str, body: Option<Json>) -> reqwest::Result<Answer> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.builder().build()?.request(method, format!("{}{path}", self.identity.url()));
        request = request.bearer_auth(&self.identity.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request.send().await?).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Json>) -> Answer {
        self.try_ask(method, path, body).await.unwrap()
    }
}

pub(crate) async fn answer(response: reqwest::Response) -> reqwest::Result<Answer> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Json::String(text)) })
}
