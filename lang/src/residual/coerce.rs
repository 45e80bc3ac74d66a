//! Making a value fit a type: fills in the defaults of records, checks texts, turns objects into identities and lists
//! into sets. Parts that are not known yet are checked when they are.

use super::fault::{Fault, FaultKind, nearest};
use super::operate::kind_name;
use super::{Host, wait};
use crate::library::{FunctionError, check_cidr, check_ip, check_url};
use ecow::EcoVec;
use formwork_model::residual::ForResidual;
use formwork_model::{Field, Literal, Map, Operation, RecordType, Residual, Span, Step, Type, Value};
use std::sync::Arc;

/// Makes `value` fit `ty`.
pub(crate) fn coerce(host: &mut dyn Host, value: Value, ty: &Type, span: Option<Span>) -> Result<Value, Fault> {
    if fits_plainly(&value, ty) {
        return Ok(value);
    }
    match (value, ty) {
        // Nobody knows what it should be, which was told.
        (_, Type::Error) => Err(Fault::reported()),
        (value, Type::Any) if holds_object(&value) => Ok(without_objects(host, &value)),
        (value, Type::Any) => Ok(value),
        (value, Type::Secret(inner)) => Ok(coerce(host, value.exposed().clone(), inner, span).map_err(hide)?.secret()),
        (Value::Secret(inner), ty) => Ok(coerce(host, inner.as_ref().clone(), ty, span).map_err(hide)?.secret()),
        (Value::Unknown(residual), ty) => unknown(host, residual, ty, span),
        (Value::Null, ty) if ty.holds_null() => Ok(Value::Null),
        (Value::Null, ty) => Err(FaultKind::Null { wanted: ty.to_string() }.into()),
        (value, Type::Optional(inner)) => coerce(host, value, inner, span),
        (Value::Object(reference), Type::Object(_)) => Ok(Value::Object(reference)),
        (Value::Object(reference), Type::Reference(_)) => Ok(host.identity(&reference)),
        (value @ Value::Object(_), Type::String) => coerce(host, value, &Type::Reference(Arc::new([])), span),
        (value @ Value::Map(_), Type::Module(_) | Type::Object(_)) => Ok(value),
        (Value::Map(map), Type::Record(record)) => fields(host, &map, record, span),
        (Value::Map(map), Type::Map(entry)) => entries(host, map, entry, span),
        (Value::List(list), Type::List(item)) => Ok(Value::List(items(host, &list, item, span)?)),
        (Value::List(list) | Value::Set(list), Type::Set(item)) => Ok(Value::set(items(host, &list, item, span)?)),
        (value, ty) => scalar(value, ty),
    }
}

/// The most frequent cases, decided without taking anything apart.
fn fits_plainly(value: &Value, ty: &Type) -> bool {
    matches!(
        (value, ty),
        (Value::String(_), Type::String | Type::Any | Type::Reference(_))
            | (Value::Int(_), Type::Int | Type::Any)
            | (Value::Bool(_), Type::Bool | Type::Any)
            | (Value::Float(_), Type::Float | Type::Any)
            | (Value::Duration(_), Type::Duration | Type::Any)
            | (Value::Null, Type::Null | Type::Any | Type::Optional(_))
    )
}

/// A message about a secret must not quote it.
fn hide(fault: Fault) -> Fault {
    fault.each(hidden)
}

fn hidden(fault: Fault) -> Fault {
    let kind = match fault.kind() {
        FaultKind::Malformed { expected, example, .. } => FaultKind::Malformed {
            expected,
            example,
            text: "the secret text".into(),
            reason: "it has the wrong form".into(),
        },
        FaultKind::WrongType { expected, .. } => {
            FaultKind::WrongType { expected: expected.clone(), found: "a secret of another type".into() }
        }
        FaultKind::UnknownField { .. } => {
            FaultKind::UnknownField { name: formwork_model::value::MASK.into(), nearest: None, known: Vec::new() }
        }
        _ => return fault,
    };
    fault.with(kind)
}

