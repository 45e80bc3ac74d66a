//! Lists and maps put together from parts.

use super::fault::{Fault, FaultKind};
use super::operate::{MAXIMUM_ITEMS, Outcome, expected, is_unknown, marked};
use ecow::{EcoString, EcoVec};
use formwork_model::{Map, Value};

/// `[...a, ...b]`: lists, joined.
pub(crate) fn concat(lists: &[Value]) -> Outcome {
    let mut joined = EcoVec::new();
    let mut secret = false;
    let mut waits = false;
    for list in lists {
        secret |= matches!(list, Value::Secret(_));
        match list.exposed() {
            Value::Unknown(_) => waits = true,
            Value::Set(items) if has_open_size(items) => waits = true,
            Value::List(items) | Value::Set(items) => joined.extend_from_slice(items),
            other => return Err(expected("a list", other)),
        }
    }
    check_length(joined.len())?;
    Ok((!waits).then(|| marked(Value::List(joined), secret)))
}

/// `{ ...a, ...b }`: maps, later ones win.
pub(crate) fn merge(maps: &[Value]) -> Outcome {
    let mut entries: Vec<(EcoString, Value)> = Vec::new();
    let mut secret = false;
    let mut waits = false;
    for map in maps {
        secret |= matches!(map, Value::Secret(_));
        match map.exposed() {
            Value::Unknown(_) | Value::Object(_) => waits = true,
            Value::Map(map) => entries.extend(map.iter().map(|(key, value)| (key.clone(), value.clone()))),
            other => return Err(expected("a map or record", other)),
        }
    }
    check_length(entries.len())?;
    Ok((!waits).then(|| marked(Value::Map(entries.into_iter().collect()), secret)))
}

/// A map of alternating keys and values, each key once.
pub(crate) fn map_of(parts: &[Value]) -> Outcome {
    unique(parts.chunks(2).map(|pair| (pair.first(), pair.get(1))))
}

/// A map of `[key, value]` pairs, each key once.
pub(crate) fn entries(pairs: &Value) -> Outcome {
    let secret = matches!(pairs, Value::Secret(_));
    match pairs.exposed() {
        Value::Unknown(_) => Ok(None),
        Value::List(pairs) => {
            if pairs.iter().any(is_unknown) {
                return Ok(None);
            }
            let pairs = pairs.iter().map(|pair| {
                let items = pair.as_items().unwrap_or_default();
                (items.first(), items.get(1))
            });
            Ok(unique(pairs)?.map(|map| marked(map, secret)))
        }
        other => Err(expected("a list", other)),
    }
}

fn unique<'a>(pairs: impl Iterator<Item = (Option<&'a Value>, Option<&'a Value>)>) -> Outcome {
    let mut entries: Vec<(EcoString, Value)> = Vec::new();
    let mut secret = false;
    let mut waits = false;
    for (key, value) in pairs {
        let (Some(key), Some(value)) = (key, value) else { continue };
        secret |= matches!(key, Value::Secret(_));
        match key.exposed() {
            Value::String(key) => entries.push((key.clone(), value.clone())),
            Value::Unknown(_) => waits = true,
            other => return Err(expected("a string as key", other)),
        }
    }
    check_length(entries.len())?;
    // A stable sort: of two entries with one key the message is about the first pair in order of keys.
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    let repeated = entries.iter().zip(entries.iter().skip(1)).find(|((one, _), (two, _))| one == two);
    if let Some(((key, _), _)) = repeated {
        let key = if secret { formwork_model::value::MASK.to_owned() } else { key.to_string() };
        return Err(FaultKind::DuplicateKey { key }.into());
    }
    Ok((!waits).then(|| marked(Value::Map(entries.into_iter().collect::<Map>()), secret)))
}

/// What a `for` goes through: key (or index) and item; none while it waits. The flag says whether it is secret.
pub(crate) type Pairs = (Vec<(Value, Value)>, bool);

/// The pairs of a list, set or map.
pub(crate) fn pairs(source: &Value) -> Result<Option<Pairs>, Fault> {
    let secret = matches!(source, Value::Secret(_));
    let hide = |value: &Value| marked(value.clone(), secret);
    let pairs = match source.exposed() {
        Value::Unknown(_) | Value::Object(_) => return Ok(None),
        Value::Set(items) if has_open_size(items) => return Ok(None),
        Value::List(items) | Value::Set(items) => {
            let indexed = items.iter().enumerate();
            indexed.map(|(index, item)| (Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), hide(item))).collect()
        }
        Value::Map(map) => map.iter().map(|(key, value)| (hide(&Value::String(key.clone())), hide(value))).collect(),
        other => return Err(expected("a list, set or map", other)),
    };
    Ok(Some((pairs, secret)))
}

/// Items that are not known yet may turn out to be equal to others.
fn has_open_size(items: &[Value]) -> bool {
    items.len() > 1 && !items.iter().all(Value::is_known)
}

fn check_length(length: usize) -> Result<(), Fault> {
    if length > MAXIMUM_ITEMS {
        return Err(FaultKind::TooLarge { what: "a list or map has at most a million items" }.into());
    }
    Ok(())
}
