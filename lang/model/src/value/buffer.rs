//! The canonical bytes of a value.
//!
//! One tag byte, then the content. Numbers are little-endian; `v` is a LEB128 length; `n` a u32 of the bytes that follow.
//!
//! | tag | value | content |
//! |---|---|---|
//! | 0 1 2 | null false true | |
//! | 3 4 6 | int, float, duration | 8 bytes |
//! | 5 | string | v, UTF-8 |
//! | 7 8 | list, set | n, v items, the items |
//! | 9 | map | n, v entries, each: v, key, value; by key |
//! | 10 | secret | n, the value |
//! | 11 | sealed secret (at rest only) | v, bytes |
//! | 12 | unknown | n, the residual as a value |

use super::residual_code;
use super::{Value, ValueRef};
use std::fmt;

pub(super) const NULL: u8 = 0;
pub(super) const FALSE: u8 = 1;
pub(super) const TRUE: u8 = 2;
pub(super) const INT: u8 = 3;
pub(super) const FLOAT: u8 = 4;
pub(super) const STRING: u8 = 5;
pub(super) const DURATION: u8 = 6;
pub(super) const LIST: u8 = 7;
pub(super) const SET: u8 = 8;
pub(super) const MAP: u8 = 9;
pub(super) const SECRET: u8 = 10;
pub(super) const SEALED: u8 = 11;
pub(super) const UNKNOWN: u8 = 12;

/// Deeper values are refused when read back.
const MAXIMUM_DEPTH: u32 = 256;

/// A value as canonical bytes. `Debug` never shows a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueBuf(Vec<u8>);

/// Bytes that are no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed value at byte {offset}: {reason}")]
pub struct Malformed {
    /// Offset of the first wrong byte.
    pub offset: usize,
    /// What is wrong.
    pub reason: &'static str,
}

impl ValueBuf {
    /// The bytes of `null`.
    #[must_use]
    pub fn null() -> Self {
        Self(vec![NULL])
    }

    /// The bytes of an empty map.
    #[must_use]
    pub fn empty_map() -> Self {
        Self::from(&Value::Map(super::Map::new()))
    }

    /// Takes bytes that came from outside, after checking that they are one whole canonical value.
    ///
    /// # Errors
    /// When they are not.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Malformed> {
        let mut check = Check { bytes: &bytes, offset: 0 };
        check.value(0)?;
        if check.offset == bytes.len() { Ok(Self(bytes)) } else { Err(check.fail("bytes are left over")) }
    }

    pub(super) const fn from_checked(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// A view that borrows.
    #[must_use]
    pub fn view(&self) -> ValueRef<'_> {
        ValueRef::new(&self.0)
    }

    /// The bytes. They hold secrets in the clear: seal before anything of them is kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The tree.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.view().to_value()
    }
}

impl Default for ValueBuf {
    fn default() -> Self {
        Self::null()
    }
}

impl fmt::Debug for ValueBuf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.view(), formatter)
    }
}

impl From<&Value> for ValueBuf {
    fn from(value: &Value) -> Self {
        let mut bytes = Vec::with_capacity(64);
        write_value(value, &mut bytes);
        Self(bytes)
    }
}

impl From<Value> for ValueBuf {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl serde::Serialize for ValueBuf {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for ValueBuf {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        Self::from_bytes(bytes).map_err(serde::de::Error::custom)
    }
}

/// Appends the canonical bytes of `value`.
pub(super) fn write_value(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(NULL),
        Value::Bool(truth) => bytes.push(if *truth { TRUE } else { FALSE }),
        Value::Int(number) => write_fixed(INT, number.to_le_bytes(), bytes),
        // One zero: -0.0 and 0.0 are equal and must have equal bytes.
        Value::Float(number) => write_fixed(FLOAT, (if *number == 0.0 { 0.0 } else { *number }).to_le_bytes(), bytes),
        Value::Duration(milliseconds) => write_fixed(DURATION, milliseconds.to_le_bytes(), bytes),
        Value::String(text) => write_string(text, bytes),
        Value::List(items) => framed(LIST, bytes, |bytes| write_items(items, bytes)),
        Value::Set(items) => framed(SET, bytes, |bytes| write_items(items, bytes)),
        Value::Map(map) => framed(MAP, bytes, |bytes| {
            write_length(map.len(), bytes);
            for (key, value) in map.iter() {
                write_text(key, bytes);
                write_value(value, bytes);
            }
        }),
        Value::Secret(inner) => framed(SECRET, bytes, |bytes| write_value(inner, bytes)),
        Value::Unknown(residual) => framed(UNKNOWN, bytes, |bytes| residual_code::write(residual, bytes)),
        Value::Object(reference) => framed(UNKNOWN, bytes, |bytes| residual_code::write_object(reference, bytes)),
    }
}

fn write_items(items: &[Value], bytes: &mut Vec<u8>) {
    write_length(items.len(), bytes);
    for item in items {
        write_value(item, bytes);
    }
}

