//! What is known of an object whose create has not ended: what was planned, and what the provider recorded of it.

use formwork_model::{Value, ValueBuf};

/// The planned values, unknown ones among them, with the recorded identity put in.
pub(crate) fn presumed(planned: &ValueBuf, identity: &ValueBuf) -> ValueBuf {
    let (Value::Map(mut map), Value::Map(identity)) = (planned.to_value(), identity.to_value()) else {
        return planned.clone();
    };
    for (name, value) in identity {
        map.insert(name, value);
    }
    ValueBuf::from(Value::Map(map))
}

/// The same, without what is unknown.
pub(crate) fn known(planned: &ValueBuf, identity: &ValueBuf) -> ValueBuf {
    match presumed(planned, identity).to_value() {
        Value::Map(map) => ValueBuf::from(Value::Map(map.into_iter().filter(|(_, value)| value.is_known()).collect())),
        _ => ValueBuf::empty_map(),
    }
}
