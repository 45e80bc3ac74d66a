//! From attributes to bodies. What the schema knows is laid over what there is, so that embedded children and properties
//! that this version does not know stay as they are.

use crate::resource::{ArmType, path};
use formwork_model::schema::{Attribute, AttributeType, Equality, Presence};
use formwork_model::value::{Masking, to_json};
use formwork_model::{Map, Value, ValueBuf};
use formwork_provider_api::semantic::same;
use serde_json::Value as Json;
use std::borrow::Cow;

impl ArmType {
    /// The body of a PUT. `current` is what there is; none for a create.
    pub(crate) fn encode(&self, values: &Map, current: Option<&Json>) -> Json {
        let mut body = current.cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new()));
        trim(&mut body);
        let place = |attribute: &Attribute| path::of_attribute(self, attribute);
        let keeps = |attribute: &Attribute| self.children.contains(&attribute.name);
        lay_over(self.schema.attributes, values, &mut body, &place, &keeps);
        self.fix(&mut body);
        body
    }

    /// The body of a PATCH: the attributes that differ; null for one that is no longer wanted.
    pub(crate) fn encode_patch(&self, prior: &Map, values: &Map) -> Json {
        let mut body = Json::Object(serde_json::Map::new());
        for attribute in self.schema.attributes.iter().filter(|attribute| attribute.is_settable()) {
            let Some(place) = path::of_attribute(self, attribute) else { continue };
            let (before, after) = (prior.get(attribute.name), values.get(attribute.name));
            if !attribute.write_only && means_same(attribute, before, after) {
                continue;
            }
            match after {
                Some(value) => path::set(&mut body, &place, encode(attribute, &attribute.ty, value, None)),
                None if attribute.write_only || self.children.contains(&attribute.name) => {}
                None => path::set(&mut body, place.strip_suffix(".id").unwrap_or(&place), Json::Null),
            }
        }
        body
    }

    fn fix(&self, body: &mut Json) {
        for (place, text) in self.fixed {
            path::set(body, place, serde_json::from_str(text).unwrap_or(Json::Null));
        }
        // There is one kind of place beside the regions.
        if body.pointer("/extendedLocation/name").is_some() {
            path::set(body, "extendedLocation.type", Json::from("EdgeZone"));
        }
    }
}

/// Whether two values of an attribute mean the same.
pub(crate) fn means_same(attribute: &Attribute, one: Option<&Value>, other: Option<&Value>) -> bool {
    let (one, other) = (one.map(ValueBuf::from), other.map(ValueBuf::from));
    same(attribute, one.as_ref().map(ValueBuf::view), other.as_ref().map(ValueBuf::view))
}

/// Takes away what the service tells and nobody sets.
fn trim(body: &mut Json) {
    const TOLD: &[&str] = &[
        "id",
        "name",
        "type",
        "etag",
        "systemData",
        "properties.provisioningState",
        "properties.resourceGuid",
        "properties.timeCreated",
    ];
    for name in TOLD {
        if let Some((outer, inner)) = name.split_once('.') {
            if let Some(object) = body.get_mut(outer).and_then(Json::as_object_mut) {
                object.shift_remove(inner);
            }
        } else if let Some(object) = body.as_object_mut() {
            object.shift_remove(*name);
        }
    }
}

type Place<'a> = &'a dyn Fn(&Attribute) -> Option<Cow<'static, str>>;

fn lay_over(
    attributes: &[Attribute],
    values: &Map,
    body: &mut Json,
    place: Place<'_>,
    keeps: &dyn Fn(&Attribute) -> bool,
) {
    // What goes goes first: it may stand above what comes.
    for attribute in attributes {
        let Some(place) = place(attribute) else { continue };
        let is_plain = !place.contains(['[', '{']);
        let goes = if attribute.is_settable() {
            let stays = attribute.presence == Presence::OptionalComputed || attribute.write_only || keeps(attribute);
            !stays && given(values, attribute).is_none()
        } else {
            is_plain
        };
        match emptied(attribute, body, &place).filter(|_| goes) {
            Some(empty) => path::set(body, &place, empty),
            None if goes => path::remove(body, &place),
            None => {}
        }
    }
    for attribute in attributes.iter().filter(|attribute| attribute.is_settable()) {
        let (Some(place), Some(value)) = (place(attribute), given(values, attribute)) else { continue };
        let before = path::get(body, &place);
        path::set(body, &place, encode(attribute, &attribute.ty, value, before.as_ref()));
    }
}

