//! Pieces that the schemas of several types share, and the API versions.

use formwork_model::schema::{Attribute, AttributeType, Capabilities, Default as Preset, Equality, Limit};

/// The versions that requests name: those for which the vendor's types and examples are both at hand to test against.
pub(crate) mod versions {
    /// `Microsoft.Resources`.
    pub(crate) const RESOURCES: &str = "2024-07-01";
    /// `Microsoft.Network`, apart from DNS.
    pub(crate) const NETWORK: &str = "2024-03-01";
    /// `Microsoft.ContainerService`.
    pub(crate) const CONTAINER_SERVICE: &str = "2024-09-01";
    /// `Microsoft.ContainerRegistry`.
    pub(crate) const CONTAINER_REGISTRY: &str = "2023-07-01";
    /// `Microsoft.ManagedIdentity`.
    pub(crate) const MANAGED_IDENTITY: &str = "2023-01-31";
    /// `Microsoft.Authorization`, role assignments and definitions.
    pub(crate) const AUTHORIZATION: &str = "2022-04-01";
    /// `Microsoft.KeyVault`.
    pub(crate) const KEY_VAULT: &str = "2023-07-01";
    /// The data plane of Key Vault.
    pub(crate) const VAULT_DATA: &str = "7.5";
    /// `Microsoft.Network/privateDnsZones`.
    pub(crate) const PRIVATE_DNS: &str = "2024-06-01";
    /// `Microsoft.Network/dnsZones`.
    pub(crate) const DNS: &str = "2018-05-01";
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
    AttributeType::Set(&AttributeType::String),
    "Availability zones, such as `[\"1\", \"2\", \"3\"]`.",
)
.create_only()
.equality(Equality::EmptyIsAbsent);

/// A reference by id: `path` ends in `.id`.
pub(crate) const fn refers(
    name: &'static str,
    targets: &'static [&'static str],
    path: &'static str,
    docs: &'static str,
) -> Attribute {
    Attribute::reference(name, targets, docs).vendor(path).equality(Equality::CaseInsensitive)
}

/// A reference to what has no type here, as the text of its id.
pub(crate) const fn id_text(name: &'static str, path: &'static str, docs: &'static str) -> Attribute {
    Attribute::string(name, docs).vendor(path).equality(Equality::CaseInsensitive)
}

/// A set of references: `path` ends in `[].id`.
pub(crate) const fn refer(
    name: &'static str,
    ty: &'static AttributeType,
    path: &'static str,
    docs: &'static str,
) -> Attribute {
    Attribute::new(name, AttributeType::Set(ty), docs).vendor(path).equality(Equality::CaseInsensitive)
}

/// A list of blocks that are told apart by their names.
pub(crate) const fn named(
    name: &'static str,
    block: &'static AttributeType,
    path: &'static str,
    docs: &'static str,
) -> Attribute {
    Attribute::new(name, AttributeType::List(block), docs)
        .vendor(path)
        .keyed_by(&["name"])
        .equality(Equality::EmptyIsAbsent)
}

/// One of the vendor's texts.
pub(crate) const fn choice(name: &'static str, members: &'static [&'static str], docs: &'static str) -> Attribute {
    Attribute::new(name, AttributeType::Enum(members), docs)
}

/// The parent of a child.
pub(crate) const fn parent(name: &'static str, targets: &'static [&'static str], docs: &'static str) -> Attribute {
    Attribute::reference(name, targets, docs).required().create_only().equality(Equality::CaseInsensitive)
}

/// A set of texts.
pub(crate) const fn texts(name: &'static str, docs: &'static str) -> Attribute {
    Attribute::new(name, AttributeType::Set(&AttributeType::String), docs).equality(Equality::EmptyIsAbsent)
}

/// The edge zone.
pub(crate) const EDGE_ZONE: Attribute =
    Attribute::string("edge_zone", "Edge zone that it lies in.").vendor("extendedLocation.name").create_only();

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

/// What is found and imported, and read one by one.
pub(crate) const VAULT_ITEM_CAPABILITIES: Capabilities = Capabilities { batch_read: false, list: false, ..FULL };

/// What secrets and keys of a vault have alike: what the user says, then what the vault tells.
pub(crate) const VAULT_ITEM: [Attribute; 8] = [
    Attribute::boolean("enabled", "Whether it can be used.").default_bool(true),
    Attribute::string("not_before", "From when it can be used (RFC 3339)."),
    Attribute::string("expires", "Until when it can be used (RFC 3339)."),
    Attribute::boolean("recover_soft_deleted", "Whether a deleted object of that name is brought back.")
        .default_bool(false),
    Attribute::boolean("purge_on_delete", "Whether a delete purges it, so that its name is free again.")
        .default_bool(false),
    Attribute::string("id", "Address without the version: it means the newest one.").computed(),
    Attribute::string("version", "The newest version.").computed(),
    Attribute::string("uri", "Address of that version.").computed(),
];
