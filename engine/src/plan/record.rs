//! What of a config is recorded with a row, so that plan can tell whether it is recorded already.

use crate::ports::KeyedDigest;
use formwork_model::schema::ResourceSchema;
use formwork_model::{Map, Value, ValueBuf, ValueRef};
use std::collections::BTreeMap;

/// The config without write-only attributes, and with everything marked that is secret in it.
pub(crate) fn recorded_config(schema: &ResourceSchema, config: ValueRef<'_>) -> ValueBuf {
    let is_write_only = |name: &str| schema.attribute(name).is_some_and(|attribute| attribute.write_only);
    let has_secret_members = schema.attributes.iter().any(|attribute| !attribute.secret_members.is_empty());
    if !has_secret_members && !config.entries().any(|(name, _)| is_write_only(name)) {
        return config.to_buf();
    }
    let kept = config.entries().filter(|(name, _)| !is_write_only(name));
    // What became known since the block was evaluated may be secret by what it says of itself.
    let marked = |name: &str, value: Value| match schema.attribute(name) {
        Some(attribute) => attribute.members_marked(value),
        None => value,
    };
    ValueBuf::from(Value::Map(kept.map(|(name, value)| (name.into(), marked(name, value.to_value()))).collect::<Map>()))
}

/// The write-only attributes of a config whose value is known and is not the one that was sent last.
pub(crate) fn write_only_changed(
    schema: &ResourceSchema,
    config: ValueRef<'_>,
    sent: &BTreeMap<String, [u8; 16]>,
    digest: &dyn KeyedDigest,
) -> Vec<String> {
    let write_only = schema.attributes.iter().filter(|attribute| attribute.write_only);
    let changed = write_only.filter(|attribute| match config.get(attribute.name).filter(|value| !value.is_null()) {
        Some(value) if !value.is_known() => false,
        Some(value) => sent.get(attribute.name) != Some(&digest.digest(value.exposed().as_bytes())),
        None => sent.get(attribute.name).is_some_and(|sent| *sent != digest.digest(ValueBuf::null().as_bytes())),
    });
    changed.map(|attribute| attribute.name.to_owned()).collect()
}
