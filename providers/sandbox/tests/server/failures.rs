//! Failures that were asked for.

use crate::support::{Sandbox, sandbox, sandbox_with};
use formwork_sandbox::SUBSCRIPTION;
use formwork_sandbox::requests::{Line, Requests};
use serde_json::json;

fn group(name: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourcegroups/{name}?api-version=2024-03-01")
}

async fn put_group(sandbox: &Sandbox, name: &str) -> reqwest::Result<u16> {
    let answer = sandbox.try_ask("PUT", &group(name), Some(json!({ "location": "westeurope" }))).await;
    answer.map(|answer| answer.status)
}

#[tokio::test]
async fn each_class_is_answered_in_the_service_s_words() {
    let sandbox = sandbox().await;
    for (word, status, code) in [
        ("throttled", 429, "TooManyRequests"),
        ("internal", 500, "InternalServerError"),
        ("unavailable", 503, "ServiceUnavailable"),
        ("conflict", 409, "AnotherOperationInProgress"),
        ("quota", 409, "QuotaExceeded"),
        ("forbidden", 403, "AuthorizationFailed"),
    ] {
        let rule = json!({ "rule": format!("type=Microsoft.Resources/*,method=GET,times=1,error={word}") });
        assert_eq!(sandbox.ask("POST", "/sandbox/failures", Some(rule)).await.status, 201);
        let failed = sandbox.ask("GET", &group("a"), None).await;
        assert_eq!((failed.status, &failed.body["error"]["code"]), (status, &json!(code)));
        assert_eq!(failed.headers.contains_key("retry-after"), matches!(status, 429 | 503));
        let again = sandbox.ask("GET", &group("a"), None).await;
        assert_ne!(again.body["error"]["code"], json!(code), "a rule for one time strikes once");
    }
    let failed =
        sandbox.ask("POST", "/sandbox/failures", Some(json!({ "rule": "error=throttled,path=/kubernetes/*" }))).await;
    assert_eq!(failed.status, 201);
    let status = sandbox.ask("GET", "/kubernetes/u/api/v1/namespaces", None).await.body;
    assert_eq!((&status["kind"], &status["reason"]), (&json!("Status"), &json!("TooManyRequests")));
    assert_eq!(sandbox.ask("POST", "/sandbox/failures", Some(json!({ "rule": "odd" }))).await.status, 400);
}

#[tokio::test]
async fn rules_are_listed_and_removed() {
    let sandbox = sandbox().await;
    for nth in [1, 2] {
        sandbox.server.failures().add(format!("method=GET,nth={nth},error=quota").parse().unwrap()).unwrap();
    }
    let listed = sandbox.ask("GET", "/sandbox/status", None).await.body;
    assert_eq!(listed["failures"].as_array().unwrap().len(), 2);
    assert_eq!(sandbox.ask("DELETE", "/sandbox/failures/1", None).await.body, json!({ "removed": 1 }));
    assert_eq!(sandbox.ask("DELETE", "/sandbox/failures/1", None).await.body, json!({ "removed": 0 }));
    assert_eq!(sandbox.ask("DELETE", "/sandbox/failures", None).await.body, json!({ "removed": 1 }));
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("requests.log");
    let sandbox = sandbox_with(Requests::open(&log).unwrap()).await;
    let rules = sandbox.server.failures();
    rules.add("method=PUT,nth=1,cut=before".parse().unwrap()).unwrap();
    rules.add("method=PUT,nth=1,cut=after".parse().unwrap()).unwrap();
    let error = put_group(&sandbox, "before").await.unwrap_err();
    assert!(!error.is_connect(), "the request was sent: {error:?}");
    put_group(&sandbox, "after").await.unwrap_err();
    let lines: Vec<Line> =
        std::fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> = lines.iter().map(|line| (line.status, line.failure, line.type_name.as_str())).collect();
    let type_name = "Microsoft.Resources/resourceGroups";
    assert_eq!(seen, [(0, Some(1), type_name), (0, Some(2), type_name)]);
    assert_eq!(lines[0].api_version.as_deref(), Some("2024-03-01"));
}

#[tokio::test]
async fn the_log_holds_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("requests.log");
    let sandbox = sandbox_with(Requests::open(&log).unwrap()).await;
    let body = json!({ "value": "planted-password" });
    sandbox.ask("PUT", "/vaults/v/secrets/name?api-version=7.5&sig=planted-signature", Some(body)).await;
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("/vaults/v/secrets/name"), "{text}");
    for secret in ["planted", sandbox.identity.token.as_str(), "sig"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
