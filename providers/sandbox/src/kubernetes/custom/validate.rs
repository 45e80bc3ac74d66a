//! Custom objects against the schema of their definition: defaults, then validation.

use super::super::resource::{CustomShape, Resource, Shape};
use super::super::schema::{ListType, Schema, Type};
use super::super::status::Cause;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::{Map, Value as Json, json};

/// Adds the defaults of the schema; a null where none may be counts as absent.
pub(crate) fn add_defaults(schema: Schema<'_>, value: &mut Json) {
    match value {
        Json::Object(map) => default_object(schema, map),
        Json::Array(list) => list.iter_mut().for_each(|item| add_defaults(schema.items(), item)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn default_object(schema: Schema<'_>, map: &mut Map<String, Json>) {
    if schema.kind() == Type::Any {
        return;
    }
    for (name, field) in schema.fields() {
        let absent = map.get(name).is_none_or(|value| value.is_null() && !field.is_nullable());
        if let (true, Some(default)) = (absent, field.default()) {
            map.insert(name.clone(), default.clone());
        }
    }
    for (name, value) in map.iter_mut() {
        if let Some(field) = schema.field(name).filter(|_| name != "metadata") {
            add_defaults(field, value);
        }
    }
}

/// What is wrong with a custom object.
pub(crate) fn check_object(resource: &Resource, object: &Json) -> Vec<Cause> {
    let Shape::Custom(shape) = &resource.shape else { return Vec::new() };
    match shape.validator.get_or_init(|| compile(shape)) {
        Ok(validator) => {
            let mut found: Vec<Cause> = validator.iter_errors(object).flat_map(|error| causes(&error)).collect();
            check_lists(resource.schema(), object, "", &mut found);
            found
        }
        Err(error) => vec![Cause::invalid("", &json!(resource.kind), &format!("its schema cannot be used: {error}"))],
    }
}

/// Items of a list that has keys, and values of a set, may stand only once.
fn check_lists(schema: Schema<'_>, value: &Json, path: &str, found: &mut Vec<Cause>) {
    match value {
        Json::Object(map) => {
            for (name, value) in map {
                let Some(field) = schema.field(name).filter(|_| name != "metadata") else { continue };
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                check_lists(field, value, &path, found);
            }
        }
        Json::Array(list) => {
            let keys = match schema.list_type() {
                ListType::Map(keys) => Some(keys),
                ListType::Set => Some(Vec::new()),
                ListType::Atomic => None,
            };
            let mut seen: Vec<Json> = Vec::new();
            for (index, item) in list.iter().enumerate() {
                let path = format!("{path}[{index}]");
                let told = |keys: &Vec<&str>| match keys.as_slice() {
                    [] => item.clone(),
                    keys => keys.iter().filter_map(|key| Some(((*key).to_owned(), item.get(*key)?.clone()))).collect(),
                };
                if let Some(told) = keys.as_ref().map(told) {
                    if seen.contains(&told) {
                        found.push(Cause::duplicate(path.clone(), &told));
                    }
                    seen.push(told);
                }
                check_lists(schema.items(), item, &path, found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn compile(shape: &CustomShape) -> Result<Validator, String> {
    let mut schema = shape.schema.clone();
    super::super::json::remove(&mut schema, &["properties", "metadata"]);
    translate(&mut schema);
    let options = jsonschema::options().with_draft(Draft::Draft4);
    options.build(&schema).map_err(|error| error.to_string())
}

/// From `OpenAPI` 3.0 with Kubernetes' words to JSON Schema.
fn translate(schema: &mut Json) {
    let Some(node) = schema.as_object_mut() else { return };
    for word in ["default", "description", "example", "externalDocs", "title"] {
        node.shift_remove(word);
    }
    if node.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        node.insert("type".into(), json!(["integer", "string"]));
        node.shift_remove("anyOf");
    }
    if node.shift_remove("nullable") == Some(json!(true)) {
        allow_null(node);
    }
    for place in ["properties", "patternProperties", "definitions"] {
        let nodes = node.get_mut(place).and_then(Json::as_object_mut);
        nodes.into_iter().flat_map(Map::values_mut).for_each(translate);
    }
    for place in ["items", "additionalProperties", "not"] {
        node.get_mut(place).into_iter().for_each(translate);
    }
    for place in ["allOf", "anyOf", "oneOf"] {
        let nodes = node.get_mut(place).and_then(Json::as_array_mut);
        nodes.into_iter().flatten().for_each(translate);
    }
}

fn allow_null(node: &mut Map<String, Json>) {
    match node.get_mut("type") {
        Some(Json::Array(kinds)) => kinds.push("null".into()),
        Some(kind @ Json::String(_)) => *kind = json!([kind.clone(), "null"]),
        _ => {}
    }
    if let Some(Json::Array(options)) = node.get_mut("enum") {
        options.push(Json::Null);
    }
}

/// `/spec/list/0/name` as Kubernetes writes it.
fn dotted(path: &str) -> String {
    let mut written = String::new();
    for part in path.split('/').filter(|one| !one.is_empty()) {
        match part.parse::<usize>() {
            Ok(index) => written.push_str(&format!("[{index}]")),
            Err(_) if written.is_empty() => written.push_str(part),
            Err(_) => written.push_str(&format!(".{}", part.replace("~1", "/").replace("~0", "~"))),
        }
    }
    written
}

fn causes(error: &ValidationError<'_>) -> Vec<Cause> {
    let field = dotted(error.instance_path().as_str());
    let value = error.instance().as_ref();
    let body = |text: String| vec![Cause::invalid(field.clone(), &brief(value), &format!("{field} in body {text}"))];
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let field = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
            vec![Cause::required(field, "")]
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let allowed: Vec<_> = options.iter().filter_map(Json::as_str).collect();
            vec![Cause::unsupported(field, value, &allowed)]
        }
        ValidationErrorKind::Type { .. } => {
            let wanted = error.to_string();
            let wanted = wanted.rsplit(" is not of ").next().unwrap_or_default().trim_start_matches("type ");
            let (wanted, found) = (wanted.replace('"', ""), kind_of(value));
            let message = format!("Invalid value: {found:?}: {field} in body must be of type {wanted}: {found:?}");
            vec![Cause { reason: "FieldValueTypeInvalid", message, field: field.clone() }]
        }
        ValidationErrorKind::Pattern { pattern } => body(format!("should match '{pattern}'")),
        ValidationErrorKind::Minimum { limit } => body(format!("should be greater than or equal to {limit}")),
        ValidationErrorKind::Maximum { limit } => body(format!("should be less than or equal to {limit}")),
        ValidationErrorKind::MinLength { limit } => body(format!("should be at least {limit} chars long")),
        ValidationErrorKind::MaxLength { limit } => body(format!("should be at most {limit} chars long")),
        ValidationErrorKind::MinItems { limit } => body(format!("should have at least {limit} items")),
        ValidationErrorKind::MaxItems { limit } => body(format!("should have at most {limit} items")),
        _ => body(error.to_string()),
    }
}

/// Whole objects are named by their type only.
fn brief(value: &Json) -> Json {
    if value.is_object() || value.is_array() { json!(kind_of(value)) } else { value.clone() }
}

const fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
