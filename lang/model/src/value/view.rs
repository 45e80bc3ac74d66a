//! Borrowed views of canonical bytes.

use super::buffer::{DURATION, FALSE, FLOAT, INT, LIST, MAP, NULL, SEALED, SECRET, SET, STRING, TRUE, UNKNOWN};
use super::residual_code;
use super::{MASK, Value, ValueBuf};
use crate::{Address, AttributePath, Step};
use std::fmt;

/// A view of one canonical value. The bytes were checked when they entered; on damaged ones views say null.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueRef<'a>(&'a [u8]);

/// What a [`ValueRef`] is.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    String(&'a str),
    /// Milliseconds.
    Duration(i64),
    /// A list.
    List(Items<'a>),
    /// A set.
    Set(Items<'a>),
    /// A map or record.
    Map(Entries<'a>),
    /// A secret; inside is the value in the clear.
    Secret(ValueRef<'a>),
    /// A secret at rest: what the state's seal made of it.
    Sealed(&'a [u8]),
    /// Not known yet; inside is the residual, as [`ValueRef::to_value`] reads it.
    Unknown(ValueRef<'a>),
}

impl<'a> ValueRef<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The view of `null`.
    #[must_use]
    pub const fn null() -> Self {
        Self(&[NULL])
    }

    /// Exactly the bytes of this value.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// A copy that owns its bytes.
    #[must_use]
    pub fn to_buf(self) -> ValueBuf {
        ValueBuf::from_checked(self.0.to_vec())
    }

    /// What it is.
    #[must_use]
    pub fn view(self) -> View<'a> {
        let mut cursor = Cursor(self.0);
        match cursor.byte() {
            FALSE => View::Bool(false),
            TRUE => View::Bool(true),
            INT => View::Int(i64::from_le_bytes(cursor.fixed())),
            FLOAT => View::Float(f64::from_le_bytes(cursor.fixed())),
            DURATION => View::Duration(i64::from_le_bytes(cursor.fixed())),
            STRING => View::String(cursor.text()),
            SEALED => {
                let length = cursor.length();
                View::Sealed(cursor.take(length))
            }
            LIST => View::List(Items(cursor.counted())),
            SET => View::Set(Items(cursor.counted())),
            MAP => View::Map(Entries(cursor.counted())),
            SECRET => View::Secret(ValueRef(cursor.skip(4))),
            UNKNOWN => View::Unknown(ValueRef(cursor.skip(4))),
            _ => View::Null,
        }
    }

    /// The tree.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self.view() {
            View::Null => Value::Null,
            View::Bool(truth) => Value::Bool(truth),
            View::Int(number) => Value::Int(number),
            View::Float(number) => Value::Float(number),
            View::String(text) => Value::string(text),
            View::Duration(milliseconds) => Value::Duration(milliseconds),
            View::List(items) => Value::List(items.map(ValueRef::to_value).collect()),
            View::Set(items) => Value::Set(items.map(ValueRef::to_value).collect()),
            View::Map(entries) => Value::map(entries.map(|(key, value)| (key, value.to_value()))),
            View::Secret(inner) => inner.to_value().secret(),
            // Sealed bytes are opened by the state before anyone evaluates with them.
            View::Sealed(_) => Value::Null.secret(),
            View::Unknown(residual) => residual_code::read(residual),
        }
    }

    /// The value behind a secret mark, or itself.
    #[must_use]
    pub fn exposed(self) -> Self {
        match self.view() {
            View::Secret(inner) => inner.exposed(),
            _ => self,
        }
    }

    /// Whether it is the plain `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self.0, [NULL])
    }

    /// Whether it is itself unknown, or a secret that is.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        matches!(self.exposed().view(), View::Unknown(_))
    }

    /// Whether no unknown is in it, at any depth.
    #[must_use]
    pub fn is_known(self) -> bool {
        match self.view() {
            View::List(items) | View::Set(items) => items.into_iter().all(ValueRef::is_known),
            View::Map(mut entries) => entries.all(|(_, value)| value.is_known()),
            View::Secret(inner) => inner.is_known(),
            View::Unknown(_) => false,
            _ => true,
        }
    }

    /// The text, also of a secret one.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        match self.exposed().view() {
            View::String(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a map, also of a secret one; empty for anything else.
    #[must_use]
    pub fn entries(self) -> Entries<'a> {
        match self.exposed().view() {
            View::Map(entries) => entries,
            _ => Entries(Counted::EMPTY),
        }
    }

    /// The items of a list or set, also of a secret one; empty for anything else.
    #[must_use]
    pub fn items(self) -> Items<'a> {
        match self.exposed().view() {
            View::List(items) | View::Set(items) => items,
            _ => Items(Counted::EMPTY),
        }
    }

    /// The value of an entry; none where it is absent.
    #[must_use]
    pub fn get(self, key: &str) -> Option<ValueRef<'a>> {
        self.entries().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The value at `path`; none where something on the way is absent. [`Step::Each`] finds nothing.
    #[must_use]
    pub fn at(self, path: &AttributePath) -> Option<ValueRef<'a>> {
        path.steps().iter().try_fold(self, |value, step| match step {
            Step::Member(name) | Step::Key(name) => value.get(name),
            Step::Index(index) => value.items().nth(*index as usize),
            Step::Each => None,
        })
    }

    /// Calls `visit` with each attribute that an unknown in it waits for.
    pub fn each_attribute(self, visit: &mut dyn FnMut(&Address, &AttributePath)) {
        match self.view() {
            View::List(items) | View::Set(items) => items.for_each(|item| item.each_attribute(visit)),
            View::Map(mut entries) => entries.by_ref().for_each(|(_, value)| value.each_attribute(visit)),
            View::Secret(inner) => inner.each_attribute(visit),
            View::Unknown(residual) => residual_code::read(residual).each_attribute(visit),
            _ => {}
        }
    }
}

impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.view() {
            View::Sealed(_) => formatter.write_str(MASK),
            _ => fmt::Debug::fmt(&self.to_value(), formatter),
        }
    }
}

/// The items of a list or set.
#[derive(Clone, Copy)]
pub struct Items<'a>(Counted<'a>);

/// The entries of a map, by key.
#[derive(Clone, Copy)]
pub struct Entries<'a>(Counted<'a>);

#[derive(Clone, Copy)]
struct Counted<'a> {
    left: usize,
    rest: Cursor<'a>,
}

impl Counted<'_> {
    const EMPTY: Self = Counted { left: 0, rest: Cursor(&[]) };
}

impl<'a> Iterator for Items<'a> {
    type Item = ValueRef<'a>;

    fn next(&mut self) -> Option<ValueRef<'a>> {
        self.0.left = self.0.left.checked_sub(1)?;
        Some(self.0.rest.value())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl ExactSizeIterator for Items<'_> {}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, ValueRef<'a>);

    fn next(&mut self) -> Option<(&'a str, ValueRef<'a>)> {
        self.0.left = self.0.left.checked_sub(1)?;
        Some((self.0.rest.text(), self.0.rest.value()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl ExactSizeIterator for Entries<'_> {}

/// Reads checked bytes; past their end everything is zero.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    fn skip(&mut self, count: usize) -> &'a [u8] {
        self.take(count);
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(NULL)
    }

    fn fixed(&mut self) -> [u8; 8] {
        self.take(8).try_into().unwrap_or_default()
    }

    fn length(&mut self) -> usize {
        let mut length = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte();
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        length
    }

    fn text(&mut self) -> &'a str {
        let length = self.length();
        std::str::from_utf8(self.take(length)).unwrap_or("")
    }

    fn counted(mut self) -> Counted<'a> {
        self.take(4);
        let left = self.length();
        Counted { left, rest: self }
    }

    fn value(&mut self) -> ValueRef<'a> {
        let mut probe = *self;
        let size = match probe.byte() {
            INT | FLOAT | DURATION => 9,
            STRING | SEALED => {
                let length = probe.length();
                self.0.len() - probe.0.len() + length
            }
            LIST | SET | MAP | SECRET | UNKNOWN => {
                let length: [u8; 4] = probe.take(4).try_into().unwrap_or_default();
                5 + u32::from_le_bytes(length) as usize
            }
            _ => 1,
        };
        ValueRef(self.take(size))
    }
}