fn scalar(value: Value, ty: &Type) -> Result<Value, Fault> {
    match (&value, ty) {
        (Value::Int(number), Type::Float) => Ok(Value::Float(*number as f64)),
        (Value::Int(number), Type::Literal(Literal::Int(other))) if number == other => Ok(value),
        (Value::String(text), Type::Literal(Literal::String(other))) if text == other => Ok(value),
        (Value::Bool(truth), Type::Literal(Literal::Bool(other))) if truth == other => Ok(value),
        (_, Type::Union(members)) if members.iter().any(|member| is_literal(&value, member)) => Ok(value),
        (Value::String(text), Type::Cidr) => checked(check_cidr, "cidr", "10.0.0.0/16", text).map(|()| value),
        (Value::String(text), Type::Ip) => checked(check_ip, "ip", "10.0.0.4", text).map(|()| value),
        (Value::String(text), Type::Url) => checked(check_url, "url", "https://example.com/path", text).map(|()| value),
        _ => Err(mismatch(&value, ty)),
    }
}

fn mismatch(value: &Value, ty: &Type) -> Fault {
    let quoted = matches!(ty, Type::Literal(_) | Type::Union(_))
        && matches!(value, Value::String(_) | Value::Int(_) | Value::Bool(_));
    let found = if quoted { format!("{value:?}") } else { kind_name(value).to_owned() };
    FaultKind::WrongType { expected: ty.to_string(), found }.into()
}

/// Whether a value is the literal.
pub(crate) fn is_literal(value: &Value, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::String(text), Literal::String(other)) => text == other,
        (Value::Int(number), Literal::Int(other)) => number == other,
        (Value::Bool(truth), Literal::Bool(other)) => truth == other,
        _ => false,
    }
}

/// The library's check of a text, as a fault of the value.
fn checked<T>(
    check: fn(&str) -> Result<T, FunctionError>,
    expected: &'static str,
    example: &'static str,
    text: &str,
) -> Result<(), Fault> {
    check(text).map(drop).map_err(|error| {
        let reason = error.reason(text);
        FaultKind::Malformed { expected, example, text: format!("{text:?}"), reason }.into()
    })
}

fn items(host: &mut dyn Host, list: &[Value], ty: &Type, span: Option<Span>) -> Result<EcoVec<Value>, Fault> {
    let each = (0_u32..).zip(list);
    parts(
        each.map(|(index, item)| {
            coerce(host, item.clone(), ty, span).map_err(|fault| fault.within(Step::Index(index)))
        }),
    )
}

/// The parts of a value, or what is wrong with any of them: one does not hide the others.
fn parts<T, C: FromIterator<T>>(each: impl Iterator<Item = Result<T, Fault>>) -> Result<C, Fault> {
    let mut wrong: Option<Fault> = None;
    let right = each.filter_map(|part| match part {
        Ok(part) => Some(part),
        Err(fault) => {
            wrong = Some(together(wrong.take(), fault));
            None
        }
    });
    let right = right.collect();
    wrong.map_or(Ok(right), Err)
}

fn together(before: Option<Fault>, fault: Fault) -> Fault {
    match before {
        Some(before) => before.and(fault),
        None => fault,
    }
}

fn entries(host: &mut dyn Host, map: Map, ty: &Type, span: Option<Span>) -> Result<Value, Fault> {
    if map.values().all(|value| fits_plainly(value, ty)) {
        return Ok(Value::Map(map));
    }
    let each = map.into_iter().map(|(key, value)| match coerce(host, value, ty, span) {
        Ok(value) => Ok((key, value)),
        Err(fault) => Err(fault.within(Step::Key(key))),
    });
    parts(each).map(Value::Map)
}

