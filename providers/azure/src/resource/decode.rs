//! From answers to attributes. What is known before keeps its spelling and its order where the answer means the same, so
//! that a second plan is clean because nothing differs, not because differences are passed over.

use crate::arm::ResourceId;
use crate::resource::{ArmType, encode, meaning, path, tags};
use formwork_model::schema::{Attribute, AttributeType, Presence};
use formwork_model::value::from_json;
use formwork_model::{Map, Value, ValueBuf};
use formwork_provider_api::semantic::element_key;
use serde_json::Value as Json;

impl ArmType {
    /// The attributes of an object that ARM told. `known` is what was planned, recorded or configured.
    pub(crate) fn decode(&self, id: &ResourceId, body: &Json, known: &Map) -> Map {
        let mut values = Map::new();
        for attribute in self.schema.attributes.iter().filter(|attribute| !attribute.write_only) {
            let before = known.get(attribute.name);
            let is_left_to_others = self.children.contains(&attribute.name) && before.is_none();
            let value = match path::of_attribute(self, attribute) {
                _ if is_left_to_others => None,
                Some(place) if place == "tags" => Some(tags::shown(body, before)),
                Some(place) => at(attribute, body, &place, before),
                None if attribute.vendor == path::LOCAL => local(attribute, before),
                None => None,
            };
            if let Some(value) = value {
                values.insert(attribute.name, value);
            }
        }
        self.name_from_id(id, body, known, &mut values);
        self.hooks.decode(body, known, &mut values);
        values
    }
}

/// What is Formwork's own stays as it was.
fn local(attribute: &Attribute, known: Option<&Value>) -> Option<Value> {
    known.cloned().or_else(|| attribute.default_value())
}

/// The value at a vendor path, else the default: ARM leaves out what is so by default.
fn at(attribute: &Attribute, body: &Json, place: &str, known: Option<&Value>) -> Option<Value> {
    let read = path::get(body, place).and_then(|json| decode(attribute, &attribute.ty, &json, known));
    settle(attribute, read, known)
}

/// What an absent or empty value is taken for.
fn settle(attribute: &Attribute, read: Option<Value>, known: Option<&Value>) -> Option<Value> {
    let known_is_empty = known.is_some_and(is_empty);
    let read = read.or_else(|| {
        // Some services drop what is empty.
        let kept = known.filter(|_| known_is_empty).cloned();
        kept.or_else(|| attribute.default_value().filter(|_| attribute.is_settable()))
    });
    // And some send what nobody said as empty.
    let is_noise = attribute.presence == Presence::Optional && known.is_none() && attribute.default_value().is_none();
    read.filter(|value| !(is_noise && is_empty(value)))
}

fn is_empty(value: &Value) -> bool {
    match value.exposed() {
        Value::List(items) | Value::Set(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// One value from JSON; none where it is null or of another kind.
fn decode(attribute: &Attribute, ty: &AttributeType, json: &Json, known: Option<&Value>) -> Option<Value> {
    let known = known.map(Value::exposed);
    match (ty, json) {
        (_, Json::Null) => None,
        (AttributeType::Object(fields), Json::Object(_)) => {
            Some(Value::Map(nested(fields, json, known.and_then(Value::as_map))))
        }
        (AttributeType::List(inner), Json::Array(items)) => Some(Value::list(list(attribute, inner, items, known))),
        (AttributeType::Set(inner), Json::Array(items)) => Some(Value::set(set(attribute, inner, items, known))),
        (AttributeType::Map(inner), Json::Object(entries)) => {
            let before = known.and_then(Value::as_map);
            let entry = |(key, json): (&String, &Json)| {
                let spelling = before.and_then(|before| key_of(before, key)).unwrap_or(key);
                let value = decode(attribute, inner, json, before.and_then(|before| before.get(spelling)))?;
                Some((spelling.to_owned(), value))
            };
            Some(Value::map(entries.iter().filter_map(entry).collect::<Vec<_>>()))
        }
        (AttributeType::Duration, Json::String(text)) => duration(text).map(Value::Duration),
        (AttributeType::Any | AttributeType::SameAs(_), json) => Some(from_json(json)),
        (AttributeType::Bool, Json::Bool(truth)) => Some(Value::Bool(*truth)),
        (AttributeType::Bool, Json::String(text)) => text.to_lowercase().parse().ok().map(Value::Bool),
        (AttributeType::Int, Json::Number(number)) => whole(number).map(Value::Int),
        (AttributeType::Int, Json::String(text)) => text.parse().ok().map(Value::Int),
        (AttributeType::Float, Json::Number(number)) => number.as_f64().map(Value::Float),
        (_, Json::String(text)) if is_text(ty) => Some(words(attribute, ty, text, known)),
        (_, Json::Number(number)) if is_text(ty) => Some(Value::string(number.to_string())),
        _ => None,
    }
}

fn whole(number: &serde_json::Number) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "only whole numbers that fit get here")]
    number.as_i64().or_else(|| number.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64))
}

