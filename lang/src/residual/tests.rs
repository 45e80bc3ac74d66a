//! Resolving: laziness, sharing, inputs, secrets, and errors with their places.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::{failure, resolve, resolve_view, wait};
use crate::residual::{Fault, FaultKind};
use formwork_model::{
    Address, AttributePath, BinaryOperator, FileId, InputSource, Operation, Residual, Span, Value, ValueBuf,
};
use std::sync::Arc;

fn unknown(name: &str) -> Value {
    Value::attribute(Address::resource(name), AttributePath::member("id"))
}

fn nothing(_: &Address, _: &AttributePath) -> Option<Value> {
    None
}

fn known(address: &Address, _: &AttributePath) -> Option<Value> {
    match address.name.as_str() {
        "yes" => Some(Value::Bool(true)),
        "text" => Some(Value::string("t")),
        _ => None,
    }
}

fn failing() -> Value {
    failure(&Fault::from(FaultKind::DivisionByZero).at(Span::new(FileId(1), 2, 3)))
}

#[test]
fn known_bytes_are_copied_as_they_are() {
    let value = ValueBuf::from(&Value::map([("a", Value::list([Value::Int(1), Value::string("x").secret()]))]));
    assert_eq!(resolve_view(value.view(), &nothing, &|_| None), Ok(value));
}

#[test]
fn what_stays_unknown_stays_as_it_was() {
    let value = Value::list([Value::Int(1), wait(Operation::Template, [Value::string("a"), unknown("x")], None)]);
    assert_eq!(resolve(&value, &nothing, &|_| None), Ok(value));
}

/// As a plan file of a broken writer would hold it.
#[test]
fn an_expression_that_nobody_understands_is_told() {
    let whole = ValueBuf::from(&Value::map([("a", unknown("x"))]));
    let mut bytes = whole.as_bytes().to_vec();
    let kind = bytes.windows(9).position(|window| window == b"attribute").unwrap();
    bytes[kind..kind + 9].copy_from_slice(b"nonsense!");
    let value = ValueBuf::from_bytes(bytes).unwrap();
    let told = resolve_view(value.view(), &nothing, &|_| None).unwrap_err();
    assert_eq!(told.code.to_string(), "E1090");
}

#[test]
fn what_is_known_is_put_in_although_the_rest_waits() {
    let value = wait(Operation::Template, [unknown("text"), unknown("x")], None);
    let expected = wait(Operation::Template, [Value::string("t"), unknown("x")], None);
    assert_eq!(resolve(&value, &known, &|_| None), Ok(expected));
}

#[test]
fn only_the_taken_branch_counts() {
    let taken = wait(Operation::If, [unknown("yes"), Value::Int(1), failing()], None);
    assert_eq!(resolve(&taken, &known, &|_| None), Ok(Value::Int(1)));
    let waiting = wait(Operation::If, [unknown("x"), Value::Int(1), failing()], None);
    assert!(resolve(&waiting, &known, &|_| None).is_ok());
    let lost = wait(Operation::If, [unknown("yes"), failing(), Value::Int(1)], None);
    let diagnostic = resolve(&lost, &known, &|_| None).unwrap_err();
    assert_eq!(diagnostic.code.to_string(), "E0602");
    assert_eq!(diagnostic.primary.unwrap().span, Span::new(FileId(1), 2, 3));
}

#[test]
fn the_right_operand_counts_only_where_the_left_does_not_decide() {
    let or = Operation::Binary(BinaryOperator::Or);
    assert_eq!(resolve(&wait(or, [unknown("yes"), failing()], None), &known, &|_| None), Ok(Value::Bool(true)));
    let coalesce = Operation::Binary(BinaryOperator::Coalesce);
    assert_eq!(resolve(&wait(coalesce, [unknown("text"), failing()], None), &known, &|_| None), Ok(Value::string("t")));
    let and = Operation::Binary(BinaryOperator::And);
    assert!(resolve(&wait(and, [unknown("yes"), failing()], None), &known, &|_| None).is_err());
}

#[test]
fn inputs_are_asked_for_and_secrets_marked() {
    let secret = Value::Unknown(Arc::new(Residual::Input(InputSource::Secret("env:P".into()))));
    let text = wait(Operation::Template, [Value::string("p-"), secret], None);
    let given = |_: &InputSource| Some(Ok(Value::string("hunter2")));
    let resolved = resolve(&text, &nothing, &given).unwrap();
    assert_eq!(resolved, Value::string("p-hunter2").secret());
    let refused = |_: &InputSource| Some(Err("the vault is sealed".into()));
    let diagnostic = resolve(&text, &nothing, &refused).unwrap_err();
    assert_eq!(diagnostic.code.to_string(), "E0618");
    assert!(diagnostic.message.contains("the vault is sealed"));
}

#[test]
fn a_condition_that_does_not_hold_tells_its_message() {
    let message = wait(Operation::Template, [Value::string("not "), unknown("text")], None);
    let is_x = wait(Operation::Binary(BinaryOperator::Equal), [unknown("text"), Value::string("x")], None);
    let value = wait(Operation::Where, [Value::Int(1), is_x, message], Some(Span::new(FileId(0), 4, 5)));
    let diagnostic = resolve(&value, &known, &|_| None).unwrap_err();
    assert_eq!((diagnostic.code.to_string(), diagnostic.message), ("E0608".to_owned(), "not t".to_owned()));
}

#[test]
fn a_lookup_may_give_unknowns_which_are_taken_as_they_are() {
    let lookup = |address: &Address, path: &AttributePath| Some(Value::attribute(address.clone(), path.clone()));
    assert_eq!(resolve(&unknown("x"), &lookup, &|_| None), Ok(unknown("x")));
}