fn fields(host: &mut dyn Host, map: &Map, record: &Arc<RecordType>, span: Option<Span>) -> Result<Value, Fault> {
    if let Some(name) = map.keys().find(|key| record.field(key).is_none()) {
        let known: Vec<String> = record.fields.iter().map(|field| field.name.to_string()).collect();
        let nearest = nearest(name, known.iter().map(String::as_str));
        return Err(FaultKind::UnknownField { name: name.clone(), nearest, known }.into());
    }
    let mut result = Map::new();
    let mut wrong: Option<Fault> = None;
    for (position, field) in record.fields.iter().enumerate() {
        let value = match map.get(&field.name) {
            Some(value) => coerce(host, value.clone(), &field.ty, span)
                .map(Some)
                .map_err(|fault| fault.within(Step::Member(field.name.clone()))),
            // A default may use the fields before it.
            None if wrong.is_some() && field.optional => Ok(None),
            None => absent_field(host, record, position, field, &result),
        };
        match value {
            Ok(Some(value)) => drop(result.insert(field.name.clone(), value)),
            Ok(None) => {}
            Err(fault) => wrong = Some(together(wrong, fault)),
        }
    }
    if let Some(fault) = wrong {
        return Err(fault);
    }
    match record.declaration {
        Some(declaration) => host.conditions(declaration, result, span),
        None => Ok(Value::Map(result)),
    }
}

/// What a field is that was not given: its default; null for `name?: T`; nothing for an attribute of a schema.
fn absent_field(
    host: &mut dyn Host,
    record: &RecordType,
    position: usize,
    field: &Field,
    before: &Map,
) -> Result<Option<Value>, Fault> {
    if let Some(declaration) = record.declaration
        && let Some(default) = host.default(declaration, position, before)?
    {
        return Ok(Some(default));
    }
    match (field.optional, field.span.is_some()) {
        (true, true) => Ok(Some(Value::Null)),
        (true, false) => Ok(None),
        (false, _) => {
            Err(FaultKind::MissingField { name: field.name.clone(), ty: format!("of type {}", field.ty) }.into())
        }
    }
}

/// Objects stand for all their attributes where anything is taken.
pub(crate) fn without_objects(host: &mut dyn Host, value: &Value) -> Value {
    match value {
        Value::Object(reference) => host.whole(reference),
        Value::List(items) => Value::List(items.iter().map(|item| without_objects(host, item)).collect()),
        Value::Set(items) => Value::set(items.iter().map(|item| without_objects(host, item)).collect::<Vec<_>>()),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(key, value)| (key.clone(), without_objects(host, value))).collect())
        }
        Value::Secret(inner) => without_objects(host, inner).secret(),
        other => other.clone(),
    }
}

fn unknown(host: &mut dyn Host, residual: Arc<Residual>, ty: &Type, span: Option<Span>) -> Result<Value, Fault> {
    // Inputs are texts.
    let is_text = matches!((&*residual, ty), (Residual::Input(_), Type::String));
    if is_text || matches!(ty, Type::Object(_) | Type::Module(_)) || matches!(*residual, Residual::Failure { .. }) {
        return Ok(Value::Unknown(residual));
    }
    if let Some(value) = distribute(host, &residual, ty, span)? {
        return Ok(value);
    }
    if is_declared(ty) {
        return expand(host, Value::Unknown(residual), ty, span);
    }
    Ok(wait(Operation::Coerce(ty.clone()), [Value::Unknown(residual)], span))
}

/// Objects in the branches of a choice become identities at once: later nobody knows their schema.
fn distribute(host: &mut dyn Host, residual: &Residual, ty: &Type, span: Option<Span>) -> Result<Option<Value>, Fault> {
    let Residual::Apply { operation, arguments, span: place } = residual else { return Ok(None) };
    if !arguments.iter().any(holds_object) {
        return Ok(None);
    }
    let skipped = match operation {
        Operation::If => 1,
        Operation::Binary(formwork_model::BinaryOperator::Coalesce) => 0,
        Operation::Index | Operation::OptionalIndex | Operation::ChainedIndex => {
            let mut parts = arguments.iter().cloned();
            let (Some(base), Some(index)) = (parts.next(), parts.next()) else { return Ok(None) };
            let base = coerce(host, base, &Type::map(ty.clone()), span)?;
            return Ok(Some(wait(operation.clone(), [base, index], *place)));
        }
        _ => return Ok(None),
    };
    let nullable = if skipped == 0 { ty.clone().optional() } else { ty.clone() };
    let mut results = EcoVec::new();
    for (position, argument) in arguments.iter().enumerate() {
        let wanted = if position == 0 && skipped == 0 { &nullable } else { ty };
        results.push(if position < skipped { argument.clone() } else { coerce(host, argument.clone(), wanted, span)? });
    }
    Ok(Some(wait(operation.clone(), results, *place)))
}

