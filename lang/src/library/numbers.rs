//! Numbers. Whole numbers stay whole and never wrap round: what does not fit 64 bits is an error.

use super::arguments::{
    BASE, Outcome, argument, float, give_float, gives, int, item_type, kind, optional, required, text, variadic, wrong,
};
use super::{Environment, FunctionError, LibraryFunction, Parameter, ResultType, Shape};
use formwork_model::{Literal, Type, Value};
use std::cmp::Ordering;

const GROUP: LibraryFunction = LibraryFunction { group: "numbers", ..BASE };

const ANY_NUMBER: Shape = Shape::OneOf(&[Shape::Int, Shape::Float]);
const NUMBER: Parameter = required("number", ANY_NUMBER);
const FLOAT: Parameter = required("number", Shape::Float);
const NUMBERS: Shape = Shape::OneOf(&[Shape::Items(&Shape::Int), Shape::Items(&Shape::Float)]);
const ONE_OR_MANY: Parameter = variadic(
    "numbers",
    Shape::OneOf(&[Shape::Int, Shape::Float, Shape::Items(&Shape::Int), Shape::Items(&Shape::Float)]),
);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "abs",
        docs: "The number without its sign.",
        examples: &[("abs(-3)", "3"), ("abs(2.5)", "2.5")],
        parameters: &[NUMBER],
        result: ResultType::Computed(number_type),
        call: abs,
        ..GROUP
    },
    LibraryFunction {
        name: "min",
        docs: "The smallest of the numbers, or of the numbers in a list.",
        examples: &[("min(3, 1, 2)", "1"), ("min([4, 2.5])", "2.5")],
        parameters: &[ONE_OR_MANY],
        result: ResultType::Computed(number_type),
        call: |_, arguments| extreme(arguments, Ordering::Less),
        ..GROUP
    },
    LibraryFunction {
        name: "max",
        docs: "The largest of the numbers, or of the numbers in a list.",
        examples: &[("max(3, 1, 2)", "3"), ("max([4, 2.5])", "4.0")],
        parameters: &[ONE_OR_MANY],
        result: ResultType::Computed(number_type),
        call: |_, arguments| extreme(arguments, Ordering::Greater),
        ..GROUP
    },
    LibraryFunction {
        name: "sum",
        docs: "The sum of the numbers in a list. Of no numbers it is 0.",
        examples: &[("sum([1, 2, 3])", "6"), ("sum([0.5, 1])", "1.5"), ("sum([])", "0")],
        parameters: &[required("numbers", NUMBERS)],
        result: ResultType::Computed(number_type),
        call: sum,
        ..GROUP
    },
    LibraryFunction {
        name: "clamp",
        docs: "The number, but at least `low` and at most `high`.",
        examples: &[("clamp(12, 1, 10)", "10"), ("clamp(-1, 0, 10)", "0"), ("clamp(0.5, 0, 1)", "0.5")],
        parameters: &[NUMBER, required("low", ANY_NUMBER), required("high", ANY_NUMBER)],
        result: ResultType::Computed(number_type),
        call: clamp,
        ..GROUP
    },
    LibraryFunction {
        name: "ceil",
        docs: "The smallest whole number that is not below the number.",
        examples: &[("ceil(1.2)", "2"), ("ceil(-1.2)", "-1")],
        parameters: &[FLOAT],
        result: gives(Shape::Int),
        call: |_, arguments| whole(arguments, f64::ceil),
        ..GROUP
    },
    LibraryFunction {
        name: "floor",
        docs: "The largest whole number that is not above the number.",
        examples: &[("floor(1.8)", "1"), ("floor(-1.2)", "-2")],
        parameters: &[FLOAT],
        result: gives(Shape::Int),
        call: |_, arguments| whole(arguments, f64::floor),
        ..GROUP
    },
    LibraryFunction {
        name: "round",
        docs: "The nearest whole number; halves are rounded away from zero.",
        examples: &[("round(1.5)", "2"), ("round(-1.5)", "-2"), ("round(1.4)", "1")],
        parameters: &[FLOAT],
        result: gives(Shape::Int),
        call: |_, arguments| whole(arguments, f64::round),
        ..GROUP
    },
    LibraryFunction {
        name: "pow",
        docs: "`base` to the power of `exponent`. Of whole numbers it is whole, and the exponent may not be negative.",
        examples: &[("pow(2, 10)", "1024"), ("pow(2.0, -1)", "0.5")],
        parameters: &[required("base", ANY_NUMBER), required("exponent", ANY_NUMBER)],
        result: ResultType::Computed(number_type),
        call: pow,
        ..GROUP
    },
    LibraryFunction {
        name: "log",
        docs: "The logarithm of the number to the base `base`.",
        examples: &[("log(8, 2)", "3.0"), ("log(1000, 10)", "3.0")],
        parameters: &[FLOAT, required("base", Shape::Float)],
        result: gives(Shape::Float),
        call: log,
        ..GROUP
    },
    LibraryFunction {
        name: "parse_int",
        docs: "The whole number that the text writes in the base `base` (2 to 36).",
        examples: &[(r#"parse_int("ff", 16)"#, "255"), (r#"parse_int("-12")"#, "-12")],
        parameters: &[required("text", Shape::String), optional("base", Shape::Int, "10")],
        result: gives(Shape::Int),
        call: parse_int,
        ..GROUP
    },
    LibraryFunction {
        name: "format_int",
        docs: "The whole number as text in the base `base` (2 to 36), with lower-case letters as digits.",
        examples: &[("format_int(255, 16)", r#""ff""#), ("format_int(-5, 2)", r#""-101""#)],
        parameters: &[required("number", Shape::Int), optional("base", Shape::Int, "10")],
        result: gives(Shape::String),
        call: format_int,
        ..GROUP
    },
    LibraryFunction {
        name: "format_number",
        docs: "The number as text with exactly so many decimals, rounded.",
        examples: &[("format_number(2.5, 2)", r#""2.50""#), ("format_number(3, 1)", r#""3.0""#)],
        parameters: &[NUMBER, required("decimals", Shape::Int)],
        result: gives(Shape::String),
        call: format_number,
        ..GROUP
    },
];

/// Whole where all arguments are; not known where one may be either.
fn number_type(types: &[Type]) -> Type {
    let kinds: Vec<Type> = types.iter().map(number_kind).collect();
    if kinds.iter().all(|kind| *kind == Type::Int) {
        Type::Int
    } else if kinds.contains(&Type::Any) {
        Type::Any
    } else {
        Type::Float
    }
}

fn number_kind(ty: &Type) -> Type {
    match ty.exposed() {
        Type::List(_) | Type::Set(_) => number_kind(&item_type(ty)),
        Type::Int | Type::Literal(Literal::Int(_)) => Type::Int,
        Type::Union(members) if members.iter().all(|member| matches!(member, Literal::Int(_))) => Type::Int,
        Type::Any | Type::Error => Type::Any,
        _ => Type::Float,
    }
}

fn overflow() -> FunctionError {
    FunctionError::whole("the result does not fit 64 bits").help("use floats, such as `2.0`, where digits may be lost")
}

fn abs(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    match argument(arguments, 0) {
        Value::Int(number) => number.checked_abs().map(Value::Int).ok_or_else(overflow),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => Err(wrong(0, "a number", other)),
    }
}

/// The numbers of all arguments; lists are opened. Ints become floats where any is a float.
fn numbers(values: &[Value]) -> Result<Vec<Value>, FunctionError> {
    let mut numbers = Vec::new();
    for (index, value) in values.iter().enumerate() {
        match value.exposed() {
            Value::List(items) | Value::Set(items) => {
                for item in items {
                    numbers.push(number(item, index)?);
                }
            }
            other => numbers.push(number(other, index)?),
        }
    }
    if numbers.iter().any(|number| matches!(number, Value::Float(_))) {
        for number in &mut numbers {
            *number = Value::Float(as_float(number));
        }
    }
    Ok(numbers)
}

fn number(value: &Value, index: usize) -> Outcome {
    match value.exposed() {
        Value::Int(_) | Value::Float(_) => Ok(value.exposed().clone()),
        other => Err(wrong(index, "numbers", other)),
    }
}

fn as_float(number: &Value) -> f64 {
    match number {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        _ => f64::NAN,
    }
}

fn extreme(arguments: &[Value], wanted: Ordering) -> Outcome {
    let Value::List(values) = argument(arguments, 0) else { return Err(wrong(0, "numbers", argument(arguments, 0))) };
    let only_argument = |error| FunctionError { argument: Some(0), ..error };
    let better = |best: Value, next: Value| {
        if super::compare(&next, &best) == Some(wanted) { next } else { best }
    };
    numbers(values)
        .map_err(only_argument)?
        .into_iter()
        .reduce(better)
        .ok_or_else(|| FunctionError::of(0, "there are no numbers").help("give at least one, as a fallback"))
}

fn sum(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let numbers = numbers(arguments)?;
    if numbers.iter().any(|number| matches!(number, Value::Float(_))) {
        return give_float(numbers.iter().map(as_float).sum());
    }
    let add = |total: i64, number: &Value| match number {
        Value::Int(number) => total.checked_add(*number),
        _ => None,
    };
    numbers.iter().try_fold(0, add).map(Value::Int).ok_or_else(overflow)
}

fn clamp(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let numbers = numbers(arguments)?;
    let [number, low, high] = numbers.as_slice() else { return Err(FunctionError::whole("it takes three numbers")) };
    if super::compare(low, high) == Some(Ordering::Greater) {
        return Err(FunctionError::of(1, "it is above `high`").help("write the smaller bound first"));
    }
    Ok(match (super::compare(number, low), super::compare(number, high)) {
        (Some(Ordering::Less), _) => low.clone(),
        (_, Some(Ordering::Greater)) => high.clone(),
        _ => number.clone(),
    })
}

/// A float without a fraction as a whole number.
pub(super) fn whole_number(number: f64) -> Outcome {
    // 2^63 is the first float above every int.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
        Ok(Value::Int(number as i64))
    } else {
        Err(FunctionError::of(0, "it does not fit 64 bits"))
    }
}

fn whole(arguments: &[Value], round: fn(f64) -> f64) -> Outcome {
    match argument(arguments, 0) {
        Value::Int(number) => Ok(Value::Int(*number)),
        _ => whole_number(round(float(arguments, 0)?)),
    }
}

fn pow(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    match (argument(arguments, 0), argument(arguments, 1)) {
        (Value::Int(base), Value::Int(exponent)) => {
            let exponent = u32::try_from(*exponent).map_err(|_| {
                FunctionError::of(1, format!("{exponent} is no exponent for whole numbers"))
                    .help("write 0 or more, or write the base with a fraction, such as `2.0`")
            })?;
            base.checked_pow(exponent).map(Value::Int).ok_or_else(overflow)
        }
        _ => give_float(float(arguments, 0)?.powf(float(arguments, 1)?)),
    }
}

fn log(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (number, base) = (float(arguments, 0)?, float(arguments, 1)?);
    if number <= 0.0 {
        return Err(FunctionError::of(0, "it is not above 0").help("only positive numbers have a logarithm"));
    }
    if base <= 0.0 || base == 1.0 {
        return Err(FunctionError::of(1, "it cannot be a base").help("write 2 or 10"));
    }
    give_float(match base {
        2.0 => number.log2(),
        10.0 => number.log10(),
        other => number.log(other),
    })
}

fn base(arguments: &[Value]) -> Result<u32, FunctionError> {
    let base = int(arguments, 1)?;
    u32::try_from(base)
        .ok()
        .filter(|base| (2..=36).contains(base))
        .ok_or_else(|| FunctionError::of(1, format!("{base} is no base")).help("write a base from 2 to 36, such as 16"))
}

fn parse_int(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (text, base) = (text(arguments, 0)?, base(arguments)?);
    i64::from_str_radix(text, base).map(Value::Int).map_err(|_| {
        FunctionError::of(0, format!("`{text}` is no whole number of 64 bits in base {base}"))
            .help("write digits only, with `-` in front of negative numbers")
    })
}

fn format_int(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (number, base) = (int(arguments, 0)?, base(arguments)?);
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(rest % u64::from(base)).unwrap_or_default();
        digits.extend(char::from_digit(digit, base));
        rest /= u64::from(base);
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        digits.push('-');
    }
    Ok(Value::string(digits.into_iter().rev().collect::<String>()))
}

fn format_number(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let decimals = int(arguments, 1)?;
    let decimals = usize::try_from(decimals)
        .ok()
        .filter(|decimals| *decimals <= 30)
        .ok_or_else(|| FunctionError::of(1, format!("{decimals} is no number of decimals")).help("write 0 to 30"))?;
    match argument(arguments, 0) {
        Value::Int(number) if decimals == 0 => Ok(Value::string(number.to_string())),
        Value::Int(number) => Ok(Value::string(format!("{number}.{}", "0".repeat(decimals)))),
        Value::Float(number) => Ok(Value::string(without_negative_zero(format!("{number:.decimals$}")))),
        other => Err(FunctionError::of(0, format!("it takes a number, not {}", kind(other)))),
    }
}

/// `-0.00` is `0.00`.
fn without_negative_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| byte == b'0' || byte == b'.') => digits.to_owned(),
        _ => text,
    }
}
