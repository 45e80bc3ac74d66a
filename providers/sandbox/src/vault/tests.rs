//! The data plane's tests, against what the vendor's examples and its service show.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::clock::HandClock;
use std::time::Duration;

struct Two;

impl Register for Two {
    fn vault(&self, name: &str) -> Option<Vault> {
        let purge_protection = name == "guarded";
        let known = matches!(name, "open" | "guarded");
        known.then(|| Vault { incarnation: format!("{name}-1"), purge_protection, retention_days: 90 })
    }
}

fn vaults() -> (Vaults, Arc<HandClock>) {
    let clock = Arc::new(HandClock::default());
    clock.advance(Duration::from_secs(1_000));
    let store = Arc::new(Store::in_memory());
    (Vaults::new(store, Arc::clone(&clock) as _, Arc::new(Two), "https://127.0.0.1:1".into()), clock)
}

fn ask(vaults: &Vaults, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    query.push(("api-version".into(), "7.5".into()));
    let request = Request { method: method.into(), path: path.into(), query, headers: Vec::new(), body };
    let answer = vaults.handle(&request);
    (answer.status, answer.body.unwrap_or(Json::Null))
}

fn set(vaults: &Vaults, name: &str, value: &str) -> Json {
    let (status, body) = ask(vaults, "PUT", &format!("/vaults/open/secrets/{name}"), Some(json!({ "value": value })));
    assert_eq!(status, 200, "{body}");
    body
}

#[test]
fn a_secret_has_versions() {
    let (vaults, _) = vaults();
    let first = set(&vaults, "pw", "one");
    let second = set(&vaults, "pw", "two");
    assert_eq!(first["value"], "one");
    assert_eq!(first["attributes"]["recoveryLevel"], "Recoverable+Purgeable");
    let id = first["id"].as_str().unwrap().strip_prefix("https://127.0.0.1:1").unwrap().to_owned();
    assert!(id.starts_with("/vaults/open/secrets/pw/") && id != second["id"], "{id}");
    assert_eq!(ask(&vaults, "GET", &id, None).1["value"], "one");
    // A client that has no version asks with an empty one.
    for path in ["/vaults/open/secrets/pw", "/vaults/OPEN/secrets/PW/"] {
        assert_eq!(ask(&vaults, "GET", path, None).1["value"], "two");
    }
    let (_, versions) = ask(&vaults, "GET", "/vaults/open/secrets/pw/versions", None);
    assert_eq!(versions["value"].as_array().unwrap().len(), 2);
    assert!(!versions.to_string().contains("\"value\":\"one\""));
}

#[test]
fn a_change_leaves_what_it_does_not_mention() {
    let (vaults, clock) = vaults();
    let body = json!({ "value": "v", "tags": { "a": "b" }, "contentType": "text", "attributes": { "exp": 2000 } });
    ask(&vaults, "PUT", "/vaults/open/secrets/pw", Some(body));
    clock.advance(Duration::from_secs(5));
    let (status, changed) =
        ask(&vaults, "PATCH", "/vaults/open/secrets/pw", Some(json!({ "attributes": { "enabled": false } })));
    assert_eq!(status, 200);
    assert_eq!(changed.get("value"), None, "a change tells no value");
    assert_eq!((&changed["tags"], &changed["contentType"]), (&json!({ "a": "b" }), &json!("text")));
    let attributes = &changed["attributes"];
    assert_eq!((&attributes["enabled"], &attributes["exp"]), (&json!(false), &json!(2000)));
    assert_eq!((&attributes["created"], &attributes["updated"]), (&json!(1000), &json!(1005)));
    let (status, refused) = ask(&vaults, "GET", "/vaults/open/secrets/pw", None);
    assert_eq!((status, &refused["error"]["innererror"]["code"]), (403, &json!("SecretDisabled")));
}

#[test]
fn what_is_deleted_can_be_recovered_or_purged() {
    let (vaults, clock) = vaults();
    set(&vaults, "pw", "v");
    let (status, deleted) = ask(&vaults, "DELETE", "/vaults/open/secrets/pw", None);
    assert_eq!((status, &deleted["recoveryId"]), (200, &json!("https://127.0.0.1:1/vaults/open/deletedsecrets/pw")));
    assert_eq!(deleted["scheduledPurgeDate"], 1000 + 90 * 86_400);
    assert_eq!(ask(&vaults, "GET", "/vaults/open/secrets/pw", None).1["error"]["code"], "SecretNotFound");
    assert_eq!(ask(&vaults, "GET", "/vaults/open/secrets", None).1["value"], json!([]));
    let (status, taken) = ask(&vaults, "PUT", "/vaults/open/secrets/pw", Some(json!({ "value": "new" })));
    assert_eq!((status, &taken["error"]["innererror"]["code"]), (409, &json!("ObjectIsDeletedButRecoverable")));
    assert_eq!(ask(&vaults, "GET", "/vaults/open/deletedsecrets", None).1["value"].as_array().unwrap().len(), 1);
    assert_eq!(ask(&vaults, "POST", "/vaults/open/deletedsecrets/pw/recover", None).0, 200);
    assert_eq!(ask(&vaults, "GET", "/vaults/open/secrets/pw", None).1["value"], "v");
    ask(&vaults, "DELETE", "/vaults/open/secrets/pw", None);
    assert_eq!(ask(&vaults, "DELETE", "/vaults/open/deletedsecrets/pw", None), (204, Json::Null));
    assert_eq!(ask(&vaults, "GET", "/vaults/open/deletedsecrets/pw", None).0, 404);
    set(&vaults, "pw", "new");
    ask(&vaults, "DELETE", "/vaults/open/secrets/pw", None);
    clock.advance(Duration::from_secs(90 * 86_400));
    assert_eq!(ask(&vaults, "GET", "/vaults/open/deletedsecrets/pw", None).0, 404, "its time is over");
}

