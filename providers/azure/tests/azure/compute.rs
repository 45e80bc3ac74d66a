//! Compute against scripted answers: the crate makes the requests, everything else is as for every type.

use crate::client::{absent, connect, status, trials};
use crate::script::{self, Reply, TOKEN, error, operations, token};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::testing::text;
use formwork_provider_api::{Checkpoint, ErrorClass};
use serde_json::{Value as Json, json};

trials! {
    "compute":
    a_disk_is_made_by_the_crate_and_followed_by_us,
    a_resumed_create_polls_and_sends_nothing,
    errors_keep_their_class,
    a_refused_token_is_asked_once_more,
    an_update_loses_nothing_that_the_crate_does_not_know,
    the_last_data_disk_is_taken_away,
}

const DISK: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/disks/d";
const GET: &str = "GET /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/disks/d";
const PUT: &str = "PUT /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/disks/d";
const OPERATION: &str = "/subscriptions/sub/providers/Microsoft.Compute/locations/westeurope/DiskOperations/1";
const POLL: &str = "GET /subscriptions/sub/providers/Microsoft.Compute/locations/westeurope/DiskOperations/1";

fn config(size: i64) -> Value {
    Value::map([
        ("name", Value::string("d")),
        ("group", Value::string("rg")),
        ("location", Value::string("westeurope")),
        ("disk_size_gb", Value::Int(size)),
        ("creation_data", Value::map([("create_option", Value::string("Empty"))])),
    ])
}

/// The disk as ARM shows it, with a property that came after the crate.
fn disk(size: i64) -> Json {
    json!({
        "id": DISK, "name": "d", "type": "Microsoft.Compute/disks", "location": "westeurope",
        "tags": {"formwork-operation": "operation-1"}, "sku": {"name": "Standard_LRS", "tier": "Standard"},
        "properties": {
            "creationData": {"createOption": "Empty"}, "diskSizeGB": size, "diskState": "Unattached",
            "provisioningState": "Succeeded", "timeCreated": "2001-02-03T04:05:06.7890123+00:00", "uniqueId": "u",
            "networkAccessPolicy": "AllowAll", "encryption": {"type": "EncryptionAtRestWithPlatformKey"}, "newer": {"than": "2024"},
        },
    })
}

fn accepted() -> Reply {
    Reply::json(202, json!({"location": "westeurope", "properties": {"provisioningState": "Updating"}}))
        .header("azure-asyncoperation", &format!("{{endpoint}}{OPERATION}?p=1&api-version=2024-03-02&t=1&s=sig%2Bx"))
        .header("location", &format!("{{endpoint}}{OPERATION}?p=1&monitor=true"))
        .header("retry-after", "2")
}

async fn a_disk_is_made_by_the_crate_and_followed_by_us() {
    let script = script::start(vec![
        (GET, vec![absent(), Reply::json(200, disk(32))]),
        (PUT, vec![accepted()]),
        (POLL, vec![status("InProgress"), status("Succeeded")]),
    ])
    .await;
    let harness = connect(&script).await;
    let made = harness.create("disk", "d", &config(32)).await.unwrap();
    assert_eq!(operations(&script), [GET, PUT, POLL, POLL, GET]);
    let sent = &script.asked_for(PUT)[0];
    assert_eq!(sent.query(), "api-version=2024-03-02");
    assert_eq!(
        sent.header("authorization"),
        Some("Bearer first"),
        "the token is ours, not the stand-in that the crate has"
    );
    // The crate's model says of times that they are not there.
    assert_eq!(
        sent.json(),
        json!({"location": "westeurope", "tags": {"formwork-operation": "operation-1"},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 32, "timeCreated": null,
                "burstingEnabledTime": null, "LastOwnershipUpdateTime": null}})
    );
    // The poll address is followed as it was told: it is signed.
    assert_eq!(script.asked_for(POLL)[0].query(), "p=1&api-version=2024-03-02&t=1&s=sig%2Bx");
    let noted = harness.sink.checkpoints();
    assert!(noted[0].poll.contains("DiskOperations/1"), "{noted:?}");
    assert_eq!(text(&made, "id"), DISK);
    harness.assert_settled("disk", "d", &config(32), &made).await.unwrap();
}

async fn a_resumed_create_polls_and_sends_nothing() {
    let script = script::start(vec![
        (GET, vec![Reply::json(200, disk(32))]),
        (POLL, vec![status("InProgress"), status("Succeeded")]),
    ])
    .await;
    let harness = connect(&script).await;
    let mut request = harness.create_request("disk", "d", &config(32)).await.unwrap();
    let poll = json!({"kind": "status", "address": format!("{}{OPERATION}", script.endpoint), "api_version": "2024-03-02",
        "first_s": null});
    request.resume = Some(Checkpoint {
        identity: ValueBuf::from(Value::map([("id", Value::string(DISK))])),
        private: Vec::new(),
        poll: poll.to_string(),
    });
    harness.send_create(request).await.unwrap();
    assert_eq!(operations(&script), [POLL, POLL, GET]);
}

