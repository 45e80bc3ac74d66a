//! Providers for the tests: `test` with one attribute of each kind, `strict` that has to be configured.

use formwork_model::schema::{
    Attribute, AttributeType, Default, Limit, ProviderSchema, Recognition, ResourceSchema, Rule, SecretScheme,
};

/// What the suite's stacks may use.
pub(crate) const PROVIDERS: &[&ProviderSchema] = &[&TEST, &STRICT];

/// A provider that needs no configuration.
pub(crate) const TEST: ProviderSchema = ProviderSchema {
    name: "test",
    version: "1.0.0",
    docs: "Types with one attribute of each kind.",
    configuration: &[
        Attribute::string("region", "Where objects are."),
        Attribute::new("endpoint", AttributeType::Url, "Where the service is."),
        Attribute::string("token", "What it is asked with.").secret(),
    ],
    configuration_rules: &[],
    resources: &[NETWORK, SUBNET, DATABASE, VALUE, MANIFEST],
    data: &[IMAGE],
    ephemerals: &[TOKEN],
    secrets: &[SecretScheme {
        name: "test_safe",
        form: "SAFE/NAME[#KEY]",
        example: "test_safe:main/db#password",
        docs: "A secret of a safe.",
        pattern: "[a-z]+/[a-z]+",
        keyed: true,
    }],
};

/// A provider that has to be configured.
pub(crate) const STRICT: ProviderSchema = ProviderSchema {
    name: "strict",
    version: "1.0.0",
    docs: "A provider that has to be configured.",
    configuration: &[Attribute::string("account", "The account's number.").required()],
    configuration_rules: &[],
    resources: &[
        // The first type's `location` is not what `defaults` may set.
        ResourceSchema::new("area", "Names that are known everywhere.").attributes(&[
            Attribute::string("name", "Its name.").required(),
            Attribute::fixed("location", &["global"], "Always `global`."),
            Attribute::string("role", "What it may do.").limits(&[Limit::OneOf(
                &["Reader", "Contributor"],
                "^/.+",
                "the name of a role, or a role's id",
            )]),
            Attribute::fixed("scheme", &["https"], "Always `https`."),
            Attribute::string_map("tags", "Words about it."),
            Attribute::string("id", "Its id.").computed(),
        ]),
        ResourceSchema::new("bucket", "A place for objects.").attributes(&[
            Attribute::string("name", "Its name.").required(),
            Attribute::string("location", "Where it is.").required(),
            Attribute::string_map("tags", "Words about it."),
            Attribute::string("id", "Its id.").computed(),
        ]),
    ],
    data: &[],
    ephemerals: &[],
    secrets: &[],
};

const NETWORK: ResourceSchema = ResourceSchema::new("network", "An address range.")
    .attributes(&[
        Attribute::string("name", "Its name. Unique.").required().limits(&[
            Limit::Length(1, 20),
            Limit::Pattern("^[a-z][a-z0-9-]*$", "lower-case letters, digits and `-`, beginning with a letter"),
        ]),
        Attribute::new("range", AttributeType::Cidr, "Its addresses.").required().create_only(),
        Attribute::string_map("tags", "Words about it."),
        Attribute::string("description", "What it is for."),
        Attribute::string("note", "Deprecated: use `description`."),
        Attribute::new("size", AttributeType::Enum(&["small", "medium", "large"]), "How big it is.")
            .default_string("small"),
        Attribute::new("tier", AttributeType::OpenEnum(&["standard", "premium"]), "How good it is."),
        Attribute::int("replicas", "How many there are.").limits(&[Limit::Range(1, 10)]).default_int(1),
        Attribute::new("weight", AttributeType::Float, "How much it counts."),
        Attribute::new("wait", AttributeType::Duration, "How long to wait."),
        Attribute::boolean("enabled", "Whether it is on.").default_bool(true),
        Attribute::object("dns", DNS, "How names are found."),
        Attribute::new("rules", AttributeType::List(&AttributeType::Object(RULE)), "What may pass.")
            .keyed_by(&["name"]),
        Attribute::new("labels", AttributeType::Set(&AttributeType::String), "Words about it, without order."),
        Attribute::string("id", "Its id.").computed(),
        Attribute::new("gateway", AttributeType::Ip, "Its first address.").optional_computed(),
    ])
    .recognised_by(Recognition::Name);

