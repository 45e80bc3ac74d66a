//! What autoscalers, disruption budgets and quotas say of themselves.

use super::super::json::{get, integer, map, place, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::quota;
use super::super::selector::Selector;
use super::super::status::Answer;
use super::deployment::share;
use super::keep::{all, condition, is_ready, observe, seen};
use super::node::replicas;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Brings their status up to date.
pub(super) fn reconcile(objects: &mut Objects) -> Answer<()> {
    for autoscaler in all(objects, "autoscaling/horizontalpodautoscalers") {
        scale(objects, &autoscaler)?;
    }
    for budget in all(objects, "policy/poddisruptionbudgets") {
        count_budget(objects, &budget)?;
    }
    for quota in all(objects, "/resourcequotas") {
        count_quota(objects, &quota)?;
    }
    Ok(())
}

/// Nothing runs, so there is no load: a target is kept between its bounds and else left alone.
fn scale(objects: &mut Objects, autoscaler: &Arc<Json>) -> Answer<()> {
    const TABLE: &str = "autoscaling/horizontalpodautoscalers";
    let reference = get(autoscaler, &["spec", "scaleTargetRef"]);
    let resource = objects.catalog.kind(text(reference, &["apiVersion"]), text(reference, &["kind"]));
    let table = resource.map(|one| one.table()).unwrap_or_default();
    let target = objects.get(&table, meta::namespace(autoscaler), text(reference, &["name"]));
    let mut after = (**autoscaler).clone();
    let Some(target) = target else {
        let message = "the HPA controller was unable to get the target's current scale: not found";
        condition(objects, &mut after, "AbleToScale", false, "FailedGetScale", message);
        return observe(objects, TABLE, autoscaler, after);
    };
    let bound = |field: &str, default: i64| integer(autoscaler, &["spec", field]).unwrap_or(default);
    let (least, most) = (bound("minReplicas", 1), bound("maxReplicas", i64::MAX));
    let current = replicas(&target);
    let wanted = if current == 0 { 0 } else { current.clamp(least, most.max(least)) };
    if wanted != current {
        let mut scaled = (*target).clone();
        set(&mut scaled, &["spec", "replicas"], wanted);
        let generation = integer(&scaled, &["metadata", "generation"]).unwrap_or_default();
        set(&mut scaled, &["metadata", "generation"], generation + 1);
        observe(objects, &table, &target, scaled)?;
    }
    set(&mut after, &["status", "currentReplicas"], integer(&target, &["status", "replicas"]).unwrap_or_default());
    set(&mut after, &["status", "desiredReplicas"], wanted);
    let ready = "recommended size matches current size";
    condition(objects, &mut after, "AbleToScale", true, "ReadyForNewScale", ready);
    let valid = "the HPA was able to successfully calculate a replica count";
    condition(objects, &mut after, "ScalingActive", true, "ValidMetricFound", valid);
    let range = "the desired count is within the acceptable range";
    condition(objects, &mut after, "ScalingLimited", false, "DesiredWithinRange", range);
    observe(objects, TABLE, autoscaler, after)
}

fn count_budget(objects: &mut Objects, budget: &Arc<Json>) -> Answer<()> {
    let selector = Selector::of_object(get(budget, &["spec", "selector"]));
    let pods =
        objects.list("/pods", meta::namespace(budget)).filter(|pod| selector.matches(pod) && !meta::is_deleting(pod));
    let (mut expected, mut healthy) = (0, 0);
    for pod in pods {
        expected += 1;
        healthy += i64::from(is_ready(pod));
    }
    let spec = get(budget, &["spec"]);
    let desired = match spec.get("minAvailable") {
        Some(least) => share(least, expected, true),
        None => expected - share(spec.get("maxUnavailable").unwrap_or(&json!(0)), expected, true),
    };
    let allowed = (healthy - desired).max(0);
    let mut after = (**budget).clone();
    let status = place(&mut after, &["status"]);
    for (field, value) in [
        ("expectedPods", expected),
        ("currentHealthy", healthy),
        ("desiredHealthy", desired.max(0)),
        ("disruptionsAllowed", allowed),
    ] {
        set(status, &[field], value);
    }
    let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
    condition(objects, &mut after, "DisruptionAllowed", allowed > 0, reason, "");
    seen(&mut after);
    observe(objects, "policy/poddisruptionbudgets", budget, after)
}

/// Numbers of objects are counted; amounts of CPU and memory are shown as unused, since nothing uses them.
fn count_quota(objects: &mut Objects, quota: &Arc<Json>) -> Answer<()> {
    let hard = map(quota, &["spec", "hard"]).cloned().unwrap_or_default();
    let namespace = meta::namespace(quota);
    let used: serde_json::Map<_, _> = hard
        .keys()
        .map(|name| {
            let count = quota::used(objects, name, namespace).unwrap_or(0);
            (name.clone(), json!(count.to_string()))
        })
        .collect();
    let mut after = (**quota).clone();
    set(&mut after, &["status", "hard"], Json::Object(hard));
    set(&mut after, &["status", "used"], Json::Object(used));
    observe(objects, "/resourcequotas", quota, after)
}
