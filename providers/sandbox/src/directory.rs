//! The directory of a sandbox: what lies where, with which rights, and who serves it.
//!
//! ```text
//! .formwork/sandbox/ENV/          0700
//!   identity      sealed: port, token, certificate authority
//!   ca.pem        the authority's certificate, for foreign clients
//!   store         sealed: everything that exists in the sandbox
//!   server.lock   a kernel lock, held while a process serves it; who and where
//!   server.log    what the process has to say
//!   requests.log  one line a request: no bodies, no secrets
//!   git/          repositories that are served, and what Argo CD fetched
//!   state/        the state of the stack under `--sandbox`
//! ```

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A sandbox's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory(PathBuf);

/// Who serves a directory, as it wrote into the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The process.
    pub process: u32,
    /// Where: `https://127.0.0.1:PORT`; empty until it listens.
    pub url: String,
    /// Since when, in milliseconds since the epoch.
    pub since_ms: i64,
    /// The program's version.
    pub version: String,
}

impl Directory {
    /// This directory; it need not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The sealed identity.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.0.join("identity")
    }

    /// The authority's certificate.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// The sealed store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// What the process has to say.
    #[must_use]
    pub fn server_log(&self) -> PathBuf {
        self.0.join("server.log")
    }

    /// The log of requests.
    #[must_use]
    pub fn requests(&self) -> PathBuf {
        self.0.join("requests.log")
    }

    /// The stack's state under `--sandbox`.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// Git data.
    #[must_use]
    pub fn git(&self) -> PathBuf {
        self.0.join("git")
    }

    fn lock_file(&self) -> PathBuf {
        self.0.join("server.lock")
    }

    /// Makes it, for nobody else to look into.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self) -> Result<(), Problem> {
        let failed = |error: io::Error| Problem::io("make", &self.0, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0).map_err(failed)?;
        // It may have been made by someone else, with other rights.
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700)).map_err(failed)
    }

    /// Removes it with everything in it.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn remove(&self) -> Result<(), Problem> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Problem::io("remove", &self.0, &error)),
            _ => Ok(()),
        }
    }

    /// Takes the lock; while it lives no other process serves the directory.
    ///
    /// # Errors
    /// [`Problem::Running`] when another process has it.
    pub fn lock(&self) -> Result<Lock, Problem> {
        let path = self.lock_file();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(|error| Problem::io("open", &path, &error))?;
        // Whoever asks whether it is served holds the lock for an instant.
        for _ in 0..20 {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { path, file }),
                Err(TryLockError::Error(error)) => return Err(Problem::io("lock", &path, &error)),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        Err(Problem::Running { process: read(&path).map_or(0, |served| served.process) })
    }

    /// Who serves it now; a process that is gone does not, whatever it wrote.
    #[must_use]
    pub fn served(&self) -> Option<Served> {
        let path = self.lock_file();
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read(&path).unwrap_or_else(Served::unnamed)),
            _ => None,
        }
    }
}

impl Served {
    /// A process that has the lock and has not yet told its name.
    const fn unnamed() -> Self {
        Self { process: 0, url: String::new(), since_ms: 0, version: String::new() }
    }
}

/// The held lock.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Tells who holds it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sign(&self, served: &Served) -> Result<(), Problem> {
        let failed = |error: io::Error| Problem::io("write", &self.path, &error);
        let text = serde_json::to_vec(served).map_err(|error| failed(error.into()))?;
        self.file.set_len(0).map_err(failed)?;
        (&self.file).rewind().and_then(|()| (&self.file).write_all(&text)).map_err(failed)
    }
}

fn read(path: &Path) -> Option<Served> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Writes a file that only its owner reads, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let failed = |error: io::Error| Problem::io("write", path, &error);
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(directory).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map(drop).map_err(|error| failed(error.error))
}
