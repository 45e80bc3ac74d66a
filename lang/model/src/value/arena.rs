//! Many values in one allocation.

use super::buffer::write_value;
use super::{Value, ValueBuf, ValueRef};
use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::fmt;

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

    /// All values, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = ValueRef<'_>> {
        (0..).take(self.ends.len()).map(|index| self.get(ValueId(index)))
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

/// All values behind each other, and where each ends: two fields, whatever the number of values.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    bytes: Bytes<'a>,
    ends: std::borrow::Cow<'a, [usize]>,
}

struct Bytes<'a>(std::borrow::Cow<'a, [u8]>);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes")
    }

    fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Bytes<'de>, E> {
        Ok(Bytes(bytes.into()))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes<'de>, E> {
        Ok(Bytes(bytes.to_vec().into()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes<'de>, E> {
        Ok(Bytes(bytes.into()))
    }
}

impl Serialize for ValueArena {
    /// Writes the canonical bytes, secrets in the clear: seal what comes out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Stored { bytes: Bytes(self.bytes.as_slice().into()), ends: self.ends.as_slice().into() };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ValueArena {
    /// Reads what was written, after checking every value.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let mut start = 0;
        for end in stored.ends.iter().copied() {
            let value = stored.bytes.0.get(start..end).ok_or_else(|| de::Error::custom("an end is out of place"))?;
            ValueBuf::from_bytes(value.to_vec()).map_err(de::Error::custom)?;
            start = end;
        }
        if start != stored.bytes.0.len() {
            return Err(de::Error::custom("bytes are left over"));
        }
        Ok(Self { bytes: stored.bytes.0.into_owned(), ends: stored.ends.into_owned() })
    }
}

impl fmt::Debug for ValueArena {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ValueArena({} values, {} bytes)", self.ends.len(), self.bytes.len())
    }
}
