//! The client against scripted answers: long operations in all their shapes, resuming, pages, tokens, lost answers, errors.

use crate::script::{self, Reply, Script, TOKEN, error, operations, token};
use formwork_model::value::{Masking, to_json};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::check::{self, Subject};
use formwork_provider_api::testing::{Harness, text};
use formwork_provider_api::{
    Checkpoint, CreateRequest, DeleteRequest, Environment, ErrorClass, Found, OpenRequest, Opened, Provider,
    ProviderError, ReadManyRequest, ReadOutcome, SandboxEndpoint, StoredObject,
};
use formwork_provider_azure::AzureProvider;
use libtest_mimic::Failed;
use serde_json::{Value as Json, json};
use std::future::Future;

/// The tests of a file.
macro_rules! trials {
    ($file:literal: $($name:ident),* $(,)?) => {
        pub fn tests() -> Vec<libtest_mimic::Trial> {
            vec![$(libtest_mimic::Trial::test(concat!($file, "::", stringify!($name)), || $crate::client::run($name()))),*]
        }
    };
}
pub(crate) use trials;

trials! {
    "client":
    a_network_is_made_followed_and_left_alone,
    a_group_is_deleted_by_its_location,
    a_group_with_what_others_made_stays,
    a_rule_waits_for_what_a_sibling_leaves,
    an_operation_may_fail_with_status_200,
    an_error_beside_a_success_is_none,
    a_resource_without_a_header_is_asked_itself,
    a_resumed_create_polls_and_sends_nothing,
    polls_survive_bad_gateways,
    an_operation_elsewhere_is_not_followed,
    what_exists_is_not_taken_over,
    a_lost_answer_is_found_by_its_stamp,
    what_a_lost_request_still_makes_is_waited_for,
    siblings_do_not_disturb_each_other,
    an_update_keeps_what_others_set,
    what_is_in_use_is_deleted_once_it_is_free,
    what_is_gone_is_no_error,
    lists_are_read_page_by_page,
    tokens_are_shared_and_asked_again,
    a_refused_token_is_asked_once_more,
    an_access_token_is_opened_and_renewed,
    a_scope_of_a_person_is_refused,
    an_application_proves_itself_by_its_certificate,
    the_sandbox_is_the_only_address,
    regions_and_groups_may_be_spelled_otherwise,
}

pub fn run(test: impl Future<Output = ()>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(test);
    Ok(())
}

const GROUP: &str = "/subscriptions/sub/resourceGroups/rg";
const VNET: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
const GET: &str = "GET /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
const PUT: &str = "PUT /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
const DELETE: &str = "DELETE /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
const OPERATION: &str = "/subscriptions/sub/providers/Microsoft.Network/locations/westeurope/operations/1";
const POLL: &str = "GET /subscriptions/sub/providers/Microsoft.Network/locations/westeurope/operations/1";

pub async fn connect(script: &Script) -> Harness {
    let text = |text: &str| Value::string(text);
    let configuration = Value::map([
        ("subscription_id", text("sub")),
        ("tenant_id", text("tenant")),
        ("client_id", text("client")),
        ("client_secret", text("hush").secret()),
        ("credential", text("client_secret")),
        ("endpoint", text(&script.endpoint)),
        ("authority_host", text(&script.endpoint)),
    ]);
    Harness::encoded(AzureProvider, configuration, Environment::default()).await.unwrap()
}

fn config() -> Value {
    Value::map([
        ("name", Value::string("v")),
        ("group", Value::string("rg")),
        ("location", Value::string("westeurope")),
        ("address_space", Value::list([Value::string("10.0.0.0/16")])),
    ])
}

/// The network as ARM shows it.
fn network(state: &str, stamp: &str) -> Json {
    json!({
        "id": VNET, "name": "v", "type": "Microsoft.Network/virtualNetworks", "location": "westeurope",
        "etag": "W/\"7\"", "tags": {"formwork-operation": stamp},
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "provisioningState": state, "subnets": [],
            "virtualNetworkPeerings": [], "enableDdosProtection": false, "privateEndpointVNetPolicies": "Disabled",
            "resourceGuid": "g",
        },
    })
}

