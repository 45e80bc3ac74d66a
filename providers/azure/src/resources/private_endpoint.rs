//! `azure.private_endpoint`: an address in a network for a service outside of it.

use crate::resource::{ArmType, Scope};
use crate::schema::{EDGE_ZONE, FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, name, named, refer, refers, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema, Rule};

const STATE: &[Attribute] = &[
    Attribute::string("status", "`Approved`, `Pending`, `Rejected` or `Disconnected`.").computed(),
    Attribute::string("description", "What the service's owner says.").computed(),
    Attribute::string("actions_required", "What has to be done, where anything has.").computed(),
];

const CONNECTION: &[Attribute] = &[
    Attribute::string("name", "Unique in the endpoint.").required(),
    Attribute::string("private_link_service_id", "Id of the service, such as `vault.id`.")
        .vendor("properties.privateLinkServiceId")
        .required()
        .equality(Equality::CaseInsensitive),
    Attribute::new(
        "group_ids",
        AttributeType::Set(&AttributeType::String),
        "Parts of the service, such as `vault` or `blob`.",
    )
    .vendor("properties.groupIds")
    .equality(Equality::EmptyIsAbsent),
    Attribute::string("request_message", "What the service's owner is told.")
        .vendor("properties.requestMessage")
        .equality(Equality::EmptyIsAbsent)
        .limits(&[Limit::Length(0, 140)]),
    Attribute::object("private_link_service_connection_state", STATE, "Whether the connection is approved.")
        .vendor("properties.privateLinkServiceConnectionState")
        .computed(),
];

const IP_CONFIGURATION: &[Attribute] = &[
    Attribute::string("name", "Unique in the endpoint.").required(),
    Attribute::string("group_id", "Part of the service.").vendor("properties.groupId"),
    Attribute::string("member_name", "Member of that part.").vendor("properties.memberName"),
    Attribute::new("private_ip_address", AttributeType::Ip, "Address in the subnet.")
        .vendor("properties.privateIPAddress")
        .required(),
];

const CUSTOM_DNS: &[Attribute] = &[
    Attribute::string("fqdn", "Name of the service.").computed(),
    Attribute::strings("ip_addresses", "Its addresses in the network.").computed(),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    refers("subnet", &["azure.subnet"], "properties.subnet.id", "Where its address is taken from.")
        .required()
        .create_only(),
    named(
        "private_link_service_connections",
        &AttributeType::Object(CONNECTION),
        "properties.privateLinkServiceConnections",
        "The service, where you may approve the connection yourself.",
    ),
    named(
        "manual_private_link_service_connections",
        &AttributeType::Object(CONNECTION),
        "properties.manualPrivateLinkServiceConnections",
        "The service, where its owner approves the connection.",
    ),
    named(
        "ip_configurations",
        &AttributeType::Object(IP_CONFIGURATION),
        "properties.ipConfigurations",
        "Fixed addresses; else the subnet's next ones.",
    ),
    Attribute::string("custom_network_interface_name", "Name of its network interface.")
        .create_only()
        .equality(Equality::EmptyIsAbsent),
    refer(
        "application_security_groups",
        &AttributeType::String,
        "properties.applicationSecurityGroups[].id",
        "Ids of application security groups.",
    ),
    EDGE_ZONE,
    TAGS,
    ID,
    Attribute::strings("network_interfaces", "Ids of its network interfaces.")
        .vendor("properties.networkInterfaces[].id")
        .computed(),
    Attribute::new(
        "custom_dns_configs",
        AttributeType::List(&AttributeType::Object(CUSTOM_DNS)),
        "Names of the service and their addresses here.",
    )
    .computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "private_endpoint",
    "An address in a network for a service outside of it (`Microsoft.Network/privateEndpoints`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.usually_takes_s(20)
.import_help("the endpoint's id, `…/Microsoft.Network/privateEndpoints/NAME`")
.rules(&[Rule::AtLeastOneOf(&["private_link_service_connections", "manual_private_link_service_connections"])])
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/privateEndpoints", versions::NETWORK, Scope::Group)
        .serialised()
        .with_etag();
