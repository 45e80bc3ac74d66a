//! Lints a provider's schema; every provider runs it as a test.

use crate::check::{self, Subject};
use formwork_model::schema::{
    Attribute, AttributeType, Default, Equality, Presence, ProviderSchema, ResourceSchema, Rule, SecretScheme,
};
use formwork_model::{Value, ValueBuf};
use std::collections::BTreeSet;

/// Everything that is wrong with a schema, one sentence each; empty when nothing is.
#[must_use]
pub fn lint(schema: &'static ProviderSchema) -> Vec<String> {
    let mut lint = Lint { provider: schema, complaints: Vec::new() };
    lint.word(schema.name, schema.name);
    lint.documented(schema.name, schema.docs);
    lint.attributes(schema.name, schema.configuration);
    schema.secrets.iter().for_each(|scheme| lint.secrets(scheme));
    let groups = [("resource", schema.resources), ("data source", schema.data), ("ephemeral value", schema.ephemerals)];
    for (group, types) in groups {
        lint.sorted(group, types);
        for ty in types {
            lint.resource(ty, group);
        }
    }
    lint.complaints
}

struct Lint {
    provider: &'static ProviderSchema,
    complaints: Vec<String>,
}

/// Attribute names that the language or the engine needs for itself.
const TAKEN: [&str; 6] = ["then", "else", "null", "true", "false", "match"];

impl Lint {
    fn complain(&mut self, place: &str, complaint: impl AsRef<str>) {
        self.complaints.push(format!("{place}: {}", complaint.as_ref()));
    }

    fn word(&mut self, place: &str, name: &str) {
        let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
        let starts_well = name.starts_with(|character: char| character.is_ascii_lowercase());
        if !starts_well || !name.chars().all(plain) || name.ends_with('_') || name.contains("__") {
            self.complain(place, format!("`{name}` is not snake_case"));
        }
        if TAKEN.contains(&name) {
            self.complain(place, format!("`{name}` is a word of the language"));
        }
    }

    fn secrets(&mut self, scheme: &SecretScheme) {
        self.word(scheme.name, scheme.name);
        self.documented(scheme.name, scheme.docs);
        let written = scheme.example.strip_prefix(scheme.name).and_then(|rest| rest.strip_prefix(':'));
        let name = written.and_then(|rest| rest.split('#').next()).unwrap_or_default();
        match regex::Regex::new(&format!("^(?:{})$", scheme.pattern)) {
            Ok(pattern) if pattern.is_match(name) => {}
            Ok(_) => self.complain(scheme.name, "its example does not match its pattern"),
            Err(error) => self.complain(scheme.name, format!("its pattern is none: {error}")),
        }
    }

    fn documented(&mut self, place: &str, docs: &str) {
        if docs.trim().is_empty() || !docs.trim_end().ends_with(['.', ':', '`', ')']) {
            self.complain(place, "its docs are no sentence");
        }
    }

    fn sorted(&mut self, group: &str, types: &[ResourceSchema]) {
        for (one, other) in types.iter().zip(types.iter().skip(1)) {
            if one.name >= other.name {
                let place = format!("{}.{}", self.provider.name, other.name);
                self.complain(&place, format!("{group}s must be sorted by name, each once"));
            }
        }
    }

    fn resource(&mut self, schema: &ResourceSchema, group: &str) {
        let place = format!("{}.{}", self.provider.name, schema.name);
        self.word(&place, schema.name);
        self.documented(&place, schema.docs);
        self.attributes(&place, schema.attributes);
        self.names_exist(&place, "identity", schema.identity, schema);
        let key = Some(schema.natural_key).filter(|key| !key.is_empty());
        self.names_exist(&place, "natural key", key.as_slice(), schema);
        for rule in schema.rules {
            let (Rule::ExactlyOneOf(names)
            | Rule::AtMostOneOf(names)
            | Rule::AtLeastOneOf(names)
            | Rule::RequiredWith(names)) = rule;
            self.names_exist(&place, "rule", names, schema);
        }
        if group == "resource" {
            self.lifecycle(&place, schema);
        }
    }

    fn lifecycle(&mut self, place: &str, schema: &ResourceSchema) {
        if schema.identity.is_empty() && (schema.capabilities.import || schema.capabilities.list) {
            self.complain(place, "it has no identity by which it could be read");
        }
        for name in schema.identity {
            let write_only = schema.attribute(name).is_some_and(|attribute| attribute.write_only);
            if write_only {
                self.complain(place, format!("the identity `{name}` is write-only"));
            }
        }
        let timeouts = schema.timeouts;
        if timeouts.create_s == 0 || timeouts.update_s == 0 || timeouts.delete_s == 0 {
            self.complain(place, "a time limit is zero");
        }
        if schema.version == 0 {
            self.complain(place, "versions begin with 1");
        }
        if schema.capabilities.import && schema.import_help.trim().is_empty() {
            self.complain(place, "it can be imported and does not say by what");
        }
        let all_create_only = schema.attributes.iter().filter(|one| one.is_settable()).all(|one| one.create_only);
        if schema.capabilities.update && all_create_only && !schema.attributes.is_empty() {
            self.complain(place, "it can be updated, and everything is create-only");
        }
    }

