//! Order and groups of records by one of their fields.

use super::arguments::{Outcome, T, gives, items, kind, map_of, required, text};
use super::collections::{GROUP, sorted};
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape};
use formwork_model::{Map, Value};
use std::collections::BTreeMap;

const RECORDS: Parameter = required("items", Shape::Items(&T));
const FIELD: Parameter = required("field", Shape::String);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "sort_by",
        docs: "The records in ascending order of one of their fields. Records with equal fields keep their order.",
        examples: &[
            (
                r#"sort_by([{ name = "b", size = 1 }, { name = "a", size = 2 }], "name")"#,
                r#"[{ name = "a", size = 2 }, { name = "b", size = 1 }]"#,
            ),
            (r#"sort_by([], "name")"#, "[]"),
        ],
        parameters: &[RECORDS, FIELD],
        result: gives(Shape::List(&T)),
        call: |_, arguments| {
            let name = text(arguments, 1)?;
            sorted(items(arguments, 0)?, |item| field(item, name).cloned())
        },
        ..GROUP
    },
    LibraryFunction {
        name: "group_by",
        docs: "The records by the text in one of their fields: a map from each text to the list of records that have it.",
        examples: &[
            (
                r#"group_by([{ zone = "a", id = 1 }, { zone = "b", id = 2 }, { zone = "a", id = 3 }], "zone")"#,
                r#"{ a = [{ zone = "a", id = 1 }, { zone = "a", id = 3 }], b = [{ zone = "b", id = 2 }] }"#,
            ),
            (r#"group_by([], "zone")"#, "{}"),
        ],
        parameters: &[RECORDS, FIELD],
        result: gives(Shape::Map(&Shape::List(&T))),
        call: group_by,
        ..GROUP
    },
];

fn field<'a>(item: &'a Value, name: &str) -> Result<&'a Value, FunctionError> {
    let record: &Map = map_of(item, 0).map_err(|_| {
        FunctionError::of(0, format!("its items have to be records, and one is {}", kind(item.exposed())))
    })?;
    record.get(name).ok_or_else(|| {
        let names: Vec<String> = record.keys().map(|key| format!("`{key}`")).collect();
        FunctionError::of(1, format!("an item has no field `{name}`"))
            .help(format!("it has {}", if names.is_empty() { "no fields".to_owned() } else { names.join(", ") }))
    })
}

fn group_by(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let name = text(arguments, 1)?;
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for item in items(arguments, 0)? {
        let value = field(item, name)?;
        let text = value.as_str().ok_or_else(|| {
            FunctionError::of(1, format!("`{name}` has to be a text, and of one item it is {}", kind(value.exposed())))
                .help("make it a text first: `[for x in items => { ...x, key = to_string(x.key) }]`")
        })?;
        groups.entry(text).or_default().push(item.clone());
    }
    Ok(Value::map(groups.into_iter().map(|(key, group)| (key, Value::list(group)))))
}
