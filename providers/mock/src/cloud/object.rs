//! What the cloud keeps: objects, and a line for each call.

use super::codec;
use formwork_model::Map;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// In which state an object is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectState {
    /// It is there.
    #[default]
    Ready,
    /// Its create was accepted and goes on.
    Creating,
    /// Its update was accepted and goes on.
    Updating,
    /// Its create failed half-way.
    Broken,
    /// Its delete was accepted and goes on.
    Deleting,
    /// It was deleted and its name is still taken.
    SoftDeleted,
}

/// One object of the cloud, as its file holds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CloudObject {
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its id, unique within the type and never used again.
    pub id: String,
    /// Its name; need not be unique.
    pub name: String,
    /// Id of the cluster that it lives in; empty for what lives in the cloud itself.
    pub scope: String,
    /// In which state.
    pub state: ObjectState,
    /// The operation stamped on it; also the token of the request that made it.
    pub operation: String,
    /// When it was made, in Unix milliseconds.
    pub created_ms: u64,
    /// Polls until the running operation ends.
    pub polls_left: u32,
    /// Counts its changes.
    pub revision: u64,
    /// Attributes. Secret ones are written illegibly: a search of the disk shall find what Formwork leaks, not this.
    pub values: BTreeMap<String, serde_json::Value>,
    /// Ids of the objects that refer to it; it cannot be deleted before them.
    pub referrers: BTreeSet<String>,
    /// Digest of each write-only attribute that was sent last.
    pub write_only: BTreeMap<String, String>,
}

impl CloudObject {
    /// The attributes.
    #[must_use]
    pub fn values(&self) -> Map {
        self.values.iter().map(|(name, json)| (name.as_str().into(), codec::from_stored(json))).collect()
    }

    /// Sets the attributes.
    pub fn set_values(&mut self, values: &Map) {
        self.values = values.iter().map(|(name, value)| (name.to_string(), codec::to_stored(value))).collect();
    }
}

/// One call, as the cloud saw it. Holds no attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogEntry {
    /// When, in Unix microseconds.
    pub at_us: u64,
    /// The client's process.
    pub process: u32,
    /// `create`, `read`, `poll`, …
    pub call: String,
    /// Of which type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The object's name; empty where the call is about many.
    pub name: String,
    /// The object's id, where it has one.
    pub id: String,
    /// The operation's id; empty for reads.
    pub operation: String,
    /// Number of objects that the call was about.
    pub count: usize,
    /// `done`, `absent`, or the fault.
    pub outcome: String,
}
