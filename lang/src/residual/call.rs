//! Calls of the standard library: what they wait for, and how secrets come through them.

use super::Host;
use super::coerce::without_objects;
use super::fault::{Fault, FaultKind};
use super::operate::{MAXIMUM_ITEMS, MAXIMUM_TEXT, Outcome, is_unknown, marked};
use crate::library::{FunctionError, LibraryFunction};
use formwork_model::Value;

/// Calls `function`, or waits for what it needs.
pub(crate) fn call(host: &mut dyn Host, function: &LibraryFunction, arguments: &[Value]) -> Outcome {
    let mut secret = false;
    let mut plain = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let ready = if function.works_with_unknown_items {
            !is_unknown(argument) && !matches!(argument, Value::Object(_))
        } else if argument.is_known() {
            true
        } else {
            // Objects that are not known as a whole wait; the walk also records what the call depends on.
            without_objects(host, argument).is_known()
        };
        if !ready {
            return Ok(None);
        }
        let hidden = argument.holds_secret();
        secret |= if function.tells_no_items { matches!(argument, Value::Secret(_)) } else { hidden };
        plain.push(if hidden { bare(argument) } else { argument.clone() });
    }
    let value = host.library(function, &plain).map_err(|error| fault(function, error, secret))?;
    check_size(&value)?;
    Ok(Some(marked(value, secret)))
}

/// The value without marks, at any depth.
fn bare(value: &Value) -> Value {
    match value {
        Value::Secret(inner) => bare(inner),
        Value::List(items) => Value::List(items.iter().map(bare).collect()),
        Value::Set(items) => Value::set(items.iter().map(bare).collect::<Vec<_>>()),
        Value::Map(map) => Value::Map(map.iter().map(|(key, value)| (key.clone(), bare(value))).collect()),
        other => other.clone(),
    }
}

fn fault(function: &LibraryFunction, error: FunctionError, secret: bool) -> Fault {
    let name = function.name.to_owned();
    if secret {
        let parameter = error.argument.and_then(|argument| function.parameters.get(argument));
        let which = parameter.map_or_else(|| "an argument".into(), |parameter| format!("`{}`", parameter.name));
        let message = format!("{which} does not fit; the message is left out, since an argument is secret");
        return FaultKind::Function { name, message, help: None }.into();
    }
    FaultKind::Function { name, message: error.message, help: error.help }.into()
}

fn check_size(value: &Value) -> Result<(), Fault> {
    let what = match value {
        Value::String(text) if text.len() > MAXIMUM_TEXT => "a text has at most 16 MB",
        Value::List(items) | Value::Set(items) if items.len() > MAXIMUM_ITEMS => "a list has at most a million items",
        Value::Map(map) if map.len() > MAXIMUM_ITEMS => "a map has at most a million entries",
        _ => return Ok(()),
    };
    Err(FaultKind::TooLarge { what }.into())
}
