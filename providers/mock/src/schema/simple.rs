//! Small types: one for each way of recognising a create, and those that behave badly.

use formwork_model::schema::{Attribute, AttributeType, Capabilities, Limit, Recognition, ResourceSchema};

const NAME: Attribute =
    Attribute::string("name", "Its name.").required().create_only().limits(&[Limit::Length(1, 100)]);
const SIZE: Attribute = Attribute::int("size", "Can be changed in place.").default_int(1);
const ZONE: Attribute = Attribute::string("zone", "Where it is.").default_string("a").create_only();
const TAGS: Attribute = Attribute::string_map("tags", "Tags.");
const ID: Attribute = Attribute::string("id", "Its id.").computed();
const TOKEN: Attribute = Attribute::string("token", "A secret that the cloud makes.").computed().secret();

const COMMON: &[Attribute] = &[NAME, SIZE, ZONE, TAGS, ID, TOKEN];

pub(super) const NAMED: ResourceSchema =
    ResourceSchema::new("named", "An object whose name is unique; the operation is stamped on it.")
        .attributes(COMMON)
        .natural_key("name")
        .held_by_users()
        .recognised_by(Recognition::Name)
        .capabilities(super::FULL);

pub(super) const TOKENED: ResourceSchema =
    ResourceSchema::new("tokened", "An object whose create carries a token: repeating it gives the same object.")
        .attributes(COMMON)
        .recognised_by(Recognition::Token { ttl_s: 3600 })
        .capabilities(Capabilities { find: false, ..super::FULL });

pub(super) const TAGGED: ResourceSchema = ResourceSchema::new(
    "tagged",
    "An object that is found by its tag, in a list that shows fresh objects only after a while.",
)
.attributes(COMMON)
.recognised_by(Recognition::Tag)
.settles_in_ms(200)
.capabilities(super::FULL);

pub(super) const KEYED: ResourceSchema =
    ResourceSchema::new("keyed", "An object that takes no tags, known by its table and destination.")
        .attributes(&[
            Attribute::string("table", "Which table.").required().create_only(),
            Attribute::string("destination", "Which destination.").required().create_only(),
            Attribute::string("target", "Where it leads.").required(),
            Attribute::string("state", "`active`.").computed(),
        ])
        .identity(&["table", "destination"])
        .recognised_by(Recognition::NaturalKey)
        .import_help("table/destination")
        .capabilities(super::FULL);

pub(super) const ANONYMOUS: ResourceSchema = ResourceSchema::new("anonymous", "An object that nobody can recognise.")
    .attributes(COMMON)
    .recognised_by(Recognition::None)
    .capabilities(Capabilities { find: false, list: false, batch_read: false, repair: false, ..super::FULL });

pub(super) const SOFT: ResourceSchema =
    ResourceSchema::new("soft", "An object whose name stays taken after its delete, until it is purged or recovered.")
        .attributes(&[
            NAME,
            SIZE,
            Attribute::boolean("recover", "A create takes back a deleted object of that name.").default_bool(false),
            Attribute::boolean("purge", "A delete frees the name.").default_bool(false),
            TAGS,
            ID,
        ])
        .natural_key("name")
        .recognised_by(Recognition::Name)
        .capabilities(super::FULL);

pub(super) const SLOW: ResourceSchema =
    ResourceSchema::new("slow", "An object whose changes take several polls of a handle.")
        .attributes(&[
            NAME,
            Attribute::int("size", "Can be changed in place, slowly.").default_int(1),
            Attribute::int("polls", "Polls that a change takes.").default_int(3).limits(&[Limit::Range(0, 1000)]),
            Attribute::new("interval", AttributeType::Duration, "Time between two polls."),
            TAGS,
            ID,
            Attribute::string("status", "`ready` once it is done.").computed(),
        ])
        .recognised_by(Recognition::Tag)
        .usually_takes_s(60)
        .capabilities(super::FULL);

pub(super) const WRONG: ResourceSchema =
    ResourceSchema::new("wrong", "An object whose provider lies, to try the checks on answers.")
        .attributes(&[
            NAME,
            Attribute::new(
                "lie",
                AttributeType::Enum(&[
                    "none",
                    "plan_contradicts_config",
                    "plan_changes_type",
                    "create_contradicts_plan",
                    "create_changes_type",
                    "create_leaves_unknown",
                    "create_adds_attribute",
                    "update_contradicts_plan",
                    "read_changes_type",
                    "read_drops_one",
                ]),
                "Which lie.",
            )
            .default_string("none"),
            SIZE,
            ID,
            Attribute::string("note", "Set by the cloud.").computed(),
        ])
        .natural_key("name")
        .recognised_by(Recognition::Name)
        .capabilities(super::FULL);
