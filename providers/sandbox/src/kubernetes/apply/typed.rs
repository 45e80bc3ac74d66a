//! Values under a schema: which fields they have, how two differ, how one is merged into another, and how fields are
//! taken out. Objects are compared field by field, lists by the keys or values of their items, unless they are atomic.

use super::super::schema::{ListType, Schema, Type};
use super::fields::{Fields, Step};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// How two values differ.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Only in the new one.
    pub(crate) added: Fields,
    /// In both, and not the same.
    pub(crate) modified: Fields,
    /// Only in the old one.
    pub(crate) removed: Fields,
}

/// A list item could not be told from the others.
#[derive(Debug)]
pub(crate) struct NoKey(pub(crate) String);

/// The parts of a value that are owned one by one.
enum Parts<'a> {
    Whole,
    Object(&'a Map<String, Json>),
    List(Vec<(Step, &'a Json)>),
}

fn parts<'a>(schema: Schema<'_>, value: &'a Json) -> Result<Parts<'a>, NoKey> {
    match value {
        Json::Object(_) if schema.is_atomic_map() => Ok(Parts::Whole),
        Json::Object(map) => Ok(Parts::Object(map)),
        Json::Array(list) => match schema.list_type() {
            ListType::Atomic => Ok(Parts::Whole),
            kind => Ok(Parts::List(steps(schema, &kind, list)?)),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(Parts::Whole),
    }
}

fn steps<'a>(schema: Schema<'_>, kind: &ListType<'_>, list: &'a [Json]) -> Result<Vec<(Step, &'a Json)>, NoKey> {
    let items = schema.items();
    list.iter().map(|item| Ok((step(items, kind, item)?, item))).collect()
}

fn step(items: Schema<'_>, kind: &ListType<'_>, item: &Json) -> Result<Step, NoKey> {
    let ListType::Map(keys) = kind else { return Ok(Step::Value(item.to_string())) };
    let tcp = Json::from("TCP");
    let mut found = BTreeMap::new();
    for &key in keys {
        let default = items.named_field(key).and_then(Schema::default);
        let value = item.get(key).filter(|one| !one.is_null()).or(default);
        match value {
            Some(value) => drop(found.insert(key, value)),
            // The one key of built-in lists that may be left out.
            None if key == "protocol" => drop(found.insert(key, &tcp)),
            None => {}
        }
    }
    if found.is_empty() {
        return Err(NoKey(format!(
            "associative list with keys has an element that omits key field {:?}",
            keys.join(",")
        )));
    }
    Ok(Step::key(found))
}

/// Looks that no two items of a list have the same key, and no two of a set the same value.
///
/// # Errors
/// Where they have; the text names list and key.
pub(crate) fn check_keys(schema: Schema<'_>, value: &Json) -> Result<(), NoKey> {
    check_keys_at(schema, value, &mut Vec::new())
}

fn check_keys_at(schema: Schema<'_>, value: &Json, path: &mut Vec<String>) -> Result<(), NoKey> {
    let mut inner = Vec::new();
    match parts(schema, value)? {
        Parts::Whole => {}
        Parts::Object(map) => {
            inner.extend(map.iter().map(|(name, value)| (format!(".{name}"), field(schema, name), value)));
        }
        Parts::List(items) => {
            let mut seen = BTreeSet::new();
            for (step, item) in items {
                let shown = step.shown();
                if !seen.insert(step) {
                    let place = path.concat();
                    return Err(NoKey(format!("{place}: duplicate entries for key {shown}")));
                }
                inner.push((shown, schema.items(), item));
            }
        }
    }
    inner.into_iter().try_for_each(|(step, schema, value)| {
        path.push(step);
        check_keys_at(schema, value, path)?;
        path.pop();
        Ok(())
    })
}

fn field<'a>(schema: Schema<'a>, name: &str) -> Schema<'a> {
    schema.field(name).unwrap_or_else(Schema::any)
}

