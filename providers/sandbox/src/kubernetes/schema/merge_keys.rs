//! How lists and objects of the built-in types are merged: what `k8s-openapi`'s schemas leave out.
//!
//! A list that is not here is atomic for server-side apply and is replaced by a strategic merge patch.

use serde_json::{Map, Value as Json, json};

/// Type (without `io.k8s.api.`), field; keys that tell items apart (`=`: their value; empty: atomic); merge key of a
/// strategic merge patch; its strategy.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const LISTS: &[Row] = &[
    ("admissionregistration.v1.MutatingWebhook", "matchConditions", "name", "name", "merge"),
    ("admissionregistration.v1.MutatingWebhookConfiguration", "webhooks", "name", "name", "merge"),
    ("admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec", "validationActions", "=", "", ""),
    ("admissionregistration.v1.ValidatingAdmissionPolicySpec", "matchConditions", "name", "name", "merge"),
    ("admissionregistration.v1.ValidatingAdmissionPolicySpec", "variables", "name", "name", "merge"),
    ("admissionregistration.v1.ValidatingAdmissionPolicyStatus", "conditions", "type", "", ""),
    ("admissionregistration.v1.ValidatingWebhook", "matchConditions", "name", "name", "merge"),
    ("admissionregistration.v1.ValidatingWebhookConfiguration", "webhooks", "name", "name", "merge"),
    ("apps.v1.DaemonSetStatus", "conditions", "type", "type", "merge"),
    ("apps.v1.DeploymentSpec", "strategy", "", "", "retainKeys"),
    ("apps.v1.DeploymentStatus", "conditions", "type", "type", "merge"),
    ("apps.v1.ReplicaSetStatus", "conditions", "type", "type", "merge"),
    ("apps.v1.StatefulSetStatus", "conditions", "type", "type", "merge"),
    ("autoscaling.v2.HorizontalPodAutoscalerStatus", "conditions", "type", "type", "merge"),
    ("batch.v1.JobStatus", "conditions", "", "type", "merge"),
    ("batch.v1.PodFailurePolicyOnExitCodesRequirement", "values", "=", "", ""),
    ("batch.v1.UncountedTerminatedPods", "failed", "=", "", ""),
    ("batch.v1.UncountedTerminatedPods", "succeeded", "=", "", ""),
    ("certificates.v1.CertificateSigningRequestStatus", "conditions", "type", "", ""),
    ("core.v1.ComponentStatus", "conditions", "type", "type", "merge"),
    ("core.v1.Container", "env", "name", "name", "merge"),
    ("core.v1.Container", "ports", "containerPort,protocol", "containerPort", "merge"),
    ("core.v1.Container", "volumeDevices", "devicePath", "devicePath", "merge"),
    ("core.v1.Container", "volumeMounts", "mountPath", "mountPath", "merge"),
    ("core.v1.ContainerStatus", "allocatedResourcesStatus", "name", "name", "merge"),
    ("core.v1.ContainerStatus", "volumeMounts", "mountPath", "mountPath", "merge"),
    ("core.v1.EphemeralContainer", "env", "name", "name", "merge"),
    ("core.v1.EphemeralContainer", "ports", "containerPort,protocol", "containerPort", "merge"),
    ("core.v1.EphemeralContainer", "volumeDevices", "devicePath", "devicePath", "merge"),
    ("core.v1.EphemeralContainer", "volumeMounts", "mountPath", "mountPath", "merge"),
    ("core.v1.NamespaceStatus", "conditions", "type", "type", "merge"),
    ("core.v1.NodeSpec", "podCIDRs", "=", "", "merge"),
    ("core.v1.NodeStatus", "addresses", "type", "type", "merge"),
    ("core.v1.NodeStatus", "conditions", "type", "type", "merge"),
    ("core.v1.PersistentVolumeClaimStatus", "conditions", "type", "type", "merge"),
    ("core.v1.PodSpec", "containers", "name", "name", "merge"),
    ("core.v1.PodSpec", "ephemeralContainers", "name", "name", "merge"),
    ("core.v1.PodSpec", "hostAliases", "ip", "ip", "merge"),
    ("core.v1.PodSpec", "imagePullSecrets", "name", "name", "merge"),
    ("core.v1.PodSpec", "initContainers", "name", "name", "merge"),
    ("core.v1.PodSpec", "resourceClaims", "name", "name", "merge,retainKeys"),
    ("core.v1.PodSpec", "schedulingGates", "name", "name", "merge"),
    ("core.v1.PodSpec", "topologySpreadConstraints", "topologyKey,whenUnsatisfiable", "topologyKey", "merge"),
    ("core.v1.PodSpec", "volumes", "name", "name", "merge,retainKeys"),
    ("core.v1.PodStatus", "conditions", "type", "type", "merge"),
    ("core.v1.PodStatus", "hostIPs", "", "ip", "merge"),
    ("core.v1.PodStatus", "podIPs", "ip", "ip", "merge"),
    ("core.v1.PodStatus", "resourceClaimStatuses", "name", "name", "merge,retainKeys"),
    ("core.v1.ReplicationControllerStatus", "conditions", "type", "type", "merge"),
    ("core.v1.ResourceRequirements", "claims", "name", "", ""),
    ("core.v1.ResourceStatus", "resources", "resourceID", "", ""),
    ("core.v1.ServiceAccount", "secrets", "name", "name", "merge"),
    ("core.v1.ServiceSpec", "ports", "port,protocol", "port", "merge"),
    ("core.v1.ServiceStatus", "conditions", "type", "type", "merge"),
    ("discovery.v1.Endpoint", "addresses", "=", "", ""),
    ("flowcontrol.v1.FlowSchemaStatus", "conditions", "type", "type", "merge"),
    ("flowcontrol.v1.NonResourcePolicyRule", "nonResourceURLs", "=", "", ""),
    ("flowcontrol.v1.NonResourcePolicyRule", "verbs", "=", "", ""),
    ("flowcontrol.v1.PriorityLevelConfigurationStatus", "conditions", "type", "type", "merge"),
    ("flowcontrol.v1.ResourcePolicyRule", "apiGroups", "=", "", ""),
    ("flowcontrol.v1.ResourcePolicyRule", "namespaces", "=", "", ""),
    ("flowcontrol.v1.ResourcePolicyRule", "resources", "=", "", ""),
    ("flowcontrol.v1.ResourcePolicyRule", "verbs", "=", "", ""),
    ("networking.v1.ServiceCIDRStatus", "conditions", "type", "type", "merge"),
    ("policy.v1.PodDisruptionBudgetSpec", "selector", "", "", "replace"),
    ("policy.v1.PodDisruptionBudgetStatus", "conditions", "type", "type", "merge"),
    ("storage.v1.CSIDriverSpec", "volumeLifecycleModes", "=", "", ""),
    ("storage.v1.CSINodeSpec", "drivers", "name", "name", "merge"),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus", "conditions", "type", "", ""),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps", "x-kubernetes-validations", "rule", "rule", "merge"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "finalizers", "=", "", "merge"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "ownerReferences", "uid", "uid", "merge"),
    ("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus", "conditions", "type", "type", "merge"),
];

