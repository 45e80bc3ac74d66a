//! The vendor's answers, from examples and from recorded traffic: what the schema knows is read, and what was sent gives a
//! clean plan against what came back.

use crate::bodies::full_config_of;
use crate::exceptions;
use crate::schemas::judged;
use crate::vendor::{Exchange, Vendor};
use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{Address, Map, Value, ValueBuf};
use formwork_provider_api::check::{self, Subject};
use formwork_provider_api::{differences, proposed};
use formwork_provider_azure::inspect::{Inspected, types};
use libtest_mimic::{Failed, Trial};
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub fn tests(vendor: Option<&Vendor>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for ty in types() {
        let skipped = vendor.is_none();
        let mut add = |what: &str, run: fn(&Vendor, Inspected) -> Result<(), Failed>| {
            let vendor = vendor.cloned();
            let name = format!("examples::{what}::{}", ty.schema().name);
            let run = move || vendor.as_ref().map_or(Ok(()), |vendor| run(vendor, ty));
            trials.push(Trial::test(name, run).with_ignored_flag(skipped));
        };
        add("read", read);
        add("settle", settle);
    }
    trials
}

fn answers(vendor: &Vendor, ty: Inspected) -> Vec<Exchange> {
    let mut exchanges = vendor.exchanges(ty.kind(), ty.api_version());
    let is_object = |json: &Json| json.as_object().is_some_and(|object| !object.is_empty());
    exchanges.retain(|one| {
        ["GET", "PUT"].contains(&one.method.as_str())
            && one.status < 300
            && is_object(&one.answered)
            && one.answered.get("value").is_none()
    });
    exchanges
}

/// Nothing that the schema knows is lost.
fn read(vendor: &Vendor, ty: Inspected) -> Result<(), Failed> {
    let mut complaints = BTreeSet::new();
    let mut count = 0;
    for exchange in answers(vendor, ty) {
        let known: Map = ty.children().iter().map(|child| ((*child).into(), Value::list([]))).collect();
        let Some(values) = ty.decode(&exchange.id, &exchange.answered, &known) else { continue };
        let values = values.as_map().cloned().unwrap_or_default();
        count += 1;
        for attribute in ty.schema().attributes.iter().filter(|attribute| attribute.name != "tags") {
            if let Some(place) = ty.place(attribute) {
                lost(attribute, &exchange.answered, &place, &values, "", &mut complaints);
            }
        }
    }
    if count == 0 {
        return Err("no answer of this type is at hand".into());
    }
    let complaints = complaints.into_iter().map(|path| (path, "is lost".to_owned())).collect();
    judged(ty.schema().name, complaints, exceptions::UNREAD)
}

fn lost(
    attribute: &Attribute,
    json: &Json,
    place: &str,
    values: &Map,
    prefix: &str,
    complaints: &mut BTreeSet<String>,
) {
    let Some(told) = at(json, place).filter(|told| !is_empty(told)) else { return };
    let path = format!("{prefix}{place}");
    match values.get(attribute.name) {
        _ if attribute.write_only => {}
        None => drop(complaints.insert(path)),
        Some(value) => lost_within(&attribute.ty, &told, value, &path, complaints),
    }
}

fn lost_within(ty: &AttributeType, json: &Json, value: &Value, path: &str, complaints: &mut BTreeSet<String>) {
    match (ty, json, value.exposed()) {
        (AttributeType::Object(fields), _, Value::Map(map)) => {
            for field in *fields {
                if let Some(place) = Inspected::field_place(field) {
                    lost(field, json, &place, map, &format!("{path}."), complaints);
                }
            }
        }
        (AttributeType::List(inner), Json::Array(items), Value::List(values)) => {
            if items.len() != values.len() {
                complaints.insert(path.to_owned());
            }
            for (json, value) in items.iter().zip(values) {
                lost_within(inner, json, value, &format!("{path}[]"), complaints);
            }
        }
        (AttributeType::Set(_), Json::Array(items), Value::Set(values)) if items.len() != values.len() => {
            complaints.insert(path.to_owned());
        }
        _ => {}
    }
}

