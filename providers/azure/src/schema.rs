//! Pieces that the schemas of several types share, and the API versions.

use formwork_model::schema::{Attribute, Capabilities, Default as Preset, Equality, Limit};

/// The versions that requests name: those for which the vendor's types and examples are both at hand to test against.
pub(crate) mod versions {
    /// `Microsoft.Resources`.
    pub(crate) const RESOURCES: &str = "2024-07-01";
    /// `Microsoft.Network`, apart from DNS.
    pub(crate) const NETWORK: &str = "2024-03-01";
}

/// Found, read in batches, listed, imported, repaired by an update.
pub(crate) const FULL: Capabilities =
    Capabilities { update: true, find: true, batch_read: true, list: true, import: true, expand: false, repair: true };

/// As [`FULL`], for what cannot be changed.
pub(crate) const FIXED: Capabilities = Capabilities { update: false, repair: false, ..FULL };

/// The resource group.
pub(crate) const GROUP: Attribute = Attribute::reference(
    "group",
    &["azure.resource_group"],
    "The resource group: the object, its name or its id. Another group replaces the object.",
)
.required()
.equality(Equality::CaseInsensitive);

/// The region.
pub(crate) const LOCATION: Attribute = Attribute::string(
    "location",
    "Region, such as `westeurope` (`West Europe` is the same). Another region replaces the object.",
)
.required()
.equality(Equality::CaseInsensitive);

/// The region of what is everywhere.
pub(crate) const GLOBAL_LOCATION: Attribute =
    Attribute::string("location", "Always `global`: it is in no region.").default_string("global").create_only();

/// The user's tags.
pub(crate) const TAGS: Attribute =
    Attribute::string_map("tags", "Tags, with those of the provider's `defaults`.").default(Preset::Empty);

/// The id.
pub(crate) const ID: Attribute =
    Attribute::string("id", "Id in Azure Resource Manager.").computed().equality(Equality::CaseInsensitive);

/// Availability zones that cannot be changed.
pub(crate) const ZONES: Attribute = Attribute::new(
    "zones",
    formwork_model::schema::AttributeType::Set(&formwork_model::schema::AttributeType::String),
    "Availability zones, such as `[\"1\", \"2\", \"3\"]`.",
)
.create_only()
.equality(Equality::EmptyIsAbsent);

/// A name that cannot be changed.
pub(crate) const fn name(docs: &'static str, limits: &'static [Limit]) -> Attribute {
    Attribute::string("name", docs).required().create_only().equality(Equality::CaseInsensitive).limits(limits)
}

/// The names of most network objects.
pub(crate) const NETWORK_NAME: &[Limit] = &[
    Limit::Length(1, 80),
    Limit::Pattern(
        "^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$",
        "letters, digits, `_`, `.` and `-`; it begins with a letter or digit and ends with one or `_`",
    ),
];
