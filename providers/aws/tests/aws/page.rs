//! The reference part of `docs/providers/aws.md` is what the schema says.

use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Presence, Recognition, ResourceSchema};
use formwork_provider_api::Provider;
use formwork_provider_aws::AwsProvider;
use libtest_mimic::{Failed, Trial};
use std::fmt::Write;

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("page::agrees_with_the_schema", agrees)]
}

const BEGIN: &str = "<!-- types: written by the provider's tests with UPDATE_EXPECT=1 -->\n";
const END: &str = "<!-- end of types -->";

fn agrees() -> Result<(), Failed> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers/aws.md");
    let page = std::fs::read_to_string(path)?;
    let (head, rest) = page.split_once(BEGIN).ok_or("the page has no mark where the types begin")?;
    let (_, tail) = rest.split_once(END).ok_or("the page has no mark where the types end")?;
    let wanted = format!("{head}{BEGIN}{}{END}{tail}", reference()?);
    if page == wanted {
        return Ok(());
    }
    if std::env::var("UPDATE_EXPECT").is_ok_and(|value| value == "1") {
        return Ok(std::fs::write(path, wanted)?);
    }
    Err("docs/providers/aws.md is out of date: run with UPDATE_EXPECT=1".into())
}

fn reference() -> Result<String, std::fmt::Error> {
    let schema = AwsProvider.schema();
    let mut text = String::new();
    writeln!(text, "\n## The provider block\n")?;
    table(&mut text, schema.configuration)?;
    writeln!(text, "## Resource types\n")?;
    for resource in schema.resources {
        section(&mut text, resource, true)?;
    }
    writeln!(text, "## Data sources\n")?;
    for data in schema.data {
        section(&mut text, data, false)?;
    }
    Ok(text)
}

fn section(text: &mut String, schema: &ResourceSchema, is_resource: bool) -> std::fmt::Result {
    writeln!(text, "### `aws.{}`\n\n{}\n", schema.name, schema.docs)?;
    if is_resource {
        let found = match schema.recognition {
            Recognition::Name => "its name",
            Recognition::Token { .. } => "its token",
            Recognition::Tag => "its stamp",
            Recognition::NaturalKey => "its content",
            Recognition::Repeatable => "repeating it",
            Recognition::None => "nothing",
        };
        writeln!(text, "Import by {}. Found after a crash by {found}.\n", schema.import_help)?;
    }
    table(text, schema.attributes)
}

fn table(text: &mut String, attributes: &[Attribute]) -> std::fmt::Result {
    writeln!(text, "| attribute | type | set by | vendor | meaning |\n|---|---|---|---|---|")?;
    rows(text, "", attributes)?;
    writeln!(text)
}

fn rows(text: &mut String, prefix: &str, attributes: &[Attribute]) -> std::fmt::Result {
    for attribute in attributes {
        let name = format!("{prefix}{}", attribute.name);
        let vendor = if attribute.vendor.is_empty() { camel(attribute.name) } else { attribute.vendor.to_owned() };
        let (kind, who, docs) = (kind(&attribute.ty), who(attribute), attribute.docs);
        writeln!(text, "| `{name}` | {kind} | {who} | `{vendor}` | {docs} |")?;
        match attribute.ty {
            AttributeType::Object(fields) => rows(text, &format!("{name}."), fields)?,
            AttributeType::List(AttributeType::Object(fields)) | AttributeType::Set(AttributeType::Object(fields)) => {
                rows(text, &format!("{name}[*]."), fields)?;
            }
            AttributeType::Map(AttributeType::Object(fields)) => rows(text, &format!("{name}[\"…\"]."), fields)?,
            _ => {}
        }
    }
    Ok(())
}

fn who(attribute: &Attribute) -> String {
    let mut words = vec![match attribute.presence {
        Presence::Required => "config, required".to_owned(),
        Presence::Optional => "config".to_owned(),
        Presence::Computed => "AWS".to_owned(),
        Presence::OptionalComputed => "config, else AWS".to_owned(),
    }];
    words.extend(match attribute.default {
        Preset::None => None,
        Preset::Bool(truth) => Some(format!("default `{truth}`")),
        Preset::Int(number) => Some(format!("default `{number}`")),
        Preset::String(text) => Some(format!("default `\"{text}\"`")),
        Preset::Duration(milliseconds) => Some(format!("default `{}s`", milliseconds / 1000)),
        Preset::Empty => Some("default empty".to_owned()),
        Preset::Json(json) => Some(format!("default `{json}`")),
    });
    words.extend(attribute.create_only.then(|| "a change replaces".to_owned()));
    words.extend(attribute.write_only.then(|| "write-only".to_owned()));
    words.extend(attribute.secret.then(|| "secret".to_owned()));
    words.join("; ")
}

fn kind(ty: &AttributeType) -> String {
    match ty {
        AttributeType::Enum(values) => joined(values, ""),
        AttributeType::OpenEnum(values) => joined(values, " or another"),
        AttributeType::Reference(targets) => joined(targets, ""),
        AttributeType::List(item) => format!("list of {}", kind(item)),
        AttributeType::Set(item) => format!("set of {}", kind(item)),
        AttributeType::Map(item) => format!("map of {}", kind(item)),
        AttributeType::Object(_) => "record".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn joined(values: &[&str], more: &str) -> String {
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" ") + more
}

fn camel(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
