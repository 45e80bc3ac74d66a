//! What a plan says besides what it does: children in two places, a vault's name that is taken, a cluster that is replaced for
//! the sake of a pool.

use crate::client::{connect, trials};
use crate::script::{self, Reply, error, operations};
use formwork_model::{Address, AttributePath, Value, ValueBuf};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{Finding, ReadOutcome, StoredObject};
use serde_json::json;

trials! {
    "advice":
    a_child_that_its_parent_does_not_list_is_refused,
    a_child_of_a_parent_that_lists_what_is_not_known_is_doubtful,
    pools_of_a_cluster_stand_beside_its_own,
    a_deleted_vault_of_that_name_is_told,
    another_size_of_a_pool_tells_how_the_cluster_stays,
    what_azure_is_not_done_with_is_told,
    a_cluster_that_failed_keeps_what_is_known,
}

const TABLE: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/routeTables/t";

fn text(text: &str) -> Value {
    Value::string(text)
}

fn route(name: &str) -> Value {
    Value::map([("name", text(name)), ("address_prefix", text("10.0.0.0/8")), ("next_hop_type", text("VnetLocal"))])
}

fn table(routes: Option<Value>) -> Value {
    let own = [("name", text("t")), ("group", text("rg")), ("location", text("westeurope"))];
    Value::map(own.into_iter().chain(routes.map(|routes| ("routes", routes))))
}

fn child(name: Value, table: Value) -> Value {
    let mut child = route("").as_map().cloned().unwrap();
    child.insert("name", name);
    child.insert("route_table", table);
    Value::Map(child)
}

/// An attribute of another block that is known only after apply.
fn later(object: &str, attribute: &str) -> Value {
    Value::attribute(Address::resource(object), AttributePath::member(attribute))
}

async fn findings(
    harness: &Harness,
    type_name: &str,
    name: &str,
    config: &Value,
    prior: Option<&StoredObject>,
) -> Vec<Finding> {
    harness.plan(type_name, &Address::resource(name), config, prior).await.unwrap().response.findings
}

