//! Ephemeral values that are open: renewed before they end, closed when the apply ends, never recorded.

use formwork_model::Address;
use formwork_provider_api::{Connection, Opened};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long closing may take: nothing that matters waits for it.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// All that are open.
#[derive(Default)]
pub(crate) struct Ephemerals {
    open: Mutex<Vec<Keeper>>,
}

struct Keeper {
    task: JoinHandle<()>,
    close: Arc<Notify>,
}

impl Ephemerals {
    /// Keeps a value open. Providers' connections that were made with it ask it again through their own source.
    pub(crate) fn keep(&self, address: Address, connection: Arc<dyn Connection>, opened: Opened) {
        let close = Arc::new(Notify::new());
        let task = tokio::spawn(renew_until_closed(address, connection, opened, Arc::clone(&close)));
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(Keeper { task, close });
    }

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

async fn renew_until_closed(address: Address, connection: Arc<dyn Connection>, mut opened: Opened, close: Arc<Notify>) {
    loop {
        let renewal = opened.renew_in_ms.map(Duration::from_millis);
        tokio::select! {
            biased;
            () = close.notified() => break,
            () = tokio::time::sleep(renewal.unwrap_or(Duration::from_secs(365 * 86_400))) => {}
        }
        match connection.renew(opened.clone()).await {
            Ok(renewed) => opened = renewed,
            Err(error) => {
                tracing::warn!(%address, %error, "an ephemeral value could not be renewed");
                opened.renew_in_ms = Some(30_000);
            }
        }
    }
    if let Err(error) = connection.close(opened).await {
        tracing::warn!(%address, %error, "an ephemeral value could not be closed");
    }
}
