//! Manifests as rows: their keys, their namespaces, and what comes before what.

use crate::discovery::group_of;
use crate::manifest::marked;
use crate::object::is_namespaced;
use formwork_model::value::from_json;
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{ExpandedRow, ProviderError};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// How the objects of a block are applied.
pub(crate) struct Manner<'a> {
    /// The rows' type.
    pub(crate) type_name: &'a str,
    /// Namespace of objects that say none.
    pub(crate) namespace: Option<&'a str>,
    pub(crate) wait: bool,
    pub(crate) force: bool,
    /// Longest wait for one object.
    pub(crate) timeout_ms: i64,
}

/// An object on its way to be a row.
struct Entry {
    key: String,
    object: Json,
    /// Later stages come after all earlier ones.
    stage: i64,
    /// Whether what comes after it needs it to be through (a hook's job).
    through: bool,
}

fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// The kinds that the definitions in a block define, with whether they lie in namespaces.
fn defined(objects: &[Json]) -> BTreeMap<(String, String), bool> {
    let definitions = objects.iter().filter(|object| is_definition(object));
    definitions
        .map(|object| {
            let key = (text(object, "/spec/group").to_owned(), text(object, "/spec/names/kind").to_owned());
            (key, text(object, "/spec/scope") == "Namespaced")
        })
        .collect()
}

fn is_definition(object: &Json) -> bool {
    text(object, "/kind") == "CustomResourceDefinition"
}

/// The rows of objects, in the order in which they are applied: namespaces and definitions first, the stages that `stage`
/// says one after the other. Objects for which it says none are left out.
pub(crate) fn rows(
    objects: Vec<Json>,
    manner: &Manner<'_>,
    stage: impl Fn(&Json) -> Option<(i64, bool)>,
) -> Result<Vec<ExpandedRow>, ProviderError> {
    let kinds = defined(&objects);
    let mut entries = Vec::with_capacity(objects.len());
    for mut object in objects {
        let Some((stage, through)) = stage(&object) else { continue };
        settle_namespace(&mut object, manner.namespace, &kinds);
        entries.push(Entry { key: key(&object), object, stage, through });
    }
    entries.sort_by_key(|entry| (entry.stage, rank(&entry.object)));
    let mut seen = BTreeSet::new();
    if let Some(twice) = entries.iter().find(|entry| !seen.insert(entry.key.clone())) {
        return Err(ProviderError::invalid(format!("`{}` is there twice", twice.key)));
    }
    let after: Vec<Vec<String>> = entries.iter().map(|entry| predecessors(entry, &entries)).collect();
    Ok(entries.into_iter().zip(after).map(|(entry, after)| row(entry, after, manner)).collect())
}

/// `group/Kind/namespace/name`; the core group is `core`.
fn key(object: &Json) -> String {
    let group = match group_of(text(object, "/apiVersion")) {
        "" => "core",
        group => group,
    };
    let parts = [group, text(object, "/kind"), text(object, "/metadata/namespace"), text(object, "/metadata/name")];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

fn settle_namespace(object: &mut Json, namespace: Option<&str>, kinds: &BTreeMap<(String, String), bool>) {
    let (api_version, kind) = (text(object, "/apiVersion").to_owned(), text(object, "/kind").to_owned());
    let here = kinds.get(&(group_of(&api_version).to_owned(), kind.clone())).copied();
    let namespaced = here.or_else(|| is_namespaced(&api_version, &kind));
    let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) else { return };
    match (namespaced, namespace) {
        (Some(false), _) => drop(metadata.shift_remove("namespace")),
        // A kind that nobody here knows lies where the block says.
        (Some(true) | None, Some(namespace)) if !metadata.contains_key("namespace") => {
            metadata.insert("namespace".to_owned(), Json::from(namespace));
        }
        (Some(true), None) if !metadata.contains_key("namespace") => {
            metadata.insert("namespace".to_owned(), Json::from("default"));
        }
        _ => {}
    }
}

fn rank(object: &Json) -> u8 {
    match text(object, "/kind") {
        "Namespace" => 0,
        "CustomResourceDefinition" => 1,
        _ => 2,
    }
}

