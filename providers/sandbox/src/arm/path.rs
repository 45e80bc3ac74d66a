//! Places in JSON documents: `properties.ipConfigurations[].properties.subnet`.

use serde_json::Value as Json;

/// The value at a path of plain names.
pub(crate) fn get<'a>(document: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').filter(|step| !step.is_empty()).try_fold(document, |at, step| at.get(step))
}

/// The text at a path of plain names.
pub(crate) fn text<'a>(document: &'a Json, path: &str) -> Option<&'a str> {
    get(document, path).and_then(Json::as_str)
}

/// The value at a path of plain names, to change it.
pub(crate) fn get_mut<'a>(document: &'a mut Json, path: &str) -> Option<&'a mut Json> {
    path.split('.').filter(|step| !step.is_empty()).try_fold(document, |at, step| at.get_mut(step))
}

/// Puts a value at a path of plain names; objects on the way are made.
pub(crate) fn set(document: &mut Json, path: &str, value: Json) {
    let mut at = document;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        if !at.is_object() {
            *at = Json::Object(serde_json::Map::new());
        }
        let Some(map) = at.as_object_mut() else { return };
        at = map.entry(step).or_insert(Json::Null);
    }
    *at = value;
}

/// Takes the value at a path of plain names out.
pub(crate) fn remove(document: &mut Json, path: &str) -> Option<Json> {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    get_mut(document, parent)?.as_object_mut()?.shift_remove(last)
}

/// A value that a path with `[]` or `{}` leads to, and the named items that it lies in: `ipConfigurations/first`.
pub(crate) struct Spot<'a> {
    /// The collections and names of the items on the way.
    pub(crate) items: Vec<(String, String)>,
    /// What stands there.
    pub(crate) value: &'a Json,
}

/// All values that a path leads to; `[]` after a name stands for each item, `{}` for each value of a map.
pub(crate) fn all<'a>(document: &'a Json, path: &str) -> Vec<Spot<'a>> {
    let mut spots = vec![Spot { items: Vec::new(), value: document }];
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let list = step.strip_suffix("[]");
        let map = step.strip_suffix("{}");
        let name = list.or(map).unwrap_or(step);
        spots = spots.into_iter().flat_map(|spot| below(spot, name, list.is_some(), map.is_some())).collect();
    }
    spots
}

fn below<'a>(spot: Spot<'a>, name: &str, list: bool, map: bool) -> Vec<Spot<'a>> {
    let Some(value) = spot.value.get(name) else { return Vec::new() };
    if list {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default().iter();
        return items
            .map(|item| {
                let own = item.get("name").and_then(Json::as_str).unwrap_or_default();
                let mut items = spot.items.clone();
                items.push((name.to_owned(), own.to_owned()));
                Spot { items, value: item }
            })
            .collect();
    }
    if map {
        let values = value.as_object().into_iter().flat_map(|map| map.values());
        return values.map(|value| Spot { items: spot.items.clone(), value }).collect();
    }
    vec![Spot { items: spot.items, value }]
}

/// Changes each value that a path leads to.
pub(crate) fn each_mut(document: &mut Json, path: &str, change: &mut dyn FnMut(&mut Json)) {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    if step.is_empty() {
        return change(document);
    }
    let name = step.trim_end_matches("[]").trim_end_matches("{}");
    let Some(value) = document.get_mut(name) else { return };
    match value {
        Json::Array(items) if step.ends_with("[]") => items.iter_mut().for_each(|item| each_mut(item, rest, change)),
        Json::Object(map) if step.ends_with("{}") => map.values_mut().for_each(|item| each_mut(item, rest, change)),
        value if !step.ends_with(['}', ']']) => each_mut(value, rest, change),
        _ => (),
    }
}

/// Takes out what a path leads to.
pub(crate) fn remove_all(document: &mut Json, path: &str) {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    each_mut(document, parent, &mut |value| {
        if let Some(map) = value.as_object_mut() {
            map.shift_remove(last);
        }
    });
}

/// Lays one document over another as a JSON merge patch does, except that nulls are passed over.
pub(crate) fn merge(under: &mut Json, over: &Json) {
    match (under, over) {
        (_, Json::Null) => (),
        (Json::Object(under), Json::Object(over)) => {
            for (name, value) in over {
                match under.get_mut(name) {
                    Some(old) if old.is_object() => merge(old, value),
                    _ if value.is_null() => (),
                    _ => {
                        under.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// Takes nulls out of objects, at any depth.
pub(crate) fn drop_nulls(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => (),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_with_items_tells_where_it_went() {
        let document =
            json!({"properties": {"rules": [{"name": "a", "to": {"id": 1}}, {"name": "b", "to": {"id": 2}}]}});
        let spots = all(&document, "properties.rules[].to.id");
        let found: Vec<_> = spots.iter().map(|spot| (spot.items[0].1.as_str(), spot.value.as_i64())).collect();
        assert_eq!(found, [("a", Some(1)), ("b", Some(2))]);
    }

    #[test]
    fn setting_makes_the_objects_on_the_way_and_removing_leaves_them() {
        let mut document = json!({});
        set(&mut document, "a.b.c", json!(1));
        assert_eq!(document, json!({"a": {"b": {"c": 1}}}));
        assert_eq!(remove(&mut document, "a.b.c"), Some(json!(1)));
        assert_eq!(document, json!({"a": {"b": {}}}));
    }

    #[test]
    fn a_merge_passes_over_nulls_and_replaces_lists() {
        let mut document = json!({"a": {"b": 1, "c": [1]}});
        merge(&mut document, &json!({"a": {"b": null, "c": [2], "d": 3}}));
        assert_eq!(document, json!({"a": {"b": 1, "c": [2], "d": 3}}));
    }
}
