//! An Application's status.

use super::compare::Item;
use super::health::Health;
use super::project::{IN_CLUSTER, sources};
use super::word;
use crate::kubernetes::json::{at, get, list, list_mut, remove, set};
use crate::kubernetes::meta;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What an Application is compared to.
pub(super) fn compared_to(application: &Json) -> Json {
    let mut destination = get(application, &["spec", "destination"]).clone();
    if word(&destination, &["server"]).is_empty() && word(&destination, &["name"]).is_empty() {
        set(&mut destination, &["server"], IN_CLUSTER);
    }
    let mut compared = json!({"destination": destination});
    match at(application, &["spec", "source"]) {
        Some(source) => set(&mut compared, &["source"], source.clone()),
        None => set(&mut compared, &["sources"], sources(application)),
    }
    if let Some(rules) = at(application, &["spec", "ignoreDifferences"]) {
        set(&mut compared, &["ignoreDifferences"], rules.clone());
    }
    compared
}

/// Writes revisions as a source, or several sources, have them.
pub(super) fn set_revisions(place: &mut Json, application: &Json, revisions: &[String]) {
    if at(application, &["spec", "source"]).is_some() {
        set(place, &["revision"], revisions.first().cloned().unwrap_or_default());
    } else {
        set(place, &["revisions"], revisions.to_vec());
    }
}

/// Replaces conditions of the kinds that comparing makes; of others nothing is known here.
pub(super) fn set_conditions(application: &mut Json, found: &[(&str, String)], now: &str) {
    let known = list(application, &["status", "conditions"]).to_vec();
    let condition = |(kind, message): &(&str, String)| {
        let same = known.iter().find(|one| word(one, &["type"]) == *kind && word(one, &["message"]) == message);
        let since = same.map_or(now, |one| word(one, &["lastTransitionTime"]));
        json!({"type": kind, "message": message, "lastTransitionTime": since})
    };
    let conditions: Vec<_> = found.iter().map(condition).collect();
    if conditions.is_empty() {
        remove(application, &["status", "conditions"]);
    } else {
        set(application, &["status", "conditions"], conditions);
    }
}

/// Writes the health; its transition time moves with its status.
pub(super) fn set_health(application: &mut Json, health: &Health, now: &str) {
    if word(application, &["status", "health", "status"]) != health.status {
        set(application, &["status", "health", "lastTransitionTime"], now);
    }
    set(application, &["status", "health", "status"], health.status);
    if health.message.is_empty() {
        remove(application, &["status", "health", "message"]);
    } else {
        set(application, &["status", "health", "message"], health.message.as_str());
    }
}

/// The worst health among the objects.
pub(super) fn overall(items: &[Item]) -> Health {
    let counted = items.iter().filter(|item| item.hook().is_none() && item.wanted.is_some());
    let worst = counted.max_by_key(|item| item.health.rank());
    worst.map_or_else(Health::healthy, |item| match item.health.status {
        "Healthy" => Health::healthy(),
        status => Health::new(status, ""),
    })
}

fn resource(item: &Item) -> Json {
    let object = item.object();
    let (group, kind) = item.group_kind();
    let version = meta::api_version(object).rsplit('/').next().unwrap_or_default();
    let mut row = json!({
        "version": version, "kind": kind, "name": meta::name(object),
        "status": if item.is_synced { "Synced" } else { "OutOfSync" },
        "health": {"status": item.health.status},
    });
    for (field, value) in [("group", group), ("namespace", &item.namespace)] {
        if !value.is_empty() {
            set(&mut row, &[field], value);
        }
    }
    if !item.health.message.is_empty() {
        set(&mut row, &["health", "message"], item.health.message.as_str());
    }
    if item.wanted.is_none() {
        set(&mut row, &["requiresPruning"], true);
    }
    if item.wave() != 0 {
        set(&mut row, &["syncWave"], item.wave());
    }
    row
}

/// Writes what the Application consists of, and the images that it runs.
pub(super) fn set_resources(application: &mut Json, items: &[Item]) {
    let rows: Vec<_> = items.iter().filter(|item| item.hook().is_none()).map(resource).collect();
    set(application, &["status", "resources"], rows);
    let mut images = BTreeSet::new();
    for item in items {
        let spec = get(item.object(), &["spec", "template", "spec"]);
        images.extend(list(spec, &["containers"]).iter().map(|one| word(one, &["image"]).to_owned()));
    }
    images.remove("");
    let summary = if images.is_empty() { json!({}) } else { json!({"images": images}) };
    set(application, &["status", "summary"], summary);
}

/// Adds a deployment to the history, of which ten are kept.
pub(super) fn add_history(application: &mut Json, revisions: &[String], started: &str, now: &str) {
    let source = at(application, &["spec", "source"]).cloned();
    let several = sources(application);
    let mut entry = json!({"deployStartedAt": started, "deployedAt": now});
    set_revisions(&mut entry, application, revisions);
    match source {
        Some(source) => set(&mut entry, &["source"], source),
        None => set(&mut entry, &["sources"], several),
    }
    let history = list_mut(application, &["status", "history"]);
    let id = history.last().and_then(|one| get(one, &["id"]).as_i64()).map_or(0, |id| id + 1);
    set(&mut entry, &["id"], id);
    history.push(entry);
    let surplus = history.len().saturating_sub(10);
    history.drain(..surplus);
}