/// Types, or fields of types, that are owned as a whole.
#[rustfmt::skip]
const ATOMIC: &[(&str, &str)] = &[
    ("admissionregistration.v1.MatchResources", ""),
    ("admissionregistration.v1.NamedRuleWithOperations", ""),
    ("admissionregistration.v1.ParamKind", ""),
    ("admissionregistration.v1.ParamRef", ""),
    ("admissionregistration.v1.Variable", ""),
    ("autoscaling.v1.CrossVersionObjectReference", ""),
    ("core.v1.ConfigMapKeySelector", ""),
    ("core.v1.EndpointAddress", ""),
    ("core.v1.EndpointPort", ""),
    ("core.v1.LocalObjectReference", ""),
    ("core.v1.NodeSelector", ""),
    ("core.v1.NodeSelectorTerm", ""),
    ("core.v1.ObjectFieldSelector", ""),
    ("core.v1.ObjectReference", ""),
    ("core.v1.PodSpec", "nodeSelector"),
    ("core.v1.ReplicationControllerSpec", "selector"),
    ("core.v1.ResourceFieldSelector", ""),
    ("core.v1.ScopeSelector", ""),
    ("core.v1.SecretKeySelector", ""),
    ("core.v1.SecretReference", ""),
    ("core.v1.ServiceSpec", "selector"),
    ("core.v1.TopologySelectorTerm", ""),
    ("core.v1.TypedLocalObjectReference", ""),
    ("discovery.v1.EndpointPort", ""),
    ("networking.v1.ServiceBackendPort", ""),
    ("node.v1.Scheduling", "nodeSelector"),
    ("rbac.v1.RoleRef", ""),
    ("rbac.v1.Subject", ""),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector", ""),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference", ""),
];

/// Fields of atomic types that are merged all the same.
const GRANULAR: &[(&str, &str)] = &[
    ("core.v1.PersistentVolumeClaimStatus", "allocatedResourceStatuses"),
    ("core.v1.PersistentVolumeSpec", "claimRef"),
];

fn full_name(short: &str) -> String {
    if short.starts_with("io.k8s.") { short.to_owned() } else { format!("io.k8s.api.{short}") }
}

fn field<'a>(definitions: &'a mut Map<String, Json>, kind: &str, field: &str) -> Option<&'a mut Json> {
    let definition = definitions.get_mut(&full_name(kind))?;
    match field {
        "" => Some(definition),
        field => definition.get_mut("properties")?.get_mut(field),
    }
}

/// Writes the table into the definitions, in `OpenAPI`'s words.
pub(super) fn add_to(definitions: &mut Map<String, Json>) {
    for &row in LISTS {
        if let Some(node) = field(definitions, row.0, row.1).and_then(Json::as_object_mut) {
            add_list(node, row);
        }
    }
    for (kind, name) in ATOMIC {
        if let Some(node) = field(definitions, kind, name).and_then(Json::as_object_mut) {
            node.insert("x-kubernetes-map-type".into(), "atomic".into());
        }
    }
    for (kind, name) in GRANULAR {
        if let Some(node) = field(definitions, kind, name).and_then(Json::as_object_mut) {
            node.insert("x-kubernetes-map-type".into(), "granular".into());
        }
    }
}

fn add_list(node: &mut Map<String, Json>, (_, _, keys, merge_key, strategy): Row) {
    match keys {
        "" => {}
        "=" => drop(node.insert("x-kubernetes-list-type".into(), "set".into())),
        keys => {
            node.insert("x-kubernetes-list-type".into(), "map".into());
            let keys: Vec<_> = keys.split(',').collect();
            node.insert("x-kubernetes-list-map-keys".into(), json!(keys));
        }
    }
    if !merge_key.is_empty() {
        node.insert("x-kubernetes-patch-merge-key".into(), merge_key.into());
    }
    if !strategy.is_empty() {
        node.insert("x-kubernetes-patch-strategy".into(), strategy.into());
    }
}
