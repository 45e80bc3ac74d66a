//! What others have made, hold on to, or set meanwhile; and what is changed beside them.

use crate::client::{
    DELETE, GET, GROUP, OPERATION, PUT, VNET, absent, config, connect, identity, network, object, status, trials,
};
use crate::script::{self, Reply, error, operations};
use formwork_model::Value;
use formwork_provider_api::{Checkpoint, DeleteRequest, ErrorClass, ReadOutcome};
use serde_json::{Value as Json, json};

trials! {
    "others":
    a_group_with_what_others_made_stays,
    a_rule_waits_for_what_a_sibling_leaves,
    siblings_do_not_disturb_each_other,
    an_update_keeps_what_others_set,
    what_is_in_use_is_deleted_once_it_is_free,
    what_is_gone_is_no_error,
    what_is_brought_back_is_waited_for,
}

async fn a_group_with_what_others_made_stays() {
    const LIST: &str = "GET /subscriptions/sub/resourceGroups/rg/resources";
    const DELETE: &str = "DELETE /subscriptions/sub/resourceGroups/rg";
    let strange = format!("{GROUP}/providers/Microsoft.Sql/servers/s");
    let held = |ids: &[&str]| {
        let items: Vec<Json> = ids.iter().map(|id| json!({"id": id, "name": "n"})).collect();
        Reply::json(200, json!({"value": items}))
    };
    let nothing = Value::map::<&str>([]);
    // A network that somebody made there.
    let there = vec![
        (LIST, vec![held(&[VNET])]),
        (GET, vec![Reply::json(200, network("Succeeded", "other"))]),
        (DELETE, vec![Reply::empty(200)]),
    ];
    let script = script::start(there.clone()).await;
    let harness = connect(&script).await;
    let refused = harness.delete("resource_group", &object(GROUP), &nothing).await.unwrap_err();
    assert_eq!(refused.class, ErrorClass::Conflict);
    assert!(refused.message.contains("Microsoft.Network/virtualNetworks/v"), "{}", refused.message);
    assert!(refused.help.iter().any(|help| help.contains("delete_with_contents")), "{:?}", refused.help);
    assert!(script.asked_for(DELETE).is_empty(), "nothing is deleted");
    assert_eq!(harness.sink.slept().as_secs(), 0);
    let script = script::start(there).await;
    let all = Value::map([("delete_with_contents", Value::Bool(true))]);
    connect(&script).await.delete("resource_group", &object(GROUP), &all).await.unwrap();
    assert_eq!(operations(&script), [DELETE]);
    // The list lags behind: the network is gone, and so is in the end what cannot be asked.
    let lagging = vec![held(&[VNET, &strange]), held(&[&strange]), held(&[])];
    let script = script::start(vec![(LIST, lagging), (DELETE, vec![Reply::empty(200)])]).await;
    let harness = connect(&script).await;
    harness.delete("resource_group", &object(GROUP), &nothing).await.unwrap();
    assert_eq!((script.asked_for(DELETE).len(), harness.sink.slept().as_secs()), (1, 20));
    // It does not go away: somebody has it.
    let script = script::start(vec![(LIST, vec![held(&[&strange])]), (DELETE, vec![Reply::empty(200)])]).await;
    let refused = connect(&script).await.delete("resource_group", &object(GROUP), &nothing).await.unwrap_err();
    assert!(refused.message.contains("Microsoft.Sql/servers/s"), "{}", refused.message);
    assert!(script.asked_for(DELETE).is_empty(), "nothing is deleted");
}

