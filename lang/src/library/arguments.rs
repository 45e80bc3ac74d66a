//! What the functions share: reading arguments, describing parameters, and the limits of results.

use super::{FunctionError, LibraryFunction, Parameter, ResultType, Shape};
use ecow::EcoString;
use formwork_model::{Map, Operation, Residual, Type, Value};
use std::sync::Arc;

/// What a call gives.
pub(super) type Outcome = Result<Value, FunctionError>;

/// The largest text that a function gives, in bytes.
pub(super) const TEXT_LIMIT: usize = 16 << 20;

/// The largest number of items or entries that a function gives.
pub(super) const ITEM_LIMIT: usize = 1_000_000;

/// What functions have where they do not say otherwise.
pub(super) const BASE: LibraryFunction = LibraryFunction {
    name: "",
    group: "",
    docs: "",
    examples: &[],
    parameters: &[],
    result: ResultType::Shape(Shape::Any),
    works_with_unknown_items: false,
    tells_no_items: false,
    call: |_, _| Ok(Value::Null),
};

/// A parameter that must be given.
pub(super) const fn required(name: &'static str, shape: Shape) -> Parameter {
    Parameter { name, shape, default: None, variadic: false }
}

/// A parameter with a default.
pub(super) const fn optional(name: &'static str, shape: Shape, default: &'static str) -> Parameter {
    Parameter { name, shape, default: Some(default), variadic: false }
}

/// A parameter that takes all further arguments.
pub(super) const fn variadic(name: &'static str, shape: Shape) -> Parameter {
    Parameter { name, shape, default: None, variadic: true }
}

/// A result of a fixed type, or one given by type variables.
pub(super) const fn gives(shape: Shape) -> ResultType {
    ResultType::Shape(shape)
}

/// The type variable of most functions.
pub(super) const T: Shape = Shape::Variable(0);

/// An argument, null where there is none.
pub(super) fn argument(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).map_or(&Value::Null, Value::exposed)
}

/// An argument that is a text.
pub(super) fn text(arguments: &[Value], index: usize) -> Result<&str, FunctionError> {
    match argument(arguments, index) {
        Value::String(text) => Ok(text),
        other => Err(wrong(index, "a text", other)),
    }
}

/// An argument that is a text or null.
pub(super) fn optional_text(arguments: &[Value], index: usize) -> Result<Option<&str>, FunctionError> {
    if argument(arguments, index).is_null() { Ok(None) } else { text(arguments, index).map(Some) }
}

/// An argument that is a whole number.
pub(super) fn int(arguments: &[Value], index: usize) -> Result<i64, FunctionError> {
    match argument(arguments, index) {
        Value::Int(number) => Ok(*number),
        other => Err(wrong(index, "a whole number", other)),
    }
}

/// An argument that is a whole number or null.
pub(super) fn optional_int(arguments: &[Value], index: usize) -> Result<Option<i64>, FunctionError> {
    if argument(arguments, index).is_null() { Ok(None) } else { int(arguments, index).map(Some) }
}

/// An argument that counts something: a whole number that is not negative.
pub(super) fn size(arguments: &[Value], index: usize) -> Result<usize, FunctionError> {
    let number = int(arguments, index)?;
    usize::try_from(number).map_err(|_| {
        FunctionError::of(index, format!("{number} is negative")).help("write 0 or a positive whole number")
    })
}

/// An argument that is a number.
pub(super) fn float(arguments: &[Value], index: usize) -> Result<f64, FunctionError> {
    match argument(arguments, index) {
        Value::Int(number) => Ok(*number as f64),
        Value::Float(number) => Ok(*number),
        other => Err(wrong(index, "a number", other)),
    }
}

/// An argument that is `true` or `false`.
pub(super) fn truth(arguments: &[Value], index: usize) -> Result<bool, FunctionError> {
    match argument(arguments, index) {
        Value::Bool(truth) => Ok(*truth),
        other => Err(wrong(index, "true or false", other)),
    }
}

