//! Maps and records. Their entries are always in the order of their keys.

use super::arguments::{
    BASE, Outcome, T, argument, check_item_count, gives, item_text, items, items_of, map, map_of, required, text,
    variadic, wait,
};
use super::{Environment, FunctionError, LibraryFunction, Parameter, ResultType, Shape};
use ecow::EcoString;
use formwork_model::{Field, Map, RecordType, Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

const GROUP: LibraryFunction = LibraryFunction { group: "maps", ..BASE };

const MAP: Parameter = required("map", Shape::Map(&T));
const KEYS: Parameter = required("keys", Shape::Items(&Shape::String));
const MAPS: Parameter = variadic("maps", Shape::Map(&Shape::Any));

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "keys",
        docs: "The keys of a map, sorted.",
        examples: &[("keys({ b = 1, a = 2 })", r#"["a", "b"]"#), ("keys({})", "[]")],
        parameters: &[required("map", Shape::Map(&Shape::Any))],
        result: gives(Shape::List(&Shape::String)),
        works_with_unknown_items: true,
        tells_no_items: true,
        call: |_, arguments| Ok(Value::list(map(arguments, 0)?.keys().cloned().map(Value::String))),
        ..GROUP
    },
    LibraryFunction {
        name: "values",
        docs: "The values of a map, in the order of their keys.",
        examples: &[("values({ b = 1, a = 2 })", "[2, 1]"), ("values({})", "[]")],
        parameters: &[MAP],
        result: gives(Shape::List(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| Ok(Value::list(map(arguments, 0)?.values().cloned())),
        ..GROUP
    },
    LibraryFunction {
        name: "entries",
        docs: "The entries of a map as records with `key` and `value`, in the order of their keys.",
        examples: &[
            ("entries({ b = 1, a = 2 })", r#"[{ key = "a", value = 2 }, { key = "b", value = 1 }]"#),
            ("entries({})", "[]"),
        ],
        parameters: &[MAP],
        result: ResultType::Computed(entries_type),
        works_with_unknown_items: true,
        call: |_, arguments| {
            let entry = |(key, value): (&EcoString, &Value)| {
                Value::map([("key", Value::String(key.clone())), ("value", value.clone())])
            };
            Ok(Value::list(map(arguments, 0)?.iter().map(entry)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "lookup",
        docs: "The value of `key`, or `default` where the map does not have it. `map?[key] ?? default` is the same, but also takes `default` where the value is null.",
        examples: &[(r#"lookup({ a = 1 }, "a", 0)"#, "1"), (r#"lookup({ a = 1 }, "b", 0)"#, "0")],
        parameters: &[MAP, required("key", Shape::String), required("default", T)],
        result: gives(T),
        works_with_unknown_items: true,
        call: |_, arguments| {
            if matches!(argument(arguments, 1), Value::Unknown(_)) {
                return wait("lookup", arguments);
            }
            let found = map(arguments, 0)?.get(text(arguments, 1)?);
            Ok(found.or(arguments.get(2)).cloned().unwrap_or(Value::Null))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "merge",
        docs: "The entries of all the maps in one; of entries with the same key the last wins, as a whole. `{ ...a, ...b }` is the same.",
        examples: &[
            ("merge({ a = 1, b = 1 }, { b = 2, c = 2 })", "{ a = 1, b = 2, c = 2 }"),
            ("merge({ a = { x = 1 } }, { a = { y = 2 } })", "{ a = { y = 2 } }"),
        ],
        parameters: &[MAPS],
        result: ResultType::Computed(|types| merged_types(types, false)),
        works_with_unknown_items: true,
        call: |_, arguments| merged("merge", arguments, |_, new| Ok(Some(new.clone()))),
        ..GROUP
    },
    LibraryFunction {
        name: "deep_merge",
        docs: "The entries of all the maps in one, at every depth: where both values of a key are maps, those are merged too. Anything else, also a list, is replaced as a whole.",
        examples: &[
            ("deep_merge({ a = { x = 1 } }, { a = { y = 2 } })", "{ a = { x = 1, y = 2 } }"),
            ("deep_merge({ a = [1], b = 1 }, { a = [2] })", "{ a = [2], b = 1 }"),
        ],
        parameters: &[MAPS],
        result: ResultType::Computed(|types| merged_types(types, true)),
        call: |_, arguments| merged("deep_merge", arguments, deep),
        ..GROUP
    },
    LibraryFunction {
        name: "pick",
        docs: "The entries of the map whose keys are among `keys`. A key that the map does not have is left out.",
        examples: &[(r#"pick({ a = 1, b = 2 }, ["a", "c"])"#, "{ a = 1 }"), (r#"pick({ a = 1 }, [])"#, "{}")],
        parameters: &[MAP, KEYS],
        result: gives(Shape::Map(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| filtered("pick", arguments, true),
        ..GROUP
    },
    LibraryFunction {
        name: "omit",
        docs: "The entries of the map whose keys are not among `keys`.",
        examples: &[(r#"omit({ a = 1, b = 2 }, ["a"])"#, "{ b = 2 }"), (r#"omit({ a = 1 }, [])"#, "{ a = 1 }")],
        parameters: &[MAP, KEYS],
        result: gives(Shape::Map(&T)),
        works_with_unknown_items: true,
        call: |_, arguments| filtered("omit", arguments, false),
        ..GROUP
    },
    LibraryFunction {
        name: "zip_map",
        docs: "A map from each of the keys to the value at the same position. Both lists have to be equally long, and no key may repeat.",
        examples: &[(r#"zip_map(["a", "b"], [1, 2])"#, "{ a = 1, b = 2 }"), ("zip_map([], [])", "{}")],
        parameters: &[required("keys", Shape::List(&Shape::String)), required("values", Shape::List(&T))],
        result: gives(Shape::Map(&T)),
        works_with_unknown_items: true,
        call: zip_map,
        ..GROUP
    },
    LibraryFunction {
        name: "transpose",
        docs: "A map from texts to lists of texts, turned round: each text of the lists becomes a key, with the sorted keys under which it stood.",
        examples: &[
            (r#"transpose({ ann = ["dev", "ops"], bob = ["dev"] })"#, r#"{ dev = ["ann", "bob"], ops = ["ann"] }"#),
            ("transpose({})", "{}"),
        ],
        parameters: &[required("map", Shape::Map(&Shape::Items(&Shape::String)))],
        result: gives(Shape::Map(&Shape::List(&Shape::String))),
        call: transpose,
        ..GROUP
    },
];

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, optional: false, docs: EcoString::new(), span: None }
}

fn entries_type(types: &[Type]) -> Type {
    let value = match types.first().map(Type::exposed) {
        Some(Type::Map(value)) => value.as_ref().clone(),
        Some(Type::Record(record)) => common_type(record.fields.iter().map(|field| &field.ty)),
        _ => Type::Any,
    };
    let fields = vec![field("key", Type::String), field("value", value)];
    Type::list(Type::Record(Arc::new(RecordType { name: None, declaration: None, fields })))
}

/// The type of all, where it is the same; `any` otherwise.
fn common_type<'a>(mut types: impl Iterator<Item = &'a Type>) -> Type {
    let Some(first) = types.next() else { return Type::Any };
    if types.all(|ty| ty == first) { first.clone() } else { Type::Any }
}

/// The type of merged maps: records give a record, anything else a map.
fn merged_types(types: &[Type], deep: bool) -> Type {
    let mut result: Option<Type> = None;
    for ty in types {
        let next = ty.exposed().clone();
        result = Some(result.map_or(next.clone(), |before| merged_type(&before, &next, deep)));
    }
    match result {
        Some(Type::Record(record)) => Type::Record(record),
        Some(Type::Map(value)) => Type::Map(value),
        _ => Type::map(Type::Any),
    }
}

fn merged_type(before: &Type, next: &Type, deep: bool) -> Type {
    match (before, next) {
        (Type::Record(one), Type::Record(two)) => merged_records(one, two, deep),
        (Type::Map(one), Type::Map(two)) if one == two => before.clone(),
        (Type::Map(value), Type::Record(record)) | (Type::Record(record), Type::Map(value))
            if record.fields.iter().all(|field| field.ty == **value) =>
        {
            Type::map(value.as_ref().clone())
        }
        _ => Type::map(Type::Any),
    }
}

fn merged_records(one: &RecordType, two: &RecordType, deep: bool) -> Type {
    let mut fields = one.fields.clone();
    for new in &two.fields {
        let Some(old) = fields.iter_mut().find(|field| field.name == new.name) else {
            fields.push(new.clone());
            continue;
        };
        if new.optional && old.ty != new.ty {
            return Type::map(Type::Any);
        }
        let inner = |ty: &Type| matches!(ty, Type::Record(_) | Type::Map(_));
        old.ty = if deep && inner(&old.ty) && inner(&new.ty) {
            merged_type(&old.ty, &new.ty, deep)
        } else if deep && old.ty != new.ty && (matches!(old.ty, Type::Any) || matches!(new.ty, Type::Any)) {
            Type::Any
        } else {
            new.ty.clone()
        };
        old.optional = old.optional && new.optional;
    }
    Type::Record(Arc::new(RecordType { name: None, declaration: None, fields }))
}

/// What stands under a key that both maps have; none where that is not known yet.
type Choice = fn(&Value, &Value) -> Result<Option<Value>, FunctionError>;

fn merged(name: &str, arguments: &[Value], choose: Choice) -> Outcome {
    let maps = items(arguments, 0)?;
    if maps.iter().any(|map| matches!(map, Value::Unknown(_))) {
        return wait(name, arguments);
    }
    let mut result = Map::new();
    for map in maps {
        match merge_two(&result, map_of(map, 0)?, choose)? {
            Some(merged) => result = merged,
            None => return wait(name, arguments),
        }
    }
    Ok(Value::Map(result))
}

fn merge_two(old: &Map, new: &Map, choose: Choice) -> Result<Option<Map>, FunctionError> {
    check_item_count(old.len().saturating_add(new.len()))?;
    let mut entries: Vec<(EcoString, Value)> = old.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    for (key, value) in new.iter() {
        let chosen = match old.get(key) {
            Some(before) => choose(before, value)?,
            None => Some(value.clone()),
        };
        let Some(chosen) = chosen else { return Ok(None) };
        entries.push((key.clone(), chosen));
    }
    Ok(Some(entries.into_iter().collect()))
}

fn deep(before: &Value, new: &Value) -> Result<Option<Value>, FunctionError> {
    match (before.exposed(), new.exposed()) {
        (Value::Map(before), Value::Map(new)) => Ok(merge_two(before, new, deep)?.map(Value::Map)),
        (_, new) => Ok(Some(new.clone())),
    }
}

fn filtered(name: &str, arguments: &[Value], wanted: bool) -> Outcome {
    let keys = items(arguments, 1)?;
    if keys.iter().any(|key| matches!(key, Value::Unknown(_))) {
        return wait(name, arguments);
    }
    let keys = keys.iter().map(|key| item_text(key, 1)).collect::<Result<std::collections::BTreeSet<_>, _>>()?;
    let chosen = map(arguments, 0)?.iter().filter(|(key, _)| keys.contains(key.as_str()) == wanted);
    Ok(Value::map(chosen.map(|(key, value)| (key.clone(), value.clone()))))
}

fn zip_map(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (keys, values) = (items(arguments, 0)?, items(arguments, 1)?);
    if keys.iter().any(|key| matches!(key, Value::Unknown(_))) {
        return wait("zip_map", arguments);
    }
    if keys.len() != values.len() {
        let message = format!("there are not as many values ({}) as keys ({})", values.len(), keys.len());
        return Err(FunctionError::of(1, message).help("give one value for each key"));
    }
    let mut result = BTreeMap::new();
    for (key, value) in keys.iter().zip(values) {
        let key = item_text(key, 0)?;
        if result.insert(key, value.clone()).is_some() {
            return Err(FunctionError::of(0, format!("the key `{key}` repeats")).help("give each key once"));
        }
    }
    Ok(Value::map(result))
}

fn transpose(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let mut result: BTreeMap<&str, Vec<&EcoString>> = BTreeMap::new();
    for (key, texts) in map(arguments, 0)?.iter() {
        for text in items_of(texts, 0)? {
            let keys = result.entry(item_text(text, 0)?).or_default();
            if keys.last() != Some(&key) {
                keys.push(key);
            }
        }
    }
    let list = |keys: Vec<&EcoString>| Value::list(keys.into_iter().cloned().map(Value::String));
    Ok(Value::map(result.into_iter().map(|(text, keys)| (text, list(keys)))))
}
