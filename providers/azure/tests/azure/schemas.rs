//! The schemas, held against themselves and against the vendor's description of each type: every path of ours exists, what is
//! required there is required here, read-only is computed, enums have the same members.

use crate::exceptions;
use crate::vendor::{Definition, Property, Vendor};
use formwork_model::schema::{Attribute, AttributeType, Default, Presence};
use formwork_provider_api::{Provider, schema_check};
use formwork_provider_azure::AzureProvider;
use formwork_provider_azure::inspect::{Inspected, types};
use libtest_mimic::{Failed, Trial};
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub fn tests(vendor: Option<&Vendor>) -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("schemas::are_sound", are_sound),
        Trial::test("schemas::any_type_may_be_a_scope", any_type_may_be_a_scope),
    ];
    for ty in types() {
        let vendor = vendor.cloned();
        let skipped = vendor.is_none();
        let name = format!("schemas::{}", ty.schema().name);
        let run = move || vendor.as_ref().map_or(Ok(()), |vendor| agrees(vendor, ty));
        trials.push(Trial::test(name, run).with_ignored_flag(skipped));
    }
    trials
}

fn are_sound() -> Result<(), Failed> {
    assert_eq!(schema_check::lint(AzureProvider.schema()), Vec::<String>::new());
    Ok(())
}

/// A role is assigned on anything that ARM serves, apart from what stands on a scope itself.
fn any_type_may_be_a_scope() -> Result<(), Failed> {
    let schema = AzureProvider.schema();
    let scope = schema.resource("role_assignment").and_then(|one| one.attribute("scope")).unwrap();
    let AttributeType::Reference(targets) = scope.ty else { return Err("scope is no reference".into()) };
    let extensions = ["role_assignment", "role_definition"];
    let served = types().into_iter().map(|ty| ty.schema().name).filter(|name| !extensions.contains(name));
    let wanted: BTreeSet<String> = served.chain(["resource"]).map(|name| format!("azure.{name}")).collect();
    assert_eq!(targets.iter().map(|target| (*target).to_owned()).collect::<BTreeSet<_>>(), wanted);
    Ok(())
}

/// Complaints of one type, with those that are excepted taken out.
pub fn judged(type_name: &str, complaints: Vec<(String, String)>, table: &[(&str, &str, &str)]) -> Result<(), Failed> {
    let mut used = BTreeSet::new();
    let left: Vec<String> = complaints
        .into_iter()
        .filter(|(path, _)| {
            let exception = table.iter().find(|(ty, place, _)| *ty == type_name && path == place);
            used.extend(exception.map(|(_, place, _)| *place));
            exception.is_none()
        })
        .map(|(path, complaint)| format!("{path}: {complaint}"))
        .collect();
    let idle: Vec<&str> =
        table.iter().filter(|(ty, place, _)| *ty == type_name && !used.contains(place)).map(|entry| entry.1).collect();
    match (left.is_empty(), idle.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(format!("exceptions that are not needed: {idle:?}").into()),
        _ => Err(left.join("\n").into()),
    }
}

fn agrees(vendor: &Vendor, ty: Inspected) -> Result<(), Failed> {
    let Some(definition) = vendor.definition(ty.kind(), ty.api_version()) else {
        return Err(format!("there is no description of {} at {}", ty.kind(), ty.api_version()).into());
    };
    let mut comparison = Comparison { definition: &definition, complaints: Vec::new() };
    let body = definition.body();
    for attribute in ty.schema().attributes {
        if let Some(place) = ty.place(attribute) {
            comparison.attribute(&body.json, attribute, &place, "");
        }
    }
    let mut places: Vec<String> = ty.schema().attributes.iter().filter_map(|attribute| ty.place(attribute)).collect();
    places.extend(ty.fixed().iter().map(|(place, _)| (*place).to_owned()));
    comparison.required_ones(&body.json, &places, "");
    judged(ty.schema().name, comparison.complaints, exceptions::SCHEMA)
}

struct Comparison<'a> {
    definition: &'a Definition,
    complaints: Vec<(String, String)>,
}

