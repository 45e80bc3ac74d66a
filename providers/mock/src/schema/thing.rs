//! `mock.thing`: one attribute of every kind.

use formwork_model::schema::{Attribute, AttributeType, Default, Equality, Limit, Recognition, ResourceSchema};

/// Nested blocks that are told apart by their name.
const RULE: &[Attribute] = &[
    Attribute::string("name", "Tells the rule from others.").required(),
    Attribute::int("port", "Port.").required().limits(&[Limit::Range(1, 65_535)]),
    Attribute::string("protocol", "Protocol.").default_string("tcp"),
    Attribute::string("id", "What the cloud calls it.").computed(),
];

const SETTINGS: &[Attribute] = &[
    Attribute::string("mode", "How it works.").required(),
    Attribute::int("level", "How much.").default_int(3),
    Attribute::string("secret_key", "A secret within a block.").secret(),
    Attribute::string("engine", "Chosen by the cloud where the config does not say.").optional_computed(),
];

pub(super) const THING: ResourceSchema =
    ResourceSchema::new("thing", "A thing with one attribute of every kind. Recognised by the tag on it.")
        .attributes(&[
            Attribute::string("name", "Its name; need not be unique.").required().limits(&[Limit::Length(1, 100)]),
            Attribute::int("size", "Can be raised in place; to shrink it, it is replaced.")
                .default_int(1)
                .limits(&[Limit::Range(0, 1000)]),
            Attribute::string("zone", "Where it is.").default_string("a").create_only(),
            Attribute::new("class", AttributeType::Enum(&["small", "large"]), "One of two."),
            Attribute::new("tier", AttributeType::OpenEnum(&["basic", "premium"]), "One of these or another."),
            Attribute::string("description", "Free text; an empty one is none.").equality(Equality::EmptyIsAbsent),
            Attribute::string("flavor", "Chosen by the cloud where the config does not say.").optional_computed(),
            Attribute::string("password", "Read back by the cloud.").secret(),
            Attribute::string("seed", "Sent, never read back.").write_only().secret(),
            Attribute::new("timeout", AttributeType::Duration, "How long it waits.").default(Default::Duration(30_000)),
            Attribute::new("range", AttributeType::Cidr, "Addresses; host bits do not count.")
                .equality(Equality::Network),
            Attribute::new("ip", AttributeType::Ip, "One address."),
            Attribute::new("homepage", AttributeType::Url, "An address of the web."),
            Attribute::new("ratio", AttributeType::Float, "A fraction."),
            Attribute::boolean("enabled", "Whether it works.").default_bool(true),
            Attribute::string("arm_id", "An id in which case does not count.").equality(Equality::CaseInsensitive),
            Attribute::string("policy", "A JSON document.").equality(Equality::Json),
            Attribute::strings("zones", "Zones; order does not count.").equality(Equality::Unordered),
            Attribute::strings("steps", "Steps; order counts."),
            Attribute::new("labels", AttributeType::Set(&AttributeType::String), "A set of words."),
            Attribute::new("rules", AttributeType::List(&AttributeType::Object(RULE)), "Rules, told apart by name.")
                .keyed_by(&["name"]),
            Attribute::object("settings", SETTINGS, "A single nested block."),
            Attribute::new("limits", AttributeType::Map(&AttributeType::Int), "Numbers by name."),
            Attribute::new("data", AttributeType::Any, "Anything."),
            Attribute::reference("parent", &["mock.thing"], "The thing it hangs on; it cannot go before this one."),
            Attribute::new(
                "peers",
                AttributeType::List(&AttributeType::Reference(&["mock.thing"])),
                "Other things it needs.",
            ),
            Attribute::string_map("tags", "Tags."),
            Attribute::string("id", "Its id.").computed(),
            Attribute::string("address", "Its address; stays the same.").computed(),
            Attribute::int("revision", "Counts its changes.").computed(),
            Attribute::string("token", "A secret that the cloud makes.").computed().secret(),
        ])
        .natural_key("name")
        .recognised_by(Recognition::Tag)
        .import_help("the thing's id, such as web-1")
        .capabilities(super::FULL)
        .version(2);
