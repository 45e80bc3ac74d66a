//! Autoscalers in the form of `autoscaling/v1`, which older clients write. They are kept as `v2` has them: what `v1` has no field
//! for goes into annotations, as API servers do it.

use super::json::{at, get, integer, list, remove, set, text};
use super::patch;
use super::resource::Resource;
use super::write::Patch;
use serde_json::{Value as Json, json};

/// The group and plural name of the one built-in kind of two versions.
const TABLE: &str = "autoscaling/horizontalpodautoscalers";
/// The version in which it is kept.
pub(crate) const KEPT: &str = "v2";

/// What `v1` has no field for, by the annotation that holds it: a path of `v2`.
const ANNOTATIONS: [(&str, &[&str]); 3] = [
    ("autoscaling.alpha.kubernetes.io/metrics", &["spec", "metrics"]),
    ("autoscaling.alpha.kubernetes.io/behavior", &["spec", "behavior"]),
    ("autoscaling.alpha.kubernetes.io/conditions", &["status", "conditions"]),
];

/// Whether a kind is one that is kept in another version.
pub(crate) fn is_old(resource: &Resource) -> bool {
    resource.is(TABLE) && resource.version != KEPT
}

fn is_share_of_cpu(metric: &Json) -> bool {
    text(metric, &["resource", "name"]) == "cpu" && at(metric, &["resource", "target", "averageUtilization"]).is_some()
}

/// An object of `v2` as `v1` has it.
pub(crate) fn old(object: &Json) -> Json {
    let mut old = object.clone();
    set(&mut old, &["apiVersion"], "autoscaling/v1");
    let metrics = list(object, &["spec", "metrics"]);
    if let Some(cpu) = metrics.iter().find(|metric| is_share_of_cpu(metric)) {
        let share = get(cpu, &["resource", "target", "averageUtilization"]).clone();
        set(&mut old, &["spec", "targetCPUUtilizationPercentage"], share);
    }
    let others: Vec<_> = metrics.iter().filter(|metric| !is_share_of_cpu(metric)).cloned().collect();
    remove(&mut old, &["spec", "metrics"]);
    if !others.is_empty() {
        set(&mut old, &["spec", "metrics"], others);
    }
    for (annotation, path) in ANNOTATIONS {
        if let Some(value) = remove(&mut old, path) {
            set(&mut old, &["metadata", "annotations", annotation], value.to_string());
        }
    }
    let current = list(object, &["status", "currentMetrics"]);
    let share = current.iter().find_map(|one| integer(one, &["resource", "current", "averageUtilization"]));
    remove(&mut old, &["status", "currentMetrics"]);
    if let Some(share) = share {
        set(&mut old, &["status", "currentCPUUtilizationPercentage"], share);
    }
    old
}

/// An object of `v1` as `v2` has it.
pub(crate) fn new(object: &Json) -> Json {
    let mut new = object.clone();
    set(&mut new, &["apiVersion"], format!("autoscaling/{KEPT}"));
    for (annotation, path) in ANNOTATIONS {
        let noted = remove(&mut new, &["metadata", "annotations", annotation]);
        let value = noted.as_ref().and_then(Json::as_str).and_then(|text| serde_json::from_str::<Json>(text).ok());
        if let Some(value) = value {
            set(&mut new, path, value);
        }
    }
    if at(&new, &["metadata", "annotations"]).and_then(Json::as_object).is_some_and(serde_json::Map::is_empty) {
        remove(&mut new, &["metadata", "annotations"]);
    }
    if let Some(share) = remove(&mut new, &["spec", "targetCPUUtilizationPercentage"]) {
        let cpu = json!({
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": share}},
        });
        let mut metrics = vec![cpu];
        metrics.extend(list(&new, &["spec", "metrics"]).to_vec());
        set(&mut new, &["spec", "metrics"], metrics);
    }
    remove(&mut new, &["status", "currentCPUUtilizationPercentage"]);
    new
}

/// A patch of `v1` as one of `v2`: what it makes of an object, whole.
///
/// # Errors
/// When it cannot be done; the text says why.
pub(crate) fn new_patch(patch: Patch, current: &Json, resource: &Resource) -> Result<Patch, String> {
    let mut changed = old(current);
    match patch {
        Patch::Apply(config) => return Ok(Patch::Apply(new(&config))),
        Patch::Json(patch) => patch::json_patch(&mut changed, &patch)?,
        Patch::Merge(patch) => patch::merge_patch(&mut changed, &patch),
        Patch::Strategic(patch) => patch::strategic_merge(resource.schema(), &mut changed, &patch)?,
    }
    // Replaces everything, and so takes out what is not there any more.
    let whole = new(&changed);
    let parts = ["metadata", "spec", "status"];
    let operations = parts.iter().filter(|part| at(&whole, &[part]).is_some());
    let replace = |part: &&str| json!({"op": "add", "path": format!("/{part}"), "value": get(&whole, &[part])});
    Ok(Patch::Json(operations.map(replace).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn nothing_is_lost_between_the_versions() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}});
        let memory = json!({"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}});
        let kept = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
            "spec": {"maxReplicas": 5, "metrics": [cpu, memory], "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}},
            "status": {"conditions": [{"type": "AbleToScale", "status": "True"}]},
        });
        let shown = old(&kept);
        assert_eq!(
            (&shown["apiVersion"], &shown["spec"]["targetCPUUtilizationPercentage"]),
            (&json!("autoscaling/v1"), &json!(70))
        );
        assert!(shown["spec"].get("metrics").is_none() && shown["spec"].get("behavior").is_none(), "{shown}");
        let noted = shown["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"].as_str().unwrap();
        assert!(noted.contains("memory") && !noted.contains("cpu"), "{noted}");
        assert_eq!(new(&shown), kept);
        let small = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": {"maxReplicas": 5}});
        assert_eq!(old(&new(&small)), small);
    }
}
