//! How many calls a refresh takes, and which lists it reads.

use crate::client::{connect, trials};
use crate::script::{self, Reply, Script, operations};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{ReadManyRequest, ReadOutcome, StoredObject};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

trials! {
    "refresh":
    a_thousand_objects_cost_few_calls,
    what_a_list_does_not_show_is_asked_for,
    a_write_ends_what_lists_told,
}

pub const SUBSCRIPTION: &str = "/subscriptions/sub";

/// What is in a subscription: what its lists show, what single reads show, and what is recorded.
#[derive(Default)]
struct Estate {
    lists: BTreeMap<String, Vec<Json>>,
    singles: BTreeMap<String, Json>,
    recorded: BTreeMap<&'static str, Vec<String>>,
}

impl Estate {
    /// Objects of their own over ten groups.
    fn own(&mut self, type_name: &'static str, kind: &str, count: usize) -> Vec<String> {
        let ids = (0..count).map(|one| format!("{SUBSCRIPTION}/resourceGroups/rg{}/providers/{kind}/o{one}", one % 10));
        let ids: Vec<String> = ids.collect();
        self.hold(type_name, &format!("{SUBSCRIPTION}/providers/{kind}"), &ids);
        ids
    }

    /// Children, spread over their parents, with a list of their own in each.
    fn children(&mut self, type_name: &'static str, parents: &[String], segment: &str, count: usize) {
        for (parent, ids) in spread(parents, segment, count) {
            self.hold(type_name, &format!("{parent}/{segment}"), &ids);
        }
    }

    /// Children, spread over their parents, in whose own list they stand.
    fn embedded(&mut self, type_name: &'static str, parents: &[String], (segment, place): (&str, &str), count: usize) {
        for (parent, ids) in spread(parents, segment, count) {
            let bodies: Vec<Json> = ids.iter().map(|id| body(id)).collect();
            let mut items = self.lists.values_mut().flatten();
            let item = items.find(|item| item["id"] == *parent).unwrap();
            item["properties"][place] = bodies.into();
            self.record(type_name, &ids);
        }
    }

    /// What lists show in few words: what a single read shows besides.
    fn marked(&mut self, type_name: &'static str, list: &str, objects: Vec<(String, Json, Json)>) {
        for (id, listed, single) in objects {
            let path = id.trim_start_matches("{endpoint}").to_owned();
            self.lists.entry(list.to_owned()).or_default().push(listed);
            self.singles.insert(path, single);
            self.record(type_name, &[id]);
        }
    }

    fn hold(&mut self, type_name: &'static str, list: &str, ids: &[String]) {
        self.lists.entry(list.to_owned()).or_default().extend(ids.iter().map(|id| body(id)));
        self.record(type_name, ids);
    }

    fn record(&mut self, type_name: &'static str, ids: &[String]) {
        self.recorded.entry(type_name).or_default().extend_from_slice(ids);
    }

    fn count(&self) -> usize {
        self.recorded.values().map(Vec::len).sum()
    }

    /// The server, with vaults' lists in pages of 25.
    async fn serve(&self) -> Script {
        let mut replies: Vec<(String, Vec<Reply>)> = Vec::new();
        for (list, items) in &self.lists {
            let size = if list.starts_with("/vaults/") { 25 } else { 5000 };
            // These two link to a page with nothing in it.
            let has_trailing_page = list.ends_with("/vaults") || list.ends_with("/managedClusters");
            let trailing: &[&[Json]] = if has_trailing_page { &[&[]] } else { &[] };
            let chunks: Vec<&[Json]> = items.chunks(size).chain(trailing.iter().copied()).collect();
            let last = chunks.len() - 1;
            let path = |number: usize| if number == 0 { list.clone() } else { format!("{list}-page-{number}") };
            replies.extend(chunks.into_iter().enumerate().map(|(number, items)| {
                let next = (number < last).then(|| format!("{{endpoint}}{}?$skiptoken=x", path(number + 1)));
                (format!("GET {}", path(number)), vec![Reply::json(200, json!({"value": items, "nextLink": next}))])
            }));
        }
        replies.extend(
            self.singles.iter().map(|(path, body)| (format!("GET {path}"), vec![Reply::json(200, body.clone())])),
        );
        let kubeconfig = json!({"kubeconfigs": [{"name": "clusterAdmin", "value": "YTog"}]});
        let clusters = self.recorded.get("kubernetes_cluster").into_iter().flatten();
        replies.extend(
            clusters.map(|id| {
                (format!("POST {id}/listClusterAdminCredential"), vec![Reply::json(200, kubeconfig.clone())])
            }),
        );
        script::start(replies.iter().map(|(name, replies)| (name.as_str(), replies.clone())).collect()).await
    }

