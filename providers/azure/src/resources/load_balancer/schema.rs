//! The schema of `azure.load_balancer`.

use crate::schema::{
    EDGE_ZONE, FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, choice, id_text, name, named, refer, refers, texts,
};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};

const OWN_NAME: Attribute = Attribute::string("name", "Unique among its kind in the balancer.").required();
const OWN_ID: Attribute =
    Attribute::string("id", "Its id, for others to refer to.").computed().equality(Equality::CaseInsensitive);

const FRONTEND: &[Attribute] = &[
    OWN_NAME,
    refers("public_ip_address", &["azure.public_ip"], "properties.publicIPAddress.id", "Its address in the internet."),
    refers(
        "public_ip_prefix",
        &["azure.public_ip_prefix"],
        "properties.publicIPPrefix.id",
        "Its range in the internet.",
    ),
    refers("subnet", &["azure.subnet"], "properties.subnet.id", "Where its private address is taken from."),
    Attribute::new("private_ip_address", AttributeType::Ip, "Its private address; else the next one.")
        .vendor("properties.privateIPAddress")
        .optional_computed(),
    choice("private_ip_allocation_method", &["Static", "Dynamic"], "Whether the private address is fixed.")
        .vendor("properties.privateIPAllocationMethod")
        .default_string("Dynamic"),
    choice("private_ip_address_version", &["IPv4", "IPv6"], "Version of the protocol.")
        .vendor("properties.privateIPAddressVersion")
        .optional_computed(),
    id_text("gateway_load_balancer", "properties.gatewayLoadBalancer.id", "Id of a gateway load balancer's frontend."),
    texts("zones", "Availability zones of a private address."),
    OWN_ID,
];

const BACKEND_ADDRESS: &[Attribute] = &[
    OWN_NAME,
    Attribute::new("ip_address", AttributeType::Ip, "Address of the machine.").vendor("properties.ipAddress"),
    refers("vnet", &["azure.virtual_network"], "properties.virtualNetwork.id", "Network of the address."),
    refers("subnet", &["azure.subnet"], "properties.subnet.id", "Subnet of the address."),
    id_text(
        "load_balancer_frontend_ip_configuration",
        "properties.loadBalancerFrontendIPConfiguration.id",
        "Id of the frontend of a regional balancer.",
    ),
    choice("admin_state", &["None", "Up", "Down"], "Whether the probe is overruled.")
        .vendor("properties.adminState")
        .optional_computed(),
];

const TUNNEL: &[Attribute] = &[
    Attribute::int("port", "Port of the tunnel."),
    Attribute::int("identifier", "Number of the tunnel."),
    choice("protocol", &["None", "Native", "VXLAN"], "Protocol of the tunnel."),
    choice("type", &["None", "Internal", "External"], "Kind of traffic."),
];

const POOL: &[Attribute] = &[
    OWN_NAME,
    refers("vnet", &["azure.virtual_network"], "properties.virtualNetwork.id", "Network of a pool of addresses."),
    named(
        "load_balancer_backend_addresses",
        &AttributeType::Object(BACKEND_ADDRESS),
        "properties.loadBalancerBackendAddresses",
        "Machines by address; those that refer to the pool by their interface are not listed.",
    )
    .optional_computed(),
    Attribute::new(
        "tunnel_interfaces",
        AttributeType::List(&AttributeType::Object(TUNNEL)),
        "Tunnels of a gateway load balancer.",
    )
    .vendor("properties.tunnelInterfaces")
    .equality(Equality::EmptyIsAbsent),
    Attribute::int("drain_period_in_seconds", "How long connections last when a machine leaves.")
        .vendor("properties.drainPeriodInSeconds"),
    choice("sync_mode", &["Automatic", "Manual"], "How members of the pool are kept.").vendor("properties.syncMode"),
    Attribute::string("location", "Region of the pool.")
        .vendor("properties.location")
        .equality(Equality::CaseInsensitive),
    OWN_ID,
];

const PROBE: &[Attribute] = &[
    OWN_NAME,
    choice("protocol", &["Tcp", "Http", "Https"], "How it asks.").vendor("properties.protocol").required(),
    Attribute::int("port", "Port that it asks.")
        .vendor("properties.port")
        .required()
        .limits(&[Limit::Range(1, 65_535)]),
    Attribute::string("request_path", "Path that it asks for, with HTTP.").vendor("properties.requestPath"),
    Attribute::int("interval_in_seconds", "How often it asks.").vendor("properties.intervalInSeconds").default_int(15),
    Attribute::int("number_of_probes", "How many failures take a machine out.")
        .vendor("properties.numberOfProbes")
        .optional_computed(),
    Attribute::int("probe_threshold", "How many answers in a row change its mind.")
        .vendor("properties.probeThreshold")
        .optional_computed(),
    choice("no_healthy_backends_behavior", &["AllProbedDown", "AllProbedUp"], "What happens when no machine answers.")
        .vendor("properties.noHealthyBackendsBehavior")
        .optional_computed(),
    OWN_ID,
];

const FRONTEND_OF: Attribute = Attribute::string("frontend_ip_configuration", "Name of the frontend.")
    .vendor("properties.frontendIPConfiguration.id")
    .equality(Equality::CaseInsensitive);
const PROTOCOL: Attribute =
    choice("protocol", &["Tcp", "Udp", "All"], "Protocol.").vendor("properties.protocol").required();
const FLOATING: Attribute = Attribute::boolean("enable_floating_ip", "Whether machines see the frontend's address.")
    .vendor("properties.enableFloatingIP")
    .default_bool(false);
