//! Custom resource definitions themselves: what they must hold, and their conditions.

use super::super::json::{at, default_to, flag, list, set, text};
use super::super::meta;
use super::super::status::Cause;
use serde_json::{Value as Json, json};

/// What a definition leaves unsaid.
pub(crate) fn default_definition(object: &mut Json) {
    let kind = text(object, &["spec", "names", "kind"]).to_owned();
    default_to(object, &["spec", "names", "listKind"], format!("{kind}List"));
    default_to(object, &["spec", "names", "singular"], kind.to_lowercase());
    default_to(object, &["spec", "conversion"], json!({"strategy": "None"}));
}

/// What is wrong with a definition.
pub(crate) fn check_definition(object: &Json) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (plural, group) = (text(object, &["spec", "names", "plural"]), text(object, &["spec", "group"]));
    if meta::name(object) != format!("{plural}.{group}") {
        let name = json!(meta::name(object));
        causes.push(Cause::invalid("metadata.name", &name, "must be spec.names.plural+\".\"+spec.group"));
    }
    let scope = at(object, &["spec", "scope"]).cloned().unwrap_or_default();
    if scope != "Namespaced" && scope != "Cluster" {
        causes.push(Cause::unsupported("spec.scope", &scope, &["Cluster", "Namespaced"]));
    }
    let versions = list(object, &["spec", "versions"]);
    if versions.iter().filter(|one| flag(one, &["storage"])).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        causes.push(Cause::invalid("spec.versions", &json!(versions.len()), detail));
    }
    for (index, version) in versions.iter().enumerate() {
        check_version(version, &format!("spec.versions[{index}]"), &mut causes);
    }
    causes
}

fn check_version(version: &Json, path: &str, causes: &mut Vec<Cause>) {
    let path = format!("{path}.schema.openAPIV3Schema");
    match at(version, &["schema", "openAPIV3Schema"]) {
        None => causes.push(Cause::required(path, "schemas are required")),
        Some(schema) => check_root(schema, &path, causes),
    }
}

fn check_root(schema: &Json, path: &str, causes: &mut Vec<Cause>) {
    match text(schema, &["type"]) {
        "object" => check_structural(schema, path, causes),
        "" => causes.push(Cause::required(format!("{path}.type"), "must not be empty at the root")),
        other => causes.push(Cause::invalid(format!("{path}.type"), &json!(other), "must be object at the root")),
    }
}

/// Each node of a structural schema says its type, unless it takes integers and texts, or anything.
fn check_structural(schema: &Json, path: &str, causes: &mut Vec<Cause>) {
    let open = flag(schema, &["x-kubernetes-int-or-string"]) || flag(schema, &["x-kubernetes-preserve-unknown-fields"]);
    if text(schema, &["type"]).is_empty() && !open {
        causes.push(Cause::required(format!("{path}.type"), "must not be empty for specified object fields"));
    }
    for (name, node) in super::super::json::map(schema, &["properties"]).into_iter().flatten() {
        check_structural(node, &format!("{path}.properties[{name}]"), causes);
    }
    for place in ["items", "additionalProperties"] {
        match schema.get(place) {
            Some(node @ Json::Object(_)) => check_structural(node, &format!("{path}.{place}"), causes),
            None if place == "items" && text(schema, &["type"]) == "array" => {
                causes.push(Cause::required(format!("{path}.items"), "must be specified"));
            }
            _ => {}
        }
    }
    check_list(schema, path, causes);
}

fn check_list(schema: &Json, path: &str, causes: &mut Vec<Cause>) {
    let by_keys = text(schema, &["x-kubernetes-list-type"]) == "map";
    if by_keys && list(schema, &["x-kubernetes-list-map-keys"]).is_empty() {
        let field = format!("{path}.x-kubernetes-list-map-keys");
        causes.push(Cause::required(field, "must not be empty if x-kubernetes-list-type is map"));
    }
}

/// Names accepted and established, at once: there is nobody else who could object later.
pub(crate) fn accept(object: &mut Json, taken: bool, now: &str) {
    let stored = list(object, &["spec", "versions"]).iter().filter(|one| flag(one, &["storage"]));
    let stored: Vec<_> = stored.map(|one| text(one, &["name"]).to_owned()).collect();
    if taken {
        meta::set_condition(object, "NamesAccepted", false, "Conflict", "the names are already in use", now);
        meta::set_condition(object, "Established", false, "NotAccepted", "not all names are accepted", now);
        return;
    }
    let names = at(object, &["spec", "names"]).cloned().unwrap_or_default();
    set(object, &["status", "acceptedNames"], names);
    set(object, &["status", "storedVersions"], stored);
    meta::set_condition(object, "NamesAccepted", true, "NoConflicts", "no conflicts found", now);
    let message = "the initial names have been accepted";
    meta::set_condition(object, "Established", true, "InitialNamesAccepted", message, now);
}
