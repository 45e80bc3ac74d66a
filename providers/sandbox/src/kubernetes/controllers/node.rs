//! Nodes: as many as the pools say.

use super::super::ClusterSpec;
use super::super::json::{get, integer, set};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::keep::{all, condition, drop_object, make, observe, short_hash};
use serde_json::{Value as Json, json};

/// Makes nodes of pools that lack some, and takes those away that no pool has.
pub(super) fn reconcile(objects: &mut Objects, spec: &ClusterSpec) -> Answer<()> {
    let mut wanted = Vec::new();
    for pool in &spec.pools {
        let part: String = short_hash(&json!(spec.id)).chars().take(8).collect();
        wanted.extend((0..pool.count).map(|index| (format!("aks-{}-{part}-vmss{index:06}", pool.name), pool)));
    }
    for (name, pool) in &wanted {
        if objects.get("/nodes", "", name).is_none() {
            let labels = json!({
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "agentpool": pool.name, "kubernetes.azure.com/agentpool": pool.name,
                "kubernetes.azure.com/mode": pool.mode.to_lowercase(), "node.kubernetes.io/instance-type": pool.size,
            });
            let metadata = json!({"name": name, "labels": labels});
            make(objects, "", json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata}))?;
        }
    }
    for node in all(objects, "/nodes") {
        if !wanted.iter().any(|(name, _)| name == meta::name(&node)) {
            drop_object(objects, "/nodes", &node)?;
            continue;
        }
        let after = with_status(objects, &node, &spec.version);
        observe(objects, "/nodes", &node, after)?;
    }
    Ok(())
}

fn with_status(objects: &Objects, node: &Json, version: &str) -> Json {
    let mut node = node.clone();
    let amounts = json!({"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "128Gi"});
    set(&mut node, &["status", "capacity"], amounts.clone());
    set(&mut node, &["status", "allocatable"], amounts);
    let version = format!("v{}", version.trim_start_matches('v'));
    let info = json!({
        "kubeletVersion": version, "kubeProxyVersion": version, "operatingSystem": "linux", "architecture": "amd64",
        "osImage": "none (sandbox)", "kernelVersion": "", "containerRuntimeVersion": "sandbox://1", "machineID": "",
        "systemUUID": "", "bootID": "",
    });
    set(&mut node, &["status", "nodeInfo"], info);
    condition(objects, &mut node, "Ready", true, "KubeletReady", "kubelet is posting ready status");
    node
}

/// Names of nodes that a pod with this selector can run on, those with the fewest pods first.
pub(super) fn fitting(objects: &Objects, selector: &Json) -> Vec<String> {
    let wanted = selector.as_object().cloned().unwrap_or_default();
    let load = |name: &str| objects.list("/pods", "").filter(|pod| get(pod, &["spec", "nodeName"]) == name).count();
    let nodes = objects.list("/nodes", "").filter(|node| meta::carries(meta::labels(node), &wanted));
    let mut nodes: Vec<_> = nodes
        .filter(|node| !super::super::json::flag(node, &["spec", "unschedulable"]))
        .map(|node| (load(meta::name(node)), meta::name(node).to_owned()))
        .collect();
    nodes.sort();
    nodes.into_iter().map(|(_, name)| name).collect()
}

/// Replicas that an object asks for.
pub(super) fn replicas(object: &Json) -> i64 {
    integer(object, &["spec", "replicas"]).unwrap_or(1)
}
