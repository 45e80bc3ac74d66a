//! Attributes as readable JSON that keeps what JSON has no words for: secrets, sets, durations.

use formwork_model::value::from_json;
use formwork_model::{Map, Value};
use serde_json::{Value as Json, json};

const SECRET: &str = "$secret";
const SET: &str = "$set";
const DURATION: &str = "$duration";

/// The JSON of a known value.
pub(super) fn to_stored(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::String(text) => json!(text.as_str()),
        Value::Duration(milliseconds) => json!({ DURATION: milliseconds }),
        Value::List(items) => items.iter().map(to_stored).collect(),
        Value::Set(items) => json!({ SET: items.iter().map(to_stored).collect::<Json>() }),
        Value::Map(map) => map.iter().map(|(key, value)| (key.to_string(), to_stored(value))).collect(),
        Value::Secret(inner) => json!({ SECRET: hide(&to_stored(inner).to_string()) }),
        Value::Null | Value::Unknown(_) | Value::Object(_) => Json::Null,
    }
}

/// The value of stored JSON.
pub(super) fn from_stored(json: &Json) -> Value {
    match json {
        Json::Array(items) => Value::list(items.iter().map(from_stored)),
        Json::Object(entries) => marked(entries).unwrap_or_else(|| {
            Value::Map(entries.iter().map(|(key, json)| (key.as_str().into(), from_stored(json))).collect::<Map>())
        }),
        other => from_json(other),
    }
}

fn marked(entries: &serde_json::Map<String, Json>) -> Option<Value> {
    let (mark, content) = entries.iter().next().filter(|_| entries.len() == 1)?;
    match mark.as_str() {
        SECRET => Some(from_stored(&serde_json::from_str(&show(content.as_str()?)?).ok()?).secret()),
        SET => Some(Value::set(content.as_array()?.iter().map(from_stored))),
        DURATION => content.as_i64().map(Value::Duration),
        _ => None,
    }
}

/// Not a cipher: it only keeps a search for the text from finding it.
fn hide(text: &str) -> String {
    text.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect()
}

fn show(hidden: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = hidden
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().map(|byte| byte ^ 0x5a))
        .collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_secrets_are_illegible() {
        let value = Value::map([
            ("password", Value::string("hunter2").secret()),
            ("zones", Value::set([Value::string("b"), Value::string("a")])),
            ("wait", Value::Duration(90)),
            ("list", Value::list([Value::Int(1), Value::Float(1.5), Value::Bool(false)])),
        ]);
        let json = to_stored(&value);
        assert!(!json.to_string().contains("hunter2"));
        assert_eq!(from_stored(&json), value);
    }
}