const RESET: Attribute = Attribute::boolean("enable_tcp_reset", "Whether idle connections are told that they end.")
    .vendor("properties.enableTcpReset")
    .default_bool(false);
const IDLE: Attribute = Attribute::int("idle_timeout_in_minutes", "How long an idle connection is kept.")
    .vendor("properties.idleTimeoutInMinutes")
    .default_int(4);
const BACKEND_PORT: Attribute =
    Attribute::int("backend_port", "Port of the machines.").vendor("properties.backendPort");
const FRONTEND_PORT: Attribute =
    Attribute::int("frontend_port", "Port of the frontend.").vendor("properties.frontendPort");
const RANGE_START: Attribute = Attribute::int("frontend_port_range_start", "First port of the frontend.")
    .vendor("properties.frontendPortRangeStart");
const RANGE_END: Attribute =
    Attribute::int("frontend_port_range_end", "Last port of the frontend.").vendor("properties.frontendPortRangeEnd");

const RULE: &[Attribute] = &[
    OWN_NAME,
    FRONTEND_OF,
    Attribute::string("backend_address_pool", "Name of the pool.")
        .vendor("properties.backendAddressPool.id")
        .equality(Equality::CaseInsensitive)
        .optional_computed(),
    refer(
        "backend_address_pools",
        &AttributeType::String,
        "properties.backendAddressPools[].id",
        "Names of pools, where there are several.",
    )
    .optional_computed(),
    Attribute::string("probe", "Name of the probe.").vendor("properties.probe.id").equality(Equality::CaseInsensitive),
    PROTOCOL,
    FRONTEND_PORT.required(),
    BACKEND_PORT,
    choice(
        "load_distribution",
        &["Default", "SourceIP", "SourceIPProtocol"],
        "Which connections go to the same machine.",
    )
    .vendor("properties.loadDistribution")
    .default_string("Default"),
    FLOATING,
    RESET,
    IDLE,
    Attribute::boolean("disable_outbound_snat", "Whether machines do not use the frontend for outgoing connections.")
        .vendor("properties.disableOutboundSnat")
        .optional_computed(),
    OWN_ID,
];

const NAT_RULE: &[Attribute] = &[
    OWN_NAME,
    FRONTEND_OF,
    Attribute::string("backend_address_pool", "Name of the pool.")
        .vendor("properties.backendAddressPool.id")
        .equality(Equality::CaseInsensitive),
    PROTOCOL,
    FRONTEND_PORT,
    RANGE_START,
    RANGE_END,
    BACKEND_PORT,
    FLOATING,
    RESET,
    IDLE,
    OWN_ID,
];

const NAT_POOL: &[Attribute] = &[
    OWN_NAME,
    FRONTEND_OF,
    PROTOCOL,
    RANGE_START.required(),
    RANGE_END.required(),
    BACKEND_PORT.required(),
    FLOATING,
    RESET,
    IDLE,
    OWN_ID,
];

const OUTBOUND: &[Attribute] = &[
    OWN_NAME,
    refer(
        "frontend_ip_configurations",
        &AttributeType::String,
        "properties.frontendIPConfigurations[].id",
        "Names of frontends.",
    )
    .required(),
    Attribute::string("backend_address_pool", "Name of the pool.")
        .vendor("properties.backendAddressPool.id")
        .equality(Equality::CaseInsensitive)
        .required(),
    PROTOCOL,
    Attribute::int("allocated_outbound_ports", "Ports for each machine; 0 lets Azure choose.")
        .vendor("properties.allocatedOutboundPorts")
        .optional_computed(),
    RESET,
    IDLE,
    OWN_ID,
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    choice("sku", &["Basic", "Standard", "Gateway"], "Kind of balancer.")
        .vendor("sku.name")
        .default_string("Standard")
        .create_only(),
    choice("sku_tier", &["Regional", "Global"], "Whether it is of one region or of all.")
        .vendor("sku.tier")
        .default_string("Regional")
        .create_only(),
    named(
        "frontend_ip_configurations",
        &AttributeType::Object(FRONTEND),
        "properties.frontendIPConfigurations",
        "Where traffic arrives.",
    ),
    named(
        "backend_address_pools",
        &AttributeType::Object(POOL),
        "properties.backendAddressPools",
        "Machines that it is spread over.",
    ),
    named(
        "probes",
        &AttributeType::Object(PROBE),
        "properties.probes",
        "How machines are asked whether they are well.",
    ),
    named(
        "load_balancing_rules",
        &AttributeType::Object(RULE),
        "properties.loadBalancingRules",
        "Which traffic goes where.",
    ),
    named(
        "inbound_nat_rules",
        &AttributeType::Object(NAT_RULE),
        "properties.inboundNatRules",
        "Ports that lead to single machines.",
    ),
    named(
        "inbound_nat_pools",
        &AttributeType::Object(NAT_POOL),
        "properties.inboundNatPools",
        "Ports that lead to single machines of a scale set.",
    ),
    named(
        "outbound_rules",
        &AttributeType::Object(OUTBOUND),
        "properties.outboundRules",
        "Which addresses outgoing connections have.",
    ),
    EDGE_ZONE,
    TAGS,
    ID,
    Attribute::string("resource_guid", "GUID of the balancer.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("load_balancer", "Spreads traffic over machines (`Microsoft.Network/loadBalancers`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .held_by_users()
        .usually_takes_s(5)
        .import_help("the balancer's id, `…/Microsoft.Network/loadBalancers/NAME`")
        .capabilities(FULL);
