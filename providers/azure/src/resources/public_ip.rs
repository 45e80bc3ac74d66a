//! `azure.public_ip`: an address of the internet.

use crate::resource::{ArmType, Scope};
use crate::schema::{
    EDGE_ZONE, FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, ZONES, choice, id_text, name, refers, versions,
};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};

/// A tag of an address.
pub(crate) const IP_TAG: &[Attribute] = &[
    Attribute::string("ip_tag_type", "Kind, such as `RoutingPreference`.").required(),
    Attribute::string("tag", "Value, such as `Internet`.").required(),
];

const DNS_SETTINGS: &[Attribute] = &[
    Attribute::string("domain_name_label", "Name below the region's domain, `LABEL.REGION.cloudapp.azure.com`."),
    choice(
        "domain_name_label_scope",
        &["TenantReuse", "SubscriptionReuse", "ResourceGroupReuse", "NoReuse"],
        "Who may use the name again.",
    )
    .create_only(),
    Attribute::string("fqdn", "The whole name.").optional_computed(),
    Attribute::string("reverse_fqdn", "Name that a reverse look-up gives."),
];

const DDOS_SETTINGS: &[Attribute] = &[
    choice("protection_mode", &["VirtualNetworkInherited", "Enabled", "Disabled"], "Whether it is protected.")
        .optional_computed(),
    id_text("ddos_protection_plan", "ddosProtectionPlan.id", "Id of a DDoS protection plan."),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    choice("sku", &["Basic", "Standard"], "Kind of address; zones, NAT gateways and bastions need `Standard`.")
        .vendor("sku.name")
        .default_string("Standard")
        .create_only(),
    choice("sku_tier", &["Regional", "Global"], "Whether it is of one region or of all.")
        .vendor("sku.tier")
        .default_string("Regional")
        .create_only(),
    choice("public_ip_allocation_method", &["Static", "Dynamic"], "Whether it keeps its address when nothing uses it.")
        .vendor("properties.publicIPAllocationMethod")
        .default_string("Static"),
    choice("public_ip_address_version", &["IPv4", "IPv6"], "Version of the protocol.")
        .vendor("properties.publicIPAddressVersion")
        .default_string("IPv4")
        .create_only(),
    refers(
        "public_ip_prefix",
        &["azure.public_ip_prefix"],
        "properties.publicIPPrefix.id",
        "Range that it is taken from.",
    )
    .create_only(),
    Attribute::int("idle_timeout_in_minutes", "How long an idle connection is kept, 4 to 30 minutes.")
        .default_int(4)
        .limits(&[Limit::Range(4, 30)]),
    Attribute::object("dns_settings", DNS_SETTINGS, "Names of the address."),
    Attribute::object("ddos_settings", DDOS_SETTINGS, "Protection against floods.").optional_computed(),
    choice("delete_option", &["Delete", "Detach"], "What happens to it when its machine is deleted.")
        .optional_computed(),
    Attribute::new("ip_tags", AttributeType::List(&AttributeType::Object(IP_TAG)), "Tags that choose the address.")
        .keyed_by(&["ip_tag_type"])
        .equality(Equality::EmptyIsAbsent)
        .create_only(),
    ZONES,
    EDGE_ZONE,
    TAGS,
    ID,
    Attribute::string("ip_address", "The address; a `Dynamic` one has none before it is used.").computed(),
    Attribute::string("resource_guid", "GUID of the address.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("public_ip", "An address of the internet (`Microsoft.Network/publicIPAddresses`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .held_by_users()
        .usually_takes_s(4)
        .import_help("the address's id, `…/Microsoft.Network/publicIPAddresses/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/publicIPAddresses", versions::NETWORK, Scope::Group)
        .with_etag()
        .with_volatile(&[("ip_address", &["public_ip_allocation_method"])]);