    /// As recorded by a run that knew no more than the ids.
    fn objects(&self, script: &Script) -> BTreeMap<&'static str, Vec<StoredObject>> {
        let object = |id: &String| object(&id.replace("{endpoint}", &script.endpoint));
        self.recorded.iter().map(|(type_name, ids)| (*type_name, ids.iter().map(object).collect())).collect()
    }
}

fn spread<'a>(
    parents: &'a [String],
    segment: &'a str,
    count: usize,
) -> impl Iterator<Item = (&'a String, Vec<String>)> + 'a {
    parents.iter().enumerate().map(move |(at, parent)| {
        let own = (0..count).filter(|number| number % parents.len() == at);
        (parent, own.map(|number| format!("{parent}/{segment}/c{number}")).collect())
    })
}

fn body(id: &str) -> Json {
    json!({"id": id, "name": id.rsplit('/').next(), "location": "westeurope", "properties": {"provisioningState": "Succeeded"}})
}

pub fn object(id: &str) -> StoredObject {
    StoredObject { values: ValueBuf::from(Value::map([("id", Value::string(id))])), private: Vec::new() }
}

/// Reads the objects of each type; what became of them.
async fn refresh(
    harness: &Harness,
    recorded: &BTreeMap<&'static str, Vec<StoredObject>>,
) -> BTreeMap<&'static str, Vec<ReadOutcome>> {
    let mut read = BTreeMap::new();
    for (type_name, objects) in recorded {
        let request = ReadManyRequest { type_name: (*type_name).to_owned(), objects: objects.clone() };
        read.insert(*type_name, harness.connection.read_many(request).await.unwrap());
    }
    read
}

pub fn present(outcome: &ReadOutcome) -> StoredObject {
    match outcome {
        ReadOutcome::Present(object) => object.clone(),
        other => panic!("it is not there: {other:?}"),
    }
}

/// A version of a secret or key: what its vault lists of it, and the thing itself.
pub fn in_vault(id: &str, updated: i64, tags: &Json) -> (String, Json, Json) {
    let kind = if id.contains("/keys/") { "kid" } else { "id" };
    let attributes = json!({"enabled": true, "created": updated, "updated": updated, "recoveryLevel": "Recoverable"});
    let version = format!("{id}/{updated:032}");
    let listed =
        json!({kind: id, "attributes": {"enabled": true, "created": updated, "updated": updated}, "tags": tags});
    let single = match kind {
        "kid" => {
            json!({"key": {"kid": version, "kty": "EC", "crv": "P-256", "x": updated.to_string(), "y": "eQ", "key_ops": ["sign"]},
            "attributes": attributes, "tags": tags})
        }
        _ => json!({"id": version, "value": format!("value of {updated}"), "attributes": attributes, "tags": tags}),
    };
    (id.to_owned(), listed, single)
}

pub fn vault_list(vault: &str, collection: &str, count: usize) -> (String, Vec<(String, Json, Json)>) {
    let tags = json!({"formwork-operation": "op"});
    let list = format!("/vaults/{vault}/{collection}");
    let objects = (0..count).map(|one| in_vault(&format!("{{endpoint}}{list}/o{one}"), 1_800_000_000, &tags));
    (list.clone(), objects.collect())
}

