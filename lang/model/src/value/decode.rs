//! From values to Rust structures, by serde: how providers read what they are given.

use super::{Entries, Items, ValueRef, View};
use crate::{AttributePath, Step};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use std::fmt;

/// A value that does not fit the structure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", location(.path))]
pub struct DecodeError {
    /// Where in the value.
    pub path: AttributePath,
    /// What is wrong; holds no text of a secret.
    pub message: String,
}

fn location(path: &AttributePath) -> String {
    if path.steps().is_empty() { String::new() } else { format!("{path}: ") }
}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: AttributePath::root(), message: message.to_string() }
    }
}

impl DecodeError {
    fn within(mut self, step: Step) -> Self {
        self.path = std::iter::once(step).chain(self.path.0).collect();
        self
    }
}

impl<'a> ValueRef<'a> {
    /// Reads a Rust structure. Fields that are absent need `#[serde(default)]` or `Option`; unknown ones are left out.
    ///
    /// # Errors
    /// When it does not fit, with the path, or when a part that is read is not known yet.
    pub fn decode<T: de::Deserialize<'a>>(self) -> Result<T, DecodeError> {
        T::deserialize(self)
    }
}

impl<'de> Deserializer<'de> for ValueRef<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.view() {
            View::Null => visitor.visit_unit(),
            View::Bool(truth) => visitor.visit_bool(truth),
            View::Int(number) | View::Duration(number) => visitor.visit_i64(number),
            View::Float(number) => visitor.visit_f64(number),
            View::String(text) => visitor.visit_borrowed_str(text),
            View::List(items) | View::Set(items) => visitor.visit_seq(Sequence { items, index: 0 }),
            View::Map(entries) => visitor.visit_map(EntryReader { entries, current: None }),
            // A message of serde quotes what it did not expect: not for secrets.
            View::Secret(inner) => inner.deserialize_any(visitor).map_err(|error| DecodeError {
                message: "the secret value has the wrong type".into(),
                path: error.path,
            }),
            View::Sealed(_) => Err(de::Error::custom("the secret is still sealed")),
            View::Unknown(_) => Err(de::Error::custom("the value is not known yet")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.exposed().is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.exposed().view() {
            View::String(text) => visitor.visit_enum(text.into_deserializer()),
            View::Map(mut entries) => match (entries.next(), entries.next()) {
                (Some((key, value)), None) => visitor.visit_enum(VariantReader { key, value }),
                _ => Err(de::Error::custom("expected a map with one entry")),
            },
            _ => Err(de::Error::custom("expected a text or a map with one entry")),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Sequence<'de> {
    items: Items<'de>,
    index: u32,
}

impl<'de> de::SeqAccess<'de> for Sequence<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(item).map(Some).map_err(|error| error.within(Step::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct EntryReader<'de> {
    entries: Entries<'de>,
    current: Option<(&'de str, ValueRef<'de>)>,
}

impl<'de> de::MapAccess<'de> for EntryReader<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        self.current = self.entries.next();
        self.current
            .map(|(key, _)| seed.deserialize(de::value::BorrowedStrDeserializer::<DecodeError>::new(key)))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (key, value) = self.current.take().ok_or_else(|| <DecodeError as de::Error>::custom("no entry"))?;
        seed.deserialize(value).map_err(|error| error.within(Step::Member(key.into())))
    }
}

struct VariantReader<'de> {
    key: &'de str,
    value: ValueRef<'de>,
}

impl<'de> de::EnumAccess<'de> for VariantReader<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), DecodeError> {
        let key = de::value::BorrowedStrDeserializer::<DecodeError>::new(self.key);
        Ok((seed.deserialize(key)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for VariantReader<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(self.value).map_err(|error| error.within(Step::Member(self.key.into())))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.value.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, DecodeError> {
        self.value.deserialize_map(visitor)
    }
}
