//! Networks of an AKS cluster: how pods and services get addresses, and how they go out.

use formwork_model::schema::{Attribute, AttributeType, Equality, Limit};

const fn filled(attribute: Attribute) -> Attribute {
    attribute.optional_computed()
}

const REFERENCES: Attribute = Attribute::strings("", "");

const LOAD_BALANCER: &[Attribute] = &[
    filled(Attribute::int(
        "allocated_outbound_ports",
        "Ports of each node, a multiple of 8; 0 for as many as there are.",
    ))
    .limits(&[Limit::Range(0, 64000)]),
    filled(Attribute::new(
        "backend_pool_type",
        AttributeType::Enum(&["NodeIPConfiguration", "NodeIP"]),
        "What the balancer's pool holds.",
    )),
    filled(Attribute::boolean("enable_multiple_standard_load_balancers", "Whether there may be several.")),
    filled(Attribute::int("idle_timeout_in_minutes", "How long an idle connection is kept, 4 to 120 minutes."))
        .limits(&[Limit::Range(4, 120)]),
    filled(Attribute::object(
        "managed_outbound_ips",
        &[
            filled(Attribute::int("count", "IPv4 addresses that AKS makes.")).limits(&[Limit::Range(1, 100)]),
            filled(Attribute::int("count_ipv6", "IPv6 addresses that AKS makes."))
                .vendor("countIPv6")
                .limits(&[Limit::Range(0, 100)]),
        ],
        "Public addresses that AKS makes.",
    ))
    .vendor("managedOutboundIPs"),
    Attribute { name: "outbound_ip_prefixes", docs: "Ids of public prefixes for what goes out.", ..REFERENCES }
        .vendor("outboundIPPrefixes.publicIPPrefixes[].id")
        .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "outbound_ips",
        AttributeType::List(&AttributeType::Reference(&["azure.public_ip"])),
        "Public addresses for what goes out.",
    )
    .vendor("outboundIPs.publicIPs[].id")
    .equality(Equality::EmptyIsAbsent),
];

const NAT_GATEWAY: &[Attribute] = &[
    filled(Attribute::int("idle_timeout_in_minutes", "How long an idle connection is kept, 4 to 120 minutes."))
        .limits(&[Limit::Range(4, 120)]),
    filled(Attribute::object(
        "managed_outbound_ip_profile",
        &[filled(Attribute::int("count", "Addresses that AKS makes.")).limits(&[Limit::Range(1, 16)])],
        "Public addresses that AKS makes.",
    ))
    .vendor("managedOutboundIPProfile"),
];

const ADVANCED: &[Attribute] = &[
    filled(Attribute::boolean("enabled", "Whether it is on.")),
    filled(Attribute::object(
        "observability",
        &[filled(Attribute::boolean("enabled", "Whether it is on."))],
        "Flows and metrics.",
    )),
    filled(Attribute::object(
        "security",
        &[filled(Attribute::boolean("enabled", "Whether it is on."))],
        "Filters by name.",
    )),
];

/// The fields of `network_profile`.
pub(super) const FIELDS: &[Attribute] = &[
    filled(Attribute::new(
        "network_plugin",
        AttributeType::Enum(&["azure", "kubenet", "none"]),
        "What gives pods their addresses.",
    ))
    .create_only(),
    filled(Attribute::new("network_plugin_mode", AttributeType::Enum(&["overlay"]), "Pods in a network of their own.")),
    filled(Attribute::new("network_dataplane", AttributeType::Enum(&["azure", "cilium"]), "What moves packets.")),
    filled(Attribute::new(
        "network_policy",
        AttributeType::Enum(&["none", "calico", "azure", "cilium"]),
        "What enforces network policies.",
    )),
    filled(Attribute::new(
        "network_mode",
        AttributeType::Enum(&["transparent", "bridge"]),
        "Mode of the plugin `azure`.",
    ))
    .create_only(),
    filled(Attribute::new("pod_cidr", AttributeType::Cidr, "Range of the pods."))
        .create_only()
        .equality(Equality::Network),
    filled(Attribute::new("pod_cidrs", AttributeType::List(&AttributeType::Cidr), "Ranges of the pods, by IP family."))
        .create_only(),
    filled(Attribute::new("service_cidr", AttributeType::Cidr, "Range of the services."))
        .create_only()
        .equality(Equality::Network),
    filled(Attribute::new(
        "service_cidrs",
        AttributeType::List(&AttributeType::Cidr),
        "Ranges of the services, by IP family.",
    ))
    .create_only(),
    filled(Attribute::new("dns_service_ip", AttributeType::Ip, "Address of DNS, within the services' range."))
        .vendor("dnsServiceIP")
        .create_only(),
    filled(Attribute::new("ip_families", AttributeType::List(&AttributeType::Enum(&["IPv4", "IPv6"])), "IP families."))
        .create_only(),
    filled(Attribute::new(
        "outbound_type",
        AttributeType::Enum(&["loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway"]),
        "How what goes out is routed.",
    )),
    filled(Attribute::new("load_balancer_sku", AttributeType::Enum(&["standard", "basic"]), "Kind of load balancer."))
        .create_only(),
    filled(Attribute::object("load_balancer_profile", LOAD_BALANCER, "The load balancer.")),
    filled(Attribute::object("nat_gateway_profile", NAT_GATEWAY, "The NAT gateway that AKS makes.")),
    filled(Attribute::object("advanced_networking", ADVANCED, "Advanced container networking services.")),
];
