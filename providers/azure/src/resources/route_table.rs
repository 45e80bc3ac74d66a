//! `azure.route_table`: where traffic goes. Its routes may stand in it, or be objects of their own (`azure.route`).

use crate::resource::{ArmType, Scope};
use crate::resources::route;
use crate::schema::{FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, name, versions};
use formwork_model::schema::{Attribute, AttributeType, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    Attribute::new(
        "routes",
        AttributeType::List(&AttributeType::Object(route::EMBEDDED)),
        "All routes, where none is an object of its own; left out, they are left to `azure.route`.",
    )
    .keyed_by(&["name"]),
    Attribute::boolean("disable_bgp_route_propagation", "Whether routes of gateways are kept out.").default_bool(false),
    TAGS,
    ID,
    Attribute::string("resource_guid", "GUID of the table.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("route_table", "Routes of subnets (`Microsoft.Network/routeTables`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .held_by_users()
        .usually_takes_s(4)
        .import_help("the table's id, `…/Microsoft.Network/routeTables/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/routeTables", versions::NETWORK, Scope::Group)
        .with_children(&["routes"])
        .serialised()
        .with_etag();
