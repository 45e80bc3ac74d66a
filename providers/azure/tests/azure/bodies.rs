//! The bodies that we send: made from the vendor's PUT examples by way of our attributes, they validate against the vendor's
//! description; and every property of those examples can be written in our schema.

use crate::exceptions;
use crate::schemas::judged;
use crate::vendor::{Definition, Exchange, Property, Vendor};
use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{Map, Value};
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
            let name = format!("bodies::{what}::{}", ty.schema().name);
            let run = move || vendor.as_ref().map_or(Ok(()), |vendor| run(vendor, ty));
            trials.push(Trial::test(name, run).with_ignored_flag(skipped));
        };
        add("validate", validate);
        add("writable", writable);
    }
    trials
}

/// The config that an example's request stands for: what our schema can say of it.
pub fn config_of(ty: Inspected, exchange: &Exchange) -> Option<Map> {
    let values = ty.decode(&exchange.id, &exchange.sent, &Map::new())?;
    let settable = ty.schema().attributes.iter().filter(|attribute| attribute.is_settable() && !attribute.write_only);
    let values = values.as_map()?.clone();
    Some(settable.filter_map(|one| Some((one.name.into(), values.get(one.name)?.clone()))).collect())
}

/// The config, with children that a config must name before they are read.
pub fn full_config_of(ty: Inspected, exchange: &Exchange) -> Option<Map> {
    let mut known = Map::new();
    for child in ty.children() {
        known.insert(*child, Value::list([]));
    }
    let values = ty.decode(&exchange.id, &exchange.sent, &known)?;
    let mut config = config_of(ty, exchange)?;
    for child in ty.children() {
        let value = values.as_map()?.get(child).filter(|value| value.as_items().is_some_and(|items| !items.is_empty()));
        if let Some(value) = value {
            config.insert(*child, value.clone());
        }
    }
    Some(without_computed(ty.schema().attributes, &config))
}

fn without_computed(attributes: &[Attribute], values: &Map) -> Map {
    let settable = attributes.iter().filter(|attribute| attribute.is_settable());
    settable.filter_map(|one| Some((one.name.into(), without(&one.ty, values.get(one.name)?)))).collect()
}

fn without(ty: &AttributeType, value: &Value) -> Value {
    match (ty, value.exposed()) {
        (AttributeType::Object(fields), Value::Map(map)) => Value::Map(without_computed(fields, map)),
        (AttributeType::List(inner), Value::List(items)) => Value::list(items.iter().map(|item| without(inner, item))),
        (AttributeType::Set(inner), Value::Set(items)) => Value::set(items.iter().map(|item| without(inner, item))),
        (AttributeType::Map(inner), Value::Map(map)) => {
            Value::map(map.iter().map(|(key, value)| (key.clone(), without(inner, value))))
        }
        _ => value.clone(),
    }
}

fn puts(vendor: &Vendor, ty: Inspected) -> Vec<Exchange> {
    let mut seen = BTreeSet::new();
    let mut exchanges = vendor.exchanges(ty.kind(), ty.api_version());
    exchanges
        .retain(|one| one.is_example && one.method == "PUT" && one.sent.is_object() && seen.insert(one.name.clone()));
    exchanges
}

fn validate(vendor: &Vendor, ty: Inspected) -> Result<(), Failed> {
    let definition = vendor.definition(ty.kind(), ty.api_version()).ok_or("no description")?;
    let mut validation = Validation { definition: &definition, complaints: Vec::new() };
    for exchange in puts(vendor, ty) {
        let Some(config) = full_config_of(ty, &exchange) else { continue };
        let body = ty.encode(&config, None);
        assert_ne!(ty.carried_by_the_crate(&body), Some(false), "the crate's model loses something of {body}");
        validation.object(&definition.body().json, &body, "");
        // Laid over what there is, nothing read-only may come back either.
        let over = ty.encode(&config, Some(&exchange.answered).filter(|json| json.is_object()));
        assert!(over.is_object());
    }
    let unique: BTreeSet<(String, String)> = validation.complaints.into_iter().collect();
    judged(ty.schema().name, unique.into_iter().collect(), exceptions::BODIES)
}

struct Validation<'a> {
    definition: &'a Definition,
    complaints: Vec<(String, String)>,
}

impl Validation<'_> {
    fn complain(&mut self, path: &str, complaint: String) {
        self.complaints.push((path.to_owned(), complaint));
    }

    fn value(&mut self, property: &Property, json: &Json, path: &str) {
        let schema = &property.json;
        if property.is_read_only() {
            return self.complain(path, "is read-only and sent".to_owned());
        }
        match (schema["type"].as_str().unwrap_or("any"), json) {
            ("object", Json::Object(_)) => self.object(schema, json, path),
            ("array", Json::Array(items)) => {
                let item = Property { json: self.definition.follow(&schema["items"]), required: false };
                items.iter().for_each(|json| self.value(&item, json, &format!("{path}[]")));
            }
            ("string", Json::String(text)) => self.text(property, text, path),
            ("integer", Json::Number(number)) if number.is_i64() => {}
            ("number", Json::Number(_)) | ("boolean", Json::Bool(_)) | ("any", _) => {}
            (wanted, json) => self.complain(path, format!("is {json}, not {wanted}")),
        }
    }

    fn text(&mut self, property: &Property, text: &str, path: &str) {
        let constant = property.json["const"].as_str().is_none_or(|constant| constant.eq_ignore_ascii_case(text));
        let member = property.members().is_none_or(|(members, open)| open || members.iter().any(|one| one == text));
        if !constant || !member {
            self.complain(path, format!("is {text:?}, none of its values"));
        }
    }

    fn object(&mut self, schema: &Json, json: &Json, path: &str) {
        let place = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        for (name, value) in json.as_object().unwrap() {
            match self.definition.member(schema, name) {
                Some(property) => self.value(&property, value, &place(name)),
                None if schema["additionalProperties"].is_object() => {
                    let entry = self.definition.follow(&schema["additionalProperties"]);
                    self.value(&Property { json: entry, required: false }, value, &format!("{path}{{}}"));
                }
                None => self.complain(&place(name), "is not known".to_owned()),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let property = self.definition.member(schema, name).unwrap();
            let deploys = path.is_empty() && ["id", "name", "type", "apiVersion"].contains(&name);
            if !property.is_read_only() && !deploys && json.get(name).is_none() {
                self.complain(&place(name), "is required and missing".to_owned());
            }
        }
    }
}

