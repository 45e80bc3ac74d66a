//! Secret marks on what providers answer. A provider gives plain values; what the schema calls secret, and what was
//! secret when it was sent, is marked before anything else sees it.

use crate::semantic::bare;
use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{Map, Value, ValueBuf, ValueRef, View};

/// The same values with every secret marked: by schema, and wherever one of `sources` (config, plan, prior) is secret
/// at that place.
#[must_use]
pub fn marked(attributes: &[Attribute], sources: &[ValueRef<'_>], values: ValueBuf) -> ValueBuf {
    let sources: Vec<ValueRef<'_>> = sources.iter().copied().filter(|source| holds_secret(*source)).collect();
    if sources.is_empty() && !any_secret(attributes) {
        return values;
    }
    let by_schema = by_schema(attributes, values.to_value());
    ValueBuf::from(sources.into_iter().fold(by_schema, |value, source| carried(source, value)))
}

fn any_secret(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.secret || !attribute.secret_members.is_empty() || nested(&attribute.ty).is_some_and(any_secret)
    })
}

const fn nested(ty: &AttributeType) -> Option<&'static [Attribute]> {
    match ty {
        AttributeType::Object(fields) => Some(fields),
        AttributeType::List(inner) | AttributeType::Set(inner) | AttributeType::Map(inner) => nested(inner),
        _ => None,
    }
}

fn by_schema(attributes: &[Attribute], value: Value) -> Value {
    let Value::Map(map) = value else { return value };
    let marked = map.into_iter().map(|(name, value)| {
        let attribute = attributes.iter().find(|attribute| attribute.name == name);
        let value = match attribute {
            Some(attribute) if attribute.secret && !value.is_null() => value.secret(),
            Some(attribute) => attribute.members_marked(within(&attribute.ty, value)),
            None => value,
        };
        (name, value)
    });
    Value::Map(marked.collect::<Map>())
}

fn within(ty: &AttributeType, value: Value) -> Value {
    match (ty, value) {
        (AttributeType::Object(fields), value) => by_schema(fields, value),
        (AttributeType::List(item), Value::List(items)) => {
            Value::list(items.into_iter().map(|value| within(item, value)))
        }
        (AttributeType::Set(item), Value::Set(items)) => Value::set(items.into_iter().map(|value| within(item, value))),
        (AttributeType::Map(entry), Value::Map(map)) => {
            Value::map(map.into_iter().map(|(key, value)| (key, within(entry, value))))
        }
        (_, value) => value,
    }
}

/// Whether a secret is in it, at any depth.
#[must_use]
pub fn holds_secret(value: ValueRef<'_>) -> bool {
    match value.view() {
        View::Secret(_) | View::Sealed(_) => true,
        View::List(items) | View::Set(items) => items.into_iter().any(holds_secret),
        View::Map(mut entries) => entries.any(|(_, value)| holds_secret(value)),
        View::Unknown(_) => value.to_value().holds_secret(),
        _ => false,
    }
}

/// Marks in `value` what is secret in `source`.
fn carried(source: ValueRef<'_>, value: Value) -> Value {
    if !holds_secret(source) || value.is_null() {
        return value;
    }
    match (source.view(), value) {
        (View::Map(_), Value::Map(map)) => Value::map(map.into_iter().map(|(key, value)| {
            let value = source.get(&key).map_or_else(|| value.clone(), |source| carried(source, value.clone()));
            (key, value)
        })),
        (View::List(items), Value::List(values)) if same_plain_items(source, &values) => {
            Value::list(items.zip(values).map(|(source, value)| carried(source, value)))
        }
        // Which item became which cannot be told: all of them are secret.
        (_, value) => value.secret(),
    }
}

/// Whether the items that are not secret stand where they stood.
fn same_plain_items(source: ValueRef<'_>, values: &[Value]) -> bool {
    let pair = |(source, value): (ValueRef<'_>, &Value)| {
        holds_secret(source) || bare(source) == bare(ValueBuf::from(value).view())
    };
    source.items().len() == values.len() && source.items().zip(values).all(pair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use formwork_model::schema::SecretMembers;

    const MANIFEST: &[Attribute] = &[Attribute::new("manifest", AttributeType::Any, "An object.")
        .secret_members(&[SecretMembers { when: ("kind", "Secret"), members: &["data"] }])];

    #[test]
    fn an_open_value_says_itself_what_is_secret_in_it() {
        let of_kind = |kind: &str| {
            let data = Value::map([("password", Value::string("hunter2"))]);
            let manifest = Value::map([("kind", Value::string(kind)), ("data", data)]);
            let values = ValueBuf::from(Value::map([("manifest", manifest)]));
            format!("{:?}", marked(MANIFEST, &[], values))
        };
        assert!(!of_kind("Secret").contains("hunter2"), "{}", of_kind("Secret"));
        assert!(of_kind("ConfigMap").contains("hunter2"), "{}", of_kind("ConfigMap"));
    }
}
