//! What a long operation tells the engine while it runs.

use crate::{Checkpoint, ProviderError};
use async_trait::async_trait;
use std::time::Duration;

/// The run was cancelled; the operation returns at once with what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl From<Cancelled> for ProviderError {
    fn from(_: Cancelled) -> Self {
        Self::new(crate::ErrorClass::Cancelled, "cancelled while waiting")
    }
}

/// The engine's side of a running create, update or delete.
#[async_trait]
pub trait OperationSink: Send + Sync {
    /// Records how to find the object and how to go on waiting. Returns when the record is durable: only then may the
    /// provider make its next call.
    ///
    /// # Errors
    /// When it could not be recorded; the operation must stop.
    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), ProviderError>;

    /// Tells people what is being waited for: "node group is CREATING".
    fn progress(&self, message: &str);

    /// Warns people of what is not as it looks, although the operation succeeds: "its source is only simulated". Told at
    /// once and again when all is done.
    fn warn(&self, message: &str);

    /// Waits, unless the run is cancelled meanwhile. Every wait of a provider goes through here, so that a second Ctrl-C
    /// ends it and so that tests need not wait.
    ///
    /// # Errors
    /// When the run is cancelled.
    async fn sleep(&self, duration: Duration) -> Result<(), Cancelled>;
}
