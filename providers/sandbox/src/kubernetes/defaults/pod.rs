//! Defaults of pods and pod templates.

use super::super::json::{at, default_to, items_mut, place, set, text};
use serde_json::{Value as Json, json};

/// A pod by itself.
pub(super) fn default_pod(pod: &mut Json) {
    let spec = place(pod, &["spec"]);
    default_spec(spec);
    default_to(spec, &["enableServiceLinks"], true);
    default_to(spec, &["serviceAccountName"], "default");
    default_to(spec, &["serviceAccount"], text(spec, &["serviceAccountName"]).to_owned());
    default_to(spec, &["preemptionPolicy"], "PreemptLowerPriority");
    default_to(spec, &["priority"], 0);
    default_to(pod, &["status", "phase"], "Pending");
}

/// A pod in a workload.
pub(super) fn default_template(template: &mut Json) {
    default_spec(place(template, &["spec"]));
}

fn default_spec(spec: &mut Json) {
    default_to(spec, &["restartPolicy"], "Always");
    default_to(spec, &["terminationGracePeriodSeconds"], 30);
    default_to(spec, &["dnsPolicy"], "ClusterFirst");
    default_to(spec, &["securityContext"], json!({}));
    default_to(spec, &["schedulerName"], "default-scheduler");
    let account = text(spec, &["serviceAccountName"]).to_owned();
    if !account.is_empty() {
        set(spec, &["serviceAccount"], account);
    }
    for kind in ["initContainers", "containers", "ephemeralContainers"] {
        items_mut(spec, &[kind]).for_each(default_container);
    }
    items_mut(spec, &["volumes"]).for_each(default_volume);
}

fn default_container(container: &mut Json) {
    default_to(container, &["terminationMessagePath"], "/dev/termination-log");
    default_to(container, &["terminationMessagePolicy"], "File");
    let policy = pull_policy(text(container, &["image"]));
    default_to(container, &["imagePullPolicy"], policy);
    default_to(container, &["resources"], json!({}));
    requests_from_limits(container);
    for port in items_mut(container, &["ports"]) {
        default_to(port, &["protocol"], "TCP");
    }
    for variable in items_mut(container, &["env"]) {
        if at(variable, &["valueFrom", "fieldRef"]).is_some() {
            default_to(variable, &["valueFrom", "fieldRef", "apiVersion"], "v1");
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if at(container, &[probe]).is_some() {
            default_probe(place(container, &[probe]));
        }
    }
    for hook in ["postStart", "preStop"] {
        default_http(container, &["lifecycle", hook, "httpGet"]);
    }
}

/// An image without a tag, or `latest`, is asked for each time.
fn pull_policy(image: &str) -> &'static str {
    let last = image.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    match tag {
        _ if image.contains('@') => "IfNotPresent",
        None | Some("latest") => "Always",
        Some(_) => "IfNotPresent",
    }
}

fn requests_from_limits(container: &mut Json) {
    let limits = at(container, &["resources", "limits"]).and_then(Json::as_object).cloned();
    for (name, amount) in limits.into_iter().flatten() {
        default_to(container, &["resources", "requests", &name], amount);
    }
}

fn default_probe(probe: &mut Json) {
    for (field, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        default_to(probe, &[field], value);
    }
    default_http(probe, &["httpGet"]);
    if at(probe, &["grpc"]).is_some() {
        default_to(probe, &["grpc", "service"], "");
    }
}

fn default_http(value: &mut Json, path: &[&str]) {
    if at(value, path).is_some() {
        let get = place(value, path);
        default_to(get, &["path"], "/");
        default_to(get, &["scheme"], "HTTP");
    }
}

fn default_volume(volume: &mut Json) {
    if volume.as_object().is_some_and(|fields| fields.len() == 1) {
        set(volume, &["emptyDir"], json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if at(volume, &[source]).is_some() {
            default_to(volume, &[source, "defaultMode"], 420);
        }
    }
    if at(volume, &["hostPath"]).is_some() {
        default_to(volume, &["hostPath", "type"], "");
    }
    for source in items_mut(volume, &["projected", "sources"]) {
        if at(source, &["serviceAccountToken"]).is_some() {
            default_to(source, &["serviceAccountToken", "expirationSeconds"], 3600);
        }
        default_items(source, "downwardAPI");
    }
    default_items(volume, "downwardAPI");
}

fn default_items(value: &mut Json, source: &str) {
    for item in items_mut(value, &[source, "items"]) {
        if at(item, &["fieldRef"]).is_some() {
            default_to(item, &["fieldRef", "apiVersion"], "v1");
        }
    }
}
