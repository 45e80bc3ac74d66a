//! Rules and routes that come back in another order and in another case than they were sent: no change. A real change
//! among them is seen, and it alone. The server keeps what it is sent and shows it contrarily.

use crate::client::{connect, trials};
use crate::life::shaped;
use crate::script::{Reply, Script, TOKEN, error, token};
use formwork_model::{Address, Value};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::testing::script::Manner;
use formwork_provider_api::{ReadManyRequest, ReadOutcome, StoredObject};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

trials! {
    "order":
    rules_of_a_group_come_back_otherwise,
    routes_of_a_table_come_back_otherwise,
    rules_of_their_own_come_back_otherwise,
    routes_of_their_own_come_back_otherwise,
}

const GROUP: &str = "/subscriptions/sub/resourceGroups/rg";
const RULES: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg";
const ROUTES: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/routeTables/rt";

/// What was sent, by the id in small letters. Children lie in their parents, as in ARM.
type Kept = Arc<Mutex<BTreeMap<String, Json>>>;

struct Contrary {
    kept: Kept,
    script: Script,
}

impl Contrary {
    async fn start() -> Self {
        let kept = Kept::default();
        let answered = Arc::clone(&kept);
        let manner = Manner {
            name: |asked| asked.operation.clone(),
            otherwise: Arc::new(move |asked| {
                let (method, path) = asked.operation.split_once(' ').unwrap();
                answer(&mut answered.lock().unwrap(), method, path, || asked.json())
            }),
        };
        let script = Script::start(manner, [(TOKEN, vec![token("first", 3600)])]).await.unwrap();
        Self { kept, script }
    }

    /// Somebody changes what is kept.
    fn change(&self, id: &str, change: impl FnOnce(&mut Json)) {
        change(self.kept.lock().unwrap().get_mut(&id.to_lowercase()).unwrap());
    }

