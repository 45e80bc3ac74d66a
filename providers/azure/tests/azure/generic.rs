//! What is not one type: `azure.resource`, credentials other than a secret.

use crate::client::{connect, trials};
use crate::script::{self, Reply, Script, TOKEN, error, token};
use formwork_model::{Address, Value, ValueBuf};
use formwork_provider_api::testing::{Harness, text};
use formwork_provider_api::{Environment, ErrorClass, Found, Provider, StoredObject, ValidateRequest};
use formwork_provider_azure::AzureProvider;
use serde_json::{Value as Json, json};

trials! {
    "generic":
    any_type_is_kept_by_its_body,
    what_is_still_being_made_is_waited_for,
    what_was_sent_in_confidence_is_secret_wherever_it_comes_back,
    a_misspelt_role_is_seen_before_anything_is_asked,
    a_principal_is_the_same_with_dashes,
    a_vault_without_soft_deletion_is_refused,
    a_token_file_is_read_each_time,
    a_command_gives_tokens_where_it_is_allowed,
    what_is_missing_is_said,
}

const GROUP: &str = "/subscriptions/sub/resourceGroups/rg";
const PROFILE: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Cdn/profiles/p";

fn profile(state: &str, tier: &str) -> Json {
    json!({
        "id": PROFILE.replace("resourceGroups", "resourcegroups"), "name": "p", "location": "West Europe",
        "sku": {"name": tier}, "properties": {"provisioningState": state, "frontDoorId": "f"},
    })
}

async fn any_type_is_kept_by_its_body() {
    let get = format!("GET {PROFILE}");
    let put = format!("PUT {PROFILE}");
    let delete = format!("DELETE {PROFILE}");
    let script = script::start(vec![
        (
            get.as_str(),
            vec![
                error(404, "ResourceNotFound"),
                Reply::json(200, profile("Creating", "Standard")),
                // The poll, the object when it is done, and the refresh.
                Reply::json(200, profile("Succeeded", "Standard")),
                Reply::json(200, profile("Succeeded", "Standard")),
                Reply::json(200, profile("Succeeded", "Standard")),
                Reply::json(200, profile("Succeeded", "Premium")),
            ],
        ),
        (
            put.as_str(),
            vec![Reply::json(201, profile("Creating", "Standard")), Reply::json(200, profile("Succeeded", "Premium"))],
        ),
        (delete.as_str(), vec![Reply::empty(204)]),
    ])
    .await;
    let harness = connect(&script).await;
    let config = |tier: &str| {
        let body = json!({"location": "westeurope", "sku": {"name": tier}, "properties": {"secret": "s"}});
        Value::map([
            ("type", Value::string("Microsoft.Cdn/profiles")),
            ("api_version", Value::string("2024-09-01")),
            ("name", Value::string("p")),
            ("parent", Value::string(GROUP)),
            ("body", formwork_model::value::from_json(&body)),
        ])
    };
    let made = harness.create("resource", "p", &config("Standard")).await.unwrap();
    // The answer's spelling of the region and of the id, and its other properties, are no difference.
    harness.assert_settled("resource", "p", &config("Standard"), &made).await.unwrap();
    let changed = harness.update("resource", "p", &config("Premium"), &made).await.unwrap();
    assert_eq!(script.asked_for(&put)[1].json()["sku"]["name"], "Premium");
    assert_eq!(script.asked_for(&put)[1].query(), "api-version=2024-09-01");
    let drifted = harness.plan("resource", &Address::resource("p"), &config("Standard"), Some(&changed)).await.unwrap();
    assert!(!drifted.is_clean() && !drifted.replaces(), "{drifted:?}");
    harness.delete("resource", &changed, &config("Premium")).await.unwrap();
}

