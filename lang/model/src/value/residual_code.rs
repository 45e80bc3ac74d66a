//! Residuals as canonical bytes: a list whose first item says what it is. Written and read without a tree in between: a
//! stack holds one for each reference.

use super::buffer::{write_list, write_string, write_value};
use super::encode::to_value_with;
use super::{Items, ObjectReference, Value, ValueRef, View};
use crate::residual::ForResidual;
use crate::{
    AttributePath, BinaryOperator, FileId, InputSource, Operation, Residual, Span, Step, Type, TypeName, UnaryOperator,
};
use ecow::{EcoString, eco_format};
use std::sync::Arc;

pub(super) fn write(residual: &Residual, bytes: &mut Vec<u8>) {
    match residual {
        Residual::Attribute { object, path } => write_list(3, bytes, |bytes| {
            write_string("attribute", bytes);
            write_string(&eco_format!("{object}"), bytes);
            write_path(path, bytes);
        }),
        Residual::Input(InputSource::EnvironmentVariable(name)) => write_strings(&["env", name], bytes),
        Residual::Input(InputSource::Secret(source)) => write_strings(&["secret", source], bytes),
        Residual::Variable(number) => write_list(2, bytes, |bytes| {
            write_string("variable", bytes);
            write_number(*number, bytes);
        }),
        Residual::Apply { operation, arguments, span } => write_list(4, bytes, |bytes| {
            write_string("apply", bytes);
            write_operation(operation, bytes);
            write_values(arguments, bytes);
            write_span(*span, bytes);
        }),
        Residual::For(inner) => write_list(7, bytes, |bytes| {
            write_string("for", bytes);
            write_value(&inner.source, bytes);
            write_number(inner.key_variable, bytes);
            write_number(inner.item_variable, bytes);
            write_values(inner.condition.as_slice(), bytes);
            write_values(inner.key.as_slice(), bytes);
            write_value(&inner.body, bytes);
        }),
        Residual::Failure { code, message, span } => write_list(4, bytes, |bytes| {
            write_string("failure", bytes);
            write_string(code, bytes);
            write_string(message, bytes);
            write_span(*span, bytes);
        }),
    }
}

pub(super) fn write_object(reference: &ObjectReference, bytes: &mut Vec<u8>) {
    let ObjectReference { address, type_name } = reference;
    write_strings(&["object", &eco_format!("{address}"), &type_name.provider, &type_name.name], bytes);
}

fn write_strings(texts: &[&str], bytes: &mut Vec<u8>) {
    write_list(texts.len(), bytes, |bytes| texts.iter().for_each(|text| write_string(text, bytes)));
}

fn write_values(values: &[Value], bytes: &mut Vec<u8>) {
    write_list(values.len(), bytes, |bytes| values.iter().for_each(|value| write_value(value, bytes)));
}

fn write_number(number: u32, bytes: &mut Vec<u8>) {
    write_value(&Value::Int(i64::from(number)), bytes);
}

fn write_path(path: &AttributePath, bytes: &mut Vec<u8>) {
    write_list(path.steps().len(), bytes, |bytes| {
        for step in path.steps() {
            match step {
                Step::Member(name) => write_strings(&["m", name], bytes),
                Step::Key(key) => write_strings(&["k", key], bytes),
                Step::Index(index) => write_number(*index, bytes),
                Step::Each => write_value(&Value::Null, bytes),
            }
        }
    });
}

fn write_span(span: Option<Span>, bytes: &mut Vec<u8>) {
    match span {
        Some(span) => write_list(3, bytes, |bytes| {
            [span.file.0, span.start, span.end].into_iter().for_each(|number| write_number(number, bytes));
        }),
        None => write_value(&Value::Null, bytes),
    }
}

