//! `azure.virtual_network_peering`: one side of a connection between two virtual networks.

use crate::resource::{ArmType, Listing, Scope};
use crate::schema::{FULL, ID, NETWORK_NAME, name, parent, refers, texts, versions};
use formwork_model::schema::{Attribute, AttributeType, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the network.", NETWORK_NAME),
    parent("vnet", &["azure.virtual_network"], "The network whose side it is."),
    refers(
        "remote_vnet",
        &["azure.virtual_network"],
        "properties.remoteVirtualNetwork.id",
        "The network on the other side.",
    )
    .required()
    .create_only(),
    Attribute::boolean("allow_virtual_network_access", "Whether machines reach each other.").default_bool(true),
    Attribute::boolean("allow_forwarded_traffic", "Whether traffic that the other side forwards is let in.")
        .default_bool(false),
    Attribute::boolean("allow_gateway_transit", "Whether the other side may use this one's gateways.")
        .default_bool(false),
    Attribute::boolean("use_remote_gateways", "Whether this side uses the other's gateways.").default_bool(false),
    Attribute::boolean("do_not_verify_remote_gateways", "Whether the other side's gateways are not checked.")
        .optional_computed(),
    Attribute::boolean("peer_complete_vnets", "Whether the whole networks are connected, and not single subnets.")
        .optional_computed()
        .create_only(),
    Attribute::boolean("enable_only_ipv6_peering", "Whether only IPv6 ranges are connected.")
        .vendor("properties.enableOnlyIPv6Peering")
        .optional_computed()
        .create_only(),
    texts("local_subnet_names", "Subnets of this side, where not all are connected."),
    texts("remote_subnet_names", "Subnets of the other side, where not all are connected."),
    ID,
    Attribute::string("peering_state", "`Initiated` while one side is there, `Connected` with both.").computed(),
    Attribute::string("peering_sync_level", "Whether both sides know each other's ranges.").computed(),
    Attribute::new("remote_address_space", AttributeType::List(&AttributeType::Cidr), "Ranges of the other side.")
        .vendor("properties.remoteAddressSpace.addressPrefixes")
        .computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "virtual_network_peering",
    "One side of a connection between two networks (`Microsoft.Network/virtualNetworks/virtualNetworkPeerings`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::NaturalKey)
.usually_takes_s(12)
.import_help("the peering's id, `…/virtualNetworks/NAME/virtualNetworkPeerings/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    versions::NETWORK,
    Scope::Child("vnet"),
)
.with_listing(Listing::embedded("Microsoft.Network/virtualNetworks", "properties.virtualNetworkPeerings"))
.serialised();
