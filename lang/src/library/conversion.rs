//! From one type to another, only where nothing is lost or guessed.

use super::arguments::{BASE, Outcome, T, argument, gives, items, map, required, text, wrong};
use super::numbers::whole_number;
use super::{
    Environment, FunctionError, LibraryFunction, Parameter, ResultType, Shape, check_cidr, check_ip, check_url,
    parse_duration, scalar,
};
use formwork_model::{Type, Value};

const GROUP: LibraryFunction = LibraryFunction { group: "conversion", ..BASE };

const TEXT: Parameter = required("text", Shape::String);
const ITEMS: Parameter = required("items", Shape::Items(&T));

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "to_string",
        docs: "The text that `\"${value}\"` gives: of a number, a bool, a duration or a text. See `json_encode` for anything else.",
        examples: &[("to_string(8080)", r#""8080""#), ("to_string(5400s)", r#""1h30m""#), ("to_string(2.0)", r#""2""#)],
        parameters: &[required("value", Shape::Scalar)],
        result: gives(Shape::String),
        call: |_, arguments| {
            let value = argument(arguments, 0);
            scalar(value).map(Value::String).ok_or_else(|| {
                wrong(0, "a text, number, bool or duration", value).help("use `json_encode` for lists and maps")
            })
        },
        ..GROUP
    },
    LibraryFunction {
        name: "to_int",
        docs: "The whole number that a text writes, or that a float without a fraction is. See `round`, `floor` and `ceil` for other floats, and `parse_int` for other bases.",
        examples: &[(r#"to_int("8080")"#, "8080"), ("to_int(2.0)", "2")],
        parameters: &[required("value", Shape::OneOf(&[Shape::Int, Shape::Float, Shape::String]))],
        result: gives(Shape::Int),
        call: to_int,
        ..GROUP
    },
    LibraryFunction {
        name: "to_float",
        docs: "The number that a text writes, or that an int is, as a float.",
        examples: &[(r#"to_float("2.5")"#, "2.5"), ("to_float(2)", "2.0")],
        parameters: &[required("value", Shape::OneOf(&[Shape::Float, Shape::String]))],
        result: gives(Shape::Float),
        call: to_float,
        ..GROUP
    },
    LibraryFunction {
        name: "to_bool",
        docs: "The bool that the text `\"true\"` or `\"false\"` writes. No other text is one.",
        examples: &[(r#"to_bool("true")"#, "true"), ("to_bool(false)", "false")],
        parameters: &[required("value", Shape::OneOf(&[Shape::Bool, Shape::String]))],
        result: gives(Shape::Bool),
        call: |_, arguments| match argument(arguments, 0) {
            Value::Bool(truth) => Ok(Value::Bool(*truth)),
            Value::String(text) if text == "true" => Ok(Value::Bool(true)),
            Value::String(text) if text == "false" => Ok(Value::Bool(false)),
            Value::String(text) => Err(FunctionError::of(0, format!("`{text}` is neither `true` nor `false`"))
                .help("compare it instead, such as `text == \"yes\"`")),
            other => Err(wrong(0, "a bool or a text", other)),
        },
        ..GROUP
    },
    LibraryFunction {
        name: "to_list",
        docs: "The items of a set as a list, in the order of their values. A list stays as it is.",
        examples: &[(r#"to_list(to_set(["b", "a"]))"#, r#"["a", "b"]"#), ("to_list([2, 1])", "[2, 1]")],
        parameters: &[ITEMS],
        result: gives(Shape::List(&T)),
        call: |_, arguments| Ok(Value::list(items(arguments, 0)?.iter().cloned())),
        ..GROUP
    },
    LibraryFunction {
        name: "to_set",
        docs: "The items of a list as a set, each once. Good for `for` on a resource.",
        examples: &[
            (r#"length(to_set(["a", "b", "a"]))"#, "2"),
            (r#"to_set(["b", "a"]) == to_set(["a", "b"])"#, "true"),
        ],
        parameters: &[ITEMS],
        result: gives(Shape::Set(&T)),
        call: |_, arguments| Ok(Value::set(items(arguments, 0)?.iter().cloned())),
        ..GROUP
    },
    LibraryFunction {
        name: "to_map",
        docs: "The record as a map, whose fields have to be of one type.",
        examples: &[("to_map({ a = 1, b = 2 })", "{ a = 1, b = 2 }"), ("length(to_map({ a = 1 }))", "1")],
        parameters: &[required("record", Shape::Map(&T))],
        result: gives(Shape::Map(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| Ok(Value::Map(map(arguments, 0)?.clone())),
        ..GROUP
    },
    LibraryFunction {
        name: "to_duration",
        docs: "The duration that the text writes: whole numbers with `d`, `h`, `m`, `s` and `ms`, the largest unit first.",
        examples: &[(r#"to_duration("1h30m")"#, "1h30m"), (r#"to_duration("${45}s")"#, "45s")],
        parameters: &[TEXT],
        result: gives(Shape::Duration),
        call: |_, arguments| {
            let text = text(arguments, 0)?;
            parse_duration(text).map(Value::Duration).ok_or_else(|| {
                FunctionError::of(0, format!("`{text}` is no duration"))
                    .help("write whole numbers with units, such as `90s` or `1h30m`")
            })
        },
        ..GROUP
    },
    LibraryFunction {
        name: "to_cidr",
        docs: "The text as an address range, once checked: a computed text for where `cidr` is expected.",
        examples: &[
            (r#"to_cidr("10.${4}.0.0/16")"#, r#""10.4.0.0/16""#),
            (r#"to_cidr("fd00::/48")"#, r#""fd00::/48""#),
        ],
        parameters: &[TEXT],
        result: gives(Shape::Cidr),
        call: |_, arguments| checked(arguments, |text| check_cidr(text).map(drop)),
        ..GROUP
    },
    LibraryFunction {
        name: "to_ip",
        docs: "The text as an IP address, once checked: a computed text for where `ip` is expected.",
        examples: &[(r#"to_ip("10.0.0.${4}")"#, r#""10.0.0.4""#), (r#"to_ip("fd00::4")"#, r#""fd00::4""#)],
        parameters: &[TEXT],
        result: gives(Shape::Ip),
        call: |_, arguments| checked(arguments, |text| check_ip(text).map(drop)),
        ..GROUP
    },
    LibraryFunction {
        name: "to_url",
        docs: "The text as a URL, once checked: a computed text for where `url` is expected.",
        examples: &[
            (r#"to_url("https://${"api"}.example.com")"#, r#""https://api.example.com""#),
            (r#"to_url("s3://bucket/key")"#, r#""s3://bucket/key""#),
        ],
        parameters: &[TEXT],
        result: gives(Shape::Url),
        call: |_, arguments| checked(arguments, |text| check_url(text).map(drop)),
        ..GROUP
    },
    LibraryFunction {
        name: "to_secret",
        docs: "The value, marked secret: it is never shown, logged or written in the clear, and neither is what is made of it.",
        examples: &[(r#"to_secret("token") == "token""#, "true"), (r#"length(to_secret("token"))"#, "5")],
        parameters: &[required("value", Shape::Any)],
        result: ResultType::Computed(|types| types.first().cloned().unwrap_or(Type::Any).secret()),
        call: |_, arguments| Ok(argument(arguments, 0).clone().secret()),
        ..GROUP
    },
];

fn to_int(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    match argument(arguments, 0) {
        Value::Int(number) => Ok(Value::Int(*number)),
        Value::Float(number) if number.fract() == 0.0 => whole_number(*number),
        Value::Float(number) => Err(FunctionError::of(0, format!("{number} has a fraction"))
            .help("say what becomes of it: `round`, `floor` or `ceil`")),
        Value::String(text) => text.parse().map(Value::Int).map_err(|_| {
            FunctionError::of(0, format!("`{text}` is no whole number of 64 bits"))
                .help("write digits only, with `-` in front of negative numbers")
        }),
        other => Err(wrong(0, "a number or a text", other)),
    }
}

fn to_float(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    match argument(arguments, 0) {
        Value::Int(number) => Ok(Value::Float(*number as f64)),
        Value::Float(number) => Ok(Value::Float(*number)),
        Value::String(text) => {
            let looks_like_one = text.starts_with(|first: char| first.is_ascii_digit() || first == '-' || first == '.');
            let number = text.parse::<f64>().ok().filter(|number| looks_like_one && number.is_finite());
            number.map(Value::Float).ok_or_else(|| {
                FunctionError::of(0, format!("`{text}` is no number")).help("write digits, such as `2.5` or `1e6`")
            })
        }
        other => Err(wrong(0, "a number or a text", other)),
    }
}

fn checked(arguments: &[Value], check: fn(&str) -> Result<(), FunctionError>) -> Outcome {
    check(text(arguments, 0)?).map_err(|error| FunctionError { argument: Some(0), ..error })?;
    Ok(argument(arguments, 0).clone())
}
