//! The state on the local disk: `.formwork/state/ENV/`.
//!
//! | file | |
//! |---|---|
//! | `lock` | the kernel lock of the one writer, and who it is |
//! | `journal` | records since the last checkpoint, in order; a record is acknowledged once it is durable here |
//! | `lineage` | that there is a state: without a journal it is not read as one that has not begun |
//! | `snapshot` | the whole state at the last checkpoint |
//! | `rows/` | the same in sled: a second copy from which a damaged snapshot is recovered, and the other way round |
//!
//! A checkpoint writes the snapshot, then the row store, then begins a new journal; each step is durable before the
//! next one, so that at any instant one of the two copies and a journal hold everything.

mod files;
mod frame;
mod journal;
mod ledger;
mod load;
mod lock;
mod reader;
mod rows;
mod snapshot;
#[cfg(test)]
mod tests;
mod writer;

pub use lock::LockOptions;
pub use reader::LocalReader;

use crate::seal::Keys;
use crate::store::{Holder, Store, StoreError};
use files::Layout;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The way to a state on the local disk.
pub struct LocalStore;

impl LocalStore {
    /// Opens the state in `directory` for reading. Nothing is read yet, and nothing is ever written or locked.
    #[must_use]
    pub fn open_reader(directory: impl Into<PathBuf>, keys: Keys) -> LocalReader {
        LocalReader::new(Layout { directory: directory.into() }, keys)
    }

    /// Takes the lock of the state in `directory`, which is made where it is not there, and opens it for writing.
    ///
    /// # Errors
    /// When the lock is held by another (E3001), when the state is damaged beyond recovery, of a newer version or sealed
    /// with another key, and when the directory cannot be written.
    pub fn lock_and_open(
        directory: impl AsRef<Path>,
        options: LockOptions<'_>,
        keys: &Keys,
    ) -> Result<Box<dyn Store>, StoreError> {
        let layout = Layout { directory: directory.as_ref().to_owned() };
        Ok(Box::new(writer::LocalWriter::open(layout, options, keys)?))
    }

    /// Who holds the lock of the state in `directory` now, if anyone.
    #[must_use]
    pub fn holder(directory: impl AsRef<Path>) -> Option<Holder> {
        lock::holder(&Layout { directory: directory.as_ref().to_owned() }.lock())
    }
}

/// Now, in Unix milliseconds.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
