//! When the rollout of a workload is complete, as `kubectl rollout status` sees it.

use super::Progress;
use serde_json::Value as Json;

/// A kind with a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rollout {
    DaemonSet,
    Deployment,
    Job,
    Pod,
    StatefulSet,
}

/// A number of an object; 0 where it is absent.
fn number(live: &Json, pointer: &str) -> i64 {
    live.pointer(pointer).and_then(Json::as_i64).unwrap_or(0)
}

fn text<'a>(live: &'a Json, pointer: &str) -> &'a str {
    live.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// A condition of an object.
fn condition<'a>(live: &'a Json, name: &str) -> Option<&'a Json> {
    let conditions = live.pointer("/status/conditions").and_then(Json::as_array);
    conditions.into_iter().flatten().find(|condition| condition.get("type").and_then(Json::as_str) == Some(name))
}

fn is_true(live: &Json, name: &str) -> bool {
    condition(live, name).is_some_and(|condition| text(condition, "/status") == "True")
}

fn waiting(text: impl Into<String>) -> Progress {
    Progress::Waiting(text.into())
}

impl Rollout {
    pub(super) fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "DaemonSet" => Self::DaemonSet,
            "Deployment" => Self::Deployment,
            "Job" => Self::Job,
            "Pod" => Self::Pod,
            "StatefulSet" => Self::StatefulSet,
            _ => return None,
        })
    }

    pub(super) fn judge(self, live: &Json) -> Progress {
        let observed = number(live, "/status/observedGeneration");
        let has_generations = matches!(self, Self::DaemonSet | Self::Deployment | Self::StatefulSet);
        if has_generations && observed < number(live, "/metadata/generation") {
            return waiting("its controller has not seen the change yet");
        }
        match self {
            Self::DaemonSet => daemon_set(live),
            Self::Deployment => deployment(live),
            Self::Job => job(live),
            Self::Pod => pod(live),
            Self::StatefulSet => stateful_set(live),
        }
    }
}

fn deployment(live: &Json) -> Progress {
    if let Some(progressing) = condition(live, "Progressing")
        && text(progressing, "/reason") == "ProgressDeadlineExceeded"
    {
        return Progress::Stuck(format!("the rollout makes no progress: {}", text(progressing, "/message")));
    }
    let wanted = live.pointer("/spec/replicas").and_then(Json::as_i64).unwrap_or(1);
    let (replicas, updated) = (number(live, "/status/replicas"), number(live, "/status/updatedReplicas"));
    let available = number(live, "/status/availableReplicas");
    if updated < wanted {
        return waiting(format!("{updated} of {wanted} replicas are new"));
    }
    if replicas > updated {
        return waiting(format!("{} old replicas are still there", replicas - updated));
    }
    if available < updated {
        return waiting(format!("{available} of {updated} replicas are available"));
    }
    Progress::Ready
}

fn daemon_set(live: &Json) -> Progress {
    if text(live, "/spec/updateStrategy/type") == "OnDelete" {
        return Progress::Ready;
    }
    let wanted = number(live, "/status/desiredNumberScheduled");
    let (updated, available) =
        (number(live, "/status/updatedNumberScheduled"), number(live, "/status/numberAvailable"));
    if updated < wanted {
        return waiting(format!("{updated} of {wanted} pods are new"));
    }
    if available < wanted {
        return waiting(format!("{available} of {wanted} pods are available"));
    }
    Progress::Ready
}

fn stateful_set(live: &Json) -> Progress {
    if text(live, "/spec/updateStrategy/type") == "OnDelete" {
        return Progress::Ready;
    }
    let wanted = live.pointer("/spec/replicas").and_then(Json::as_i64).unwrap_or(1);
    let ready = number(live, "/status/readyReplicas");
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} replicas are ready"));
    }
    let partition = number(live, "/spec/updateStrategy/rollingUpdate/partition");
    let updated = number(live, "/status/updatedReplicas");
    if partition > 0 {
        let new = (wanted - partition).max(0);
        return if updated < new { waiting(format!("{updated} of {new} replicas are new")) } else { Progress::Ready };
    }
    if text(live, "/status/updateRevision") != text(live, "/status/currentRevision") {
        return waiting(format!("{updated} of {wanted} replicas are new"));
    }
    Progress::Ready
}

fn job(live: &Json) -> Progress {
    if is_true(live, "Complete") {
        return Progress::Ready;
    }
    match condition(live, "Failed").filter(|failed| text(failed, "/status") == "True") {
        Some(failed) => Progress::Stuck(format!("the job failed: {}", text(failed, "/message"))),
        None => waiting(format!("{} pods of the job are active", number(live, "/status/active"))),
    }
}

fn pod(live: &Json) -> Progress {
    match text(live, "/status/phase") {
        "Succeeded" => Progress::Ready,
        "Failed" => Progress::Stuck(format!("the pod failed: {}", text(live, "/status/message"))),
        _ if is_true(live, "Ready") => Progress::Ready,
        "" => waiting("the pod is not scheduled yet"),
        phase => waiting(format!("the pod is {phase} and not ready")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn judged(kind: &str, live: &Json) -> String {
        match Rollout::of(kind).map(|rollout| rollout.judge(live)) {
            Some(Progress::Ready) => "ready".to_owned(),
            Some(Progress::Waiting(reason)) => format!("waiting: {reason}"),
            Some(Progress::Stuck(reason)) => format!("stuck: {reason}"),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn deployments_go_through_their_stages() {
        let with =
            |status: Json| json!({ "metadata": { "generation": 2 }, "spec": { "replicas": 2 }, "status": status });
        let cases = [
            (json!({ "observedGeneration": 1 }), "waiting: its controller has not seen the change yet"),
            (json!({ "observedGeneration": 2, "updatedReplicas": 1 }), "waiting: 1 of 2 replicas are new"),
            (
                json!({ "observedGeneration": 2, "updatedReplicas": 2, "replicas": 3 }),
                "waiting: 1 old replicas are still there",
            ),
            (
                json!({ "observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 1 }),
                "waiting: 1 of 2 replicas are available",
            ),
            (json!({ "observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2 }), "ready"),
            (
                json!({ "observedGeneration": 2, "conditions": [{ "type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out" }] }),
                "stuck: the rollout makes no progress: timed out",
            ),
        ];
        for (status, wanted) in cases {
            assert_eq!(judged("Deployment", &with(status)), wanted);
        }
    }

    #[test]
    fn other_workloads_have_their_own_signs() {
        assert_eq!(
            judged(
                "Job",
                &json!({ "status": { "conditions": [{ "type": "Failed", "status": "True", "message": "m" }] } })
            ),
            "stuck: the job failed: m"
        );
        assert_eq!(
            judged("Job", &json!({ "status": { "conditions": [{ "type": "Complete", "status": "True" }] } })),
            "ready"
        );
        assert_eq!(
            judged(
                "Pod",
                &json!({ "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "False" }] } })
            ),
            "waiting: the pod is Running and not ready"
        );
        let set = json!({ "spec": { "replicas": 1 }, "status": { "readyReplicas": 1, "updateRevision": "b", "currentRevision": "a" } });
        assert_eq!(judged("StatefulSet", &set), "waiting: 0 of 1 replicas are new");
        assert_eq!(
            judged(
                "DaemonSet",
                &json!({ "status": { "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2 } })
            ),
            "waiting: 2 of 3 pods are available"
        );
        assert_eq!(judged("ConfigMap", &json!({})), "none");
    }
}
