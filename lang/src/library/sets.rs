//! Sets. Lists are taken too; the result is a set.

use super::arguments::{BASE, Outcome, T, check_item_count, gives, items, items_of, required, variadic};
use super::{Environment, LibraryFunction, Parameter, Shape};
use formwork_model::{Value, ValueBuf};
use std::collections::HashSet;

const GROUP: LibraryFunction = LibraryFunction { group: "sets", result: gives(Shape::Set(&T)), ..BASE };

const SETS: Parameter = variadic("sets", Shape::Items(&T));

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "union",
        docs: "What is in at least one of the sets.",
        examples: &[
            (r#"union(["a", "b"], ["b", "c"])"#, r#"to_set(["a", "b", "c"])"#),
            ("union([], [])", "to_set([])"),
        ],
        parameters: &[SETS],
        call: union,
        ..GROUP
    },
    LibraryFunction {
        name: "intersection",
        docs: "What is in each of the sets.",
        examples: &[
            (r#"intersection(["a", "b"], ["b", "c"])"#, r#"to_set(["b"])"#),
            (r#"intersection(["a"], ["b"])"#, "to_set([])"),
        ],
        parameters: &[SETS],
        call: intersection,
        ..GROUP
    },
    LibraryFunction {
        name: "difference",
        docs: "What is in the first set and not in `without`.",
        examples: &[
            (r#"difference(["a", "b"], ["b", "c"])"#, r#"to_set(["a"])"#),
            (r#"length(difference(["a"], ["a", "b"])) == 0"#, "true"),
        ],
        parameters: &[required("of", Shape::Items(&T)), required("without", Shape::Items(&T))],
        call: |_, arguments| {
            let without: HashSet<ValueBuf> = items(arguments, 1)?.iter().map(ValueBuf::from).collect();
            let rest = items(arguments, 0)?.iter().filter(|item| !without.contains(&ValueBuf::from(*item)));
            Ok(Value::set(rest.cloned()))
        },
        ..GROUP
    },
];

fn union(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let sets = items(arguments, 0)?.iter().map(|set| items_of(set, 0)).collect::<Result<Vec<_>, _>>()?;
    check_item_count(sets.iter().map(|set| set.len()).sum())?;
    Ok(Value::set(sets.into_iter().flatten().cloned()))
}

fn intersection(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let sets = items(arguments, 0)?;
    let Some((first, others)) = sets.split_first() else { return Ok(Value::set([])) };
    let mut rest: Vec<&Value> = items_of(first, 0)?.iter().collect();
    for other in others {
        let other: HashSet<ValueBuf> = items_of(other, 0)?.iter().map(ValueBuf::from).collect();
        rest.retain(|item| other.contains(&ValueBuf::from(*item)));
    }
    Ok(Value::set(rest.into_iter().cloned()))
}
