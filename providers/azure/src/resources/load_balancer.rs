//! `azure.load_balancer`: spreads traffic over machines. Its parts refer to each other by name; ARM wants their ids.

mod schema;

use crate::resource::{ArmType, Change, Hooks, Scope};
use crate::schema::versions;
use formwork_model::{Map, Value};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(crate) use schema::SCHEMA;

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/loadBalancers", versions::NETWORK, Scope::Group)
        .with_etag()
        .with_hooks(&LoadBalancer);

struct LoadBalancer;

/// Fields of rules that refer to another part of the same balancer, and the part's list.
const PARTS: &[(&str, &str)] = &[
    ("frontendIPConfiguration", "frontendIPConfigurations"),
    ("frontendIPConfigurations", "frontendIPConfigurations"),
    ("backendAddressPool", "backendAddressPools"),
    ("backendAddressPools", "backendAddressPools"),
    ("probe", "probes"),
];

const RULES: &[&str] = &["loadBalancingRules", "inboundNatRules", "inboundNatPools", "outboundRules"];

impl Hooks for LoadBalancer {
    fn body(&self, change: &Change<'_>, _: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        for rules in RULES {
            let Some(Json::Array(rules)) = body.get_mut("properties").and_then(|all| all.get_mut(rules)) else {
                continue;
            };
            for properties in rules.iter_mut().filter_map(|rule| rule.get_mut("properties")) {
                for (field, list) in PARTS {
                    if let Some(reference) = properties.get_mut(field) {
                        spell_out(reference, change.id.as_str(), list);
                    }
                }
            }
        }
        Ok(())
    }

    fn decode(&self, body: &Json, known: &Map, values: &mut Map) {
        let Some(id) = body.get("id").and_then(Json::as_str) else { return };
        for list in ["load_balancing_rules", "inbound_nat_rules", "inbound_nat_pools", "outbound_rules"] {
            if let Some(rules) = values.get(list) {
                let mut spelled = BTreeSet::new();
                known.get(list).into_iter().for_each(|known| texts(known, &mut spelled));
                let short = shortened(rules, &format!("{}/", id.to_lowercase()), &spelled);
                values.insert(list, short);
            }
        }
    }
}

/// All texts of a value, in small letters.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.to_lowercase().to_string())),
        Value::List(items) | Value::Set(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Map(map) => map.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// A name becomes the id of the part that has it.
fn spell_out(reference: &mut Json, id: &str, list: &str) {
    match reference {
        Json::Array(items) => items.iter_mut().for_each(|item| spell_out(item, id, list)),
        Json::Object(object) => {
            let name = object.get("id").and_then(Json::as_str).filter(|text| !text.contains('/'));
            if let Some(name) = name.map(str::to_owned) {
                object.insert("id".to_owned(), Json::from(format!("{id}/{list}/{name}")));
            }
        }
        _ => {}
    }
}

/// Ids of the balancer's own parts become their names again, unless the config spells them out; the parts' own ids stay.
fn shortened(value: &Value, own: &str, spelled: &BTreeSet<String>) -> Value {
    match value {
        Value::String(text)
            if text.to_lowercase().starts_with(own) && !spelled.contains(text.to_lowercase().as_str()) =>
        {
            Value::string(text.rsplit('/').next().unwrap_or_default())
        }
        Value::List(items) => Value::list(items.iter().map(|item| shortened(item, own, spelled))),
        Value::Set(items) => Value::set(items.iter().map(|item| shortened(item, own, spelled))),
        Value::Map(map) => Value::map(map.iter().map(|(key, value)| {
            let value = if key == "id" { value.clone() } else { shortened(value, own, spelled) };
            (key.clone(), value)
        })),
        other => other.clone(),
    }
}