/// An argument that is a duration, in milliseconds.
pub(super) fn duration(arguments: &[Value], index: usize) -> Result<i64, FunctionError> {
    match argument(arguments, index) {
        Value::Duration(milliseconds) => Ok(*milliseconds),
        other => Err(wrong(index, "a duration such as 90s", other)),
    }
}

/// An argument that is a list or a set.
pub(super) fn items(arguments: &[Value], index: usize) -> Result<&[Value], FunctionError> {
    items_of(argument(arguments, index), index)
}

/// The items of a list or set that stands in argument `index`.
pub(super) fn items_of(value: &Value, index: usize) -> Result<&[Value], FunctionError> {
    match value.exposed() {
        Value::List(items) | Value::Set(items) => Ok(items),
        other => Err(wrong(index, "a list or a set", other)),
    }
}

/// An argument that is a map or a record.
pub(super) fn map(arguments: &[Value], index: usize) -> Result<&Map, FunctionError> {
    map_of(argument(arguments, index), index)
}

/// The entries of a map that stands in argument `index`.
pub(super) fn map_of(value: &Value, index: usize) -> Result<&Map, FunctionError> {
    match value.exposed() {
        Value::Map(map) => Ok(map),
        other => Err(wrong(index, "a map or a record", other)),
    }
}

/// The text of an item of argument `index`.
pub(super) fn item_text(value: &Value, index: usize) -> Result<&str, FunctionError> {
    value.as_str().ok_or_else(|| wrong(index, "texts only", value.exposed()))
}

/// Refuses an argument of another type than the function takes; the value itself is not shown.
pub(super) fn wrong(index: usize, expected: &str, found: &Value) -> FunctionError {
    FunctionError::of(index, format!("it takes {expected}, not {}", kind(found)))
}

/// Kinds of values, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Int(_) => "a whole number",
        Value::Float(_) => "a number with a fraction",
        Value::String(_) => "a text",
        Value::Duration(_) => "a duration",
        Value::List(_) => "a list",
        Value::Set(_) => "a set",
        Value::Map(_) => "a map or record",
        Value::Secret(_) => "a secret",
        Value::Unknown(_) => "a value that is not known yet",
        Value::Object(_) => "a resource",
    }
}

/// A text as the result, unless it is too large.
pub(super) fn give_text(text: impl Into<EcoString>) -> Outcome {
    let text = text.into();
    check_text_size(text.len())?;
    Ok(Value::String(text))
}

/// A number as the result, unless it is not finite.
pub(super) fn give_float(number: f64) -> Outcome {
    if number.is_finite() {
        return Ok(Value::Float(number));
    }
    Err(FunctionError::whole("the result is not a finite number")
        .help("check the arguments: nothing is divided by zero, no root taken of a negative number"))
}

/// Refuses a result of so many bytes before it is made.
pub(super) fn check_text_size(bytes: usize) -> Result<(), FunctionError> {
    if bytes <= TEXT_LIMIT {
        return Ok(());
    }
    Err(FunctionError::whole(format!("the result would be larger than {} MB", TEXT_LIMIT >> 20))
        .help("keep large texts in files, and refer to those"))
}

/// Refuses a result of so many items before it is made.
pub(super) fn check_item_count(count: usize) -> Result<(), FunctionError> {
    if count <= ITEM_LIMIT {
        return Ok(());
    }
    Err(FunctionError::whole(format!("the result would have more than {ITEM_LIMIT} items"))
        .help("work with fewer items at a time"))
}

/// The call itself as the result: it waits for the unknowns in its arguments.
pub(super) fn wait(name: &str, arguments: &[Value]) -> Outcome {
    Ok(Value::Unknown(Arc::new(Residual::Apply {
        operation: Operation::Function(name.into()),
        arguments: arguments.iter().cloned().collect(),
        span: None,
    })))
}

/// The type of the items of a list or set type, without `secret` and `?`; `any` where it is not known.
pub(super) fn item_type(ty: &Type) -> Type {
    match ty.exposed() {
        Type::List(item) | Type::Set(item) => item.as_ref().clone(),
        Type::Optional(inner) => item_type(inner),
        _ => Type::Any,
    }
}