    fn names_exist(&mut self, place: &str, what: &str, names: &[&str], schema: &ResourceSchema) {
        for name in names.iter().filter(|name| schema.attribute(name).is_none()) {
            self.complain(place, format!("{what} `{name}` is no attribute"));
        }
    }

    fn attributes(&mut self, place: &str, attributes: &'static [Attribute]) {
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            let place = format!("{place}.{}", attribute.name);
            if !seen.insert(attribute.name) {
                self.complain(&place, "two attributes have this name");
            }
            self.word(&place, attribute.name);
            self.documented(&place, attribute.docs);
            self.attribute(&place, attribute, attributes);
        }
    }

    fn attribute(&mut self, place: &str, attribute: &Attribute, siblings: &'static [Attribute]) {
        let has_default = !matches!(attribute.default, Default::None);
        if has_default && matches!(attribute.presence, Presence::Required | Presence::Computed) {
            self.complain(place, "a default that can never hold: it is required or computed");
        }
        if attribute.presence == Presence::Computed && (attribute.create_only || attribute.write_only) {
            self.complain(place, "computed attributes cannot be create-only or write-only");
        }
        self.default_fits(place, attribute);
        self.element_keys(place, attribute);
        self.equality(place, attribute);
        self.ty(place, &attribute.ty, siblings);
    }

    fn default_fits(&mut self, place: &str, attribute: &Attribute) {
        let Some(value) = attribute.default_value() else {
            if let Default::Json(text) = attribute.default {
                self.complain(place, format!("its default is no JSON: {text}"));
            }
            return;
        };
        let subject = Subject { provider: self.provider.name, version: "", type_name: place, address: None };
        let wanted = Attribute { presence: Presence::Optional, ..*attribute };
        let values = ValueBuf::from(Value::map([(attribute.name, value.clone())]));
        if let Some(breach) = check::fits(&subject, &[wanted], values.view()).first() {
            let complaint = format!("its default is {}, not {}", breach.came, breach.promised);
            self.complain(place, complaint);
        }
        if let (AttributeType::Enum(members), Some(text)) = (attribute.ty, value.as_str())
            && !members.contains(&text)
        {
            self.complain(place, format!("its default {text:?} is none of its values"));
        }
    }

    fn element_keys(&mut self, place: &str, attribute: &Attribute) {
        if attribute.element_keys.is_empty() {
            return;
        }
        let AttributeType::List(AttributeType::Object(fields)) = attribute.ty else {
            return self.complain(place, "element keys are for lists of objects");
        };
        for key in attribute.element_keys.iter().filter(|key| !fields.iter().any(|field| field.name == **key)) {
            self.complain(place, format!("element key `{key}` is no field"));
        }
    }

    fn equality(&mut self, place: &str, attribute: &Attribute) {
        let innermost = innermost(&attribute.ty);
        let text = matches!(
            innermost,
            AttributeType::String | AttributeType::Enum(_) | AttributeType::OpenEnum(_) | AttributeType::Reference(_)
        );
        let fits = match attribute.equality {
            Equality::Exact | Equality::EmptyIsAbsent => true,
            Equality::CaseInsensitive => text,
            Equality::Json => matches!(innermost, AttributeType::String),
            Equality::Unordered => matches!(attribute.ty, AttributeType::List(_)),
            Equality::Network => matches!(innermost, AttributeType::Cidr | AttributeType::String),
        };
        if !fits {
            self.complain(place, format!("equality {:?} does not fit its type", attribute.equality));
        }
    }

    fn ty(&mut self, place: &str, ty: &AttributeType, siblings: &'static [Attribute]) {
        match ty {
            AttributeType::Object(fields) => self.attributes(place, fields),
            AttributeType::List(inner) | AttributeType::Set(inner) | AttributeType::Map(inner) => {
                self.ty(place, inner, siblings);
            }
            AttributeType::Enum(members) | AttributeType::OpenEnum(members) => {
                let unique: BTreeSet<_> = members.iter().collect();
                if members.is_empty() || unique.len() != members.len() {
                    self.complain(place, "an enum has values, each once");
                }
            }
            AttributeType::Reference(targets) => self.references(place, targets),
            AttributeType::SameAs(other) if !siblings.iter().any(|sibling| sibling.name == *other) => {
                self.complain(place, format!("it is the same as `{other}`, which is no attribute"));
            }
            _ => {}
        }
    }

    fn references(&mut self, place: &str, targets: &[&str]) {
        if targets.is_empty() {
            self.complain(place, "a reference names what it refers to");
        }
        for target in targets {
            match target.split_once('.') {
                None => self.complain(place, format!("`{target}` is not `provider.type`")),
                Some((provider, name)) if provider == self.provider.name => {
                    if self.provider.resource(name).is_none() && self.provider.data_source(name).is_none() {
                        self.complain(place, format!("it refers to `{target}`, which does not exist"));
                    }
                }
                // Types of another provider cannot be seen from here.
                Some(_) => {}
            }
        }
    }
}

const fn innermost(ty: &AttributeType) -> &AttributeType {
    match ty {
        AttributeType::List(inner) | AttributeType::Set(inner) | AttributeType::Map(inner) => innermost(inner),
        other => other,
    }
}
