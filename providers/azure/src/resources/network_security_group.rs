//! `azure.network_security_group`: filters traffic. Its rules may stand in it, or be objects of their own (`azure.security_rule`).

use crate::resource::{ArmType, Scope};
use crate::resources::security_rule;
use crate::schema::{FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, name, versions};
use formwork_model::schema::{Attribute, AttributeType, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    Attribute::new(
        "security_rules",
        AttributeType::List(&AttributeType::Object(security_rule::EMBEDDED)),
        "All rules, where none is an object of its own; left out, they are left to `azure.security_rule`.",
    )
    .keyed_by(&["name"]),
    Attribute::boolean("flush_connection", "Whether open connections are judged again when rules change.")
        .optional_computed(),
    TAGS,
    ID,
    Attribute::string("resource_guid", "GUID of the group.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "network_security_group",
    "Rules that filter the traffic of subnets and network interfaces (`Microsoft.Network/networkSecurityGroups`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.held_by_users()
.usually_takes_s(4)
.import_help("the group's id, `…/Microsoft.Network/networkSecurityGroups/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/networkSecurityGroups", versions::NETWORK, Scope::Group)
        .with_children(&["security_rules"])
        .serialised()
        .with_etag();