async fn what_is_still_being_made_is_waited_for() {
    let get = format!("GET {PROFILE}");
    let of = |state: &str| Reply::json(200, profile(state, "Standard"));
    let config = Value::map([
        ("type", Value::string("Microsoft.Cdn/profiles")),
        ("api_version", Value::string("2024-09-01")),
        ("name", Value::string("p")),
        ("parent", Value::string(GROUP)),
        ("body", formwork_model::value::from_json(&json!({"location": "westeurope", "sku": {"name": "Standard"}}))),
    ]);
    let script =
        script::start(vec![(get.as_str(), vec![of("Creating"), of("Failed"), of("Deleting"), of("Succeeded")])]).await;
    let harness = connect(&script).await;
    let request = harness.create_request("resource", "p", &config).await.unwrap();
    for _ in ["Creating", "Failed"] {
        let Found::Unfinished(checkpoint) = harness.find(&request).await.unwrap() else { panic!("it is not ready") };
        assert!(checkpoint.poll.contains(PROFILE), "it is asked itself: {checkpoint:?}");
    }
    assert_eq!(harness.find(&request).await.unwrap(), Found::Absent);
    assert!(matches!(harness.find(&request).await.unwrap(), Found::Ours(_)));
    // What ended badly is recorded as far as it got, and the next plan says so.
    let script = script::start(vec![
        (get.as_str(), vec![error(404, "ResourceNotFound"), of("Failed")]),
        (format!("PUT {PROFILE}").as_str(), vec![of("Creating")]),
    ])
    .await;
    let harness = connect(&script).await;
    let failed = harness.create("resource", "p", &config).await.unwrap_err();
    let partial = failed.partial.expect("there is something");
    let planned = harness.plan("resource", &Address::resource("p"), &config, Some(&*partial)).await.unwrap();
    assert!(planned.response.findings.iter().any(|one| one.message.contains("`Failed`")), "{planned:?}");
}

async fn what_was_sent_in_confidence_is_secret_wherever_it_comes_back() {
    let answer = json!({"id": PROFILE, "name": "p", "location": "westeurope", "sku": {"name": "Standard"}, "properties": {
        "pin": 7, "connection": "Host=h;Password=hush-hush", "encoded": "aHVzaC1odXNo", "open": "h"}});
    let script = script::start(vec![
        (
            format!("GET {PROFILE}").as_str(),
            vec![error(404, "ResourceNotFound"), Reply::json(200, answer.clone()), Reply::json(200, answer.clone())],
        ),
        (format!("PUT {PROFILE}").as_str(), vec![Reply::json(200, answer)]),
    ])
    .await;
    let body = Value::map([
        ("location", Value::string("westeurope")),
        (
            "properties",
            Value::map([("password", Value::string("hush-hush").secret()), ("pin", Value::Int(7).secret())]),
        ),
    ]);
    let config = Value::map([
        ("type", Value::string("Microsoft.Cdn/profiles")),
        ("api_version", Value::string("2024-09-01")),
        ("name", Value::string("p")),
        ("parent", Value::string(GROUP)),
        ("body", body),
    ]);
    let made = connect(&script).await.create("resource", "p", &config).await.unwrap();
    let output = formwork_provider_api::testing::attributes(&made).get("output").unwrap().as_map().unwrap().clone();
    assert_eq!(output.get("location"), Some(&Value::string("westeurope")));
    let told = output.get("properties").unwrap().as_map().unwrap();
    let is_secret = |name: &str| matches!(told.get(name), Some(Value::Secret(_)));
    let secret = ["pin", "connection", "encoded", "open"].map(is_secret);
    assert_eq!(secret, [true, true, true, false], "{told:?}");
}

async fn a_misspelt_role_is_seen_before_anything_is_asked() {
    let findings = |role: &str| {
        let config = Value::map([("scope", Value::string(GROUP)), ("role_definition", Value::string(role))]);
        let request = ValidateRequest { type_name: Some("role_assignment".to_owned()), config: ValueBuf::from(config) };
        AzureProvider.validate(&request)
    };
    assert_eq!(findings("Redaer").len(), 1, "{:?}", findings("Redaer"));
    for known in ["reader", "7f951dda-4ed3-4680-a7ca-43fe172d538d", "/providers/x/roleDefinitions/y"] {
        assert!(findings(known).is_empty(), "{known}");
    }
}

async fn a_principal_is_the_same_with_dashes() {
    let dashed = "0f3a1c2d-1111-4222-8333-444455556666";
    let id = format!("{GROUP}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001");
    let body = json!({"id": id, "name": "00000000-0000-4000-8000-000000000001", "properties": {
        "principalId": dashed, "principalType": "ServicePrincipal", "scope": GROUP,
        "roleDefinitionId": "/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d"}});
    let script = script::start(vec![
        (format!("GET {id}").as_str(), vec![error(404, "RoleAssignmentNotFound"), Reply::json(200, body.clone())]),
        (format!("PUT {id}").as_str(), vec![Reply::json(201, body)]),
    ])
    .await;
    let harness = connect(&script).await;
    let config = Value::map([
        ("name", Value::string("00000000-0000-4000-8000-000000000001")),
        ("scope", Value::string(GROUP)),
        ("role_definition", Value::string("AcrPull")),
        ("principal_id", Value::string(dashed.replace('-', "").to_uppercase())),
    ]);
    let made = harness.create("role_assignment", "pull", &config).await.unwrap();
    harness.assert_settled("role_assignment", "pull", &config, &made).await.unwrap();
}