fn accepted(stamp: &str) -> Reply {
    Reply::json(201, network("Updating", stamp))
        .header("azure-asyncoperation", &format!("{{endpoint}}{OPERATION}?api-version=2024-03-01&t=1&s=sig%2Bx"))
        .header("retry-after", "3")
}

pub fn absent() -> Reply {
    error(404, "ResourceNotFound")
}

pub fn status(word: &str) -> Reply {
    Reply::json(200, json!({"status": word}))
}

async fn a_network_is_made_followed_and_left_alone() {
    let present = Reply::json(200, network("Succeeded", "operation-1"));
    let script = script::start(vec![
        (GET, vec![absent(), present]),
        (PUT, vec![accepted("operation-1")]),
        (POLL, vec![status("InProgress"), status("Succeeded")]),
    ])
    .await;
    let harness = connect(&script).await;
    let made = harness.create("virtual_network", "v", &config()).await.unwrap();
    assert_eq!(operations(&script), [GET, PUT, POLL, POLL, GET]);
    let sent = script.asked_for(PUT)[0].json();
    assert_eq!(sent["tags"], json!({"formwork-operation": "operation-1"}));
    assert_eq!(sent["properties"]["addressSpace"], json!({"addressPrefixes": ["10.0.0.0/16"]}));
    // The poll address is followed as it was told: it is signed.
    assert_eq!(script.asked_for(POLL)[0].query(), "api-version=2024-03-01&t=1&s=sig%2Bx");
    // Three seconds were told for the first look, none after that.
    assert_eq!(harness.sink.slept().as_secs(), 6);
    let noted = harness.sink.checkpoints();
    assert!(noted[0].poll.contains("operations/1"), "{noted:?}");
    assert_eq!(text(&made, "id"), VNET);
    assert_eq!(
        harness.find(&harness.create_request("virtual_network", "v", &config()).await.unwrap()).await.unwrap(),
        Found::Foreign(format!("{VNET} was made by another operation"))
    );
    harness.assert_settled("virtual_network", "v", &config(), &made).await.unwrap();
}

async fn a_group_is_deleted_by_its_location() {
    let result = "/subscriptions/sub/operationresults/abc";
    let script = script::start(vec![
        (
            "DELETE /subscriptions/sub/resourceGroups/rg",
            vec![Reply::empty(202).header("location", &format!("{{endpoint}}{result}")).header("retry-after", "15")],
        ),
        ("GET /subscriptions/sub/operationresults/abc", vec![Reply::empty(202), Reply::empty(200)]),
    ])
    .await;
    let harness = connect(&script).await;
    harness.delete("resource_group", &object(GROUP), &Value::map::<&str>([])).await.unwrap();
    // What is in it, the delete, two looks at the operation.
    assert_eq!(operations(&script).len(), 4);
    assert_eq!(harness.sink.slept().as_secs(), 18);
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

async fn an_operation_may_fail_with_status_200() {
    let failed = json!({"status": "Failed", "error": {"code": "QuotaExceeded", "message": "no more networks"}});
    let script = script::start(vec![
        (GET, vec![absent(), Reply::json(200, network("Failed", "operation-1"))]),
        (PUT, vec![accepted("operation-1")]),
        (POLL, vec![Reply::json(200, failed)]),
    ])
    .await;
    let error = connect(&script).await.create("virtual_network", "v", &config()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Quota, "QuotaExceeded"));
    assert!(error.message.contains("no more networks"), "{}", error.message);
    assert_eq!(text(&error.partial.unwrap(), "id"), VNET, "what there is comes with the error");
}

