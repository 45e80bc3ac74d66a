//! `/openapi/v3`: an index, and one document per group and version, made when asked for.

use super::custom::Catalog;
use super::discovery::groups;
use super::resource::{Resource, Shape};
use super::schema::{definitions, reference};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

fn path(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The index; `root` is where the cluster's API begins.
pub(crate) fn index(catalog: &Catalog, root: &str, revision: u64) -> Json {
    let mut paths = Map::new();
    for (group, versions) in groups(catalog) {
        for version in versions {
            let path = path(&group, &version);
            let url = format!("{root}/openapi/v3/{path}?hash={revision}");
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

/// The document of a group and version.
pub(crate) fn document(catalog: &Catalog, group: &str, version: &str) -> Option<Json> {
    let known =
        groups(catalog).iter().any(|(name, versions)| name == group && versions.iter().any(|one| one == version));
    if !known {
        return None;
    }
    let mut paths = Map::new();
    let mut schemas = Map::new();
    let mut wanted = BTreeSet::new();
    for resource in catalog.all().filter(|one| one.group == group && one.version == version) {
        let name = schema_name(resource);
        add_paths(&mut paths, resource, &name);
        match &resource.shape {
            Shape::Builtin(name) => drop(wanted.insert(name.clone())),
            Shape::Custom(shape) => {
                collect_references(&shape.schema, &mut wanted);
                schemas.insert(name, custom_schema(resource, &shape.schema));
            }
        }
    }
    add_referenced(&mut schemas, wanted);
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths, "components": {"schemas": schemas},
    }))
}

fn schema_name(resource: &Resource) -> String {
    match &resource.shape {
        Shape::Builtin(name) => name.clone(),
        Shape::Custom(_) => {
            let mut parts: Vec<_> = resource.group.split('.').rev().collect();
            parts.extend([resource.version.as_str(), resource.kind.as_str()]);
            parts.join(".")
        }
    }
}

fn custom_schema(resource: &Resource, schema: &Json) -> Json {
    let mut schema = schema.clone();
    let names = json!([{"group": resource.group, "version": resource.version, "kind": resource.kind}]);
    super::json::set(&mut schema, &["x-kubernetes-group-version-kind"], names);
    schema
}

fn collect_references(node: &Json, wanted: &mut BTreeSet<String>) {
    match node {
        Json::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_str()) {
                    ("$ref", Some(target)) => wanted.extend(target.rsplit('/').next().map(str::to_owned)),
                    _ => collect_references(value, wanted),
                }
            }
        }
        Json::Array(list) => list.iter().for_each(|one| collect_references(one, wanted)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn add_referenced(schemas: &mut Map<String, Json>, mut wanted: BTreeSet<String>) {
    while let Some(name) = wanted.pop_first() {
        let Some(schema) = definitions().get(&name).filter(|_| !schemas.contains_key(&name)) else { continue };
        collect_references(schema, &mut wanted);
        schemas.insert(name, schema.clone());
    }
}

fn query(name: &str, kind: &str) -> Json {
    json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
}

fn in_path(name: &str) -> Json {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}})
}

/// Parameters of what writes; kubectl looks for the first two here.
fn write_parameters() -> Vec<Json> {
    vec![query("dryRun", "string"), query("fieldValidation", "string"), query("fieldManager", "string")]
}

fn operation(resource: &Resource, action: &str, schema: &str, parameters: &[Json], body: &[&str]) -> Json {
    let content = json!({"application/json": {"schema": reference(schema)}});
    let mut operation = json!({
        "operationId": format!("{action}{}{}", resource.version, resource.kind),
        "parameters": parameters,
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group, "version": resource.version, "kind": resource.kind,
        },
    });
    if !body.is_empty() {
        let types: Map<_, _> =
            body.iter().map(|one| ((*one).to_owned(), json!({"schema": reference(schema)}))).collect();
        super::json::set(&mut operation, &["requestBody"], json!({"content": types, "required": true}));
    }
    operation
}

const PATCHES: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

fn add_paths(paths: &mut Map<String, Json>, resource: &Resource, schema: &str) {
    let root = path(&resource.group, &resource.version);
    let (collection, mut places) = if resource.namespaced {
        (format!("/{root}/namespaces/{{namespace}}/{}", resource.plural), vec![in_path("namespace")])
    } else {
        (format!("/{root}/{}", resource.plural), Vec::new())
    };
    let read = [query("labelSelector", "string"), query("fieldSelector", "string"), query("watch", "boolean")];
    let json = ["application/json"];
    paths.insert(
        collection.clone(),
        json!({
            "get": operation(resource, "list", schema, &read, &[]),
            "post": operation(resource, "post", schema, &write_parameters(), &json),
            "delete": operation(resource, "deletecollection", schema, &[query("dryRun", "string")], &[]),
            "parameters": places,
        }),
    );
    places.insert(0, in_path("name"));
    let mut patch = write_parameters();
    patch.push(query("force", "boolean"));
    let patches = if resource.is_custom() { vec![PATCHES[0], PATCHES[1], PATCHES[3]] } else { PATCHES.to_vec() };
    let one = json!({
        "get": operation(resource, "get", schema, &[], &[]),
        "put": operation(resource, "put", schema, &write_parameters(), &json),
        "patch": operation(resource, "patch", schema, &patch, &patches),
        "delete": operation(resource, "delete", schema, &[query("dryRun", "string")], &[]),
        "parameters": places,
    });
    paths.insert(format!("{collection}/{{name}}"), one);
}
