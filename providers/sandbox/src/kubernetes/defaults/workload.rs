//! Defaults of what runs pods.

use super::super::json::{at, default_to, items_mut, place, text};
use super::pod::default_template;
use serde_json::{Value as Json, json};

fn template(object: &mut Json) {
    default_template(place(object, &["spec", "template"]));
}

pub(super) fn deployment(object: &mut Json) {
    default_to(object, &["spec", "replicas"], 1);
    default_to(object, &["spec", "revisionHistoryLimit"], 10);
    default_to(object, &["spec", "progressDeadlineSeconds"], 600);
    default_to(object, &["spec", "strategy", "type"], "RollingUpdate");
    if text(object, &["spec", "strategy", "type"]) == "RollingUpdate" {
        default_to(object, &["spec", "strategy", "rollingUpdate", "maxSurge"], "25%");
        default_to(object, &["spec", "strategy", "rollingUpdate", "maxUnavailable"], "25%");
    }
    template(object);
}

pub(super) fn replica_set(object: &mut Json) {
    default_to(object, &["spec", "replicas"], 1);
    template(object);
}

pub(super) fn stateful_set(object: &mut Json) {
    default_to(object, &["spec", "replicas"], 1);
    default_to(object, &["spec", "revisionHistoryLimit"], 10);
    default_to(object, &["spec", "podManagementPolicy"], "OrderedReady");
    default_to(object, &["spec", "updateStrategy", "type"], "RollingUpdate");
    if text(object, &["spec", "updateStrategy", "type"]) == "RollingUpdate" {
        default_to(object, &["spec", "updateStrategy", "rollingUpdate", "partition"], 0);
    }
    for when in ["whenDeleted", "whenScaled"] {
        default_to(object, &["spec", "persistentVolumeClaimRetentionPolicy", when], "Retain");
    }
    for claim in items_mut(object, &["spec", "volumeClaimTemplates"]) {
        default_to(claim, &["apiVersion"], "v1");
        default_to(claim, &["kind"], "PersistentVolumeClaim");
        default_to(claim, &["spec", "volumeMode"], "Filesystem");
        default_to(claim, &["status", "phase"], "Pending");
    }
    template(object);
}

pub(super) fn daemon_set(object: &mut Json) {
    default_to(object, &["spec", "revisionHistoryLimit"], 10);
    default_to(object, &["spec", "updateStrategy", "type"], "RollingUpdate");
    if text(object, &["spec", "updateStrategy", "type"]) == "RollingUpdate" {
        default_to(object, &["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], 1);
        default_to(object, &["spec", "updateStrategy", "rollingUpdate", "maxSurge"], 0);
    }
    template(object);
}

pub(super) fn job(object: &mut Json) {
    default_to(object, &["spec", "parallelism"], 1);
    default_to(object, &["spec", "completions"], 1);
    default_to(object, &["spec", "backoffLimit"], 6);
    default_to(object, &["spec", "completionMode"], "NonIndexed");
    default_to(object, &["spec", "suspend"], false);
    default_to(object, &["spec", "manualSelector"], false);
    default_to(object, &["spec", "podReplacementPolicy"], "TerminatingOrFailed");
    template(object);
}

/// A job's selector and its pods' labels come from its id.
pub(crate) fn identify_job(object: &mut Json) {
    let (uid, name) = (super::super::meta::uid(object).to_owned(), super::super::meta::name(object).to_owned());
    if at(object, &["spec", "selector"]).is_some() || uid.is_empty() {
        return;
    }
    let labels = ["batch.kubernetes.io/controller-uid", "controller-uid"];
    super::super::json::set(object, &["spec", "selector"], json!({"matchLabels": {(labels[0]): uid}}));
    for (keys, value) in [(labels, &uid), (["batch.kubernetes.io/job-name", "job-name"], &name)] {
        for key in keys {
            super::super::json::set(object, &["spec", "template", "metadata", "labels", key], value.as_str());
        }
    }
}

pub(super) fn cron_job(object: &mut Json) {
    default_to(object, &["spec", "concurrencyPolicy"], "Allow");
    default_to(object, &["spec", "suspend"], false);
    default_to(object, &["spec", "successfulJobsHistoryLimit"], 3);
    default_to(object, &["spec", "failedJobsHistoryLimit"], 1);
    default_template(place(object, &["spec", "jobTemplate", "spec", "template"]));
}

pub(super) fn autoscaler(object: &mut Json) {
    default_to(object, &["spec", "minReplicas"], 1);
    let cpu = json!([{
        "type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }]);
    default_to(object, &["spec", "metrics"], cpu);
}