/// A container: what the list of its account tells, and what it is.
pub fn container(id: &str, etag: &str, metadata: &str) -> (String, Json, Json) {
    let properties = json!({"publicAccess": "None", "hasImmutabilityPolicy": false, "hasLegalHold": false});
    let name = id.rsplit('/').next();
    let listed = json!({"id": id, "name": name, "etag": etag, "properties": properties});
    let mut single = listed.clone();
    single["properties"]["metadata"] = json!({"owner": metadata});
    (id.to_owned(), listed, single)
}

/// A subscription of a thousand objects of all types, as that of an application platform of one environment: one cluster, a
/// hub and three spokes, and of everything else what goes with them; a third are rules of security groups, a tenth are role
/// assignments, a tenth lies in vaults. Next to the number of types it is the number of parents that costs: each private
/// zone, vault, account and identity with credentials has lists of its own.
fn platform() -> Estate {
    let mut estate = Estate::default();
    let groups: Vec<String> = (0..10).map(|one| format!("{SUBSCRIPTION}/resourceGroups/rg{one}")).collect();
    estate.hold("resource_group", &format!("{SUBSCRIPTION}/resourceGroups"), &groups);
    let networks = estate.own("virtual_network", "Microsoft.Network/virtualNetworks", 4);
    estate.embedded("subnet", &networks, ("subnets", "subnets"), 50);
    estate.embedded("virtual_network_peering", &networks, ("virtualNetworkPeerings", "virtualNetworkPeerings"), 6);
    let filters = estate.own("network_security_group", "Microsoft.Network/networkSecurityGroups", 36);
    estate.embedded("security_rule", &filters, ("securityRules", "securityRules"), 316);
    let tables = estate.own("route_table", "Microsoft.Network/routeTables", 8);
    estate.embedded("route", &tables, ("routes", "routes"), 40);
    estate.own("nat_gateway", "Microsoft.Network/natGateways", 3);
    estate.own("public_ip", "Microsoft.Network/publicIPAddresses", 10);
    estate.own("public_ip_prefix", "Microsoft.Network/publicIPPrefixes", 2);
    let zones = estate.own("private_dns_zone", "Microsoft.Network/privateDnsZones", 3);
    estate.children("private_dns_zone_link", &zones, "virtualNetworkLinks", 12);
    estate.children("private_dns_a_record", &zones, "A", 30);
    let endpoints = estate.own("private_endpoint", "Microsoft.Network/privateEndpoints", 3);
    estate.children("private_dns_zone_group", &endpoints, "privateDnsZoneGroups", 3);
    let domains = estate.own("dns_zone", "Microsoft.Network/dnsZones", 1);
    for (type_name, kind, count) in
        [("dns_a_record", "A", 20), ("dns_cname_record", "CNAME", 20), ("dns_txt_record", "TXT", 6)]
    {
        estate.children(type_name, &domains, kind, count);
    }
    estate.own("bastion_host", "Microsoft.Network/bastionHosts", 1);
    estate.own("load_balancer", "Microsoft.Network/loadBalancers", 2);
    let clusters = estate.own("kubernetes_cluster", "Microsoft.ContainerService/managedClusters", 1);
    estate.children("node_pool", &clusters, "agentPools", 8);
    estate.children("maintenance_configuration", &clusters, "maintenanceConfigurations", 2);
    let registries = estate.own("container_registry", "Microsoft.ContainerRegistry/registries", 1);
    estate.children("container_registry_replication", &registries, "replications", 2);
    let identities = estate.own("user_assigned_identity", "Microsoft.ManagedIdentity/userAssignedIdentities", 40);
    estate.children("federated_credential", &identities[..6], "federatedIdentityCredentials", 50);
    role_assignments(&mut estate, &groups, &networks, 133);
    estate.own("log_analytics_workspace", "Microsoft.OperationalInsights/workspaces", 2);
    estate.own("virtual_machine", "Microsoft.Compute/virtualMachines", 12);
    estate.own("disk", "Microsoft.Compute/disks", 14);
    estate.own("network_interface", "Microsoft.Network/networkInterfaces", 14);
    estate.own("ssh_public_key", "Microsoft.Compute/sshPublicKeys", 3);
    estate.own("scale_set", "Microsoft.Compute/virtualMachineScaleSets", 2);
    estate.own("key_vault", "Microsoft.KeyVault/vaults", 2);
    for (collection, type_name, count) in [("secrets", "secret", 40), ("keys", "key", 6)] {
        for vault in ["one", "two"] {
            let (list, objects) = vault_list(vault, collection, count);
            estate.marked(type_name, &list, objects);
        }
    }
    for account in estate.own("storage_account", "Microsoft.Storage/storageAccounts", 3) {
        let list = format!("{account}/blobServices/default/containers");
        let containers = (0..10).map(|one| container(&format!("{list}/c{one}"), "\"0x1\"", "team"));
        estate.marked("blob_container", &list, containers.collect());
    }
    estate
}

