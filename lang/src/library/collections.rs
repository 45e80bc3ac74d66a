//! Questions to lists, sets and maps, and their order.

use super::arguments::{BASE, Outcome, T, argument, gives, items, kind, required, wait};
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape, compare, equal};
use formwork_model::Value;
use std::cmp::Ordering;

pub(super) const GROUP: LibraryFunction = LibraryFunction { group: "collections", ..BASE };

const ANY_COLLECTION: Shape = Shape::OneOf(&[Shape::String, Shape::Items(&Shape::Any), Shape::Map(&Shape::Any)]);
const ITEMS: Parameter = required("items", Shape::Items(&T));
const TRUTHS: Parameter = required("items", Shape::Items(&Shape::Bool));

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "length",
        docs: "The number of items of a list or set, of entries of a map, or of characters of a text.",
        examples: &[(r#"length(["a", "b"])"#, "2"), ("length({ a = 1 })", "1"), (r#"length("äöü")"#, "3")],
        parameters: &[required("of", ANY_COLLECTION)],
        result: gives(Shape::Int),
        works_with_unknown_items: true,
        call: length,
        ..GROUP
    },
    LibraryFunction {
        name: "contains",
        docs: "Whether a list or set has the item, a map has the key, or a text has the text in it.",
        examples: &[
            (r#"contains(["dev", "prod"], "prod")"#, "true"),
            (r#"contains({ system = 1 }, "user")"#, "false"),
            (r#"contains("eu-west-1", "west")"#, "true"),
        ],
        parameters: &[required("in", ANY_COLLECTION), required("item", Shape::Any)],
        result: gives(Shape::Bool),
        works_with_unknown_items: true,
        call: contains,
        ..GROUP
    },
    LibraryFunction {
        name: "index_of",
        docs: "The position of the first item that equals `item`, counted from 0, or null where there is none.",
        examples: &[(r#"index_of(["a", "b"], "b")"#, "1"), (r#"index_of(["a", "b"], "c")"#, "null")],
        parameters: &[required("items", Shape::List(&T)), required("item", T)],
        result: gives(Shape::Optional(&Shape::Int)),
        works_with_unknown_items: true,
        call: index_of,
        ..GROUP
    },
    LibraryFunction {
        name: "first",
        docs: "The first item, or null where there is none. Sets are in the order of their values.",
        examples: &[(r#"first(["a", "b"])"#, r#""a""#), ("first([])", "null")],
        parameters: &[ITEMS],
        result: gives(Shape::Optional(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| at_end("first", arguments, |items| items.first()),
        ..GROUP
    },
    LibraryFunction {
        name: "last",
        docs: "The last item, or null where there is none. Sets are in the order of their values.",
        examples: &[(r#"last(["a", "b"])"#, r#""b""#), ("last([])", "null")],
        parameters: &[ITEMS],
        result: gives(Shape::Optional(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| at_end("last", arguments, |items| items.last()),
        ..GROUP
    },
    LibraryFunction {
        name: "any",
        docs: "Whether at least one item is true. Of no items it is false.",
        examples: &[("any([false, true])", "true"), ("any([])", "false")],
        parameters: &[TRUTHS],
        result: gives(Shape::Bool),
        works_with_unknown_items: true,
        call: |_, arguments| search("any", arguments, true),
        ..GROUP
    },
    LibraryFunction {
        name: "all",
        docs: "Whether every item is true. Of no items it is true.",
        examples: &[("all([true, false])", "false"), ("all([true, 2 > 1])", "true")],
        parameters: &[TRUTHS],
        result: gives(Shape::Bool),
        works_with_unknown_items: true,
        call: |_, arguments| search("all", arguments, false),
        ..GROUP
    },
    LibraryFunction {
        name: "sort",
        docs: "The items in ascending order: numbers by size, texts by their code points, durations by length. `reverse(sort(…))` is descending.",
        examples: &[("sort([3, 1, 2])", "[1, 2, 3]"), (r#"sort(["b", "B", "a"])"#, r#"["B", "a", "b"]"#)],
        parameters: &[ITEMS],
        result: gives(Shape::List(&T)),
        call: |_, arguments| sorted(items(arguments, 0)?, |item| Ok(item.clone())),
        ..GROUP
    },
];

fn length(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let count = match argument(arguments, 0) {
        Value::String(text) => text.chars().count(),
        Value::List(items) => items.len(),
        // Two items that are not known yet may turn out to be one.
        Value::Set(items) if items.len() > 1 && !items.iter().all(Value::is_known) => return wait("length", arguments),
        Value::Set(items) => items.len(),
        Value::Map(map) => map.len(),
        other => return Err(not_a_collection(other)),
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn contains(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let item = argument(arguments, 1);
    match (argument(arguments, 0), item) {
        (Value::List(items) | Value::Set(items), _) => match position(items, item) {
            Ok(found) => Ok(Value::Bool(found.is_some())),
            Err(Undecided) => wait("contains", arguments),
        },
        (Value::String(_) | Value::Map(_), Value::Unknown(_)) => wait("contains", arguments),
        (Value::Map(map), Value::String(key)) => Ok(Value::Bool(map.contains(key))),
        (Value::String(text), Value::String(part)) => Ok(Value::Bool(text.contains(part.as_str()))),
        (Value::Map(_), other) => Err(looks_for_text(other, "a map has texts as keys")),
        (Value::String(_), other) => Err(looks_for_text(other, "a text has texts in it")),
        (other, _) => Err(not_a_collection(other)),
    }
}

fn looks_for_text(item: &Value, why: &str) -> FunctionError {
    FunctionError::of(1, format!("{why}, and this is {}", kind(item)))
        .help("write a text in quotes; contains(values(…), …) looks at the values of a map")
}

fn not_a_collection(value: &Value) -> FunctionError {
    FunctionError::of(0, format!("it takes a list, set, map or text, not {}", kind(value)))
}

/// Whether an item is there depends on what is not known yet.
struct Undecided;

fn position(items: &[Value], wanted: &Value) -> Result<Option<usize>, Undecided> {
    let mut undecided = false;
    for (index, item) in items.iter().enumerate() {
        match equal(item, wanted) {
            Some(true) => return Ok(Some(index)),
            Some(false) => {}
            None => undecided = true,
        }
    }
    if undecided { Err(Undecided) } else { Ok(None) }
}

fn index_of(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (list, wanted) = (items(arguments, 0)?, argument(arguments, 1));
    for (index, item) in list.iter().enumerate() {
        match equal(item, wanted) {
            Some(true) => return Ok(Value::Int(i64::try_from(index).unwrap_or(i64::MAX))),
            Some(false) => {}
            None => return wait("index_of", arguments),
        }
    }
    Ok(Value::Null)
}

fn at_end(name: &str, arguments: &[Value], choose: fn(&[Value]) -> Option<&Value>) -> Outcome {
    let items = items(arguments, 0)?;
    if matches!(argument(arguments, 0), Value::Set(_)) && !items.iter().all(Value::is_known) {
        return wait(name, arguments);
    }
    Ok(choose(items).cloned().unwrap_or(Value::Null))
}

/// Whether `wanted` is among the items: for `any` true, for `all` not false.
fn search(name: &str, arguments: &[Value], wanted: bool) -> Outcome {
    let mut undecided = false;
    for item in items(arguments, 0)? {
        match item.exposed() {
            Value::Bool(truth) if *truth == wanted => return Ok(Value::Bool(wanted)),
            Value::Bool(_) => {}
            Value::Unknown(_) => undecided = true,
            other => {
                return Err(FunctionError::of(
                    0,
                    format!("its items have to be true or false, and one is {}", kind(other)),
                ));
            }
        }
    }
    if undecided { wait(name, arguments) } else { Ok(Value::Bool(!wanted)) }
}

/// The items in ascending order of their keys; equal ones keep their order.
pub(super) fn sorted(items: &[Value], key: impl Fn(&Value) -> Outcome) -> Outcome {
    let mut keyed = items.iter().map(|item| Ok((key(item)?, item))).collect::<Result<Vec<_>, FunctionError>>()?;
    let incomparable = keyed.iter().zip(keyed.iter().skip(1)).find(|((one, _), (two, _))| compare(one, two).is_none());
    if let Some(((one, _), (two, _))) = incomparable {
        let message = format!("{} and {} have no order", kind(one), kind(two));
        return Err(FunctionError::of(0, message).help("sort numbers, texts or durations, all of one type"));
    }
    keyed.sort_by(|(one, _), (two, _)| compare(one, two).unwrap_or(Ordering::Equal));
    Ok(Value::list(keyed.into_iter().map(|(_, item)| item.clone())))
}
