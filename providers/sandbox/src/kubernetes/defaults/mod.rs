//! What an API server writes into an object of a built-in kind where the client left it out.

mod pod;
mod service;
mod workload;

pub(crate) use workload::identify_job;

use super::json::{at, default_to, get, items_mut, list, object, remove, set, text};
use super::resource::Resource;
use base64::Engine as _;
use serde_json::{Value as Json, json};

/// Adds the defaults of a kind.
pub(crate) fn add_defaults(resource: &Resource, object: &mut Json) {
    if resource.is_custom() {
        return super::custom::add_defaults(resource.schema(), object);
    }
    match resource.kind.as_str() {
        "Pod" => pod::default_pod(object),
        "Deployment" => workload::deployment(object),
        "ReplicaSet" | "ReplicationController" => workload::replica_set(object),
        "StatefulSet" => workload::stateful_set(object),
        "DaemonSet" => workload::daemon_set(object),
        "Job" => workload::job(object),
        "CronJob" => workload::cron_job(object),
        "HorizontalPodAutoscaler" => workload::autoscaler(object),
        "PodTemplate" => pod::default_template(super::json::place(object, &["template"])),
        "Service" => service::default_service(object),
        "Ingress" | "NetworkPolicy" => service::default_networking(object),
        "Secret" => secret(object),
        "Namespace" => namespace(object),
        "PersistentVolumeClaim" => claim(object),
        "PersistentVolume" => volume(object),
        "StorageClass" => storage_class(object),
        "PriorityClass" => default_to(object, &["preemptionPolicy"], "PreemptLowerPriority"),
        "RoleBinding" | "ClusterRoleBinding" => binding(object),
        "LimitRange" => limit_range(object),
        "CustomResourceDefinition" => super::custom::default_definition(object),
        "APIService" => api_service(object),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => webhooks(object),
        "CertificateSigningRequest" | "Node" | "Endpoints" | "EndpointSlice" => {}
        _ => {}
    }
}

/// `stringData` is how one writes `data`; it is never kept.
fn secret(object: &mut Json) {
    default_to(object, &["type"], "Opaque");
    let Some(Json::Object(texts)) = remove(object, &["stringData"]) else { return };
    for (key, value) in texts {
        let value = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or_default());
        set(object, &["data", &key], value);
    }
}

fn namespace(object: &mut Json) {
    let name = super::meta::name(object).to_owned();
    if !name.is_empty() {
        set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], name);
    }
    default_to(object, &["spec", "finalizers"], json!(["kubernetes"]));
    default_to(object, &["status", "phase"], "Active");
}

fn claim(object: &mut Json) {
    default_to(object, &["spec", "volumeMode"], "Filesystem");
    default_to(object, &["status", "phase"], "Pending");
}

fn volume(object: &mut Json) {
    default_to(object, &["spec", "persistentVolumeReclaimPolicy"], "Retain");
    default_to(object, &["spec", "volumeMode"], "Filesystem");
    default_to(object, &["status", "phase"], "Pending");
}

fn storage_class(object: &mut Json) {
    default_to(object, &["reclaimPolicy"], "Delete");
    default_to(object, &["volumeBindingMode"], "Immediate");
}

fn binding(object: &mut Json) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    default_to(object, &["roleRef", "apiGroup"], GROUP);
    for subject in items_mut(object, &["subjects"]) {
        if matches!(text(subject, &["kind"]), "User" | "Group") {
            default_to(subject, &["apiGroup"], GROUP);
        }
    }
}

/// A container's defaults follow its maximum, its default requests its defaults.
fn limit_range(object: &mut Json) {
    for limit in items_mut(object, &["spec", "limits"]).filter(|one| text(one, &["type"]) == "Container") {
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            for (name, amount) in at(limit, &[from]).and_then(Json::as_object).cloned().into_iter().flatten() {
                default_to(limit, &[to, &name], amount);
            }
        }
    }
}

fn api_service(object: &mut Json) {
    if at(object, &["spec", "service"]).is_some() {
        default_to(object, &["spec", "service", "port"], 443);
    }
}

fn webhooks(object: &mut Json) {
    let mutating = super::meta::kind(object) == "MutatingWebhookConfiguration";
    for hook in items_mut(object, &["webhooks"]) {
        default_to(hook, &["failurePolicy"], "Fail");
        default_to(hook, &["matchPolicy"], "Equivalent");
        default_to(hook, &["namespaceSelector"], json!({}));
        default_to(hook, &["objectSelector"], json!({}));
        default_to(hook, &["timeoutSeconds"], 10);
        if mutating {
            default_to(hook, &["reinvocationPolicy"], "Never");
        }
        if at(hook, &["clientConfig", "service"]).is_some() {
            default_to(hook, &["clientConfig", "service", "port"], 443);
        }
        for rule in items_mut(hook, &["rules"]) {
            default_to(rule, &["scope"], "*");
        }
    }
}

/// Drops what a typed server does not keep: empty lists and maps of the metadata.
pub(crate) fn tidy_metadata(value: &mut Json) {
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let empty = match at(value, &["metadata", field]) {
            Some(Json::Object(map)) => map.is_empty(),
            Some(Json::Array(list)) => list.is_empty(),
            _ => false,
        };
        if empty || get(value, &["metadata"]).get(field).is_some_and(Json::is_null) {
            remove(value, &["metadata", field]);
        }
    }
    if list(value, &["metadata", "managedFields"]).is_empty() {
        object(super::json::place(value, &["metadata"])).shift_remove("managedFields");
    }
}
