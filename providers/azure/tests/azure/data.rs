//! Data sources: objects that others made, what the subscription tells, and the secrets of both.

use crate::client::{connect, trials};
use crate::script::{self, Reply, Script};
use formwork_model::{Map, Value};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{ErrorClass, ProviderError};
use serde_json::json;

trials! {
    "data":
    a_data_source_shows_what_is_there,
    the_subscription_and_its_regions_are_told,
    a_secret_is_read_by_its_version_or_the_newest,
    a_key_shows_its_public_half,
    any_object_is_read_by_its_id,
    the_keys_of_an_account_are_secret,
    keys_of_an_unusual_account_name_its_addresses,
}

const GROUP: &str = "/subscriptions/sub/resourceGroups/rg";

fn texts<const N: usize>(entries: [(&'static str, &str); N]) -> Value {
    Value::map(entries.map(|(name, text)| (name, Value::string(text))))
}

async fn read(harness: &Harness, name: &str, config: &Value) -> Map {
    harness.data(name, config).await.unwrap().as_map().unwrap().clone()
}

async fn refused(harness: &Harness, name: &str, config: &Value) -> ProviderError {
    harness.data(name, config).await.unwrap_err()
}

fn secret(text: &str) -> Option<Value> {
    Some(Value::string(text).secret())
}

async fn a_data_source_shows_what_is_there() {
    let id = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/n");
    let rule = json!({"name": "r", "properties": {
        "priority": 100, "direction": "Inbound", "access": "allow", "protocol": "TCP", "sourceAddressPrefix": "*",
        "sourceAddressPrefixes": [], "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443",
    }});
    let body = json!({"id": id, "name": "n", "location": "westeurope", "properties": {"securityRules": [rule]}});
    let script = script::start(vec![(format!("GET {id}").as_str(), vec![Reply::json(200, body)])]).await;
    let harness = connect(&script).await;
    let config = Value::map([("name", Value::string("n")), ("group", Value::string("rg"))]);
    let values = harness.data("network_security_group", &config).await.unwrap();
    let rules = values.as_map().unwrap().get("security_rules").unwrap().as_items().unwrap().to_vec();
    assert_eq!(rules[0].as_map().unwrap().get("protocol"), Some(&Value::string("Tcp")));
    let missing = Value::map([("name", Value::string("x")), ("group", Value::string("rg"))]);
    assert_eq!(harness.data("network_security_group", &missing).await.unwrap_err().class, ErrorClass::NotFound);
}

async fn the_subscription_and_its_regions_are_told() {
    let region = |name: &str, kind: &str| {
        json!({"name": name, "displayName": name, "metadata": {"regionType": kind, "geographyGroup": "Europe",
            "pairedRegion": [{"name": "pair"}]}, "availabilityZoneMappings": [{"logicalZone": "1"}]})
    };
    let script = script::start(vec![
        (
            "GET /subscriptions/sub",
            vec![Reply::json(200, json!({"displayName": "Team", "tenantId": "t", "state": "Enabled"}))],
        ),
        (
            "GET /subscriptions/sub/locations",
            vec![Reply::json(200, json!({"value": [region("westeurope", "Physical"), region("europe", "Logical")]}))],
        ),
    ])
    .await;
    let harness = connect(&script).await;
    let nothing = Value::map::<&str>([]);
    let subscription = harness.data("subscription", &nothing).await.unwrap();
    assert_eq!(subscription.as_map().unwrap().get("display_name"), Some(&Value::string("Team")));
    let locations = harness.data("locations", &nothing).await.unwrap();
    assert_eq!(locations.as_map().unwrap().get("names"), Some(&Value::list([Value::string("westeurope")])));
    let config = harness.data("client_config", &nothing).await.unwrap();
    assert_eq!(config.as_map().unwrap().get("subscription_id"), Some(&Value::string("sub")));
}

const VAULT: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv";
const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";

/// A vault, and what its own address answers.
async fn vault(replies: Vec<(&str, Vec<Reply>)>) -> Script {
    let vault = json!({"id": VAULT, "name": "kv", "properties": {"vaultUri": "{endpoint}/kv/"}});
    let ask = format!("GET {VAULT}");
    let known = [(ask.as_str(), vec![Reply::json(200, vault)])];
    script::start(known.into_iter().chain(replies).collect()).await
}

/// A version of a secret as the vault tells it.
fn password(version: &str, value: &str) -> Reply {
    Reply::json(
        200,
        json!({"value": value, "id": format!("{{endpoint}}/kv/secrets/password/{version}"), "contentType": "text/plain",
            "attributes": {"enabled": true, "exp": 1_893_456_000}, "tags": {"team": "x", "formwork-operation": "op"}}),
    )
}

async fn a_secret_is_read_by_its_version_or_the_newest() {
    let old = format!("GET /kv/secrets/password/{OLD}");
    let script = vault(vec![
        ("GET /kv/secrets/password", vec![password(NEW, "open sesame")]),
        (old.as_str(), vec![password(OLD, "alohomora")]),
        ("GET /kv/deletedsecrets/dropped", vec![Reply::json(200, json!({"recoveryId": "r"}))]),
    ])
    .await;
    let harness = connect(&script).await;
    let newest = read(&harness, "secret", &texts([("name", "password"), ("vault", VAULT)])).await;
    assert_eq!(newest.get("value"), secret("open sesame").as_ref());
    assert_eq!(newest.get("version"), Some(&Value::string(NEW)));
    assert_eq!(newest.get("content_type"), Some(&Value::string("text/plain")));
    assert_eq!(newest.get("expires"), Some(&Value::string("2030-01-01T00:00:00Z")));
    assert_eq!(newest.get("tags"), Some(&texts([("team", "x")])));
    // What Formwork does with a secret of its own is no fact about somebody else's.
    assert!(!newest.contains("purge_on_delete") && !newest.contains("recover_soft_deleted"), "{newest:?}");
    let before = texts([("name", "password"), ("vault", VAULT), ("version", OLD)]);
    let before = read(&harness, "secret", &before).await;
    assert_eq!(before.get("value"), secret("alohomora").as_ref());
    assert_eq!(before.get("version"), Some(&Value::string(OLD)));

    let missing = refused(&harness, "secret", &texts([("name", "other"), ("vault", VAULT)])).await;
    assert_eq!(missing.class, ErrorClass::NotFound);
    assert!(missing.message.contains("there is no") && missing.message.contains("/secrets/other"), "{missing:?}");
    let other = format!("{:032}", 1);
    let missing = texts([("name", "password"), ("vault", VAULT), ("version", other.as_str())]);
    let missing = refused(&harness, "secret", &missing).await;
    assert!(missing.message.contains(&format!("has no version {other}")), "{missing:?}");
    let dropped = refused(&harness, "secret", &texts([("name", "dropped"), ("vault", VAULT)])).await;
    assert!(dropped.message.contains("is deleted"), "{dropped:?}");
    let elsewhere = VAULT.replace("/kv", "/other");
    let elsewhere = refused(&harness, "secret", &texts([("name", "password"), ("vault", &elsewhere)])).await;
    assert!(elsewhere.message.contains("there is no vault"), "{elsewhere:?}");
    assert_eq!(elsewhere.path.unwrap().to_string(), "vault");
}

async fn a_key_shows_its_public_half() {
    let key = json!({"key": {"kid": format!("{{endpoint}}/kv/keys/lock/{NEW}"), "kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ",
        "key_ops": ["sign", "verify"]}, "attributes": {"enabled": false}, "tags": {}});
    let script = vault(vec![("GET /kv/keys/lock", vec![Reply::json(200, key)])]).await;
    let harness = connect(&script).await;
    let lock = read(&harness, "key", &texts([("name", "lock"), ("vault", VAULT)])).await;
    assert_eq!(lock.get("uri"), Some(&Value::string(format!("{}/kv/keys/lock/{NEW}", script.endpoint))));
    assert_eq!((lock.get("crv"), lock.get("enabled")), (Some(&Value::string("P-256")), Some(&Value::Bool(false))));
    let missing = refused(&harness, "key", &texts([("name", "other"), ("vault", VAULT)])).await;
    assert!(missing.message.contains("/keys/other"), "{missing:?}");
}

async fn any_object_is_read_by_its_id() {
    const PROFILE: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Cdn/profiles/p";
    let body = json!({"id": PROFILE, "name": "p", "sku": {"name": "Standard"}, "properties": {"frontDoorId": "f"}});
    let script = script::start(vec![(format!("GET {PROFILE}").as_str(), vec![Reply::json(200, body.clone())])]).await;
    let harness = connect(&script).await;
    let shown = read(&harness, "resource", &texts([("id", PROFILE), ("api_version", "2024-09-01")])).await;
    assert_eq!(shown.get("type"), Some(&Value::string("Microsoft.Cdn/profiles")));
    assert_eq!((shown.get("name"), shown.get("parent")), (Some(&Value::string("p")), Some(&Value::string(GROUP))));
    assert_eq!(shown.get("output"), Some(&formwork_model::value::from_json(&body)));
    assert_eq!(script.asked_for(&format!("GET {PROFILE}"))[0].query(), "api-version=2024-09-01");
    let other = texts([("id", &PROFILE.replace("/p", "/q")), ("api_version", "2024-09-01")]);
    let other = refused(&harness, "resource", &other).await;
    assert_eq!((other.class, other.message.contains("there is no")), (ErrorClass::NotFound, true), "{other:?}");
    let nonsense = refused(&harness, "resource", &texts([("id", "p"), ("api_version", "2024-09-01")])).await;
    assert_eq!(nonsense.path.unwrap().to_string(), "id");
}

const ACCOUNT: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stlogs";

async fn account(blob: &str) -> Script {
    let ask = format!("GET {ACCOUNT}");
    let keys = format!("POST {ACCOUNT}/listKeys");
    let endpoints = json!({"blob": blob, "queue": "https://stlogs.z01.queue.storage.azure.net/"});
    let key = |name: &str, value: &str| json!({"keyName": name, "value": value, "permissions": "FULL", "creationTime": "2001-02-03T04:05:06Z"});
    script::start(vec![
        (ask.as_str(), vec![Reply::json(200, json!({"id": ACCOUNT, "properties": {"primaryEndpoints": endpoints}}))]),
        (keys.as_str(), vec![Reply::json(200, json!({"keys": [key("key1", "b25l"), key("key2", "dHdv")]}))]),
    ])
    .await
}

async fn the_keys_of_an_account_are_secret() {
    let script = account("https://stlogs.blob.core.windows.net/").await;
    let harness = connect(&script).await;
    let told = read(&harness, "storage_account_keys", &texts([("account", ACCOUNT)])).await;
    let first = told.get("keys").unwrap().as_items().unwrap()[0].as_map().unwrap().clone();
    assert_eq!(first.get("value"), secret("b25l").as_ref());
    assert_eq!(
        (first.get("key_name"), first.get("permissions")),
        (Some(&Value::string("key1")), Some(&Value::string("FULL")))
    );
    assert_eq!(told.get("primary_access_key"), secret("b25l").as_ref());
    assert_eq!(told.get("secondary_access_key"), secret("dHdv").as_ref());
    let connection =
        "DefaultEndpointsProtocol=https;AccountName=stlogs;AccountKey=b25l;EndpointSuffix=core.windows.net";
    assert_eq!(told.get("primary_connection_string"), secret(connection).as_ref());
    let connection = connection.replace("b25l", "dHdv");
    assert_eq!(told.get("secondary_connection_string"), secret(&connection).as_ref());
    assert_eq!(script.asked_for(&format!("POST {ACCOUNT}/listKeys"))[0].query(), "api-version=2023-05-01");
    let other = refused(&harness, "storage_account_keys", &texts([("account", &format!("{ACCOUNT}2"))])).await;
    assert_eq!((other.class, other.message.contains("there is no")), (ErrorClass::NotFound, true), "{other:?}");
}

async fn keys_of_an_unusual_account_name_its_addresses() {
    let script = account("https://stlogs.z01.blob.storage.azure.net/").await;
    let told = read(&connect(&script).await, "storage_account_keys", &texts([("account", ACCOUNT)])).await;
    let connection = "DefaultEndpointsProtocol=https;AccountName=stlogs;AccountKey=b25l;\
        BlobEndpoint=https://stlogs.z01.blob.storage.azure.net/;QueueEndpoint=https://stlogs.z01.queue.storage.azure.net/";
    assert_eq!(told.get("primary_connection_string"), secret(connection).as_ref());
}
