//! Reading and changing JSON by path, where anything may be absent.

use serde_json::{Map, Value as Json};

/// What lies at the path, unless it is absent or null.
pub(crate) fn at<'a>(value: &'a Json, path: &[&str]) -> Option<&'a Json> {
    let found = path.iter().try_fold(value, |value, name| value.get(name))?;
    (!found.is_null()).then_some(found)
}

/// What lies at the path; null when it is absent.
pub(crate) fn get<'a>(value: &'a Json, path: &[&str]) -> &'a Json {
    at(value, path).unwrap_or(&Json::Null)
}

/// The text at the path; empty when absent.
pub(crate) fn text<'a>(value: &'a Json, path: &[&str]) -> &'a str {
    at(value, path).and_then(Json::as_str).unwrap_or_default()
}

/// The integer at the path.
pub(crate) fn integer(value: &Json, path: &[&str]) -> Option<i64> {
    at(value, path).and_then(Json::as_i64)
}

/// Whether the path holds `true`.
pub(crate) fn flag(value: &Json, path: &[&str]) -> bool {
    at(value, path).and_then(Json::as_bool).unwrap_or_default()
}

/// The list at the path; empty when absent.
pub(crate) fn list<'a>(value: &'a Json, path: &[&str]) -> &'a [Json] {
    at(value, path).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The object at the path, when there is one.
pub(crate) fn map<'a>(value: &'a Json, path: &[&str]) -> Option<&'a Map<String, Json>> {
    at(value, path).and_then(Json::as_object)
}

/// The value as an object, made one if it is not.
pub(crate) fn object(value: &mut Json) -> &mut Map<String, Json> {
    if !value.is_object() {
        *value = Json::Object(Map::new());
    }
    match value {
        Json::Object(map) => map,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            unreachable!("made an object above")
        }
    }
}

/// The place at the path, with objects made on the way.
pub(crate) fn place<'a>(value: &'a mut Json, path: &[&str]) -> &'a mut Json {
    path.iter().fold(value, |value, name| object(value).entry(*name).or_insert(Json::Null))
}

/// Puts a value at the path.
pub(crate) fn set(value: &mut Json, path: &[&str], new: impl Into<Json>) {
    *place(value, path) = new.into();
}

/// Puts a value at the path if nothing is there.
pub(crate) fn default_to(value: &mut Json, path: &[&str], new: impl Into<Json>) {
    let place = place(value, path);
    if place.is_null() {
        *place = new.into();
    }
}

/// Takes the value at the path away; the order of its siblings stays.
pub(crate) fn remove(value: &mut Json, path: &[&str]) -> Option<Json> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(value, |value, name| value.get_mut(name))?;
    parent.as_object_mut()?.shift_remove(*last)
}

/// The list at the path, for changing; made when absent.
pub(crate) fn list_mut<'a>(value: &'a mut Json, path: &[&str]) -> &'a mut Vec<Json> {
    let place = place(value, path);
    if !place.is_array() {
        *place = Json::Array(Vec::new());
    }
    match place {
        Json::Array(list) => list,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            unreachable!("made a list above")
        }
    }
}

/// The existing list at the path, for changing.
pub(crate) fn items_mut<'a>(value: &'a mut Json, path: &[&str]) -> impl Iterator<Item = &'a mut Json> {
    let found = path.iter().try_fold(value, |value, name| value.get_mut(name));
    found.and_then(Json::as_array_mut).into_iter().flatten()
}

/// Nulls in objects mean "absent".
pub(crate) fn drop_nulls(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Json::Array(list) => list.iter_mut().for_each(drop_nulls),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_made_and_removed_in_order() {
        let mut value = json!({"a": 1, "b": {"c": 2, "d": 3, "e": 4}});
        set(&mut value, &["x", "y"], 5);
        assert_eq!(remove(&mut value, &["b", "c"]), Some(json!(2)));
        assert_eq!(value.to_string(), r#"{"a":1,"b":{"d":3,"e":4},"x":{"y":5}}"#);
        default_to(&mut value, &["a"], 9);
        assert_eq!(integer(&value, &["a"]), Some(1));
    }
}