async fn an_error_beside_a_success_is_none() {
    let done = json!({"status": "Succeeded", "error": {"code": "None", "message": null}});
    let script = script::start(vec![
        (GET, vec![absent(), Reply::json(200, network("Succeeded", "operation-1"))]),
        (PUT, vec![accepted("operation-1")]),
        (POLL, vec![Reply::json(202, json!({"status": "CreatingAgentPools: 1/3 nodes"})), Reply::json(200, done)]),
    ])
    .await;
    let harness = connect(&script).await;
    harness.create("virtual_network", "v", &config()).await.unwrap();
    assert!(harness.sink.told().iter().any(|told| told.contains("1/3 nodes")), "{:?}", harness.sink.told());
}

async fn a_resource_without_a_header_is_asked_itself() {
    let script = script::start(vec![
        (
            GET,
            vec![
                absent(),
                Reply::json(200, network("Updating", "operation-1")),
                Reply::json(200, network("Succeeded", "operation-1")),
            ],
        ),
        // A relative `Location` of what was made is no operation.
        (PUT, vec![Reply::json(201, network("Updating", "operation-1")).header("location", VNET)]),
    ])
    .await;
    connect(&script).await.create("virtual_network", "v", &config()).await.unwrap();
    assert_eq!(operations(&script), [GET, PUT, GET, GET, GET]);
}

async fn a_resumed_create_polls_and_sends_nothing() {
    let script = script::start(vec![
        (GET, vec![Reply::json(200, network("Succeeded", "operation-1"))]),
        (POLL, vec![status("InProgress"), status("Succeeded")]),
    ])
    .await;
    let harness = connect(&script).await;
    let mut request = harness.create_request("virtual_network", "v", &config()).await.unwrap();
    let poll = json!({
        "kind": "status", "address": format!("{}{OPERATION}", script.endpoint), "api_version": "2024-03-01", "first_s": null
    });
    request.resume = Some(Checkpoint { poll: poll.to_string(), ..identity() });
    harness.send_create(request.clone()).await.unwrap();
    assert_eq!(operations(&script), [POLL, POLL, GET]);
    // Without a handle the object itself is looked at, and nothing is sent either.
    request.resume = Some(identity());
    harness.send_create(request).await.unwrap();
    assert!(script.asked_for(PUT).is_empty());
}

fn identity() -> Checkpoint {
    Checkpoint { identity: ValueBuf::from(Value::map([("id", Value::string(VNET))])), ..Checkpoint::default() }
}

fn object(id: &str) -> StoredObject {
    StoredObject { values: ValueBuf::from(Value::map([("id", Value::string(id))])), private: Vec::new() }
}

async fn polls_survive_bad_gateways() {
    let script = script::start(vec![
        (GET, vec![absent(), Reply::json(200, network("Succeeded", "operation-1"))]),
        (PUT, vec![accepted("operation-1")]),
        (POLL, vec![Reply::text(504, "<html>gateway"), error(429, "TooMany"), Reply::Hang, status("Succeeded")]),
    ])
    .await;
    connect(&script).await.create("virtual_network", "v", &config()).await.unwrap();
    assert!(script.asked_for(POLL).len() >= 4);
}

async fn an_operation_elsewhere_is_not_followed() {
    let elsewhere = Reply::json(201, network("Updating", "operation-1"))
        .header("azure-asyncoperation", "https://evil.example/steal");
    let script = script::start(vec![
        (GET, vec![absent(), Reply::json(200, network("Updating", "operation-1"))]),
        (PUT, vec![elsewhere]),
    ])
    .await;
    let error = connect(&script).await.create("virtual_network", "v", &config()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Forbidden);
    assert!(error.message.contains("evil.example"), "{}", error.message);
}

async fn what_exists_is_not_taken_over() {
    let script = script::start(vec![(GET, vec![Reply::json(200, network("Succeeded", "another"))])]).await;
    let error = connect(&script).await.create("virtual_network", "v", &config()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict);
    assert!(error.help.unwrap().contains("import"));
    assert_eq!(operations(&script), [GET]);
}

