//! `azure.network_interface`: connects a machine to a subnet.

use crate::resource::{ArmType, Scope};
use crate::schema::{
    EDGE_ZONE, FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, choice, id_text, name, named, refer, refers, versions,
};
use formwork_model::schema::{Attribute, AttributeType, Equality, Recognition, ResourceSchema};

const IP_CONFIGURATION: &[Attribute] = &[
    Attribute::string("name", "Unique in the interface.").required(),
    refers("subnet", &["azure.subnet"], "properties.subnet.id", "Where its address is taken from."),
    Attribute::boolean("primary", "Whether it is the first one.").vendor("properties.primary").optional_computed(),
    choice("private_ip_allocation_method", &["Static", "Dynamic"], "Whether the address is fixed.")
        .vendor("properties.privateIPAllocationMethod")
        .default_string("Dynamic"),
    choice("private_ip_address_version", &["IPv4", "IPv6"], "Version of the protocol.")
        .vendor("properties.privateIPAddressVersion")
        .default_string("IPv4"),
    Attribute::new("private_ip_address", AttributeType::Ip, "Its address in the subnet; else the next one.")
        .vendor("properties.privateIPAddress")
        .optional_computed(),
    Attribute::int("private_ip_address_prefix_length", "Length of a block of addresses, where it has one.")
        .vendor("properties.privateIPAddressPrefixLength"),
    refers("public_ip_address", &["azure.public_ip"], "properties.publicIPAddress.id", "Its address in the internet."),
    id_text("gateway_load_balancer", "properties.gatewayLoadBalancer.id", "Id of a gateway load balancer's frontend."),
    refer(
        "load_balancer_backend_address_pools",
        &AttributeType::String,
        "properties.loadBalancerBackendAddressPools[].id",
        "Ids of load balancers' pools.",
    ),
    refer(
        "load_balancer_inbound_nat_rules",
        &AttributeType::String,
        "properties.loadBalancerInboundNatRules[].id",
        "Ids of load balancers' rules.",
    ),
    refer(
        "application_gateway_backend_address_pools",
        &AttributeType::String,
        "properties.applicationGatewayBackendAddressPools[].id",
        "Ids of application gateways' pools.",
    ),
    refer(
        "application_security_groups",
        &AttributeType::String,
        "properties.applicationSecurityGroups[].id",
        "Ids of application security groups.",
    ),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    named(
        "ip_configurations",
        &AttributeType::Object(IP_CONFIGURATION),
        "properties.ipConfigurations",
        "Its addresses.",
    )
    .required(),
    refers(
        "network_security_group",
        &["azure.network_security_group"],
        "properties.networkSecurityGroup.id",
        "Filters its traffic.",
    ),
    Attribute::new("dns_servers", AttributeType::List(&AttributeType::Ip), "DNS servers; else the network's.")
        .vendor("properties.dnsSettings.dnsServers")
        .equality(Equality::EmptyIsAbsent),
    Attribute::string("internal_dns_name_label", "Name within the network.")
        .vendor("properties.dnsSettings.internalDnsNameLabel"),
    Attribute::boolean("enable_accelerated_networking", "Whether the machine talks to the hardware.")
        .default_bool(false),
    Attribute::boolean("enable_ip_forwarding", "Whether it may pass on the traffic of others.")
        .vendor("properties.enableIPForwarding")
        .default_bool(false),
    Attribute::boolean("disable_tcp_state_tracking", "Whether connections are not tracked.").optional_computed(),
    choice(
        "auxiliary_mode",
        &["None", "MaxConnections", "Floating", "AcceleratedConnections"],
        "Help for many connections.",
    )
    .optional_computed(),
    choice("auxiliary_sku", &["None", "A1", "A2", "A4", "A8"], "How much of it.").optional_computed(),
    choice("nic_type", &["Standard", "Elastic"], "Kind of interface.").optional_computed().create_only(),
    Attribute::string("workload_type", "Kind of work, for bare metal.").optional_computed(),
    EDGE_ZONE,
    TAGS,
    ID,
    Attribute::string("mac_address", "Hardware address, once a machine uses it.").computed(),
    Attribute::string("virtual_machine", "Id of the machine that uses it.")
        .vendor("properties.virtualMachine.id")
        .computed()
        .equality(Equality::CaseInsensitive),
    Attribute::string("internal_domain_name_suffix", "Domain of its name within the network.")
        .vendor("properties.dnsSettings.internalDomainNameSuffix")
        .computed(),
    Attribute::string("resource_guid", "GUID of the interface.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("network_interface", "Connects a machine to a subnet (`Microsoft.Network/networkInterfaces`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .held_by_users()
        .usually_takes_s(3)
        .import_help("the interface's id, `…/Microsoft.Network/networkInterfaces/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/networkInterfaces", versions::NETWORK, Scope::Group).with_etag();