const DNS: &[Attribute] = &[
    Attribute::new("server", AttributeType::Ip, "Who is asked.").required(),
    Attribute::strings("search", "What is added to names."),
    Attribute::new("mode", AttributeType::Enum(&["direct", "proxy"]), "How it is asked."),
];

const RULE: &[Attribute] = &[
    Attribute::string("name", "Its name.").required(),
    Attribute::int("port", "Which port.").required().limits(&[Limit::Range(1, 65535)]),
    Attribute::new("protocol", AttributeType::Enum(&["tcp", "udp"]), "Which protocol.").default_string("tcp"),
    Attribute::string("hash", "What it comes to.").computed(),
];

const SUBNET: ResourceSchema = ResourceSchema::new("subnet", "A part of a network.").attributes(&[
    Attribute::reference("network", &["test.network"], "Whose part it is.").required().create_only(),
    Attribute::new("range", AttributeType::Cidr, "Its addresses.").required(),
    Attribute::new(
        "peers",
        AttributeType::List(&AttributeType::Reference(&["test.network"])),
        "Networks that it reaches.",
    ),
    Attribute::new("endpoint", AttributeType::Url, "Where it answers.").optional_computed(),
    Attribute::string("id", "Its id.").computed(),
]);

const DATABASE: ResourceSchema = ResourceSchema::new("database", "Rows and columns.")
    .attributes(&[
        Attribute::string("password", "How to get in.").secret().write_only(),
        Attribute::string("engine", "What it runs."),
        Attribute::string("snapshot", "What it is restored from."),
        Attribute::string("replica_of", "What it follows."),
        Attribute::boolean("backup", "Whether it is saved."),
        Attribute::string("certificate", "Who it is."),
        Attribute::string("key", "The certificate's key.").secret(),
        Attribute::string("user", "Who gets in."),
        Attribute::string("group", "Who else gets in."),
        Attribute::string("connection", "How to reach it.").computed().secret(),
        Attribute::string("id", "Its id.").computed(),
    ])
    .rules(&[
        Rule::ExactlyOneOf(&["engine", "snapshot"]),
        Rule::AtMostOneOf(&["replica_of", "backup"]),
        Rule::AtLeastOneOf(&["user", "group"]),
        Rule::RequiredWith(&["certificate", "key"]),
    ]);

const VALUE: ResourceSchema = ResourceSchema::new("value", "Keeps a value.").attributes(&[
    Attribute::new("input", AttributeType::Any, "What is kept."),
    Attribute::new("output", AttributeType::SameAs("input"), "What was kept.").computed(),
    Attribute::string("id", "Its id.").computed(),
]);

const MANIFEST: ResourceSchema = ResourceSchema::new("manifest", "Anything at all.").attributes(&[
    Attribute::new("content", AttributeType::Any, "What it is.").required(),
    Attribute::new("options", AttributeType::Map(&AttributeType::String), "How it is sent.").default(Default::Empty),
    Attribute::string("id", "Its id.").computed(),
]);

const IMAGE: ResourceSchema = ResourceSchema::new("image", "An image that somebody else made.").attributes(&[
    Attribute::string("name", "Its name.").required(),
    Attribute::new("owner", AttributeType::Enum(&["self", "vendor"]), "Who made it."),
    Attribute::string("id", "Its id.").computed(),
]);

const TOKEN: ResourceSchema = ResourceSchema::new("token", "A key for a short time.").attributes(&[
    Attribute::string("audience", "Who it is for."),
    Attribute::string("value", "The key.").computed().secret(),
]);
