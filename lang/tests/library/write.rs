//! Values as the language writes them.

use formwork_lang::library::{format_duration, format_float};
use formwork_model::Value;

/// The value as an expression.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::String(content) => text(content),
        Value::Duration(milliseconds) => format_duration(*milliseconds).into(),
        Value::List(items) => list(items),
        Value::Set(items) => format!("to_set({})", list(items)),
        Value::Map(map) if map.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(name, entry)| format!("{} = {}", key(name), self::value(entry))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Secret(inner) => format!("to_secret({})", self::value(inner)),
        other => format!("{other:?}"),
    }
}

fn float(number: f64) -> String {
    let text = format_float(number).to_string();
    if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
}

fn list(items: &[Value]) -> String {
    format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", "))
}

fn key(name: &str) -> String {
    let is_word = name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_alphanumeric() || character == '_');
    if is_word { name.to_owned() } else { text(name) }
}

fn text(content: &str) -> String {
    let mut result = String::from('"');
    let mut rest = content.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            '$' if rest.peek() == Some(&'{') => result.push_str("\\$"),
            other if other.is_control() => result.push_str(&format!("\\u{{{:x}}}", u32::from(other))),
            other => result.push(other),
        }
    }
    result.push('"');
    result
}