async fn a_lost_answer_is_found_by_its_stamp() {
    let script = script::start(vec![
        (GET, vec![absent(), Reply::json(200, network("Succeeded", "operation-1"))]),
        (PUT, vec![Reply::Hang]),
    ])
    .await;
    let harness = connect(&script).await;
    let request = harness.create_request("virtual_network", "v", &config()).await.unwrap();
    assert_eq!(harness.send_create(request.clone()).await.unwrap_err().class, ErrorClass::AnswerLost);
    assert!(matches!(harness.find(&request).await.unwrap(), Found::Ours(_)));
}

/// The program was killed between the request and the record of where it is asked about.
async fn what_a_lost_request_still_makes_is_waited_for() {
    let states = ["Creating", "Creating", "Succeeded", "Succeeded"];
    let shown = states.map(|state| Reply::json(200, network(state, "operation-1"))).into();
    let script = script::start(vec![(GET, shown)]).await;
    let harness = connect(&script).await;
    let request = harness.create_request("virtual_network", "v", &config()).await.unwrap();
    let Found::Unfinished(checkpoint) = harness.find(&request).await.unwrap() else {
        panic!("it is not through");
    };
    let request = CreateRequest { resume: Some(checkpoint), ..request };
    let made = harness.send_create(request).await.unwrap().object;
    assert_eq!(text(&made, "id"), VNET);
    assert_eq!(operations(&script), [GET; 4]);
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

async fn lists_are_read_page_by_page() {
    let item = |name: &str| {
        let mut network = network("Succeeded", "x");
        network["id"] = json!(format!("{}/{name}", VNET.trim_end_matches("/v")));
        network["name"] = json!(name);
        network
    };
    let list = "GET /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks";
    let all = "GET /subscriptions/sub/providers/Microsoft.Network/virtualNetworks";
    let pages = vec![Reply::json(200, json!({"value": [item("a")], "nextLink": "{endpoint}/next?$skiptoken=1"}))];
    let script = script::start(vec![
        (list, pages.clone()),
        (all, pages),
        (
            "GET /next",
            vec![
                Reply::json(200, json!({"value": [], "nextLink": "{endpoint}/next?$skiptoken=2"})),
                Reply::json(200, json!({"value": [item("b")], "nextLink": ""})),
            ],
        ),
    ])
    .await;
    let harness = connect(&script).await;
    let objects =
        ["a", "B", "c"].iter().map(|name| object(&format!("{}/{name}", VNET.trim_end_matches("/v")))).collect();
    let request = ReadManyRequest { type_name: "virtual_network".to_owned(), objects };
    let read = harness.connection.read_many(request).await.unwrap();
    assert!(matches!(read[0], ReadOutcome::Present(_)) && matches!(read[1], ReadOutcome::Present(_)));
    assert_eq!(read[2], ReadOutcome::Gone, "asked for by itself before it is called gone");
    assert_eq!(operations(&script).len(), 4);
    let listed = harness.list("virtual_network").await.unwrap();
    assert_eq!(listed.len(), 2);
}

async fn tokens_are_shared_and_asked_again() {
    let script = script::start(vec![
        (GET, vec![Reply::json(200, network("Succeeded", "x"))]),
        // The first one is as good as over.
        (TOKEN, vec![token("first", 60), token("second", 3600)]),
    ])
    .await;
    let harness = connect(&script).await;
    let import = || async { harness.import("virtual_network", VNET, &config()).await.unwrap() };
    import().await;
    tokio::join!(import(), import(), import());
    assert_eq!(script.asked_for(TOKEN).len(), 2);
    let used: Vec<String> =
        script.asked_for(GET).iter().filter_map(|asked| asked.header("authorization")).map(str::to_owned).collect();
    assert_eq!(used, ["Bearer first", "Bearer second", "Bearer second", "Bearer second"]);
    let form = &script.asked_for(TOKEN)[0].body;
    assert!(form.contains("scope=https%3A%2F%2Fmanagement.azure.com%2F.default"), "{form}");
    assert!(form.contains("client_secret=hush"), "{form}");
}

async fn a_refused_token_is_asked_once_more() {
    let refused = || error(401, "ExpiredAuthenticationToken");
    let script = script::start(vec![
        (GET, vec![refused(), Reply::json(200, network("Succeeded", "x")), refused()]),
        (TOKEN, vec![token("first", 3600), token("second", 3600)]),
    ])
    .await;
    let harness = connect(&script).await;
    harness.import("virtual_network", VNET, &config()).await.unwrap();
    assert_eq!(script.asked_for(TOKEN).len(), 2);
    let error = harness.import("virtual_network", VNET, &config()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Forbidden);
    assert!(!error.message.contains("second"));
}

async fn opened(harness: &Harness, scope: &str) -> Result<Opened, ProviderError> {
    let config = ValueBuf::from(Value::map([("scope", Value::string(scope))]));
    let request = OpenRequest { type_name: "access_token".to_owned(), config: config.clone() };
    let opened = harness.connection.open(request).await?;
    let schema = AzureProvider.schema().ephemeral("access_token").unwrap();
    let subject = Subject { provider: "azure", version: "test", type_name: "access_token", address: None };
    let breaches = check::answered(&subject, schema, config.view(), opened.values.view());
    assert!(breaches.is_empty(), "{breaches:?}");
    Ok(opened)
}

fn shown(opened: &Opened, name: &str) -> String {
    to_json(opened.values.view(), Masking::Exposed)[name].as_str().unwrap().to_owned()
}

async fn an_access_token_is_opened_and_renewed() {
    let script = script::start(vec![(TOKEN, vec![token("first", 200), token("second", 3600)])]).await;
    let harness = connect(&script).await;
    let first = opened(&harness, "6dae42f8-4368-4678-94ff-3960e28e3630/.default").await.unwrap();
    assert_eq!(shown(&first, "token"), "first");
    assert!(!format!("{:?}", first.values).contains("first"), "it is secret");
    let form = &script.asked_for(TOKEN)[0].body;
    assert!(form.contains("scope=6dae42f8-4368-4678-94ff-3960e28e3630%2F.default"), "{form}");
    let soon = first.renew_in_ms.unwrap();
    assert!((90_000..=100_000).contains(&soon), "half of what is left: {soon}");
    let second = harness.connection.renew(first.clone()).await.unwrap();
    assert_eq!(shown(&second, "token"), "second");
    assert!(shown(&second, "expires_at") > shown(&first, "expires_at"));
    let later = second.renew_in_ms.unwrap();
    assert!((3_350_000..=3_360_000).contains(&later), "four minutes before the end: {later}");
    assert_eq!(script.asked_for(TOKEN).len(), 2);
}

async fn a_scope_of_a_person_is_refused() {
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    for scope in ["6dae42f8-4368-4678-94ff-3960e28e3630/user.read", "/.default"] {
        let error = opened(&harness, scope).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Invalid);
        assert!(error.message.contains(scope) && error.help.is_some(), "{error:?}");
    }
    assert!(script.asked().is_empty());
}

