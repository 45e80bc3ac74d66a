//! Lists that were just told. A network's list shows subnets and peerings, too: one type reads what another one was told
//! seconds ago, with nothing written in between. Who asks a second time wants to know anew.

use crate::arm::{ArmClient, Request};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a list counts as just told: a refresh that takes longer would see as old things without it.
const FRESH: Duration = Duration::from_secs(10);

/// What a list told.
#[derive(Clone)]
struct Told {
    at: Instant,
    /// How much was written when it was asked for.
    writes: u64,
    items: Arc<Vec<Json>>,
    /// How many pages were read at most; of a whole list any number.
    pages: usize,
    /// The types that were told.
    readers: BTreeSet<&'static str>,
}

/// One list; who comes while it is being asked for waits for it.
type Slot = Arc<tokio::sync::Mutex<Option<Told>>>;

/// The lists of a connection.
#[derive(Default)]
pub(super) struct Lists {
    slots: Mutex<HashMap<String, Slot>>,
    writes: AtomicU64,
}

impl Lists {
    /// Something is written, or was: what lists told before may not hold.
    pub(super) fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }

    fn slot(&self, list: String) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = self.writes.load(Ordering::SeqCst);
        let is_awaited = |slot: &Slot| Arc::strong_count(slot) > 1;
        let holds =
            |slot: &Slot| slot.try_lock().is_ok_and(|told| told.as_ref().is_some_and(|told| told.holds(writes)));
        slots.retain(|_, slot| is_awaited(slot) || holds(slot));
        slots.entry(list).or_default().clone()
    }
}

impl Told {
    fn holds(&self, writes: u64) -> bool {
        self.writes == writes && self.at.elapsed() < FRESH
    }
}

impl ArmClient {
    /// As [`ArmClient::list`], so many pages at most; of what another type was just told, that.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn list_shared(
        &self,
        request: Request<'_>,
        most: usize,
        reader: &'static str,
    ) -> Result<Arc<Vec<Json>>, ProviderError> {
        let list = format!("{} {} {:?}", request.path.to_lowercase(), request.api_version, request.query);
        let slot = self.lists.slot(list);
        let mut told = slot.lock().await;
        // Read before it is asked for: a write in between makes it an old one.
        let writes = self.lists.writes.load(Ordering::SeqCst);
        let serves = |told: &mut Told| told.holds(writes) && told.pages >= most && told.readers.insert(reader);
        if let Some(told) = told.as_mut()
            && serves(told)
        {
            return Ok(Arc::clone(&told.items));
        }
        let at = Instant::now();
        let (items, is_whole) = self.list_pages(request, most).await?;
        let (items, pages) = (Arc::new(items), if is_whole { usize::MAX } else { most });
        *told = Some(Told { at, writes, items: Arc::clone(&items), pages, readers: BTreeSet::from([reader]) });
        Ok(items)
    }
}
