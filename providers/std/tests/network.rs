//! `std.http` behind a proxy that opens TLS with certificates of its own, and in the traces.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use formwork_model::Value;
use formwork_provider_api::Environment;
use formwork_provider_api::http::TARGET;
use formwork_provider_api::testing::Harness;
use formwork_provider_api::testing::server::{Authority, Reply, Server};
use formwork_provider_std::Std;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// What a request came to: the body, or the error's class and text.
async fn ask(url: &str, environment: Environment, headers: &[(&str, &str)]) -> String {
    let harness = Harness::encoded(Std, Value::map::<&str>([]), environment).await.unwrap();
    let mut config = vec![("url", Value::string(url))];
    if !headers.is_empty() {
        config.push(("headers", Value::map(headers.iter().map(|(name, text)| (*name, Value::string(*text))))));
    }
    match harness.data("http", &Value::map(config)).await {
        Ok(answer) => answer.as_map().unwrap().get("body").and_then(Value::as_str).unwrap().to_owned(),
        Err(error) => format!("{:?}: {}", error.class, error.message),
    }
}

/// Asks in a process of its own, since proxies are variables of a process.
async fn ask_elsewhere(url: &str, bundle: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "ask_as_told", "--ignored", "--nocapture"]);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command.env("ASKED_URL", url).env("ASKED_BUNDLE", bundle).envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = text.lines().find_map(|line| line.split_once("told: ")).expect(&text).1;
    told.to_owned()
}

#[tokio::test]
#[ignore = "a part of other tests, which run it in a process of its own"]
async fn ask_as_told() {
    let bundle = std::env::var("ASKED_BUNDLE").ok().filter(|bundle| !bundle.is_empty());
    let environment = Environment { ca_bundle: bundle, ..Environment::default() };
    println!("told: {}", ask(&std::env::var("ASKED_URL").unwrap(), environment, &[]).await);
}

#[tokio::test]
async fn a_proxy_that_opens_tls_is_passed_with_its_certificate() {
    let authority = Authority::new().unwrap();
    let names: &[&str] = &["files.example.com"];
    let proxy = Server::start(Some((&authority, names)), |_| Reply::ok("from afar")).await.unwrap();
    let bundle = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bundle.path(), authority.pem()).unwrap();
    let variables = [("HTTPS_PROXY", format!("http://{}", proxy.address))];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let url = "https://files.example.com/a";

    let told = ask_elsewhere(url, bundle.path().to_str().unwrap(), &variables).await;
    assert_eq!(told, "from afar");
    let asked: Vec<String> = proxy.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(asked, ["CONNECT files.example.com:443", "GET /a"]);

    let told = ask_elsewhere(url, "", &variables).await;
    assert!(told.starts_with("Unreachable") && told.contains("certificate"), "{told}");

    // Not by way of the proxy: a host that is excepted, and this machine.
    let before = proxy.asked().len();
    let excepted = [variables.as_slice(), &[("NO_PROXY", ".invalid")]].concat();
    let told = ask_elsewhere("https://files.invalid/a", "", &excepted).await;
    assert!(told.starts_with("Unreachable"), "{told}");
    let here = Server::start(None, |_| Reply::ok("from here")).await.unwrap();
    let through = [variables.as_slice(), &[("HTTP_PROXY", variables[0].1)]].concat();
    assert_eq!(ask_elsewhere(&format!("http://{}/", here.address), "", &through).await, "from here");
    assert_eq!(proxy.asked().len(), before);
}

#[tokio::test]
async fn a_server_of_the_company_is_trusted_by_its_bundle() {
    let authority = Authority::new().unwrap();
    let names: &[&str] = &["localhost"];
    let server = Server::start(Some((&authority, names)), |_| Reply::ok("inside")).await.unwrap();
    let url = format!("https://localhost:{}/", server.address.rsplit_once(':').unwrap().1);
    let trusting = Environment { ca_bundle: Some(authority.pem()), ..Environment::default() };
    assert_eq!(ask(&url, trusting, &[]).await, "inside");
    let told = ask(&url, Environment::default(), &[]).await;
    assert!(told.starts_with("Unreachable"), "{told}");
}

/// Lines of the traces.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn each_call_leaves_a_line_without_credentials() {
    let server = Server::start(None, |asked| match asked.line.as_str() {
        "GET /moved?code=hunter2" => Reply::text(302, "").header("location", "/here?sig=hunter2"),
        "GET /busy" => Reply::text(503, "later"),
        _ => Reply::ok(r#"{"token": "hunter2"}"#).header("x-amz-request-id", "r-1").header("set-cookie", "a=hunter2"),
    });
    let server = server.await.unwrap();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false);
    let subscriber = subscriber.with_max_level(tracing::Level::TRACE).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let url = |path: &str| format!("http://{}{path}", server.address);
    ask(&url("/moved?code=hunter2"), Environment::default(), &[("authorization", "Bearer hunter2")]).await;
    ask(&url("/busy"), Environment::default(), &[]).await;
    ask("http://127.0.0.1:1/", Environment::default(), &[]).await;
    drop(guard);
    let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<&str> = told.lines().filter(|line| line.contains(TARGET)).collect();
    assert!(ours.iter().all(|line| !line.contains("hunter2")), "{ours:#?}");
    let have = |parts: &[&str]| ours.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count();
    assert_eq!(have(&["DEBUG", "/moved?code=(secret)", "status=200", "ms=", "request=r-1", "answered"]), 1);
    assert_eq!(have(&["DEBUG", "status=302", "/here?sig=(secret)", "redirected"]), 1);
    assert_eq!(have(&["DEBUG", "/busy", "status=503", "answered"]), 1);
    assert_eq!(have(&["DEBUG", "127.0.0.1:1", "failed"]), 1);
    assert_eq!(have(&["TRACE", "GET", "authorization: (secret)", "request"]), 1);
    assert_eq!(have(&["TRACE", "status=200", "(secret)", "answer"]), 1);
}
