//! Patches, by cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::kubernetes::schema::{Schema, builtins};
use serde_json::json;

fn strategic(target: Json, patch: &Json) -> Json {
    let deployment = builtins().iter().find(|one| one.kind == "Deployment").unwrap();
    let mut target = target;
    strategic_merge(deployment.schema(), &mut target, patch).unwrap();
    target
}

fn pod(containers: Json) -> Json {
    json!({"spec": {"template": {"spec": {"containers": containers}}}})
}

#[test]
fn containers_are_merged_by_name() {
    let live = pod(
        json!([{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}]),
    );
    let patch = pod(json!([{"name": "a", "env": [{"name": "Y", "value": "2"}]}, {"$patch": "delete", "name": "b"}]));
    let wanted = pod(json!([
        {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
    ]));
    assert_eq!(strategic(live, &patch), wanted);
}

#[test]
fn order_and_retained_keys_are_kept() {
    let live = json!({"spec": {
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}},
    }});
    let patch = json!({"spec": {
        "strategy": {"$retainKeys": ["type"], "type": "Recreate"},
        "template": {"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}],
            "containers": [{"name": "c", "image": "c:1"}],
        }},
    }});
    let wanted = json!({"spec": {
        "strategy": {"type": "Recreate"},
        "template": {"spec": {"containers": [{"name": "c", "image": "c:1"}, {"name": "b"}, {"name": "a"}]}},
    }});
    assert_eq!(strategic(live, &patch), wanted);
}

#[test]
fn values_are_deleted_from_lists_and_objects_replaced() {
    let live = json!({"metadata": {"finalizers": ["a", "b"]}, "spec": {"selector": {"matchLabels": {"x": "1"}}}});
    let patch = json!({
        "metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]},
        "spec": {"selector": {"$patch": "replace", "matchLabels": {"y": "2"}}},
    });
    let wanted = json!({"metadata": {"finalizers": ["b"]}, "spec": {"selector": {"matchLabels": {"y": "2"}}}});
    assert_eq!(strategic(live, &patch), wanted);
}

#[test]
fn a_list_item_without_its_key_is_refused() {
    let schema = builtins().iter().find(|one| one.kind == "Deployment").unwrap().schema();
    let error = strategic_merge(schema, &mut pod(json!([])), &pod(json!([{"image": "x"}]))).unwrap_err();
    assert!(error.contains("does not contain declared merge key: name"), "{error}");
    assert!(strategic_merge(Schema::any(), &mut json!({}), &json!({"$patch": "jump"})).is_err());
}

#[test]
fn merge_patches_remove_by_null() {
    let mut target = json!({"a": {"b": 1, "c": 2}, "d": [1]});
    merge_patch(&mut target, &json!({"a": {"b": null}, "d": [2], "e": {"f": null}}));
    assert_eq!(target, json!({"a": {"c": 2}, "d": [2], "e": {}}));
}

#[test]
fn json_patches_are_done_in_turn_or_refused() {
    let mut target = json!({"a": [1, 2], "b/c": 1});
    let patch = json!([
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "remove", "path": "/a/0"},
        {"op": "replace", "path": "/b~1c", "value": 2},
        {"op": "copy", "from": "/a", "path": "/d"},
        {"op": "move", "from": "/b~1c", "path": "/e"},
    ]);
    json_patch(&mut target, &patch).unwrap();
    assert_eq!(target, json!({"a": [2, 3], "d": [2, 3], "e": 2}));
    assert!(json_patch(&mut target, &json!([{"op": "replace", "path": "/x", "value": 1}])).is_err());
    assert!(json_patch(&mut target, &json!([{"op": "test", "path": "/e", "value": 1}])).is_err());
}
