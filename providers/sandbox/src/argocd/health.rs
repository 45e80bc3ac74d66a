//! How an object is: `Healthy`, `Progressing`, `Degraded`, `Suspended` or `Missing`.

use super::word;
use crate::kubernetes::json::{at, flag, integer, list};
use crate::kubernetes::meta;
use serde_json::Value as Json;

/// A judgement and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) status: &'static str,
    pub(super) message: String,
}

impl Health {
    pub(super) fn new(status: &'static str, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) const fn healthy() -> Self {
        Self { status: "Healthy", message: String::new() }
    }

    /// How bad it is; the worst of its objects is an Application's health.
    pub(super) fn rank(&self) -> usize {
        let order = ["Healthy", "Suspended", "Progressing", "Missing", "Degraded"];
        order.iter().position(|one| *one == self.status).unwrap_or_default()
    }
}

/// Judges a live object. Child Applications count only where Argo CD is configured so.
pub(super) fn of(object: &Json, judges_applications: bool) -> Health {
    match (word(object, &["apiVersion"]), meta::kind(object)) {
        ("apps/v1", "Deployment") => deployment(object),
        ("apps/v1", "StatefulSet" | "ReplicaSet") => replicas(object),
        ("apps/v1", "DaemonSet") => daemons(object),
        ("batch/v1", "Job") => job(object),
        ("v1", "Pod") => pod(object),
        ("v1", "PersistentVolumeClaim") => match word(object, &["status", "phase"]) {
            "Bound" => Health::healthy(),
            phase => Health::new("Progressing", phase),
        },
        ("v1", "Service") if word(object, &["spec", "type"]) == "LoadBalancer" => balanced(object),
        ("networking.k8s.io/v1", "Ingress") if at(object, &["spec", "ingressClassName"]).is_some() => balanced(object),
        ("argoproj.io/v1alpha1", "Application") if judges_applications => child(object),
        _ => Health::healthy(),
    }
}

fn is_observed(object: &Json) -> bool {
    integer(object, &["status", "observedGeneration"]) == integer(object, &["metadata", "generation"])
}

fn deployment(object: &Json) -> Health {
    let conditions = list(object, &["status", "conditions"]);
    let progress = conditions.iter().find(|one| word(one, &["type"]) == "Progressing");
    if progress.is_some_and(|one| word(one, &["reason"]) == "ProgressDeadlineExceeded") {
        return Health::new("Degraded", format!("Deployment {:?} exceeded its progress deadline", meta::name(object)));
    }
    if flag(object, &["spec", "paused"]) {
        return Health::new("Suspended", "Deployment is paused");
    }
    let count = |path: &[&str]| integer(object, path).unwrap_or_default();
    let (wanted, updated) = (count(&["spec", "replicas"]), count(&["status", "updatedReplicas"]));
    let (total, available) = (count(&["status", "replicas"]), count(&["status", "availableReplicas"]));
    let waiting = "Waiting for rollout to finish";
    match () {
        () if !is_observed(object) => Health::new(
            "Progressing",
            format!("{waiting}: observed deployment generation less than desired generation"),
        ),
        () if updated < wanted => Health::new(
            "Progressing",
            format!("{waiting}: {updated} out of {wanted} new replicas have been updated..."),
        ),
        () if total > updated => Health::new(
            "Progressing",
            format!("{waiting}: {} old replicas are pending termination...", total - updated),
        ),
        () if available < updated => {
            Health::new("Progressing", format!("{waiting}: {available} of {updated} updated replicas are available..."))
        }
        () => Health::healthy(),
    }
}

fn replicas(object: &Json) -> Health {
    let wanted = integer(object, &["spec", "replicas"]).unwrap_or(1);
    let ready = integer(object, &["status", "readyReplicas"]).unwrap_or_default();
    if is_observed(object) && ready >= wanted {
        return Health::healthy();
    }
    Health::new("Progressing", format!("Waiting for {} pods to be ready...", wanted - ready))
}

fn daemons(object: &Json) -> Health {
    let count = |field: &str| integer(object, &["status", field]).unwrap_or_default();
    if is_observed(object) && count("numberAvailable") >= count("desiredNumberScheduled") {
        return Health::healthy();
    }
    Health::new("Progressing", "Waiting for daemon set rollout to finish")
}

fn job(object: &Json) -> Health {
    if meta::condition(object, "Failed") {
        return Health::new("Degraded", "Job has failed");
    }
    if meta::condition(object, "Complete") { Health::healthy() } else { Health::new("Progressing", "Job is running") }
}

fn pod(object: &Json) -> Health {
    let statuses = list(object, &["status", "containerStatuses"]);
    let waiting = statuses.iter().find(|one| {
        let reason = word(one, &["state", "waiting", "reason"]);
        reason.starts_with("Err") || reason.ends_with("BackOff") || reason.ends_with("Error")
    });
    if let Some(status) = waiting {
        return Health::new("Degraded", word(status, &["state", "waiting", "message"]));
    }
    match word(object, &["status", "phase"]) {
        "Failed" => Health::new("Degraded", "Pod has failed"),
        "Succeeded" => Health::healthy(),
        _ if meta::condition(object, "Ready") => Health::healthy(),
        _ => Health::new("Progressing", "Pod is not ready"),
    }
}

fn balanced(object: &Json) -> Health {
    if list(object, &["status", "loadBalancer", "ingress"]).is_empty() {
        return Health::new("Progressing", "Waiting for an address");
    }
    Health::healthy()
}

fn child(object: &Json) -> Health {
    let status = match word(object, &["status", "health", "status"]) {
        "Healthy" => "Healthy",
        "Degraded" => "Degraded",
        "Suspended" => "Suspended",
        "Missing" => "Missing",
        _ => "Progressing",
    };
    Health::new(status, word(object, &["status", "health", "message"]))
}