fn recorded(values: impl IntoIterator<Item = (&'static str, Value)>) -> StoredObject {
    StoredObject { values: ValueBuf::from(Value::map(values)), private: Vec::new() }
}

async fn a_child_that_its_parent_does_not_list_is_refused() {
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    // Neither is made yet.
    let listed = table(Some(Value::list([route("a")])));
    assert_eq!(findings(&harness, "route_table", "table", &listed, None).await, []);
    let of = |name: &str| child(text(name), later("table", "id"));
    let found = findings(&harness, "route", "other", &of("b"), None).await;
    assert_eq!(found.len(), 1);
    assert!(!found[0].warning && found[0].path.to_string() == "route_table", "{found:?}");
    assert!(found[0].message.contains("`table` lists all that it has in `routes`, and not this one"), "{found:?}");
    assert!(found[0].help.as_ref().unwrap().contains("leave `routes` out there"), "{found:?}");
    let found = findings(&harness, "route", "same", &of("A"), None).await;
    assert!(!found[0].warning && found[0].message.contains("each undoes what the other one changes"), "{found:?}");
    // Both are there: the parent by its id, in whatever case.
    let prior =
        recorded([("id", text(TABLE)), ("name", text("t")), ("group", text("rg")), ("location", text("westeurope"))]);
    findings(&harness, "route_table", "table", &listed, Some(&prior)).await;
    let by_id = child(text("b"), text(&TABLE.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")));
    assert_eq!(findings(&harness, "route", "other", &by_id, None).await.len(), 1);
    // An empty list is a list; none leaves the routes to others.
    findings(&harness, "route_table", "table", &table(Some(Value::list([]))), Some(&prior)).await;
    assert_eq!(findings(&harness, "route", "other", &by_id, None).await.len(), 1);
    findings(&harness, "route_table", "table", &table(None), Some(&prior)).await;
    for config in [by_id, of("b")] {
        assert_eq!(findings(&harness, "route", "other", &config, None).await, []);
    }
    // Rules and subnets alike.
    let rules = Value::map([
        ("name", text("n")),
        ("group", text("rg")),
        ("location", text("westeurope")),
        ("security_rules", Value::list([])),
    ]);
    findings(&harness, "network_security_group", "filter", &rules, None).await;
    let rule = Value::map([
        ("name", text("r")),
        ("network_security_group", later("filter", "id")),
        ("priority", Value::Int(100)),
        ("direction", text("Inbound")),
        ("access", text("Allow")),
        ("protocol", text("*")),
    ]);
    assert_eq!(findings(&harness, "security_rule", "rule", &rule, None).await.len(), 1);
    let network = Value::map([
        ("name", text("v")),
        ("group", text("rg")),
        ("location", text("westeurope")),
        ("address_space", Value::list([text("10.0.0.0/8")])),
        ("subnets", Value::list([Value::map([("name", text("s")), ("address_prefix", text("10.0.0.0/24"))])])),
    ]);
    findings(&harness, "virtual_network", "network", &network, None).await;
    let subnet = Value::map([
        ("name", text("other")),
        ("vnet", later("network", "id")),
        ("address_prefix", text("10.0.1.0/24")),
    ]);
    assert_eq!(findings(&harness, "subnet", "subnet", &subnet, None).await.len(), 1);
    assert!(script.asked().is_empty(), "nothing is asked for it");
}

async fn a_child_of_a_parent_that_lists_what_is_not_known_is_doubtful() {
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    findings(&harness, "route_table", "table", &table(Some(later("other", "routes"))), None).await;
    let found = findings(&harness, "route", "r", &child(text("b"), later("table", "id")), None).await;
    assert!(found.len() == 1 && found[0].warning, "{found:?}");
    findings(&harness, "route_table", "table", &table(Some(Value::list([route("a")]))), None).await;
    let found = findings(&harness, "route", "r", &child(later("other", "name"), later("table", "id")), None).await;
    assert!(found.len() == 1 && found[0].warning, "{found:?}");
}

fn pool(name: &str, size: &str) -> Value {
    Value::map([("name", text(name)), ("mode", text("System")), ("vm_size", text(size)), ("count", Value::Int(1))])
}

fn cluster(pools: impl IntoIterator<Item = Value>) -> Value {
    Value::map([
        ("name", text("aks")),
        ("group", text("rg")),
        ("location", text("westeurope")),
        ("agent_pool_profiles", Value::list(pools)),
    ])
}

async fn pools_of_a_cluster_stand_beside_its_own() {
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    findings(&harness, "kubernetes_cluster", "aks", &cluster([pool("system", "Standard_D2s_v5")]), None).await;
    let node_pool = |name: &str| {
        Value::map([("name", text(name)), ("cluster", later("aks", "id")), ("vm_size", text("Standard_D2s_v5"))])
    };
    assert_eq!(findings(&harness, "node_pool", "user", &node_pool("user"), None).await, []);
    let found = findings(&harness, "node_pool", "system", &node_pool("system"), None).await;
    assert!(found.len() == 1 && !found[0].warning, "{found:?}");
    assert!(found[0].message.contains("`agent_pool_profiles`"), "{found:?}");
}

async fn a_deleted_vault_of_that_name_is_told() {
    let look = "GET /subscriptions/sub/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv";
    let vault = |recover: bool| {
        Value::map([
            ("name", text("kv")),
            ("group", text("rg")),
            ("location", text("West Europe")),
            ("recover_soft_deleted", Value::Bool(recover)),
        ])
    };
    let there = || vec![(look, vec![Reply::json(200, json!({"name": "kv", "properties": {}}))])];
    let script = script::start(there()).await;
    let harness = connect(&script).await;
    let found = findings(&harness, "key_vault", "kv", &vault(false), None).await;
    assert!(found.len() == 1 && found[0].warning && found[0].path.to_string() == "name", "{found:?}");
    assert!(found[0].message.contains("a deleted vault keeps the name kv until it is purged"), "{found:?}");
    assert!(found[0].help.as_ref().unwrap().contains("recover_soft_deleted = true"), "{found:?}");
    assert_eq!(findings(&harness, "key_vault", "kv", &vault(true), None).await, []);
    assert_eq!(operations(&script), [look, look]);
    // Of a vault that is there nothing is asked.
    let made = recorded([
        ("id", text("/subscriptions/sub/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv")),
        ("name", text("kv")),
        ("group", text("rg")),
        ("location", text("westeurope")),
    ]);
    findings(&harness, "key_vault", "kv", &vault(false), Some(&made)).await;
    assert_eq!(operations(&script).len(), 2);
    // There is nothing to bring back; and not everybody may look.
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    assert_eq!(findings(&harness, "key_vault", "kv", &vault(false), None).await, []);
    let found = findings(&harness, "key_vault", "kv", &vault(true), None).await;
    assert!(found.len() == 1 && found[0].message.contains("there is no deleted vault kv"), "{found:?}");
    let script = script::start(vec![(look, vec![error(403, "AuthorizationFailed")])]).await;
    assert_eq!(findings(&connect(&script).await, "key_vault", "kv", &vault(false), None).await, []);
}

async fn another_size_of_a_pool_tells_how_the_cluster_stays() {
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    let config = cluster([pool("system", "Standard_D2s_v5")]);
    let made = harness.plan("kubernetes_cluster", &Address::resource("aks"), &config, None).await.unwrap().response;
    let mut values = formwork_provider_api::validate::known_map(made.planned.view());
    values.insert(
        "id",
        text("/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"),
    );
    let prior = StoredObject { values: ValueBuf::from(Value::Map(values)), private: Vec::new() };
    let plan = async |pools: Vec<Value>| {
        harness.plan("kubernetes_cluster", &Address::resource("aks"), &cluster(pools), Some(&prior)).await.unwrap()
    };
    let larger = plan(vec![pool("system", "Standard_D8s_v5")]).await;
    assert!(larger.replaces());
    let found = &larger.response.findings;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].warning && found[0].path.to_string().ends_with("vm_size"), "{found:?}");
    assert!(found[0].message.contains("replaces the whole cluster"), "{found:?}");
    assert!(found[0].help.as_ref().unwrap().contains("another name"), "{found:?}");
    // As it says: under another name the cluster stays.
    let renamed = plan(vec![pool("system2", "Standard_D8s_v5")]).await;
    assert!(!renamed.replaces() && !renamed.is_clean(), "{renamed:?}");
    assert_eq!(renamed.response.findings, []);
}

async fn what_azure_is_not_done_with_is_told() {
    let id = TABLE;
    let shown = |state: &str| {
        let body = json!({"id": id, "name": "t", "location": "westeurope",
            "properties": {"provisioningState": state, "disableBgpRoutePropagation": false, "routes": []}});
        Reply::json(200, body)
    };
    let states = ["Updating", "Failed", "Canceled", "Succeeded"];
    let script = script::start(vec![(format!("GET {id}").as_str(), states.map(shown).into())]).await;
    let harness = connect(&script).await;
    let mut told = Vec::new();
    let mut object =
        recorded([("id", text(id)), ("name", text("t")), ("group", text("rg")), ("location", text("westeurope"))]);
    for _ in states {
        let ReadOutcome::Present(read) = harness.read("route_table", &object).await.unwrap() else {
            panic!("it is there")
        };
        let planned = harness.plan("route_table", &Address::resource("t"), &table(None), Some(&read)).await.unwrap();
        assert!(planned.is_clean(), "it is no drift: {planned:?}");
        told.push(planned.response.findings);
        object = read;
    }
    let messages = told.iter().map(|found| found.iter().map(|one| one.message.as_str()).collect::<String>());
    assert_eq!(
        messages.collect::<Vec<_>>(),
        [
            "it is being changed, and not by this run (`Updating`): it may be otherwise when that is done",
            "Azure calls it `Failed`: what was last done with it ended badly",
            "Azure calls it `Canceled`: what was last done with it ended badly",
            "",
        ]
    );
    assert!(told.iter().flatten().all(|one| one.warning && one.help.is_some()), "{told:?}");
    assert!(object.private.is_empty(), "nothing is kept of what is over");
}

async fn a_cluster_that_failed_keeps_what_is_known() {
    let id = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
    let body = |state: &str| {
        Reply::json(
            200,
            json!({"id": id, "name": "aks", "location": "westeurope", "properties": {"provisioningState": state}}),
        )
    };
    let ask = format!("POST {id}/listClusterAdminCredential");
    let refused = || error(409, "ControlPlaneNotReady");
    let script = script::start(vec![
        (format!("GET {id}").as_str(), vec![body("Failed"), body("Updating"), body("Succeeded")]),
        (ask.as_str(), vec![refused(), error(503, "Busy"), refused()]),
    ])
    .await;
    let harness = connect(&script).await;
    let known = recorded([("id", text(id)), ("name", text("aks")), ("kubeconfig", text("a: b").secret())]);
    let outcome = harness.read("kubernetes_cluster", &known).await.unwrap();
    let ReadOutcome::Present(failed) = outcome else { panic!("a cluster that failed is there: {outcome:?}") };
    let kept = formwork_provider_api::testing::attributes(&failed);
    assert_eq!(kept.get("kubeconfig"), Some(&text("a: b").secret()));
    // What may pass is asked again by the engine, and a cluster that is well has to answer.
    for class in ["Retryable", "Conflict"] {
        let outcome = harness.read("kubernetes_cluster", &known).await.unwrap();
        let ReadOutcome::Failed(error) = outcome else { panic!("{outcome:?}") };
        assert_eq!(format!("{:?}", error.class), class);
    }
}
