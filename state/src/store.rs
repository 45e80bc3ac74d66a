//! What a backend of the state must do. The engine writes through this and nothing else.

use crate::record::{Record, Run, State};
use formwork_model::Diagnostic;
use std::sync::Arc;

/// What became of an appended record.
pub type Appended = Result<u64, StoreError>;

/// Called once the record is durable (with its serial) or is known not to be.
pub type OnDurable = Box<dyn FnOnce(Appended) + Send>;

/// A state that is open for writing: the holder of the lock.
///
/// Records become durable in the order in which they are appended. `append` never blocks on the disk; records that
/// are appended close together share a flush.
pub trait Store: Send + Sync {
    /// The state after everything that is durable now.
    fn state(&self) -> Arc<State>;

    /// Appends a record. Secrets in it are sealed before they leave memory. An illegal record (see
    /// [`State::apply`]) is refused through `on_durable`, and nothing of it is written.
    ///
    /// `on_durable` runs on the writer's thread: it must be short and must not wait for the store.
    fn append(&self, record: Record, on_durable: OnDurable);

    /// Appends records, and waits until all are durable.
    ///
    /// # Errors
    /// When one could not be written; nothing of what was recorded before is lost.
    fn append_and_wait(&self, records: Vec<Record>) -> Result<u64, StoreError>;

    /// Fails when the lock may have been lost, or does not outlive `milliseconds`. Asked before each changing call.
    ///
    /// # Errors
    /// When another may write by then.
    fn assert_held(&self, milliseconds: u64) -> Result<(), StoreError>;

    /// What there is to tell people about opening and writing it: recovered damage, for instance.
    fn warnings(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// What it has done so far.
    fn statistics(&self) -> Statistics {
        Statistics::default()
    }

    /// Waits for what was appended, writes a checkpoint (rows, snapshot) and cuts the journal where that is worth its
    /// cost, releases the lock. Nothing is accepted afterwards.
    ///
    /// # Errors
    /// When it could not; the journal still holds all. The lock is released either way.
    fn close(&self) -> Result<(), StoreError>;
}

/// Counts of what a store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Records made durable.
    pub records: u64,
    /// Flushes of the journal to the disk that this took.
    pub flushes: u64,
    /// Checkpoints written.
    pub checkpoints: u64,
}

/// Readers need no lock: they see the last published state.
pub trait Reader: Send + Sync {
    /// The state, and as of when.
    ///
    /// # Errors
    /// When it is damaged, of a newer version, or cannot be read.
    fn read(&self) -> Result<Published, StoreError>;

    /// Runs, newest first, also the one that is running now. One without an end that is not running was killed.
    ///
    /// # Errors
    /// As [`Reader::read`].
    fn history(&self) -> Result<Vec<Run>, StoreError>;
}

/// A state as readers see it.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// The state.
    pub state: Arc<State>,
    /// When its last record was written, in Unix milliseconds.
    pub as_of_ms: i64,
    /// Who holds the lock now, if anyone.
    pub holder: Option<Holder>,
    /// What there is to tell people about reading it: damage that was got around, for instance.
    pub warnings: Vec<Diagnostic>,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// user@host
    pub who: String,
    /// Process id on that host.
    pub process: u32,
    /// `apply`, `destroy` …
    pub command: String,
    /// Since when, in Unix milliseconds.
    pub since_ms: i64,
}

/// A failure of the state, ready to be shown (E3xxx).
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct StoreError(pub Box<Diagnostic>);