/// What a list or a map that is no longer wanted is sent as, where being empty means that there is none: AKS keeps labels
/// and taints that a request leaves out.
fn emptied(attribute: &Attribute, body: &Json, place: &str) -> Option<Json> {
    let is_settable = attribute.is_settable() && attribute.equality == Equality::EmptyIsAbsent;
    match path::get(body, place).filter(|_| is_settable)? {
        Json::Array(_) if matches!(attribute.ty, AttributeType::List(_) | AttributeType::Set(_)) => {
            Some(Json::Array(Vec::new()))
        }
        Json::Object(_) if matches!(attribute.ty, AttributeType::Map(_)) => Some(Json::Object(serde_json::Map::new())),
        _ => None,
    }
}

fn given<'a>(values: &'a Map, attribute: &Attribute) -> Option<&'a Value> {
    values.get(attribute.name).filter(|value| !matches!(value.exposed(), Value::Null | Value::Unknown(_)))
}

/// One value as JSON.
fn encode(attribute: &Attribute, ty: &AttributeType, value: &Value, before: Option<&Json>) -> Json {
    match (ty, value.exposed()) {
        (AttributeType::Object(fields), Value::Map(map)) => nested(fields, map, before),
        (AttributeType::List(inner) | AttributeType::Set(inner), Value::List(items) | Value::Set(items)) => {
            let partner = |item: &Value| partner(attribute, inner, item, before?);
            items.iter().map(|item| encode(attribute, inner, item, partner(item))).collect()
        }
        (AttributeType::Map(inner), Value::Map(map)) => {
            let entry = |(key, value): (&ecow::EcoString, &Value)| {
                let before = before.and_then(|before| before.get(key.as_str()));
                (key.to_string(), encode(attribute, inner, value, before))
            };
            Json::Object(map.iter().map(entry).collect())
        }
        (_, Value::Duration(milliseconds)) => Json::from(duration(*milliseconds)),
        (_, value) => to_json(ValueBuf::from(value).view(), Masking::Exposed),
    }
}

fn nested(fields: &[Attribute], map: &Map, before: Option<&Json>) -> Json {
    let mut body = before.filter(|before| before.is_object()).cloned();
    let body = body.get_or_insert_with(|| Json::Object(serde_json::Map::new()));
    lay_over(fields, map, body, &path::of_field, &|_| false);
    std::mem::take(body)
}

/// The item that there is for an item that is wanted, told by the element keys.
fn partner<'a>(attribute: &Attribute, ty: &AttributeType, item: &Value, before: &'a Json) -> Option<&'a Json> {
    let (AttributeType::Object(fields), false) = (ty, attribute.element_keys.is_empty()) else { return None };
    let wanted = item.as_map()?;
    let keys: Vec<&Attribute> = fields.iter().filter(|field| attribute.element_keys.contains(&field.name)).collect();
    before.as_array()?.iter().find(|candidate| {
        keys.iter().all(|key| {
            let place = path::of_field(key).unwrap_or_default();
            let there = path::get(candidate, &place).as_ref().and_then(spelled);
            let wanted = wanted.get(key.name).map(|value| encode(key, &key.ty, value, None));
            there == wanted.as_ref().and_then(spelled)
        })
    })
}

/// A key's value as text; the case does not count.
fn spelled(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.to_lowercase()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// As ISO 8601 writes it: `PT4M30S`, and `P90D` where it is whole days.
pub(crate) fn duration(milliseconds: i64) -> String {
    const DAY: i64 = 86_400_000;
    if milliseconds != 0 && milliseconds % DAY == 0 {
        return format!("P{}D", milliseconds / DAY);
    }
    let seconds = milliseconds / 1000;
    let parts = [(seconds / 3600, 'H'), (seconds % 3600 / 60, 'M'), (seconds % 60, 'S')];
    let text: String =
        parts.iter().filter(|(number, _)| *number != 0).map(|(number, unit)| format!("{number}{unit}")).collect();
    if text.is_empty() { "PT0S".to_owned() } else { format!("PT{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_iso() {
        let cases =
            [(0, "PT0S"), (30_000, "PT30S"), (270_000, "PT4M30S"), (86_400_000 * 90, "P90D"), (90_000_000, "PT25H")];
        for (milliseconds, text) in cases {
            assert_eq!(duration(milliseconds), text);
            assert_eq!(crate::resource::decode::duration(text), Some(milliseconds));
        }
    }
}
