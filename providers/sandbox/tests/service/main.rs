//! What recordings do not show of the sandbox's ARM: locks, restarts, failures that are asked for, addresses, paging, events.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod types;

use formwork_sandbox::arm::{Arm, Event, Fate, Problem, StandIn};
use formwork_sandbox::clock::HandClock;
use formwork_sandbox::exchange::{Request, Response};
use formwork_sandbox::store::Store;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const GROUP: &str = "/subscriptions/s/resourceGroups/g";

struct Cloud {
    arm: Arm,
    clock: Arc<HandClock>,
    store: Arc<Store>,
}

impl Cloud {
    fn new() -> Self {
        let (clock, store) = (Arc::new(HandClock::default()), Arc::new(Store::in_memory()));
        let cloud = Self { arm: Arm::new(store.clone(), clock.clone()), clock, store };
        assert_eq!(cloud.put(GROUP, json!({"location": "westeurope"})).status, 201);
        cloud
    }

    fn ask(&self, method: &str, path: &str, body: Option<Json>) -> Response {
        self.arm.handle(&request(method, path, body))
    }

    fn put(&self, path: &str, body: Json) -> Response {
        self.ask("PUT", path, Some(body))
    }

    fn get(&self, path: &str) -> Response {
        self.ask("GET", path, None)
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn network(&self) -> String {
        let id = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v");
        let subnet = json!({"name": "a", "properties": {"addressPrefix": "10.0.0.0/28"}});
        let space = json!({"addressPrefixes": ["10.0.0.0/16"]});
        let answer = self
            .put(&id, json!({"location": "westeurope", "properties": {"addressSpace": space, "subnets": [subnet]}}));
        assert_eq!(answer.status, 201);
        self.wait(60);
        id
    }
}

fn request(method: &str, path: &str, body: Option<Json>) -> Request {
    let version = ("api-version".to_owned(), "2024-03-01".to_owned());
    Request { method: method.to_owned(), path: path.to_owned(), query: vec![version], headers: Vec::new(), body }
}

fn code(answer: &Response) -> &str {
    answer.body.as_ref().and_then(|body| body["error"]["code"].as_str()).unwrap_or_default()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

fn path_of(url: &str) -> &str {
    url.trim_start_matches("https://management.azure.com").split('?').next().unwrap()
}

#[test]
fn subnets_lie_in_their_network_and_beside_each_other() {
    let cloud = Cloud::new();
    let network = cloud.network();
    let subnet = |name: &str, range: &str| {
        let answer = cloud
            .put(&format!("{network}/subnets/{name}"), json!({"name": name, "properties": {"addressPrefix": range}}));
        cloud.wait(60);
        code(&answer).to_owned()
    };
    assert_eq!(subnet("far", "10.1.0.0/24"), "NetcfgInvalidSubnet");
    assert_eq!(subnet("larger", "10.0.0.0/15"), "NetcfgInvalidSubnet");
    assert_eq!(subnet("over", "10.0.0.8/29"), "NetcfgSubnetRangesOverlap");
    assert_eq!(subnet("around", "10.0.0.0/24"), "NetcfgSubnetRangesOverlap");
    assert_eq!(subnet("beside", "10.0.0.16/28"), "");
    // It does not stand in its own way, and grows where there is room.
    assert_eq!(subnet("A", "10.0.0.0/28"), "");
    assert_eq!(subnet("beside", "10.0.1.0/24"), "");
    let subnets = json!([{"name": "a", "properties": {"addressPrefix": "10.0.0.0/28"}},
        {"name": "b", "properties": {"addressPrefixes": ["10.0.1.0/24", "10.0.0.0/29"]}}]);
    let space = json!({"addressPrefixes": ["10.0.0.0/16"]});
    let body = json!({"location": "westeurope", "properties": {"addressSpace": space, "subnets": subnets}});
    assert_eq!(code(&cloud.put(&format!("{network}2"), body)), "NetcfgSubnetRangesOverlap");
}

#[test]
fn rules_of_a_direction_have_different_priorities() {
    let cloud = Cloud::new();
    let group = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/n");
    let rule = |name: &str, priority: u32, direction: &str| {
        json!({"name": name, "properties": {"priority": priority, "direction": direction, "access": "Allow", "protocol": "Tcp",
            "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443"}})
    };
    let with = |rules: Json| {
        let answer = cloud.put(&group, json!({"location": "westeurope", "properties": {"securityRules": rules}}));
        cloud.wait(60);
        answer
    };
    let twice = with(json!([rule("a", 100, "Inbound"), rule("b", 100, "inbound")]));
    assert_eq!((twice.status, code(&twice)), (400, "SecurityRuleConflict"));
    assert_eq!(code(&with(json!([rule("a", 100, "Inbound"), rule("b", 100, "Outbound")]))), "");
    let alone = |name: &str, priority: u32| {
        let answer = cloud.put(&format!("{group}/securityRules/{name}"), rule(name, priority, "Inbound"));
        cloud.wait(60);
        code(&answer).to_owned()
    };
    assert_eq!(alone("c", 100), "SecurityRuleConflict");
    assert_eq!(alone("c", 110), "");
    assert_eq!(alone("A", 100), "", "a rule does not stand in its own way");
}

#[test]
fn an_operation_goes_on_over_a_restart() {
    let cloud = Cloud::new();
    let id = format!("{GROUP}/providers/Microsoft.Network/natGateways/n");
    let answer = cloud.put(&id, json!({"location": "westeurope", "sku": {"name": "Standard"}}));
    let operation = path_of(header(&answer, "azure-asyncoperation")).to_owned();
    let again =
        Cloud { arm: Arm::new(cloud.store.clone(), cloud.clock.clone()), clock: cloud.clock, store: cloud.store };
    assert_eq!(again.get(&operation).body.unwrap()["status"], "InProgress");
    assert_eq!(again.get(&id).body.unwrap()["properties"]["provisioningState"], "Updating");
    again.wait(60);
    assert_eq!(again.get(&operation).body.unwrap()["status"], "Succeeded");
    assert_eq!(again.get(&id).body.unwrap()["properties"]["provisioningState"], "Succeeded");
}

#[test]
fn locks_keep_resources_and_their_groups() {
    let cloud = Cloud::new();
    let id = cloud.network();
    let lock = format!("{id}/providers/Microsoft.Authorization/locks/keep");
    assert_eq!(cloud.put(&lock, json!({"properties": {"level": "CanNotDelete"}})).status, 201);
    assert_eq!(code(&cloud.ask("DELETE", &id, None)), "ScopeLocked");
    assert_eq!(code(&cloud.ask("DELETE", GROUP, None)), "ScopeLocked");
    assert_eq!(cloud.ask("PATCH", &id, Some(json!({"tags": {"a": "b"}}))).status, 200);
    assert_eq!(cloud.put(&lock, json!({"properties": {"level": "ReadOnly"}})).status, 200);
    assert_eq!(code(&cloud.ask("PATCH", &id, Some(json!({"tags": {"a": "c"}})))), "ScopeLocked");
    assert_eq!(cloud.ask("DELETE", &lock, None).status, 200);
    assert_eq!(cloud.ask("DELETE", &id, None).status, 202);
}

#[test]
fn a_group_takes_everything_with_it() {
    let cloud = Cloud::new();
    let id = cloud.network();
    let answer = cloud.ask("DELETE", GROUP, None);
    assert_eq!((answer.status, header(&answer, "retry-after")), (202, "15"));
    assert_eq!(cloud.get(&id).status, 200, "it takes its time");
    assert_eq!(
        code(&cloud.put(&id, json!({"location": "westeurope", "properties": {"addressSpace": {}}}))),
        "ResourceGroupBeingDeleted"
    );
    assert_eq!(cloud.get(path_of(header(&answer, "location"))).status, 202);
    cloud.wait(3600);
    assert_eq!(cloud.get(path_of(header(&answer, "location"))).status, 200);
    assert_eq!((code(&cloud.get(GROUP)), code(&cloud.get(&id))), ("ResourceGroupNotFound", "ResourceGroupNotFound"));
}

#[test]
fn work_fails_when_that_is_asked_for_and_leaves_its_state() {
    let cloud = Cloud::new();
    let id = format!("{GROUP}/providers/Microsoft.Network/natGateways/n");
    let problem = Problem { state: "Failed".into(), code: "Boom".into(), message: "asked for".into() };
    let body = json!({"location": "westeurope", "sku": {"name": "Standard"}});
    let answer = cloud.arm.handle_with(&request("PUT", &id, Some(body.clone())), &Fate { problem: Some(problem) });
    assert_eq!(answer.status, 201);
    cloud.wait(60);
    let told = cloud.get(path_of(header(&answer, "azure-asyncoperation"))).body.unwrap();
    assert_eq!((told["status"].as_str(), told["error"]["code"].as_str()), (Some("Failed"), Some("Boom")));
    assert_eq!(cloud.get(&id).body.unwrap()["properties"]["provisioningState"], "Failed");
    assert_eq!(cloud.put(&id, body).status, 200);
    cloud.wait(60);
    assert_eq!(cloud.get(&id).body.unwrap()["properties"]["provisioningState"], "Succeeded");
}

#[test]
fn an_etag_that_is_not_the_resources_is_refused() {
    let cloud = Cloud::new();
    let id = cloud.network();
    let etag = cloud.get(&id).body.unwrap()["etag"].as_str().unwrap().to_owned();
    let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    let with = |etag: &str| Request {
        headers: vec![("if-match".to_owned(), etag.to_owned())],
        ..request("PUT", &id, Some(body.clone()))
    };
    assert_eq!(cloud.arm.handle(&with(&etag)).status, 200);
    let answer = cloud.arm.handle(&with(&etag));
    assert_eq!((answer.status, code(&answer)), (412, "PreconditionFailed"), "the write has changed it");
}

#[test]
fn addresses_are_given_kept_and_run_out() {
    let cloud = Cloud::new();
    let subnet = format!("{}/subnets/a", cloud.network());
    let nic = |name: usize| format!("{GROUP}/providers/Microsoft.Network/networkInterfaces/n{name}");
    let body = json!({"location": "westeurope", "properties": {"ipConfigurations": [{"name": "c", "properties": {"subnet": {"id": subnet}}}]}});
    let address = |answer: Response| {
        answer.body.unwrap()["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for name in 0..11 {
        assert_eq!(address(cloud.put(&nic(name), body.clone())), format!("10.0.0.{}", name + 4));
    }
    assert_eq!(address(cloud.put(&nic(3), body.clone())), "10.0.0.7", "it is kept");
    assert_eq!(code(&cloud.put(&nic(11), body.clone())), "SubnetIsFull");
    cloud.ask("DELETE", &nic(5), None);
    cloud.wait(60);
    assert_eq!(address(cloud.put(&nic(11), body)), "10.0.0.9");
}

#[test]
fn a_reference_that_leads_nowhere_is_told_in_upper_case() {
    let cloud = Cloud::new();
    let absent = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/a");
    let body = json!({"location": "westeurope", "properties": {"ipConfigurations": [{"name": "c", "properties": {"subnet": {"id": absent}}}]}});
    let answer = cloud.put(&format!("{GROUP}/providers/Microsoft.Network/networkInterfaces/n"), body);
    assert_eq!((answer.status, code(&answer)), (400, "InvalidResourceReference"));
    assert!(
        answer.body.unwrap()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/V/subnets/A")
    );
}

#[test]
fn requests_are_checked_as_arm_checks_them() {
    let cloud = Cloud::new();
    let id = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v");
    let space = json!({"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}});
    assert_eq!(code(&cloud.put(&id, json!({ "properties": space }))), "LocationRequired");
    assert_eq!(
        code(&cloud.put(&id, json!({"location": "nowhere", "properties": space}))),
        "LocationNotAvailableForResourceType"
    );
    assert_eq!(code(&cloud.put(&id, json!({"location": "westeurope"}))), "InvalidRequestFormat");
    assert_eq!(
        code(&cloud.put(&format!("{id}_-"), json!({"location": "westeurope", "properties": space}))),
        "InvalidResourceName"
    );
    assert_eq!(code(&cloud.ask("PUT", &id, None)), "InvalidRequestContent");
    let unversioned = Request { query: Vec::new(), ..request("GET", &id, None) };
    assert_eq!(code(&cloud.arm.handle(&unversioned)), "MissingApiVersionParameter");
    let old = Request { query: vec![("api-version".into(), "latest".into())], ..request("PUT", &id, Some(json!({}))) };
    assert_eq!(code(&cloud.arm.handle(&old)), "InvalidApiVersionParameter");
    let before = Request { query: vec![("api-version".into(), "2014-01-01".into())], ..old };
    assert_eq!(code(&cloud.arm.handle(&before)), "NoRegisteredProviderFound");
    assert_eq!(
        cloud.put(&id, json!({"location": "West Europe", "properties": space})).body.unwrap()["location"],
        "westeurope"
    );
    assert_eq!(
        code(&cloud.put(&id, json!({"location": "northeurope", "properties": space}))),
        "InvalidResourceLocation"
    );
}

#[test]
fn a_new_principal_is_not_found_at_once() {
    let cloud = Cloud::new();
    let identity = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity");
    let made = cloud.put(&identity, json!({"location": "westeurope"})).body.unwrap();
    let role =
        "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d";
    let mut properties = json!({"principalId": made["properties"]["principalId"], "roleDefinitionId": role});
    let id = format!("{GROUP}/providers/Microsoft.Authorization/roleAssignments/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
    assert_eq!(code(&cloud.put(&id, json!({ "properties": properties }))), "PrincipalNotFound");
    properties["principalType"] = "ServicePrincipal".into();
    assert_eq!(cloud.put(&id, json!({ "properties": properties })).status, 201, "who says what it is need not wait");
}

#[test]
fn a_list_comes_page_by_page() {
    let (clock, store) = (Arc::new(HandClock::default()), Arc::new(Store::in_memory()));
    let cloud = Cloud { arm: Arm::new(store.clone(), clock.clone()).with_page(2), clock, store };
    for name in 0..5 {
        cloud.put(&format!("/subscriptions/s/resourceGroups/g{name}"), json!({"location": "westeurope"}));
    }
    let mut names = Vec::new();
    let mut next = Some(("/subscriptions/s/resourcegroups".to_owned(), None));
    while let Some((path, token)) = next.take() {
        let mut asked = request("GET", &path, None);
        asked.query.extend(token.map(|token: String| ("$skiptoken".to_owned(), token)));
        let body = cloud.arm.handle(&asked).body.unwrap();
        names.extend(body["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        next = body["nextLink"].as_str().map(|link| (path, Some(link.rsplit('=').next().unwrap().to_owned())));
    }
    assert_eq!(names, ["g0", "g1", "g2", "g3", "g4"]);
}

#[test]
fn a_cluster_is_told_when_it_comes_changes_and_goes() {
    let cloud = Cloud::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    cloud.arm.listen(move |event| heard.lock().unwrap().push(event.clone()));
    let id = format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/c");
    let pool = json!({"name": "system", "mode": "System", "count": 2, "vmSize": "Standard_D2s_v5"});
    let body = json!({"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": {"dnsPrefix": "p", "agentPoolProfiles": [pool]}});
    assert_eq!(cloud.put(&id, body).status, 201);
    cloud.wait(3600);
    let pools = format!("{id}/agentPools/user");
    assert_eq!(
        cloud.put(&pools, json!({"properties": {"count": 1, "vmSize": "Standard_D2s_v5", "mode": "User"}})).status,
        201
    );
    cloud.wait(3600);
    let scaled = cloud.put(&pools, json!({"properties": {"count": 3}})).body.unwrap();
    assert_eq!(scaled["properties"]["provisioningState"], "Scaling");
    cloud.wait(3600);
    let nodes = "/subscriptions/s/resourceGroups/MC_g_c_westeurope";
    assert_eq!(cloud.get(nodes).status, 200);
    assert_eq!(cloud.ask("DELETE", &id, None).status, 202);
    cloud.wait(3600);
    cloud.arm.settle();
    assert_eq!(cloud.get(nodes).status, 404);
    let told = told.lock().unwrap();
    let counts: Vec<u64> = told
        .iter()
        .filter_map(|event| match event {
            Event::Cluster(cluster) => Some(cluster.pools.iter().map(|pool| pool.count).sum()),
            Event::ClusterGone { .. } => None,
        })
        .collect();
    assert_eq!(counts, [2, 3, 5]);
    assert_eq!(told.last(), Some(&Event::ClusterGone { id }));
}

const HUB: &str = "/subscriptions/other/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub";

#[test]
fn others_refer_to_a_stand_in_and_its_parents() {
    let cloud = Cloud::new();
    let nic = format!("{GROUP}/providers/Microsoft.Network/networkInterfaces/nic");
    let properties = json!({"subnet": {"id": format!("{HUB}/subnets/apps")}});
    let body = json!({"location": "westeurope", "properties": {"ipConfigurations": [{"name": "a", "properties": properties}]}});
    let refused = cloud.put(&nic, body.clone());
    assert_eq!(refused.body.unwrap()["error"]["code"], "InvalidResourceReference");
    let known = StandIn {
        id: format!("{HUB}/subnets/apps"),
        location: Some("West Europe".to_owned()),
        address_prefix: Some("10.9.0.0/24".to_owned()),
    };
    assert_eq!(cloud.arm.stand_in(&known, &BTreeSet::new()), Ok(true));
    let made = cloud.put(&nic, body);
    assert_eq!(made.status, 201, "{:?}", made.body);
    let address = &made.body.unwrap()["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"];
    assert_eq!(address, "10.9.0.4", "from the range of the stand-in");
    assert_eq!(cloud.get(HUB).body.unwrap()["location"], "westeurope");
    assert_eq!(cloud.get("/subscriptions/other/resourceGroups/hub").status, 200);
    assert_eq!(
        cloud.arm.stand_in(&StandIn { id: "no id".to_owned(), ..StandIn::default() }, &BTreeSet::new()),
        Ok(false)
    );
}

#[test]
fn a_stand_in_takes_nobody_s_place() {
    let cloud = Cloud::new();
    let before = cloud.get(GROUP).body;
    let known = StandIn { id: GROUP.to_uppercase(), location: Some("eastus".to_owned()), address_prefix: None };
    assert_eq!(cloud.arm.stand_in(&known, &BTreeSet::new()), Ok(true));
    assert_eq!(cloud.get(GROUP).body, before);
    let (group, in_it) = ("/subscriptions/s/resourceGroups/later", "Microsoft.Network/virtualNetworks/v");
    let known = StandIn { id: format!("{group}/providers/{in_it}"), ..StandIn::default() };
    assert_eq!(cloud.arm.stand_in(&known, &BTreeSet::from([group.to_lowercase()])), Ok(true));
    assert_eq!(cloud.put(group, json!({"location": "westeurope"})).status, 201, "its group is made by somebody else");
    assert_eq!(cloud.get(&known.id).status, 200);
}

/// As the vendor's clients ask for them: `recordsets` and `all` of a zone.
#[test]
fn record_sets_of_all_types_are_listed() {
    let cloud = Cloud::new();
    let zone = format!("{GROUP}/providers/Microsoft.Network/dnsZones/example.com");
    assert_eq!(cloud.get(&format!("{zone}/recordsets")).status, 404);
    assert_eq!(cloud.put(&zone, json!({"location": "global"})).status, 201);
    for (kind, records) in [("A", json!({"ARecords": []})), ("TXT", json!({"TXTRecords": []}))] {
        assert_eq!(cloud.put(&format!("{zone}/{kind}/www"), json!({"properties": records})).status, 201);
    }
    for word in ["recordsets", "all", "recordSets"] {
        let listed = cloud.get(&format!("{zone}/{word}")).body.unwrap();
        let types: Vec<&Json> = listed["value"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
        assert_eq!(types, ["Microsoft.Network/dnszones/A", "Microsoft.Network/dnszones/TXT"], "{word}");
    }
}

#[test]
fn a_storage_account_has_its_services_from_the_start() {
    let cloud = Cloud::new();
    let account = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/accountx");
    assert_eq!(cloud.get(&format!("{account}/blobServices/default")).status, 404, "no account, no service");
    cloud.put(&account, json!({"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}));
    cloud.wait(60);
    let services = format!("{account}/blobServices");
    assert_eq!(cloud.get(&format!("{services}/default")).body.unwrap()["name"], "default");
    assert_eq!(cloud.get(&services).body.unwrap()["value"].as_array().unwrap().len(), 1);
    let retention = json!({"properties": {"deleteRetentionPolicy": {"enabled": true, "days": 7}}});
    assert_eq!(cloud.put(&format!("{services}/default"), retention).status, 200);
    let listed = cloud.get(&services).body.unwrap();
    assert_eq!(listed["value"][0]["properties"]["deleteRetentionPolicy"]["days"], 7);
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
}

/// Statements of the vendor's contract that no recording shows.
#[test]
fn the_contract_holds_where_nothing_was_recorded() {
    let cloud = Cloud::new();
    let id = format!("{GROUP}/providers/Microsoft.Network/routeTables/Table");
    let made = cloud.put(&id, json!({"name": "other", "location": "West Europe", "tags": {"a": "1", "b": "2"}}));
    assert_eq!(made.status, 201);
    cloud.wait(60);
    let shown = cloud.get(&id.to_uppercase()).body.unwrap();
    assert_eq!((&shown["name"], &shown["location"]), (&json!("Table"), &json!("westeurope")), "the URL decides");
    let patched = cloud.ask("PATCH", &id, Some(json!({"tags": {"c": "3"}})));
    assert_eq!((patched.status, &patched.body.unwrap()["tags"]), (200, &json!({"c": "3"})), "all tags are replaced");
    assert_eq!(cloud.ask("DELETE", &format!("{id}x"), None).status, 204, "what is not there is gone");
    let there = cloud.ask("HEAD", GROUP, None);
    assert_eq!((there.status, there.body), (204, None));
    let gone = cloud.ask("HEAD", &format!("{GROUP}x"), None);
    assert_eq!((gone.status, gone.body), (404, None));
    let in_no_group = cloud.ask("DELETE", &id.replace("/g/", "/gone/"), None);
    assert_eq!(
        (in_no_group.status, &in_no_group.body.unwrap()["error"]["code"]),
        (404, &json!("ResourceGroupNotFound"))
    );
    let zone = format!("{GROUP}/providers/Microsoft.Network/dnsZones/example.com");
    assert_eq!([201, 200], [(); 2].map(|()| cloud.put(&zone, json!({"location": "global"})).status));
    let role =
        "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/0b2bd3ac-7b0f-4c6f-9a51-5b7c8f1d2e3f";
    let wanted = json!({"properties": {"roleName": "r", "permissions": [{"actions": ["*/read"]}], "assignableScopes": ["/subscriptions/s"]}});
    assert_eq!([201, 201], [(); 2].map(|()| cloud.put(role, wanted.clone()).status), "definitions are always created");
}
