//! Pods: they are given a node, pull their images, start, become ready, and end.

use super::super::json::{at, flag, get, integer, list, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::super::write;
use super::keep::{all, condition, has_ended, observe, report, short_hash};
use super::node;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;

/// From its node to its containers running.
const START: Duration = Duration::from_secs(3);
/// How long a container of a job runs.
const RUN: Duration = Duration::from_secs(5);
/// How long containers take to stop.
const STOP: Duration = Duration::from_secs(2);

/// Moves every pod on.
pub(super) fn reconcile(objects: &mut Objects) -> Answer<()> {
    for pod in all(objects, "/pods") {
        if meta::is_deleting(&pod) {
            stop(objects, &pod)?;
        } else if text(&pod, &["spec", "nodeName"]).is_empty() {
            schedule(objects, &pod)?;
        } else if !has_ended(&pod) {
            run(objects, &pod)?;
        }
    }
    Ok(())
}

fn has_passed(objects: &Objects, since: i64, real: Duration) -> bool {
    let wait = i64::try_from(objects.clock.scaled(real).as_millis()).unwrap_or(i64::MAX);
    objects.clock.now_ms() >= since.saturating_add(wait)
}

/// A pod that is told to go has gone once its containers had time to stop.
fn stop(objects: &mut Objects, pod: &Arc<Json>) -> Answer<()> {
    let until = meta::milliseconds(text(pod, &["metadata", "deletionTimestamp"])).unwrap_or_default();
    let grace = integer(pod, &["metadata", "deletionGracePeriodSeconds"]).unwrap_or_default();
    if has_ended(pod) || !has_passed(objects, until - grace * 1000, STOP) {
        return Ok(());
    }
    write::end_pod(objects, pod)
}

fn schedule(objects: &mut Objects, pod: &Arc<Json>) -> Answer<()> {
    let mut after = (**pod).clone();
    let nodes = node::fitting(objects, get(pod, &["spec"]));
    match (nodes.first(), missing_claim(objects, pod)) {
        (Some(node), None) => {
            set(&mut after, &["spec", "nodeName"], node.as_str());
            condition(objects, &mut after, "PodScheduled", true, "", "");
        }
        (None, _) => {
            let count = objects.list("/nodes", "").count();
            let message = format!(
                "0/{count} nodes are available: {count} node(s) didn't match Pod's node selector, or had untolerated taints."
            );
            condition(objects, &mut after, "PodScheduled", false, "Unschedulable", &message);
            report(objects, pod, "Warning", "FailedScheduling", &message)?;
        }
        (_, Some(claim)) => {
            let message = format!("persistentvolumeclaim {claim:?} not found");
            condition(objects, &mut after, "PodScheduled", false, "Unschedulable", &message);
            report(objects, pod, "Warning", "FailedScheduling", &message)?;
        }
    }
    observe(objects, "/pods", pod, after)
}

fn missing_claim(objects: &Objects, pod: &Json) -> Option<String> {
    let claims = list(pod, &["spec", "volumes"]).iter().map(|one| text(one, &["persistentVolumeClaim", "claimName"]));
    let mut claims = claims.filter(|claim| !claim.is_empty());
    claims
        .find(|claim| objects.get("/persistentvolumeclaims", meta::namespace(pod), claim).is_none())
        .map(str::to_owned)
}

fn run(objects: &mut Objects, pod: &Arc<Json>) -> Answer<()> {
    let created = meta::created(pod);
    if let Some((reason, message)) = obstacle(objects, pod) {
        return wait(objects, pod, &reason, &message);
    }
    let delay = list(pod, &["spec", "containers"])
        .iter()
        .filter_map(|one| integer(one, &["readinessProbe", "initialDelaySeconds"]))
        .max()
        .unwrap_or_default();
    let delay = Duration::from_secs(delay.unsigned_abs());
    let ends = text(pod, &["spec", "restartPolicy"]) != "Always" && has_an_end(pod);
    if !has_passed(objects, created, START) {
        wait(objects, pod, "ContainerCreating", "")
    } else if ends && has_passed(objects, created, START + RUN) {
        end(objects, pod)
    } else {
        let ready = has_passed(objects, created, START + delay);
        start(objects, pod, ready)
    }
}

/// Why the pod's containers cannot start.
fn obstacle(objects: &Objects, pod: &Json) -> Option<(String, String)> {
    let images = ["initContainers", "containers"].into_iter().flat_map(|kind| list(pod, &["spec", kind]));
    let mut images = images.map(|one| text(one, &["image"]));
    if let Some(image) = images.find(|image| image.contains("does-not-exist")) {
        return Some(("ImagePullBackOff".into(), format!("Back-off pulling image {image:?}: not found")));
    }
    let missing = missing_reference(objects, pod)?;
    Some(("CreateContainerConfigError".into(), missing))
}

/// What the pod's containers are to be given and is not there.
fn missing_reference(objects: &Objects, pod: &Json) -> Option<String> {
    let namespace = meta::namespace(pod);
    let absent = |kind: &str, table: &str, reference: &Json, field: &str| {
        let name = text(reference, &[field]);
        let needed = !name.is_empty() && !flag(reference, &["optional"]);
        (needed && objects.get(table, namespace, name).is_none()).then(|| format!("{kind} {name:?} not found"))
    };
    let secret = |reference: &Json, field: &str| absent("secret", "/secrets", reference, field);
    let config = |reference: &Json, field: &str| absent("configmap", "/configmaps", reference, field);
    for container in list(pod, &["spec", "containers"]) {
        for source in list(container, &["envFrom"]) {
            if let Some(found) =
                secret(get(source, &["secretRef"]), "name").or_else(|| config(get(source, &["configMapRef"]), "name"))
            {
                return Some(found);
            }
        }
        for variable in list(container, &["env"]) {
            let from = get(variable, &["valueFrom"]);
            if let Some(found) =
                secret(get(from, &["secretKeyRef"]), "name").or_else(|| config(get(from, &["configMapKeyRef"]), "name"))
            {
                return Some(found);
            }
        }
    }
    list(pod, &["spec", "volumes"]).iter().find_map(|one| {
        secret(get(one, &["secret"]), "secretName").or_else(|| config(get(one, &["configMap"]), "name"))
    })
}

fn container_statuses(pod: &Json, kind: &str, ready: bool, state: &Json) -> Json {
    let status = |container: &Json| {
        json!({
            "name": get(container, &["name"]), "image": get(container, &["image"]), "imageID": "", "ready": ready, "started": ready,
            "restartCount": 0, "state": state,
        })
    };
    list(pod, &["spec", kind]).iter().map(status).collect()
}

fn wait(objects: &mut Objects, pod: &Arc<Json>, reason: &str, message: &str) -> Answer<()> {
    let mut after = (**pod).clone();
    let state = json!({"waiting": {"reason": reason, "message": message}});
    set(&mut after, &["status", "phase"], "Pending");
    set(&mut after, &["status", "containerStatuses"], container_statuses(pod, "containers", false, &state));
    let names: Vec<_> = list(pod, &["spec", "containers"]).iter().map(|one| text(one, &["name"])).collect();
    let unready = format!("containers with unready status: [{}]", names.join(" "));
    for kind in ["Ready", "ContainersReady"] {
        condition(objects, &mut after, kind, false, "ContainersNotReady", &unready);
    }
    if reason != "ContainerCreating" {
        let word = if reason == "ImagePullBackOff" { "BackOff" } else { "Failed" };
        report(objects, pod, "Warning", word, message)?;
    }
    observe(objects, "/pods", pod, after)
}

fn start(objects: &mut Objects, pod: &Arc<Json>, ready: bool) -> Answer<()> {
    let mut after = (**pod).clone();
    let since = text(pod, &["status", "startTime"]).to_owned();
    let since = if since.is_empty() { objects.now() } else { since };
    let running = json!({"running": {"startedAt": since}});
    let done = json!({"terminated": {"reason": "Completed", "exitCode": 0, "startedAt": since, "finishedAt": since}});
    set(&mut after, &["status", "phase"], "Running");
    set(&mut after, &["status", "startTime"], since);
    set(&mut after, &["status", "containerStatuses"], container_statuses(pod, "containers", ready, &running));
    if !list(pod, &["spec", "initContainers"]).is_empty() {
        set(&mut after, &["status", "initContainerStatuses"], container_statuses(pod, "initContainers", true, &done));
    }
    let address = address(pod);
    set(&mut after, &["status", "podIP"], address.as_str());
    set(&mut after, &["status", "podIPs"], json!([{"ip": address}]));
    condition(objects, &mut after, "Initialized", true, "", "");
    for kind in ["Ready", "ContainersReady"] {
        condition(objects, &mut after, kind, ready, "", "");
    }
    observe(objects, "/pods", pod, after)
}

/// An address that stands for the pod; nothing answers there.
fn address(pod: &Json) -> String {
    let hash = short_hash(&json!(meta::uid(pod)));
    let byte = |from: usize| hash.get(from..from + 2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or(7);
    format!("10.244.{}.{}", byte(0), byte(2))
}

/// Whether what it runs comes to an end. A job's does; so may what a pod by itself is told to run, while what its image runs when
/// it is told nothing is taken for a server.
fn has_an_end(pod: &Json) -> bool {
    let told = |one: &Json| !list(one, &["command"]).is_empty() || !list(one, &["args"]).is_empty();
    !list(pod, &["metadata", "ownerReferences"]).is_empty()
        || meta::annotation(pod, "helm.sh/hook").is_some()
        || list(pod, &["spec", "containers"]).iter().any(told)
}

/// A container that runs to its end; `false` fails, as it does everywhere.
fn end(objects: &mut Objects, pod: &Arc<Json>) -> Answer<()> {
    let fails = list(pod, &["spec", "containers"])
        .iter()
        .any(|one| at(one, &["command"]).is_some_and(|command| command == &json!(["false"])));
    let (phase, reason, code) = if fails { ("Failed", "Error", 1) } else { ("Succeeded", "Completed", 0) };
    let now = objects.now();
    let state = json!({"terminated": {"reason": reason, "exitCode": code, "startedAt": now, "finishedAt": now}});
    let mut after = (**pod).clone();
    set(&mut after, &["status", "phase"], phase);
    set(&mut after, &["status", "containerStatuses"], container_statuses(pod, "containers", false, &state));
    for kind in ["Ready", "ContainersReady"] {
        condition(objects, &mut after, kind, false, "PodCompleted", "");
    }
    observe(objects, "/pods", pod, after)
}
