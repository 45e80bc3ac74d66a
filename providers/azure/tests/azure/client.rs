//! The client against scripted answers: long operations in all their shapes, resuming, pages, lost answers, errors.

use crate::script::{self, Reply, Script, error, operations};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::testing::{Harness, text};
use formwork_provider_api::{
    Checkpoint, CreateRequest, Environment, ErrorClass, Found, ReadManyRequest, ReadOutcome, StoredObject,
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
    an_operation_may_fail_with_status_200,
    an_error_beside_a_success_is_none,
    a_resource_without_a_header_is_asked_itself,
    a_resumed_create_polls_and_sends_nothing,
    polls_survive_bad_gateways,
    an_operation_elsewhere_is_not_followed,
    what_exists_is_not_taken_over,
    a_lost_answer_is_found_by_its_stamp,
    what_a_lost_request_still_makes_is_waited_for,
    lists_are_read_page_by_page,
    regions_and_groups_may_be_spelled_otherwise,
}

pub fn run(test: impl Future<Output = ()>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(test);
    Ok(())
}

pub const GROUP: &str = "/subscriptions/sub/resourceGroups/rg";
pub const VNET: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
pub const GET: &str = "GET /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
pub const PUT: &str = "PUT /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
pub const DELETE: &str = "DELETE /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
pub const OPERATION: &str = "/subscriptions/sub/providers/Microsoft.Network/locations/westeurope/operations/1";
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

pub fn config() -> Value {
    Value::map([
        ("name", Value::string("v")),
        ("group", Value::string("rg")),
        ("location", Value::string("westeurope")),
        ("address_space", Value::list([Value::string("10.0.0.0/16")])),
    ])
}

/// The network as ARM shows it.
pub fn network(state: &str, stamp: &str) -> Json {
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

pub fn identity() -> Checkpoint {
    Checkpoint { identity: ValueBuf::from(Value::map([("id", Value::string(VNET))])), ..Checkpoint::default() }
}

pub fn object(id: &str) -> StoredObject {
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