fn write_operation(operation: &Operation, bytes: &mut Vec<u8>) {
    match operation {
        Operation::Function(name) => write_strings(&["function", name], bytes),
        Operation::Binary(operator) => write_strings(&["binary", operator.symbol()], bytes),
        Operation::Unary(UnaryOperator::Not) => write_strings(&["not"], bytes),
        Operation::Unary(UnaryOperator::Negate) => write_strings(&["negate"], bytes),
        Operation::Template => write_strings(&["template"], bytes),
        Operation::Member(name) => write_strings(&["member", name], bytes),
        Operation::OptionalMember(name) => write_strings(&["member?", name], bytes),
        Operation::Index => write_strings(&["index"], bytes),
        Operation::OptionalIndex => write_strings(&["index?"], bytes),
        Operation::ChainedIndex => write_strings(&["index.."], bytes),
        Operation::Field(name) => write_strings(&["field", name], bytes),
        Operation::If => write_strings(&["if"], bytes),
        Operation::Concat => write_strings(&["concat"], bytes),
        Operation::Merge => write_strings(&["merge"], bytes),
        Operation::MapOf => write_strings(&["map"], bytes),
        Operation::Entries => write_strings(&["entries"], bytes),
        Operation::Coerce(ty) => write_list(2, bytes, |bytes| {
            write_string("coerce", bytes);
            write_value(&to_value_with(ty).unwrap_or(Value::Null), bytes);
        }),
        Operation::Where => write_strings(&["where"], bytes),
        Operation::Matches => write_strings(&["matches"], bytes),
    }
}

/// Reads what [`write`] and [`write_object`] wrote. Bytes that are no residual (a plan file of a broken writer) give a
/// failure that is reported when it is resolved.
pub(super) fn read(value: ValueRef<'_>) -> Value {
    let mut items = value.items();
    let kind = items.next().and_then(ValueRef::as_str).unwrap_or_default();
    if kind == "object"
        && let Some(reference) = object_from(items)
    {
        return Value::Object(Arc::new(reference));
    }
    let residual = residual_from(kind, items).unwrap_or_else(|| Residual::Failure {
        code: "E1090".into(),
        message: "the plan file holds an expression that this version does not understand".into(),
        span: None,
    });
    Value::Unknown(Arc::new(residual))
}

fn object_from(mut items: Items<'_>) -> Option<ObjectReference> {
    let address = items.next()?.as_str()?.parse().ok()?;
    let type_name = TypeName::new(next_text(&mut items)?, next_text(&mut items)?);
    Some(ObjectReference { address, type_name })
}

/// The residual of a kind; `items` stand behind that.
fn residual_from(kind: &str, mut items: Items<'_>) -> Option<Residual> {
    let items = &mut items;
    Some(match kind {
        "attribute" => {
            Residual::Attribute { object: items.next()?.as_str()?.parse().ok()?, path: path_from(items.next()?)? }
        }
        "env" => Residual::Input(InputSource::EnvironmentVariable(next_text(items)?)),
        "secret" => Residual::Input(InputSource::Secret(next_text(items)?)),
        "variable" => Residual::Variable(number(items.next()?)?),
        "apply" => Residual::Apply {
            operation: operation_from(list(items.next()?)?)?,
            arguments: list(items.next()?)?.map(ValueRef::to_value).collect(),
            span: span_from(items.next()?),
        },
        "for" => Residual::For(Arc::new(ForResidual {
            source: items.next()?.to_value(),
            key_variable: number(items.next()?)?,
            item_variable: number(items.next()?)?,
            condition: list(items.next()?)?.next().map(ValueRef::to_value),
            key: list(items.next()?)?.next().map(ValueRef::to_value),
            body: items.next()?.to_value(),
        })),
        "failure" => {
            Residual::Failure { code: next_text(items)?, message: next_text(items)?, span: span_from(items.next()?) }
        }
        _ => return None,
    })
}

