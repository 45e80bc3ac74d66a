//! `std.http` against a small server on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use formwork_model::{Map, Value};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use formwork_provider_std::Std;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Serves each request by its path, and gives the server's address.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                let mut buffer = [0; 1024];
                while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                    let count = stream.read(&mut buffer).await.unwrap_or(0);
                    if count == 0 {
                        return;
                    }
                    request.extend_from_slice(&buffer[..count]);
                }
                let answer = answer(&String::from_utf8_lossy(&request), address.port()).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    format!("http://{address}")
}

async fn answer(request: &str, port: u16) -> String {
    let path = request.split_whitespace().nth(1).unwrap_or_default();
    let header = |name: &str| {
        let line = request.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(": ")).map_or("none", |(_, value)| value).to_owned()
    };
    let made = |status: &str, headers: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
    };
    match path {
        "/json" => made("200 OK", "content-type: application/json\r\n", "{\"a\": [1]}"),
        "/token" => made("200 OK", "", &header("x-token")),
        "/elsewhere" => made("302 Found", &format!("location: http://localhost:{port}/token\r\n"), ""),
        "/here" => made("302 Found", "location: /token\r\n", ""),
        "/away" => made("302 Found", "location: http://192.0.2.1/\r\n", ""),
        "/busy" => made("503 Busy", "retry-after: 7\r\n", ""),
        "/secret" => made("403 No", "", ""),
        "/large" => made("200 OK", "", &"x".repeat(2_000_000)),
        "/slow" => {
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            made("200 OK", "", "late")
        }
        _ => made("404 Not Found", "", ""),
    }
}

async fn ask_in(environment: Environment, url: &str, more: &[(&str, Value)]) -> Result<Map, ProviderError> {
    let harness = Harness::encoded(Std, Value::map::<&str>([]), environment).await.unwrap();
    let url = std::iter::once(("url", Value::string(url)));
    let config = Value::map(url.chain(more.iter().map(|(name, value)| (*name, value.clone()))));
    harness.data("http", &config).await.map(|answer| answer.as_map().unwrap().clone())
}

async fn ask(url: &str, more: &[(&str, Value)]) -> Result<Map, ProviderError> {
    ask_in(Environment::default(), url, more).await
}

fn token() -> Value {
    Value::map([("x-token", Value::string("hunter2"))])
}

#[tokio::test]
async fn a_document_comes_as_text_and_as_value() {
    let server = serve().await;
    let answer = ask(&format!("{server}/json"), &[]).await.unwrap();
    assert_eq!(answer.get("status"), Some(&Value::Int(200)));
    assert_eq!(answer.get("body").and_then(Value::as_str), Some("{\"a\": [1]}"));
    assert_eq!(answer.get("json"), Some(&Value::map([("a", Value::list([Value::Int(1)]))])));
    let head = ask(&format!("{server}/json"), &[("method", Value::string("HEAD"))]).await.unwrap();
    assert_eq!(head.get("body").and_then(Value::as_str), Some(""));
}

#[tokio::test]
async fn errors_have_their_class() {
    let server = serve().await;
    let class = async |path: &str, more: &[(&str, Value)]| ask(&format!("{server}{path}"), more).await.unwrap_err();
    assert_eq!(class("/nothing", &[]).await.class, ErrorClass::NotFound);
    assert_eq!(class("/secret", &[]).await.class, ErrorClass::Forbidden);
    let busy = class("/busy", &[]).await;
    assert_eq!((busy.class, busy.retry_after_ms), (ErrorClass::Retryable, Some(7_000)));
    assert_eq!(class("/large", &[]).await.class, ErrorClass::Invalid);
    assert_eq!(class("/slow", &[("timeout", Value::Duration(50))]).await.class, ErrorClass::Timeout);
    assert_eq!(ask("http://127.0.0.1:1/", &[]).await.unwrap_err().class, ErrorClass::Unreachable);
    let expected = [("expected_status", Value::list([Value::Int(404)]))];
    assert_eq!(ask(&format!("{server}/nothing"), &expected).await.unwrap().get("status"), Some(&Value::Int(404)));
}