/// The fields that a value has.
///
/// # Errors
/// When a list item lacks its key.
pub(crate) fn fields_of(schema: Schema<'_>, value: &Json) -> Result<Fields, NoKey> {
    let mut fields = Fields::default();
    collect(schema, value, &mut fields)?;
    Ok(fields)
}

fn collect(schema: Schema<'_>, value: &Json, fields: &mut Fields) -> Result<(), NoKey> {
    match parts(schema, value)? {
        Parts::Whole => fields.insert_root(),
        Parts::Object(map) => {
            for (name, value) in map {
                let below = fields.below_mut(Step::Field(name.clone()));
                collect(field(schema, name), value, below)?;
                let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                if empty || schema.named_field(name).is_none() {
                    below.insert_root();
                }
            }
        }
        Parts::List(items) => {
            for (step, item) in items {
                let below = fields.below_mut(step);
                collect(schema.items(), item, below)?;
                below.insert_root();
            }
        }
    }
    prune_empty(fields);
    Ok(())
}

fn prune_empty(fields: &mut Fields) {
    // An empty list of items leaves a node with nothing in it.
    *fields = fields.difference(&Fields::default());
}

/// How the new value differs from the old one.
pub(crate) fn compare(schema: Schema<'_>, old: &Json, new: &Json) -> Difference {
    let mut difference = Difference::default();
    compare_at(schema, Some(old), Some(new), &mut difference);
    difference.added = difference.added.difference(&Fields::default());
    difference.modified = difference.modified.difference(&Fields::default());
    difference.removed = difference.removed.difference(&Fields::default());
    difference
}

impl Difference {
    fn below(&mut self, step: &Step, compare: impl FnOnce(&mut Self)) {
        let mut part = Self::default();
        compare(&mut part);
        for (mine, theirs) in
            [(&mut self.added, part.added), (&mut self.modified, part.modified), (&mut self.removed, part.removed)]
        {
            if !theirs.is_empty() {
                *mine.below_mut(step.clone()) = theirs;
            }
        }
    }
}

fn compare_at(schema: Schema<'_>, old: Option<&Json>, new: Option<&Json>, difference: &mut Difference) {
    match (old, new) {
        (None, Some(_)) => difference.added.insert_root(),
        (Some(_), None) => difference.removed.insert_root(),
        _ => {}
    }
    if old == new {
        return;
    }
    let whole =
        |value: Option<&Json>| value.is_some_and(|value| matches!(parts(schema, value), Ok(Parts::Whole) | Err(_)));
    if whole(old) || whole(new) {
        if old.is_some() && new.is_some() {
            difference.modified.insert_root();
        }
        return;
    }
    for (step, schema, old, new) in paired(schema, old, new) {
        difference.below(&step, |part| compare_at(schema, old, new, part));
    }
}

