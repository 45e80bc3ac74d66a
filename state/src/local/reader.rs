//! Reading without the lock, also while a writer appends.

use super::files::Layout;
use super::load::{self, Access, Loaded};
use super::lock;
use crate::problem::Problem;
use crate::record::Run;
use crate::seal::Keys;
use crate::store::{Published, Reader, StoreError};
use std::time::Duration;

/// How often a state that looks damaged is read again while someone writes it.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// Reads the state on the local disk.
#[derive(Clone, Debug)]
pub struct LocalReader {
    layout: Layout,
    keys: Keys,
}

impl LocalReader {
    pub(super) const fn new(layout: Layout, keys: Keys) -> Self {
        Self { layout, keys }
    }

    fn load(&self) -> Result<Option<Loaded>, Problem> {
        let mut attempt = 1;
        loop {
            let result = load::load(&self.layout, &self.keys, Access::Reader);
            let may_pass = matches!(
                &result,
                Err(Problem::JournalDamaged { .. } | Problem::SnapshotDamaged { .. } | Problem::Io { .. })
            );
            if !may_pass || attempt == ATTEMPTS || lock::holder(&self.layout.lock()).is_none() {
                return result;
            }
            attempt += 1;
            std::thread::sleep(PAUSE);
        }
    }
}

impl Reader for LocalReader {
    fn read(&self) -> Result<Published, StoreError> {
        let holder = lock::holder(&self.layout.lock());
        let Some(loaded) = self.load()? else { return Ok(Published { holder, ..Published::default() }) };
        Ok(Published {
            state: loaded.ledger.state,
            as_of_ms: loaded.ledger.as_of_ms,
            holder,
            warnings: loaded.recovered.iter().map(Problem::diagnostic).collect(),
        })
    }

    fn history(&self) -> Result<Vec<Run>, StoreError> {
        Ok(self.load()?.map(|loaded| loaded.ledger.history()).unwrap_or_default())
    }
}