/// A vendor path as segments: `*` for any key, and whether everything below it can be written.
struct Pattern {
    segments: Vec<String>,
    open: bool,
}

fn writable(vendor: &Vendor, ty: Inspected) -> Result<(), Failed> {
    let definition = vendor.definition(ty.kind(), ty.api_version()).ok_or("no description")?;
    let mut patterns = Vec::new();
    for attribute in ty.schema().attributes.iter().filter(|attribute| attribute.is_settable()) {
        if let Some(place) = ty.place(attribute) {
            add_patterns(&mut patterns, attribute, &place, &[]);
        }
    }
    patterns.extend(ty.fixed().iter().map(|(place, _)| Pattern { segments: segments(place), open: true }));
    let mut complaints = BTreeSet::new();
    for exchange in puts(vendor, ty) {
        let mut leaves = Vec::new();
        collect(&definition, &definition.body().json, &exchange.sent, &[], &mut leaves);
        for leaf in leaves {
            let envelope = ["id", "name", "type"].contains(&leaf.join(".").as_str());
            if !envelope && !patterns.iter().any(|pattern| fits(pattern, &leaf)) {
                complaints.insert((leaf.join("."), "cannot be written".to_owned()));
            }
        }
    }
    judged(ty.schema().name, complaints.into_iter().collect(), exceptions::UNWRITABLE)
}

/// `a.b[].c` as `a`, `b`, `[]`, `c`.
fn segments(place: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in place.split('.') {
        match (part.strip_suffix("[]"), part.strip_suffix("{}")) {
            (Some(name), _) => parts.extend([name.to_owned(), "[]".to_owned()]),
            (_, Some(name)) => parts.extend([name.to_owned(), "*".to_owned()]),
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn add_patterns(patterns: &mut Vec<Pattern>, attribute: &Attribute, place: &str, prefix: &[String]) {
    let own = segments(place);
    let wraps = own.iter().any(|segment| segment == "[]" || segment == "*");
    let path: Vec<String> = prefix.iter().cloned().chain(own).collect();
    add_type(patterns, &attribute.ty, path, wraps);
}

fn add_type(patterns: &mut Vec<Pattern>, ty: &AttributeType, path: Vec<String>, wraps: bool) {
    let below = |segment: &str| path.iter().cloned().chain([segment.to_owned()]).collect::<Vec<_>>();
    match ty {
        AttributeType::Object(fields) => {
            for field in fields.iter().filter(|field| field.is_settable()) {
                if let Some(place) = Inspected::field_place(field) {
                    add_patterns(patterns, field, &place, &path);
                }
            }
        }
        AttributeType::List(inner) | AttributeType::Set(inner) => {
            let path = if wraps { path } else { below("[]") };
            add_type(patterns, inner, path, false);
        }
        AttributeType::Map(inner) => add_type(patterns, inner, below("*"), false),
        AttributeType::Any => patterns.push(Pattern { segments: path, open: true }),
        _ => patterns.push(Pattern { open: path.last().is_some_and(|last| last == "*"), segments: path }),
    }
}

fn fits(pattern: &Pattern, leaf: &[String]) -> bool {
    let same = pattern.segments.iter().zip(leaf).all(|(one, other)| one == "*" || one == other);
    let shorter = leaf.len() < pattern.segments.len();
    // An empty list or object is written as one.
    same && (leaf.len() == pattern.segments.len() || shorter || pattern.open)
}

/// Paths of all leaves that can be sent: what the vendor calls read-only is noise in its examples.
fn collect(definition: &Definition, schema: &Json, json: &Json, path: &[String], leaves: &mut Vec<Vec<String>>) {
    let below = |segment: &str| path.iter().cloned().chain([segment.to_owned()]).collect::<Vec<_>>();
    match json {
        Json::Object(entries) if !entries.is_empty() => {
            for (name, value) in entries {
                let property = definition.member(schema, name);
                if property.as_ref().is_some_and(Property::is_read_only) {
                    continue;
                }
                let inner = property.map(|property| property.json).unwrap_or_default();
                collect(definition, &inner, value, &below(name), leaves);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            let inner = definition.follow(&schema["items"]);
            items.iter().for_each(|item| collect(definition, &inner, item, &below("[]"), leaves));
        }
        Json::Null => {}
        _ => leaves.push(path.to_vec()),
    }
}
