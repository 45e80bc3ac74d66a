//! Who owns which fields (`managedFields`), and what follows: an object is compared only where the manifest says
//! something. What the server filled in, what controllers and others write is not ours.

use crate::manifest::wire;
use formwork_model::value::from_json;
use formwork_model::{Map, Value};
use serde_json::{Map as JsonMap, Value as Json};
use std::collections::BTreeMap;

/// What the server made of leaves that it writes in another way (`1000m` became `1`), by JSON pointer into the manifest.
/// Null: it left the leaf out (an empty map).
pub(crate) type Answers = BTreeMap<String, Json>;

/// The fields that a manager owns by applying.
pub(crate) fn applied_fields<'a>(live: &'a Json, manager: &str) -> Option<&'a Json> {
    entries(live)
        .find(|entry| text(entry, "manager") == Some(manager) && text(entry, "operation") == Some("Apply"))
        .and_then(|entry| entry.get("fieldsV1"))
}

/// The fields that anybody else owns.
pub(crate) fn fields_of_others<'a>(live: &'a Json, manager: &'a str) -> Vec<&'a Json> {
    entries(live)
        .filter(|entry| text(entry, "manager") != Some(manager))
        .filter_map(|entry| entry.get("fieldsV1"))
        .collect()
}

fn entries(live: &Json) -> impl Iterator<Item = &Json> {
    live.pointer("/metadata/managedFields").and_then(Json::as_array).into_iter().flatten()
}

fn text<'a>(entry: &'a Json, name: &str) -> Option<&'a str> {
    entry.get(name)?.as_str()
}

/// The manifest as the live object has it: leaf by leaf, where the manifest says something. A leaf that means what was said
/// keeps the spelling (and the secret mark) of the manifest.
pub(crate) fn projected(manifest: &Value, live: &Json, manager: &str, answers: &Answers) -> Value {
    let fields = applied_fields(live, manager);
    let projection = Projection { answers };
    projection.value(manifest, Some(live), fields, &mut String::new()).unwrap_or_else(|| Value::Map(Map::new()))
}

/// Which leaves the server writes in another way than the manifest, right after it was applied.
pub(crate) fn answers(manifest: &Value, live: &Json, manager: &str) -> Answers {
    let none = Answers::new();
    let seen = projected(manifest, live, manager, &none);
    let mut found = Answers::new();
    differing(manifest, Some(&seen), &mut String::new(), &mut found);
    found
}

fn differing(said: &Value, seen: Option<&Value>, pointer: &mut String, found: &mut Answers) {
    match (said, seen) {
        // What is secret is kept nowhere but in the sealed values.
        (Value::Secret(_) | Value::Null, _) => {}
        (Value::Map(map), Some(Value::Map(other))) => {
            for (key, value) in map.iter() {
                within(pointer, key, |pointer| differing(value, other.get(key), pointer, found));
            }
        }
        (Value::List(items), Some(Value::List(others))) if items.len() == others.len() => {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                within(pointer, &index.to_string(), |pointer| differing(item, Some(other), pointer, found));
            }
        }
        (said, Some(seen)) if said == seen => {}
        (_, seen) => drop(found.insert(pointer.clone(), seen.and_then(wire).unwrap_or(Json::Null))),
    }
}

fn within<T>(pointer: &mut String, key: &str, run: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    let result = run(pointer);
    pointer.truncate(length);
    result
}

struct Projection<'a> {
    answers: &'a Answers,
}

