//! Deployments: a replica set per template, and the way from one to the next.

use super::super::json::{at, flag, get, integer, place, remove, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::keep::{all, condition, drop_object, make, observe, seen, short_hash};
use super::node::replicas;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;

const TABLE: &str = "apps/deployments";
const SETS: &str = "apps/replicasets";
const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";
/// However fast the pace: pods wait for what clients make (config maps, secrets), and those keep no pace. A deadline that is
/// shorter by itself stays so.
const SHORTEST_DEADLINE: Duration = Duration::from_secs(30);

/// Moves every deployment towards its template.
pub(super) fn reconcile(objects: &mut Objects) -> Answer<()> {
    for deployment in all(objects, TABLE).iter().filter(|one| !meta::is_deleting(one)) {
        if !flag(deployment, &["spec", "paused"]) {
            roll(objects, deployment)?;
        }
        let sets = sets_of(objects, deployment);
        let after = with_status(objects, deployment, &sets);
        observe(objects, TABLE, deployment, after)?;
    }
    Ok(())
}

fn sets_of(objects: &Objects, deployment: &Json) -> Vec<Arc<Json>> {
    let uid = meta::uid(deployment);
    objects.list(SETS, meta::namespace(deployment)).filter(|one| meta::is_controlled_by(one, uid)).cloned().collect()
}

fn template_hash(deployment: &Json) -> String {
    short_hash(get(deployment, &["spec", "template"]))
}

fn is_current(set: &Json, hash: &str) -> bool {
    meta::label(set, HASH) == Some(hash)
}

fn revision(object: &Json) -> i64 {
    meta::annotation(object, REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn sum(sets: &[Arc<Json>], count: impl Fn(&Json) -> i64) -> i64 {
    sets.iter().map(|one| count(one)).sum()
}

fn counted(field: &'static str) -> impl Fn(&Json) -> i64 {
    move |one| integer(one, &["status", field]).unwrap_or_default()
}

/// A number, or a share of the whole in percent.
pub(super) fn share(value: &Json, whole: i64, round_up: bool) -> i64 {
    match value {
        Json::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let exact = whole * percent;
            if round_up { (exact + 99) / 100 } else { exact / 100 }
        }
        other => other.as_i64().unwrap_or_default(),
    }
}

fn roll(objects: &mut Objects, deployment: &Arc<Json>) -> Answer<()> {
    let hash = template_hash(deployment);
    let sets = sets_of(objects, deployment);
    let (new, old): (Vec<_>, Vec<_>) = sets.into_iter().partition(|one| is_current(one, &hash));
    let desired = replicas(deployment);
    let recreate = text(deployment, &["spec", "strategy", "type"]) == "Recreate";
    let (surge, mut unavailable) = if recreate {
        (0, desired)
    } else {
        let rule = get(deployment, &["spec", "strategy", "rollingUpdate"]);
        (share(get(rule, &["maxSurge"]), desired, true), share(get(rule, &["maxUnavailable"]), desired, false))
    };
    if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    let old_total = sum(&old, replicas).max(if recreate { sum(&old, counted("replicas")) } else { 0 });
    match new.first() {
        None => {
            let room = (desired + surge - old_total).clamp(0, desired);
            let highest = old.iter().map(|one| revision(one)).max().unwrap_or_default();
            make(objects, meta::namespace(deployment), new_set(deployment, &hash, room, highest + 1))?;
        }
        Some(new) => {
            let room = (desired + surge - old_total).clamp(0, desired);
            let wanted = if replicas(new) > desired { desired } else { room.max(replicas(new)) };
            let highest = old.iter().map(|one| revision(one)).max().unwrap_or_default();
            set_count(objects, new, wanted, (highest >= revision(new)).then_some(highest + 1))?;
        }
    }
    let available = sum(&new, counted("availableReplicas")) + sum(&old, counted("availableReplicas"));
    let removable = if recreate { old_total } else { available - (desired - unavailable) };
    shrink(objects, &old, removable)?;
    forget_history(objects, deployment, &old)
}

fn new_set(deployment: &Json, hash: &str, count: i64, revision: i64) -> Json {
    let mut template = get(deployment, &["spec", "template"]).clone();
    set(&mut template, &["metadata", "labels", HASH], hash);
    let mut selector = get(deployment, &["spec", "selector"]).clone();
    set(&mut selector, &["matchLabels", HASH], hash);
    let mut set_object = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", meta::name(deployment)), "labels": get(&template, &["metadata", "labels"]),
            "annotations": {(REVISION): revision.to_string()},
            "ownerReferences": [meta::controller_reference(deployment)],
        },
        "spec": {"replicas": count, "selector": selector, "template": template},
    });
    if let Some(seconds) = at(deployment, &["spec", "minReadySeconds"]) {
        set(&mut set_object, &["spec", "minReadySeconds"], seconds.clone());
    }
    set_object
}

