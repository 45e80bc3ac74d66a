//! How a layer changes what earlier layers said.

use super::problem::Problem;
use crate::tree::OverlayAction;
use ecow::EcoVec;
use formwork_model::{AttributePath, Map, RecordType, Step, Type, Value};

/// The part of a value that a step leads to.
pub(crate) fn child<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match (value.exposed(), step) {
        (Value::Map(map), Step::Member(name) | Step::Key(name)) => map.get(name),
        (Value::List(items), Step::Index(index)) => items.get(*index as usize),
        _ => None,
    }
}

/// Tells what a field of a record is that no layer sets: its default, where it has one.
pub(super) type FieldDefaults<'d> = &'d mut dyn FnMut(&RecordType, &str) -> Option<Value>;

/// A line of a layer, to be applied to what earlier layers say of its param.
pub(super) struct Line<'l> {
    pub(super) action: OverlayAction,
    pub(super) path: &'l AttributePath,
    pub(super) value: Option<Value>,
}

/// Applies a line to `base` (none: nobody said anything yet) of type `ty`; gives the new value, none where nothing is
/// left.
pub(super) fn amend(
    base: Option<Value>,
    ty: Option<&Type>,
    line: Line<'_>,
    defaults: FieldDefaults<'_>,
) -> Result<Option<Value>, Problem> {
    let Line { action, path, value } = line;
    Merge { action, path, defaults }.descend(base, ty, 0, value)
}

struct Merge<'m, 'd> {
    action: OverlayAction,
    path: &'m AttributePath,
    defaults: FieldDefaults<'d>,
}

impl Merge<'_, '_> {
    fn descend(
        &mut self,
        base: Option<Value>,
        ty: Option<&Type>,
        at: usize,
        value: Option<Value>,
    ) -> Result<Option<Value>, Problem> {
        let Some(step) = self.path.steps().get(at) else { return self.finish(base, ty, value) };
        match step {
            Step::Member(name) | Step::Key(name) => {
                let mut map = map_of(base, self.path, at)?;
                let is_removed = self.action == OverlayAction::Remove && at + 1 == self.path.steps().len();
                let old = if is_removed { map.get(name).cloned() } else { self.entry(&map, ty, name) };
                match self.descend(old, below(ty, name), at + 1, value)? {
                    Some(below) => map.insert(name.clone(), below),
                    None => map.remove(name),
                };
                Ok(Some(Value::Map(map)))
            }
            Step::Index(index) => {
                let Some(Value::List(mut items)) = base else {
                    return Err(Problem::NotBelow { path: above(self.path, at) });
                };
                let old = items.get(*index as usize).cloned();
                if old.is_none() {
                    return Err(Problem::NoItem { path: above(self.path, at), index: *index, length: items.len() });
                }
                match self.descend(old, None, at + 1, value)? {
                    Some(below) => {
                        if let Some(slot) = items.make_mut().get_mut(*index as usize) {
                            *slot = below;
                        }
                    }
                    None => drop(items.remove(*index as usize)),
                }
                Ok(Some(Value::List(items)))
            }
            Step::Each => Err(Problem::NotBelow { path: above(self.path, at) }),
        }
    }

    /// What earlier layers say of an entry; where they say nothing, the default of the field.
    fn entry(&mut self, map: &Map, ty: Option<&Type>, name: &str) -> Option<Value> {
        map.get(name).cloned().or_else(|| (self.defaults)(record(ty?)?, name))
    }

    fn finish(
        &mut self,
        base: Option<Value>,
        ty: Option<&Type>,
        value: Option<Value>,
    ) -> Result<Option<Value>, Problem> {
        match (self.action, value) {
            (OverlayAction::Remove, _) => {
                if base.is_none() {
                    return Err(Problem::NothingToRemove);
                }
                Ok(None)
            }
            (OverlayAction::Set, Some(value)) => Ok(Some(self.merged(base, ty, value))),
            (OverlayAction::Append, Some(value)) => appended(base, self.path, &value).map(Some),
            (_, value) => Ok(value),
        }
    }

    /// Records and maps merge by key, deeply; anything else is set.
    fn merged(&mut self, base: Option<Value>, ty: Option<&Type>, value: Value) -> Value {
        let secret = matches!(value, Value::Secret(_)) || matches!(base, Some(Value::Secret(_)));
        let Value::Map(over) = value.exposed() else { return value };
        let mut map = match base.as_ref().map(Value::exposed) {
            Some(Value::Map(map)) => map.clone(),
            None | Some(Value::Null) => Map::new(),
            Some(_) => return value,
        };
        for (key, value) in over.clone() {
            let old = self.entry(&map, ty, &key);
            let merged = self.merged(old, below(ty, &key), value);
            map.insert(key, merged);
        }
        crate::residual::marked(Value::Map(map), secret)
    }
}

/// The record that a type is, if any.
pub(crate) fn record(ty: &Type) -> Option<&RecordType> {
    match ty {
        Type::Optional(inner) | Type::Secret(inner) => record(inner),
        Type::Record(record) => Some(record),
        _ => None,
    }
}

/// The type of what lies under a name.
pub(crate) fn below<'t>(ty: Option<&'t Type>, name: &str) -> Option<&'t Type> {
    match ty? {
        Type::Optional(inner) | Type::Secret(inner) => below(Some(inner), name),
        Type::Record(record) => record.field(name).map(|field| &field.ty),
        Type::Map(entry) => Some(entry),
        _ => None,
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
