//! Nodes: as many as the pools say.

use super::super::json::{flag, get, integer, list, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::super::{ClusterSpec, Pool};
use super::keep::{all, condition, drop_object, make, observe, short_hash};
use serde_json::{Value as Json, json};

/// Makes nodes of pools that lack some, and takes those away that no pool has.
pub(super) fn reconcile(objects: &mut Objects, spec: &ClusterSpec) -> Answer<()> {
    let mut wanted = Vec::new();
    for pool in &spec.pools {
        let part: String = short_hash(&json!(spec.id)).chars().take(8).collect();
        wanted.extend((0..pool.count).map(|index| (format!("aks-{}-{part}-vmss{index:06}", pool.name), pool)));
    }
    for (index, (name, pool)) in wanted.iter().enumerate() {
        if objects.get("/nodes", "", name).is_none() {
            make(objects, "", new_node(name, pool, index))?;
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

fn new_node(name: &str, pool: &Pool, index: usize) -> Json {
    let mut labels = json!({
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "agentpool": pool.name, "kubernetes.azure.com/agentpool": pool.name,
        "kubernetes.azure.com/mode": pool.mode.to_lowercase(), "node.kubernetes.io/instance-type": pool.size,
    });
    if let Some(zone) = pool.zones.get(index % pool.zones.len().max(1)) {
        set(&mut labels, &["topology.kubernetes.io/zone"], zone.as_str());
    }
    for (key, value) in &pool.labels {
        set(&mut labels, &[key], value.as_str());
    }
    let taints: Vec<_> = pool.taints.iter().filter_map(|text| taint(text)).collect();
    let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}});
    if !taints.is_empty() {
        set(&mut node, &["spec", "taints"], taints);
    }
    node
}

/// `key=value:Effect` or `key:Effect`.
fn taint(text: &str) -> Option<Json> {
    let (pair, effect) = text.rsplit_once(':')?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Some(json!({"key": key, "value": value, "effect": effect}))
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

/// Names of nodes that a pod with this spec can run on, those with the fewest pods first.
pub(super) fn fitting(objects: &Objects, spec: &Json) -> Vec<String> {
    let wanted = get(spec, &["nodeSelector"]).as_object().cloned().unwrap_or_default();
    let load = |name: &str| objects.list("/pods", "").filter(|pod| text(pod, &["spec", "nodeName"]) == name).count();
    let nodes = objects.list("/nodes", "").filter(|node| meta::carries(meta::labels(node), &wanted));
    let mut nodes: Vec<_> = nodes
        .filter(|node| !flag(node, &["spec", "unschedulable"]) && tolerates(spec, node))
        .map(|node| (load(meta::name(node)), meta::name(node).to_owned()))
        .collect();
    nodes.sort();
    nodes.into_iter().map(|(_, name)| name).collect()
}

/// Whether a pod bears all taints of a node that keep pods away.
fn tolerates(spec: &Json, node: &Json) -> bool {
    let bears = |taint: &Json| {
        list(spec, &["tolerations"]).iter().any(|one| {
            let (key, effect) = (text(one, &["key"]), text(one, &["effect"]));
            let any_value = text(one, &["operator"]) == "Exists";
            (key == text(taint, &["key"]) || key.is_empty() && any_value)
                && (effect.is_empty() || effect == text(taint, &["effect"]))
                && (any_value || text(one, &["value"]) == text(taint, &["value"]))
        })
    };
    list(node, &["spec", "taints"]).iter().filter(|taint| text(taint, &["effect"]) != "PreferNoSchedule").all(bears)
}

/// Replicas that an object asks for.
pub(super) fn replicas(object: &Json) -> i64 {
    integer(object, &["spec", "replicas"]).unwrap_or(1)
}