pub(super) fn holds_object(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::List(items) | Value::Set(items) => items.iter().any(holds_object),
        Value::Map(map) => map.values().any(holds_object),
        Value::Secret(inner) => holds_object(inner),
        Value::Unknown(residual) => {
            matches!(&**residual, Residual::Apply { arguments, .. } if arguments.iter().any(holds_object))
        }
        _ => false,
    }
}

/// Whether defaults or conditions of the program belong to the type.
fn is_declared(ty: &Type) -> bool {
    match ty {
        Type::Record(record) => {
            record.declaration.is_some()
                || record.fields.iter().any(|field| is_declared(&field.ty) || fills_null(field))
        }
        Type::Optional(inner) | Type::List(inner) | Type::Set(inner) | Type::Map(inner) | Type::Secret(inner) => {
            is_declared(inner)
        }
        _ => false,
    }
}

const fn fills_null(field: &Field) -> bool {
    field.optional && field.span.is_some()
}

/// A value that is not known, taken apart along its type, so that what the program says of the type (which is not at
/// hand later) stands in the residual.
fn expand(host: &mut dyn Host, value: Value, ty: &Type, span: Option<Span>) -> Result<Value, Fault> {
    match ty {
        Type::Secret(inner) => Ok(expand(host, value, inner, span)?.secret()),
        Type::Optional(inner) => {
            let is_null =
                wait(Operation::Binary(formwork_model::BinaryOperator::Equal), [value.clone(), Value::Null], span);
            let otherwise = expand(host, value, inner, span)?;
            Ok(wait(Operation::If, [is_null, Value::Null, otherwise], span))
        }
        Type::List(item) => expand_items(host, value, item, false, span),
        Type::Map(entry) => expand_items(host, value, entry, true, span),
        Type::Set(item) => {
            let list = expand_items(host, value, item, false, span)?;
            Ok(wait(Operation::Coerce(Type::set(Type::Any)), [list], span))
        }
        Type::Record(record) => expand_record(host, &value, record, span),
        other => Ok(wait(Operation::Coerce(other.clone()), [value], span)),
    }
}

fn expand_items(
    host: &mut dyn Host,
    source: Value,
    ty: &Type,
    keyed: bool,
    span: Option<Span>,
) -> Result<Value, Fault> {
    let variable = host.open_variables();
    let item = Value::Unknown(Arc::new(Residual::Variable(variable + 1)));
    let body = coerce(host, item, ty, span);
    host.close_variables();
    Ok(Value::Unknown(Arc::new(Residual::For(Arc::new(ForResidual {
        source,
        key_variable: variable,
        item_variable: variable + 1,
        condition: None,
        key: keyed.then(|| Value::Unknown(Arc::new(Residual::Variable(variable)))),
        body: body?,
    })))))
}

fn expand_record(
    host: &mut dyn Host,
    value: &Value,
    record: &Arc<RecordType>,
    span: Option<Span>,
) -> Result<Value, Fault> {
    // First the bare shape, so that a field too many or too few is found.
    let shape = RecordType {
        name: record.name.clone(),
        declaration: None,
        fields: record.fields.iter().map(|field| Field { ty: Type::Any, span: None, ..field.clone() }).collect(),
    };
    let base = wait(Operation::Coerce(Type::Record(Arc::new(shape))), [value.clone()], span);
    let mut result = Map::new();
    for (position, field) in record.fields.iter().enumerate() {
        let default = if field.optional { absent_field(host, record, position, field, &result)? } else { None };
        let found = match default {
            Some(default) => wait(Operation::Field(field.name.clone()), [base.clone(), default], span),
            None => wait(Operation::Member(field.name.clone()), [base.clone()], span),
        };
        let found = coerce(host, found, &field.ty, span)?;
        result.insert(field.name.clone(), found);
    }
    match record.declaration {
        Some(declaration) => host.conditions(declaration, result, span),
        None => Ok(Value::Map(result)),
    }
}
