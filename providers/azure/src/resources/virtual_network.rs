//! `azure.virtual_network`: a private network. Its subnets may stand in it, or be objects of their own (`azure.subnet`).

use crate::resource::{ArmType, Scope};
use crate::resources::subnet;
use crate::schema::{FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, name, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};

const ENCRYPTION: &[Attribute] = &[
    Attribute::boolean("enabled", "Whether traffic between machines is encrypted.").required(),
    Attribute::new(
        "enforcement",
        AttributeType::Enum(&["AllowUnencrypted", "DropUnencrypted"]),
        "What happens to traffic that cannot be.",
    )
    .default_string("AllowUnencrypted"),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    Attribute::new("address_space", AttributeType::List(&AttributeType::Cidr), "Ranges of the network.")
        .required()
        .vendor("properties.addressSpace.addressPrefixes")
        .equality(Equality::Unordered)
        .limits(&[Limit::Length(1, 1000)]),
    Attribute::new(
        "dns_servers",
        AttributeType::List(&AttributeType::Ip),
        "DNS servers, in the order of preference; else Azure's own.",
    )
    .vendor("properties.dhcpOptions.dnsServers")
    .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "subnets",
        AttributeType::List(&AttributeType::Object(subnet::EMBEDDED)),
        "All subnets, where none is an object of its own; left out, they are left to `azure.subnet`.",
    )
    .keyed_by(&["name"]),
    Attribute::string("ddos_protection_plan", "Id of a DDoS protection plan.")
        .vendor("properties.ddosProtectionPlan.id")
        .equality(Equality::CaseInsensitive),
    Attribute::boolean("enable_ddos_protection", "Whether the plan protects the network.").default_bool(false),
    Attribute::boolean("enable_vm_protection", "Whether machines are protected.").optional_computed(),
    Attribute::object("encryption", ENCRYPTION, "Encryption between machines."),
    Attribute::int("flow_timeout_in_minutes", "How long an idle connection is kept, 4 to 30 minutes.")
        .limits(&[Limit::Range(4, 30)]),
    Attribute::string("bgp_community", "BGP community, `12076:20000` to `12076:29999`.")
        .vendor("properties.bgpCommunities.virtualNetworkCommunity"),
    Attribute::new(
        "private_endpoint_vnet_policies",
        AttributeType::Enum(&["Disabled", "Basic"]),
        "Policies for private endpoints of a large network.",
    )
    .vendor("properties.privateEndpointVNetPolicies")
    .default_string("Disabled"),
    Attribute::string("edge_zone", "Edge zone that it lies in.").vendor("extendedLocation.name").create_only(),
    TAGS,
    ID,
    Attribute::string("resource_guid", "GUID of the network.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("virtual_network", "A private network (`Microsoft.Network/virtualNetworks`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .timeouts(1800, 1800, 1800)
        .usually_takes_s(6)
        .import_help("the network's id, `…/Microsoft.Network/virtualNetworks/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/virtualNetworks", versions::NETWORK, Scope::Group)
        .with_children(&["subnets"])
        .serialised()
        .with_etag();