async fn a_vault_without_soft_deletion_is_refused() {
    let findings = |kept: bool| {
        let config = Value::map([("name", Value::string("kv")), ("enable_soft_delete", Value::Bool(kept))]);
        let request = ValidateRequest { type_name: Some("key_vault".to_owned()), config: ValueBuf::from(config) };
        AzureProvider.validate(&request)
    };
    assert!(findings(true).is_empty());
    let refused = findings(false);
    assert!(
        refused.len() == 1 && !refused[0].warning && refused[0].path.to_string() == "enable_soft_delete",
        "{refused:?}"
    );
}

async fn with_credential(
    script: &Script,
    extra: &[(&'static str, Value)],
    environment: Environment,
) -> Result<Harness, ErrorClass> {
    let text = |text: &str| Value::string(text);
    let mut entries = vec![
        ("subscription_id", text("sub")),
        ("tenant_id", text("tenant")),
        ("client_id", text("client")),
        ("credential", text("workload_identity")),
        ("endpoint", text(&script.endpoint)),
        ("authority_host", text(&script.endpoint)),
    ];
    entries.extend(extra.iter().cloned());
    Harness::encoded(AzureProvider, Value::map(entries), environment).await.map_err(|error| error.class)
}

async fn a_token_file_is_read_each_time() {
    let script = script::start(vec![
        ("GET /subscriptions/sub", vec![Reply::json(200, json!({"displayName": "Team"}))]),
        (TOKEN, vec![token("a", 60), token("b", 3600)]),
    ])
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "one\n").unwrap();
    let path = Value::string(file.path().to_str().unwrap());
    let harness = with_credential(&script, &[("oidc_token_file", path)], Environment::default()).await.unwrap();
    let nothing = Value::map::<&str>([]);
    harness.data("subscription", &nothing).await.unwrap();
    std::fs::write(file.path(), "two\n").unwrap();
    harness.data("subscription", &nothing).await.unwrap();
    let asked: Vec<String> = script.asked_for(TOKEN).into_iter().map(|asked| asked.body).collect();
    assert!(asked[0].contains("client_assertion=one") && asked[1].contains("client_assertion=two"), "{asked:?}");
    assert!(asked[0].contains("jwt-bearer"), "{asked:?}");
}

async fn a_command_gives_tokens_where_it_is_allowed() {
    let script =
        script::start(vec![("GET /subscriptions/sub", vec![Reply::json(200, json!({"displayName": "Team"}))])]).await;
    let command = [("oidc_token_command", Value::list([Value::string("echo"), Value::string("printed")]))];
    let refused = with_credential(&script, &command, Environment::default()).await.err();
    assert_eq!(refused, Some(ErrorClass::Forbidden));
    let allowed = Environment { allowed_commands: vec!["echo".to_owned()], ..Environment::default() };
    let untrusted = Environment { untrusted: true, ..allowed.clone() };
    assert_eq!(with_credential(&script, &command, untrusted).await.err(), Some(ErrorClass::Forbidden));
    let harness = with_credential(&script, &command, allowed).await.unwrap();
    harness.data("subscription", &Value::map::<&str>([])).await.unwrap();
    assert!(script.asked_for(TOKEN)[0].body.contains("client_assertion=printed"));
}

fn object(id: &str) -> StoredObject {
    StoredObject { values: ValueBuf::from(Value::map([("id", Value::string(id))])), private: Vec::new() }
}

async fn what_is_missing_is_said() {
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    let error = harness.import("subnet", GROUP, &Value::map::<&str>([])).await.unwrap_err();
    assert!(error.message.contains("Microsoft.Resources/resourceGroups"), "{}", error.message);
    let error = harness.import("subnet", "snet-apps", &Value::map::<&str>([])).await.unwrap_err();
    assert!(error.message.contains("no id of Azure"), "{}", error.message);
    let id = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s");
    let error = harness.import("subnet", &id, &Value::map::<&str>([])).await.unwrap_err();
    assert_eq!((error.class, text(&object(&id), "id").as_str()), (ErrorClass::NotFound, id.as_str()));
}