    /// The names of the children as they are shown.
    fn shown(&self, id: &str, children: &str) -> Vec<String> {
        let shown = contrary(&self.kept.lock().unwrap()[&id.to_lowercase()]);
        let children = shown["properties"][children].as_array().unwrap();
        children.iter().map(|child| child["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn answer(kept: &mut BTreeMap<String, Json>, method: &str, path: &str, sent: impl FnOnce() -> Json) -> Reply {
    // It is asked for by the ids that it told.
    let key = path.to_lowercase();
    let Some((scope, below)) = key.rsplit_once("/providers/") else { return error(404, "ResourceGroupNotFound") };
    let parts: Vec<&str> = below.split('/').collect();
    let parent = |kind: &str, name: &str| format!("{scope}/providers/{}/{kind}/{name}", parts[0]);
    let place = |children: &str| if children == "routes" { "routes" } else { "securityRules" };
    let named = |body: Json| {
        let mut body = body;
        body["id"] = json!(path);
        body["name"] = json!(path.rsplit('/').next());
        body
    };
    let found = match (method, parts.as_slice()) {
        ("PUT", [_, _, _]) => {
            kept.insert(key.clone(), named(sent()));
            kept.get(&key).cloned()
        }
        ("PUT", [_, kind, name, children, _]) => {
            let body = named(sent());
            let siblings = &mut kept.get_mut(&parent(kind, name)).unwrap()["properties"][place(children)];
            let others = siblings.as_array().into_iter().flatten().filter(|one| one["name"] != body["name"]).cloned();
            *siblings = others.chain([body.clone()]).collect();
            Some(body)
        }
        ("GET", [_, _, _]) => kept.get(&key).cloned(),
        ("GET", [_, kind, name, children, child]) => kept.get(&parent(kind, name)).and_then(|one| {
            let siblings = one["properties"][place(children)].as_array()?;
            siblings.iter().find(|one| one["name"].as_str().unwrap().to_lowercase() == **child).cloned()
        }),
        ("GET", [_, kind]) => {
            let of_kind = kept.iter().filter(|(id, _)| id.contains(&format!("/{kind}/")));
            Some(json!({"value": of_kind.map(|(_, one)| one.clone()).collect::<Vec<_>>()}))
        }
        ("GET", [_, kind, name, children]) => {
            kept.get(&parent(kind, name)).map(|one| json!({"value": one["properties"][place(children)]}))
        }
        _ => None,
    };
    found.map_or_else(|| error(404, "ResourceNotFound"), |found| Reply::json(200, contrary(&found)))
}

/// The same, with every list backwards, ids in capitals, and the words of enums in another case.
fn contrary(json: &Json) -> Json {
    const WORDS: [&str; 4] = ["access", "direction", "protocol", "nextHopType"];
    match json {
        Json::Array(items) => items.iter().rev().map(contrary).collect(),
        Json::Object(entries) => {
            let entry = |(key, value): (&String, &Json)| {
                let value = match value.as_str() {
                    Some(text) if key == "id" => json!(text.to_uppercase()),
                    Some(text) if WORDS.contains(&key.as_str()) => json!(text.to_uppercase()),
                    _ => contrary(value),
                };
                (key.clone(), value)
            };
            entries.iter().map(entry).collect()
        }
        other => other.clone(),
    }
}

fn rule(name: &str, priority: i64, more: Json) -> Json {
    let mut rule = json!({"name": name, "priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "source_port_range": "*", "destination_address_prefix": "*"});
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

fn rules() -> [Json; 3] {
    let callers =
        ["web", "jobs"].map(|name| format!("{GROUP}/providers/Microsoft.Network/applicationSecurityGroups/{name}"));
    [
        rule(
            "https",
            300,
            json!({"source_address_prefix": "Internet", "destination_port_ranges": ["443", "80", "8000-8100"]}),
        ),
        rule("callers", 100, json!({"source_application_security_groups": callers, "destination_port_range": "5432"})),
        rule(
            "office",
            200,
            json!({"source_address_prefixes": ["192.0.2.0/24", "198.51.100.0/24"], "destination_port_range": "22"}),
        ),
    ]
}

fn routes() -> [Json; 3] {
    [
        json!({"name": "out", "address_prefix": "0.0.0.0/0", "next_hop_type": "VirtualAppliance", "next_hop_ip_address": "10.0.0.4"}),
        json!({"name": "local", "address_prefix": "10.0.0.0/8", "next_hop_type": "VnetLocal"}),
        json!({"name": "none", "address_prefix": "192.0.2.0/24", "next_hop_type": "None"}),
    ]
}

async fn rules_of_a_group_come_back_otherwise() {
    let change = |rule: &mut Json| rule["properties"]["priority"] = json!(150);
    inline("network_security_group", RULES, ("security_rules", "securityRules"), &rules(), change, "priority").await;
}

async fn routes_of_a_table_come_back_otherwise() {
    let change = |route: &mut Json| route["properties"]["nextHopType"] = json!("Internet");
    inline("route_table", ROUTES, ("routes", "routes"), &routes(), change, "next_hop_type").await;
}

/// All children stand in their parent: in the config in one order, in the answers in the other.
async fn inline(
    type_name: &str,
    id: &str,
    (ours, theirs): (&str, &str),
    children: &[Json],
    change: impl FnOnce(&mut Json),
    changed: &str,
) {
    let server = Contrary::start().await;
    let harness = connect(&server.script).await;
    let config = |children: &[Json]| {
        let name = id.rsplit('/').next().unwrap();
        let config = json!({"name": name, "group": "rg", "location": "westeurope", ours: children});
        shaped(harness.resource(type_name).unwrap().attributes, &config)
    };
    let written = config(children);
    let made = harness.create(type_name, "parent", &written).await.unwrap();
    let names: Vec<&str> = children.iter().rev().map(|child| child["name"].as_str().unwrap()).collect();
    assert_eq!(server.shown(id, theirs), names, "the server does answer in another order");
    harness.assert_settled(type_name, "parent", &written, &made).await.unwrap();

    // Whoever writes them in another order changes nothing either.
    let backwards: Vec<Json> = children.iter().rev().cloned().collect();
    let planned = plan(&harness, type_name, &config(&backwards), &made).await;
    assert!(planned.is_empty(), "{planned:?}");

    // One child changes, one is taken away, one is added: each is seen.
    server.change(id, |kept| change(&mut kept["properties"][theirs][1]));
    let drifted = plan(&harness, type_name, &written, &present(&harness, type_name, &made).await).await;
    assert_eq!(drifted.len(), 1, "{drifted:?}");
    assert!(drifted[0].starts_with(ours) && drifted[0].ends_with(changed), "{drifted:?}");
    let repaired =
        harness.update(type_name, "parent", &written, &present(&harness, type_name, &made).await).await.unwrap();
    harness.assert_settled(type_name, "parent", &written, &repaired).await.unwrap();
    server.change(id, |kept| drop(kept["properties"][theirs].as_array_mut().unwrap().remove(0)));
    let fewer = plan(&harness, type_name, &written, &present(&harness, type_name, &repaired).await).await;
    assert!(!fewer.is_empty(), "a child that is gone is not seen");
    harness.update(type_name, "parent", &written, &present(&harness, type_name, &repaired).await).await.unwrap();
    server.change(id, |kept| {
        let children = kept["properties"][theirs].as_array_mut().unwrap();
        let mut other = children[0].clone();
        other["name"] = json!("foreign");
        children.insert(1, other);
    });
    let more = plan(&harness, type_name, &written, &present(&harness, type_name, &repaired).await).await;
    assert!(!more.is_empty(), "a child that somebody added is not seen");
}

async fn rules_of_their_own_come_back_otherwise() {
    let change = |rule: &mut Json| rule["properties"]["destinationPortRanges"] = json!(["443"]);
    apart(
        ("network_security_group", RULES),
        ("security_rule", "securityRules"),
        &rules(),
        change,
        "destination_port_ranges",
    )
    .await;
}

async fn routes_of_their_own_come_back_otherwise() {
    let change = |route: &mut Json| route["properties"]["nextHopIpAddress"] = json!("10.0.0.5");
    apart(("route_table", ROUTES), ("route", "routes"), &routes(), change, "next_hop_ip_address").await;
}

/// Each child is a resource of its own; they are read by the list of their parents.
async fn apart(
    (parent, id): (&str, &str),
    (child, theirs): (&str, &str),
    children: &[Json],
    change: impl FnOnce(&mut Json),
    changed: &str,
) {
    let server = Contrary::start().await;
    let harness = connect(&server.script).await;
    let name = id.rsplit('/').next().unwrap();
    let written = json!({"name": name, "group": "rg", "location": "westeurope"});
    let written = shaped(harness.resource(parent).unwrap().attributes, &written);
    let table = harness.create(parent, "parent", &written).await.unwrap();
    let mut made: Vec<(Value, StoredObject)> = Vec::new();
    for one in children {
        let mut config = one.clone();
        // The parent is written in yet another case.
        config[parent] = json!(id.to_lowercase());
        let config = shaped(harness.resource(child).unwrap().attributes, &config);
        let object = harness.create(child, "child", &config).await.unwrap();
        made.push((config, object));
    }
    let names: Vec<&str> = children.iter().rev().map(|child| child["name"].as_str().unwrap()).collect();
    assert_eq!(server.shown(id, theirs), names, "the server does answer in another order");
    // The parent leaves them alone.
    harness.assert_settled(parent, "parent", &written, &table).await.unwrap();
    let seen = all(&harness, child, &made).await;
    for ((config, object), seen) in made.iter().zip(&seen) {
        assert_eq!(seen.values, object.values, "it reads back as it was answered");
        assert_eq!(plan(&harness, child, config, seen).await, Vec::<String>::new());
    }
    server.change(id, |kept| change(&mut kept["properties"][theirs][0]));
    let mut differing = Vec::new();
    for ((config, _), seen) in made.iter().zip(&all(&harness, child, &made).await) {
        differing.push(plan(&harness, child, config, seen).await);
    }
    assert_eq!(differing, [vec![changed.to_owned()], vec![], vec![]]);
}

/// The paths that a plan changes.
async fn plan(harness: &Harness, type_name: &str, config: &Value, prior: &StoredObject) -> Vec<String> {
    let planned = harness.plan(type_name, &Address::resource("planned"), config, Some(prior)).await.unwrap();
    planned.differences.iter().map(|difference| difference.path.to_string()).collect()
}

async fn present(harness: &Harness, type_name: &str, object: &StoredObject) -> StoredObject {
    match harness.read(type_name, object).await.unwrap() {
        ReadOutcome::Present(object) => object,
        other => panic!("{other:?}"),
    }
}

async fn all(harness: &Harness, type_name: &str, made: &[(Value, StoredObject)]) -> Vec<StoredObject> {
    let objects = made.iter().map(|(_, object)| object.clone()).collect();
    let request = ReadManyRequest { type_name: type_name.to_owned(), objects };
    let read = harness.connection.read_many(request).await.unwrap().into_iter();
    read.map(|outcome| match outcome {
        ReadOutcome::Present(object) => object,
        other => panic!("{other:?}"),
    })
    .collect()
}
