//! Lists made from lists.

use super::arguments::{
    Outcome, T, argument, check_item_count, gives, int, items, items_of, optional, optional_int, required, size,
    variadic, wait,
};
use super::collections::GROUP;
use super::strings::bounds;
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape};
use formwork_model::{Value, ValueBuf};
use std::collections::HashSet;

const LIST: Parameter = required("items", Shape::List(&T));
const LISTS: Parameter = variadic("lists", Shape::List(&T));

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "concat",
        docs: "The items of all the lists, one after the other. `[...a, ...b]` is the same.",
        examples: &[("concat([1], [2, 3])", "[1, 2, 3]"), ("concat([], [1])", "[1]")],
        parameters: &[LISTS],
        result: gives(Shape::List(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| joined("concat", arguments),
        ..GROUP
    },
    LibraryFunction {
        name: "flatten",
        docs: "The items of all the lists in a list, one after the other. It opens one level.",
        examples: &[("flatten([[1, 2], [], [3]])", "[1, 2, 3]"), ("flatten([[[1]], [[2]]])", "[[1], [2]]")],
        parameters: &[required("lists", Shape::Items(&Shape::Items(&T)))],
        result: gives(Shape::List(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| joined("flatten", arguments),
        ..GROUP
    },
    LibraryFunction {
        name: "distinct",
        docs: "The list without repetitions: each item stands where it stood first.",
        examples: &[(r#"distinct(["b", "a", "b"])"#, r#"["b", "a"]"#), ("distinct([])", "[]")],
        parameters: &[LIST],
        result: gives(Shape::List(&T)),
        call: |_, arguments| {
            let mut seen = HashSet::new();
            let fresh = items(arguments, 0)?.iter().filter(|item| seen.insert(ValueBuf::from(*item)));
            Ok(Value::list(fresh.cloned()))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "reverse",
        docs: "The list in the opposite order.",
        examples: &[("reverse([1, 2, 3])", "[3, 2, 1]"), ("reverse([])", "[]")],
        parameters: &[LIST],
        result: gives(Shape::List(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| Ok(Value::list(items(arguments, 0)?.iter().rev().cloned())),
        ..GROUP
    },
    LibraryFunction {
        name: "slice",
        docs: "The items from position `start` up to, not including, position `end`. Positions count from 0; negative ones count from the end; without `end` it goes to the end. Positions outside of the list are moved to its bounds.",
        examples: &[
            (r#"slice(["a", "b", "c"], 0, 2)"#, r#"["a", "b"]"#),
            (r#"slice(["a", "b", "c"], -1)"#, r#"["c"]"#),
            (r#"slice(["a"], 0, 3)"#, r#"["a"]"#),
        ],
        parameters: &[LIST, required("start", Shape::Int), optional("end", Shape::Optional(&Shape::Int), "null")],
        result: gives(Shape::List(&T)),
        works_with_unknown_items: true,
        call: slice,
        ..GROUP
    },
    LibraryFunction {
        name: "chunk",
        docs: "The list cut into lists of `size` items; the last one may be shorter.",
        examples: &[("chunk([1, 2, 3, 4, 5], 2)", "[[1, 2], [3, 4], [5]]"), ("chunk([], 2)", "[]")],
        parameters: &[LIST, required("size", Shape::Int)],
        result: gives(Shape::List(&Shape::List(&T))),
        works_with_unknown_items: true,
        call: chunk,
        ..GROUP
    },
    LibraryFunction {
        name: "zip",
        docs: "The lists side by side: a list of the first items, a list of the second items, and so on. The lists have to be equally long. See `zip_map` for keys and values.",
        examples: &[(r#"zip(["a", "b"], ["c", "d"])"#, r#"[["a", "c"], ["b", "d"]]"#), ("zip([], [])", "[]")],
        parameters: &[LISTS],
        result: gives(Shape::List(&Shape::List(&T))),
        works_with_unknown_items: true,
        call: zip,
        ..GROUP
    },
    LibraryFunction {
        name: "range",
        docs: "The whole numbers from `start` up to, not including, `end`. With one argument it begins at 0. `step` may be negative, for a descending list.",
        examples: &[
            ("range(3)", "[0, 1, 2]"),
            ("range(2, 5)", "[2, 3, 4]"),
            ("range(10, 0, -5)", "[10, 5]"),
            ("range(0)", "[]"),
        ],
        parameters: &[
            required("start", Shape::Int),
            optional("end", Shape::Optional(&Shape::Int), "null"),
            optional("step", Shape::Int, "1"),
        ],
        result: gives(Shape::List(&Shape::Int)),
        call: range,
        ..GROUP
    },
    LibraryFunction {
        name: "compact",
        docs: "The list without nulls.",
        examples: &[(r#"compact(["a", null, "b"])"#, r#"["a", "b"]"#), ("compact([null])", "[]")],
        parameters: &[required("items", Shape::List(&Shape::Optional(&T)))],
        result: gives(Shape::List(&T)),
        call: |_, arguments| Ok(Value::list(items(arguments, 0)?.iter().filter(|item| !item.is_null()).cloned())),
        ..GROUP
    },
    LibraryFunction {
        name: "cartesian_product",
        docs: "Every way to choose one item from each list, in order: the last list turns fastest.",
        examples: &[
            (r#"cartesian_product(["a", "b"], ["1", "2"])"#, r#"[["a", "1"], ["a", "2"], ["b", "1"], ["b", "2"]]"#),
            (r#"cartesian_product(["a"], [])"#, "[]"),
        ],
        parameters: &[LISTS],
        result: gives(Shape::List(&Shape::List(&T))),
        works_with_unknown_items: true,
        call: cartesian_product,
        ..GROUP
    },
];

/// The lists that argument 0 holds; none where one of them is not known yet.
fn lists(arguments: &[Value]) -> Result<Option<Vec<&[Value]>>, FunctionError> {
    let lists = items(arguments, 0)?;
    let unsettled = |list: &Value| match list.exposed() {
        Value::Unknown(_) => true,
        Value::Set(items) => !items.iter().all(Value::is_known),
        _ => false,
    };
    if unsettled(argument(arguments, 0)) || lists.iter().any(unsettled) {
        return Ok(None);
    }
    lists.iter().map(|list| items_of(list, 0)).collect::<Result<Vec<_>, _>>().map(Some)
}

fn joined(name: &str, arguments: &[Value]) -> Outcome {
    let Some(lists) = lists(arguments)? else { return wait(name, arguments) };
    check_item_count(lists.iter().map(|list| list.len()).sum())?;
    Ok(Value::list(lists.into_iter().flatten().cloned()))
}

fn slice(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let list = items(arguments, 0)?;
    let (start, end) = bounds(int(arguments, 1)?, optional_int(arguments, 2)?, list.len());
    Ok(Value::list(list.get(start..end).unwrap_or_default().iter().cloned()))
}

fn chunk(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (list, size) = (items(arguments, 0)?, size(arguments, 1)?);
    if size == 0 {
        return Err(FunctionError::of(1, "it is 0").help("write how many items each list has, at least 1"));
    }
    Ok(Value::list(list.chunks(size).map(|part| Value::list(part.iter().cloned()))))
}

fn zip(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let Some(lists) = lists(arguments)? else { return wait("zip", arguments) };
    let length = lists.first().map_or(0, |list| list.len());
    if let Some(index) = lists.iter().position(|list| list.len() != length) {
        let other = lists.get(index).map_or(0, |list| list.len());
        let message =
            format!("the lists are not equally long: the first has length {length}, list {} has {other}", index + 1);
        return Err(FunctionError::of(0, message).help("cut the longer one with `slice`"));
    }
    check_item_count(length.saturating_mul(lists.len()))?;
    let row = |position: usize| Value::list(lists.iter().filter_map(|list| list.get(position).cloned()));
    Ok(Value::list((0..length).map(row)))
}

fn range(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (start, end) = match (int(arguments, 0)?, optional_int(arguments, 1)?) {
        (start, Some(end)) => (start, end),
        (end, None) => (0, end),
    };
    let step = int(arguments, 2)?;
    if step == 0 {
        return Err(FunctionError::of(2, "it is 0").help("write 1, or -1 for a descending list"));
    }
    let distance = i128::from(end) - i128::from(start);
    let (distance, stride) = if step > 0 { (distance, i128::from(step)) } else { (-distance, -i128::from(step)) };
    let count = usize::try_from((distance.max(0) + stride - 1) / stride).unwrap_or(usize::MAX);
    check_item_count(count)?;
    Ok(Value::list(std::iter::successors(Some(start), |number| number.checked_add(step)).take(count).map(Value::Int)))
}

fn cartesian_product(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let Some(lists) = lists(arguments)? else { return wait("cartesian_product", arguments) };
    if lists.iter().any(|list| list.is_empty()) || lists.is_empty() {
        return Ok(Value::list([]));
    }
    let rows = lists.iter().fold(1_usize, |rows, list| rows.saturating_mul(list.len()));
    check_item_count(rows.saturating_mul(lists.len()))?;
    let mut product: Vec<Vec<Value>> = vec![Vec::new()];
    for list in lists {
        let extend =
            |row: &Vec<Value>| list.iter().map(|item| [row.as_slice(), std::slice::from_ref(item)].concat()).collect();
        product = product.iter().flat_map::<Vec<Vec<Value>>, _>(extend).collect();
    }
    Ok(Value::list(product.into_iter().map(Value::list)))
}
