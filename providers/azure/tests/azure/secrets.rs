//! What `secret_from("key_vault:…")` reads: without a subscription, and with a clear word for what it cannot read.

use crate::script::{self, Reply, Script, TOKEN};
use formwork_model::{Address, AttributePath, Value, ValueBuf};
use formwork_provider_api::wire::EncodedProvider;
use formwork_provider_api::{
    ConfigureRequest, Environment, ErrorClass, Provider, ProviderError, ReadSecretRequest, SecretReader,
};
use formwork_provider_azure::AzureProvider;
use serde_json::json;
use std::sync::Arc;

crate::client::trials! {
    "secrets":
    a_secret_is_read_without_a_subscription,
    what_cannot_be_read_says_why,
    other_hosts_get_no_token,
    what_decides_who_reads_must_be_known,
}

const VERSION: &str = "0123456789abcdef0123456789abcdef";

/// The block as a stack has it whose subscription is made by itself.
fn configuration(script: &Script, more: Vec<(&'static str, Value)>) -> ValueBuf {
    let mut entries = vec![
        ("subscription_id", unknown()),
        ("tenant_id", Value::string("tenant")),
        ("client_id", Value::string("client")),
        ("client_secret", Value::string("hush").secret()),
        ("authority_host", Value::string(script.endpoint.as_str())),
    ];
    entries.extend(more);
    ValueBuf::from(Value::map(entries))
}

fn unknown() -> Value {
    Value::attribute(Address::resource("landing_zone"), AttributePath::member("id"))
}

async fn open(script: &Script, more: Vec<(&'static str, Value)>) -> Result<Arc<dyn SecretReader>, ProviderError> {
    let request = ConfigureRequest { configuration: configuration(script, more), environment: Environment::default() };
    EncodedProvider(AzureProvider).secret_reader(request).await
}

async fn read(script: &Script, name: &str) -> Result<String, ProviderError> {
    let name = name.replace("{endpoint}", &script.endpoint);
    let request = ReadSecretRequest { scheme: "key_vault".into(), name, as_json: false };
    open(script, Vec::new()).await?.read_secret(request).await.map(|secret| secret.0)
}

fn secret(value: &str) -> Reply {
    Reply::json(200, json!({ "value": value, "id": "https://…", "attributes": { "enabled": true } }))
}

async fn a_secret_is_read_without_a_subscription() {
    let versioned = format!("GET /vaults/shop/secrets/db/{VERSION}");
    let script = script::start(vec![
        ("GET /vaults/shop/secrets/db", vec![secret("hunter2")]),
        (&versioned, vec![secret("hunter1")]),
    ])
    .await;
    assert_eq!(read(&script, "{endpoint}/vaults/shop/db").await.unwrap(), "hunter2");
    assert_eq!(read(&script, &format!("{{endpoint}}/vaults/shop/db/{VERSION}")).await.unwrap(), "hunter1");
    let asked = script.asked();
    let tokens: Vec<_> = asked.iter().filter(|asked| asked.operation == TOKEN).collect();
    assert!(tokens.iter().all(|asked| asked.body.contains("vault.azure.net")), "tokens are for vaults: {tokens:?}");
    let got = asked.iter().find(|asked| asked.operation == "GET /vaults/shop/secrets/db").unwrap();
    assert_eq!(got.header("authorization"), Some("Bearer first"));
    assert!(got.query().contains("api-version="), "{got:?}");
}

async fn what_cannot_be_read_says_why() {
    let refused = |code: &str, message: &str| {
        Reply::json(
            403,
            json!({ "error": { "code": "Forbidden", "message": message, "innererror": { "code": code } } }),
        )
    };
    let absent = |name: &str| {
        let message = format!("A secret with (name/id) {name} was not found in this key vault.");
        Reply::json(404, json!({ "error": { "code": "SecretNotFound", "message": message } }))
    };
    let wrong_version = format!("GET /vaults/shop/secrets/db/{VERSION}");
    let script = script::start(vec![
        (
            "GET /vaults/shop/secrets/off",
            vec![refused("SecretDisabled", "Operation get is not allowed on a disabled secret.")],
        ),
        (
            "GET /vaults/shop/secrets/closed",
            vec![refused("ForbiddenByRbac", "Caller is not authorized to perform action on resource.")],
        ),
        ("GET /vaults/shop/secrets/none", vec![absent("none")]),
        ("GET /vaults/shop/deletedsecrets/none", vec![absent("none")]),
        ("GET /vaults/shop/secrets/gone", vec![absent("gone")]),
        ("GET /vaults/shop/deletedsecrets/gone", vec![Reply::json(200, json!({ "recoveryId": "x" }))]),
        (&wrong_version, vec![absent("db")]),
        ("GET /vaults/shop/deletedsecrets/db", vec![absent("db")]),
        ("GET /vaults/shop/secrets/db", vec![secret("hunter2")]),
        ("GET /vaults/shop/secrets/empty", vec![Reply::json(200, json!({ "id": "x" }))]),
    ])
    .await;
    let cases: [(String, ErrorClass, &str, &str); 6] = [
        ("off".into(), ErrorClass::Forbidden, "/secrets/off is disabled", "enable it"),
        ("closed".into(), ErrorClass::Forbidden, "/secrets/closed may not be read: Caller", "Key Vault Secrets User"),
        ("none".into(), ErrorClass::NotFound, "there is no http://", ""),
        ("gone".into(), ErrorClass::NotFound, "/secrets/gone is deleted", "recovered"),
        (format!("db/{VERSION}"), ErrorClass::NotFound, "has no version 0123", "for the newest one"),
        ("empty".into(), ErrorClass::Other, "has no value", ""),
    ];
    for (name, class, message, help) in cases {
        let error = read(&script, &format!("{{endpoint}}/vaults/shop/{name}")).await.unwrap_err();
        assert_eq!(error.class, class, "{name}: {error:?}");
        assert!(error.message.contains(message), "{name}: {error:?}");
        assert!(error.help.unwrap_or_default().contains(help), "{name}");
    }
    // Nobody listens on port 1.
    let error = read(&script, "http://127.0.0.1:1/vaults/shop/db").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.help.unwrap_or_default().contains("the vault's name"), "it says what to check");
}

async fn other_hosts_get_no_token() {
    let script = script::start(Vec::new()).await;
    for name in ["https://vault.azure.net.evil.example/db", "http://shop.vault.azure.net/db", "evil.example/db"] {
        let error = read(&script, name).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Forbidden, "{name}: {error:?}");
        assert!(error.help.unwrap_or_default().contains("endpoints"), "{name}");
    }
    assert!(script.asked().is_empty(), "no token was asked for");
}

async fn what_decides_who_reads_must_be_known() {
    let script = script::start(Vec::new()).await;
    let error = open(&script, vec![("tenant_id", unknown())]).await.map(drop).unwrap_err();
    assert_eq!(error.path, Some(AttributePath::member("tenant_id")));
    assert!(error.message.contains("`landing_zone.id`"), "{error:?}");
}
