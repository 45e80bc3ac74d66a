//! `azure.blob_container`: a container of a storage account. Its blobs are not looked at.

use crate::resource::{ArmType, Listing, Scope};
use crate::schema::{ID, UNLISTED, choice, name, on, parent, versions};
use formwork_model::schema::{Attribute, Equality, Limit, Recognition, ResourceSchema};

const NAME: &[Limit] = &[Limit::Pattern(
    r"^(\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62})$",
    "3 to 63 digits, small letters and single `-` between them; or `$root`, `$web`",
)];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the account.", NAME),
    parent("account", &["azure.storage_account"], "The account."),
    choice("public_access", &["Container", "Blob", "None"], "What everybody may read; the account must allow it.")
        .default_string("None"),
    Attribute::string_map("metadata", "Words about it.").equality(Equality::EmptyIsAbsent),
    Attribute::string("default_encryption_scope", "Encryption scope of its blobs; else the account's key.")
        .optional_computed()
        .create_only(),
    on("deny_encryption_scope_override", "Whether blobs cannot choose another scope.").create_only(),
    on("enable_nfs_v3_all_squash", "Whether everybody counts as nobody (NFS 3)."),
    on("enable_nfs_v3_root_squash", "Whether root counts as nobody (NFS 3)."),
    Attribute::object(
        "immutable_storage_with_versioning",
        &[Attribute::boolean("enabled", "Whether it holds.").required()],
        "Versions that cannot be changed.",
    )
    .optional_computed()
    .create_only(),
    ID,
    Attribute::boolean("has_immutability_policy", "Whether a policy keeps its blobs.").computed(),
    Attribute::boolean("has_legal_hold", "Whether a hold keeps its blobs.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "blob_container",
    "A container of blobs (`Microsoft.Storage/storageAccounts/blobServices/containers`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::NaturalKey)
.usually_takes_s(2)
.import_help("the container's id, `…/storageAccounts/ACCOUNT/blobServices/default/containers/NAME`")
.capabilities(UNLISTED);

/// What a list of an account's containers tells of each; it leaves out `metadata`. Every change gives another ETag, but for
/// policies and holds, which have one of their own.
const MARKS: &[&str] =
    &["etag", "properties.hasImmutabilityPolicy", "properties.hasLegalHold", "properties.publicAccess"];

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.Storage/storageAccounts/blobServices/containers",
    versions::STORAGE,
    Scope::Child("account"),
)
.with_listing(Listing { marks: MARKS, ..Listing::PARENT })
.with_patch();
