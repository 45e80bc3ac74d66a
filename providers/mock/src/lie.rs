//! Wrong answers, told on purpose: by the type `mock.wrong` and by the faults `wrong_answer` and `wrong_count`.

use formwork_model::{AttributePath, Map, Value, ValueBuf};
use formwork_provider_api::{PlanRequest, PlanResponse, ReadOutcome, StoredObject};

/// What `mock.wrong` is told to lie about.
fn lie_of(values: &Map) -> &str {
    values.get("lie").and_then(Value::as_str).unwrap_or("none")
}

fn changed(values: &ValueBuf, change: impl FnOnce(&mut Map)) -> ValueBuf {
    let mut map = values.to_value().as_map().cloned().unwrap_or_default();
    change(&mut map);
    ValueBuf::from(Value::Map(map))
}

fn set(values: &ValueBuf, attribute: &str, value: Value) -> ValueBuf {
    changed(values, |map| drop(map.insert(attribute, value)))
}

/// A plan of `mock.wrong`.
pub(crate) fn in_plan(request: &PlanRequest, mut response: PlanResponse) -> PlanResponse {
    if request.type_name != "wrong" {
        return response;
    }
    let lie = request.proposed.to_value();
    match lie.as_map().map(lie_of) {
        Some("plan_contradicts_config") => response.planned = set(&response.planned, "size", Value::Int(99)),
        Some("plan_changes_type") => response.planned = set(&response.planned, "size", Value::string("many")),
        _ => {}
    }
    response
}

/// The answer of a create of `mock.wrong`.
pub(crate) fn in_create(object: StoredObject) -> StoredObject {
    let values = object.values.to_value();
    let unknown = || Value::attribute(formwork_model::Address::resource("wrong"), AttributePath::member("note"));
    let values = match values.as_map().map_or("none", lie_of) {
        "create_contradicts_plan" => set(&object.values, "size", Value::Int(99)),
        "create_changes_type" => set(&object.values, "note", Value::Int(7)),
        "create_leaves_unknown" => set(&object.values, "note", unknown()),
        "create_adds_attribute" => set(&object.values, "surplus", Value::Bool(true)),
        _ => return object,
    };
    StoredObject { values, ..object }
}

/// The answer of an update of `mock.wrong`.
pub(crate) fn in_update(object: StoredObject) -> StoredObject {
    let values = object.values.to_value();
    match values.as_map().map_or("none", lie_of) {
        "update_contradicts_plan" => StoredObject { values: set(&object.values, "size", Value::Int(99)), ..object },
        _ => object,
    }
}

/// The answers of a read of `mock.wrong`.
pub(crate) fn in_read(outcomes: &mut Vec<ReadOutcome>) {
    let mut drops = false;
    for outcome in outcomes.iter_mut() {
        let ReadOutcome::Present(object) = outcome else { continue };
        let values = object.values.to_value();
        match values.as_map().map_or("none", lie_of) {
            "read_changes_type" => object.values = wrong_type(&object.values),
            "read_drops_one" => drops = true,
            _ => {}
        }
    }
    if drops {
        outcomes.pop();
    }
}

/// The same values with one that is not what was planned.
pub(crate) fn contradicting(object: StoredObject) -> StoredObject {
    let values = changed(&object.values, |map| match map.get("size") {
        Some(Value::Int(size)) => drop(map.insert("size", Value::Int(size + 1))),
        _ => drop(map.insert("name", Value::string("something-else"))),
    });
    StoredObject { values, ..object }
}

/// The same values with one of another type.
pub(crate) fn wrong_type(values: &ValueBuf) -> ValueBuf {
    changed(values, |map| {
        let attribute = if map.contains("size") { "size" } else { "name" };
        map.insert(attribute, Value::list([Value::string("wrong")]));
    })
}
