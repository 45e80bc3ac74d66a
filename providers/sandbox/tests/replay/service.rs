//! What a recording is sent to: Azure Resource Manager in this process, or a sandbox's process over HTTPS.

use crate::process;
use formwork_sandbox::arm::Arm;
use formwork_sandbox::clock::HandClock;
use formwork_sandbox::exchange::{Request, Response};
use formwork_sandbox::store::Store;
use reqwest::{Certificate, Client, Method};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Answers requests; its time is moved by hand.
pub(crate) trait Service {
    fn handle(&self, request: &Request) -> Response;

    /// Lets time pass.
    fn advance(&self, by: Duration);
}

/// In this process.
pub(crate) struct Here {
    arm: Arm,
    clock: Arc<HandClock>,
}

impl Here {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(HandClock::default());
        clock.advance(Duration::from_secs(981_173_106));
        Self { arm: Arm::new(Arc::new(Store::in_memory()), clock.clone()), clock }
    }
}

impl Service for Here {
    fn handle(&self, request: &Request) -> Response {
        self.arm.handle(request)
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

/// A process of the `formwork` command, at the cloud's own pace.
pub(crate) struct Process {
    sandbox: process::Process,
    client: Client,
    runtime: Runtime,
}

/// Headers that belong to the connection, not to the request.
const OF_THE_CONNECTION: [&str; 7] =
    ["accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"];

impl Process {
    /// In this directory, which is empty.
    pub(crate) fn start(program: &Path, folder: &Path) -> Self {
        let sandbox = process::Process::start(program, folder, &["--latency", "real"]);
        let authority = Certificate::from_pem(&std::fs::read(sandbox.fact("ca")).unwrap()).unwrap();
        let client = Client::builder().tls_built_in_root_certs(false).add_root_certificate(authority).no_proxy();
        Self {
            sandbox,
            client: client.build().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    async fn exchange(&self, request: &Request) -> reqwest::Result<Response> {
        let method = Method::from_bytes(request.method.as_bytes()).unwrap();
        let mut sent =
            self.client.request(method, format!("{}{}", self.sandbox.fact("url"), request.path)).query(&request.query);
        for (name, value) in request.headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str())) {
            sent = sent.header(name, value);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let answer = sent.bearer_auth(self.sandbox.fact("token")).send().await?;
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let (status, body) = (answer.status().as_u16(), answer.bytes().await?);
        Ok(Response { status, headers, body: serde_json::from_slice(&body).ok() })
    }
}

impl Service for Process {
    fn handle(&self, request: &Request) -> Response {
        let answer = self.runtime.block_on(self.exchange(request));
        answer.unwrap_or_else(|error| panic!("{} {}: {error:?}", request.method, request.path))
    }

    fn advance(&self, by: Duration) {
        let forward = json!({ "forward_ms": u64::try_from(by.as_millis()).unwrap() });
        let request = Request {
            method: "POST".to_owned(),
            path: "/sandbox/clock".to_owned(),
            body: Some(forward),
            ..Request::default()
        };
        assert_eq!(self.handle(&request).status, 200);
    }
}