/// What an entry comes after: its namespace, its definition, and the last objects of the stage before.
fn predecessors(entry: &Entry, entries: &[Entry]) -> Vec<String> {
    let namespace = text(&entry.object, "/metadata/namespace");
    let group = group_of(text(&entry.object, "/apiVersion"));
    let kind = text(&entry.object, "/kind");
    let before = entries.iter().map(|entry| entry.stage).filter(|stage| *stage < entry.stage).max();
    let comes_first = |other: &&Entry| {
        if other.key == entry.key || other.stage > entry.stage {
            return false;
        }
        let other_kind = text(&other.object, "/kind");
        let its_namespace =
            other_kind == "Namespace" && !namespace.is_empty() && text(&other.object, "/metadata/name") == namespace;
        let its_definition = is_definition(&other.object)
            && text(&other.object, "/spec/group") == group
            && text(&other.object, "/spec/names/kind") == kind;
        let earlier = Some(other.stage) == before;
        its_namespace || its_definition || earlier
    };
    entries.iter().filter(comes_first).map(|other| other.key.clone()).collect()
}

fn row(entry: Entry, after: Vec<String>, manner: &Manner<'_>) -> ExpandedRow {
    let wait = wait(&entry, manner);
    let mut config = vec![("manifest", marked(from_json(&entry.object))), ("force", Value::Bool(manner.force))];
    if let Some(wait) = wait {
        let mut wait = from_json(&wait).as_map().cloned().unwrap_or_default();
        wait.insert("timeout", Value::Duration(manner.timeout_ms));
        config.push(("wait", Value::Map(wait)));
    }
    ExpandedRow {
        key: entry.key,
        type_name: manner.type_name.to_owned(),
        config: ValueBuf::from(Value::map(config)),
        after,
    }
}

fn wait(entry: &Entry, manner: &Manner<'_>) -> Option<Json> {
    let workload = matches!(text(&entry.object, "/kind"), "Deployment" | "StatefulSet" | "DaemonSet");
    let run = matches!(text(&entry.object, "/kind"), "Job" | "Pod");
    if is_definition(&entry.object) {
        return Some(json!({ "established": true }));
    }
    (manner.wait && workload || entry.through && (workload || run)).then(|| json!({ "rollout": true }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn manner() -> Manner<'static> {
        Manner { type_name: "manifest", namespace: Some("shop"), wait: true, force: false, timeout_ms: 1000 }
    }

    fn object(api_version: &str, kind: &str, name: &str) -> Json {
        json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } })
    }

    #[test]
    fn namespaces_and_definitions_come_first() {
        let mut definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "as.x.io");
        definition["spec"] = json!({ "group": "x.io", "scope": "Cluster", "names": { "kind": "A" } });
        let objects = vec![
            object("x.io/v1", "A", "a"),
            object("apps/v1", "Deployment", "web"),
            object("rbac.authorization.k8s.io/v1", "ClusterRole", "r"),
            definition,
            object("v1", "Namespace", "shop"),
        ];
        let rows = rows(objects, &manner(), |_| Some((0, false))).unwrap();
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "core/Namespace/shop",
                "apiextensions.k8s.io/CustomResourceDefinition/as.x.io",
                "x.io/A/a",
                "apps/Deployment/shop/web",
                "rbac.authorization.k8s.io/ClusterRole/r",
            ]
        );
        assert_eq!(rows[2].after, ["apiextensions.k8s.io/CustomResourceDefinition/as.x.io"]);
        assert_eq!(rows[3].after, ["core/Namespace/shop"]);
        assert!(rows[3].config.view().get("wait").is_some() && rows[4].config.view().get("wait").is_none());
    }

    #[test]
    fn stages_follow_each_other() {
        let objects =
            vec![object("v1", "ConfigMap", "b"), object("batch/v1", "Job", "a"), object("v1", "ConfigMap", "test")];
        let stage = |object: &Json| match text(object, "/metadata/name") {
            "a" => Some((-1, true)),
            "b" => Some((0, false)),
            _ => None,
        };
        let rows = rows(objects, &manner(), stage).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].after, ["batch/Job/shop/a"]);
        assert!(rows[0].config.view().get("wait").is_some(), "a hook's job is waited for");
    }

    #[test]
    fn secrets_are_marked_and_doubles_refused() {
        let mut secret = object("v1", "Secret", "s");
        secret["stringData"] = json!({ "password": "hunter2" });
        let rows_of = |objects| rows(objects, &manner(), |_| Some((0, false)));
        let text = format!("{:?}", rows_of(vec![secret.clone()]).unwrap());
        assert!(!text.contains("hunter2"), "{text}");
        assert!(rows_of(vec![secret.clone(), secret]).unwrap_err().message.contains("core/Secret/shop/s"));
    }
}
