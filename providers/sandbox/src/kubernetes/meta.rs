//! An object's metadata.

use super::json::{at, list, map, set, text};
use jiff::Timestamp;
use serde_json::Value as Json;

/// The object's name.
pub(crate) fn name(object: &Json) -> &str {
    text(object, &["metadata", "name"])
}

/// The object's namespace; empty for those of the whole cluster.
pub(crate) fn namespace(object: &Json) -> &str {
    text(object, &["metadata", "namespace"])
}

/// The object's unique id.
pub(crate) fn uid(object: &Json) -> &str {
    text(object, &["metadata", "uid"])
}

/// The object's kind.
pub(crate) fn kind(object: &Json) -> &str {
    text(object, &["kind"])
}

/// The object's API version.
pub(crate) fn api_version(object: &Json) -> &str {
    text(object, &["apiVersion"])
}

/// A label's value.
pub(crate) fn label<'a>(object: &'a Json, key: &str) -> Option<&'a str> {
    at(object, &["metadata", "labels", key]).and_then(Json::as_str)
}

/// An annotation's value.
pub(crate) fn annotation<'a>(object: &'a Json, key: &str) -> Option<&'a str> {
    at(object, &["metadata", "annotations", key]).and_then(Json::as_str)
}

/// Whether the object waits for finalizers or its grace period.
pub(crate) fn is_deleting(object: &Json) -> bool {
    at(object, &["metadata", "deletionTimestamp"]).is_some()
}

/// Whether a finalizer is on the object.
pub(crate) fn has_finalizer(object: &Json, finalizer: &str) -> bool {
    list(object, &["metadata", "finalizers"]).iter().any(|one| one == finalizer)
}

/// Takes a finalizer off.
pub(crate) fn drop_finalizer(object: &mut Json, finalizer: &str) {
    let Some(finalizers) = object.pointer_mut("/metadata/finalizers").and_then(Json::as_array_mut) else { return };
    finalizers.retain(|one| one != finalizer);
    if finalizers.is_empty() {
        super::json::remove(object, &["metadata", "finalizers"]);
    }
}

/// Puts a finalizer on.
pub(crate) fn add_finalizer(object: &mut Json, finalizer: &str) {
    if !has_finalizer(object, finalizer) {
        super::json::list_mut(object, &["metadata", "finalizers"]).push(finalizer.into());
    }
}

/// The objects that own this one.
pub(crate) fn owners(object: &Json) -> &[Json] {
    list(object, &["metadata", "ownerReferences"])
}

/// Whether this object is controlled by the one with the id.
pub(crate) fn is_controlled_by(object: &Json, owner: &str) -> bool {
    owners(object).iter().any(|one| text(one, &["uid"]) == owner && super::json::flag(one, &["controller"]))
}

/// What a dependent writes to say who controls it.
pub(crate) fn controller_reference(owner: &Json) -> Json {
    serde_json::json!({
        "apiVersion": api_version(owner), "kind": kind(owner), "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// The time in the form of Kubernetes, in whole seconds.
pub(crate) fn timestamp(milliseconds: i64) -> String {
    let time = Timestamp::from_second(milliseconds.div_euclid(1000)).unwrap_or_default();
    time.to_string()
}

/// Milliseconds since the epoch of a written time.
pub(crate) fn milliseconds(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// When the object was made.
pub(crate) fn created(object: &Json) -> i64 {
    milliseconds(text(object, &["metadata", "creationTimestamp"])).unwrap_or_default()
}

/// Whether a label query's `matchLabels` are all on the labels.
pub(crate) fn carries(labels: Option<&serde_json::Map<String, Json>>, wanted: &serde_json::Map<String, Json>) -> bool {
    wanted.iter().all(|(key, value)| labels.is_some_and(|labels| labels.get(key) == Some(value)))
}

/// The object's labels.
pub(crate) fn labels(object: &Json) -> Option<&serde_json::Map<String, Json>> {
    map(object, &["metadata", "labels"])
}

/// Sets one condition of a status; its transition time moves with its status only.
pub(crate) fn set_condition(object: &mut Json, kind: &str, value: bool, reason: &str, message: &str, now: &str) {
    let status = if value { "True" } else { "False" };
    let conditions = super::json::list_mut(object, &["status", "conditions"]);
    let known = conditions.iter_mut().find(|one| text(one, &["type"]) == kind);
    match known {
        Some(condition) => {
            if text(condition, &["status"]) != status {
                set(condition, &["lastTransitionTime"], now);
            }
            set(condition, &["status"], status);
            set(condition, &["reason"], reason);
            set(condition, &["message"], message);
        }
        None => conditions.push(serde_json::json!({
            "type": kind, "status": status, "lastTransitionTime": now, "reason": reason, "message": message,
        })),
    }
}

/// Whether a condition of the status is `True`.
pub(crate) fn condition(object: &Json, kind: &str) -> bool {
    let conditions = list(object, &["status", "conditions"]);
    conditions.iter().any(|one| text(one, &["type"]) == kind && text(one, &["status"]) == "True")
}
