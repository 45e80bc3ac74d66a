//! From Rust structures to values, by serde: what providers answer with.

use super::{Map, Value, ValueBuf};
use ecow::EcoString;
use serde::ser::{self, Serialize};
use std::fmt;

pub(super) const SECRET_MARK: &str = "$formwork::secret";
pub(super) const SET_MARK: &str = "$formwork::set";
pub(super) const DURATION_MARK: &str = "$formwork::duration";

/// A structure that no value can express.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be a value: {0}")]
pub struct EncodeError(pub String);

impl ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A secret in a provider's structures: read from and written to [`Value::Secret`], never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted<T>(pub T);

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(super::MASK)
    }
}

impl<T: Serialize> Serialize for Redacted<T> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(SECRET_MARK, &self.0)
    }
}

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Redacted<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// A set in a provider's structures: written to [`Value::Set`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetOf<T>(pub Vec<T>);

impl<T: Serialize> Serialize for SetOf<T> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(SET_MARK, &self.0)
    }
}

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for SetOf<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

/// Milliseconds in a provider's structures: written to [`Value::Duration`]. Use with `#[serde(with = …)]` is not
/// needed; it reads from durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milliseconds(pub i64);

impl Serialize for Milliseconds {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(DURATION_MARK, &self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Milliseconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

impl ValueBuf {
    /// The value of a Rust structure. A field that is `None` becomes null; leave it out with
    /// `skip_serializing_if` where absent is meant.
    ///
    /// # Errors
    /// When it holds what no value can express (a number beyond 64 bits, a map key that is no text).
    pub fn encode<T: Serialize + ?Sized>(structure: &T) -> Result<Self, EncodeError> {
        to_value_with(structure).map(|value| Self::from(&value))
    }
}

/// The tree of a Rust structure.
pub(super) fn to_value_with<T: Serialize + ?Sized>(structure: &T) -> Result<Value, EncodeError> {
    structure.serialize(Encoder)
}

impl Serialize for super::ValueRef<'_> {
    /// Writes the plain content, secrets marked again: for values inside a provider's structures.
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl Serialize for Value {
    /// Writes the plain content; secrets, sets and durations are marked, so that [`ValueBuf::encode`] keeps them.
    /// Other serializers would see secrets in the clear: use [`super::to_json`] for output.
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::String(text) => serializer.serialize_str(text),
            Self::Duration(milliseconds) => Milliseconds(*milliseconds).serialize(serializer),
            Self::List(items) => serializer.collect_seq(items.iter()),
            Self::Set(items) => serializer.serialize_newtype_struct(SET_MARK, items.as_slice()),
            Self::Map(map) => serializer.collect_map(map.iter()),
            Self::Secret(inner) => serializer.serialize_newtype_struct(SECRET_MARK, inner.as_ref()),
            Self::Unknown(_) | Self::Object(_) => Err(ser::Error::custom("the value is not known yet")),
        }
    }
}

struct Encoder;

macro_rules! whole_numbers {
    ($($name:ident: $ty:ty),*) => {
        $(fn $name(self, number: $ty) -> Result<Value, EncodeError> {
            i64::try_from(number).map(Value::Int).map_err(|_| EncodeError(format!("{number} does not fit 64 bits")))
        })*
    };
}

impl ser::Serializer for Encoder {
    type Ok = Value;
    type Error = EncodeError;
    type SerializeSeq = Sequence;
    type SerializeTuple = Sequence;
    type SerializeTupleStruct = Sequence;
    type SerializeTupleVariant = Variant<Sequence>;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Variant<Entries>;

    whole_numbers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8,
        serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_bool(self, truth: bool) -> Result<Value, EncodeError> {
        Ok(Value::Bool(truth))
    }

    fn serialize_f32(self, number: f32) -> Result<Value, EncodeError> {
        Ok(Value::Float(f64::from(number)))
    }

    fn serialize_f64(self, number: f64) -> Result<Value, EncodeError> {
        Ok(Value::Float(number))
    }

    fn serialize_char(self, character: char) -> Result<Value, EncodeError> {
        Ok(Value::String(character.into()))
    }

