//! Validation, planning and upgrades: what needs no cloud.

use crate::lie;
use formwork_model::{AttributePath, Map, Value, ValueBuf};
use formwork_provider_api::{
    Finding, PlanRequest, PlanResponse, ProviderError, StoredObject, UpgradeRequest, ValidateRequest, differences,
};

/// A thing of size 13 is refused, one of 666 warned about: rules that no schema can express.
pub(crate) fn validate(request: &ValidateRequest) -> Vec<Finding> {
    if request.type_name.as_deref() != Some("thing") {
        return Vec::new();
    }
    let size = request.config.to_value().as_map().and_then(|map| map.get("size").cloned());
    let finding = |warning, message: &str, help: &str| Finding {
        warning,
        path: AttributePath::member("size"),
        message: message.to_owned(),
        help: Some(help.to_owned()),
    };
    match size {
        Some(Value::Int(13)) => vec![finding(false, "a thing cannot have size 13", "take 12 or 14")],
        Some(Value::Int(666)) => vec![finding(true, "size 666 is ominous", "take another one")],
        _ => Vec::new(),
    }
}

/// Version 1 called `size` `count`.
pub(crate) fn upgrade(request: UpgradeRequest) -> Result<StoredObject, ProviderError> {
    let UpgradeRequest { type_name, from_version, object } = request;
    if type_name != "thing" || from_version >= 2 {
        return Ok(object);
    }
    let Value::Map(mut values) = object.values.to_value() else {
        return Err(ProviderError::invalid("the stored `mock.thing` is no map"));
    };
    if let Some(size) = values.remove("count") {
        values.insert("size", size);
    }
    Ok(StoredObject { values: ValueBuf::from(Value::Map(values)), private: object.private })
}

/// Whether planning does more than the default.
pub(crate) fn plans(type_name: &str) -> bool {
    matches!(type_name, "thing" | "cluster" | "slow" | "wrong")
}

pub(crate) fn plan(request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
    let mut response = PlanResponse::as_proposed(request);
    let (Value::Map(mut planned), Some(prior)) = (request.proposed.to_value(), &request.prior) else {
        return Ok(lie::in_plan(request, response));
    };
    let changes = changes(request, prior);
    let prior = prior.values.to_value().as_map().cloned().unwrap_or_default();
    if request.type_name == "thing" && changes {
        planned.insert("revision", request.unknown("revision"));
        if shrinks(&planned, &prior) {
            response.replace.push(AttributePath::member("size"));
        }
    }
    if request.type_name == "cluster" && planned.get("token_version") != prior.get("token_version") {
        planned.insert("token", request.unknown("token").secret());
    }
    // What still goes on is waited for.
    if request.type_name == "slow" && planned.get("status").and_then(Value::as_str) != Some("ready") {
        planned.insert("status", request.unknown("status"));
    }
    response.planned = ValueBuf::from(Value::Map(planned));
    Ok(lie::in_plan(request, response))
}

/// Whether the cloud will have something to do.
fn changes(request: &PlanRequest, prior: &StoredObject) -> bool {
    let Some(schema) = crate::SCHEMA.resource(&request.type_name) else { return false };
    !request.write_only_changed.is_empty()
        || !differences(schema, prior.values.view(), request.proposed.view()).is_empty()
}

fn shrinks(planned: &Map, prior: &Map) -> bool {
    match (planned.get("size"), prior.get("size")) {
        (Some(Value::Int(planned)), Some(Value::Int(prior))) => planned < prior,
        _ => false,
    }
}
