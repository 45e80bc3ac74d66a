//! What the cloud makes of a request: computed attributes and whatever else is still unknown.

use formwork_model::schema::{Attribute, AttributeType, Presence};
use formwork_model::{Map, Value, ValueBuf};

/// Who asks.
pub(crate) struct Origin<'a> {
    /// Id of the object.
    pub(crate) id: &'a str,
    /// Its revision after the change.
    pub(crate) revision: u64,
}

/// The attributes of the object as the cloud keeps it: what was sent, unknown ones made up, write-only ones left out.
pub(crate) fn filled(attributes: &[Attribute], sent: &ValueBuf, origin: &Origin<'_>) -> Map {
    let mut values = Map::new();
    for attribute in attributes.iter().filter(|attribute| !attribute.write_only) {
        let sent = sent.view().get(attribute.name).filter(|value| !value.is_null());
        let value = match sent {
            Some(value) => resolved(attribute, &attribute.ty, &value.to_value(), origin, attribute.name),
            None => continue,
        };
        values.insert(attribute.name, if attribute.secret { value.secret() } else { value });
    }
    values
}

fn resolved(attribute: &Attribute, ty: &AttributeType, value: &Value, origin: &Origin<'_>, path: &str) -> Value {
    match (ty, value) {
        (_, Value::Unknown(_)) => made_up(attribute, origin, path),
        (_, Value::Secret(inner)) => resolved(attribute, ty, inner, origin, path).secret(),
        (AttributeType::Object(fields), Value::Map(map)) => Value::Map(nested(fields, map, origin, path)),
        (AttributeType::List(item), Value::List(items)) => {
            Value::list(items.iter().enumerate().map(|(index, value)| {
                resolved(attribute, item, value, origin, &format!("{path}-{}", element_name(value, index)))
            }))
        }
        (AttributeType::Set(item), Value::Set(items)) => {
            Value::set(items.iter().map(|value| resolved(attribute, item, value, origin, path)))
        }
        (AttributeType::Map(entry), Value::Map(map)) => {
            Value::map(map.iter().map(|(key, value)| (key.clone(), resolved(attribute, entry, value, origin, path))))
        }
        (_, other) => other.clone(),
    }
}

fn element_name(value: &Value, index: usize) -> String {
    let name = value.as_map().and_then(|map| map.get("name")).and_then(Value::as_str);
    name.map_or_else(|| index.to_string(), str::to_owned)
}

fn nested(fields: &[Attribute], map: &Map, origin: &Origin<'_>, path: &str) -> Map {
    let mut values = map.clone();
    for field in fields {
        let path = format!("{path}-{}", field.name);
        let value = match values.get(field.name) {
            Some(value) => resolved(field, &field.ty, value, origin, &path),
            None if field.is_computed() => made_up(field, origin, &path),
            None => continue,
        };
        values.insert(field.name, if field.secret { value.secret() } else { value });
    }
    values
}

/// What the cloud chooses.
fn made_up(attribute: &Attribute, origin: &Origin<'_>, path: &str) -> Value {
    let value = match (attribute.name, &attribute.ty) {
        ("id" | "uid", _) if path == attribute.name => Value::string(origin.id),
        ("address", _) => Value::string(address(origin.id)),
        ("endpoint", _) => Value::string(format!("mock://{}", origin.id)),
        ("revision", _) => Value::Int(i64::try_from(origin.revision).unwrap_or(i64::MAX)),
        ("status", _) => Value::string("ready"),
        ("state", _) => Value::string("active"),
        (_, AttributeType::Int) => Value::Int(1),
        (_, AttributeType::Bool) => Value::Bool(true),
        (_, AttributeType::Map(_) | AttributeType::Object(_)) => Value::Map(Map::new()),
        (_, AttributeType::List(_)) => Value::list([]),
        (_, AttributeType::Set(_)) => Value::set([]),
        _ if attribute.secret => secret(origin, path),
        _ if attribute.presence == Presence::OptionalComputed => Value::string("standard"),
        _ => Value::string(format!("{path}-of-{}", origin.id)),
    };
    if attribute.secret { value.secret() } else { value }
}

fn secret(origin: &Origin<'_>, path: &str) -> Value {
    Value::string(format!("mock-secret-{path}-{:016x}", digest(&format!("{path}/{}/{}", origin.id, origin.revision))))
}

fn address(id: &str) -> String {
    let [one, two, three, ..] = digest(id).to_le_bytes();
    format!("10.{one}.{two}.{three}")
}

/// FNV-1a: the same in every process and version.
pub(crate) fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
