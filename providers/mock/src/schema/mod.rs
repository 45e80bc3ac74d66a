//! What the provider says of itself, as constants.

mod cluster;
mod simple;
mod thing;

use formwork_model::schema::{Attribute, AttributeType, Capabilities, ProviderSchema, ResourceSchema};

/// The provider's schema.
pub const SCHEMA: ProviderSchema = ProviderSchema {
    name: "mock",
    version: env!("CARGO_PKG_VERSION"),
    docs: "A scripted cloud for tests: objects in a directory or in memory, faults on demand.",
    configuration: CONFIGURATION,
    configuration_rules: &[],
    resources: &[
        simple::ANONYMOUS,
        cluster::BUNDLE,
        cluster::CLUSTER,
        simple::KEYED,
        simple::NAMED,
        cluster::OBJECT,
        simple::SLOW,
        simple::SOFT,
        simple::TAGGED,
        thing::THING,
        simple::TOKENED,
        simple::WRONG,
    ],
    data: &[LOOKUP],
    ephemerals: &[LEASE],
    secrets: &[],
};

const CONFIGURATION: &[Attribute] = &[
    Attribute::string(
        "directory",
        "Where the cloud lies; made if it is not there. `FORMWORK_MOCK_DIRECTORY` stands in.",
    ),
    Attribute::string("memory", "Name of a cloud in this process's memory, in place of a directory."),
    Attribute::string("account", "The account that the connection claims to be in.").default_string("mock"),
    Attribute::string("endpoint", "Address of a `mock.cluster`, for objects in it."),
    Attribute::string("token", "The cluster's token, or that of a `mock.lease`, without which nothing is done then.")
        .secret(),
    Attribute::new("latency", AttributeType::Duration, "How long a request takes to reach the cloud."),
    Attribute::new("answer_latency", AttributeType::Duration, "How long an answer takes to come back."),
    Attribute::int("concurrent_changes", "Limit of changes at the same time that the provider asks for."),
    Attribute::new("faults", AttributeType::List(&AttributeType::Object(FAULT)), "Scripted faults."),
];

const FAULT: &[Attribute] = &[
    Attribute::string("call", "Which call."),
    Attribute::string("type", "Which type."),
    Attribute::string("name", "Which object."),
    Attribute::int("nth", "Only the nth matching call, from 1."),
    Attribute::int("times", "Only the first so many matching calls."),
    Attribute::string(
        "class",
        "What happens: an error class, or `answer_lost_after`, `partial`, `panic` and the like.",
    ),
    Attribute::int("delay_ms", "Milliseconds before the cloud acts."),
    Attribute::int("answer_delay_ms", "Milliseconds between the act and its answer."),
    Attribute::int("retry_after_ms", "What the error says when to try again, in milliseconds."),
    Attribute::string("message", "The error's text."),
];

const LOOKUP: ResourceSchema = ResourceSchema::new("lookup", "Reads a `mock.thing` by its name.")
    .attributes(&[
        Attribute::string("name", "The thing's name.").required(),
        Attribute::string("id", "The thing's id.").computed(),
        Attribute::int("size", "The thing's size.").computed(),
        Attribute::string("zone", "The thing's zone.").computed(),
        Attribute::string("address", "The thing's address.").computed(),
        Attribute::string("token", "The thing's token.").computed().secret(),
        Attribute::string_map("tags", "The thing's tags.").computed(),
    ])
    .identity(&["id"]);

const LEASE: ResourceSchema =
    ResourceSchema::new("lease", "A token that must be renewed and given back: it ends when it was renewed twice.")
        .attributes(&[
            Attribute::string("name", "What it is for.").required(),
            Attribute::new("renew_every", AttributeType::Duration, "When it must be renewed."),
            Attribute::string("token", "The token.").computed().secret(),
            Attribute::int("renewals", "How often it was renewed.").computed(),
        ])
        .identity(&["name"]);

/// Everything that the cloud can do with most types.
const FULL: Capabilities =
    Capabilities { update: true, find: true, batch_read: true, list: true, import: true, expand: false, repair: true };