async fn errors_keep_their_class() {
    let cases = [
        (error(409, "OperationNotAllowed"), ErrorClass::Conflict, "OperationNotAllowed"),
        (error(429, "TooManyRequests"), ErrorClass::Retryable, "TooManyRequests"),
        (error(400, "InvalidParameter"), ErrorClass::Invalid, "InvalidParameter"),
        (error(409, "SkuNotAvailable"), ErrorClass::Quota, "SkuNotAvailable"),
        (Reply::Hang, ErrorClass::AnswerLost, ""),
    ];
    for (reply, class, code) in cases {
        let script = script::start(vec![(GET, vec![absent()]), (PUT, vec![reply])]).await;
        let error = connect(&script).await.create("disk", "d", &config(32)).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (class, code), "{}", error.message);
        assert_eq!(script.asked_for(PUT).len(), 1, "retries are the engine's");
    }
}

async fn a_refused_token_is_asked_once_more() {
    let script = script::start(vec![
        (TOKEN, vec![token("first", 3600), token("second", 3600)]),
        (GET, vec![error(401, "ExpiredAuthenticationToken"), absent(), Reply::json(200, disk(32))]),
        (PUT, vec![accepted()]),
        (POLL, vec![status("Succeeded")]),
    ])
    .await;
    connect(&script).await.create("disk", "d", &config(32)).await.unwrap();
    let tokens: Vec<String> =
        script.asked_for(GET).iter().filter_map(|asked| asked.header("authorization")).map(str::to_owned).collect();
    assert_eq!(tokens, ["Bearer first", "Bearer second", "Bearer second"]);
}

async fn an_update_loses_nothing_that_the_crate_does_not_know() {
    let script = script::start(vec![
        (GET, vec![absent(), Reply::json(200, disk(32)), Reply::json(200, disk(32)), Reply::json(200, disk(64))]),
        (PUT, vec![accepted()]),
        (POLL, vec![status("Succeeded")]),
    ])
    .await;
    let harness = connect(&script).await;
    let made = harness.create("disk", "d", &config(32)).await.unwrap();
    harness.update("disk", "d", &config(64), &made).await.unwrap();
    let sent = script.asked_for(PUT)[1].json();
    assert_eq!(sent["properties"]["newer"], json!({"than": "2024"}));
    assert_eq!(sent["properties"]["diskSizeGB"], 64);
    assert_eq!(sent["properties"].get("timeCreated"), None);
    assert_eq!(script.asked_for(PUT)[1].query(), "api-version=2024-03-02");
}

const MACHINE: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m";
const GET_MACHINE: &str = "GET /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m";
const PUT_MACHINE: &str = "PUT /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m";

fn machine_config(disks: &[i64]) -> Value {
    let image = Value::map([(
        "id",
        Value::string("/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/images/i"),
    )]);
    let disk = |lun: &i64| Value::map([("lun", Value::Int(*lun)), ("create_option", Value::string("Empty"))]);
    let profile =
        Value::map([("admin_username", Value::string("ops")), ("admin_password", Value::string("hush").secret())]);
    Value::map([
        ("name", Value::string("m")),
        ("group", Value::string("rg")),
        ("location", Value::string("westeurope")),
        ("vm_size", Value::string("Standard_D2s_v5")),
        ("image_reference", image),
        ("os_profile", profile),
        ("data_disks", Value::list(disks.iter().map(disk))),
    ])
}

fn machine(disks: Json) -> Reply {
    Reply::json(
        200,
        json!({
            "id": MACHINE, "name": "m", "type": "Microsoft.Compute/virtualMachines", "location": "westeurope",
            "tags": {"formwork-operation": "operation-1"}, "etag": "\"3\"",
            "resources": [{"id": format!("{MACHINE}/extensions/e"), "name": "e", "location": "westeurope"}],
            "properties": {
                "hardwareProfile": {"vmSize": "Standard_D2s_v5"}, "provisioningState": "Succeeded", "vmId": "v",
                "networkProfile": {"networkInterfaces": []},
                "osProfile": {"adminUsername": "ops", "computerName": "m", "secrets": []},
                "storageProfile": {
                    "imageReference": {"id": "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/images/i"},
                    "osDisk": {"osType": "Linux", "createOption": "FromImage", "deleteOption": "Delete"}, "dataDisks": disks,
                },
            },
        }),
    )
}

/// The crate's model would leave the empty list out, and the disk would stay.
async fn the_last_data_disk_is_taken_away() {
    let one = json!([{"lun": 0, "createOption": "Empty"}]);
    let script = script::start(vec![
        (GET_MACHINE, vec![absent(), machine(one.clone()), machine(one.clone()), machine(json!([]))]),
        (PUT_MACHINE, vec![machine(one), machine(json!([]))]),
    ])
    .await;
    let harness = connect(&script).await;
    let made = harness.create("virtual_machine", "m", &machine_config(&[0])).await.unwrap();
    harness.update("virtual_machine", "m", &machine_config(&[]), &made).await.unwrap();
    let sent: Vec<Json> = script.asked_for(PUT_MACHINE).iter().map(|asked| asked.json()).collect();
    assert_eq!(sent[0]["properties"]["osProfile"]["adminPassword"], "hush");
    assert_eq!(sent[0]["properties"]["storageProfile"]["osDisk"]["deleteOption"], "Delete");
    assert_eq!(sent[1]["properties"]["storageProfile"]["dataDisks"], json!([]));
    assert_eq!(sent[1].get("resources"), None);
    assert_eq!(script.asked_for(PUT_MACHINE)[1].header("if-match"), Some("\"3\""));
}
