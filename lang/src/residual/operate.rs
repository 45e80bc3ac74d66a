//! Operators on values, in three-valued form: `None` says that the operation waits for an unknown.

use super::fault::{Fault, FaultKind};
use crate::library;
use ecow::EcoString;
use formwork_model::{BinaryOperator, UnaryOperator, Value};
use std::cmp::Ordering;

/// A value, or none while it waits.
pub(crate) type Outcome = Result<Option<Value>, Fault>;

/// Longer texts are refused.
pub(crate) const MAXIMUM_TEXT: usize = 16 << 20;
/// Longer lists are refused.
pub(crate) const MAXIMUM_ITEMS: usize = 1 << 20;

/// What kind of value it is, for people.
pub(crate) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Int(_) => "an int",
        Value::Float(_) => "a float",
        Value::String(_) => "a string",
        Value::Duration(_) => "a duration",
        Value::List(_) => "a list",
        Value::Set(_) => "a set",
        Value::Map(_) => "a map",
        Value::Secret(_) => "a secret",
        Value::Unknown(_) => "a value not known yet",
        Value::Object(_) => "an object",
    }
}

/// The value, marked when something that it was made of is secret.
pub(crate) fn marked(value: Value, secret: bool) -> Value {
    if secret { value.secret() } else { value }
}

/// Whether the value itself is unknown, also behind a secret mark.
pub(crate) fn is_unknown(value: &Value) -> bool {
    matches!(value.exposed(), Value::Unknown(_))
}

const fn is_secret(value: &Value) -> bool {
    matches!(value, Value::Secret(_))
}

/// An operator before one operand.
pub(crate) fn unary(operator: UnaryOperator, operand: &Value) -> Outcome {
    let result = match (operator, operand.exposed()) {
        (_, Value::Unknown(_)) => return Ok(None),
        (UnaryOperator::Not, Value::Bool(truth)) => Value::Bool(!truth),
        (UnaryOperator::Negate, Value::Int(number)) => Value::Int(number.checked_neg().ok_or_else(|| overflow("-"))?),
        (UnaryOperator::Negate, Value::Float(number)) => Value::Float(-number),
        (UnaryOperator::Negate, Value::Duration(number)) => {
            Value::Duration(number.checked_neg().ok_or_else(|| overflow("-"))?)
        }
        (UnaryOperator::Not, other) => return Err(expected("bool", other)),
        (UnaryOperator::Negate, other) => return Err(expected("a number or duration", other)),
    };
    Ok(Some(marked(result, is_secret(operand))))
}

/// An operator between two operands; `&&`, `||` and `??` have been short-circuited by the caller where they can be.
pub(crate) fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> Outcome {
    use BinaryOperator as Op;
    let secret = is_secret(left) || is_secret(right);
    let result = match operator {
        Op::And | Op::Or => return logical(operator, left, right),
        Op::Coalesce => return Ok(coalesce(left, right)),
        Op::Equal | Op::NotEqual => {
            let secret = left.holds_secret() || right.holds_secret();
            let truth = equal(left, right).map(|same| same == (operator == Op::Equal));
            return Ok(truth.map(|truth| marked(Value::Bool(truth), secret)));
        }
        _ if is_unknown(left) || is_unknown(right) => return Ok(None),
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
            Value::Bool(ordered(operator, compare(operator, left.exposed(), right.exposed())?))
        }
        Op::Multiply | Op::Divide | Op::Remainder | Op::Add | Op::Subtract => {
            arithmetic(operator, left.exposed(), right.exposed())?
        }
    };
    Ok(Some(marked(result, secret)))
}

fn logical(operator: BinaryOperator, left: &Value, right: &Value) -> Outcome {
    let secret = is_secret(left) || is_secret(right);
    match (left.exposed(), right.exposed()) {
        (Value::Bool(truth), _) if *truth == (operator == BinaryOperator::Or) => {
            Ok(Some(marked(Value::Bool(*truth), is_secret(left))))
        }
        (Value::Unknown(_), _) | (Value::Bool(_), Value::Unknown(_)) => Ok(None),
        (Value::Bool(_), Value::Bool(truth)) => Ok(Some(marked(Value::Bool(*truth), secret))),
        (Value::Bool(_), other) | (other, _) => Err(expected("bool", other)),
    }
}

fn coalesce(left: &Value, right: &Value) -> Option<Value> {
    match left.exposed() {
        Value::Unknown(_) => None,
        Value::Null => Some(marked(right.clone(), is_secret(left))),
        _ => Some(left.clone()),
    }
}

/// Whether two values are equal; none while unknowns could still decide it.
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left.exposed(), right.exposed()) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (one @ Value::Int(_), two @ Value::Float(_)) | (one @ Value::Float(_), two @ Value::Int(_)) => {
            Some(library::compare(one, two) == Some(Ordering::Equal))
        }
        (Value::List(one), Value::List(two)) => all_equal(one, two),
        (Value::Set(one), Value::Set(two)) => {
            // Unknown items may turn out to be equal to others, so that even the number of items is open.
            let known = one.iter().chain(two.iter()).all(Value::is_known);
            if known { all_equal(one, two) } else { None }
        }
        (Value::Map(one), Value::Map(two)) => {
            let same_keys = one.len() == two.len() && one.keys().eq(two.keys());
            if !same_keys {
                return Some(false);
            }
            conjunction(one.values().zip(two.values()))
        }
        (one, two) => Some(one == two),
    }
}