async fn an_application_proves_itself_by_its_certificate() {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let pem = |kind: &str, bytes: &[u8]| {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(bytes))
    };
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("application.pem");
    let file = pem("CERTIFICATE", b"a certificate") + &pem("PRIVATE KEY", key.as_der().unwrap().as_ref());
    std::fs::write(&path, file).unwrap();
    let script = script::start(vec![(GET, vec![Reply::json(200, network("Succeeded", "somebody"))])]).await;
    let text = |text: &str| Value::string(text);
    let configuration = Value::map([
        ("subscription_id", text("sub")),
        ("tenant_id", text("tenant")),
        ("client_id", text("client")),
        ("client_certificate_path", text(path.to_str().unwrap())),
        ("endpoint", text(&script.endpoint)),
        ("authority_host", text(&script.endpoint)),
    ]);
    let harness = Harness::encoded(AzureProvider, configuration, Environment::default()).await.unwrap();
    harness.read("virtual_network", &object(VNET)).await.unwrap();
    let body = script.asked_for(TOKEN)[0].body.clone();
    let fields: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!(fields["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_eq!(fields["client_assertion"].split('.').count(), 3);
    assert_eq!(fields.get("client_secret"), None);
    assert_eq!(script.asked_for(GET)[0].header("authorization"), Some("Bearer first"));
    // Without the file the reason is told, and nothing is asked.
    std::fs::remove_file(&path).unwrap();
    let configuration = Value::map([
        ("subscription_id", text("sub")),
        ("tenant_id", text("tenant")),
        ("client_id", text("client")),
        ("client_certificate_path", text(path.to_str().unwrap())),
        ("credential", text("client_certificate")),
        ("endpoint", text(&script.endpoint)),
        ("authority_host", text(&script.endpoint)),
    ]);
    let harness = Harness::encoded(AzureProvider, configuration, Environment::default()).await.unwrap();
    let request = ReadManyRequest { type_name: "virtual_network".to_owned(), objects: vec![object(VNET)] };
    let outcome = harness.connection.read_many(request).await.unwrap().pop().unwrap();
    let ReadOutcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.class, ErrorClass::Forbidden);
    assert!(error.message.contains("application.pem"), "{}", error.message);
    assert_eq!(script.asked_for(TOKEN).len(), 1);
}