#[tokio::test]
async fn headers_are_secret_and_stay_with_their_host() {
    let server = serve().await;
    let headers = [("headers", token())];
    let answer = ask(&format!("{server}/here"), &headers).await.unwrap();
    assert_eq!(answer.get("body").and_then(Value::as_str), Some("hunter2"), "the same host gets them");
    assert!(matches!(answer.get("headers"), Some(Value::Secret(_))));
    let error = ask(&format!("{server}/elsewhere"), &headers).await.unwrap_err();
    assert!(error.message.contains("302"), "{}", error.message);
    assert_eq!(
        ask(&format!("{server}/elsewhere"), &[]).await.unwrap().get("body").and_then(Value::as_str),
        Some("none")
    );
}

/// Whether the parts of an answer are secret, if all of them are alike.
fn is_secret(answer: &Map) -> bool {
    let is = |name: &str| matches!(answer.get(name), Some(Value::Secret(_)));
    let parts = ["body", "body_base64", "response_headers", "sha256"];
    assert!(parts.iter().all(|name| is(name) == is("body")), "{answer:?}");
    assert!(!is("status") && !is("url"), "{answer:?}");
    is("body")
}

#[tokio::test]
async fn what_is_answered_to_a_secret_is_secret() {
    let server = serve().await;
    let (json, token_url) = (format!("{server}/json"), format!("{server}/token"));
    let said = |truth: bool| ("sensitive", Value::Bool(truth));
    let innocent =
        ("headers", Value::map([("Accept", Value::string("application/json")), ("If-None-Match", Value::string("x"))]));
    assert!(!is_secret(&ask(&json, &[]).await.unwrap()));
    assert!(!is_secret(&ask(&json, &[innocent]).await.unwrap()));
    assert!(is_secret(&ask(&json, &[said(true)]).await.unwrap()));
    let answer = ask(&json, &[("headers", token())]).await.unwrap();
    assert!(is_secret(&answer) && matches!(answer.get("json"), Some(Value::Secret(_))));
    assert_eq!(answer.get("sensitive"), Some(&Value::Bool(true)));
    assert!(!is_secret(&ask(&json, &[("headers", token()), said(false)]).await.unwrap()), "who says so gets it");
    let repeated = ask(&token_url, &[("headers", token()), said(false)]).await.unwrap();
    assert!(is_secret(&repeated), "but not what was repeated");
}

#[tokio::test]
async fn a_pinned_body_must_be_that_body() {
    let server = serve().await;
    let answer = ask(&format!("{server}/json"), &[]).await.unwrap();
    let digest = answer.get("sha256").unwrap().clone();
    ask(&format!("{server}/json"), &[("sha256", digest)]).await.unwrap();
    let error = ask(&format!("{server}/json"), &[("sha256", Value::string("00"))]).await.unwrap_err();
    assert_eq!(error.path.unwrap().to_string(), "sha256");
}

#[tokio::test]
async fn untrusted_stacks_ask_nobody() {
    let server = serve().await;
    let environment = Environment { untrusted: true, ..Environment::default() };
    let error = ask_in(environment, &format!("{server}/json"), &[]).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Forbidden);
}

#[tokio::test]
async fn the_sandbox_is_not_left() {
    let server = serve().await;
    let environment = || Environment { sandbox: true, ..Environment::default() };
    ask_in(environment(), &format!("{server}/json"), &[]).await.unwrap();
    assert_eq!(ask_in(environment(), "https://example.com/", &[]).await.unwrap_err().class, ErrorClass::Forbidden);
    let error = ask_in(environment(), &format!("{server}/away"), &[]).await.unwrap_err();
    assert!(error.message.contains("302"), "{}", error.message);
}

#[tokio::test]
async fn wrong_certificates_are_told() {
    let server = serve().await;
    let error = ask(
        &format!("{server}/json"),
        &[("ca", Value::string("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"))],
    )
    .await;
    assert_eq!(error.unwrap_err().path.unwrap().to_string(), "ca");
}
