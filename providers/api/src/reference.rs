//! A provider's reference page, made from its schema, so that page and schema cannot disagree.

use formwork_model::schema::{
    Attribute, AttributeType, Default, Equality, Limit, Presence, ProviderSchema, Recognition, ResourceSchema, Rule,
    SecretScheme,
};
use std::fmt::Write;

/// Below this line a page is generated; above it people write.
pub const MARK: &str = "<!-- Below this line the page is made from the schema. -->";

/// The generated part of a provider's page, in Markdown.
#[must_use]
pub fn markdown(schema: &ProviderSchema) -> String {
    let mut page = String::new();
    if !schema.configuration.is_empty() {
        line(&mut page, "## Configuration\n");
        table(&mut page, schema.configuration);
    }
    if !schema.secrets.is_empty() {
        line(&mut page, "## Sources of `secret_from`\n");
        schema.secrets.iter().for_each(|scheme| secrets(&mut page, scheme));
        page.push('\n');
    }
    let groups = [("Resource", schema.resources), ("Data", schema.data), ("Ephemeral", schema.ephemerals)];
    for (group, types) in groups {
        for ty in types {
            resource(&mut page, group, schema.name, ty);
        }
    }
    page
}

/// A whole page: what people wrote above [`MARK`], and the generated part.
#[must_use]
pub fn page(before: &str, schema: &ProviderSchema) -> String {
    let written = before.split(MARK).next().unwrap_or_default().trim_end();
    format!("{written}\n\n{MARK}\n\n{}\n", markdown(schema).trim_end())
}

fn line(page: &mut String, text: impl AsRef<str>) {
    page.push_str(text.as_ref());
    page.push('\n');
}

fn secrets(page: &mut String, scheme: &SecretScheme) {
    line(page, format!("- `{}:{}`, such as `{}`: {}", scheme.name, scheme.form, scheme.example, scheme.docs));
}

fn resource(page: &mut String, group: &str, provider: &str, schema: &ResourceSchema) {
    line(page, format!("## {group} `{provider}.{}`\n\n{}\n", schema.name, schema.docs));
    table(page, schema.attributes);
    for rule in schema.rules {
        line(page, format!("- {}", rule_text(rule)));
    }
    if group == "Resource" {
        line(page, format!("- After a crash: {}", recognition(schema)));
        if schema.capabilities.import {
            line(page, format!("- Import: {}.", schema.import_help));
        }
    }
    page.push('\n');
}

fn recognition(schema: &ResourceSchema) -> String {
    match schema.recognition {
        Recognition::Name => "recognised by its name.".to_owned(),
        Recognition::Token { ttl_s } => format!("the request is repeated with its token, within {ttl_s} seconds."),
        Recognition::Tag => "recognised by the operation that is stamped on it.".to_owned(),
        Recognition::NaturalKey => format!("recognised by {}.", words(schema.identity)),
        Recognition::Repeatable => "nothing was left; it is made again.".to_owned(),
        Recognition::None => "it cannot be recognised; you are asked.".to_owned(),
    }
}

fn words(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn rule_text(rule: &Rule) -> String {
    match rule {
        Rule::ExactlyOneOf(names) => format!("Exactly one of {} is set.", words(names)),
        Rule::AtMostOneOf(names) => format!("At most one of {} is set.", words(names)),
        Rule::AtLeastOneOf(names) => format!("At least one of {} is set.", words(names)),
        Rule::RequiredWith(names) => format!("With the first of {} the others are set, too.", words(names)),
    }
}

fn table(page: &mut String, attributes: &[Attribute]) {
    line(page, "| attribute | type | | |\n|---|---|---|---|");
    rows(page, attributes, "");
    page.push('\n');
}

fn rows(page: &mut String, attributes: &[Attribute], prefix: &str) {
    for attribute in attributes {
        let path = format!("{prefix}{}", attribute.name);
        let facts = facts(attribute).join(", ");
        let docs = attribute.docs.replace('|', "\\|");
        let _ = writeln!(page, "| `{path}` | {} | {facts} | {docs} |", type_text(attribute));
        if let Some((fields, inner)) = nested(&attribute.ty, &path) {
            rows(page, fields, &inner);
        }
    }
}

/// The fields of a nested block, and what their paths begin with.
fn nested(ty: &AttributeType, path: &str) -> Option<(&'static [Attribute], String)> {
    match ty {
        AttributeType::Object(fields) => Some((fields, format!("{path}."))),
        AttributeType::List(inner) | AttributeType::Set(inner) | AttributeType::Map(inner) => {
            nested(inner, &format!("{path}[*]"))
        }
        _ => None,
    }
}

fn type_text(attribute: &Attribute) -> String {
    let text = type_name(&attribute.ty);
    let text = if attribute.secret { format!("secret<{text}>") } else { text };
    format!("`{}`", text.replace('|', "\\|"))
}

fn type_name(ty: &AttributeType) -> String {
    match ty {
        AttributeType::Object(_) => "{ … }".to_owned(),
        AttributeType::List(inner) => format!("list<{}>", type_name(inner)),
        AttributeType::Set(inner) => format!("set<{}>", type_name(inner)),
        AttributeType::Map(inner) => format!("map<{}>", type_name(inner)),
        AttributeType::SameAs(other) => format!("as {other}"),
        AttributeType::OpenEnum(members) => {
            let members: Vec<String> = members.iter().map(|member| format!("{member:?}")).collect();
            format!("{} | string", members.join(" | "))
        }
        other => other.to_type().to_string(),
    }
}

fn facts(attribute: &Attribute) -> Vec<String> {
    let mut facts = Vec::new();
    match attribute.presence {
        Presence::Required => facts.push("required".to_owned()),
        Presence::Optional => {}
        Presence::Computed => facts.push("computed".to_owned()),
        Presence::OptionalComputed => facts.push("computed if left out".to_owned()),
    }
    facts.extend(default_text(attribute.default).map(|default| format!("default `{default}`")));
    let flags = [(attribute.create_only, "replaces"), (attribute.write_only, "write-only")];
    facts.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned()));
    if !attribute.vendor.is_empty() {
        facts.push(format!("vendor's `{}`", attribute.vendor));
    }
    facts.extend(equality_text(attribute.equality).map(str::to_owned));
    facts.extend(attribute.limits.iter().map(limit_text));
    facts
}

fn default_text(default: Default) -> Option<String> {
    Some(match default {
        Default::None => return None,
        Default::Bool(truth) => truth.to_string(),
        Default::Int(number) => number.to_string(),
        Default::String(text) => format!("{text:?}"),
        Default::Duration(milliseconds) if milliseconds % 1000 == 0 => format!("{}s", milliseconds / 1000),
        Default::Duration(milliseconds) => format!("{milliseconds}ms"),
        Default::Empty => "empty".to_owned(),
        Default::Json(text) => text.to_owned(),
    })
}

const fn equality_text(equality: Equality) -> Option<&'static str> {
    match equality {
        Equality::Exact => None,
        Equality::CaseInsensitive => Some("case does not count"),
        Equality::Json => Some("compared as JSON"),
        Equality::Unordered => Some("order does not count"),
        Equality::EmptyIsAbsent => Some("empty is none"),
        Equality::Network => Some("host bits do not count"),
    }
}

fn limit_text(limit: &Limit) -> String {
    match limit {
        Limit::Range(low, high) => format!("{low} to {high}"),
        Limit::Length(low, high) if low == high => format!("{low} long"),
        Limit::Length(low, high) => format!("{low} to {high} long"),
        Limit::Pattern(_, words) | Limit::OneOf(_, _, words) => (*words).to_owned(),
    }
}
