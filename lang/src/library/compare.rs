//! Equality and order of values: what `==`, `<`, `sort` and `contains` all mean.

use formwork_model::{Map, Value};
use std::cmp::Ordering;

/// Whether two values are equal; none where that depends on what is not known yet. An int equals a float of the same
/// value, `secret` does not count, references are equal where they refer to the same object.
#[must_use]
pub fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left.exposed(), right.exposed()) {
        (Value::Unknown(one), Value::Unknown(two)) if one == two => Some(true),
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::List(one), Value::List(two)) => equal_items(one, two),
        // Items that are not known yet may turn out to be the same, so that even their number is open.
        (Value::Set(one), Value::Set(two)) if !one.iter().chain(two).all(Value::is_known) => None,
        (Value::Set(one), Value::Set(two)) => equal_items(one, two),
        (Value::Map(one), Value::Map(two)) => equal_maps(one, two),
        (Value::Object(one), Value::Object(two)) if one == two => Some(true),
        (Value::Object(_), Value::Null) | (Value::Null, Value::Object(_)) => Some(false),
        (Value::Object(_), _) | (_, Value::Object(_)) => None,
        (one, two) => Some(match order_of_scalars(one, two) {
            Some(order) => order == Ordering::Equal,
            None => matches!((one, two), (Value::Null, Value::Null)),
        }),
    }
}

/// The order of two values of the same type: numbers by size, texts by code points, durations by length, `false` before
/// `true`. None for what has no order, and where it is not known yet.
#[must_use]
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    order_of_scalars(left.exposed(), right.exposed())
}

fn order_of_scalars(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(one), Value::Bool(two)) => Some(one.cmp(two)),
        (Value::Int(one), Value::Int(two)) | (Value::Duration(one), Value::Duration(two)) => Some(one.cmp(two)),
        (Value::Float(one), Value::Float(two)) => one.partial_cmp(two),
        (Value::Int(one), Value::Float(two)) => order_of_numbers(*one, *two),
        (Value::Float(one), Value::Int(two)) => order_of_numbers(*two, *one).map(Ordering::reverse),
        (Value::String(one), Value::String(two)) => Some(one.cmp(two)),
        _ => None,
    }
}

/// Exact also where the int has more digits than a float can hold.
fn order_of_numbers(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2^63 is the first float above every int.
    if float >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if float < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    Some(int.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal)))
}

fn equal_items(left: &[Value], right: &[Value]) -> Option<bool> {
    if left.len() != right.len() {
        return Some(false);
    }
    all(left.iter().zip(right).map(|(one, two)| equal(one, two)))
}

fn equal_maps(left: &Map, right: &Map) -> Option<bool> {
    if left.len() != right.len() || !left.keys().eq(right.keys()) {
        return Some(false);
    }
    all(left.values().zip(right.values()).map(|(one, two)| equal(one, two)))
}

/// False as soon as one is, none where one is not known.
fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}
