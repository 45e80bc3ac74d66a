//! What providers check a config with beyond its schema, offline. What is not known yet is passed over.

use crate::Finding;
use formwork_model::{AttributePath, Map, Step, Value, ValueRef};

/// Gathers what is wrong with a config.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// An error at a path.
    pub fn error(&mut self, path: AttributePath, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Finding { warning: false, path, message: message.into(), help: Some(help.into()) });
    }

    /// A warning at a path.
    pub fn warning(&mut self, path: AttributePath, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Finding { warning: true, path, message: message.into(), help: Some(help.into()) });
    }
}

/// An entry that is set and known.
#[must_use]
pub fn known<'a>(value: ValueRef<'a>, name: &str) -> Option<ValueRef<'a>> {
    value.get(name).map(ValueRef::exposed).filter(|value| !value.is_null() && !value.is_unknown())
}

/// The text of an entry that is set and known.
#[must_use]
pub fn text<'a>(value: ValueRef<'a>, name: &str) -> Option<&'a str> {
    known(value, name)?.as_str()
}

/// A number that is set and known.
#[must_use]
pub fn number(value: ValueRef<'_>, name: &str) -> Option<i64> {
    known(value, name)?.decode().ok()
}

/// Whether an entry is set, known or not.
#[must_use]
pub fn is_set(value: ValueRef<'_>, name: &str) -> bool {
    value.get(name).is_some_and(|value| !value.exposed().is_null())
}

/// Whether an entry will be known only later.
#[must_use]
pub fn is_unknown(value: ValueRef<'_>, name: &str) -> bool {
    value.get(name).is_some_and(ValueRef::is_unknown)
}

/// The known items of a list attribute with their paths.
pub fn items<'a>(
    value: ValueRef<'a>,
    name: &'static str,
) -> impl Iterator<Item = (AttributePath, ValueRef<'a>)> + use<'a> {
    let items = known(value, name).map(ValueRef::items).into_iter().flatten();
    items.enumerate().filter(|(_, item)| !item.is_unknown()).map(move |(index, item)| {
        let step = Step::Index(u32::try_from(index).unwrap_or(u32::MAX));
        (AttributePath::member(name).then(step), item)
    })
}

/// The attributes of a value without nulls and unknowns, however deep: absent is what decoding expects of both.
#[must_use]
pub fn known_map(value: ValueRef<'_>) -> Map {
    match strip(value.to_value()) {
        Some(Value::Map(map)) => map,
        Some(Value::Secret(inner)) => inner.as_map().cloned().unwrap_or_default(),
        _ => Map::new(),
    }
}

fn strip(value: Value) -> Option<Value> {
    Some(match value {
        Value::Null | Value::Unknown(_) | Value::Object(_) => return None,
        Value::Map(map) => {
            Value::Map(map.into_iter().filter_map(|(key, value)| strip(value).map(|value| (key, value))).collect())
        }
        Value::List(items) => Value::List(items.into_iter().filter_map(strip).collect()),
        Value::Set(items) => Value::set(items.into_iter().filter_map(strip)),
        Value::Secret(inner) => strip(inner.as_ref().clone())?.secret(),
        other => other,
    })
}
