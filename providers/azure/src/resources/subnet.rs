//! `azure.subnet`: a range of a virtual network. The same fields stand in the network's `subnets`.

use crate::resource::{ArmType, Listing, Scope};
use crate::schema::{FULL, ID, NETWORK_NAME, name, parent, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Recognition, ResourceSchema, Rule};

const DELEGATION: &[Attribute] = &[
    Attribute::string("name", "Unique in the subnet.").required(),
    Attribute::string(
        "service_name",
        "Service that may use the subnet, such as `Microsoft.DBforPostgreSQL/flexibleServers`.",
    )
    .vendor("properties.serviceName")
    .required()
    .equality(Equality::CaseInsensitive),
    Attribute::strings("actions", "What the service may do.").vendor("properties.actions").computed(),
];

const SERVICE_ENDPOINT: &[Attribute] = &[
    Attribute::string("service", "Service that is reached directly, such as `Microsoft.Storage`.")
        .required()
        .equality(Equality::CaseInsensitive),
    Attribute::strings("locations", "Regions of the service; else those that Azure pairs with the network's.")
        .optional_computed()
        .equality(Equality::Unordered),
    Attribute::string("network_identifier", "Id of the public address that the service sees.")
        .vendor("networkIdentifier.id")
        .equality(Equality::CaseInsensitive),
];

/// The fields of a subnet, alone and in its network.
macro_rules! fields {
    ($($first:expr,)* ; $($last:expr,)*) => {
        &[
            $($first,)*
            Attribute::new("address_prefix", AttributeType::Cidr, "Range within the network's.")
                .vendor("properties.addressPrefix")
                .equality(Equality::Network),
            Attribute::new("address_prefixes", AttributeType::List(&AttributeType::Cidr), "Ranges, where there is more than one (IPv4 and IPv6).")
                .vendor("properties.addressPrefixes"),
            Attribute::reference("network_security_group", &["azure.network_security_group"], "Filters its traffic.")
                .vendor("properties.networkSecurityGroup.id")
                .equality(Equality::CaseInsensitive),
            Attribute::reference("route_table", &["azure.route_table"], "Routes its traffic.")
                .vendor("properties.routeTable.id")
                .equality(Equality::CaseInsensitive),
            Attribute::reference("nat_gateway", &["azure.nat_gateway"], "Gives its outgoing connections an address.")
                .vendor("properties.natGateway.id")
                .equality(Equality::CaseInsensitive),
            Attribute::new("service_endpoints", AttributeType::List(&AttributeType::Object(SERVICE_ENDPOINT)), "Services that are reached directly.")
                .vendor("properties.serviceEndpoints")
                .keyed_by(&["service"])
                .equality(Equality::EmptyIsAbsent),
            Attribute::new("service_endpoint_policies", AttributeType::Set(&AttributeType::String), "Ids of service endpoint policies.")
                .vendor("properties.serviceEndpointPolicies[].id")
                .equality(Equality::EmptyIsAbsent),
            Attribute::new("delegations", AttributeType::List(&AttributeType::Object(DELEGATION)), "Services that put their own objects into it.")
                .vendor("properties.delegations")
                .keyed_by(&["name"])
                .equality(Equality::EmptyIsAbsent),
            Attribute::new("private_endpoint_network_policies", AttributeType::Enum(&["Enabled", "Disabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"]), "Whether security groups and routes hold for private endpoints.")
                .vendor("properties.privateEndpointNetworkPolicies")
                .default_string("Disabled"),
            Attribute::new("private_link_service_network_policies", AttributeType::Enum(&["Enabled", "Disabled"]), "Whether security groups hold for private link services.")
                .vendor("properties.privateLinkServiceNetworkPolicies")
                .default_string("Enabled"),
            Attribute::boolean("default_outbound_access", "Whether Azure lets machines without an address of their own reach the internet.")
                .vendor("properties.defaultOutboundAccess")
                .optional_computed(),
            Attribute::new("sharing_scope", AttributeType::Enum(&["Tenant", "DelegatedServices"]), "Who else may use it.")
                .vendor("properties.sharingScope"),
            $($last,)*
        ]
    };
}

/// The fields of a subnet within its network.
pub(crate) const EMBEDDED: &[Attribute] = fields![
    Attribute::string("name", "Unique in the network.").required(),
    ;
    Attribute::string("id", "Its id.").computed().equality(Equality::CaseInsensitive),
];

const ATTRIBUTES: &[Attribute] = fields![
    name("Unique in the network.", NETWORK_NAME),
    parent("vnet", &["azure.virtual_network"], "The network that it is a part of."),
    ;
    Attribute::string("purpose", "What Azure uses it for, where it does.").vendor("properties.purpose").computed(),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("subnet", "A range of a virtual network (`Microsoft.Network/virtualNetworks/subnets`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::NaturalKey)
        .held_by_users()
        .timeouts(1800, 1800, 1800)
        .usually_takes_s(5)
        .import_help("the subnet's id, `…/virtualNetworks/NAME/subnets/NAME`")
        .rules(&[Rule::ExactlyOneOf(&["address_prefix", "address_prefixes"])])
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/virtualNetworks/subnets", versions::NETWORK, Scope::Child("vnet"))
        .with_listing(Listing::embedded("Microsoft.Network/virtualNetworks", "properties.subnets"))
        .serialised()
        .with_etag();
