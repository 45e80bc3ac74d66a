//! Apply's rules on a Deployment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::kubernetes::schema::builtins;
use serde_json::json;

fn deployment() -> &'static Resource {
    builtins().iter().find(|one| one.kind == "Deployment").unwrap()
}

fn by<'a>(manager: &'a str) -> Writer<'a> {
    Writer { manager, subresource: "", now: "2024-01-01T00:00:00Z" }
}

fn with_containers(containers: &Json) -> Json {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": containers}}},
    })
}

fn containers(object: &Json) -> &Json {
    &object["spec"]["template"]["spec"]["containers"]
}

fn apply_as(manager: &str, live: &Json, config: &Json) -> Answer<Json> {
    apply(deployment(), live, config, by(manager), false)
}

#[test]
fn two_managers_own_different_containers_and_ports() {
    let web = json!([{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]);
    let side = json!([
        {"name": "proxy", "image": "proxy:1"},
        {"name": "web", "ports": [{"containerPort": 9090, "protocol": "TCP", "name": "metrics"}]},
    ]);
    let live = apply_as("one", &Json::Null, &with_containers(&web)).unwrap();
    let live = apply_as("two", &live, &with_containers(&side)).unwrap();
    let both = json!([
        {"name": "proxy", "image": "proxy:1"},
        {"name": "web", "image": "web:1", "ports": [
            {"containerPort": 80}, {"containerPort": 9090, "protocol": "TCP", "name": "metrics"},
        ]},
    ]);
    let names: Vec<_> = containers(&live).as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, [json!("proxy"), json!("web")]);
    assert_eq!(containers(&live)[1], both[1]);

    // The second stops applying its port: the first's port stays.
    let live = apply_as("two", &live, &with_containers(&json!([{"name": "proxy", "image": "proxy:1"}]))).unwrap();
    assert_eq!(containers(&live)[1], web[0]);

    // The first stops applying its container: it goes, the other stays.
    let live = apply_as("one", &live, &with_containers(&json!([]))).unwrap();
    assert_eq!(containers(&live), &json!([{"name": "proxy", "image": "proxy:1"}]));
}

#[test]
fn a_conflict_names_manager_and_field() {
    let config = |image: &str| with_containers(&json!([{"name": "web", "image": image}]));
    let live = apply_as("one", &Json::Null, &config("web:1")).unwrap();
    let refusal = apply_as("two", &live, &config("web:2")).unwrap_err();
    assert_eq!(
        refusal.message(),
        r#"Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="web"].image"#
    );
    assert_eq!(refusal.body()["details"]["causes"][0]["reason"], "FieldManagerConflict");
    let live = apply(deployment(), &live, &config("web:2"), by("two"), true).unwrap();
    assert_eq!(containers(&live)[0]["image"], "web:2");
    // Equal values are shared.
    let live = apply_as("one", &live, &config("web:2")).unwrap();
    let owners = live["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(owners.len(), 2);
}

#[test]
fn a_field_no_longer_applied_is_removed_unless_shared() {
    let labelled = |labels: Json| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": labels},
        })
    };
    let live = apply_as("one", &Json::Null, &labelled(json!({"a": "1", "b": "2"}))).unwrap();
    let live = apply_as("two", &live, &labelled(json!({"b": "2"}))).unwrap();
    let live = apply_as("one", &live, &labelled(json!({}))).unwrap();
    assert_eq!(live["metadata"]["labels"], json!({"b": "2"}));
    let live = apply_as("two", &live, &labelled(json!({}))).unwrap();
    assert!(live["metadata"].get("labels").is_none_or(|one| one == &json!({})), "{live}");
}

#[test]
fn other_writes_are_recorded_and_conflict() {
    let live = apply_as("one", &Json::Null, &with_containers(&json!([{"name": "web", "image": "web:1"}]))).unwrap();
    let mut new = live.clone();
    new["spec"]["replicas"] = json!(3);
    record_update(deployment(), &live, &mut new, by("kubectl-edit"));
    let entry = &new["metadata"]["managedFields"][1];
    assert_eq!(entry["operation"], "Update");
    assert_eq!(entry["fieldsV1"], json!({"f:spec": {"f:replicas": {}}}));
    let mut config = with_containers(&json!([{"name": "web", "image": "web:1"}]));
    config["spec"]["replicas"] = json!(2);
    let refusal = apply_as("one", &new, &config).unwrap_err();
    assert_eq!(
        refusal.message(),
        r#"Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas"#
    );
}

#[test]
fn applying_the_same_again_changes_nothing() {
    let config = with_containers(&json!([{"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}]}]));
    let live = apply_as("one", &Json::Null, &config).unwrap();
    let later = Writer { manager: "one", subresource: "", now: "2025-01-01T00:00:00Z" };
    assert_eq!(apply(deployment(), &live, &config, later, false).unwrap(), live);
}
