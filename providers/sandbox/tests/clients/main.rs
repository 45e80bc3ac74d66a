//! Microsoft's own management clients, in Python, against the sandbox's ARM over plain http.
//!
//! The scripts beside this file create, wait with the client's own poller, read, list, update and delete.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response as Answer;
use formwork_sandbox::arm::Arm;
use formwork_sandbox::clock::RealClock;
use formwork_sandbox::exchange::Request;
use formwork_sandbox::store::Store;
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const SCRIPTS: [&str; 9] =
    ["resource", "network", "dns", "identity", "vault", "storage", "registry", "cluster", "compute"];

fn main() {
    let arguments = Arguments::from_args();
    let python = python();
    let trials = SCRIPTS.map(|script| {
        let python = python.clone();
        let present = python.is_some();
        Trial::test(format!("client {script}"), move || run(&python.clone().unwrap_or_default(), script))
            .with_ignored_flag(!present)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

/// A Python that has the clients, from the folder of test tools or from the path.
fn python() -> Option<PathBuf> {
    let folders =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let named = std::env::var_os("FORMWORK_TEST_PYTHON").map(PathBuf::from);
    let found = folders.into_iter().map(|folder| folder.join("python3")).filter(|path| path.exists());
    let check = "import azure.mgmt.network, azure.mgmt.containerservice, azure.mgmt.storage";
    named
        .into_iter()
        .chain(found)
        .take(6)
        .find(|python| Command::new(python).args(["-c", check]).output().is_ok_and(|output| output.status.success()))
}

fn run(python: &Path, script: &str) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let port = listener.local_addr()?.port();
    let arm = Arc::new(Arm::new(Arc::new(Store::in_memory()), Arc::new(RealClock { factor: 0.001 })).with_page(3));
    runtime.spawn(async move { axum::serve(listener, Router::new().fallback(answer).with_state(arm)).await });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let output = Command::new(python)
        .arg(folder.join(format!("{script}.py")))
        .arg(format!("http://127.0.0.1:{port}"))
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{}{told}", String::from_utf8_lossy(&output.stdout)).into())
}

async fn answer(State(arm): State<Arc<Arm>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Answer {
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut request = Request {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: query.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        headers: vec![("x-forwarded-proto".to_owned(), "http".to_owned())],
        body: serde_json::from_slice(&body).ok(),
    };
    let known = headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    request.headers.extend(known);
    let response = arm.handle(&request);
    let mut answer = Answer::builder().status(response.status);
    for (name, value) in &response.headers {
        answer = answer.header(name, value);
    }
    let body = response.body.map(|body| body.to_string());
    let answer = if body.is_some() { answer.header("content-type", "application/json") } else { answer };
    answer.body(Body::from(body.unwrap_or_default())).expect("an answer")
}
