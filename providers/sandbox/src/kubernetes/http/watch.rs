//! Watching: what happened since a version, and what happens from now on, as a stream of lines.

use super::super::meta;
use super::super::objects::{Change, Changes};
use super::super::resource::Resource;
use super::super::selector::Selector;
use super::super::status::Refusal;
use super::View;
use axum::body::{Body, Bytes};
use futures::stream;
use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// A watch of one resource.
pub(crate) struct Watch {
    pub(crate) resource: Arc<Resource>,
    pub(crate) namespace: String,
    pub(crate) selector: Selector,
    pub(crate) view: View,
    /// Lines to send first.
    pub(crate) pending: VecDeque<Json>,
    /// Changes up to this version are in the lines to send first.
    pub(crate) seen: u64,
    pub(crate) changes: Changes,
    pub(crate) until: Instant,
}

/// How long a watch lasts whose client does not say.
pub(crate) const DEFAULT_SECONDS: u64 = 1800;

impl Watch {
    /// An event's line.
    pub(crate) fn event(&self, kind: &str, object: &Json) -> Json {
        json!({"type": kind, "object": self.view.show(&self.resource, object)})
    }

    /// What a change is to this watch: an object that begins to match is added, one that ceases to is deleted.
    pub(crate) fn translate(&self, change: &Change) -> Option<Json> {
        let (table, namespace, _) = &change.key;
        if *table != self.resource.table() || !(self.namespace.is_empty() || self.namespace == *namespace) {
            return None;
        }
        let before = change.before.as_ref().is_some_and(|one| self.selector.matches(one));
        let after = !change.deleted && self.selector.matches(&change.object);
        let kind = match (before, after) {
            (false, false) => return None,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        Some(self.event(kind, &change.object))
    }

    /// The line that says how far the watch has come.
    pub(crate) fn bookmark(&self, version: u64, initial_end: bool) -> Json {
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if initial_end {
            super::super::json::set(&mut metadata, &["annotations", "k8s.io/initial-events-end"], "true");
        }
        let object = json!({
            "kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata,
        });
        json!({"type": "BOOKMARK", "object": object})
    }

    async fn next(&mut self) -> Option<Json> {
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some(line);
            }
            let change = tokio::select! {
                change = self.changes.recv() => change,
                () = tokio::time::sleep_until(self.until) => return None,
            };
            match change {
                Ok(change) if change.version > self.seen => {
                    self.seen = change.version;
                    self.pending.extend(self.translate(&change));
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(_)) => {
                    // The client has to list again.
                    self.until = Instant::now();
                    return Some(json!({"type": "ERROR", "object": Refusal::expired(self.seen, self.seen + 1).body()}));
                }
            }
        }
    }

    /// The stream of lines.
    pub(crate) fn into_body(self) -> Body {
        let lines = stream::unfold(self, |mut watch| async move {
            let line = watch.next().await?;
            Some((Ok::<_, Infallible>(Bytes::from(format!("{line}\n"))), watch))
        });
        Body::from_stream(lines)
    }
}

/// When a watch ends that shall last so many seconds.
pub(crate) fn end(seconds: &str) -> Instant {
    Instant::now() + Duration::from_secs(seconds.parse().unwrap_or(DEFAULT_SECONDS))
}

/// The version that a client has seen.
pub(crate) fn version(text: &str) -> Option<u64> {
    text.parse().ok().filter(|version| *version > 0)
}

/// The version of an object.
pub(crate) fn version_of(object: &Json) -> u64 {
    version(super::super::json::text(object, &["metadata", "resourceVersion"])).unwrap_or_default()
}

/// Objects sort by version, as they came to be.
pub(crate) fn by_version(objects: &mut [Arc<Json>]) {
    objects.sort_by_key(|one| (version_of(one), meta::name(one).to_owned()));
}