async fn a_rule_waits_for_what_a_sibling_leaves() {
    const GROUP_OF_RULES: &str =
        "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/n";
    let id = format!("{GROUP_OF_RULES}/securityRules/r");
    let (get, put) = (format!("GET {id}"), format!("PUT {id}"));
    let rule = json!({"id": id, "name": "r", "properties": {"priority": 100, "direction": "Inbound", "access": "Allow",
        "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
        "destinationPortRange": "*", "provisioningState": "Succeeded"}});
    let config: Vec<(&str, Value)> = [
        ("name", "r"),
        ("network_security_group", GROUP_OF_RULES),
        ("direction", "Inbound"),
        ("access", "Allow"),
        ("protocol", "*"),
        ("source_address_prefix", "*"),
        ("source_port_range", "*"),
        ("destination_address_prefix", "*"),
        ("destination_port_range", "*"),
    ]
    .map(|(name, text)| (name, Value::string(text)))
    .into();
    let config = Value::map(config.into_iter().chain([("priority", Value::Int(100))]));
    let taken = || error(400, "SecurityRuleConflict");
    let script = script::start(vec![
        (get.as_str(), vec![absent(), absent(), absent(), Reply::json(200, rule.clone())]),
        (put.as_str(), vec![taken(), taken(), Reply::json(201, rule)]),
    ])
    .await;
    let harness = connect(&script).await;
    harness.create("security_rule", "r", &config).await.unwrap();
    assert_eq!((script.asked_for(&put).len(), harness.sink.slept().as_secs()), (3, 4));
    // Who does not leave is in the way.
    let script = script::start(vec![(get.as_str(), vec![absent()]), (put.as_str(), vec![taken()])]).await;
    let harness = connect(&script).await;
    let refused = harness.create("security_rule", "r", &config).await.unwrap_err();
    assert_eq!((refused.class, refused.code.as_str()), (ErrorClass::Invalid, "SecurityRuleConflict"));
    assert_eq!(harness.sink.slept().as_secs(), 30);
}

async fn siblings_do_not_disturb_each_other() {
    // The server answers one at a time as ARM does: it would see overlapping PUTs as interleaved polls.
    let subnet = |name: &str| format!("{VNET}/subnets/{name}");
    let body = |name: &str| json!({"id": subnet(name), "name": name, "properties": {"addressPrefix": "10.0.1.0/24", "provisioningState": "Succeeded"}});
    let poll = "GET /operations/";
    let one = |name: &str| {
        let header = format!("{{endpoint}}/operations/{name}");
        vec![
            (format!("GET {}", subnet(name)), vec![absent(), Reply::json(200, body(name))]),
            (
                format!("PUT {}", subnet(name)),
                vec![Reply::json(201, body(name)).header("azure-asyncoperation", &header)],
            ),
            (format!("{poll}{name}"), vec![status("InProgress"), status("Succeeded")]),
        ]
    };
    let table: Vec<(String, Vec<Reply>)> = ["a", "b", "c"].iter().flat_map(|name| one(name)).collect();
    let script = script::start(table.iter().map(|(name, replies)| (name.as_str(), replies.clone())).collect()).await;
    let harness = connect(&script).await;
    let make = async |name: &str| {
        let config = Value::map([
            ("name", Value::string(name)),
            ("vnet", Value::string(VNET)),
            ("address_prefix", Value::string("10.0.1.0/24")),
        ]);
        harness.create("subnet", name, &config).await.unwrap();
    };
    tokio::join!(make("a"), make("b"), make("c"));
    let order: Vec<String> = operations(&script).iter().map(|one| one.rsplit('/').next().unwrap().to_owned()).collect();
    let mut changes = order.clone();
    changes.dedup();
    assert_eq!(changes.len(), 3, "the work on each is of one piece: {order:?}");
}

async fn an_update_keeps_what_others_set() {
    let mut there = network("Succeeded", "operation-0");
    there["properties"]["subnets"] = json!([{"name": "theirs", "id": format!("{VNET}/subnets/theirs"), "properties": {"addressPrefix": "10.0.2.0/24"}}]);
    there["properties"]["somethingNew"] = json!({"x": 1});
    let mut after = there.clone();
    after["properties"]["flowTimeoutInMinutes"] = json!(10);
    let script = script::start(vec![
        (GET, vec![Reply::json(200, there.clone()), Reply::json(200, there), Reply::json(200, after.clone())]),
        (PUT, vec![Reply::json(200, after)]),
    ])
    .await;
    let harness = connect(&script).await;
    let prior = harness.import("virtual_network", VNET, &config()).await.unwrap();
    let Value::Map(mut changed) = config() else { unreachable!() };
    changed.insert("flow_timeout_in_minutes", Value::Int(10));
    let changed = Value::Map(changed);
    let now = harness.update("virtual_network", "v", &changed, &prior).await.unwrap();
    let asked = &script.asked_for(PUT)[0];
    let sent = asked.json();
    assert_eq!(sent["properties"]["subnets"][0]["name"], "theirs");
    assert_eq!(sent["properties"]["somethingNew"], json!({"x": 1}));
    assert_eq!(sent["properties"]["flowTimeoutInMinutes"], 10);
    assert_eq!(sent["tags"], json!({"formwork-operation": "operation-0"}), "the stamp stays");
    assert_eq!(asked.header("if-match"), Some("W/\"7\""));
    assert!(now.values.view().get("subnets").is_none(), "children that others keep are not shown");
}

