//! Secrets are marked as soon as they come in, by the types of their params: what is kept of them is never shown.

use formwork_model::{Map, Step, Type, Value};

/// The type of what a path leads to.
pub(crate) fn type_at<'t>(ty: &'t Type, path: &[Step]) -> Option<&'t Type> {
    let Some((step, rest)) = path.split_first() else { return Some(ty) };
    match (ty, step) {
        // All that lies in a secret is secret.
        (Type::Secret(_), _) => Some(ty),
        (Type::Optional(inner), _) => type_at(inner, path),
        (Type::Record(record), Step::Member(name) | Step::Key(name)) => type_at(&record.field(name)?.ty, rest),
        (Type::Map(entry), Step::Member(_) | Step::Key(_)) => type_at(entry, rest),
        (Type::List(item) | Type::Set(item), Step::Index(_)) => type_at(item, rest),
        _ => None,
    }
}

/// A value with its secret parts marked.
pub(super) fn by_type(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (value @ (Value::Null | Value::Unknown(_)), _) => value,
        (value, Type::Secret(_)) => value.secret(),
        (value, Type::Optional(inner)) => by_type(value, inner),
        (Value::Map(map), Type::Record(record)) => {
            let marked = map.into_iter().map(|(name, value)| match record.field(&name) {
                Some(field) => {
                    let value = by_type(value, &field.ty);
                    (name, value)
                }
                None => (name, value),
            });
            Value::Map(marked.collect::<Map>())
        }
        (Value::Map(map), Type::Map(entry)) => {
            Value::Map(map.into_iter().map(|(name, value)| (name, by_type(value, entry))).collect::<Map>())
        }
        (Value::List(items), Type::List(item) | Type::Set(item)) => {
            Value::List(items.into_iter().map(|value| by_type(value, item)).collect())
        }
        (value, _) => value,
    }
}