impl Projection<'_> {
    fn value(&self, said: &Value, live: Option<&Json>, fields: Option<&Json>, pointer: &mut String) -> Option<Value> {
        if let Some(answer) = self.answers.get(pointer.as_str())
            && live.unwrap_or(&Json::Null) == answer
        {
            return Some(said.clone());
        }
        match said {
            Value::Null => Some(Value::Null),
            Value::Secret(inner) => self.value(inner, live, fields, pointer).map(Value::secret),
            Value::Map(map) => self.map(map, live?, fields, pointer),
            Value::List(items) => self.list(items, live?, fields, pointer),
            leaf => {
                let live = live?;
                Some(if wire(leaf).as_ref() == Some(live) { leaf.clone() } else { from_json(live) })
            }
        }
    }

    fn map(&self, map: &Map, live: &Json, fields: Option<&Json>, pointer: &mut String) -> Option<Value> {
        let Some(object) = live.as_object() else { return Some(from_json(live)) };
        let entries = map.iter().filter_map(|(key, value)| {
            let inner = fields.and_then(|fields| fields.get(format!("f:{key}")));
            let seen = within(pointer, key, |pointer| self.value(value, object.get(key.as_str()), inner, pointer))?;
            Some((key.clone(), seen))
        });
        Some(Value::Map(entries.collect::<Map>()))
    }

    fn list(&self, items: &[Value], live: &Json, fields: Option<&Json>, pointer: &mut String) -> Option<Value> {
        let Some(others) = live.as_array() else { return Some(from_json(live)) };
        let mut seen = Vec::with_capacity(items.len());
        match Alignment::of(items, others, fields) {
            Alignment::Keyed(partners) => {
                for (index, (item, partner)) in items.iter().zip(partners).enumerate() {
                    let inner = partner.as_ref().and_then(|partner| partner.fields);
                    let live = partner.map(|partner| partner.live);
                    seen.extend(within(pointer, &index.to_string(), |pointer| self.value(item, live, inner, pointer)));
                }
            }
            Alignment::Unique => {
                seen.extend(items.iter().filter(|item| wire(item).is_some_and(|item| others.contains(&item))).cloned());
            }
            Alignment::Ordered => {
                for (index, other) in others.iter().enumerate() {
                    let item = items.get(index).unwrap_or(&Value::Bool(false));
                    seen.extend(within(pointer, &index.to_string(), |pointer| {
                        self.value(item, Some(other), None, pointer)
                    }));
                }
            }
        }
        Some(Value::list(seen))
    }
}

/// The live item that stands for an item of the manifest.
struct Partner<'a> {
    live: &'a Json,
    fields: Option<&'a Json>,
}

/// How the items of a list are told apart. The server says it by the form of the fields that we own.
enum Alignment<'a> {
    /// By key fields: items of others are not ours.
    Keyed(Vec<Option<Partner<'a>>>),
    /// Each text once: items of others are not ours.
    Unique,
    /// The list is one value.
    Ordered,
}

impl<'a> Alignment<'a> {
    fn of(items: &[Value], others: &'a [Json], fields: Option<&'a Json>) -> Self {
        let owned = fields.and_then(Json::as_object);
        let keys: Vec<(JsonMap<String, Json>, &'a Json)> = owned.into_iter().flatten().filter_map(key_entry).collect();
        if !keys.is_empty() {
            return Self::Keyed(items.iter().map(|item| partner(item, others, &keys)).collect());
        }
        if owned.is_some_and(|owned| owned.keys().any(|key| key.starts_with("v:"))) {
            return Self::Unique;
        }
        // Where another took all of it over, the form does not say any more.
        if owned.is_none() && named(items.iter().map(wire_name)) && named(others.iter().map(json_name)) {
            let by_name = |item: &Value| {
                let name = wire_name(item)?;
                let live = others.iter().find(|other| json_name(other).as_ref() == Some(&name))?;
                Some(Partner { live, fields: None })
            };
            return Self::Keyed(items.iter().map(by_name).collect());
        }
        Self::Ordered
    }
}

/// `k:{"name":"web"}` with what is owned inside.
fn key_entry<'a>((key, inner): (&String, &'a Json)) -> Option<(JsonMap<String, Json>, &'a Json)> {
    Some((serde_json::from_str(key.strip_prefix("k:")?).ok()?, inner))
}

