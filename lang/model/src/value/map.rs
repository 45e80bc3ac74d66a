//! Maps and records: entries sorted by key.

use super::Value;
use ecow::{EcoString, EcoVec};

/// Entries sorted by key, each key once. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(EcoVec<(EcoString, Value)>);

impl Map {
    /// No entries.
    #[must_use]
    pub const fn new() -> Self {
        Self(EcoVec::new())
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let position = self.0.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
        self.0.get(position).map(|(_, value)| value)
    }

    /// Sets `key`, and gives what was there.
    pub fn insert(&mut self, key: impl Into<EcoString>, value: Value) -> Option<Value> {
        let key = key.into();
        match self.0.binary_search_by(|(name, _)| name.cmp(&key)) {
            Ok(position) => self.0.make_mut().get_mut(position).map(|(_, old)| std::mem::replace(old, value)),
            Err(position) => {
                self.0.insert(position, (key, value));
                None
            }
        }
    }

    /// Removes `key`, and gives what was there.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let position = self.0.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
        Some(self.0.remove(position).1)
    }

    /// Whether `key` is there (also with null as its value).
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&EcoString, &Value)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &EcoString> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, by key.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl FromIterator<(EcoString, Value)> for Map {
    /// Of entries with the same key the last wins.
    fn from_iter<I: IntoIterator<Item = (EcoString, Value)>>(entries: I) -> Self {
        let mut entries: EcoVec<(EcoString, Value)> = entries.into_iter().collect();
        let sorted = entries.iter().zip(entries.iter().skip(1)).all(|((one, _), (two, _))| one < two);
        if sorted {
            return Self(entries);
        }
        entries.make_mut().sort_by(|left, right| left.0.cmp(&right.0));
        let mut unique: EcoVec<(EcoString, Value)> = EcoVec::with_capacity(entries.len());
        for entry in entries {
            match unique.make_mut().last_mut() {
                Some(last) if last.0 == entry.0 => *last = entry,
                _ => unique.push(entry),
            }
        }
        Self(unique)
    }
}

impl IntoIterator for Map {
    type Item = (EcoString, Value);
    type IntoIter = ecow::vec::IntoIter<(EcoString, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