/// Assignments on the subscription, on groups and on single objects, which one list shows; and roles of one's own.
fn role_assignments(estate: &mut Estate, groups: &[String], networks: &[String], count: usize) {
    let on_subscription = [SUBSCRIPTION.to_owned()];
    let scopes: Vec<&String> = on_subscription.iter().chain(groups).chain(networks).collect();
    let all = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments");
    let id = |one: usize| {
        let scope = scopes[one % scopes.len()];
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-{one:012}")
    };
    estate.hold("role_assignment", &all, &(0..count).map(id).collect::<Vec<_>>());
    let roles = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions");
    let own: Vec<String> = (0..3).map(|one| format!("{roles}/00000000-0000-4000-8000-{one:012}")).collect();
    estate.hold("role_definition", &roles, &own);
}

async fn a_thousand_objects_cost_few_calls() {
    let estate = platform();
    assert_eq!(
        estate.count(),
        1000,
        "{:?}",
        estate.recorded.iter().map(|(name, ids)| (name, ids.len())).collect::<Vec<_>>()
    );
    // What is alone, in the subscription or in its parent, is read by itself.
    let is_alone = |type_name: &str, ids: &[String]| ids.len() == 1 || type_name == "private_dns_zone_group";
    let alone = estate.recorded.iter().filter(|(type_name, ids)| is_alone(type_name, ids)).flat_map(|(_, ids)| ids);
    let mut estate_and_singles =
        Estate { lists: estate.lists.clone(), singles: estate.singles.clone(), ..Estate::default() };
    estate_and_singles.recorded.clone_from(&estate.recorded);
    estate_and_singles.singles.extend(alone.map(|id| (id.clone(), body(id))));
    let script = estate_and_singles.serve().await;
    let harness = connect(&script).await;
    // The first time nothing is recorded of what lists only prove to be unchanged: 122 objects are read by themselves.
    let first = refresh(&harness, &estate_and_singles.objects(&script)).await;
    let before = operations(&script).len();
    let missing: Vec<&str> = first
        .iter()
        .filter(|(_, outcomes)| !outcomes.iter().all(|outcome| matches!(outcome, ReadOutcome::Present(_))))
        .map(|(type_name, _)| *type_name)
        .collect();
    assert_eq!(missing, [""; 0]);
    let recorded: BTreeMap<&str, Vec<StoredObject>> =
        first.iter().map(|(type_name, outcomes)| (*type_name, outcomes.iter().map(present).collect())).collect();
    // Another run: it has been told nothing yet.
    let again = refresh(&connect(&script).await, &recorded).await;
    let calls = operations(&script).split_off(before);
    let changed: Vec<&&str> = first.keys().filter(|type_name| first.get(*type_name) != again.get(*type_name)).collect();
    assert!(changed.is_empty(), "{changed:?}");
    println!("a refresh of {} objects: {before} calls the first time, {} from then on", estate.count(), calls.len());
    assert!(calls.len() < 60, "{} calls: {calls:#?}", calls.len());
}

