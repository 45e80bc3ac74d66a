//! Evaluates calls of library functions on literals, without checker and evaluator: the functions are tried alone.

use crate::files;
use formwork_lang::library::{self, Environment, LibraryFunction, equal};
use formwork_lang::syntax::parse_expression;
use formwork_lang::tree::{Argument, Entry, Expression, ExpressionKind, Key, TemplatePart};
use formwork_model::{BinaryOperator, FileId, UnaryOperator, Value};

/// Why there is no value.
pub(crate) struct Failure {
    /// Name of the parameter that is to blame.
    pub(crate) parameter: Option<String>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

fn broken(message: impl Into<String>) -> Failure {
    Failure { parameter: None, message: message.into(), help: None }
}

/// The value of an expression of literals and calls.
pub(crate) fn text(expression: &str) -> Result<Value, Failure> {
    let tree = parse_expression(FileId(0), expression)
        .map_err(|errors| broken(format!("`{expression}` is no expression: {}", errors[0].message)))?;
    value_of(&tree)
}

fn value_of(expression: &Expression) -> Result<Value, Failure> {
    Ok(match &expression.kind {
        ExpressionKind::Null => Value::Null,
        ExpressionKind::Bool(truth) => Value::Bool(*truth),
        ExpressionKind::Int(number) => Value::Int(*number),
        ExpressionKind::Float(number) => Value::Float(*number),
        ExpressionKind::Duration(milliseconds) => Value::Duration(*milliseconds),
        ExpressionKind::String(text) => Value::String(text.clone()),
        ExpressionKind::Parenthesised(inner) => value_of(inner)?,
        ExpressionKind::Template(parts) => Value::string(parts.iter().map(part).collect::<Result<String, _>>()?),
        ExpressionKind::List(items) => {
            Value::list(items.iter().map(|item| value_of(&item.value)).collect::<Result<Vec<_>, _>>()?)
        }
        ExpressionKind::Record(entries) => record(entries)?,
        ExpressionKind::Call { function, arguments } => call(&function.text, arguments)?,
        ExpressionKind::Member { base, name, .. } => {
            let base = value_of(base)?;
            base.as_map().and_then(|map| map.get(&name.text)).cloned().ok_or_else(|| broken("no such member"))?
        }
        ExpressionKind::Unary { operator: UnaryOperator::Negate, operand } => match value_of(operand)? {
            Value::Int(number) => Value::Int(number.wrapping_neg()),
            Value::Float(number) => Value::Float(-number),
            Value::Duration(milliseconds) => Value::Duration(-milliseconds),
            _ => return Err(broken("`-` takes numbers")),
        },
        ExpressionKind::Binary { operator, left, right, .. } => binary(*operator, &value_of(left)?, &value_of(right)?)?,
        other => return Err(broken(format!("not a literal: {other:?}"))),
    })
}

fn record(entries: &[Entry]) -> Result<Value, Failure> {
    let entry = |entry: &Entry| match entry {
        Entry::Field { key: Key::Literal(word), value } => Ok((word.text.clone(), value_of(value)?)),
        other => Err(broken(format!("not a literal: {other:?}"))),
    };
    Ok(Value::map(entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?))
}

fn part(part: &TemplatePart) -> Result<String, Failure> {
    match part {
        TemplatePart::Text(text) => Ok(text.to_string()),
        TemplatePart::Interpolation(inner) => {
            library::scalar(&value_of(inner)?).map(Into::into).ok_or_else(|| broken("cannot be interpolated"))
        }
    }
}

fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, Failure> {
    match operator {
        BinaryOperator::Equal => equal(left, right).map(Value::Bool).ok_or_else(|| broken("not known")),
        BinaryOperator::Greater => Ok(Value::Bool(library::compare(left, right).is_some_and(|order| order.is_gt()))),
        other => Err(broken(format!("no literal: {}", other.symbol()))),
    }
}

fn call(name: &str, arguments: &[Argument]) -> Result<Value, Failure> {
    let function = library::find(name).ok_or_else(|| broken(format!("there is no function `{name}`")))?;
    let bound = bind(function, arguments)?;
    let mut read = |path: &str| files::read(path);
    let mut list = |path: &str| files::list(path);
    let mut environment = Environment { module_directory: "", read_file: &mut read, list_directory: &mut list };
    (function.call)(&mut environment, &bound).map_err(|error| Failure {
        parameter: error.argument.map(|index| {
            let last = function.parameters.len() - 1;
            function.parameters[index.min(last)].name.to_owned()
        }),
        message: error.message,
        help: error.help,
    })
}

/// The arguments in the order of the parameters; no secret marks, as the evaluator promises.
fn bind(function: &LibraryFunction, arguments: &[Argument]) -> Result<Vec<Value>, Failure> {
    let mut positional = arguments.iter().filter(|argument| argument.name.is_none());
    let mut bound = Vec::new();
    for parameter in function.parameters {
        let named =
            arguments.iter().find(|argument| argument.name.as_ref().is_some_and(|name| name.text == parameter.name));
        bound.push(if parameter.variadic {
            Value::list(positional.by_ref().map(|argument| plain(&argument.value)).collect::<Result<Vec<_>, _>>()?)
        } else if let Some(argument) = named.or_else(|| positional.next()) {
            plain(&argument.value)?
        } else {
            let default = parameter.default.ok_or_else(|| broken(format!("`{}` is missing", parameter.name)))?;
            text(default)?
        });
    }
    if positional.next().is_some() {
        return Err(broken("there are too many arguments"));
    }
    Ok(bound)
}

fn plain(expression: &Expression) -> Result<Value, Failure> {
    Ok(value_of(expression)?.exposed().clone())
}
