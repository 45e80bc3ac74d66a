//! Members and items of values.

use super::Host;
use super::fault::{Fault, FaultKind, nearest};
use super::operate::{Outcome, expected, marked};
use formwork_model::{Map, Operation, Residual, Value};

/// What a missing member or key gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// `.a`, `[k]`: the base is not null, and has it.
    Fails,
    /// `?.a`, `?[k]`: null of null, and where there is none.
    Null,
    /// `[k]` behind a `?.`: null of null, but the key is there.
    NullOfNull,
}

/// `.name`, `?.name`
pub(crate) fn member(host: &mut dyn Host, base: &Value, name: &str, missing: Missing) -> Outcome {
    let secret = matches!(base, Value::Secret(_));
    let found = match base.exposed() {
        Value::Unknown(residual) => merged_member(residual, name),
        Value::Map(map) => Some(map_member(map, name, missing)?),
        Value::Object(reference) => Some(host.member(reference, name)),
        Value::Null if missing != Missing::Fails => Some(Value::Null),
        Value::Null => return Err(FaultKind::Null { wanted: format!("a value with `{name}`") }.into()),
        other => return Err(expected(&format!("a value with `{name}`"), other)),
    };
    Ok(found.map(|value| marked(value, secret)))
}

/// The member of a record, or its default where the record has none.
pub(crate) fn field(host: &mut dyn Host, base: &Value, name: &str, default: &Value) -> Outcome {
    match base.exposed() {
        Value::Map(map) if !map.contains(name) => Ok(Some(default.clone())),
        _ => member(host, base, name, Missing::Fails),
    }
}

/// A member of `{ ...unknown, name = value }` is known although the whole is not.
fn merged_member(residual: &Residual, name: &str) -> Option<Value> {
    let Residual::Apply { operation: Operation::Merge, arguments, .. } = residual else { return None };
    arguments
        .iter()
        .rev()
        .map_while(|argument| match argument {
            Value::Map(map) => Some(map.get(name)),
            _ => None,
        })
        .find_map(|found| found.cloned())
}

fn map_member(map: &Map, name: &str, missing: Missing) -> Result<Value, Fault> {
    if let Some(value) = map.get(name) {
        return Ok(value.clone());
    }
    if missing == Missing::Null {
        return Ok(Value::Null);
    }
    let nearest = nearest(name, map.keys().map(|key| key.as_str()));
    Err(FaultKind::NoSuchMember { name: name.into(), nearest, known: map.keys().map(ToString::to_string).collect() }
        .into())
}

/// `[key]`, `?[key]`
pub(crate) fn index(host: &mut dyn Host, base: &Value, index: &Value, missing: Missing) -> Outcome {
    let secret = matches!(base, Value::Secret(_)) || matches!(index, Value::Secret(_));
    let value = match (base.exposed(), index.exposed()) {
        (Value::Unknown(_), _) => return Ok(None),
        (Value::Null, _) if missing != Missing::Fails => Value::Null,
        (Value::Null, _) => return Err(FaultKind::Null { wanted: "a list or map".into() }.into()),
        (_, Value::Unknown(_)) => return Ok(None),
        (Value::Map(map), Value::String(key)) => match map.get(key) {
            Some(value) => value.clone(),
            None if missing == Missing::Null => Value::Null,
            None => return Err(no_such_key(map, key, secret)),
        },
        (Value::List(items), Value::Int(position)) => {
            match usize::try_from(*position).ok().and_then(|position| items.get(position)) {
                Some(value) => value.clone(),
                None if missing == Missing::Null => Value::Null,
                None => {
                    return Err(FaultKind::NoSuchIndex { index: *position, length: items.len() }.into());
                }
            }
        }
        (Value::Object(reference), Value::String(name)) => host.member(reference, name),
        (Value::Map(_), other) => return Err(expected("a string as key", other)),
        (Value::List(_), other) => return Err(expected("an int as index", other)),
        (other, _) => return Err(expected("a list or map", other)),
    };
    Ok(Some(marked(value, secret)))
}

fn no_such_key(map: &Map, key: &str, secret: bool) -> Fault {
    if secret {
        return FaultKind::NoSuchKey { key: formwork_model::value::MASK.into(), nearest: None, known: Vec::new() }
            .into();
    }
    let nearest = nearest(key, map.keys().map(|key| key.as_str()));
    FaultKind::NoSuchKey { key: key.into(), nearest, known: map.keys().map(ToString::to_string).collect() }.into()
}
