//! Values, in two forms: [`Value`], a tree that is cheap to share and to build, used while evaluating; and
//! [`ValueBuf`], canonical bytes, used for everything that is kept, compared, hashed, sent or planned. Equal values
//! have equal bytes.

mod arena;
mod buffer;
mod decode;
mod encode;
mod json;
mod map;
mod residual_code;
mod seal;
mod view;

pub use arena::{ValueArena, ValueId};
pub use buffer::{Malformed, ValueBuf};
pub use decode::DecodeError;
pub use encode::{EncodeError, Milliseconds, Redacted, SetOf};
pub use json::{MASK, Masking, from_json, to_json};
pub use map::Map;
pub use view::{Entries, Items, ValueRef, View};

use crate::{Address, AttributePath, Residual, TypeName};
use ecow::{EcoString, EcoVec};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A value of the language. Cheap to clone; `Debug` never shows a secret.
///
/// Absent and null are different: an attribute that was not written is not in the [`Map`], one that was set to null
/// is there as [`Value::Null`].
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text; also a `cidr`, `ip` or `url`, once checked.
    String(EcoString),
    /// A duration in milliseconds.
    Duration(i64),
    /// A list.
    List(EcoVec<Value>),
    /// A set: each item once, in the order of their values. Make it with [`Value::set`].
    Set(EcoVec<Value>),
    /// A map or a record.
    Map(Map),
    /// A value that must never be shown.
    Secret(Arc<Value>),
    /// A value that is not known yet, with what is left to do.
    Unknown(Arc<Residual>),
    /// A reference to an object of the graph, while evaluating; becomes its identity where a [`Reference`] is
    /// expected, and all its attributes elsewhere.
    ///
    /// [`Reference`]: crate::Type::Reference
    Object(Arc<ObjectReference>),
}

/// A reference to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectReference {
    /// Which object.
    pub address: Address,
    /// Of which type.
    pub type_name: TypeName,
}

impl Value {
    /// A text.
    #[must_use]
    pub fn string(text: impl Into<EcoString>) -> Self {
        Self::String(text.into())
    }

    /// A list.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A set: sorts, and drops repetitions. Numbers and durations are in the order of their size, texts of their code
    /// points, anything else of its canonical bytes. Items that hold unknowns are kept as they are.
    #[must_use]
    pub fn set(items: impl IntoIterator<Item = Self>) -> Self {
        let mut keyed: Vec<(ValueBuf, Self)> = items.into_iter().map(|item| (ValueBuf::from(&item), item)).collect();
        keyed.sort_by(|left, right| natural_order(&left.1, &right.1).then_with(|| left.0.cmp(&right.0)));
        keyed.dedup_by(|left, right| left.0 == right.0);
        Self::Set(keyed.into_iter().map(|(_, item)| item).collect())
    }

    /// A map or record.
    #[must_use]
    pub fn map<K: Into<EcoString>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// The value, marked secret; nothing changes where it already is.
    #[must_use]
    pub fn secret(self) -> Self {
        match self {
            Self::Secret(_) => self,
            other => Self::Secret(Arc::new(other)),
        }
    }

    /// An unknown attribute of an object.
    #[must_use]
    pub fn attribute(object: Address, path: AttributePath) -> Self {
        Self::Unknown(Arc::new(Residual::Attribute { object, path }))
    }

    /// The value behind a secret mark, or itself.
    #[must_use]
    pub fn exposed(&self) -> &Self {
        match self {
            Self::Secret(inner) => inner.exposed(),
            other => other,
        }
    }

    /// The text, also of a secret one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self.exposed() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The entries, also of a secret map.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self.exposed() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items of a list or set, also of a secret one.
    #[must_use]
    pub fn as_items(&self) -> Option<&[Self]> {
        match self.exposed() {
            Self::List(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is the plain `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether no unknown and no object reference is in it, at any depth.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::String(_) | Self::Duration(_) => true,
            Self::List(items) | Self::Set(items) => items.iter().all(Self::is_known),
            Self::Map(map) => map.values().all(Self::is_known),
            Self::Secret(inner) => inner.is_known(),
            Self::Unknown(_) | Self::Object(_) => false,
        }
    }

    /// Whether a secret is in it, at any depth.
    #[must_use]
    pub fn holds_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::List(items) | Self::Set(items) => items.iter().any(Self::holds_secret),
            Self::Map(map) => map.values().any(Self::holds_secret),
            Self::Unknown(residual) => match residual.as_ref() {
                Residual::Apply { arguments, .. } => arguments.iter().any(Self::holds_secret),
                Residual::For(inner) => inner.source.holds_secret() || inner.body.holds_secret(),
                Residual::Input(crate::InputSource::Secret(_)) => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// Calls `visit` with each attribute that an unknown in it waits for, and with each object that it refers to.
    pub fn each_attribute(&self, visit: &mut dyn FnMut(&Address, &AttributePath)) {
        match self {
            Self::List(items) | Self::Set(items) => items.iter().for_each(|item| item.each_attribute(visit)),
            Self::Map(map) => map.values().for_each(|value| value.each_attribute(visit)),
            Self::Secret(inner) => inner.each_attribute(visit),
            Self::Unknown(residual) => residual.each_attribute(visit),
            Self::Object(reference) => visit(&reference.address, &AttributePath::root()),
            _ => {}
        }
    }

    /// Calls `visit` with each input (`env_var`, `secret_from`) that an unknown in it asks for.
    pub fn each_input(&self, visit: &mut dyn FnMut(&crate::InputSource)) {
        match self {
            Self::List(items) | Self::Set(items) => items.iter().for_each(|item| item.each_input(visit)),
            Self::Map(map) => map.values().for_each(|value| value.each_input(visit)),
            Self::Secret(inner) => inner.each_input(visit),
            Self::Unknown(residual) => residual.each_input(visit),
            _ => {}
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(truth) => write!(formatter, "{truth}"),
            Self::Int(number) => write!(formatter, "{number}"),
            Self::Float(number) => write!(formatter, "{number:?}"),
            Self::String(text) => write!(formatter, "{text:?}"),
            Self::Duration(milliseconds) => write!(formatter, "{milliseconds}ms"),
            Self::List(items) => formatter.debug_list().entries(items.iter()).finish(),
            Self::Set(items) => formatter.debug_set().entries(items.iter()).finish(),
            Self::Map(map) => formatter.debug_map().entries(map.iter()).finish(),
            Self::Secret(_) => formatter.write_str(MASK),
            Self::Unknown(residual) => write_unknown(formatter, residual),
            Self::Object(reference) => write!(formatter, "<{}>", reference.address),
        }
    }
}

/// The order of values of one kind that people expect: canonical bytes begin with the kind, then have lengths before
/// texts and low bytes before high ones. Values of different kinds are left to those.
fn natural_order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(one), Value::Int(two)) | (Value::Duration(one), Value::Duration(two)) => one.cmp(two),
        (Value::Float(one), Value::Float(two)) => one.total_cmp(two),
        (Value::String(one), Value::String(two)) => one.cmp(two),
        _ => Ordering::Equal,
    }
}

fn write_unknown(formatter: &mut fmt::Formatter<'_>, residual: &Residual) -> fmt::Result {
    formatter.write_str("<unknown")?;
    let mut result = Ok(());
    residual.each_attribute(&mut |object, path| {
        if result.is_ok() {
            result = write!(formatter, " {object}:{path}");
        }
    });
    result?;
    formatter.write_str(">")
}
