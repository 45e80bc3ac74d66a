//! What happens while planning and applying, as data. Rendered for people by the CLI, written as JSON lines by `--json`.
//! No event holds a secret.

use formwork_model::{Address, Diagnostic, TypeName};
use serde::Serialize;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Objects of one type are being read.
    RefreshStarted {
        /// Which type.
        type_name: TypeName,
        /// How many.
        count: usize,
    },
    /// They were read.
    RefreshFinished {
        /// Which type.
        type_name: TypeName,
        /// How many.
        count: usize,
    },
    /// An apply begins.
    ApplyStarted {
        /// Changes that it will make.
        operations: usize,
    },
    /// A change begins.
    OperationStarted {
        /// Of which object.
        address: Address,
        /// Of which type.
        type_name: TypeName,
        /// What.
        change: ChangeKind,
        /// How long it usually takes, in seconds.
        expected_s: u32,
    },
    /// What a change waits for.
    OperationProgress {
        /// Of which object.
        address: Address,
        /// In the provider's words.
        message: String,
    },
    /// A call failed and will be made again.
    OperationRetry {
        /// Of which object.
        address: Address,
        /// Why.
        reason: String,
        /// In how many milliseconds.
        delay_ms: u64,
        /// Counts from 1.
        attempt: u32,
    },
    /// A change is done.
    OperationFinished {
        /// Of which object.
        address: Address,
        /// What.
        change: ChangeKind,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
        /// The object's identity, for people; empty after a delete.
        id: String,
    },
    /// A change failed.
    OperationFailed {
        /// Of which object.
        address: Address,
        /// What.
        change: ChangeKind,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
        /// Why.
        diagnostic: Box<Diagnostic>,
    },
    /// A change is not made, because something that it needs failed or the run was interrupted.
    OperationSkipped {
        /// Of which object.
        address: Address,
        /// What.
        change: ChangeKind,
        /// What it waited for; none when interrupted.
        because_of: Option<Address>,
    },
    /// An unfinished operation of an earlier run was resolved.
    Recovered {
        /// Of which object.
        address: Address,
        /// How, in words: "adopted", "repeated", "resumed".
        resolution: String,
    },
    /// The run was interrupted.
    Interrupted {
        /// Calls that are being made: what they change is finished and recorded. What only waits for its turn is not
        /// among them.
        in_flight: usize,
        /// Their waits are cancelled too.
        cancelled: bool,
    },
    /// A phase is done and another begins.
    PhaseFinished {
        /// Counts from 1.
        phase: u32,
        /// Whether another is needed.
        more: bool,
    },
    /// The apply ended.
    ApplyFinished {
        /// Numbers.
        summary: Summary,
    },
    /// Something to tell.
    Notice {
        /// What.
        diagnostic: Box<Diagnostic>,
    },
}

/// A change, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Create.
    Create,
    /// Change in place.
    Update,
    /// Delete.
    Delete,
    /// Read a data source.
    Read,
    /// Open an ephemeral value.
    Open,
    /// Only in state: moved, forgotten, imported, adopted.
    State,
}

/// Numbers of an apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects created (also as part of a replacement).
    pub created: usize,
    /// Objects changed in place.
    pub updated: usize,
    /// Objects deleted (also as part of a replacement).
    pub deleted: usize,
    /// Objects imported.
    pub imported: usize,
    /// Objects forgotten or moved.
    pub state_only: usize,
    /// Changes that failed.
    pub failed: usize,
    /// Changes that were not made.
    pub skipped: usize,
}

impl std::fmt::Display for Summary {
    /// "3 created, 1 deleted"; "nothing changed".
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            (self.created, "created"),
            (self.updated, "changed"),
            (self.deleted, "deleted"),
            (self.imported, "imported"),
            (self.state_only, "changed in state only"),
            (self.failed, "failed"),
            (self.skipped, "skipped"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        formatter.write_str(if parts.is_empty() { "nothing changed" } else { "" })?;
        formatter.write_str(&parts.join(", "))
    }
}
