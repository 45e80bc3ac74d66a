//! Interfaces that machines make for themselves, with their addresses.

use super::delete_option;
use crate::schema::{choice, refer, refers};
use formwork_model::schema::{Attribute, AttributeType, Equality};

/// The fields of a public address that a machine makes, and further ones.
macro_rules! public_address {
    ($($more:expr,)*) => {
        &[
            Attribute::string("name", "Name of the address.").required(),
            choice("sku", &["Basic", "Standard"], "Kind of address.").vendor("sku.name").optional_computed(),
            choice("sku_tier", &["Regional", "Global"], "Reach of the address.").vendor("sku.tier").optional_computed(),
            delete_option("What becomes of it when the machine is deleted.").vendor("properties.deleteOption"),
            Attribute::int("idle_timeout_in_minutes", "How long a silent connection is kept.")
                .vendor("properties.idleTimeoutInMinutes")
                .optional_computed(),
            choice("public_ip_address_version", &["IPv4", "IPv6"], "Version of the protocol.")
                .vendor("properties.publicIPAddressVersion")
                .optional_computed(),
            refers("public_ip_prefix", &["azure.public_ip_prefix"], "properties.publicIPPrefix.id", "Where it is taken from."),
            Attribute::string("domain_name_label", "First part of its name.").vendor("properties.dnsSettings.domainNameLabel"),
            Attribute::new(
                "ip_tags",
                AttributeType::List(&AttributeType::Object(&[
                    Attribute::string("ip_tag_type", "Kind of tag.").required(),
                    Attribute::string("tag", "The tag.").required(),
                ])),
                "Tags of the address.",
            )
            .vendor("properties.ipTags")
            .equality(Equality::EmptyIsAbsent),
            $($more,)*
        ]
    };
}

/// A public address of a machine that is one of many.
pub(in crate::resources) const PUBLIC_ADDRESS_OF_MANY: &[Attribute] = public_address![];

/// A public address of a machine by itself: it may be fixed.
pub(in crate::resources) const PUBLIC_ADDRESS_OF_ONE: &[Attribute] = public_address![
    choice("public_ip_allocation_method", &["Dynamic", "Static"], "Whether the address is fixed.")
        .vendor("properties.publicIPAllocationMethod")
        .optional_computed(),
];

/// Fields of an address of an interface that a machine makes: its public address, and further pools.
macro_rules! ip_configuration {
    ($public:expr; $($more:expr,)*) => {
        &[
            Attribute::string("name", "Unique in the interface.").required(),
            $crate::schema::refers("subnet", &["azure.subnet"], "properties.subnet.id", "Where addresses are taken from."),
            $crate::schema::on("primary", "Whether it is the first one.").vendor("properties.primary"),
            $crate::schema::choice("private_ip_address_version", &["IPv4", "IPv6"], "Version of the protocol.")
                .vendor("properties.privateIPAddressVersion")
                .optional_computed(),
            Attribute::object("public_ip_address_configuration", $public, "A public address.")
                .vendor("properties.publicIPAddressConfiguration"),
            $crate::resources::machine::pools(
                "load_balancer_backend_address_pools",
                "properties.loadBalancerBackendAddressPools[].id",
                "Ids of load balancers' pools.",
            ),
            $crate::resources::machine::pools(
                "application_gateway_backend_address_pools",
                "properties.applicationGatewayBackendAddressPools[].id",
                "Ids of application gateways' pools.",
            ),
            $crate::resources::machine::pools(
                "application_security_groups",
                "properties.applicationSecurityGroups[].id",
                "Ids of application security groups.",
            ),
            $($more,)*
        ]
    };
}
pub(in crate::resources) use ip_configuration;

/// A set of ids.
pub(in crate::resources) const fn pools(name: &'static str, path: &'static str, docs: &'static str) -> Attribute {
    refer(name, &AttributeType::String, path, docs)
}

/// Fields of an interface that a machine makes, with these addresses.
macro_rules! interface_configuration {
    ($addresses:expr) => {
        &[
            Attribute::string("name", "Unique in the machine.").required(),
            $crate::schema::on("primary", "Whether it is the first one.").vendor("properties.primary"),
            $crate::schema::named(
                "ip_configurations",
                &AttributeType::Object($addresses),
                "properties.ipConfigurations",
                "Its addresses.",
            )
            .required(),
            $crate::schema::refers(
                "network_security_group",
                &["azure.network_security_group"],
                "properties.networkSecurityGroup.id",
                "Filters its traffic.",
            ),
            $crate::resources::machine::delete_option("What becomes of it when the machine is deleted.")
                .vendor("properties.deleteOption"),
            $crate::schema::texts("dns_servers", "DNS servers; else the network's.")
                .vendor("properties.dnsSettings.dnsServers"),
            $crate::schema::on("enable_accelerated_networking", "Whether machines talk to the hardware.")
                .vendor("properties.enableAcceleratedNetworking"),
            $crate::schema::on("enable_ip_forwarding", "Whether it may pass on the traffic of others.")
                .vendor("properties.enableIPForwarding"),
            $crate::schema::on("enable_fpga", "Whether there is an FPGA.").vendor("properties.enableFpga"),
            $crate::schema::on("disable_tcp_state_tracking", "Whether connections are not tracked.")
                .vendor("properties.disableTcpStateTracking"),
            $crate::schema::choice(
                "auxiliary_mode",
                &["None", "AcceleratedConnections", "Floating"],
                "Help for many connections.",
            )
            .vendor("properties.auxiliaryMode")
            .optional_computed(),
            $crate::schema::choice("auxiliary_sku", &["None", "A1", "A2", "A4", "A8"], "How much of it.")
                .vendor("properties.auxiliarySku")
                .optional_computed(),
        ]
    };
}
pub(in crate::resources) use interface_configuration;
