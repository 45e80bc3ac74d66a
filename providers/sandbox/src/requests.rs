//! The log of requests: one line of JSON each, without bodies, headers or queries, since those hold secrets.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A log that is longer than this is set aside, and the one before it thrown away.
const LONGEST: u64 = 16 << 20;

/// A request that was answered, or cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When it was answered, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The method.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The query's `api-version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The type that it is about; empty where it is about none.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The answer's status; 0 where the connection was cut instead.
    pub status: u16,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// The failure rule that struck it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<u64>,
}

/// The open log.
#[derive(Debug)]
pub struct Requests {
    inner: Mutex<Option<Inner>>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Requests {
    /// A log that is kept nowhere.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self { inner: Mutex::new(None) }
    }

    /// The log in this file, which goes on.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let inner = Inner::open(path).map_err(|error| Problem::io("open", path, &error))?;
        Ok(Self { inner: Mutex::new(Some(inner)) })
    }

    /// Adds a line. A full disk costs the log, not the request.
    pub fn add(&self, line: &Line) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(error)) = inner.as_mut().map(|inner| inner.add(line)) {
            tracing::warn!(%error, "a request could not be logged");
        }
    }
}

impl Inner {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, length })
    }

    fn add(&mut self, line: &Line) -> io::Result<()> {
        if self.length > LONGEST {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *self = Self::open(&self.path)?;
        }
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.length += text.len() as u64;
        Ok(())
    }
}
