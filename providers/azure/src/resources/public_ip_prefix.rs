//! `azure.public_ip_prefix`: a range of addresses of the internet.

use crate::resource::{ArmType, Scope};
use crate::resources::public_ip::IP_TAG;
use crate::schema::{EDGE_ZONE, FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, ZONES, choice, id_text, name, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    choice("sku", &["Standard"], "Kind of range.").vendor("sku.name").default_string("Standard").create_only(),
    choice("sku_tier", &["Regional", "Global"], "Whether it is of one region or of all.")
        .vendor("sku.tier")
        .default_string("Regional")
        .create_only(),
    Attribute::int("prefix_length", "Length of the range: 28 to 31 for IPv4, 124 to 127 for IPv6.")
        .required()
        .create_only()
        .limits(&[Limit::Range(21, 127)]),
    choice("public_ip_address_version", &["IPv4", "IPv6"], "Version of the protocol.")
        .vendor("properties.publicIPAddressVersion")
        .default_string("IPv4")
        .create_only(),
    id_text("custom_ip_prefix", "properties.customIPPrefix.id", "Id of a range of your own that it is taken from.")
        .create_only(),
    Attribute::new("ip_tags", AttributeType::List(&AttributeType::Object(IP_TAG)), "Tags that choose the range.")
        .keyed_by(&["ip_tag_type"])
        .equality(Equality::EmptyIsAbsent)
        .create_only(),
    ZONES,
    EDGE_ZONE,
    TAGS,
    ID,
    Attribute::string("ip_prefix", "The range.").vendor("properties.ipPrefix").computed(),
    Attribute::string("resource_guid", "GUID of the range.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "public_ip_prefix",
    "A range of addresses of the internet (`Microsoft.Network/publicIPPrefixes`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.held_by_users()
.usually_takes_s(4)
.import_help("the range's id, `…/Microsoft.Network/publicIPPrefixes/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/publicIPPrefixes", versions::NETWORK, Scope::Group).with_etag();
