//! Residuals as canonical bytes: a list whose first item says what it is.

use super::buffer::write_value;
use super::encode::to_value_with;
use super::{ObjectReference, Value, ValueRef};
use crate::residual::ForResidual;
use crate::{
    Address, AttributePath, BinaryOperator, FileId, InputSource, Operation, Residual, Span, Step, Type, TypeName,
    UnaryOperator,
};
use ecow::EcoString;
use std::sync::Arc;

pub(super) fn write(residual: &Residual, bytes: &mut Vec<u8>) {
    write_value(&to_value(residual), bytes);
}

pub(super) fn write_object(reference: &ObjectReference, bytes: &mut Vec<u8>) {
    let items = [
        text("object"),
        display(&reference.address),
        display(&reference.type_name.provider),
        display(&reference.type_name.name),
    ];
    write_value(&Value::list(items), bytes);
}

/// Reads what [`write`] wrote. Bytes that are no residual (a plan file of a broken writer) give a failure that is
/// reported when it is resolved.
pub(super) fn read(value: ValueRef<'_>) -> Value {
    let items: Vec<Value> = value.items().map(ValueRef::to_value).collect();
    if let [Value::String(kind), Value::String(address), Value::String(provider), Value::String(name)] =
        items.as_slice()
        && kind == "object"
        && let Ok(address) = address.parse()
    {
        let type_name = TypeName::new(provider.clone(), name.clone());
        return Value::Object(Arc::new(ObjectReference { address, type_name }));
    }
    let residual = from_items(&items).unwrap_or_else(|| Residual::Failure {
        code: "E1090".into(),
        message: "the plan file holds an expression that this version does not understand".into(),
        span: None,
    });
    Value::Unknown(Arc::new(residual))
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn display(value: &impl ToString) -> Value {
    Value::string(value.to_string())
}

fn to_value(residual: &Residual) -> Value {
    match residual {
        Residual::Attribute { object, path } => Value::list([text("attribute"), display(object), path_value(path)]),
        Residual::Input(InputSource::EnvironmentVariable(name)) => {
            Value::list([text("env"), Value::String(name.clone())])
        }
        Residual::Input(InputSource::Secret(source)) => Value::list([text("secret"), Value::String(source.clone())]),
        Residual::Variable(number) => Value::list([text("variable"), Value::Int(i64::from(*number))]),
        Residual::Apply { operation, arguments, span } => {
            Value::list([text("apply"), operation_value(operation), Value::List(arguments.clone()), span_value(*span)])
        }
        Residual::For(inner) => Value::list([
            text("for"),
            inner.source.clone(),
            Value::Int(i64::from(inner.key_variable)),
            Value::Int(i64::from(inner.item_variable)),
            Value::list(inner.condition.clone()),
            Value::list(inner.key.clone()),
            inner.body.clone(),
        ]),
        Residual::Failure { code, message, span } => Value::list([
            text("failure"),
            Value::String(code.clone()),
            Value::String(message.clone()),
            span_value(*span),
        ]),
    }
}

fn path_value(path: &AttributePath) -> Value {
    Value::list(path.steps().iter().map(|step| match step {
        Step::Member(name) => Value::list([text("m"), Value::String(name.clone())]),
        Step::Key(key) => Value::list([text("k"), Value::String(key.clone())]),
        Step::Index(index) => Value::Int(i64::from(*index)),
        Step::Each => Value::Null,
    }))
}

fn span_value(span: Option<Span>) -> Value {
    span.map_or(Value::Null, |span| {
        Value::list([span.file.0, span.start, span.end].map(|number| Value::Int(i64::from(number))))
    })
}

fn operation_value(operation: &Operation) -> Value {
    let one = |name: &str| Value::list([text(name)]);
    match operation {
        Operation::Function(name) => Value::list([text("function"), Value::String(name.clone())]),
        Operation::Binary(operator) => Value::list([text("binary"), text(operator.symbol())]),
        Operation::Unary(UnaryOperator::Not) => one("not"),
        Operation::Unary(UnaryOperator::Negate) => one("negate"),
        Operation::Template => one("template"),
        Operation::Member(name) => Value::list([text("member"), Value::String(name.clone())]),
        Operation::OptionalMember(name) => Value::list([text("member?"), Value::String(name.clone())]),
        Operation::Index => one("index"),
        Operation::OptionalIndex => one("index?"),
        Operation::ChainedIndex => one("index.."),
        Operation::Field(name) => Value::list([text("field"), Value::String(name.clone())]),
        Operation::If => one("if"),
        Operation::Concat => one("concat"),
        Operation::Merge => one("merge"),
        Operation::MapOf => one("map"),
        Operation::Entries => one("entries"),
        Operation::Coerce(ty) => Value::list([text("coerce"), to_value_with(ty).unwrap_or(Value::Null)]),
        Operation::Where => one("where"),
        Operation::Matches => one("matches"),
    }
}

fn from_items(items: &[Value]) -> Option<Residual> {
    let kind = items.first()?.as_str()?;
    let name = |index: usize| items.get(index)?.as_str().map(EcoString::from);
    Some(match kind {
        "attribute" => {
            Residual::Attribute { object: name(1)?.parse::<Address>().ok()?, path: path_from(items.get(2)?)? }
        }
        "env" => Residual::Input(InputSource::EnvironmentVariable(name(1)?)),
        "secret" => Residual::Input(InputSource::Secret(name(1)?)),
        "variable" => Residual::Variable(number(items.get(1)?)?),
        "apply" => Residual::Apply {
            operation: operation_from(items.get(1)?.as_items()?)?,
            arguments: items.get(2)?.as_items()?.iter().cloned().collect(),
            span: span_from(items.get(3)?),
        },
        "for" => Residual::For(Arc::new(ForResidual {
            source: items.get(1)?.clone(),
            key_variable: number(items.get(2)?)?,
            item_variable: number(items.get(3)?)?,
            condition: items.get(4)?.as_items()?.first().cloned(),
            key: items.get(5)?.as_items()?.first().cloned(),
            body: items.get(6)?.clone(),
        })),
        "failure" => Residual::Failure { code: name(1)?, message: name(2)?, span: span_from(items.get(3)?) },
        _ => return None,
    })
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Int(number) => u32::try_from(*number).ok(),
        _ => None,
    }
}

