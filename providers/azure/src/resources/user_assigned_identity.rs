//! `azure.user_assigned_identity`: an identity that machines and pods can have.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, GROUP, ID, LOCATION, TAGS, name, versions};
use formwork_model::schema::{Attribute, Limit, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name(
        "Unique in the group.",
        &[Limit::Pattern(
            "^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$",
            "3 to 128 letters, digits, `_` and `-`, a letter or digit first",
        )],
    ),
    GROUP,
    LOCATION,
    TAGS,
    ID,
    Attribute::string("principal_id", "Object id, for role assignments.").computed(),
    Attribute::string("client_id", "Client id, for sign-in.").computed(),
    Attribute::string("tenant_id", "Directory.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "user_assigned_identity",
    "An identity for machines and pods (`Microsoft.ManagedIdentity/userAssignedIdentities`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.timeouts(300, 300, 300)
.usually_takes_s(3)
.import_help("the identity's id, `…/Microsoft.ManagedIdentity/userAssignedIdentities/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.ManagedIdentity/userAssignedIdentities", versions::MANAGED_IDENTITY, Scope::Group);