fn list(value: ValueRef<'_>) -> Option<Items<'_>> {
    match value.view() {
        View::List(items) => Some(items),
        _ => None,
    }
}

fn next_text(items: &mut Items<'_>) -> Option<EcoString> {
    items.next()?.as_str().map(EcoString::from)
}

fn number(value: ValueRef<'_>) -> Option<u32> {
    match value.view() {
        View::Int(number) => u32::try_from(number).ok(),
        _ => None,
    }
}

fn path_from(value: ValueRef<'_>) -> Option<AttributePath> {
    list(value)?.map(step_from).collect()
}

fn step_from(value: ValueRef<'_>) -> Option<Step> {
    match value.view() {
        View::Null => Some(Step::Each),
        View::Int(_) => number(value).map(Step::Index),
        View::List(mut items) => match items.next()?.as_str()? {
            "m" => next_text(&mut items).map(Step::Member),
            _ => next_text(&mut items).map(Step::Key),
        },
        _ => None,
    }
}

fn span_from(value: ValueRef<'_>) -> Option<Span> {
    let mut numbers = list(value)?.map(number);
    Some(Span::new(FileId(numbers.next()??), numbers.next()??, numbers.next()??))
}

fn operation_from(mut items: Items<'_>) -> Option<Operation> {
    let items = &mut items;
    Some(match items.next()?.as_str()? {
        "function" => Operation::Function(next_text(items)?),
        "binary" => {
            let symbol = items.next()?.as_str()?;
            Operation::Binary(BinaryOperator::ALL.into_iter().find(|operator| operator.symbol() == symbol)?)
        }
        "not" => Operation::Unary(UnaryOperator::Not),
        "negate" => Operation::Unary(UnaryOperator::Negate),
        "template" => Operation::Template,
        "member" => Operation::Member(next_text(items)?),
        "member?" => Operation::OptionalMember(next_text(items)?),
        "index" => Operation::Index,
        "index?" => Operation::OptionalIndex,
        "index.." => Operation::ChainedIndex,
        "field" => Operation::Field(next_text(items)?),
        "if" => Operation::If,
        "concat" => Operation::Concat,
        "merge" => Operation::Merge,
        "map" => Operation::MapOf,
        "entries" => Operation::Entries,
        "coerce" => Operation::Coerce(items.next()?.decode::<Type>().ok()?),
        "where" => Operation::Where,
        "matches" => Operation::Matches,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueBuf;
    use crate::{Address, ModulePath, ObjectKind};
    use ecow::EcoVec;

    fn attribute() -> Value {
        let object = Address::new(ModulePath::root().child("net", Some("eu".into())), ObjectKind::Data, "zone");
        let path = [Step::Member("rules".into()), Step::Index(300), Step::Key("a.b".into()), Step::Each];
        Value::attribute(object.with_key("x"), path.into_iter().collect())
    }

    fn operations() -> Vec<Operation> {
        let binary = BinaryOperator::ALL.into_iter().map(Operation::Binary);
        let coerced = Type::Optional(Arc::new(Type::List(Arc::new(Type::String))));
        let rest = [
            Operation::Function("max".into()),
            Operation::Unary(UnaryOperator::Not),
            Operation::Unary(UnaryOperator::Negate),
            Operation::Template,
            Operation::Member("id".into()),
            Operation::OptionalMember("id".into()),
            Operation::Index,
            Operation::OptionalIndex,
            Operation::ChainedIndex,
            Operation::Field("id".into()),
            Operation::If,
            Operation::Concat,
            Operation::Merge,
            Operation::MapOf,
            Operation::Entries,
            Operation::Coerce(coerced),
            Operation::Where,
            Operation::Matches,
        ];
        binary.chain(rest).collect()
    }

    fn residuals() -> Vec<Residual> {
        let span = Some(Span::new(FileId(1), 20, 300));
        let input = Value::Unknown(Arc::new(Residual::Input(InputSource::Secret("env:TOKEN".into()))));
        let apply = |operation| Residual::Apply {
            operation,
            arguments: EcoVec::from([attribute(), Value::Int(2), input.clone()].as_slice()),
            span,
        };
        let waiting = ForResidual {
            source: attribute(),
            key_variable: 4,
            item_variable: 5,
            condition: Some(Value::Unknown(Arc::new(Residual::Variable(5)))),
            key: None,
            body: input.clone(),
        };
        let rest = [
            Residual::Input(InputSource::EnvironmentVariable("HOME".into())),
            Residual::For(Arc::new(waiting)),
            Residual::Failure { code: "E1001".into(), message: "x".repeat(200).into(), span: None },
        ];
        operations().into_iter().map(apply).chain(rest).collect()
    }

    #[test]
    fn every_residual_comes_back() {
        for residual in residuals() {
            let value = Value::Unknown(Arc::new(residual));
            let buffer = ValueBuf::from(&value);
            assert_eq!(buffer.to_value(), value);
            assert_eq!(ValueBuf::from_bytes(buffer.as_bytes().to_vec()).as_ref(), Ok(&buffer));
        }
    }

    #[test]
    fn a_list_of_another_kind_is_a_failure() {
        for items in [vec!["later"], vec![], vec!["attribute", "a b"], vec!["apply"], vec!["object", "a"]] {
            let mut bytes = Vec::new();
            super::super::buffer::framed(super::super::buffer::UNKNOWN, &mut bytes, |bytes| {
                write_strings(&items, bytes);
            });
            let read = ValueBuf::from_bytes(bytes).map(|buffer| buffer.to_value());
            let Ok(Value::Unknown(residual)) = &read else { panic!("{items:?}: {read:?}") };
            assert!(matches!(residual.as_ref(), Residual::Failure { .. }), "{items:?}: {residual:?}");
        }
    }
}