async fn what_is_in_use_is_deleted_once_it_is_free() {
    let script = script::start(vec![(
        DELETE,
        vec![
            error(400, "InUseVirtualNetworkCannotBeDeleted"),
            error(400, "InUseVirtualNetworkCannotBeDeleted"),
            Reply::empty(204),
        ],
    )])
    .await;
    let harness = connect(&script).await;
    harness.delete("virtual_network", &object(VNET), &config()).await.unwrap();
    assert_eq!(operations(&script).len(), 3);
    // What stays in use is told in the end.
    let script = script::start(vec![(DELETE, vec![error(400, "InUseVirtualNetworkCannotBeDeleted")])]).await;
    let harness = connect(&script).await;
    let error = harness.delete("virtual_network", &object(VNET), &config()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict);
    assert!(harness.sink.slept().as_secs() >= 200);
}

async fn what_is_gone_is_no_error() {
    let script = script::start(vec![(DELETE, vec![error(404, "ResourceGroupNotFound")])]).await;
    let harness = connect(&script).await;
    harness.delete("virtual_network", &object(VNET), &config()).await.unwrap();
    assert_eq!(harness.read("virtual_network", &object(VNET)).await.unwrap(), ReadOutcome::Gone);
    let request = DeleteRequest {
        type_name: "virtual_network".to_owned(),
        address: formwork_model::Address::resource("v"),
        operation: "o".to_owned(),
        object: object(VNET),
        config: None,
        resume: Some(Checkpoint {
            poll: json!({"kind": "status", "address": format!("{}{OPERATION}", script.endpoint), "api_version": "x", "first_s": 1}).to_string(),
            ..identity()
        }),
        timeout_ms: 60_000,
    };
    // The service forgets operations that ended long ago.
    harness.connection.delete(request, &harness.sink).await.unwrap();
}

async fn what_is_brought_back_is_waited_for() {
    const KV: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv";
    let vault = json!({"id": KV, "name": "kv", "properties": {"vaultUri": "{endpoint}/kv/"}});
    let version = |value: &str| {
        Reply::json(
            200,
            json!({"id": "{endpoint}/kv/secrets/s/1", "value": value, "attributes": {"enabled": true}, "tags": {}}),
        )
    };
    let gone = || error(404, "SecretNotFound");
    let script = script::start(vec![
        (format!("GET {KV}").as_str(), vec![Reply::json(200, vault)]),
        ("GET /kv/secrets/s", vec![gone(), gone(), gone(), version("old")]),
        ("GET /kv/deletedsecrets/s", vec![version("old")]),
        ("POST /kv/deletedsecrets/s/recover", vec![version("old")]),
        ("PUT /kv/secrets/s", vec![version("new")]),
    ])
    .await;
    let harness = connect(&script).await;
    let config = Value::map([
        ("name", Value::string("s")),
        ("vault", Value::string(KV)),
        ("value", Value::string("new").secret()),
        ("recover_soft_deleted", Value::Bool(true)),
    ]);
    harness.create("secret", "s", &config).await.unwrap();
    let asked = operations(&script);
    let at = |what: &str| asked.iter().rposition(|asked| asked == what).unwrap();
    assert!(at("GET /kv/secrets/s") < at("PUT /kv/secrets/s"), "nothing is made before it is back: {asked:?}");
    assert_eq!(harness.sink.slept().as_secs(), 4);
}
