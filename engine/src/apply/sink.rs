//! The engine's side of a running operation.

use super::{Journal, Shared};
use crate::call::sleep_until;
use crate::event::Event;
use crate::ports::{EventSink, Interruption, InterruptionReceiver};
use async_trait::async_trait;
use formwork_model::Address;
use formwork_provider_api::{Cancelled, Checkpoint, ErrorClass, OperationSink, ProviderError};
use formwork_state::record::{Begin, OperationCheckpoint, OperationId, Record};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Records checkpoints, passes progress on, sleeps until cancelled.
pub(crate) struct Sink<'a> {
    journal: &'a Journal,
    events: &'a dyn EventSink,
    interruption: &'a InterruptionReceiver,
    address: &'a Address,
    operation: &'a OperationId,
    /// The last checkpoint that was recorded: something exists.
    last: Mutex<Option<Checkpoint>>,
    /// What the provider warned of.
    warnings: Mutex<Vec<String>>,
}

impl<'a> Sink<'a> {
    /// For an operation that begins.
    pub(crate) fn new(shared: &'a Shared, address: &'a Address, operation: &'a OperationId) -> Self {
        let (journal, events, interruption) = (&shared.journal, shared.events.as_ref(), &shared.interruption);
        Self { journal, events, interruption, address, operation, last: Mutex::default(), warnings: Mutex::default() }
    }

    /// For an operation of an earlier run.
    pub(crate) fn resumed(
        journal: &'a Journal,
        events: &'a dyn EventSink,
        interruption: &'a InterruptionReceiver,
        begin: &'a Begin,
        last: Option<Checkpoint>,
    ) -> Self {
        let (address, operation) = (&begin.key.address, &begin.operation);
        Self { journal, events, interruption, address, operation, last: Mutex::new(last), warnings: Mutex::default() }
    }

    /// What the provider warned of, to be told with the end of the operation.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn was_checkpointed(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What it stood for is gone: the next attempt begins anew.
    pub(crate) fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The last checkpoint: where the next attempt goes on.
    pub(crate) fn last(&self) -> Option<Checkpoint> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl OperationSink for Sink<'_> {
    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), ProviderError> {
        let Checkpoint { identity, private, poll } = checkpoint.clone();
        let record = Record::Checkpoint {
            operation: self.operation.clone(),
            checkpoint: OperationCheckpoint { identity, private, poll },
        };
        self.journal.append(record).await.map_err(|diagnostic| {
            ProviderError::new(ErrorClass::Other, format!("the state cannot be written: {}", diagnostic.message))
        })?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint);
        Ok(())
    }

    fn progress(&self, message: &str) {
        self.events.emit(Event::OperationProgress { address: self.address.clone(), message: message.to_owned() });
    }

    fn warn(&self, message: &str) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        // An attempt that is made again says it again.
        if !warnings.iter().any(|said| said == message) {
            warnings.push(message.to_owned());
        }
    }

    async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        // The first interruption lets go on what is in flight.
        sleep_until(self.interruption, Interruption::Cancel, duration).await
    }
}

/// A sink for calls that no record stands for.
pub(crate) struct Unrecorded;

#[async_trait]
impl OperationSink for Unrecorded {
    async fn checkpoint(&self, _: Checkpoint) -> Result<(), ProviderError> {
        Ok(())
    }

    fn progress(&self, _: &str) {}

    fn warn(&self, _: &str) {}

    async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        tokio::time::sleep(duration).await;
        Ok(())
    }
}