/// Key fields that an item does not give have defaults, so only those that it gives are compared.
fn partner<'a>(item: &Value, others: &'a [Json], keys: &[(JsonMap<String, Json>, &'a Json)]) -> Option<Partner<'a>> {
    let item = wire(item)?;
    let names: Vec<&String> = keys.first()?.0.keys().collect();
    let given: Vec<&String> = names.into_iter().filter(|name| item.get(name.as_str()).is_some()).collect();
    if given.is_empty() {
        return None;
    }
    let same = |other: &Json| given.iter().all(|name| item.get(name.as_str()) == other.get(name.as_str()));
    let live = others.iter().find(|other| same(other))?;
    let fields =
        keys.iter().find(|(key, _)| given.iter().all(|name| key.get(name.as_str()) == item.get(name.as_str())));
    Some(Partner { live, fields: fields.map(|(_, inner)| *inner) })
}

fn wire_name(item: &Value) -> Option<String> {
    item.as_map()?.get("name")?.as_str().map(str::to_owned)
}

fn json_name(item: &Json) -> Option<String> {
    item.get("name")?.as_str().map(str::to_owned)
}

fn named(names: impl Iterator<Item = Option<String>>) -> bool {
    let names: Option<Vec<String>> = names.collect();
    names.is_some_and(|mut names| {
        let count = names.len();
        names.sort();
        names.dedup();
        count > 0 && names.len() == count
    })
}

/// The part of a live object that a manager owns, as a manifest: what an object is that nobody remembers the config of.
pub(crate) fn owned(live: &Json, manager: &str) -> Option<Json> {
    let mut manifest = owned_part(live, applied_fields(live, manager)?)?;
    let object = manifest.as_object_mut()?;
    for name in ["kind", "apiVersion"] {
        object.shift_insert(0, name.to_owned(), live.get(name)?.clone());
    }
    let metadata = object.entry("metadata").or_insert_with(|| Json::Object(JsonMap::new())).as_object_mut()?;
    for name in ["namespace", "name"] {
        if let Some(value) = live.get("metadata")?.get(name) {
            metadata.shift_insert(0, name.to_owned(), value.clone());
        }
    }
    Some(manifest)
}

fn owned_part(live: &Json, fields: &Json) -> Option<Json> {
    let fields = fields.as_object().filter(|fields| fields.keys().any(|key| key != "."));
    match (live, fields) {
        (_, None) => Some(live.clone()),
        (Json::Object(object), Some(fields)) => {
            let parts = object.iter().filter_map(|(key, value)| {
                let inner = fields.get(&format!("f:{key}"))?;
                Some((key.clone(), owned_part(value, inner)?))
            });
            Some(Json::Object(parts.collect()))
        }
        (Json::Array(items), Some(fields)) => {
            let keys: Vec<(JsonMap<String, Json>, &Json)> = fields.iter().filter_map(key_entry).collect();
            let parts = items.iter().filter_map(|item| {
                let (_, inner) =
                    keys.iter().find(|(key, _)| key.iter().all(|(name, value)| item.get(name) == Some(value)))?;
                owned_part(item, inner)
            });
            let ours = |item: &&Json| fields.contains_key(&format!("v:{item}"));
            Some(match keys.is_empty() {
                true => items.iter().filter(ours).cloned().collect(),
                false => parts.collect(),
            })
        }
        (other, Some(_)) => Some(other.clone()),
    }
}

/// What the server adds to a manifest: defaults, and what admission changed. Not what others own, nor what the server
/// keeps for itself. None when it adds nothing.
pub(crate) fn added(manifest: &Json, live: &Json, manager: &str) -> Option<Json> {
    let others = fields_of_others(live, manager);
    let mut live = crate::manifest::cleaned(live.clone());
    if let Some(object) = live.as_object_mut() {
        let of_secret = object.get("kind").and_then(Json::as_str) == Some("Secret");
        object.retain(|key, _| !(of_secret && matches!(key.as_str(), "data" | "stringData")));
    }
    added_part(Some(manifest), &live, &others)
}

/// What is allocated anew each time the server is asked: a dry run's answer does not hold.
const ALLOCATED: [&str; 4] = ["clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"];

fn added_part(said: Option<&Json>, live: &Json, others: &[&Json]) -> Option<Json> {
    match (said, live) {
        (Some(Json::Object(said)), Json::Object(live)) => {
            let parts = live.iter().filter(|(key, _)| !ALLOCATED.contains(&key.as_str())).filter_map(|(key, value)| {
                let owned: Vec<&Json> = others.iter().filter_map(|fields| fields.get(format!("f:{key}"))).collect();
                Some((key.clone(), added_part(said.get(key), value, &owned)?))
            });
            let parts: JsonMap<String, Json> = parts.collect();
            (!parts.is_empty()).then_some(Json::Object(parts))
        }
        (Some(Json::Array(said)), Json::Array(live)) => added_items(said, live),
        (Some(said), live) if said == live => None,
        // `1000m` became `1`: no addition.
        (Some(_), _) => None,
        (None, _) if others.iter().any(|fields| !fields.is_null()) => None,
        (None, live) => Some(live.clone()),
    }
}

/// Additions within the items of a list, under their names; nothing where items cannot be told apart.
fn added_items(said: &[Json], live: &[Json]) -> Option<Json> {
    let mut parts = Vec::new();
    for (index, item) in live.iter().enumerate() {
        let partner = match json_name(item) {
            Some(name) => said.iter().find(|said| json_name(said).as_ref() == Some(&name)),
            None => said.get(index).filter(|_| said.len() == live.len()),
        };
        let Some(partner) = partner else { continue };
        if let Some(mut part) = added_part(Some(partner), item, &[]) {
            if let (Some(name), Some(object)) = (json_name(item), part.as_object_mut()) {
                object.shift_insert(0, "name".to_owned(), Json::from(name));
            }
            parts.push(part);
        }
    }
    (!parts.is_empty()).then_some(Json::Array(parts))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn value(json: Json) -> Value {
        from_json(&json)
    }

    fn live(spec: Json, fields: Json) -> Json {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "web", "uid": "1", "managedFields": [
                { "manager": "formwork", "operation": "Apply", "fieldsV1": { "f:spec": fields } },
                { "manager": "hpa", "operation": "Update", "fieldsV1": { "f:spec": { "f:paused": {} } } },
            ] },
            "spec": spec,
        })
    }

    #[test]
    fn items_of_others_are_not_ours_and_hand_edits_are() {
        let manifest = value(json!({ "spec": { "replicas": 2, "containers": [
            { "name": "web", "image": "web:1", "ports": [{ "containerPort": 80 }] },
        ] } }));
        let fields = json!({ "f:containers": { "k:{\"name\":\"web\"}": {
            ".": {}, "f:image": {}, "f:name": {},
            "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } },
        } } });
        let live = live(
            json!({ "replicas": 5, "paused": true, "strategy": { "type": "RollingUpdate" }, "containers": [
                { "name": "sidecar", "image": "s:1" },
                { "name": "web", "image": "web:2", "imagePullPolicy": "Always",
                  "ports": [{ "containerPort": 9, "protocol": "TCP" }, { "containerPort": 80, "protocol": "TCP" }] },
            ] }),
            fields,
        );
        let seen = projected(&manifest, &live, "formwork", &Answers::new());
        let wanted = value(json!({ "spec": { "replicas": 5, "containers": [
            { "name": "web", "image": "web:2", "ports": [{ "containerPort": 80 }] },
        ] } }));
        assert_eq!(seen, wanted);
        let added = added(&wire(&manifest).unwrap(), &live, "formwork").unwrap();
        assert_eq!(added["spec"]["strategy"], json!({ "type": "RollingUpdate" }));
        assert!(added["spec"].get("paused").is_none(), "others own it");
        let ours = &added["spec"]["containers"][0];
        assert_eq!((&ours["name"], &ours["imagePullPolicy"]), (&json!("web"), &json!("Always")));
    }

    #[test]
    fn other_spellings_of_the_server_are_no_drift() {
        let manifest = value(json!({ "spec": { "cpu": "1000m", "empty": {}, "args": ["a", "b"], "gone": null } }));
        let fields = json!({ "f:cpu": {}, "f:args": {} });
        let applied = live(json!({ "cpu": "1", "args": ["a", "b"] }), fields.clone());
        let answers = answers(&manifest, &applied, "formwork");
        assert_eq!(projected(&manifest, &applied, "formwork", &answers), manifest);
        let edited = live(json!({ "cpu": "2", "args": ["a"] }), fields);
        let wanted = value(json!({ "spec": { "cpu": "2", "empty": {}, "args": ["a"], "gone": null } }));
        assert_eq!(projected(&manifest, &edited, "formwork", &answers), wanted);
    }

    #[test]
    fn secrets_stay_marked_and_are_in_no_answer() {
        let manifest = Value::map([("data", value(json!({ "a": "eA==" })).secret())]);
        let live = json!({ "data": { "a": "eQ==" } });
        assert!(answers(&manifest, &live, "formwork").is_empty());
        let seen = projected(&manifest, &live, "formwork", &Answers::new());
        assert!(!format!("{seen:?}").contains("eQ=="));
    }

    #[test]
    fn sets_keep_the_items_of_others() {
        let manifest = value(json!({ "spec": { "finalizers": ["a", "b"] } }));
        let fields = json!({ "f:finalizers": { "v:\"a\"": {}, "v:\"b\"": {} } });
        let live = live(json!({ "finalizers": ["x", "b"] }), fields);
        let seen = projected(&manifest, &live, "formwork", &Answers::new());
        assert_eq!(seen, value(json!({ "spec": { "finalizers": ["b"] } })));
    }

    #[test]
    fn what_we_own_makes_a_manifest() {
        let fields = json!({ ".": {}, "f:replicas": {}, "f:containers": { "k:{\"name\":\"web\"}": { ".": {}, "f:image": {}, "f:name": {} } } });
        let live = live(
            json!({ "replicas": 2, "paused": true, "containers": [{ "name": "web", "image": "w", "x": 1 }, { "name": "o" }] }),
            fields,
        );
        let wanted = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
            "spec": { "replicas": 2, "containers": [{ "name": "web", "image": "w" }] } });
        assert_eq!(owned(&live, "formwork").unwrap(), wanted);
    }
}