    fn serialize_str(self, text: &str) -> Result<Value, EncodeError> {
        Ok(Value::string(text))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Value, EncodeError> {
        Err(EncodeError("bytes; encode them as base64 text".into()))
    }

    fn serialize_none(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, EncodeError> {
        Ok(Value::string(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, EncodeError> {
        let inner = value.serialize(Self)?;
        Ok(match (name, inner) {
            (SECRET_MARK, inner) => inner.secret(),
            (SET_MARK, Value::List(items)) => Value::set(items),
            (DURATION_MARK, Value::Int(milliseconds)) => Value::Duration(milliseconds),
            (_, inner) => inner,
        })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, EncodeError> {
        Ok(Value::map([(variant, value.serialize(self)?)]))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence, EncodeError> {
        Ok(Sequence(Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Sequence, EncodeError> {
        Ok(Sequence(Vec::new()))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Sequence, EncodeError> {
        Ok(Sequence(Vec::new()))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<Sequence>, EncodeError> {
        Ok(Variant(variant, Sequence(Vec::new())))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, EncodeError> {
        Ok(Entries::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries, EncodeError> {
        Ok(Entries::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<Entries>, EncodeError> {
        Ok(Variant(variant, Entries::default()))
    }
}

struct Sequence(Vec<Value>);

impl Sequence {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.0.push(value.serialize(Encoder)?);
        Ok(())
    }

    fn finish(self) -> Value {
        Value::list(self.0)
    }
}

impl ser::SerializeSeq for Sequence {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.add(value)
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTuple for Sequence {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.add(value)
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleStruct for Sequence {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.add(value)
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(self.finish())
    }
}

#[derive(Default)]
struct Entries {
    entries: Vec<(EcoString, Value)>,
    key: EcoString,
}

impl Entries {
    fn add<T: Serialize + ?Sized>(&mut self, key: EcoString, value: &T) -> Result<(), EncodeError> {
        self.entries.push((key, value.serialize(Encoder)?));
        Ok(())
    }

    fn finish(self) -> Value {
        Value::Map(self.entries.into_iter().collect::<Map>())
    }
}

impl ser::SerializeMap for Entries {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.key = match key.serialize(Encoder)? {
            Value::String(text) => text,
            Value::Int(number) => number.to_string().into(),
            Value::Bool(truth) => truth.to_string().into(),
            other => return Err(EncodeError(format!("a map key that is no text: {other:?}"))),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let key = std::mem::take(&mut self.key);
        self.add(key, value)
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeStruct for Entries {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), EncodeError> {
        self.add(key.into(), value)
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(self.finish())
    }
}

struct Variant<T>(&'static str, T);

impl ser::SerializeTupleVariant for Variant<Sequence> {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.1.add(value)
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(Value::map([(self.0, self.1.finish())]))
    }
}

impl ser::SerializeStructVariant for Variant<Entries> {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), EncodeError> {
        self.1.add(key.into(), value)
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(Value::map([(self.0, self.1.finish())]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Rule {
        port: u16,
        kind: Kind,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        password: Redacted<String>,
        zones: SetOf<String>,
        tags: BTreeMap<String, String>,
        wait: Milliseconds,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Open,
        Closed { since: i64 },
    }

    #[test]
    fn structures_come_back() {
        for kind in [Kind::Open, Kind::Closed { since: 3 }] {
            let rule = Rule {
                port: 80,
                kind,
                note: None,
                password: Redacted("hunter2".into()),
                zones: SetOf(vec!["1".into()]),
                tags: BTreeMap::from([("a".into(), "b".into())]),
                wait: Milliseconds(90),
            };
            let buffer = ValueBuf::encode(&rule).expect("encodes");
            assert!(matches!(buffer.to_value().as_map().and_then(|map| map.get("password")), Some(Value::Secret(_))));
            assert!(!format!("{rule:?} {buffer:?}").contains("hunter2"));
            assert_eq!(buffer.view().decode::<Rule>(), Ok(rule));
        }
    }

    #[test]
    fn an_error_names_the_path() {
        let buffer =
            ValueBuf::from(&Value::map([("rules", Value::list([Value::map([("port", Value::string("x"))])]))]));
        #[derive(Debug, PartialEq, Deserialize)]
        struct Outer {
            #[serde(rename = "rules")]
            _rules: Vec<Inner>,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        struct Inner {
            #[serde(rename = "port")]
            _port: u16,
        }
        let error = buffer.view().decode::<Outer>().expect_err("is refused");
        assert_eq!(error.path.to_string(), "rules[0].port");
    }
}
