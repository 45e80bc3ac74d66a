//! The store, as tasks use it: appending is awaited until the record is durable.

use formwork_model::Diagnostic;
use formwork_state::record::Record;
use formwork_state::store::{Appended, Store, StoreError};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Appends records and waits for them.
#[derive(Clone)]
pub(crate) struct Journal {
    store: Arc<dyn Store>,
}

impl Journal {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Appends a record; returns when it is durable.
    pub(crate) async fn append(&self, record: Record) -> Result<(), Diagnostic> {
        let receiver = self.send(record);
        receive(receiver).await
    }

    /// Appends records in this order; returns when all are durable.
    pub(crate) async fn append_all(&self, records: Vec<Record>) -> Result<(), Diagnostic> {
        let receivers: Vec<_> = records.into_iter().map(|record| self.send(record)).collect();
        for receiver in receivers {
            receive(receiver).await?;
        }
        Ok(())
    }

    fn send(&self, record: Record) -> oneshot::Receiver<Appended> {
        let (sender, receiver) = oneshot::channel();
        self.store.append(record, Box::new(move |appended| drop(sender.send(appended))));
        receiver
    }
}

async fn receive(receiver: oneshot::Receiver<Appended>) -> Result<(), Diagnostic> {
    match receiver.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(StoreError(diagnostic))) => Err(*diagnostic),
        Err(_) => Err(super::diagnostics::writer_gone()),
    }
}