/// Appends a text with its tag.
pub(super) fn write_string(text: &str, bytes: &mut Vec<u8>) {
    bytes.push(STRING);
    write_text(text, bytes);
}

/// Appends a list of so many items, which `items` writes.
pub(super) fn write_list(count: usize, bytes: &mut Vec<u8>, items: impl FnOnce(&mut Vec<u8>)) {
    framed(LIST, bytes, |bytes| {
        write_length(count, bytes);
        items(bytes);
    });
}

fn write_fixed(tag: u8, content: [u8; 8], bytes: &mut Vec<u8>) {
    bytes.push(tag);
    bytes.extend_from_slice(&content);
}

fn write_text(text: &str, bytes: &mut Vec<u8>) {
    write_length(text.len(), bytes);
    bytes.extend_from_slice(text.as_bytes());
}

pub(super) fn write_length(mut length: usize, bytes: &mut Vec<u8>) {
    while length >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
    bytes.push(length as u8);
}

/// Writes a tag, the length of what `content` writes, and that.
pub(super) fn framed(tag: u8, bytes: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    bytes.push(tag);
    let position = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    content(bytes);
    let length = u32::try_from(bytes.len() - position - 4).unwrap_or(u32::MAX);
    if let Some(slot) = bytes.get_mut(position..position + 4) {
        slot.copy_from_slice(&length.to_le_bytes());
    }
}

/// Checks bytes from outside, without building anything.
struct Check<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Check<'_> {
    const fn fail(&self, reason: &'static str) -> Malformed {
        Malformed { offset: self.offset, reason }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Malformed> {
        let end = self.offset.checked_add(count).ok_or_else(|| self.fail("a length overflows"))?;
        let slice = self.bytes.get(self.offset..end).ok_or_else(|| self.fail("it ends too early"))?;
        self.offset = end;
        Ok(slice)
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        let mut length = 0_usize;
        for shift in (0..35).step_by(7) {
            let byte = *self.take(1)?.first().unwrap_or(&0);
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(length);
            }
        }
        Err(self.fail("a length is too long"))
    }

    fn text(&mut self) -> Result<&str, Malformed> {
        let length = self.length()?;
        let at = self.offset;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| Malformed { offset: at, reason: "a text is not UTF-8" })
    }

    fn value(&mut self, depth: u32) -> Result<(), Malformed> {
        if depth > MAXIMUM_DEPTH {
            return Err(self.fail("it is nested too deeply"));
        }
        match *self.take(1)?.first().unwrap_or(&NULL) {
            NULL | FALSE | TRUE => Ok(()),
            INT | FLOAT | DURATION => self.take(8).map(drop),
            STRING => self.text().map(drop),
            SEALED => {
                let length = self.length()?;
                self.take(length).map(drop)
            }
            tag @ (LIST | SET | MAP | SECRET | UNKNOWN) => self.frame(tag, depth),
            _ => Err(self.fail("unknown tag")),
        }
    }

    fn frame(&mut self, tag: u8, depth: u32) -> Result<(), Malformed> {
        let mut size = [0; 4];
        size.copy_from_slice(self.take(4)?);
        let end = self.offset.saturating_add(u32::from_le_bytes(size) as usize);
        match tag {
            SECRET | UNKNOWN => self.value(depth + 1)?,
            _ => {
                for _ in 0..self.length()? {
                    if tag == MAP {
                        self.text()?;
                    }
                    self.value(depth + 1)?;
                }
            }
        }
        if self.offset == end { Ok(()) } else { Err(self.fail("a frame has the wrong length")) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Map, Value};
    use super::*;
    use crate::{Address, AttributePath};

    fn sample() -> Value {
        Value::map([
            ("name", Value::string("vnet")),
            ("count", Value::Int(-3)),
            ("ratio", Value::Float(0.5)),
            ("wait", Value::Duration(90_000)),
            ("none", Value::Null),
            ("zones", Value::set([Value::string("2"), Value::string("1"), Value::string("2")])),
            ("password", Value::string("hunter2").secret()),
            ("id", Value::attribute(Address::resource("group"), AttributePath::member("id"))),
            ("nested", Value::list([Value::Bool(true), Value::Map(Map::new())])),
        ])
    }

    #[test]
    fn a_value_survives_its_bytes() {
        let value = sample();
        let buffer = ValueBuf::from(&value);
        assert_eq!(buffer.to_value(), value);
        assert_eq!(ValueBuf::from_bytes(buffer.as_bytes().to_vec()), Ok(buffer));
    }

    #[test]
    fn every_cut_is_refused() {
        let buffer = ValueBuf::from(&sample());
        for length in 0..buffer.as_bytes().len() {
            assert!(ValueBuf::from_bytes(buffer.as_bytes()[..length].to_vec()).is_err(), "{length}");
        }
    }

    #[test]
    fn debug_masks_secrets() {
        let text = format!("{:?} {:?}", sample(), ValueBuf::from(&sample()));
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("vnet"));
    }
}
