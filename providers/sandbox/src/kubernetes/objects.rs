//! The objects of one cluster, their versions, and what happened to them lately.
//!
//! Objects are documents in one table of the store, written through; a copy in memory answers reads. Versions count up per
//! cluster and never come again: the store keeps a number that is ahead of all that were given out.

use super::custom::Catalog;
use super::json::{set, text};
use super::meta;
use super::status::{Answer, Refusal};
use crate::clock::Clock;
use crate::store::Store;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::broadcast;

/// How many changes a watch can go back.
const WINDOW: usize = 1024;
/// How many versions are reserved at once.
const RESERVED: u64 = 512;

/// Where an object lies: `group/plural`, namespace, name.
pub(crate) type Key = (String, String, String);

/// What will happen.
pub(crate) type Changes = broadcast::Receiver<Arc<Change>>;

/// What happened to an object.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) key: Key,
    /// The object before.
    pub(crate) before: Option<Arc<Json>>,
    /// The object after; for a deletion its last state with the version of the deletion.
    pub(crate) object: Arc<Json>,
    pub(crate) deleted: bool,
}

/// The objects of one cluster.
pub(crate) struct Objects {
    store: Arc<Store>,
    table: String,
    rows: BTreeMap<Key, Arc<Json>>,
    version: u64,
    reserved: u64,
    oldest: u64,
    history: VecDeque<Arc<Change>>,
    changes: broadcast::Sender<Arc<Change>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Catalog,
    /// What clients in the cluster trust, as PEM.
    pub(crate) certificate_authority: String,
}

const META: &str = "kubernetes-versions";

impl Objects {
    /// The objects that the store has of this cluster.
    pub(crate) fn load(store: Arc<Store>, clock: Arc<dyn Clock>, cluster: &str) -> Self {
        let table = format!("kubernetes-objects/{cluster}");
        let rows: BTreeMap<_, _> = store
            .scan(&table, "")
            .into_iter()
            .filter_map(|(key, row)| Some((read_key(&key)?, Arc::new(row))))
            .collect();
        let reserved = store.get(META, &table).and_then(|one| one.as_u64()).unwrap_or_default();
        let (changes, _) = broadcast::channel(WINDOW);
        let mut catalog = Catalog::default();
        catalog.refresh(&rows);
        let version = reserved;
        let history = VecDeque::new();
        Self {
            store,
            table,
            rows,
            version,
            reserved,
            oldest: version,
            history,
            changes,
            clock,
            catalog,
            certificate_authority: String::new(),
        }
    }

    /// Removes everything that the store has of this cluster.
    pub(crate) fn forget(&mut self) -> Answer<()> {
        for (key, _) in self.store.scan(&self.table, "") {
            self.store.delete(&self.table, &key)?;
        }
        self.rows.clear();
        Ok(self.store.delete(META, &self.table)?)
    }

    /// The newest version.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// The time, in the form of Kubernetes.
    pub(crate) fn now(&self) -> String {
        meta::timestamp(self.clock.now_ms())
    }

    /// An object.
    pub(crate) fn get(&self, table: &str, namespace: &str, name: &str) -> Option<Arc<Json>> {
        self.rows.get(&(table.to_owned(), namespace.to_owned(), name.to_owned())).cloned()
    }

    /// The objects of a table, in one namespace or in all (empty), in the order of namespace and name.
    pub(crate) fn list<'a>(&'a self, table: &'a str, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Json>> {
        let from = (table.to_owned(), namespace.to_owned(), String::new());
        self.rows
            .range(from..)
            .take_while(move |((t, n, _), _)| t == table && (namespace.is_empty() || n == namespace))
            .map(|(_, row)| row)
    }

    /// All objects, with their keys.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Arc<Json>)> {
        self.rows.iter()
    }

    /// Keeps a new or changed object, which gets the next version.
    pub(crate) fn put(&mut self, table: &str, mut object: Json) -> Answer<Arc<Json>> {
        let key = (table.to_owned(), meta::namespace(&object).to_owned(), meta::name(&object).to_owned());
        let version = self.next_version()?;
        set(&mut object, &["metadata", "resourceVersion"], version.to_string());
        self.store.put(&self.table, &write_key(&key), object.clone())?;
        let object = Arc::new(object);
        let before = self.rows.insert(key.clone(), Arc::clone(&object));
        self.announce(Change { version, key, before, object: Arc::clone(&object), deleted: false });
        Ok(object)
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, table: &str, namespace: &str, name: &str) -> Answer<Option<Arc<Json>>> {
        let key = (table.to_owned(), namespace.to_owned(), name.to_owned());
        if !self.rows.contains_key(&key) {
            return Ok(None);
        }
        let version = self.next_version()?;
        self.store.delete(&self.table, &write_key(&key))?;
        let Some(before) = self.rows.remove(&key) else { return Ok(None) };
        let mut last = (*before).clone();
        set(&mut last, &["metadata", "resourceVersion"], version.to_string());
        let object = Arc::new(last);
        self.announce(Change { version, key, before: Some(before), object: Arc::clone(&object), deleted: true });
        Ok(Some(object))
    }

    fn next_version(&mut self) -> Answer<u64> {
        if self.version + 1 > self.reserved {
            self.reserved = self.version + RESERVED;
            self.store.put(META, &self.table, json!(self.reserved))?;
        }
        self.version += 1;
        Ok(self.version)
    }

    fn announce(&mut self, change: Change) {
        if change.key.0 == super::custom::DEFINITIONS {
            self.catalog.refresh(&self.rows);
        }
        let change = Arc::new(change);
        if self.history.len() == WINDOW {
            self.oldest = self.history.pop_front().map_or(self.oldest, |one| one.version);
        }
        self.history.push_back(Arc::clone(&change));
        // Nobody may be watching.
        let _ = self.changes.send(change);
    }

    /// What happened after a version, and what will.
    ///
    /// # Errors
    /// When the version is older than the window.
    pub(crate) fn since(&self, version: u64) -> Answer<(Vec<Arc<Change>>, Changes)> {
        if version < self.oldest {
            return Err(Refusal::expired(version, self.oldest));
        }
        let past = self.history.iter().filter(|one| one.version > version).cloned().collect();
        Ok((past, self.changes.subscribe()))
    }

    /// What will happen.
    pub(crate) fn subscribe(&self) -> Changes {
        self.changes.subscribe()
    }

    /// Objects that name this one as an owner.
    pub(crate) fn dependents(&self, owner: &str) -> Vec<Key> {
        let owned = |row: &Json| meta::owners(row).iter().any(|one| text(one, &["uid"]) == owner);
        self.rows.iter().filter(|(_, row)| owned(row)).map(|(key, _)| key.clone()).collect()
    }

    /// Whether an object with this id lives.
    pub(crate) fn lives(&self, uid: &str) -> bool {
        self.rows.values().any(|row| meta::uid(row) == uid)
    }
}

fn write_key((table, namespace, name): &Key) -> String {
    format!("{table}/{namespace}/{name}")
}

fn read_key(text: &str) -> Option<Key> {
    let mut parts = text.splitn(4, '/');
    let (group, plural) = (parts.next()?, parts.next()?);
    Some((format!("{group}/{plural}"), parts.next()?.to_owned(), parts.next()?.to_owned()))
}
