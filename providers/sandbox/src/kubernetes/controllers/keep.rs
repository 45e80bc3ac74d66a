//! How controllers write.

use super::super::apply::{self, Writer};
use super::super::json::{get, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::super::write::{self, Options, Target};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const MANAGER: &str = "kube-controller-manager";

/// Keeps what a controller saw or decided, if that is anything new.
pub(crate) fn observe(objects: &mut Objects, table: &str, before: &Arc<Json>, after: Json) -> Answer<()> {
    observe_as(objects, MANAGER, table, before, after)
}

/// Keeps what a controller of this name saw or decided, if that is anything new.
pub(crate) fn observe_as(
    objects: &mut Objects,
    manager: &str,
    table: &str,
    before: &Arc<Json>,
    after: Json,
) -> Answer<()> {
    if after == **before {
        return Ok(());
    }
    let mut after = after;
    if let Some(resource) = objects.catalog.by_table(table) {
        let own = resource.has_status && after.get("status") != before.get("status");
        let subresource = if own { "status" } else { "" };
        let now = objects.now();
        apply::record_update(&resource, before, &mut after, Writer { manager, subresource, now: &now });
    }
    objects.put(table, after).map(drop)
}

/// Makes an object. One that cannot be made here and now is not made: the next look tries again.
pub(crate) fn make(objects: &mut Objects, namespace: &str, object: Json) -> Answer<Option<Arc<Json>>> {
    let Some(resource) = objects.catalog.kind(meta::api_version(&object), meta::kind(&object)) else { return Ok(None) };
    let target = Target { resource: &resource, namespace, name: "", subresource: "" };
    match write::create(objects, target, object, &Options::of(MANAGER)) {
        Ok(written) => Ok(Some(written.object)),
        Err(refusal) if refusal.code < 500 => {
            tracing::debug!(namespace, kind = %resource.kind, reason = refusal.message(), "not made");
            Ok(None)
        }
        Err(refusal) => Err(refusal),
    }
}

/// Deletes an object of a built-in kind.
pub(crate) fn drop_object(objects: &mut Objects, table: &str, object: &Json) -> Answer<()> {
    match objects.catalog.by_table(table) {
        Some(resource) => write::delete_object(objects, &resource, object),
        None => Ok(()),
    }
}

/// The objects of a table, as they are now.
pub(crate) fn all(objects: &Objects, table: &str) -> Vec<Arc<Json>> {
    objects.list(table, "").cloned().collect()
}

/// A few letters that stand for a value.
pub(crate) fn short_hash(value: &Json) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(value.to_string())).chars().take(10).collect()
}

/// Says what happened to an object, once.
pub(crate) fn report(objects: &mut Objects, about: &Json, kind: &str, reason: &str, message: &str) -> Answer<()> {
    let namespace = if meta::namespace(about).is_empty() { "default" } else { meta::namespace(about) }.to_owned();
    let id = short_hash(&json!([meta::uid(about), reason, message]));
    let name = format!("{}.{id}", meta::name(about));
    if objects.get("/events", &namespace, &name).is_some() {
        return Ok(());
    }
    let now = objects.now();
    let involved = json!({
        "apiVersion": meta::api_version(about), "kind": meta::kind(about), "name": meta::name(about),
        "namespace": namespace, "uid": meta::uid(about),
    });
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
        "involvedObject": involved, "type": kind, "reason": reason, "message": message, "count": 1,
        "firstTimestamp": now, "lastTimestamp": now, "source": {"component": "sandbox"},
        "reportingComponent": "sandbox", "reportingInstance": "",
    });
    make(objects, &namespace, event).map(drop)
}

/// Sets a condition of a status at the present time.
pub(crate) fn condition(objects: &Objects, object: &mut Json, kind: &str, value: bool, reason: &str, message: &str) {
    let now = objects.now();
    meta::set_condition(object, kind, value, reason, message, &now);
}

/// The status has seen the object's present generation.
pub(crate) fn seen(object: &mut Json) {
    if let Some(generation) = super::super::json::integer(object, &["metadata", "generation"]) {
        set(object, &["status", "observedGeneration"], generation);
    }
}

/// Whether a pod is ready.
pub(crate) fn is_ready(pod: &Json) -> bool {
    meta::condition(pod, "Ready") && !meta::is_deleting(pod)
}

/// Whether a pod has ended by itself.
pub(crate) fn has_ended(pod: &Json) -> bool {
    matches!(text(pod, &["status", "phase"]), "Succeeded" | "Failed")
}

/// The pods that an object controls, but for those that go.
pub(crate) fn pods_of(objects: &Objects, owner: &Json) -> Vec<Arc<Json>> {
    let uid = meta::uid(owner);
    let pods = objects.list("/pods", meta::namespace(owner));
    pods.filter(|pod| meta::is_controlled_by(pod, uid) && !meta::is_deleting(pod)).cloned().collect()
}

/// A pod from a workload's template.
pub(crate) fn pod_from(owner: &Json, template: &Json) -> Json {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod"});
    for field in ["labels", "annotations"] {
        if let Some(value) = get(template, &["metadata"]).get(field) {
            set(&mut pod, &["metadata", field], value.clone());
        }
    }
    set(&mut pod, &["metadata", "ownerReferences"], json!([meta::controller_reference(owner)]));
    set(&mut pod, &["spec"], get(template, &["spec"]).clone());
    pod
}
