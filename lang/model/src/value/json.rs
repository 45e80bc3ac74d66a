//! Values as JSON, for output, for `json_encode` and for documents from outside.

use super::{Map, Value, ValueRef, View};
use serde_json::Value as Json;

/// What stands in the place of a secret.
pub const MASK: &str = "(secret)";

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// Secrets become [`MASK`]: for people, logs, plans.
    Masked,
    /// Secrets in the clear: for what goes to the provider that needs them, and `output --json --show-secrets`.
    Exposed,
}

/// The JSON form. Unknowns become null, durations their milliseconds, sets arrays.
#[must_use]
pub fn to_json(value: ValueRef<'_>, masking: Masking) -> Json {
    match value.view() {
        View::Null | View::Unknown(_) => Json::Null,
        View::Bool(truth) => Json::Bool(truth),
        View::Int(number) | View::Duration(number) => Json::from(number),
        View::Float(number) => serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number),
        View::String(text) => Json::from(text),
        View::List(items) | View::Set(items) => items.map(|item| to_json(item, masking)).collect(),
        View::Map(entries) => entries.map(|(key, value)| (key.to_owned(), to_json(value, masking))).collect(),
        View::Secret(inner) => match masking {
            Masking::Masked => Json::from(MASK),
            Masking::Exposed => to_json(inner, masking),
        },
        View::Sealed(_) => Json::from(MASK),
    }
}

/// The value of a JSON document. Whole numbers become ints where they fit.
#[must_use]
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::MAX)), Value::Int)
        }
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect::<Map>())
        }
    }
}
