//! A schema with one attribute of every kind, and values written as JSON: `{"?": "path"}` is unknown, `{"!": v}` secret,
//! `{"set": […]}` a set.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use formwork_model::schema::{
    Attribute, AttributeType, Capabilities, Default, Equality, ProviderSchema, Recognition, ResourceSchema,
};
use formwork_model::{Address, AttributePath, Value, ValueBuf};
use serde_json::Value as Json;

const RULE: &[Attribute] = &[
    Attribute::string("name", "Key.").required(),
    Attribute::int("port", "Port.").required(),
    Attribute::string("protocol", "Protocol.").default_string("tcp"),
    Attribute::string("id", "Computed.").computed(),
];

const BLOCK: &[Attribute] = &[
    Attribute::string("mode", "Mode.").required(),
    Attribute::string("kind", "Kind.").create_only(),
    Attribute::int("level", "Level.").default_int(3),
    Attribute::string("chosen", "Chosen.").optional_computed(),
    Attribute::string("key", "Key.").secret(),
];

pub const SHAPE: ResourceSchema = ResourceSchema::new("shape", "Everything.")
    .attributes(&[
        Attribute::string("name", "Name.").required(),
        Attribute::int("size", "Size.").default_int(1),
        Attribute::string("zone", "Zone.").create_only(),
        Attribute::string("note", "Note.").equality(Equality::EmptyIsAbsent),
        Attribute::string("flavor", "Flavor.").optional_computed(),
        Attribute::string("password", "Password.").secret(),
        Attribute::string("seed", "Seed.").write_only().secret(),
        Attribute::new("range", AttributeType::Cidr, "Range.").equality(Equality::Network),
        Attribute::new("ratio", AttributeType::Float, "Ratio."),
        Attribute::string("arm", "Id.").equality(Equality::CaseInsensitive),
        Attribute::string("policy", "Policy.").equality(Equality::Json),
        Attribute::strings("zones", "Zones.").equality(Equality::Unordered),
        Attribute::strings("steps", "Steps."),
        Attribute::new("labels", AttributeType::Set(&AttributeType::String), "Labels."),
        Attribute::new("rules", AttributeType::List(&AttributeType::Object(RULE)), "Rules.").keyed_by(&["name"]),
        Attribute::new("parts", AttributeType::Set(&AttributeType::Object(RULE)), "Parts."),
        Attribute::object("block", BLOCK, "Block."),
        Attribute::new("limits", AttributeType::Map(&AttributeType::Int), "Limits.").default(Default::Empty),
        Attribute::new("data", AttributeType::Any, "Data."),
        Attribute::new("echo", AttributeType::SameAs("data"), "Echo.").computed(),
        Attribute::string("id", "Id.").computed(),
        Attribute::int("revision", "Revision.").computed(),
    ])
    .recognised_by(Recognition::Tag);

pub const FIXED: ResourceSchema = SHAPE.capabilities(Capabilities { update: false, ..SHAPE.capabilities });

pub const PROVIDER: ProviderSchema = ProviderSchema {
    name: "test",
    version: "1.2.3",
    docs: "For tests.",
    configuration: &[],
    configuration_rules: &[],
    resources: &[SHAPE],
    data: &[],
    ephemerals: &[],
    secrets: &[],
};

pub fn address() -> Address {
    Address::resource("web")
}

pub fn value(json: &Json) -> Value {
    match json {
        Json::Array(items) => Value::list(items.iter().map(value)),
        Json::Object(entries) if entries.len() == 1 => match entries.iter().next().unwrap() {
            (mark, Json::String(path)) if mark == "?" => {
                Value::attribute(address(), AttributePath::member(path.as_str()))
            }
            (mark, inner) if mark == "!" => value(inner).secret(),
            (mark, Json::Array(items)) if mark == "set" => Value::set(items.iter().map(value)),
            (key, inner) => Value::map([(key.as_str(), value(inner))]),
        },
        Json::Object(entries) => Value::map(entries.iter().map(|(key, inner)| (key.as_str(), value(inner)))),
        other => formwork_model::value::from_json(other),
    }
}

pub fn buffer(json: &Json) -> ValueBuf {
    ValueBuf::from(value(json))
}
