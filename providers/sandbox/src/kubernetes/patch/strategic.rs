//! Strategic merge patch: like a merge patch, but lists with a merge key are merged item by item, and directives in the
//! patch delete, replace and order.

use super::super::schema::Schema;
use serde_json::{Map, Value as Json};

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// Merges a patch into a value.
///
/// # Errors
/// When the patch holds a directive that is not one, or an item without its merge key.
pub(crate) fn strategic_merge(schema: Schema<'_>, target: &mut Json, patch: &Json) -> Result<(), String> {
    match patch {
        Json::Object(patch) => merge_object(schema, target, patch),
        patch => {
            *target = patch.clone();
            Ok(())
        }
    }
}

fn directive(patch: &Map<String, Json>) -> Option<&str> {
    patch.get(DIRECTIVE).and_then(Json::as_str)
}

fn plain(patch: &Map<String, Json>) -> Map<String, Json> {
    patch.iter().filter(|(name, _)| !name.starts_with('$')).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn merge_object(schema: Schema<'_>, target: &mut Json, patch: &Map<String, Json>) -> Result<(), String> {
    match directive(patch) {
        Some("replace") => {
            *target = Json::Object(plain(patch));
            return Ok(());
        }
        Some("delete") => {
            *target = Json::Null;
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => return Err(format!("unknown patch type: {other}")),
    }
    let target = super::object(target);
    retain(target, patch);
    for (name, value) in patch {
        if let Some(field) = name.strip_prefix(DELETE) {
            delete_values(target, field, value);
        } else if !name.starts_with('$') {
            merge_field(schema.field(name).unwrap_or_else(Schema::any), target, name, value, patch)?;
        }
    }
    order_lists_only_named(schema, target, patch);
    Ok(())
}

/// `$retainKeys`: only these stay.
fn retain(target: &mut Map<String, Json>, patch: &Map<String, Json>) {
    let Some(kept) = patch.get(RETAIN).and_then(Json::as_array) else { return };
    target.retain(|name, _| kept.iter().any(|one| one == name));
}

/// `$deleteFromPrimitiveList/finalizers`.
fn delete_values(target: &mut Map<String, Json>, field: &str, values: &Json) {
    let (Some(list), Some(values)) = (target.get_mut(field).and_then(Json::as_array_mut), values.as_array()) else {
        return;
    };
    list.retain(|one| !values.contains(one));
}

fn merge_field(
    schema: Schema<'_>,
    target: &mut Map<String, Json>,
    name: &str,
    value: &Json,
    patch: &Map<String, Json>,
) -> Result<(), String> {
    match value {
        Json::Null => drop(target.shift_remove(name)),
        Json::Array(items) if schema.has_patch_strategy("merge") => {
            let order = patch.get(&format!("{ORDER}{name}")).and_then(Json::as_array);
            let list = target.entry(name.to_owned()).or_insert_with(|| Json::Array(Vec::new()));
            merge_list(schema, list, items, order)?;
        }
        Json::Object(_) if !schema.has_patch_strategy("replace") => {
            let place = target.entry(name.to_owned()).or_insert(Json::Null);
            strategic_merge(schema, place, value)?;
            if place.is_null() {
                target.shift_remove(name);
            }
        }
        value => drop(target.insert(name.to_owned(), value.clone())),
    }
    Ok(())
}

/// `$setElementOrder/…` of lists whose items the patch does not change otherwise.
fn order_lists_only_named(schema: Schema<'_>, target: &mut Map<String, Json>, patch: &Map<String, Json>) {
    for (name, order) in patch {
        let Some(field) = name.strip_prefix(ORDER).filter(|field| !patch.contains_key(*field)) else { continue };
        let (Some(Json::Array(list)), Some(order)) = (target.get_mut(field), order.as_array()) else { continue };
        let key = schema.field(field).and_then(Schema::patch_merge_key);
        sort(list, key, order);
    }
}

fn merge_list(schema: Schema<'_>, target: &mut Json, patch: &[Json], order: Option<&Vec<Json>>) -> Result<(), String> {
    if !target.is_array() {
        *target = Json::Array(Vec::new());
    }
    let Json::Array(list) = target else { return Ok(()) };
    if patch.iter().any(|one| one.get(DIRECTIVE).is_some_and(|word| word == "replace")) {
        list.clear();
    }
    let key = schema.patch_merge_key();
    for item in patch {
        match key {
            Some(key) => merge_item(schema.items(), list, key, item)?,
            None if list.contains(item) => {}
            None => list.push(item.clone()),
        }
    }
    if let Some(order) = order {
        sort(list, key, order);
    }
    Ok(())
}

fn merge_item(schema: Schema<'_>, list: &mut Vec<Json>, key: &str, patch: &Json) -> Result<(), String> {
    let Some(fields) = patch.as_object() else { return Err(format!("list item is no object: {patch}")) };
    let Some(id) = fields.get(key) else {
        // The item that says "replace all".
        let lone = directive(fields) == Some("replace");
        return if lone { Ok(()) } else { Err(format!("map: {patch} does not contain declared merge key: {key}")) };
    };
    let place = list.iter().position(|one| one.get(key) == Some(id));
    match (directive(fields), place) {
        (Some("delete"), _) => list.retain(|one| one.get(key) != Some(id)),
        (_, None) => list.push(Json::Object(plain(fields))),
        (_, Some(place)) => {
            if let Some(item) = list.get_mut(place) {
                strategic_merge(schema, item, patch)?;
            }
        }
    }
    Ok(())
}

/// Items that the order names are put in that order; the others stay behind the item that they followed.
fn sort(list: &mut Vec<Json>, key: Option<&str>, order: &[Json]) {
    let id = |item: &Json| key.map_or_else(|| item.clone(), |key| item.get(key).cloned().unwrap_or_default());
    let rank = |item: &Json| order.iter().position(|one| id(one) == id(item));
    let mut ranked = Vec::with_capacity(list.len());
    let mut last = None;
    for item in list.drain(..) {
        let own = rank(&item);
        last = own.or(last);
        ranked.push((last, own.is_none(), item));
    }
    ranked.sort_by_key(|(rank, follows, _)| (*rank, *follows));
    list.extend(ranked.into_iter().map(|(_, _, item)| item));
}