pub async fn read(harness: &Harness, type_name: &str, objects: &[StoredObject]) -> Vec<ReadOutcome> {
    let request = ReadManyRequest { type_name: type_name.to_owned(), objects: objects.to_vec() };
    harness.connection.read_many(request).await.unwrap()
}

pub fn page(items: impl IntoIterator<Item = Json>) -> Reply {
    Reply::json(200, json!({"value": items.into_iter().collect::<Vec<Json>>(), "nextLink": null}))
}

async fn what_a_list_does_not_show_is_asked_for() {
    let at = |scope: &str, one: usize| {
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-{one:012}")
    };
    let above = "/providers/Microsoft.Management/managementGroups/all";
    let group = format!("{SUBSCRIPTION}/resourceGroups/rg");
    let (shown, lagging, gone, higher) = (at(&group, 1), at(SUBSCRIPTION, 2), at(&group, 3), at(above, 4));
    let list = format!("GET {SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments");
    let single = |id: &str| (format!("GET {id}"), vec![Reply::json(200, body(id))]);
    let replies = [single(&lagging), single(&higher), (list.clone(), vec![page([body(&shown)])])];
    let script = script::start(replies.iter().map(|(name, replies)| (name.as_str(), replies.clone())).collect()).await;
    let harness = connect(&script).await;
    let objects: Vec<StoredObject> = [&shown, &lagging, &gone, &higher].map(|id| object(id)).into();
    let outcomes = read(&harness, "role_assignment", &objects).await;
    let there = outcomes.iter().map(|outcome| matches!(outcome, ReadOutcome::Present(_))).collect::<Vec<_>>();
    assert_eq!(there, [true, true, false, true]);
    assert_eq!(outcomes[2], ReadOutcome::Gone);
    let asked = operations(&script);
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(!asked.contains(&format!("GET {shown}")), "{asked:?}");
    // In one group alone its own list is the shorter one.
    let script = script::start(vec![]).await;
    read(&connect(&script).await, "role_assignment", &[object(&shown), object(&gone)]).await;
    assert_eq!(operations(&script)[0], format!("GET {group}/providers/Microsoft.Authorization/roleAssignments"));
}

async fn a_write_ends_what_lists_told() {
    let network = format!("{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v");
    let list = format!("GET {SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks");
    let mut shown = body(&network);
    shown["properties"]["subnets"] =
        json!([body(&format!("{network}/subnets/a")), body(&format!("{network}/subnets/b"))]);
    let script = script::start(vec![
        (list.as_str(), vec![page([shown])]),
        (format!("DELETE {network}/subnets/b").as_str(), vec![Reply::empty(204)]),
    ])
    .await;
    let harness = connect(&script).await;
    let subnets = ["a", "b"].map(|name| object(&format!("{network}/subnets/{name}")));
    let peerings = ["a", "b"].map(|name| object(&format!("{network}/virtualNetworkPeerings/{name}")));
    let asked = || script.asked_for(&list).len();
    read(&harness, "subnet", &subnets).await;
    read(&harness, "virtual_network_peering", &peerings).await;
    assert_eq!(asked(), 1, "it was just told");
    read(&harness, "subnet", &subnets).await;
    assert_eq!(asked(), 2, "who asks again wants to know anew");
    harness.delete("subnet", &subnets[1], &Value::map::<&str>([])).await.unwrap();
    read(&harness, "virtual_network_peering", &peerings).await;
    assert_eq!(asked(), 3);
    read(&connect(&script).await, "subnet", &subnets).await;
    assert_eq!(asked(), 4, "another connection was told nothing");
}
