//! How a layer changes what earlier layers said.

use super::problem::Problem;
use crate::tree::OverlayAction;
use ecow::EcoVec;
use formwork_model::{AttributePath, Map, Step, Value};

/// The part of a value that a step leads to.
pub(crate) fn child<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match (value.exposed(), step) {
        (Value::Map(map), Step::Member(name) | Step::Key(name)) => map.get(name),
        (Value::List(items), Step::Index(index)) => items.get(*index as usize),
        _ => None,
    }
}

/// Applies a line to `base` (none: nobody said anything yet); gives the new value, none where nothing is left.
pub(super) fn amend(
    base: Option<Value>,
    action: OverlayAction,
    path: &AttributePath,
    value: Option<Value>,
) -> Result<Option<Value>, Problem> {
    descend(base, path, 0, action, value)
}

fn descend(
    base: Option<Value>,
    path: &AttributePath,
    at: usize,
    action: OverlayAction,
    value: Option<Value>,
) -> Result<Option<Value>, Problem> {
    let Some(step) = path.steps().get(at) else { return finish(base, path, action, value) };
    match step {
        Step::Member(name) | Step::Key(name) => {
            let mut map = map_of(base, path, at)?;
            let below = descend(map.get(name).cloned(), path, at + 1, action, value)?;
            match below {
                Some(below) => map.insert(name.clone(), below),
                None => map.remove(name),
            };
            Ok(Some(Value::Map(map)))
        }
        Step::Index(index) => {
            let Some(Value::List(mut items)) = base else { return Err(Problem::NotBelow { path: above(path, at) }) };
            let old = items.get(*index as usize).cloned();
            if old.is_none() {
                return Err(Problem::NoItem { path: above(path, at), index: *index, length: items.len() });
            }
            match descend(old, path, at + 1, action, value)? {
                Some(below) => {
                    if let Some(slot) = items.make_mut().get_mut(*index as usize) {
                        *slot = below;
                    }
                }
                None => drop(items.remove(*index as usize)),
            }
            Ok(Some(Value::List(items)))
        }
        Step::Each => Err(Problem::NotBelow { path: above(path, at) }),
    }
}

fn above(path: &AttributePath, at: usize) -> AttributePath {
    path.steps().iter().take(at).cloned().collect()
}

/// What a path leads through: a map; a new one where there is nothing yet.
fn map_of(base: Option<Value>, path: &AttributePath, at: usize) -> Result<Map, Problem> {
    match base {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Map(map)) => Ok(map),
        Some(Value::Secret(inner)) => map_of(Some(inner.as_ref().clone()), path, at),
        Some(_) => Err(Problem::NotBelow { path: above(path, at) }),
    }
}

fn finish(
    base: Option<Value>,
    path: &AttributePath,
    action: OverlayAction,
    value: Option<Value>,
) -> Result<Option<Value>, Problem> {
    match (action, value) {
        (OverlayAction::Remove, _) => {
            if base.is_none() {
                return Err(Problem::NothingToRemove);
            }
            Ok(None)
        }
        (OverlayAction::Set, Some(value)) => Ok(Some(merged(base, value))),
        (OverlayAction::Append, Some(value)) => appended(base, path, &value).map(Some),
        (_, value) => Ok(value),
    }
}

/// Records and maps merge by key, deeply; anything else is set.
fn merged(base: Option<Value>, value: Value) -> Value {
    let secret = matches!(value, Value::Secret(_)) || matches!(base, Some(Value::Secret(_)));
    let (Some(Value::Map(map)), Value::Map(over)) = (base.as_ref().map(Value::exposed), value.exposed()) else {
        return value;
    };
    let mut map = map.clone();
    for (key, value) in over.clone() {
        let merged = merged(map.get(&key).cloned(), value);
        map.insert(key, merged);
    }
    crate::residual::marked(Value::Map(map), secret)
}

fn appended(base: Option<Value>, path: &AttributePath, value: &Value) -> Result<Value, Problem> {
    let secret = matches!(value, Value::Secret(_)) || matches!(base, Some(Value::Secret(_)));
    let items = |value: &Value| -> Result<EcoVec<Value>, Problem> {
        match value.exposed() {
            Value::List(items) | Value::Set(items) => Ok(items.clone()),
            other => Err(Problem::NotAList { path: path.clone(), found: crate::residual::kind_name(other) }),
        }
    };
    let mut joined = match &base {
        None | Some(Value::Null) => EcoVec::new(),
        Some(base) => items(base)?,
    };
    joined.extend_from_slice(&items(value)?);
    Ok(crate::residual::marked(Value::List(joined), secret))
}
