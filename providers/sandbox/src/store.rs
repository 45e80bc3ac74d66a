//! What the sandbox remembers: tables of JSON documents by key, in the order of keys.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Tables = BTreeMap<String, BTreeMap<String, Json>>;

/// Tables in memory.
#[derive(Debug, Default)]
pub struct Store {
    tables: Mutex<Tables>,
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

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document under this key.
    #[must_use]
    pub fn get(&self, table: &str, key: &str) -> Option<Json> {
        self.tables().get(table)?.get(key).cloned()
    }

    /// Keeps a document.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, table: &str, key: &str, document: Json) -> Result<(), StoreError> {
        self.tables().entry(table.to_owned()).or_default().insert(key.to_owned(), document);
        Ok(())
    }

    /// Forgets a document.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn delete(&self, table: &str, key: &str) -> Result<(), StoreError> {
        if let Some(table) = self.tables().get_mut(table) {
            table.remove(key);
        }
        Ok(())
    }

    /// Keys with this prefix, and their documents, in order.
    #[must_use]
    pub fn scan(&self, table: &str, prefix: &str) -> Vec<(String, Json)> {
        let tables = self.tables();
        let Some(table) = tables.get(table) else { return Vec::new() };
        let from = table.range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}
