//! Whether an application of applications has handed down to a child what it says now: an Application that is Synced may be so
//! with what its parent said before.

use super::synced::{conditions, details, is_outdated, items, text};
use serde_json::Value as Json;

/// Why it has not.
pub(super) struct Held {
    pub(super) reason: String,
    /// What the parent says of itself.
    pub(super) details: Vec<String>,
}

/// What is still to come from a parent, as it is now, for the child of this name.
pub(super) fn held(live: Option<&Json>, name: &str, child: &str) -> Option<Held> {
    let Some(live) = live else {
        return Some(Held { reason: format!("its parent {name} does not exist"), details: Vec::new() });
    };
    let reason = reason(live, child)?;
    let told = conditions(live).into_iter().chain(details(live)).map(|line| format!("{name}: {line}"));
    Some(Held { reason: format!("its parent {name} {reason}"), details: told.collect() })
}

fn reason(live: &Json, child: &str) -> Option<&'static str> {
    if live.pointer("/status/sync/comparedTo").is_none() || is_outdated(live) {
        return Some("has not looked at its last change yet");
    }
    let is_child = |object: &&Json| text(object, "/kind") == "Application" && text(object, "/name") == child;
    match items(live, "/status/resources").iter().find(is_child) {
        None => Some("does not have it"),
        Some(object) if text(object, "/status") != "Synced" => Some("has not handed its last change down yet"),
        Some(_) => None,
    }
}
