//! What a block's own config says of an attribute, and what is for others to say: fields of nested blocks that the
//! cloud or a default fills in.

use formwork_model::schema::{Attribute, AttributeType, Default, Presence};
use formwork_model::{Address, AttributePath, Map, Step, Value};

/// The value of an attribute of `object`, as far as its config decides it. Fields of nested blocks that the config leaves
/// out are unknown where the cloud or a default gives them, and null where nobody does.
pub(super) fn completed(value: Value, attribute: &Attribute, object: &Address, path: &AttributePath) -> Value {
    match (&attribute.ty, value) {
        (_, Value::Secret(inner)) => completed(inner.as_ref().clone(), attribute, object, path).secret(),
        (AttributeType::Object(fields), value) => block(value, fields, object, path),
        (AttributeType::List(AttributeType::Object(fields)), Value::List(items)) => {
            let items = (0_u32..).zip(items.iter());
            Value::list(items.map(|(at, item)| block(item.clone(), fields, object, &path.then(Step::Index(at)))))
        }
        (AttributeType::Map(AttributeType::Object(fields)), Value::Map(map)) => {
            Value::map(map.iter().map(|(key, entry)| {
                (key.clone(), block(entry.clone(), fields, object, &path.then(Step::Key(key.clone()))))
            }))
        }
        // No path leads to an item of a set.
        (AttributeType::Set(AttributeType::Object(_)), _) => Value::attribute(object.clone(), path.clone()),
        (_, value) => value,
    }
}

fn block(value: Value, fields: &[Attribute], object: &Address, path: &AttributePath) -> Value {
    let map = match value {
        Value::Map(map) => map,
        Value::Secret(inner) => return block(inner.as_ref().clone(), fields, object, path).secret(),
        other => return other,
    };
    let mut all = Map::new();
    for field in fields.iter().filter(|field| !field.write_only) {
        let path = path.then(Step::Member(field.name.into()));
        let given = map.get(field.name).filter(|given| !given.is_null());
        let value = match given {
            Some(given) => completed(given.clone(), field, object, &path),
            None if left_to_others(field) => Value::attribute(object.clone(), path),
            None => Value::Null,
        };
        all.insert(field.name, if field.secret && !value.is_null() { value.secret() } else { value });
    }
    Value::Map(all)
}

/// Whether somebody else gives the field a value where the config does not.
fn left_to_others(field: &Attribute) -> bool {
    match field.presence {
        Presence::Computed | Presence::OptionalComputed => true,
        Presence::Optional | Presence::Required => !matches!(field.default, Default::None),
    }
}
