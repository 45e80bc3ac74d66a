//! `azure.resource_group`: what most other objects lie in.

use crate::arm::id::GROUP_TYPE;
use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, ID, LOCATION, TAGS, name, versions};
use formwork_model::schema::{Attribute, Equality, Limit, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name(
        "Unique in the subscription.",
        &[
            Limit::Length(1, 90),
            Limit::Pattern(
                r"^[\p{L}\p{N}_().-]*[\p{L}\p{N}_()-]$",
                "letters, digits, `_`, `-`, `.` and parentheses; it does not end with a point",
            ),
        ],
    ),
    LOCATION,
    Attribute::string("managed_by", "Id of the object that manages it.")
        .create_only()
        .equality(Equality::CaseInsensitive),
    TAGS,
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "resource_group",
    "A group of objects that live and die together (`Microsoft.Resources/resourceGroups`).",
)
.attributes(ATTRIBUTES)
.natural_key("name")
.recognised_by(Recognition::Name)
.timeouts(600, 600, 5400)
.usually_takes_s(2)
.import_help("the group's id, `/subscriptions/…/resourceGroups/…`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(&SCHEMA, GROUP_TYPE, versions::RESOURCES, Scope::Subscription);
