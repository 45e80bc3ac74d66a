//! Values as text for people and tests: known parts as the language writes them, unknown ones as what they wait for.

use crate::library::format_duration;
use formwork_model::value::MASK;
use formwork_model::{InputSource, Operation, Residual, UnaryOperator, Value};
use std::fmt::Write;

/// The text of a value. Secrets are masked; what is not known stands in `<…>`.
#[must_use]
pub fn value_text(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => push(text, format_args!("{number}")),
        Value::Float(number) => push(text, format_args!("{number:?}")),
        Value::String(string) => push(text, format_args!("{string:?}")),
        Value::Duration(milliseconds) => text.push_str(&format_duration(*milliseconds)),
        Value::List(items) => bracketed("[", items, "]", text),
        Value::Set(items) => bracketed("set[", items, "]", text),
        Value::Map(map) if map.is_empty() => text.push_str("{}"),
        Value::Map(map) => {
            let mut separator = "{ ";
            for (key, value) in map.iter() {
                text.push_str(separator);
                separator = ", ";
                write_key(key, text);
                text.push_str(" = ");
                write_value(value, text);
            }
            text.push_str(" }");
        }
        Value::Secret(inner) => match inner.as_ref() {
            // What a secret waits for is no secret.
            Value::Unknown(residual) => {
                text.push_str("secret ");
                write_unknown(residual, text);
            }
            _ => text.push_str(MASK),
        },
        Value::Unknown(residual) => write_unknown(residual, text),
        Value::Object(reference) => push(text, format_args!("<{}>", reference.address)),
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = text.write_fmt(arguments);
}

fn write_key(key: &str, text: &mut String) {
    let is_word = key.chars().all(|character| character.is_alphanumeric() || character == '_')
        && key.chars().next().is_some_and(|first| !first.is_numeric());
    if is_word { text.push_str(key) } else { push(text, format_args!("{key:?}")) }
}

fn bracketed(open: &str, items: &[Value], close: &str, text: &mut String) {
    text.push_str(open);
    separated(items, text);
    text.push_str(close);
}

fn separated(items: &[Value], text: &mut String) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            text.push_str(", ");
        }
        write_value(item, text);
    }
}

fn write_unknown(residual: &Residual, text: &mut String) {
    text.push('<');
    write_residual(residual, text);
    text.push('>');
}

/// A part of an unknown, without its brackets.
fn write_part(value: &Value, text: &mut String) {
    match value {
        Value::Unknown(residual) => write_residual(residual, text),
        Value::Secret(inner) if matches!(**inner, Value::Unknown(_)) => write_part(inner, text),
        Value::Object(reference) => push(text, format_args!("{}", reference.address)),
        other => write_value(other, text),
    }
}

fn write_residual(residual: &Residual, text: &mut String) {
    match residual {
        Residual::Attribute { object, path } => {
            push(text, format_args!("{object}"));
            if !path.steps().is_empty() {
                push(text, format_args!(".{path}"));
            }
        }
        Residual::Input(InputSource::EnvironmentVariable(name)) => push(text, format_args!("env_var({name:?})")),
        Residual::Input(InputSource::Secret(place)) => push(text, format_args!("secret_from({place:?})")),
        Residual::Variable(number) => push(text, format_args!("${number}")),
        Residual::Apply { operation, arguments, .. } => write_operation(operation, arguments, text),
        Residual::For(inner) => {
            push(text, format_args!("for ${}, ${} in ", inner.key_variable, inner.item_variable));
            write_part(&inner.source, text);
            if let Some(condition) = &inner.condition {
                text.push_str(" if ");
                write_part(condition, text);
            }
            text.push_str(" => ");
            if let Some(key) = &inner.key {
                text.push('[');
                write_part(key, text);
                text.push_str("] = ");
            }
            write_part(&inner.body, text);
        }
        Residual::Failure { code, message, .. } => push(text, format_args!("fails with {code}: {message}")),
    }
}

fn write_operation(operation: &Operation, arguments: &[Value], text: &mut String) {
    let name = match (operation, arguments) {
        (Operation::Binary(operator), [left, right]) => {
            text.push('(');
            write_part(left, text);
            push(text, format_args!(" {} ", operator.symbol()));
            write_part(right, text);
            return text.push(')');
        }
        (Operation::Unary(operator), [operand]) => {
            text.push_str(if *operator == UnaryOperator::Not { "!" } else { "-" });
            return write_part(operand, text);
        }
        (Operation::Member(name) | Operation::OptionalMember(name), [base]) => {
            write_part(base, text);
            let mark = if matches!(operation, Operation::OptionalMember(_)) { "?" } else { "" };
            return push(text, format_args!("{mark}.{name}"));
        }
        (Operation::Index | Operation::OptionalIndex | Operation::ChainedIndex, [base, index]) => {
            write_part(base, text);
            text.push_str(if matches!(operation, Operation::OptionalIndex) { "?[" } else { "[" });
            write_part(index, text);
            return text.push(']');
        }
        (Operation::If, [condition, then, otherwise]) => {
            text.push_str("if ");
            write_part(condition, text);
            text.push_str(" then ");
            write_part(then, text);
            text.push_str(" else ");
            return write_part(otherwise, text);
        }
        (Operation::Coerce(ty), [value]) => {
            write_part(value, text);
            return push(text, format_args!(" as {ty}"));
        }
        (Operation::Where, [value, condition, _]) => {
            write_part(value, text);
            text.push_str(" where ");
            return write_part(condition, text);
        }
        (Operation::Function(name), _) => name.as_str(),
        (Operation::Template, _) => return write_template(arguments, text),
        (Operation::Concat, _) => "concat",
        (Operation::Merge, _) => "merge",
        (Operation::MapOf, _) => "map_of",
        (Operation::Entries, _) => "entries",
        (Operation::Field(_), _) => "field",
        (Operation::Matches, _) => "matches_any",
        _ => "operation",
    };
    push(text, format_args!("{name}("));
    for (position, argument) in arguments.iter().enumerate() {
        if position > 0 {
            text.push_str(", ");
        }
        write_part(argument, text);
    }
    if let Operation::Field(name) = operation {
        push(text, format_args!(", {name:?}"));
    }
    text.push(')');
}

fn write_template(parts: &[Value], text: &mut String) {
    text.push('"');
    for part in parts {
        match part {
            Value::String(literal) => text.push_str(&literal.escape_debug().to_string()),
            other => {
                text.push_str("${");
                write_part(other, text);
                text.push('}');
            }
        }
    }
    text.push('"');
}
