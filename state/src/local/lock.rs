//! The lock: a kernel lock on a file that tells who holds it. A holder that dies gives it up at once.

use super::files::FILE_MODE;
use crate::problem::Problem;
use crate::store::Holder;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Readers look whether a lock is held by taking it, shared, for an instant: a first refusal may be theirs.
const PATIENCE: Duration = Duration::from_millis(60);
const SHORT_PAUSE: Duration = Duration::from_millis(5);
const LONG_PAUSE: Duration = Duration::from_millis(100);

/// Who wants the lock, and how long it waits for it.
pub struct LockOptions<'a> {
    who: String,
    command: String,
    timeout: Duration,
    on_wait: Option<OnWait<'a>>,
}

type OnWait<'a> = Box<dyn FnMut(Option<&Holder>) + 'a>;

impl<'a> LockOptions<'a> {
    /// `who` is user@host, `command` what it is wanted for: `apply`, `import` … It is not waited for.
    #[must_use]
    pub fn new(who: impl Into<String>, command: impl Into<String>) -> Self {
        Self { who: who.into(), command: command.into(), timeout: Duration::ZERO, on_wait: None }
    }

    /// Waits that long for another holder.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Is told whom it waits for: once when the wait begins, and again when the holder is another one.
    #[must_use]
    pub fn on_wait(mut self, told: impl FnMut(Option<&Holder>) + 'a) -> Self {
        self.on_wait = Some(Box::new(told));
        self
    }
}

/// The held lock.
pub(super) struct Lock {
    path: PathBuf,
    file: File,
    inode: u64,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(super) fn acquire(path: &Path, mut options: LockOptions<'_>) -> Result<Self, Problem> {
        let start = Instant::now();
        let mut told: Option<Option<Holder>> = None;
        loop {
            if let Some(lock) = Self::attempt(path)? {
                lock.sign(&options)?;
                return Ok(lock);
            }
            let waited = start.elapsed();
            if waited < PATIENCE {
                std::thread::sleep(SHORT_PAUSE);
                continue;
            }
            let holder = written(path);
            if waited >= options.timeout {
                let waited = if options.timeout.is_zero() { Duration::ZERO } else { waited };
                let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
                return Err(Problem::Locked { holder, waited_ms });
            }
            if told.as_ref() != Some(&holder) {
                options.on_wait.iter_mut().for_each(|told| told(holder.as_ref()));
                told = Some(holder);
            }
            std::thread::sleep(LONG_PAUSE.min(options.timeout.saturating_sub(waited)));
        }
    }

    fn attempt(path: &Path) -> Result<Option<Self>, Problem> {
        let failed = |error: io::Error| Problem::io("lock", path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let inode = file.metadata().map_err(failed)?.ino();
        let lock = Self { path: path.to_owned(), file, inode };
        // Someone may have removed the file between opening and locking: then this is a lock on nothing.
        Ok(lock.is_in_place().then_some(lock))
    }

    fn sign(&self, options: &LockOptions<'_>) -> Result<(), Problem> {
        let holder = Holder {
            who: options.who.clone(),
            process: std::process::id(),
            command: options.command.clone(),
            since_ms: super::now_ms(),
        };
        let failed = |error: io::Error| Problem::io("write", &self.path, &error);
        let text = serde_json::to_vec(&holder).map_err(|error| failed(error.into()))?;
        self.file.set_len(0).map_err(failed)?;
        (&self.file).rewind().and_then(|()| (&self.file).write_all(&text)).map_err(failed)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file that is locked is still the one that others would lock.
    pub(super) fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name of who held it is of no use any more; closing the file releases the lock either way.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Who holds the lock now, if anyone.
pub(super) fn holder(path: &Path) -> Option<Holder> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let unnamed = || Holder { who: String::new(), process: 0, command: String::new(), since_ms: 0 };
            Some(written(path).unwrap_or_else(unnamed))
        }
        _ => None,
    }
}

/// What the holder wrote about itself; it may be about to.
fn written(path: &Path) -> Option<Holder> {
    (0..5).find_map(|attempt| {
        if attempt > 0 {
            std::thread::sleep(SHORT_PAUSE);
        }
        let mut text = String::new();
        File::open(path).ok()?.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    })
}
