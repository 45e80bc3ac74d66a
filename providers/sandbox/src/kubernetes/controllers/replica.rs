//! What keeps a number of like pods: replica sets, replication controllers, daemon sets.

use super::super::json::{get, place, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::quota;
use super::super::status::Answer;
use super::keep::{all, drop_object, has_ended, is_ready, make, observe, pod_from, pods_of, report, seen, short_hash};
use super::node;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Keeps the pods of replica sets and replication controllers.
pub(super) fn reconcile_sets(objects: &mut Objects) -> Answer<()> {
    for table in ["apps/replicasets", "/replicationcontrollers"] {
        for owner in all(objects, table).iter().filter(|one| !meta::is_deleting(one)) {
            keep_count(objects, owner)?;
            let Some(owner) = objects.get(table, meta::namespace(owner), meta::name(owner)) else { continue };
            let after = with_counts(objects, &owner);
            observe(objects, table, &owner, after)?;
        }
    }
    Ok(())
}

fn keep_count(objects: &mut Objects, owner: &Json) -> Answer<()> {
    let pods: Vec<_> = pods_of(objects, owner).into_iter().filter(|pod| !has_ended(pod)).collect();
    let wanted = usize::try_from(node::replicas(owner)).unwrap_or_default();
    for _ in pods.len()..wanted {
        if let Some(detail) = quota::exceeded(objects, "/pods", meta::namespace(owner), &Json::Null, None) {
            let message = format!("Error creating: pods \"{}-\" is forbidden: {detail}", meta::name(owner));
            report(objects, owner, "Warning", "FailedCreate", &message)?;
            break;
        }
        let mut pod = pod_from(owner, get(owner, &["spec", "template"]));
        set(&mut pod, &["metadata", "generateName"], format!("{}-", meta::name(owner)));
        if make(objects, meta::namespace(owner), pod)?.is_none() {
            break;
        }
    }
    for pod in surplus(pods, wanted) {
        drop_object(objects, "/pods", &pod)?;
    }
    Ok(())
}

/// Those that are too many: the ones that are not ready first, then the youngest.
fn surplus(mut pods: Vec<Arc<Json>>, wanted: usize) -> Vec<Arc<Json>> {
    pods.sort_by_key(|pod| (!is_ready(pod), meta::created(pod)));
    pods.split_off(wanted.min(pods.len()))
}

fn with_counts(objects: &Objects, owner: &Json) -> Json {
    let pods = pods_of(objects, owner);
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let mut after = owner.clone();
    let status = place(&mut after, &["status"]);
    for (field, value) in [("replicas", pods.len()), ("fullyLabeledReplicas", pods.len())] {
        set(status, &[field], value);
    }
    for field in ["readyReplicas", "availableReplicas"] {
        set(status, &[field], ready);
    }
    seen(&mut after);
    after
}

/// Keeps one pod of each daemon set on each node that it fits.
pub(super) fn reconcile_daemons(objects: &mut Objects) -> Answer<()> {
    const TABLE: &str = "apps/daemonsets";
    for owner in all(objects, TABLE).iter().filter(|one| !meta::is_deleting(one)) {
        let nodes = node::fitting(objects, get(owner, &["spec", "template", "spec"]));
        let hash = short_hash(get(owner, &["spec", "template"]));
        let outdated = |pod: &Json| meta::label(pod, "controller-revision-hash") != Some(&hash);
        for pod in pods_of(objects, owner) {
            if outdated(&pod) || !nodes.iter().any(|one| text(&pod, &["spec", "nodeName"]) == one) {
                drop_object(objects, "/pods", &pod)?;
            }
        }
        let pods = pods_of(objects, owner);
        for node in nodes.iter().filter(|node| !pods.iter().any(|pod| text(pod, &["spec", "nodeName"]) == *node)) {
            let mut pod = pod_from(owner, get(owner, &["spec", "template"]));
            set(&mut pod, &["metadata", "generateName"], format!("{}-", meta::name(owner)));
            set(&mut pod, &["metadata", "labels", "controller-revision-hash"], hash.as_str());
            set(&mut pod, &["spec", "nodeName"], node.as_str());
            make(objects, meta::namespace(owner), pod)?;
        }
        let ready = pods_of(objects, owner).iter().filter(|pod| is_ready(pod)).count();
        let mut after = (**owner).clone();
        let status = json!({
            "desiredNumberScheduled": nodes.len(), "currentNumberScheduled": nodes.len(), "numberMisscheduled": 0,
            "updatedNumberScheduled": nodes.len(), "numberReady": ready, "numberAvailable": ready,
            "numberUnavailable": nodes.len().saturating_sub(ready),
        });
        set(&mut after, &["status"], status);
        seen(&mut after);
        observe(objects, TABLE, owner, after)?;
    }
    Ok(())
}
