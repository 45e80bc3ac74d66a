//! What can go wrong with the state: each with its code, its message and what to do about it.

use crate::store::{Holder, StoreError};
use formwork_model::{Code, Diagnostic, Severity};
use std::io;
use std::path::{Path, PathBuf};

/// A failure of the state. [`StoreError`] is its shown form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Another process holds the lock.
    Locked {
        /// Who, as far as it has told.
        holder: Option<Holder>,
        /// How long it was waited for, in milliseconds.
        waited_ms: u64,
    },
    /// The lock file was taken away from under its holder.
    LockLost {
        /// The lock file.
        path: PathBuf,
    },
    /// A stored form has a version that this program does not know.
    Newer {
        /// Which form: `journal`, `row` …
        what: String,
        /// Its version.
        version: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// The journal has bytes that cannot have been left by an interrupted write.
    JournalDamaged {
        /// The file.
        path: PathBuf,
        /// Offset of the first wrong byte's frame.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// There was a journal, and nothing is left to read the state from.
    JournalMissing {
        /// The file.
        path: PathBuf,
        /// The state's directory.
        directory: PathBuf,
    },
    /// The snapshot is damaged, and no copy of the same rows was found.
    SnapshotDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// Why the second copy, in the row store, was no help.
        copy: String,
    },
    /// The state is sealed with a key that is not here.
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
        /// Short public name of the key.
        key: String,
    },
    /// The state is sealed with another key.
    WrongKey {
        /// Where the key that was used comes from.
        source: String,
        /// Short public name of the key that is needed.
        needed: String,
        /// Short public name of the key that was used.
        used: String,
    },
    /// A key source holds no usable key.
    BadKey {
        /// Where the key comes from.
        source: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A sealed secret could not be opened with the right key: it was altered, or belongs elsewhere.
    SealBroken {
        /// Whose.
        object: String,
    },
    /// No space is left.
    DiskFull {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
    },
    /// The file system, or its permissions, forbid it.
    NotAllowed {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// Any other failure of the operating system.
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// A record that does not fit the state before it.
    Illegal {
        /// The number that it would have had.
        serial: u64,
        /// Which record: kind and subject.
        record: String,
        /// What does not fit.
        reason: String,
    },
    /// An earlier write failed: nothing more is accepted.
    Stopped {
        /// What failed.
        cause: String,
    },
    /// The row store was damaged and made anew from the snapshot.
    RowsRebuilt {
        /// Where the damaged one was put.
        aside: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// The snapshot was damaged; the row store's copy was used.
    SnapshotRecovered {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key was made on first use.
    KeyMade {
        /// Where.
        path: PathBuf,
    },
}

const BACKUP: &str = "restore the whole directory from a backup";

impl Problem {
    /// Turns a failure of the operating system into what it means.
    #[must_use]
    pub fn io(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { doing, path }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotAllowed { doing, path, reason: error.to_string() }
            }
            _ => Self::Io { doing, path, reason: error.to_string() },
        }
    }

    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "E3001",
            Self::LockLost { .. } => "E3002",
            Self::Newer { .. } => "E3003",
            Self::JournalDamaged { .. } => "E3004",
            Self::SnapshotDamaged { .. } => "E3005",
            Self::KeyMissing { .. } => "E3006",
            Self::WrongKey { .. } => "E3007",
            Self::BadKey { .. } => "E3008",
            Self::SealBroken { .. } => "E3009",
            Self::DiskFull { .. } => "E3010",
            Self::NotAllowed { .. } => "E3011",
            Self::Io { .. } => "E3012",
            Self::Illegal { .. } => "E3013",
            Self::Stopped { .. } => "E3014",
            Self::JournalMissing { .. } => "E3015",
            Self::RowsRebuilt { .. } => "W3001",
            Self::SnapshotRecovered { .. } => "W3002",
            Self::KeyMade { .. } => "W3003",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Locked { holder: Some(holder), .. } => format!(
                "the state is locked by {} (process {}) running {} since {}",
                holder.who,
                holder.process,
                holder.command,
                moment(holder.since_ms)
            ),
            Self::Locked { holder: None, .. } => "the state is locked by another process".to_owned(),
            Self::LockLost { path } => format!("the lock {} was removed while it was held", path.display()),
            Self::Newer { what, .. } => format!("the {what} was written by a newer Formwork"),
            Self::JournalDamaged { path, offset, .. } => {
                format!("the journal {} is damaged at byte {offset}", path.display())
            }
            Self::JournalMissing { path, .. } => format!("the journal {} is missing", path.display()),
            Self::SnapshotDamaged { path, .. } => {
                format!("the snapshot {} is damaged and could not be recovered", path.display())
            }
            Self::KeyMissing { path, .. } => format!("the key of this state is not at {}", path.display()),
            Self::WrongKey { source, .. } => format!("the state is sealed with another key than the one of {source}"),
            Self::BadKey { source, reason } => format!("{source} holds no usable key: {reason}"),
            Self::SealBroken { object } => format!("a sealed value of {object} cannot be opened"),
            Self::DiskFull { doing, path } => format!("no space is left to {doing} {}", path.display()),
            Self::NotAllowed { doing, path, reason } | Self::Io { doing, path, reason } => {
                format!("cannot {doing} {}: {reason}", path.display())
            }
            Self::Illegal { serial, record, reason } => {
                format!("record {serial} ({record}) does not fit the state: {reason}")
            }
            Self::Stopped { cause } => format!("the state accepts nothing more after a failed write ({cause})"),
            Self::RowsRebuilt { .. } => "the row store was damaged and has been rebuilt from the snapshot".to_owned(),
            Self::SnapshotRecovered { path, .. } => {
                format!("the snapshot {} is damaged; the row store's copy was used", path.display())
            }
            Self::KeyMade { path } => format!("a key that seals secrets was made at {}", path.display()),
        }
    }

    fn help(&self) -> String {
        match self {
            Self::Locked { .. } => "wait for it, or let this command wait with `--lock-timeout 5m`; plan, output and \
                 state list need no lock"
                .to_owned(),
            Self::LockLost { .. } => {
                "nothing was lost; find out what removes files there, then run the command again".to_owned()
            }
            Self::Newer { .. } => "use at least the version of Formwork that wrote it".to_owned(),
            Self::JournalDamaged { path, offset, .. } => format!(
                "{BACKUP}; without one, keep a copy of it and go on with what stands before the damage by \
                 `truncate -s {offset} {}`, then run `formwork refresh` and compare with your cloud",
                path.display()
            ),
            Self::JournalMissing { directory, .. } => format!(
                "{BACKUP}; without one, delete {} and import the objects anew: nothing here knows of them any more",
                directory.display()
            ),
            Self::SnapshotDamaged { .. } => format!("{BACKUP}; without one, import the objects anew"),
            Self::KeyMissing { .. } => "put the key back from its backup, or set FORMWORK_STATE_KEY to it".to_owned(),
            Self::WrongKey { .. } => "set FORMWORK_STATE_KEY to the key that sealed the state, or put its key file \
                 back (`docs/state.md`, Keys)"
                .to_owned(),
            Self::BadKey { .. } => "give 32 bytes in base64 (`head -c 32 /dev/urandom | base64`), or a passphrase of \
                 at least 16 characters"
                .to_owned(),
            Self::SealBroken { .. } => format!("someone changed the files by hand, or mixed two states; {BACKUP}"),
            Self::DiskFull { .. } => "make room and run the command again; everything acknowledged is kept".to_owned(),
            Self::NotAllowed { .. } => "make the directory and its files writable for your user; reading commands \
                 (plan, output, state list) only need to read"
                .to_owned(),
            Self::Io { .. } => "check the disk; everything acknowledged before is kept".to_owned(),
            Self::Illegal { .. } => "this is a mistake in Formwork or a state edited by hand; please report it with \
                 this message"
                .to_owned(),
            Self::Stopped { .. } => "see the first error; run the command again once its cause is gone".to_owned(),
            Self::RowsRebuilt { aside, .. } => {
                format!("nothing was lost; the damaged files are in {} and may be deleted", aside.display())
            }
            Self::SnapshotRecovered { .. } => {
                "nothing was lost; the next command that writes makes a new snapshot; check the disk".to_owned()
            }
            Self::KeyMade { .. } => {
                "back it up: without it nobody can read the secrets in the state (`docs/state.md`, \
                 Keys)"
                    .to_owned()
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        match self {
            Self::Locked { waited_ms, .. } if *waited_ms > 0 => {
                vec![format!("waited for {} s", waited_ms.div_ceil(1000))]
            }
            Self::Newer { version, known, .. } => {
                vec![format!("its version is {version}, this program knows versions up to {known}")]
            }
            Self::JournalDamaged { reason, .. }
            | Self::RowsRebuilt { reason, .. }
            | Self::SnapshotRecovered { reason, .. } => vec![reason.clone()],
            Self::SnapshotDamaged { reason, copy, .. } => {
                vec![reason.clone(), format!("its copy in the row store: {copy}")]
            }
            Self::KeyMissing { key, .. } => vec![format!("the state needs the key {key}")],
            Self::JournalMissing { .. } => {
                vec!["there is no snapshot either; read as empty, everything would be created again".to_owned()]
            }
            Self::WrongKey { needed, used, .. } => {
                vec![format!("the state needs the key {needed}, this one is {used}")]
            }
            _ => Vec::new(),
        }
    }

    /// As it is shown.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let code = Code::new(self.code());
        let severity = if self.code().starts_with('W') { Severity::Warning } else { Severity::Error };
        let shown = match severity {
            Severity::Error => Diagnostic::error(code, self.message()),
            Severity::Warning => Diagnostic::warning(code, self.message()),
        };
        self.notes().into_iter().fold(shown.help(self.help()), Diagnostic::note)
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem.diagnostic()))
    }
}

/// A point in time for people.
fn moment(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).map_or_else(
        |_| "an unknown time".to_owned(),
        |time| time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
