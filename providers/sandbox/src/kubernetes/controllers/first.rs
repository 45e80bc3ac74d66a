//! What a cluster has from the start.

use serde_json::{Value as Json, json};

/// Objects in the order in which they can be made.
pub(crate) fn first_objects() -> Vec<Json> {
    let mut objects: Vec<_> = ["default", "kube-system", "kube-public", "kube-node-lease"]
        .into_iter()
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
        .collect();
    objects.extend([service(), admin_role(), admin_binding()]);
    objects.extend(["view", "edit", "admin"].map(named_role));
    objects.extend(storage_classes());
    objects.extend([("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)].map(priority));
    objects
}

fn service() -> Json {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default",
                     "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.0.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 443}]},
    })
}

const RBAC: &str = "rbac.authorization.k8s.io/v1";

fn admin_role() -> Json {
    json!({
        "apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": "cluster-admin"},
        "rules": [
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
            {"nonResourceURLs": ["*"], "verbs": ["*"]},
        ],
    })
}

fn admin_binding() -> Json {
    json!({
        "apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": "cluster-admin"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "name": "system:masters"}],
    })
}

/// The roles that teams are given in their namespaces.
fn named_role(name: &str) -> Json {
    let verbs = if name == "view" { vec!["get", "list", "watch"] } else { vec!["*"] };
    let groups = ["", "apps", "batch", "autoscaling", "policy", "networking.k8s.io"];
    let mut rules = vec![json!({"apiGroups": groups, "resources": ["*"], "verbs": verbs})];
    if name == "admin" {
        let resources = ["roles", "rolebindings"];
        rules.push(json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": resources, "verbs": ["*"]}));
    }
    json!({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
}

/// Those of Azure's managed clusters.
fn storage_classes() -> Vec<Json> {
    let class = |name: &str, provisioner: &str, sku: &str, default: bool| {
        let mut class = json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
            "provisioner": provisioner, "parameters": {"skuname": sku}, "allowVolumeExpansion": true,
            "volumeBindingMode": "WaitForFirstConsumer",
        });
        if default {
            let key = "storageclass.kubernetes.io/is-default-class";
            super::super::json::set(&mut class, &["metadata", "annotations", key], "true");
        }
        class
    };
    vec![
        class("default", "disk.csi.azure.com", "StandardSSD_LRS", true),
        class("managed-csi", "disk.csi.azure.com", "StandardSSD_LRS", false),
        class("managed-csi-premium", "disk.csi.azure.com", "Premium_LRS", false),
        class("azurefile-csi", "file.csi.azure.com", "Standard_LRS", false),
    ]
}

fn priority((name, value): (&str, i64)) -> Json {
    json!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
    })
}