const fn is_text(ty: &AttributeType) -> bool {
    matches!(
        ty,
        AttributeType::String
            | AttributeType::Cidr
            | AttributeType::Ip
            | AttributeType::Url
            | AttributeType::Enum(_)
            | AttributeType::OpenEnum(_)
            | AttributeType::Reference(_)
    )
}

/// A text in the spelling that is known, else in the schema's, else as it was told.
fn words(attribute: &Attribute, ty: &AttributeType, text: &str, known: Option<&Value>) -> Value {
    if let Some(known) = known.and_then(Value::as_str).filter(|known| meaning::same_text(attribute, ty, known, text)) {
        return Value::string(known);
    }
    let members: &[&str] = match ty {
        AttributeType::Enum(members) | AttributeType::OpenEnum(members) => members,
        _ => &[],
    };
    let spelling = members.iter().find(|member| member.eq_ignore_ascii_case(text));
    if meaning::is_location(attribute) && spelling.is_none() {
        return Value::string(meaning::location(text));
    }
    Value::string(spelling.map_or(text, |member| *member))
}

fn key_of<'a>(before: &'a Map, key: &str) -> Option<&'a str> {
    before.keys().map(ecow::EcoString::as_str).find(|other| other.eq_ignore_ascii_case(key))
}

fn nested(fields: &[Attribute], json: &Json, known: Option<&Map>) -> Map {
    let mut map = Map::new();
    for field in fields.iter().filter(|field| !field.write_only) {
        let before = known.and_then(|known| known.get(field.name));
        let value = match path::of_field(field) {
            Some(place) => at(field, json, &place, before),
            None => local(field, before),
        };
        if let Some(value) = value {
            map.insert(field.name, value);
        }
    }
    map
}

/// Items, those that are known in their order first.
fn list(attribute: &Attribute, inner: &AttributeType, items: &[Json], known: Option<&Value>) -> Vec<Value> {
    let before: &[Value] = known.and_then(Value::as_items).unwrap_or_default();
    let plain = |json: &Json, known: Option<&Value>| decode(attribute, inner, json, known);
    if attribute.element_keys.is_empty() {
        let ordered: Vec<Value> =
            items.iter().enumerate().filter_map(|(index, json)| plain(json, before.get(index))).collect();
        let unordered = attribute.equality == formwork_model::schema::Equality::Unordered;
        return if unordered { in_order(attribute, before, ordered) } else { ordered };
    }
    let key = |value: &Value| element_key(attribute, ValueBuf::from(value).view()).map(|key| key.to_lowercase());
    let keyed: Vec<(Option<String>, &Json)> =
        items.iter().map(|json| (plain(json, None).as_ref().and_then(key), json)).collect();
    let rank = |one: &Option<String>| before.iter().position(|value| key(value) == *one).unwrap_or(usize::MAX);
    let mut ranked: Vec<(usize, &Json)> = keyed.iter().map(|(key, json)| (rank(key), *json)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().filter_map(|(rank, json)| plain(json, before.get(rank))).collect()
}

/// Plain items in the order that is known, where they are the same ones.
fn in_order(attribute: &Attribute, before: &[Value], items: Vec<Value>) -> Vec<Value> {
    let (one, other) = (Value::list(before.iter().cloned()), Value::list(items.iter().cloned()));
    if encode::means_same(attribute, Some(&one), Some(&other)) { before.to_vec() } else { items }
}

fn set(attribute: &Attribute, inner: &AttributeType, items: &[Json], known: Option<&Value>) -> Vec<Value> {
    let before: &[Value] = known.and_then(Value::as_items).unwrap_or_default();
    let spelled = |json: &Json| {
        let text = json.as_str()?;
        before
            .iter()
            .find(|value| value.as_str().is_some_and(|known| meaning::same_text(attribute, inner, known, text)))
    };
    items.iter().filter_map(|json| decode(attribute, inner, json, spelled(json))).collect()
}

/// Reads ISO 8601: days, hours, minutes and seconds, which have a fixed length.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let span: jiff::Span = text.parse().ok()?;
    let seconds = span.total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours())).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "no duration of ARM is that long")]
    Some((seconds * 1000.0) as i64)
}