/// What stands at one of our paths, as the vendor has it.
fn at(json: &Json, place: &str) -> Option<Json> {
    let (head, rest) = place.split_once('.').unwrap_or((place, ""));
    if let Some(name) = head.strip_suffix("[]") {
        let items = json.get(name)?.as_array()?;
        return Some(
            items.iter().filter_map(|item| if rest.is_empty() { Some(item.clone()) } else { at(item, rest) }).collect(),
        );
    }
    if let Some(name) = head.strip_suffix("{}") {
        return Some(json.get(name)?.as_object()?.keys().map(|key| Json::from(key.as_str())).collect());
    }
    let value = json.get(head).filter(|value| !value.is_null())?;
    if rest.is_empty() { Some(value.clone()) } else { at(value, rest) }
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        Json::String(text) => text.is_empty(),
        _ => false,
    }
}

/// What was sent, planned, fits what came back; and planned again, nothing is left to do.
fn settle(vendor: &Vendor, ty: Inspected) -> Result<(), Failed> {
    let name = ty.schema().name;
    let mut found: BTreeSet<(String, String, String)> = BTreeSet::new();
    for exchange in answers(vendor, ty).iter().filter(|one| one.method == "PUT" && one.sent.is_object()) {
        let Some(config) = full_config_of(ty, exchange) else { continue };
        let unsettled = unsettled(ty, exchange, config).into_iter();
        let file = exchange.name.rsplit('/').next().unwrap_or_default();
        found.extend(unsettled.map(|(path, complaint)| (file.to_owned(), path, complaint)));
    }
    let mut excepted: BTreeSet<(&str, &str)> = exceptions::UNCLEAN
        .iter()
        .filter(|one| one.type_name == name)
        .flat_map(|one| one.exchanges.iter().map(|exchange| (*exchange, one.path)))
        .collect();
    let known = excepted.clone();
    let mut complaints = Vec::new();
    for (exchange, path, complaint) in &found {
        excepted.remove(&(exchange.as_str(), path.as_str()));
        if !known.contains(&(exchange.as_str(), path.as_str())) {
            complaints.push(format!("{exchange}: {path}: {complaint}"));
        }
    }
    complaints
        .extend(excepted.iter().map(|(exchange, path)| format!("{exchange}: {path}: the exception is not needed")));
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

fn unsettled(ty: Inspected, exchange: &Exchange, config: Map) -> Vec<(String, String)> {
    let (schema, address) = (ty.schema(), Address::resource("example"));
    let config = ValueBuf::from(Value::Map(config));
    let planned = proposed(schema, &address, config.view(), None);
    let wanted = known(&planned);
    let read = ty.decode(&exchange.id, &exchange.answered, &wanted).unwrap();
    let read = ValueBuf::from(read);
    let subject = Subject { provider: "azure", version: "0", type_name: schema.name, address: Some(&address) };
    // What a call of its own tells is in no answer.
    let told_apart = |path: &str| {
        let attribute = schema.attributes.iter().find(|attribute| attribute.name == path);
        attribute.is_some_and(|attribute| !attribute.is_settable() && attribute.vendor == "-")
    };
    let mut found: Vec<(String, String)> = check::applied(&subject, schema, planned.view(), read.view())
        .into_iter()
        .filter(|breach| !told_apart(&breach.path.to_string()))
        .map(|breach| (breach.path.to_string(), format!("promised {}, came {}", breach.promised, breach.came)))
        .collect();
    let again = proposed(schema, &address, config.view(), Some(read.view()));
    for difference in differences(schema, read.view(), again.view()) {
        let text = format!("not clean: {:?} -> {:?}", difference.before, difference.after);
        found.push((difference.path.to_string(), text));
    }
    found
}

fn known(planned: &ValueBuf) -> Map {
    match known_part(planned.to_value()) {
        Some(Value::Map(map)) => map,
        _ => Map::new(),
    }
}

/// What is known of a value, as the provider sees it when it is applied.
fn known_part(value: Value) -> Option<Value> {
    Some(match value {
        Value::Null | Value::Unknown(_) => return None,
        Value::Map(map) => {
            Value::Map(map.into_iter().filter_map(|(key, value)| Some((key, known_part(value)?))).collect())
        }
        Value::List(items) => Value::List(items.into_iter().filter_map(known_part).collect()),
        other => other,
    })
}
