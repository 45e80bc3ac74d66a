//! `azure.nat_gateway`: gives the outgoing connections of subnets an address.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, ZONES, choice, name, refer, versions};
use formwork_model::schema::{Attribute, AttributeType, Limit, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    choice("sku", &["Standard"], "Kind of gateway.").vendor("sku.name").default_string("Standard").create_only(),
    refer(
        "public_ip_addresses",
        &AttributeType::Reference(&["azure.public_ip"]),
        "properties.publicIpAddresses[].id",
        "Addresses that it uses.",
    ),
    refer(
        "public_ip_prefixes",
        &AttributeType::Reference(&["azure.public_ip_prefix"]),
        "properties.publicIpPrefixes[].id",
        "Ranges of addresses that it uses.",
    ),
    Attribute::int("idle_timeout_in_minutes", "How long an idle connection is kept, 4 to 120 minutes.")
        .default_int(4)
        .limits(&[Limit::Range(4, 120)]),
    ZONES,
    TAGS,
    ID,
    Attribute::string("resource_guid", "GUID of the gateway.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("nat_gateway", "Network address translation for subnets (`Microsoft.Network/natGateways`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .held_by_users()
        .usually_takes_s(12)
        .import_help("the gateway's id, `…/Microsoft.Network/natGateways/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/natGateways", versions::NETWORK, Scope::Group).with_etag();
