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
    /// `Microsoft.Storage`.
    pub(crate) const STORAGE: &str = "2023-05-01";
    /// `Microsoft.OperationalInsights`.
    pub(crate) const LOG_ANALYTICS: &str = "2023-09-01";
    /// `Microsoft.Compute`, apart from disks: what the compute crate speaks.
    pub(crate) const COMPUTE: &str = "2024-07-01";
    /// `Microsoft.Compute/disks`: what the compute crate speaks.
    pub(crate) const DISKS: &str = "2024-03-02";
}

/// Found, read in batches, listed, imported, repaired by an update.
pub(crate) const FULL: Capabilities =
    Capabilities { update: true, find: true, batch_read: true, list: true, import: true, expand: false, repair: true };

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

/// The region of what is everywhere. ARM refuses any other (`LocationNotAvailableForResourceType`), so `defaults` that name
/// one are not for these types.
pub(crate) const GLOBAL_LOCATION: Attribute =
    Attribute::fixed("location", &["global"], "Always `global`: it is in no region.").create_only();

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

/// As [`FULL`], for what has no list of all that nobody manages.
pub(crate) const UNLISTED: Capabilities = Capabilities { list: false, ..FULL };

/// As [`UNLISTED`], for what cannot be changed.
pub(crate) const FIXED: Capabilities = Capabilities { update: false, repair: false, ..UNLISTED };

/// As [`UNLISTED`], for what no list tells anything of: it is read one by one.
pub(crate) const ONE_BY_ONE: Capabilities = Capabilities { batch_read: false, ..UNLISTED };

/// A switch that the service sets where nobody says it.
pub(crate) const fn on(name: &'static str, docs: &'static str) -> Attribute {
    Attribute::boolean(name, docs).optional_computed()
}

/// Identities of the user's, within the block `identity`.
pub(crate) const USER_IDENTITIES: Attribute = Attribute::new(
    "user_assigned_identities",
    AttributeType::Set(&AttributeType::Reference(&["azure.user_assigned_identity"])),
    "Identities of the user's.",
)
.vendor("userAssignedIdentities{}")
.equality(Equality::EmptyIsAbsent);

/// The object id of the identity that the service made for the object.
pub(crate) const PRINCIPAL_ID: Attribute =
    Attribute::string("principal_id", "Object id of its own identity.").vendor("identity.principalId").computed();
