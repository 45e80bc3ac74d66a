//! When two values of an attribute mean the same. Everything that compares values for a provider does it here.
//!
//! Two values are the same when their [normal forms](normal) are: secret marks are taken off, null is absent, and what
//! [`Equality`], sets and element keys say does not count is brought into one form.

use formwork_model::schema::{Attribute, AttributeType, Equality};
use formwork_model::{Value, ValueBuf, ValueRef, View};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether two values of an attribute mean the same; absent is `None`.
#[must_use]
pub fn same(attribute: &Attribute, one: Option<ValueRef<'_>>, other: Option<ValueRef<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) if one.as_bytes() == other.as_bytes() => true,
        (None, None) => true,
        (one, other) => normal_bytes(attribute, one) == normal_bytes(attribute, other),
    }
}

fn normal_bytes(attribute: &Attribute, value: Option<ValueRef<'_>>) -> ValueBuf {
    value.map_or_else(ValueBuf::null, |value| ValueBuf::from(normal(attribute, value)))
}

/// The normal form of a value of this attribute; null for what counts as absent. For comparing only.
#[must_use]
pub fn normal(attribute: &Attribute, value: ValueRef<'_>) -> Value {
    let form = of_type(attribute, &attribute.ty, value);
    match attribute.equality {
        Equality::EmptyIsAbsent if is_empty(&form) => Value::Null,
        _ => form,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::List(items) | Value::Set(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

fn of_type(attribute: &Attribute, ty: &AttributeType, value: ValueRef<'_>) -> Value {
    match (ty, value.exposed().view()) {
        (_, View::Unknown(_)) => value.exposed().to_value(),
        (AttributeType::List(item), View::List(items) | View::Set(items)) => {
            list(attribute, items.map(|value| of_type(attribute, item, value)).collect())
        }
        (AttributeType::Set(item), View::List(items) | View::Set(items)) => {
            Value::set(items.map(|value| of_type(attribute, item, value)))
        }
        (AttributeType::Map(entry), View::Map(entries)) => {
            Value::map(entries.map(|(key, value)| (key, of_type(attribute, entry, value))))
        }
        (AttributeType::Object(fields), View::Map(entries)) => {
            let entries = entries.map(|(key, value)| (key, of_field(fields, key, value)));
            Value::map(entries.filter(|(_, value)| !value.is_null()))
        }
        #[expect(clippy::cast_precision_loss, reason = "a whole number where a fraction is expected")]
        (AttributeType::Float, View::Int(number)) => Value::Float(number as f64),
        (_, View::String(text)) => text_of(attribute.equality, text),
        _ => bare(value),
    }
}

fn of_field(fields: &[Attribute], name: &str, value: ValueRef<'_>) -> Value {
    fields.iter().find(|field| field.name == name).map_or_else(|| bare(value), |field| normal(field, value))
}

/// The value without any secret mark.
#[must_use]
pub fn bare(value: ValueRef<'_>) -> Value {
    match value.view() {
        View::Secret(inner) => bare(inner),
        View::List(items) => Value::list(items.map(bare)),
        View::Set(items) => Value::set(items.map(bare)),
        View::Map(entries) => Value::map(entries.map(|(key, value)| (key, bare(value)))),
        _ => value.to_value(),
    }
}

fn list(attribute: &Attribute, items: Vec<Value>) -> Value {
    if attribute.equality != Equality::Unordered && attribute.element_keys.is_empty() {
        return Value::list(items);
    }
    let mut keyed: Vec<(Vec<ValueBuf>, Value)> =
        items.into_iter().map(|item| (sort_key(attribute.element_keys, &item), item)).collect();
    keyed.sort_by(|one, other| one.0.cmp(&other.0));
    Value::list(keyed.into_iter().map(|(_, item)| item))
}

/// What an item is sorted by: its key fields, or all of it.
fn sort_key(element_keys: &[&str], item: &Value) -> Vec<ValueBuf> {
    let field = |name: &&str| ValueBuf::from(item.as_map().and_then(|map| map.get(name)).unwrap_or(&Value::Null));
    let keys: Vec<ValueBuf> = element_keys.iter().map(field).collect();
    if keys.is_empty() { vec![ValueBuf::from(item)] } else { keys }
}

fn text_of(equality: Equality, text: &str) -> Value {
    let form = match equality {
        Equality::CaseInsensitive => Some(text.to_lowercase()),
        Equality::Json => json(text),
        Equality::Network => network(text),
        Equality::Exact | Equality::Unordered | Equality::EmptyIsAbsent => None,
    };
    form.map_or_else(|| Value::string(text), Value::string)
}

/// A JSON text with sorted keys and without blanks; none where it is no JSON.
fn json(text: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let sorted = formwork_model::value::from_json(&json);
    let buffer = ValueBuf::from(sorted);
    Some(formwork_model::value::to_json(buffer.view(), formwork_model::value::Masking::Exposed).to_string())
}

/// An address range with its host bits cleared; none where it is no range.
fn network(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
        return Some(format!("{}/{length}", Ipv4Addr::from_bits(address.to_bits() & mask)));
    }
    let address = address.parse::<Ipv6Addr>().ok()?;
    let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
    Some(format!("{}/{length}", Ipv6Addr::from_bits(address.to_bits() & mask)))
}

/// The text by which an item of a list is told from others; none where a key field is not known.
#[must_use]
pub fn element_key(attribute: &Attribute, item: ValueRef<'_>) -> Option<String> {
    let AttributeType::List(AttributeType::Object(fields)) = attribute.ty else { return None };
    let part = |name: &&str| {
        let value = of_field(fields, name, item.get(name).unwrap_or_else(ValueRef::null));
        match value {
            Value::String(text) => Some(text.to_string()),
            Value::Null => Some(String::new()),
            known if known.is_known() => Some(format!("{known:?}")),
            _ => None,
        }
    };
    let parts: Option<Vec<String>> = attribute.element_keys.iter().map(part).collect();
    let mut parts = parts.filter(|parts| !parts.is_empty())?;
    // Absent fields at the end would read as `10.0.0.0/8//`.
    while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Some(parts.join("/"))
}

/// The items of a list by their key; none where items have none, where one is not known, or where two are the same.
#[must_use]
pub fn keyed<'a>(attribute: &Attribute, items: ValueRef<'a>) -> Option<BTreeMap<String, ValueRef<'a>>> {
    if attribute.element_keys.is_empty() {
        return None;
    }
    let mut keyed = BTreeMap::new();
    for item in items.items() {
        if keyed.insert(element_key(attribute, item)?, item).is_some() {
            return None;
        }
    }
    Some(keyed)
}

/// The value of an attribute; none where it is absent or null.
#[must_use]
pub fn given<'a>(values: ValueRef<'a>, name: &str) -> Option<ValueRef<'a>> {
    values.get(name).filter(|value| !value.exposed().is_null())
}
