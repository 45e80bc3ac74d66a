//! What the sandbox remembers: tables of JSON documents by key, in the order of keys. In memory for tests, or written
//! through to a sealed log in the sandbox's directory.

mod log;

use crate::problem::Problem;
use crate::seal::Key;
use log::{Change, Log};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Tables = BTreeMap<String, BTreeMap<String, Document>>;

/// A document, and the bytes of the log that keep it.
#[derive(Debug)]
struct Document {
    body: Json,
    bytes: u64,
}

/// Tables in memory, and the log behind them.
#[derive(Debug, Default)]
pub struct Store {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    tables: Tables,
    log: Option<Log>,
    /// Bytes of the log that documents of today stand in.
    live: u64,
}

/// A change could not be kept.
#[derive(Debug)]
pub struct StoreError(pub String);

impl Store {
    /// A store that forgets.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// The store that is kept in this file; an empty one where there is none yet.
    ///
    /// A change is in the operating system's hands when [`Store::put`] returns, so a killed process loses nothing. It is
    /// not on the platter: whoever loses power loses at most the last changes of a sandbox, and the log stays readable.
    ///
    /// # Errors
    /// When the file cannot be read or written, was sealed with another key, or is damaged.
    pub fn open(path: &Path, key: &Key) -> Result<Self, Problem> {
        let mut inner = Inner::default();
        let (log, changes) = Log::open(path, key)?;
        for (change, bytes) in changes {
            inner.remember(change, bytes);
        }
        inner.log = Some(log);
        Ok(Self { inner: Mutex::new(inner) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document under this key.
    #[must_use]
    pub fn get(&self, table: &str, key: &str) -> Option<Json> {
        Some(self.inner().tables.get(table)?.get(key)?.body.clone())
    }

    /// Keeps a document.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, table: &str, key: &str, document: Json) -> Result<(), StoreError> {
        self.inner().change(Change { table: table.to_owned(), key: key.to_owned(), document: Some(document) })
    }

    /// Forgets a document.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn delete(&self, table: &str, key: &str) -> Result<(), StoreError> {
        let mut inner = self.inner();
        if inner.tables.get(table).is_none_or(|table| !table.contains_key(key)) {
            return Ok(());
        }
        inner.change(Change { table: table.to_owned(), key: key.to_owned(), document: None })
    }

    /// Keys with this prefix, and their documents, in order.
    #[must_use]
    pub fn scan(&self, table: &str, prefix: &str) -> Vec<(String, Json)> {
        let inner = self.inner();
        let Some(table) = inner.tables.get(table) else { return Vec::new() };
        let from = table.range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, document)| (key.clone(), document.body.clone()))
            .collect()
    }

    /// The first document, in the order of keys, whose key is so.
    #[must_use]
    pub fn find(&self, table: &str, key_is: impl Fn(&str) -> bool) -> Option<Json> {
        let inner = self.inner();
        let (_, document) = inner.tables.get(table)?.iter().find(|(key, _)| key_is(key))?;
        Some(document.body.clone())
    }

    /// The tables that hold anything, in order, with their number of documents.
    #[must_use]
    pub fn tables(&self) -> Vec<(String, usize)> {
        let inner = self.inner();
        let filled = inner.tables.iter().filter(|(_, table)| !table.is_empty());
        filled.map(|(name, table)| (name.clone(), table.len())).collect()
    }

    /// Hands what was written to the disk itself.
    ///
    /// # Errors
    /// When it cannot.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.inner().log.as_ref().map_or(Ok(()), Log::sync).map_err(|problem| StoreError(problem.to_string()))
    }
}

impl Inner {
    /// Writes first, so that what is seen is kept.
    fn change(&mut self, change: Change) -> Result<(), StoreError> {
        let failed = |problem: Problem| StoreError(problem.to_string());
        let bytes = self.log.as_mut().map_or(Ok(0), |log| log.append(&change)).map_err(failed)?;
        self.remember(change, bytes);
        if let Err(problem) = self.compact() {
            // The change is kept all the same; the next one tries again.
            tracing::warn!(%problem, "the store could not be written anew");
        }
        Ok(())
    }

    fn remember(&mut self, change: Change, bytes: u64) {
        let Change { table, key, document } = change;
        let gone = match document {
            Some(body) => {
                self.live += bytes;
                self.tables.entry(table).or_default().insert(key, Document { body, bytes })
            }
            None => self.tables.get_mut(&table).and_then(|table| table.remove(&key)),
        };
        self.live -= gone.map_or(0, |document| document.bytes);
    }

    /// Writes the log anew when most of it is of no use any more.
    fn compact(&mut self) -> Result<(), Problem> {
        let Some(log) = self.log.as_mut().filter(|log| log.is_wasteful(self.live)) else { return Ok(()) };
        let mut fresh = log.rewrite()?;
        let mut lengths = Vec::new();
        for (table, documents) in &self.tables {
            for (key, document) in documents {
                lengths.push(fresh.append_document(table, key, &document.body)?);
            }
        }
        log.replace(fresh)?;
        self.live = lengths.iter().sum();
        let documents = self.tables.values_mut().flat_map(BTreeMap::values_mut);
        documents.zip(lengths).for_each(|(document, bytes)| document.bytes = bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
