//! Ephemeral values that are open: renewed before they end, closed when the apply ends, never recorded.

use super::Shared;
use super::values::Known;
use crate::plan::PlannedProvider;
use crate::{guard, secrets};
use formwork_model::schema::ResourceSchema;
use formwork_model::{Address, ValueBuf};
use formwork_provider_api::{Connection, Opened};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long closing may take: nothing that matters waits for it.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// When a renewal that failed is tried again.
const AGAIN_MS: u64 = 30_000;

/// All that are open.
#[derive(Default)]
pub(crate) struct Ephemerals {
    open: Mutex<Vec<Keeper>>,
    /// Configurations are renewed one after the other: each has to find the connection that the last one left.
    renewing: tokio::sync::Mutex<()>,
}

struct Keeper {
    task: JoinHandle<()>,
    close: Arc<Notify>,
}

/// A value that is open.
pub(crate) struct Kept {
    pub(crate) address: Address,
    pub(crate) schema: &'static ResourceSchema,
    pub(crate) config: ValueBuf,
    /// The connection that opened it.
    pub(crate) connection: Arc<dyn Connection>,
    pub(crate) opened: Opened,
}

impl Ephemerals {
    /// Closes all, newest first.
    pub(crate) async fn close_all(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for keeper in open.into_iter().rev() {
            keeper.close.notify_one();
            // A value that cannot be closed ends by itself; the objects are done either way.
            drop(tokio::time::timeout(CLOSE_LIMIT, keeper.task).await);
        }
    }
}

/// Makes a value known, and keeps it open until the apply ends.
pub(crate) fn keep(shared: &Arc<Shared>, kept: Kept) {
    kept.note(shared);
    let close = Arc::new(Notify::new());
    let task = tokio::spawn(kept.renew_until_closed(Arc::clone(shared), Arc::clone(&close)));
    shared.ephemerals.open.lock().unwrap_or_else(PoisonError::into_inner).push(Keeper { task, close });
}

impl Kept {
    async fn renew_until_closed(mut self, shared: Arc<Shared>, close: Arc<Notify>) {
        loop {
            let renewal = self.opened.renew_in_ms.map(Duration::from_millis);
            tokio::select! {
                biased;
                () = close.notified() => break,
                () = tokio::time::sleep(renewal.unwrap_or(Duration::from_secs(365 * 86_400))) => {}
            }
            match guard::catch(self.connection.renew(self.opened.clone())).await {
                Ok(renewed) => self.renewed(&shared, renewed).await,
                Err(error) => {
                    let error = shared.secrets.scrub_error(error);
                    tracing::warn!(address = %self.address, %error, "an ephemeral value could not be renewed");
                    self.opened.renew_in_ms = Some(AGAIN_MS);
                }
            }
        }
        if let Err(error) = guard::catch(self.connection.close(self.opened)).await {
            let error = shared.secrets.scrub_error(error);
            tracing::warn!(address = %self.address, %error, "an ephemeral value could not be closed");
        }
    }

    /// What comes later is configured with the renewed value, and so is what is under way.
    async fn renewed(&mut self, shared: &Shared, renewed: Opened) {
        let _alone = shared.ephemerals.renewing.lock().await;
        let before = self.configurations(shared);
        self.opened = renewed;
        self.note(shared);
        for ((provider, before), (_, after)) in before.into_iter().zip(self.configurations(shared)) {
            if before != after {
                shared.connections.reconfigure(&provider.address, &before, &after).await;
            }
        }
    }

    fn note(&self, shared: &Shared) {
        let values = secrets::mark(self.schema, &[self.config.view()], self.opened.values.clone());
        shared.secrets.learn(values.view());
        shared.values.set(self.address.clone(), Some(Known { values, row: None }));
    }

    /// The configurations that hold this value, with everything known put in.
    fn configurations<'a>(&self, shared: &'a Shared) -> Vec<(&'a PlannedProvider, ValueBuf)> {
        let configured = shared.plan.providers.iter().filter_map(|provider| {
            let given = shared.plan.values.get(provider.configuration);
            let mut refers = false;
            given.each_attribute(&mut |address, _| refers |= *address == self.address);
            // One that cannot be resolved fails the operation that needs it.
            let resolved = refers.then(|| shared.resolve(&given.to_value()).ok()).flatten()?;
            Some((provider, ValueBuf::from(&resolved)))
        });
        configured.collect()
    }
}
