//! A provider configured by a resource: clusters, objects in them, and a block that becomes many objects.

use formwork_model::schema::{Attribute, AttributeType, Capabilities, Limit, Recognition, ResourceSchema};

pub(super) const CLUSTER: ResourceSchema = ResourceSchema::new(
    "cluster",
    "A cluster; another `provider mock` with its `endpoint` and `token` reaches into it.",
)
.attributes(&[
    Attribute::string("name", "Its name.").required().limits(&[Limit::Length(1, 100)]),
    Attribute::string("zone", "Where it is.").default_string("a").create_only(),
    Attribute::int("nodes", "How many nodes.").default_int(1),
    Attribute::string("token_version", "Changing it rotates the token, in place."),
    Attribute::string_map("tags", "Tags."),
    Attribute::string("id", "Its id.").computed(),
    Attribute::string("endpoint", "Where it answers.").computed(),
    Attribute::string("token", "What it wants to see.").computed().secret(),
])
.recognised_by(Recognition::Tag)
.usually_takes_s(600)
.capabilities(super::FULL);

pub(super) const OBJECT: ResourceSchema =
    ResourceSchema::new("object", "An object in a cluster, known by kind and name; goes with its cluster.")
        .attributes(&[
            Attribute::string("kind", "Its kind.").required().create_only(),
            Attribute::string("name", "Its name.").required().create_only(),
            Attribute::new("body", AttributeType::Any, "Its content."),
            Attribute::string("uid", "Its id in the cluster.").computed(),
        ])
        .identity(&["kind", "name"])
        .recognised_by(Recognition::NaturalKey)
        .import_help("kind/name")
        .capabilities(super::FULL);

pub(super) const BUNDLE: ResourceSchema = ResourceSchema::new(
    "bundle",
    "Many objects from one block: each item `{ kind?, name?, body?, after? }` becomes a `mock.object`.",
)
.attributes(&[Attribute::new("items", AttributeType::Map(&AttributeType::Any), "The objects, by key.").required()])
.identity(&[])
.capabilities(Capabilities {
    update: false,
    find: false,
    batch_read: false,
    list: false,
    import: false,
    expand: true,
    repair: false,
});
