//! `azure.route`: a route of a route table. The same fields stand in the table's `routes`.

use crate::resource::{ArmType, Hooks, Listing, Scope};
use crate::schema::{FULL, ID, NETWORK_NAME, choice, name, parent, versions};
use crate::validate::{Findings, is_set, text};
use formwork_model::schema::{Attribute, Recognition, ResourceSchema};
use formwork_model::{AttributePath, ValueRef};

/// The fields of a route, alone and in its table.
macro_rules! fields {
    ($($first:expr,)*) => {
        &[
            $($first,)*
            Attribute::string("address_prefix", "Range, or a service tag, to which it leads.")
                .vendor("properties.addressPrefix"),
            choice(
                "next_hop_type",
                &["VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "None"],
                "What the traffic is given to; `None` drops it.",
            )
            .vendor("properties.nextHopType")
            .required(),
            Attribute::string("next_hop_ip_address", "Address of a `VirtualAppliance`.")
                .vendor("properties.nextHopIpAddress"),
        ]
    };
}

/// The fields of a route within its table.
pub(crate) const EMBEDDED: &[Attribute] = fields![Attribute::string("name", "Unique in the table.").required(),];

const ROUTE: &[Attribute] = fields![
    name("Unique in the table.", NETWORK_NAME),
    parent("route_table", &["azure.route_table"], "The table that it is a part of."),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("route", "A route of a route table (`Microsoft.Network/routeTables/routes`).")
        .attributes(ROUTE)
        .recognised_by(Recognition::NaturalKey)
        .usually_takes_s(3)
        .import_help("the route's id, `…/routeTables/NAME/routes/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/routeTables/routes", versions::NETWORK, Scope::Child("route_table"))
        .with_listing(Listing::embedded("Microsoft.Network/routeTables", "properties.routes"))
        .serialised()
        .with_hooks(&Route);

struct Route;

impl Hooks for Route {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let appliance = text(config, "next_hop_type") == Some("VirtualAppliance");
        if appliance && !is_set(config, "next_hop_ip_address") {
            let path = AttributePath::member("next_hop_ip_address");
            findings.error(path, "a virtual appliance is found by its address", "set `next_hop_ip_address`");
        }
    }
}