fn all_equal(one: &[Value], two: &[Value]) -> Option<bool> {
    if one.len() != two.len() {
        return Some(false);
    }
    conjunction(one.iter().zip(two.iter()))
}

fn conjunction<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut undecided = false;
    for (one, two) in pairs {
        match equal(one, two) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => undecided = true,
        }
    }
    if undecided { None } else { Some(true) }
}

fn compare(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Option<Ordering>, Fault> {
    match (left, right) {
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_))
        | (Value::Duration(_), Value::Duration(_))
        | (Value::String(_), Value::String(_)) => Ok(library::compare(left, right)),
        _ => Err(operands(operator, left, right)),
    }
}

const fn ordered(operator: BinaryOperator, ordering: Option<Ordering>) -> bool {
    let Some(ordering) = ordering else { return false };
    match operator {
        BinaryOperator::Less => ordering.is_lt(),
        BinaryOperator::LessOrEqual => ordering.is_le(),
        BinaryOperator::Greater => ordering.is_gt(),
        _ => ordering.is_ge(),
    }
}

fn arithmetic(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, Fault> {
    match (left, right) {
        (Value::Int(one), Value::Int(two)) => whole(operator, *one, *two).map(Value::Int),
        (Value::Float(one), Value::Float(two)) => float(operator, *one, *two),
        (Value::Int(one), Value::Float(two)) => float(operator, *one as f64, *two),
        (Value::Float(one), Value::Int(two)) => float(operator, *one, *two as f64),
        (Value::Duration(one), Value::Duration(two)) => durations(operator, *one, *two, left, right),
        (Value::Duration(one), Value::Int(two)) if scales(operator) => whole(operator, *one, *two).map(Value::Duration),
        (Value::Int(one), Value::Duration(two)) if operator == BinaryOperator::Multiply => {
            whole(operator, *one, *two).map(Value::Duration)
        }
        _ => Err(operands(operator, left, right)),
    }
}

const fn scales(operator: BinaryOperator) -> bool {
    matches!(operator, BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder)
}

fn durations(operator: BinaryOperator, one: i64, two: i64, left: &Value, right: &Value) -> Result<Value, Fault> {
    match operator {
        BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Remainder => {
            whole(operator, one, two).map(Value::Duration)
        }
        BinaryOperator::Divide => float(operator, one as f64, two as f64),
        _ => Err(operands(operator, left, right)),
    }
}

fn whole(operator: BinaryOperator, one: i64, two: i64) -> Result<i64, Fault> {
    let result = match operator {
        BinaryOperator::Multiply => one.checked_mul(two),
        BinaryOperator::Add => one.checked_add(two),
        BinaryOperator::Subtract => one.checked_sub(two),
        _ if two == 0 => return Err(FaultKind::DivisionByZero.into()),
        BinaryOperator::Divide => one.checked_div(two),
        _ => one.checked_rem(two),
    };
    result.ok_or_else(|| overflow(operator.symbol()))
}

fn float(operator: BinaryOperator, one: f64, two: f64) -> Result<Value, Fault> {
    let result = match operator {
        BinaryOperator::Multiply => one * two,
        BinaryOperator::Add => one + two,
        BinaryOperator::Subtract => one - two,
        _ if two == 0.0 => return Err(FaultKind::DivisionByZero.into()),
        BinaryOperator::Divide => one / two,
        _ => one % two,
    };
    if result.is_finite() { Ok(Value::Float(result)) } else { Err(overflow(operator.symbol())) }
}

/// The parts of a text, joined.
pub(crate) fn template(parts: &[Value]) -> Outcome {
    let mut text = EcoString::new();
    let mut secret = false;
    for part in parts {
        secret |= is_secret(part);
        if !write_scalar(part.exposed(), &mut text)? {
            return Ok(None);
        }
    }
    if text.len() > MAXIMUM_TEXT {
        return Err(FaultKind::TooLarge { what: "a text has at most 16 MB" }.into());
    }
    Ok(Some(marked(Value::String(text), secret)))
}

/// Appends a value as a template writes it; false where it is not known yet.
fn write_scalar(value: &Value, text: &mut EcoString) -> Result<bool, Fault> {
    match value {
        Value::Unknown(_) => return Ok(false),
        Value::Null => return Err(FaultKind::Null { wanted: "a text".into() }.into()),
        other => {
            let part = library::scalar(other).ok_or_else(|| expected("a text, number, bool or duration", other))?;
            text.push_str(&part);
        }
    }
    Ok(true)
}

/// Whether the subject of a `match` is one of the patterns.
pub(crate) fn matches(subject: &Value, patterns: &[Value]) -> Option<bool> {
    let mut undecided = false;
    for pattern in patterns {
        match equal(subject, pattern) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => undecided = true,
        }
    }
    if undecided { None } else { Some(false) }
}

pub(crate) fn expected(what: &str, found: &Value) -> Fault {
    match found {
        Value::Null => FaultKind::Null { wanted: what.into() }.into(),
        other => FaultKind::WrongType { expected: what.into(), found: kind_name(other).into() }.into(),
    }
}

fn operands(operator: BinaryOperator, left: &Value, right: &Value) -> Fault {
    if left.is_null() || right.is_null() {
        return FaultKind::Null { wanted: "a number".into() }.into();
    }
    FaultKind::Operands { operator, left: kind_name(left), right: kind_name(right) }.into()
}

fn overflow(operator: &'static str) -> Fault {
    FaultKind::OutOfRange { operator }.into()
}
