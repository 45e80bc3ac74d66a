//! Providers for the examples of `docs/diagnostics`: a few types by their real names, with what the examples need.

use formwork_model::schema::{Attribute, AttributeType, Limit, ProviderSchema, ResourceSchema, Rule};

/// What the pages' examples may use.
pub(crate) const PROVIDERS: &[&ProviderSchema] = &[&AWS, &AZURE, &STD];

const ID: Attribute = Attribute::string("id", "Its id.").computed();

const AWS: ProviderSchema = ProviderSchema {
    name: "aws",
    version: "1.0.0",
    docs: "Amazon.",
    configuration: &[Attribute::string("region", "Where objects are.")],
    configuration_rules: &[],
    resources: &[VPC, SUBNET, DATABASE, ROLE, ROUTE, ROUTE_TABLE, RULE],
    data: &[ResourceSchema::new("availability_zones", "Zones.").attributes(&[ID])],
    ephemerals: &[ResourceSchema::new("eks_token", "A token.").attributes(&[
        Attribute::string("cluster", "Whose."),
        Attribute::string("token", "The token.").computed().secret(),
    ])],
    secrets: &[],
};

const VPC: ResourceSchema = ResourceSchema::new("vpc", "A network.").attributes(&[
    Attribute::new("cidr_block", AttributeType::Cidr, "Its addresses.").required(),
    Attribute::new("instance_tenancy", AttributeType::OpenEnum(&["default", "dedicated"]), "Whose machines."),
    Attribute::string_map("tags", "Words about it."),
    ID,
]);

const SUBNET: ResourceSchema = ResourceSchema::new("subnet", "A part of a network.").attributes(&[
    Attribute::reference("vpc", &["aws.vpc"], "Whose part.").required(),
    Attribute::new("cidr_block", AttributeType::Cidr, "Its addresses.").required(),
    ID,
]);

const DATABASE: ResourceSchema = ResourceSchema::new("database", "A database.")
    .attributes(&[Attribute::string("password", "How to get in.").secret().write_only(), ID]);

const ROLE: ResourceSchema =
    ResourceSchema::new("iam_role", "A role.").attributes(&[Attribute::string("name", "Its name.")
        .required()
        .limits(&[Limit::Pattern("^[A-Za-z0-9+=,.@_-]+$", "letters, digits and `+=,.@_-`")])]);

const ROUTE: ResourceSchema = ResourceSchema::new("route", "A route.")
    .attributes(&[Attribute::string("gateway", "Where to."), Attribute::string("nat_gateway", "Where to.")])
    .rules(&[Rule::ExactlyOneOf(&["gateway", "nat_gateway"])]);

const ROUTE_TABLE: ResourceSchema = ResourceSchema::new("route_table", "Routes.")
    .attributes(&[Attribute::boolean("main", "For all."), Attribute::string("subnet", "For one.")])
    .rules(&[Rule::AtMostOneOf(&["main", "subnet"])]);

const RULE: ResourceSchema = ResourceSchema::new("rule", "A rule.")
    .attributes(&[
        Attribute::new("source", AttributeType::Cidr, "From where."),
        Attribute::string("group", "From whom."),
        Attribute::int("from_port", "First port."),
        Attribute::int("to_port", "Last port."),
    ])
    .rules(&[Rule::AtLeastOneOf(&["source", "group"]), Rule::RequiredWith(&["from_port", "to_port"])]);

const AZURE: ProviderSchema = ProviderSchema {
    name: "azure",
    version: "1.0.0",
    docs: "Microsoft.",
    configuration: &[Attribute::string("subscription_id", "Which subscription.").required()],
    configuration_rules: &[],
    resources: &[ResourceSchema::new("resource_group", "A group.")
        .attributes(&[Attribute::string("name", "Its name.").required(), ID])],
    data: &[],
    ephemerals: &[],
    secrets: &[],
};

const STD: ProviderSchema = ProviderSchema {
    name: "std",
    version: "1.0.0",
    docs: "What needs no cloud.",
    configuration: &[],
    configuration_rules: &[],
    resources: &[ResourceSchema::new("value", "A value that is kept.").attributes(&[
        Attribute::new("input", AttributeType::Any, "What is kept."),
        Attribute::new("output", AttributeType::SameAs("input"), "What was kept.").computed(),
        ID,
    ])],
    data: &[],
    ephemerals: &[],
    secrets: &[],
};