#[test]
fn a_guarded_vault_purges_nothing() {
    let (vaults, _) = vaults();
    ask(&vaults, "PUT", "/vaults/guarded/secrets/pw", Some(json!({ "value": "v" })));
    assert_eq!(
        ask(&vaults, "DELETE", "/vaults/guarded/secrets/pw", None).1["attributes"]["recoveryLevel"],
        "Recoverable"
    );
    assert_eq!(ask(&vaults, "DELETE", "/vaults/guarded/deletedsecrets/pw", None).0, 403);
    assert_eq!(ask(&vaults, "GET", "/vaults/guarded/deletedsecrets/pw", None).0, 200);
}

#[test]
fn keys_are_made_with_their_public_part() {
    let (vaults, _) = vaults();
    let create = |body: Json| ask(&vaults, "POST", "/vaults/open/keys/k/create", Some(body));
    let (status, rsa) = create(json!({ "kty": "RSA", "key_size": 3072, "tags": { "a": "b" } }));
    assert_eq!((status, &rsa["key"]["e"], &rsa["tags"]), (200, &json!("AQAB"), &json!({ "a": "b" })));
    assert_eq!(rsa["key"]["n"].as_str().unwrap().len(), 512, "3072 bits in base64");
    let (_, ec) = create(json!({ "kty": "EC", "crv": "P-384", "key_ops": ["sign"] }));
    assert_eq!((&ec["key"]["crv"], &ec["key"]["key_ops"]), (&json!("P-384"), &json!(["sign"])));
    let (_, rotated) = ask(&vaults, "POST", "/vaults/open/keys/k/rotate", None);
    assert_ne!(rotated["key"]["x"], ec["key"]["x"]);
    assert_eq!(ask(&vaults, "GET", "/vaults/open/keys/k/versions", None).1["value"].as_array().unwrap().len(), 3);
    assert_eq!(create(json!({ "kty": "RSA", "key_size": 100 })).0, 400);
    assert_eq!(create(json!({ "kty": "odd" })).0, 400);
    let imported = json!({ "key": { "kty": "RSA", "n": "AQ", "e": "AQAB", "d": "private" } });
    let (_, imported) = ask(&vaults, "PUT", "/vaults/open/keys/imported", Some(imported));
    assert!(imported["key"].get("d").is_none() && imported["key"]["n"] == "AQ");
}

#[test]
fn lists_come_in_pages() {
    let (vaults, _) = vaults();
    for number in 0..30 {
        set(&vaults, &format!("s{number:02}"), "v");
    }
    let mut url = "/vaults/open/secrets?maxresults=10".to_owned();
    let mut seen = Vec::new();
    loop {
        let (status, page) = ask(&vaults, "GET", &url, None);
        assert_eq!(status, 200);
        seen.extend(page["value"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextLink"].as_str() else { break };
        url = next.strip_prefix("https://127.0.0.1:1").unwrap().to_owned();
    }
    assert_eq!(seen.len(), 30);
    assert_eq!(seen.last().unwrap(), "https://127.0.0.1:1/vaults/open/secrets/s29");
    assert_eq!(ask(&vaults, "GET", "/vaults/open/secrets?maxresults=26", None).0, 400);
}

#[test]
fn what_is_wrong_is_said_as_the_service_says_it() {
    let (vaults, _) = vaults();
    assert_eq!(ask(&vaults, "GET", "/vaults/none/secrets/a", None).1["error"]["code"], "VaultNotFound");
    assert_eq!(ask(&vaults, "PUT", "/vaults/open/secrets/a_b", Some(json!({ "value": "v" }))).0, 400);
    assert_eq!(ask(&vaults, "PUT", "/vaults/open/secrets/a", Some(json!({}))).0, 400);
    assert_eq!(ask(&vaults, "PUT", "/vaults/open/secrets/a", Some(json!({ "value": "x".repeat(25_601) }))).0, 400);
    assert_eq!(ask(&vaults, "PATCH", "/vaults/open/secrets/a", Some(json!({}))).0, 404);
    assert_eq!(ask(&vaults, "DELETE", "/vaults/open/keys/a", None).1["error"]["code"], "KeyNotFound");
    assert_eq!(ask(&vaults, "POST", "/vaults/open/secrets/a", None).0, 405);
    let request = Request { method: "GET".into(), path: "/vaults/open/secrets".into(), ..Request::default() };
    assert_eq!(vaults.handle(&request).status, 400, "without an API version");
}
