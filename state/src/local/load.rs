//! Reading a state from its files: the snapshot, and the journal's records after it.

use super::files::Layout;
use super::journal::Journal;
use super::ledger::{Changes, Ledger};
use super::{rows, snapshot};
use crate::codec::{Failure, Seal};
use crate::problem::Problem;
use crate::record::State;
use crate::seal::Keys;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// A state that was read.
pub(super) struct Loaded {
    pub(super) ledger: Ledger,
    pub(super) seal: Seal,
    /// Number of the last record of the last checkpoint.
    pub(super) base: u64,
    /// What changed since.
    pub(super) changes: Changes,
    /// Where the journal ends, and whether an interrupted write follows; none when it has to be made.
    pub(super) journal: Option<(u64, bool)>,
    /// Size of the snapshot in bytes; 0 when there is none.
    pub(super) snapshot_size: u64,
    /// Damage that was got around.
    pub(super) recovered: Option<Problem>,
}

/// Who reads: a writer may open the row store, a reader opens a copy of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Reader,
    Writer,
}

/// Reads the state; none where there is none yet.
///
/// The journal is opened first. A checkpoint replaces it after the snapshot, so whatever snapshot is found then is as
/// new as the beginning of that journal or newer, and no record between the two is missed.
pub(super) fn load(layout: &Layout, keys: &Keys, access: Access) -> Result<Option<Loaded>, Problem> {
    let path = layout.journal();
    // Asked before the journal is opened: the first writer makes them the other way round.
    let has_begun = layout.lineage().exists() || layout.rows().exists();
    let file = match File::open(&path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Problem::io("read", &path, &error)),
    };
    let snapshot = snapshot::read(&layout.snapshot(), keys);
    let Some(file) = file else {
        return match snapshot {
            Ok(None) if has_begun => Err(Problem::JournalMissing { path, directory: layout.directory.clone() }),
            Ok(None) => Ok(None),
            _ => Err(Problem::JournalDamaged { path, offset: 0, reason: "the file is missing".to_owned() }),
        };
    };
    let journal = Journal::read(&path, &file)?;
    let start = start(layout, keys, access, snapshot, journal.as_ref())?;
    Ok(Some(finish(layout, start, journal)?))
}

/// Where replay starts.
struct Start {
    ledger: Ledger,
    seal: Seal,
    snapshot_size: u64,
    recovered: Option<Problem>,
}

fn start(
    layout: &Layout,
    keys: &Keys,
    access: Access,
    snapshot: Result<Option<snapshot::Snapshot>, Failure>,
    journal: Option<&Journal>,
) -> Result<Start, Problem> {
    let reason = match snapshot {
        Ok(Some(snapshot::Snapshot { ledger, seal, size })) => {
            return Ok(Start { ledger, seal, snapshot_size: size, recovered: None });
        }
        Err(Failure::Problem(problem)) => return Err(problem),
        Err(Failure::Malformed(reason)) => reason,
        Ok(None) => match journal {
            Some(journal) if journal.head.serial == 0 => return from_nothing(keys, journal),
            _ => "the file is missing".to_owned(),
        },
    };
    let path = layout.snapshot();
    let copy = match access {
        Access::Writer => rows::load(&layout.rows(), keys),
        Access::Reader => rows::load_copy(&layout.rows(), keys),
    };
    match copy {
        Ok((ledger, seal)) => {
            let recovered = Some(Problem::SnapshotRecovered { path, reason });
            Ok(Start { ledger, seal, snapshot_size: 0, recovered })
        }
        Err(Failure::Malformed(copy)) => Err(Problem::SnapshotDamaged { path, reason, copy }),
        Err(Failure::Problem(problem)) => {
            let copy = problem.diagnostic().message;
            Err(Problem::SnapshotDamaged { path, reason, copy })
        }
    }
}

/// A state that has had no checkpoint yet.
fn from_nothing(keys: &Keys, journal: &Journal) -> Result<Start, Problem> {
    let lineage = journal.head.lineage.clone();
    let seal = Seal { sealer: keys.named(journal.head.key)?, lineage: lineage.clone() };
    let state = State { lineage, ..State::default() };
    let ledger = Ledger { state: Arc::new(state), runs: Vec::new(), as_of_ms: journal.head.as_of_ms };
    Ok(Start { ledger, seal, snapshot_size: 0, recovered: None })
}

fn finish(layout: &Layout, start: Start, journal: Option<Journal>) -> Result<Loaded, Problem> {
    let Start { mut ledger, seal, snapshot_size, recovered } = start;
    let base = ledger.state.serial;
    let mut changes = Changes::default();
    if let Some(journal) = &journal {
        check_same(layout, &ledger, journal)?;
        journal.replay(&mut ledger, &seal, &mut changes)?;
    }
    let journal = journal.map(|journal| (journal.end as u64, journal.torn));
    Ok(Loaded { ledger, seal, base, changes, journal, snapshot_size, recovered })
}

/// The journal must belong to what replay starts from, and leave no gap behind it.
fn check_same(layout: &Layout, ledger: &Ledger, journal: &Journal) -> Result<(), Problem> {
    let reason = if journal.head.lineage != ledger.state.lineage {
        "it belongs to another state than the snapshot"
    } else if journal.head.serial > ledger.state.serial {
        "it begins after the snapshot: the records between are missing"
    } else {
        return Ok(());
    };
    Err(Problem::JournalDamaged { path: layout.journal(), offset: 0, reason: reason.to_owned() })
}