fn set_count(objects: &mut Objects, replica_set: &Arc<Json>, count: i64, revision: Option<i64>) -> Answer<()> {
    let mut after = (**replica_set).clone();
    if replicas(&after) != count {
        set(&mut after, &["spec", "replicas"], count);
        let generation = integer(&after, &["metadata", "generation"]).unwrap_or_default();
        set(&mut after, &["metadata", "generation"], generation + 1);
    }
    if let Some(revision) = revision {
        set(&mut after, &["metadata", "annotations", REVISION], revision.to_string());
    }
    observe(objects, SETS, replica_set, after)
}

/// Takes replicas from old sets: those that are not available at once, of the others as many as may go.
fn shrink(objects: &mut Objects, old: &[Arc<Json>], removable: i64) -> Answer<()> {
    let mut removable = removable;
    for replica_set in old.iter().filter(|one| replicas(one) > 0) {
        let available = counted("availableReplicas")(replica_set);
        let seen = counted("observedGeneration")(replica_set)
            >= integer(replica_set, &["metadata", "generation"]).unwrap_or_default();
        let ill = if seen { (replicas(replica_set) - available).max(0) } else { 0 };
        let healthy = (replicas(replica_set) - ill).min(removable.max(0));
        removable -= healthy;
        set_count(objects, replica_set, replicas(replica_set) - ill - healthy, None)?;
    }
    Ok(())
}

fn forget_history(objects: &mut Objects, deployment: &Json, old: &[Arc<Json>]) -> Answer<()> {
    let limit = integer(deployment, &["spec", "revisionHistoryLimit"]).unwrap_or(10);
    let empty = |one: &&Arc<Json>| replicas(one) == 0 && counted("replicas")(one) == 0;
    let mut idle: Vec<_> = old.iter().filter(empty).collect();
    idle.sort_by_key(|one| std::cmp::Reverse(revision(one)));
    for replica_set in idle.into_iter().skip(usize::try_from(limit).unwrap_or_default()) {
        drop_object(objects, SETS, replica_set)?;
    }
    Ok(())
}

fn with_status(objects: &Objects, deployment: &Json, sets: &[Arc<Json>]) -> Json {
    let hash = template_hash(deployment);
    let new: Vec<_> = sets.iter().filter(|one| is_current(one, &hash)).cloned().collect();
    let desired = replicas(deployment);
    let total = sum(sets, counted("replicas"));
    let updated = sum(&new, counted("replicas"));
    let (ready, available) = (sum(sets, counted("readyReplicas")), sum(sets, counted("availableReplicas")));
    let mut after = deployment.clone();
    if let Some(new) = new.first() {
        set(&mut after, &["metadata", "annotations", REVISION], revision(new).to_string());
    }
    let status = place(&mut after, &["status"]);
    let counts = [
        ("replicas", total),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", (total.max(desired) - available).max(0)),
    ];
    for (field, value) in counts {
        if value == 0 {
            remove(status, &[field]);
        } else {
            set(status, &[field], value);
        }
    }
    seen(&mut after);
    conclude(objects, deployment, &mut after, (desired, total, updated, available));
    after
}

fn conclude(objects: &Objects, deployment: &Json, after: &mut Json, counts: (i64, i64, i64, i64)) {
    let (desired, total, updated, available) = counts;
    let rule = get(deployment, &["spec", "strategy", "rollingUpdate", "maxUnavailable"]);
    let enough = available >= desired - share(rule, desired, false);
    let (reason, message) = if enough {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    condition(objects, after, "Available", enough, reason, message);
    let set_name = format!("{}-{}", meta::name(deployment), template_hash(deployment));
    if updated >= desired && total == updated && available >= desired {
        let message = format!("ReplicaSet {set_name:?} has successfully progressed.");
        condition(objects, after, "Progressing", true, "NewReplicaSetAvailable", &message);
    } else if has_expired(objects, deployment, after) {
        let message = format!("ReplicaSet {set_name:?} has timed out progressing.");
        condition(objects, after, "Progressing", false, "ProgressDeadlineExceeded", &message);
    } else {
        let message = format!("ReplicaSet {set_name:?} is progressing.");
        condition(objects, after, "Progressing", true, "ReplicaSetUpdated", &message);
    }
}

/// Whether the newest set has had its time and is not there yet.
fn has_expired(objects: &Objects, deployment: &Json, after: &Json) -> bool {
    let hash = template_hash(deployment);
    let since = sets_of(objects, deployment).iter().find(|one| is_current(one, &hash)).map(|one| meta::created(one));
    let seconds = integer(after, &["spec", "progressDeadlineSeconds"]).unwrap_or(600);
    let said = Duration::from_secs(seconds.unsigned_abs());
    let wait = objects.clock.scaled(said).max(SHORTEST_DEADLINE.min(said));
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    since.is_some_and(|since| objects.clock.now_ms() > since.saturating_add(wait))
}