async fn the_sandbox_is_the_only_address() {
    let script = script::start(vec![(GET, vec![Reply::json(200, network("Succeeded", "x"))])]).await;
    let configuration = || {
        Value::map([
            ("subscription_id", Value::string("sub")),
            ("endpoint", Value::string("https://management.azure.com")),
            ("client_secret", Value::string("real").secret()),
        ])
    };
    let nowhere = Environment { sandbox: true, ..Environment::default() };
    let refused = Harness::new(AzureProvider, configuration(), nowhere).await.err().unwrap();
    assert_eq!(refused.class, ErrorClass::Forbidden);
    let endpoint = SandboxEndpoint { url: script.endpoint.clone(), token: "play".to_owned(), ca_pem: String::new() };
    let environment = Environment { sandbox: true, sandbox_endpoint: Some(endpoint), ..Environment::default() };
    let harness = Harness::encoded(AzureProvider, configuration(), environment).await.unwrap();
    harness.import("virtual_network", VNET, &config()).await.unwrap();
    assert_eq!(script.asked().len(), 1, "no token is asked for");
    assert_eq!(script.asked()[0].header("authorization"), Some("Bearer play"));
}

async fn regions_and_groups_may_be_spelled_otherwise() {
    let script = script::start(vec![(GET, vec![Reply::json(200, network("Succeeded", "x"))])]).await;
    let harness = connect(&script).await;
    let spelled = |group: &str, location: &str| {
        let Value::Map(mut map) = config() else { unreachable!() };
        map.insert("group", Value::string(group));
        map.insert("location", Value::string(location));
        Value::Map(map)
    };
    let address = formwork_model::Address::resource("v");
    let prior = harness.import("virtual_network", VNET, &spelled("RG", "West Europe")).await.unwrap();
    assert_eq!(text(&prior, "location"), "West Europe");
    let same = harness.plan("virtual_network", &address, &spelled("RG", "West Europe"), Some(&prior)).await.unwrap();
    assert!(same.is_clean(), "{same:?}");
    let id = harness.plan("virtual_network", &address, &spelled(GROUP, "westeurope"), Some(&prior)).await.unwrap();
    assert!(!id.replaces(), "the same group by its id: {id:?}");
    let other = harness.plan("virtual_network", &address, &spelled("other", "westeurope"), Some(&prior)).await.unwrap();
    assert!(other.replaces(), "another group");
    let moved = harness.plan("virtual_network", &address, &spelled("rg", "northeurope"), Some(&prior)).await.unwrap();
    assert!(moved.replaces(), "another region");
}