type Pair<'s, 'v> = (Step, Schema<'s>, Option<&'v Json>, Option<&'v Json>);

fn paired<'s, 'v>(schema: Schema<'s>, old: Option<&'v Json>, new: Option<&'v Json>) -> Vec<Pair<'s, 'v>> {
    let (old, new) = (by_step(schema, old), by_step(schema, new));
    let all: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    let pair = |step: Step| {
        let schema = match &step {
            Step::Field(name) => field(schema, name),
            Step::Key(_) | Step::Value(_) | Step::Index(_) => schema.items(),
        };
        let (old, new) = (old.get(&step).copied(), new.get(&step).copied());
        (step, schema, old, new)
    };
    all.into_iter().map(pair).collect()
}

fn by_step<'v>(schema: Schema<'_>, value: Option<&'v Json>) -> BTreeMap<Step, &'v Json> {
    match value.map(|value| parts(schema, value)) {
        Some(Ok(Parts::Object(map))) => map.iter().map(|(name, value)| (Step::Field(name.clone()), value)).collect(),
        // Of items with the same key the first counts.
        Some(Ok(Parts::List(items))) => items.into_iter().rev().collect(),
        _ => BTreeMap::new(),
    }
}

/// The live value with the configuration merged into it.
pub(crate) fn merge(schema: Schema<'_>, live: &Json, config: &Json) -> Json {
    match (parts(schema, live), parts(schema, config)) {
        (Ok(Parts::Object(live)), Ok(Parts::Object(config))) => merge_objects(schema, live, config),
        (Ok(Parts::List(live)), Ok(Parts::List(config))) => merge_lists(schema, &live, &config),
        _ => config.clone(),
    }
}

fn merge_objects(schema: Schema<'_>, live: &Map<String, Json>, config: &Map<String, Json>) -> Json {
    let mut merged = live.clone();
    for (name, value) in config {
        let value = match live.get(name) {
            Some(live) => merge(field(schema, name), live, value),
            None => value.clone(),
        };
        merged.insert(name.clone(), value);
    }
    Json::Object(merged)
}

/// The configuration's order holds among its items; items that only the live list has keep their place before the next
/// shared one.
fn merge_lists(schema: Schema<'_>, live: &[(Step, &Json)], config: &[(Step, &Json)]) -> Json {
    let items = schema.items();
    let wanted: BTreeSet<_> = config.iter().map(|(step, _)| step).collect();
    let known: BTreeMap<_, _> = live.iter().rev().map(|(step, item)| (step, *item)).collect();
    let mut shared = config.iter().map(|(step, _)| step).filter(|step| known.contains_key(step)).peekable();
    let mut live = live.iter().peekable();
    let mut merged = Vec::new();
    for (step, item) in config {
        // A shared item of the live list stops here until it is its turn; one whose turn it is not is passed over.
        while let Some((other, own)) = live.next_if(|(other, _)| shared.peek().is_none_or(|next| *next != other)) {
            if !wanted.contains(other) {
                merged.push((*own).clone());
            }
        }
        if shared.next_if_eq(&step).is_some() {
            live.next_if(|(other, _)| other == step);
        }
        merged.push(known.get(step).map_or_else(|| (*item).clone(), |own| merge(items, own, item)));
    }
    merged.extend(live.filter(|(step, _)| !wanted.contains(step)).map(|(_, own)| (*own).clone()));
    Json::Array(merged)
}

/// The value without these fields; none if nothing is left of it.
pub(crate) fn without(schema: Schema<'_>, value: &Json, fields: &Fields) -> Option<Json> {
    let keep = |step: &Step, schema: Schema<'_>, value: &Json| match fields.below(step) {
        Some(below) if below.has_root() => None,
        Some(below) => without(schema, value, below),
        None => Some(value.clone()),
    };
    match parts(schema, value) {
        Ok(Parts::Object(map)) if !map.is_empty() => {
            let kept = map.iter().filter_map(|(name, value)| {
                Some((name.clone(), keep(&Step::Field(name.clone()), field(schema, name), value)?))
            });
            let kept: Map<_, _> = kept.collect();
            (!kept.is_empty()).then_some(Json::Object(kept))
        }
        Ok(Parts::List(items)) if !items.is_empty() => {
            let kept: Vec<_> = items.iter().filter_map(|(step, item)| keep(step, schema.items(), item)).collect();
            (!kept.is_empty()).then_some(Json::Array(kept))
        }
        _ => Some(value.clone()),
    }
}

/// The set, with those objects in it that are named fields and have something below them: an object whose last field goes
/// goes itself.
pub(crate) fn with_named_parents(schema: Schema<'_>, fields: &Fields) -> Fields {
    let mut all = fields.clone();
    for (step, child) in fields.steps() {
        let below_schema = match step {
            Step::Field(name) => field(schema, name),
            Step::Key(_) | Step::Value(_) | Step::Index(_) => schema.items(),
        };
        let mut below = with_named_parents(below_schema, child);
        let named = match step {
            Step::Field(name) => schema.kind() == Type::Object && schema.named_field(name).is_some(),
            Step::Key(_) | Step::Value(_) | Step::Index(_) => false,
        };
        if named {
            below.insert_root();
        }
        *all.below_mut(step.clone()) = below;
    }
    all
}
