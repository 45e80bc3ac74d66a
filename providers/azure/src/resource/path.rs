//! Vendor paths: where an attribute stands in a body. `properties.addressSpace.addressPrefixes` is plain;
//! `properties.publicIpAddresses[].id` wraps each item of a list in an object; `identity.userAssignedIdentities{}` makes the
//! items keys of an object.

use crate::resource::{ArmType, Scope};
use formwork_model::schema::Attribute;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// The vendor path of attributes that are Formwork's own and not sent.
pub(crate) const LOCAL: &str = "-";

/// Attributes that stand beside `properties`, not in it.
const ENVELOPE: &[&str] = &[
    "location",
    "tags",
    "zones",
    "sku",
    "kind",
    "identity",
    "plan",
    "etag",
    "type",
    "extended_location",
    "managed_by",
];

/// Where an attribute of a type stands; none for what the id says, and for what is not sent.
pub(crate) fn of_attribute(ty: &ArmType, attribute: &Attribute) -> Option<Cow<'static, str>> {
    let in_id = match ty.scope {
        Scope::Subscription => false,
        Scope::Group => attribute.name == "group",
        Scope::Child(parent) | Scope::Extension(parent) => attribute.name == parent,
    };
    if in_id || matches!(attribute.name, "id" | "name") && attribute.vendor.is_empty() {
        return None;
    }
    match attribute.vendor {
        LOCAL => None,
        "" if ENVELOPE.contains(&attribute.name) => Some(Cow::Owned(camel(attribute.name))),
        "" => Some(Cow::Owned(format!("properties.{}", camel(attribute.name)))),
        path => Some(Cow::Borrowed(path)),
    }
}

/// Where a field of a nested block stands in it.
pub(crate) fn of_field(attribute: &Attribute) -> Option<Cow<'static, str>> {
    match attribute.vendor {
        LOCAL => None,
        "" => Some(Cow::Owned(camel(attribute.name))),
        path => Some(Cow::Borrowed(path)),
    }
}

/// `address_prefix` is `addressPrefix`.
pub(crate) fn camel(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut raise = false;
    for character in name.chars() {
        match character {
            '_' => raise = true,
            _ if raise => {
                text.push(character.to_ascii_uppercase());
                raise = false;
            }
            _ => text.push(character),
        }
    }
    text
}

/// How the first part of a path holds what follows.
enum Part<'a> {
    Field(&'a str),
    Items(&'a str),
    Keys(&'a str),
}

fn split(path: &str) -> (Part<'_>, &str) {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    let part = if let Some(key) = head.strip_suffix("[]") {
        Part::Items(key)
    } else if let Some(key) = head.strip_suffix("{}") {
        Part::Keys(key)
    } else {
        Part::Field(head)
    };
    (part, rest)
}

/// What stands at a path.
pub(crate) fn get(json: &Json, path: &str) -> Option<Json> {
    let (part, rest) = split(path);
    match part {
        Part::Field(key) => {
            let value = json.get(key)?;
            if rest.is_empty() { Some(value.clone()) } else { get(value, rest) }
        }
        Part::Items(key) => {
            let items = json.get(key)?.as_array()?;
            let inner = |item: &Json| if rest.is_empty() { Some(item.clone()) } else { get(item, rest) };
            Some(items.iter().filter_map(inner).collect())
        }
        Part::Keys(key) => Some(json.get(key)?.as_object()?.keys().map(|key| Json::from(key.as_str())).collect()),
    }
}

/// Puts a value at a path, making what lies on the way.
pub(crate) fn set(json: &mut Json, path: &str, value: Json) {
    let (part, rest) = split(path);
    let Some(object) = object(json) else { return };
    match part {
        Part::Field(key) if rest.is_empty() => drop(object.insert(key.to_owned(), value)),
        Part::Field(key) => set(object.entry(key).or_insert(Json::Null), rest, value),
        Part::Items(key) => drop(object.insert(key.to_owned(), items(value, rest))),
        Part::Keys(key) => {
            let before = object.get(key).and_then(Json::as_object).cloned().unwrap_or_default();
            object.insert(key.to_owned(), Json::Object(keys(&before, &value)));
        }
    }
}

fn items(value: Json, rest: &str) -> Json {
    let wrap = |item: Json| {
        if rest.is_empty() {
            return item;
        }
        let mut wrapped = Json::Null;
        set(&mut wrapped, rest, item);
        wrapped
    };
    match value {
        Json::Array(items) => items.into_iter().map(wrap).collect(),
        other => other,
    }
}

/// The wanted keys. What the service says of one stays out: it is read-only, and is refused by some.
fn keys(before: &Map<String, Json>, value: &Json) -> Map<String, Json> {
    let wanted = value.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Json::as_str);
    wanted
        .map(|key| {
            let spelling = before.keys().find(|other| other.eq_ignore_ascii_case(key)).map_or(key, String::as_str);
            (spelling.to_owned(), Json::Object(Map::new()))
        })
        .collect()
}

/// Takes a path away. A reference goes with the object that holds nothing but its id.
pub(crate) fn remove(json: &mut Json, path: &str) {
    let path = path.strip_suffix(".id").unwrap_or(path);
    let (part, rest) = split(path);
    let Some(object) = json.as_object_mut() else { return };
    match part {
        Part::Field(key) if !rest.is_empty() => {
            if let Some(inner) = object.get_mut(key) {
                remove(inner, rest);
            }
        }
        Part::Field(key) | Part::Items(key) | Part::Keys(key) => drop(object.shift_remove(key)),
    }
}

/// The value as an object; anything else gives way to an empty one.
fn object(json: &mut Json) -> Option<&mut Map<String, Json>> {
    if !json.is_object() {
        *json = Json::Object(Map::new());
    }
    json.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_put_and_found_again() {
        let cases = [
            (
                "properties.addressSpace.addressPrefixes",
                json!(["a"]),
                json!({"properties":{"addressSpace":{"addressPrefixes":["a"]}}}),
            ),
            (
                "properties.networkSecurityGroup.id",
                json!("x"),
                json!({"properties":{"networkSecurityGroup":{"id":"x"}}}),
            ),
            ("properties.ips[].id", json!(["x", "y"]), json!({"properties":{"ips":[{"id":"x"},{"id":"y"}]}})),
            (
                "identity.userAssignedIdentities{}",
                json!(["x"]),
                json!({"identity":{"userAssignedIdentities":{"x":{}}}}),
            ),
        ];
        for (path, value, body) in cases {
            let mut json = Json::Null;
            set(&mut json, path, value.clone());
            assert_eq!(json, body);
            assert_eq!(get(&json, path), Some(value));
            remove(&mut json, path);
            assert_eq!(get(&json, path), None, "{json}");
        }
    }

    #[test]
    fn a_reference_goes_with_its_object() {
        let mut json = json!({"properties":{"nsg":{"id":"x"},"other":1}});
        remove(&mut json, "properties.nsg.id");
        assert_eq!(json, json!({"properties":{"other":1}}));
    }
}
