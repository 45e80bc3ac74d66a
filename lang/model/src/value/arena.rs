//! Many values in one allocation.

use super::buffer::write_value;
use super::{Value, ValueRef};

/// Where a value stands in its [`ValueArena`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ValueId(u32);

/// Canonical values behind each other. Tables of rows and of planned operations keep theirs here: one allocation
/// instead of one for each.
#[derive(Clone, Default)]
pub struct ValueArena {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl ValueArena {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a copy of `value`.
    pub fn push(&mut self, value: ValueRef<'_>) -> ValueId {
        self.bytes.extend_from_slice(value.as_bytes());
        self.close()
    }

    /// Adds `value`.
    pub fn push_value(&mut self, value: &Value) -> ValueId {
        write_value(value, &mut self.bytes);
        self.close()
    }

    fn close(&mut self) -> ValueId {
        let id = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.ends.push(self.bytes.len());
        ValueId(id)
    }

    /// The value that `id` names; null for an id of another arena that lies beyond this one.
    #[must_use]
    pub fn get(&self, id: ValueId) -> ValueRef<'_> {
        let index = id.0 as usize;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let range = self.ends.get(index).map(|end| start..*end);
        range.and_then(|range| self.bytes.get(range)).map_or_else(ValueRef::null, ValueRef::new)
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl std::fmt::Debug for ValueArena {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ValueArena({} values, {} bytes)", self.ends.len(), self.bytes.len())
    }
}