impl Comparison<'_> {
    fn complain(&mut self, path: &str, complaint: impl Into<String>) {
        self.complaints.push((path.to_owned(), complaint.into()));
    }

    fn attribute(&mut self, object: &Json, attribute: &Attribute, place: &str, prefix: &str) {
        let path = format!("{prefix}{place}");
        let Some(property) = self.definition.at(object, place) else {
            return self.complain(&path, format!("`{}` stands where the vendor has nothing", attribute.name));
        };
        self.access(attribute, &property, &path);
        self.ty(&attribute.ty, &property.json, &path);
    }

    fn access(&mut self, attribute: &Attribute, property: &Property, path: &str) {
        if property.is_read_only() && attribute.is_settable() {
            self.complain(path, "is read-only there and settable here");
        }
        if property.is_write_only() && !attribute.write_only {
            self.complain(path, "is write-only there and read here");
        }
        let chosen = attribute.presence == Presence::Required || !matches!(attribute.default, Default::None);
        if property.required && !property.is_read_only() && !chosen {
            self.complain(path, "is required there and not here");
        }
    }

    fn ty(&mut self, ty: &AttributeType, schema: &Json, path: &str) {
        let schema = self.definition.follow(schema);
        match ty {
            AttributeType::Object(fields) => self.fields(fields, &schema, path),
            AttributeType::List(inner) | AttributeType::Set(inner) => {
                let items = schema["items"].clone();
                // Items that the path wraps or that are keys are compared as they stand.
                let inner_schema = if items.is_null() { schema } else { items };
                self.ty(inner, &inner_schema, &format!("{path}[]"));
            }
            AttributeType::Map(inner) => {
                let entries = schema["additionalProperties"].clone();
                self.ty(inner, &entries, &format!("{path}{{}}"));
            }
            AttributeType::Enum(members) | AttributeType::OpenEnum(members) => self.members(members, &schema, path),
            ty => self.scalar(ty, &schema, path),
        }
    }

    fn fields(&mut self, fields: &[Attribute], schema: &Json, path: &str) {
        let prefix = format!("{path}.");
        let mut places = Vec::new();
        for field in fields {
            if let Some(place) = Inspected::field_place(field) {
                self.attribute(schema, field, &place, &prefix);
                places.push(place);
            }
        }
        self.required_ones(schema, &places, &prefix);
    }

    fn required_ones(&mut self, schema: &Json, places: &[String], prefix: &str) {
        let names: Vec<String> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
        for name in names {
            let property = self.definition.member(schema, &name).unwrap();
            let deploys = prefix.is_empty() && ["id", "name", "type", "apiVersion"].contains(&name.as_str());
            let is_there = places.iter().any(|place| place.split(['.', '[', '{']).next() == Some(&name));
            if !property.is_read_only() && !deploys && !is_there {
                self.complain(&format!("{prefix}{name}"), "is required there and missing here");
            }
        }
    }

    fn members(&mut self, members: &[&str], schema: &Json, path: &str) {
        let property = Property { json: schema.clone(), required: false };
        let Some((theirs, _)) = property.members() else {
            return self.complain(path, "is no enum there");
        };
        let surplus: Vec<&&str> = members.iter().filter(|ours| !theirs.iter().any(|one| one == **ours)).collect();
        let missing: Vec<&String> = theirs.iter().filter(|one| !members.contains(&one.as_str())).collect();
        if !surplus.is_empty() || !missing.is_empty() {
            self.complain(path, format!("enum: not there {surplus:?}, not here {missing:?}"));
        }
    }

    fn scalar(&mut self, ty: &AttributeType, schema: &Json, path: &str) {
        let theirs = schema["type"].as_str().unwrap_or("any");
        let fits = match ty {
            AttributeType::Bool => theirs == "boolean",
            AttributeType::Int => theirs == "integer",
            AttributeType::Float => ["number", "integer"].contains(&theirs),
            AttributeType::Any | AttributeType::SameAs(_) => true,
            // Keys of an object are texts.
            _ => ["string", "any", "object"].contains(&theirs),
        };
        if !fits {
            self.complain(path, format!("is {theirs} there"));
        }
    }
}