fn path_from(value: &Value) -> Option<AttributePath> {
    value
        .as_items()?
        .iter()
        .map(|step| match step {
            Value::Null => Some(Step::Each),
            Value::Int(_) => number(step).map(Step::Index),
            other => match other.as_items()? {
                [Value::String(kind), Value::String(name)] if kind == "m" => Some(Step::Member(name.clone())),
                [_, Value::String(name)] => Some(Step::Key(name.clone())),
                _ => None,
            },
        })
        .collect()
}

fn span_from(value: &Value) -> Option<Span> {
    match value.as_items()? {
        [file, start, end] => Some(Span::new(FileId(number(file)?), number(start)?, number(end)?)),
        _ => None,
    }
}

fn operation_from(items: &[Value]) -> Option<Operation> {
    let argument = || items.get(1)?.as_str().map(EcoString::from);
    Some(match items.first()?.as_str()? {
        "function" => Operation::Function(argument()?),
        "binary" => {
            let symbol = argument()?;
            Operation::Binary(BinaryOperator::ALL.into_iter().find(|operator| operator.symbol() == symbol)?)
        }
        "not" => Operation::Unary(UnaryOperator::Not),
        "negate" => Operation::Unary(UnaryOperator::Negate),
        "template" => Operation::Template,
        "member" => Operation::Member(argument()?),
        "member?" => Operation::OptionalMember(argument()?),
        "index" => Operation::Index,
        "index?" => Operation::OptionalIndex,
        "index.." => Operation::ChainedIndex,
        "field" => Operation::Field(argument()?),
        "if" => Operation::If,
        "concat" => Operation::Concat,
        "merge" => Operation::Merge,
        "map" => Operation::MapOf,
        "entries" => Operation::Entries,
        "coerce" => {
            let buffer = super::ValueBuf::from(items.get(1)?);
            Operation::Coerce(buffer.view().decode::<Type>().ok()?)
        }
        "where" => Operation::Where,
        "matches" => Operation::Matches,
        _ => return None,
    })
}
