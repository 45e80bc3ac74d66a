//! Stateful sets: pods in order, each with its own claims.

use super::super::json::{get, list, list_mut, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::keep::{all, drop_object, is_ready, make, observe, pod_from, pods_of, seen, short_hash};
use super::node::replicas;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const TABLE: &str = "apps/statefulsets";
const HASH: &str = "controller-revision-hash";

/// Moves every stateful set on.
pub(super) fn reconcile(objects: &mut Objects) -> Answer<()> {
    for owner in all(objects, TABLE).iter().filter(|one| !meta::is_deleting(one)) {
        let revision = format!("{}-{}", meta::name(owner), short_hash(get(owner, &["spec", "template"])));
        grow(objects, owner, &revision)?;
        shrink(objects, owner)?;
        replace_outdated(objects, owner, &revision)?;
        let after = with_status(objects, owner, &revision);
        observe(objects, TABLE, owner, after)?;
    }
    Ok(())
}

fn pod_name(owner: &Json, ordinal: i64) -> String {
    format!("{}-{ordinal}", meta::name(owner))
}

fn ordinal(pod: &Json) -> i64 {
    meta::name(pod).rsplit('-').next().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Makes the pods that lack, each after the one before it is ready.
fn grow(objects: &mut Objects, owner: &Arc<Json>, revision: &str) -> Answer<()> {
    let in_order = text(owner, &["spec", "podManagementPolicy"]) != "Parallel";
    for ordinal in 0..replicas(owner) {
        let name = pod_name(owner, ordinal);
        match objects.get("/pods", meta::namespace(owner), &name) {
            Some(pod) if in_order && !is_ready(&pod) => return Ok(()),
            Some(_) => {}
            None => {
                make_pod(objects, owner, &name, revision)?;
                if in_order {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn make_pod(objects: &mut Objects, owner: &Json, name: &str, revision: &str) -> Answer<()> {
    let mut pod = pod_from(owner, get(owner, &["spec", "template"]));
    set(&mut pod, &["metadata", "name"], name);
    set(&mut pod, &["metadata", "labels", HASH], revision);
    set(&mut pod, &["metadata", "labels", "statefulset.kubernetes.io/pod-name"], name);
    set(&mut pod, &["spec", "hostname"], name);
    for template in list(owner, &["spec", "volumeClaimTemplates"]) {
        let claim_name = format!("{}-{name}", meta::name(template));
        let mut claim = template.clone();
        set(&mut claim, &["metadata", "name"], claim_name.as_str());
        super::super::json::remove(&mut claim, &["status"]);
        if objects.get("/persistentvolumeclaims", meta::namespace(owner), &claim_name).is_none() {
            make(objects, meta::namespace(owner), claim)?;
        }
        list_mut(&mut pod, &["spec", "volumes"])
            .push(json!({"name": meta::name(template), "persistentVolumeClaim": {"claimName": claim_name}}));
    }
    make(objects, meta::namespace(owner), pod).map(drop)
}

fn shrink(objects: &mut Objects, owner: &Json) -> Answer<()> {
    for pod in pods_of(objects, owner) {
        if ordinal(&pod) >= replicas(owner) {
            drop_object(objects, "/pods", &pod)?;
        }
    }
    Ok(())
}

/// The last pod of an old revision goes when all are ready.
fn replace_outdated(objects: &mut Objects, owner: &Json, revision: &str) -> Answer<()> {
    let pods = pods_of(objects, owner);
    let by_hand = text(owner, &["spec", "updateStrategy", "type"]) == "OnDelete";
    let settled =
        i64::try_from(pods.len()).is_ok_and(|count| count == replicas(owner)) && pods.iter().all(|pod| is_ready(pod));
    let mut outdated: Vec<_> = pods.iter().filter(|pod| meta::label(pod, HASH) != Some(revision)).collect();
    outdated.sort_by_key(|pod| ordinal(pod));
    // A pod that is not ready and outdated would never become ready by waiting.
    let stuck = outdated.iter().rev().find(|pod| !is_ready(pod)).copied();
    let next = if settled { outdated.last().copied() } else { stuck };
    match next {
        Some(pod) if !by_hand => drop_object(objects, "/pods", pod),
        _ => Ok(()),
    }
}

fn with_status(objects: &Objects, owner: &Json, revision: &str) -> Json {
    let pods = pods_of(objects, owner);
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let updated = pods.iter().filter(|pod| meta::label(pod, HASH) == Some(revision)).count();
    let known = text(owner, &["status", "currentRevision"]);
    let done = updated == pods.len();
    let current = if done || known.is_empty() { revision } else { known };
    let mut after = owner.clone();
    let status = json!({
        "replicas": pods.len(), "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated,
        "currentReplicas": if done { pods.len() } else { pods.len() - updated },
        "currentRevision": current, "updateRevision": revision, "collisionCount": 0,
    });
    set(&mut after, &["status"], status);
    seen(&mut after);
    after
}
