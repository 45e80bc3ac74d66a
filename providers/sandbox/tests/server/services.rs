//! Services that know of each other: a vault that Azure Resource Manager made has a data plane, where its own answer says.

use crate::support::{Sandbox, sandbox};
use formwork_sandbox::{SUBSCRIPTION, TENANT};
use serde_json::{Value as Json, json};

const VERSION: &str = "api-version=2023-07-01";

async fn vault(sandbox: &Sandbox, name: &str) -> Json {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups/shared?api-version=2024-03-01");
    let made = sandbox.ask("PUT", &group, Some(json!({ "location": "westeurope" }))).await;
    assert!(matches!(made.status, 200 | 201), "{}", made.body);
    let body = json!({
        "location": "westeurope",
        "properties": {
            "tenantId": TENANT, "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true,
            "accessPolicies": [], "softDeleteRetentionInDays": 7,
        },
    });
    let made = sandbox.ask("PUT", &path(name), Some(body)).await;
    assert!(matches!(made.status, 200 | 201), "{}", made.body);
    made.body
}

fn path(name: &str) -> String {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/shared");
    format!("{group}/providers/Microsoft.KeyVault/vaults/{name}?{VERSION}")
}

#[tokio::test]
async fn a_vault_s_own_answer_says_where_its_secrets_are() {
    let sandbox = sandbox().await;
    let none = sandbox.ask("GET", "/vaults/platform-kv/secrets?api-version=7.5", None).await;
    assert_eq!(none.body["error"]["code"], "VaultNotFound");
    vault(&sandbox, "platform-kv").await;
    let read = sandbox.ask("GET", &path("platform-kv"), None).await.body;
    let uri = read["properties"]["vaultUri"].as_str().unwrap();
    let at = uri.strip_prefix(&sandbox.identity.url()).unwrap_or_else(|| panic!("{uri} is elsewhere"));
    assert_eq!(at, "/vaults/platform-kv/");
    let secret = format!("{at}secrets/password?api-version=7.5");
    let set = sandbox.ask("PUT", &secret, Some(json!({ "value": "v" }))).await;
    assert_eq!((set.status, &set.body["attributes"]["recoverableDays"]), (200, &json!(7)), "{}", set.body);
    assert!(set.body["id"].as_str().unwrap().starts_with(uri));
    let status = sandbox.ask("GET", "/sandbox/status", None).await.body;
    let objects =
        json!({ "Microsoft.KeyVault/vaults": 1, "Microsoft.Resources/resourceGroups": 1, "vaults/secrets": 1 });
    assert_eq!(status["objects"], objects);
    sandbox.ask("DELETE", &path("platform-kv"), None).await;
    assert_eq!(sandbox.ask("GET", &secret, None).await.status, 404, "a deleted vault has no data plane");
}

#[tokio::test]
async fn a_lost_answer_leaves_what_was_done() {
    let sandbox = sandbox().await;
    let rule = "type=Microsoft.Resources/resourceGroups,method=PUT,nth=1,cut=after";
    sandbox.server.failures().add(rule.parse().unwrap()).unwrap();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups/lost?api-version=2024-03-01");
    sandbox.try_ask("PUT", &group, Some(json!({ "location": "westeurope" }))).await.err().unwrap();
    assert_eq!(sandbox.ask("GET", &group, None).await.status, 200);
    sandbox.server.failures().add(rule.replace("after", "before").parse().unwrap()).unwrap();
    let other = group.replace("lost", "other");
    sandbox.try_ask("PUT", &other, Some(json!({ "location": "westeurope" }))).await.err().unwrap();
    assert_eq!(sandbox.ask("GET", &other, None).await.status, 404);
}

fn cluster(suffix: &str) -> String {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/shared");
    format!("{group}/providers/Microsoft.ContainerService/managedClusters/platform{suffix}?api-version=2024-05-01")
}

#[tokio::test]
async fn a_managed_cluster_has_a_kubernetes_api_as_long_as_it_lives() {
    let sandbox = sandbox().await;
    vault(&sandbox, "only-for-its-group").await;
    let body = json!({
        "location": "westeurope", "identity": { "type": "SystemAssigned" },
        "properties": {
            "dnsPrefix": "platform",
            "agentPoolProfiles": [{ "name": "system", "mode": "System", "count": 2, "vmSize": "Standard_D2s_v5" }],
        },
    });
    let made = sandbox.ask("PUT", &cluster(""), Some(body)).await;
    assert!(matches!(made.status, 200 | 201), "{}", made.body);
    let credentials = sandbox.ask("POST", &cluster("/listClusterAdminCredential"), None).await;
    assert_eq!(credentials.status, 200, "{}", credentials.body);
    let text = credentials.body["kubeconfigs"][0]["value"].as_str().unwrap();
    let text = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
    let kubeconfig: Json = serde_norway::from_slice(&text).unwrap();
    let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned();
    assert!(server.starts_with(&format!("{}/kubernetes/", sandbox.identity.url())), "{server}");
    let token = kubeconfig["users"][0]["user"]["token"].as_str().unwrap();
    let client = sandbox.builder().build().unwrap();
    let nodes = client.get(format!("{server}/api/v1/nodes"));
    assert_eq!(nodes.try_clone().unwrap().send().await.unwrap().status(), 401);
    let nodes: Json = nodes.bearer_auth(token).send().await.unwrap().json().await.unwrap();
    assert_eq!(nodes["items"].as_array().unwrap().len(), 2, "{nodes}");
    let status = sandbox.ask("GET", "/sandbox/status", None).await.body;
    assert!(status["clusters"][0].as_str().unwrap().starts_with("platform ("), "{status}");
    sandbox.ask("DELETE", &cluster(""), None).await;
    sandbox.ask("GET", &cluster(""), None).await;
    let gone = client.get(format!("{server}/api/v1/nodes")).bearer_auth(token).send().await.unwrap();
    assert!(!gone.status().is_success());
}

/// Clients that take a vault to be a host and nothing else.
#[tokio::test]
async fn a_vault_is_reached_by_a_host_of_its_own() {
    let sandbox = sandbox().await;
    vault(&sandbox, "platform-kv").await;
    let port = sandbox.identity.port;
    let host = format!("platform-kv.vault.localhost:{port}");
    let here = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let client = sandbox.builder().resolve("platform-kv.vault.localhost", here).build().unwrap();
    let url = format!("https://{host}/secrets/password?api-version=7.5");
    let refused = client.get(&url).send().await.unwrap();
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains(&format!("resource=\"https://vault.localhost:{port}\"")), "{challenge}");
    let token = &sandbox.identity.token;
    let set = client.put(&url).bearer_auth(token).json(&json!({ "value": "v" })).send().await.unwrap();
    let set: Json = set.json().await.unwrap();
    assert!(set["id"].as_str().unwrap().starts_with(&format!("https://{host}/secrets/password/")), "{set}");
    let same = sandbox.ask("GET", "/vaults/platform-kv/secrets/password?api-version=7.5", None).await.body;
    assert_eq!(same["value"], "v", "it is the same vault");
    let foreign = client.get(format!("https://{host}/subscriptions?api-version=2022-12-01")).bearer_auth(token);
    assert_eq!(foreign.send().await.unwrap().status(), 404, "and nothing else is there");
}
