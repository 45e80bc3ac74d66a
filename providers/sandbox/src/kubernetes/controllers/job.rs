//! Jobs: pods until enough of them have succeeded, or too many failed.

use super::super::json::{at, flag, get, integer, list, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::keep::{all, condition, drop_object, has_ended, make, observe, pod_from, pods_of};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;

const TABLE: &str = "batch/jobs";

/// However fast time goes here, what has ended can be seen for so long.
const SHORTEST_REST: Duration = Duration::from_secs(3);

/// Moves every job on.
pub(super) fn reconcile(objects: &mut Objects) -> Answer<()> {
    for job in all(objects, TABLE).iter().filter(|one| !meta::is_deleting(one)) {
        if has_expired(objects, job) {
            drop_object(objects, TABLE, job)?;
        } else if !has_finished(job) && !flag(job, &["spec", "suspend"]) {
            work(objects, job)?;
        }
    }
    Ok(())
}

fn has_finished(job: &Json) -> bool {
    ["Complete", "Failed"].iter().any(|one| meta::condition(job, one))
}

/// Whether time alone changes nothing about a job.
pub(super) fn is_at_rest(job: &Json) -> bool {
    has_finished(job) && integer(job, &["spec", "ttlSecondsAfterFinished"]).is_none()
}

/// Whether a job has ended for as long as it says that it stays.
fn has_expired(objects: &Objects, job: &Json) -> bool {
    let Some(seconds) = integer(job, &["spec", "ttlSecondsAfterFinished"]) else { return false };
    let ended = list(job, &["status", "conditions"])
        .iter()
        .filter(|one| matches!(text(one, &["type"]), "Complete" | "Failed") && text(one, &["status"]) == "True")
        .filter_map(|one| meta::milliseconds(text(one, &["lastTransitionTime"])))
        .max();
    let rest = objects.clock.scaled(Duration::from_secs(seconds.unsigned_abs())).max(SHORTEST_REST);
    let rest = i64::try_from(rest.as_millis()).unwrap_or(i64::MAX);
    ended.is_some_and(|ended| objects.clock.now_ms() > ended.saturating_add(rest))
}

fn work(objects: &mut Objects, job: &Arc<Json>) -> Answer<()> {
    let number = |field: &str, default: i64| integer(job, &["spec", field]).unwrap_or(default);
    let count = |pods: &[Arc<Json>], phase: &str| {
        let found = pods.iter().filter(|pod| text(pod, &["status", "phase"]) == phase).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    let pods = pods_of(objects, job);
    let (succeeded, failed) = (count(&pods, "Succeeded"), count(&pods, "Failed"));
    let active = pods.iter().filter(|pod| !has_ended(pod)).count();
    let active = i64::try_from(active).unwrap_or(i64::MAX);
    let completions = number("completions", 1);
    let gave_up = failed > number("backoffLimit", 6);
    let wanted = if gave_up { 0 } else { number("parallelism", 1).min(completions - succeeded) };
    for _ in active..wanted {
        let mut pod = pod_from(job, get(job, &["spec", "template"]));
        set(&mut pod, &["metadata", "generateName"], format!("{}-", meta::name(job)));
        make(objects, meta::namespace(job), pod)?;
    }
    let mut after = (**job).clone();
    let now = objects.now();
    if at(&after, &["status", "startTime"]).is_none() {
        set(&mut after, &["status", "startTime"], now.as_str());
    }
    let open = active.max(wanted.max(0));
    for (field, value) in [("active", open), ("ready", open), ("succeeded", succeeded), ("failed", failed)] {
        set(&mut after, &["status", field], value);
    }
    if succeeded >= completions {
        set(&mut after, &["status", "completionTime"], now.as_str());
        condition(
            objects,
            &mut after,
            "SuccessCriteriaMet",
            true,
            "CompletionsReached",
            "Reached expected number of succeeded pods",
        );
        condition(
            objects,
            &mut after,
            "Complete",
            true,
            "CompletionsReached",
            "Reached expected number of succeeded pods",
        );
    } else if gave_up {
        let message = "Job has reached the specified backoff limit";
        condition(objects, &mut after, "Failed", true, "BackoffLimitExceeded", message);
    }
    observe(objects, TABLE, job, after)
}
