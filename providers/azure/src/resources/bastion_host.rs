//! `azure.bastion_host`: a way to machines without addresses of their own.

use crate::resource::{ArmType, Scope};
use crate::schema::{
    FULL, GROUP, ID, LOCATION, NETWORK_NAME, TAGS, ZONES, choice, name, named, refers, texts, versions,
};
use formwork_model::schema::{Attribute, AttributeType, Limit, Recognition, ResourceSchema};

const IP_CONFIGURATION: &[Attribute] = &[
    Attribute::string("name", "Unique in the host.").required(),
    refers("subnet", &["azure.subnet"], "properties.subnet.id", "A subnet called `AzureBastionSubnet`.").required(),
    refers(
        "public_ip_address",
        &["azure.public_ip"],
        "properties.publicIPAddress.id",
        "Its address, of the SKU `Standard`.",
    )
    .required(),
    choice("private_ip_allocation_method", &["Static", "Dynamic"], "How it gets its address in the subnet.")
        .vendor("properties.privateIPAllocationMethod")
        .optional_computed(),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NETWORK_NAME),
    GROUP,
    LOCATION,
    choice("sku", &["Basic", "Standard", "Developer", "Premium"], "Kind of host; a lesser one replaces it.")
        .vendor("sku.name")
        .default_string("Basic"),
    named(
        "ip_configurations",
        &AttributeType::Object(IP_CONFIGURATION),
        "properties.ipConfigurations",
        "Where it stands; none for `Developer`.",
    )
    .create_only(),
    refers("vnet", &["azure.virtual_network"], "properties.virtualNetwork.id", "The network, for `Developer`.")
        .create_only(),
    Attribute::int("scale_units", "How many hosts share the work; more than 2 need `Standard`.")
        .optional_computed()
        .limits(&[Limit::Range(2, 50)]),
    Attribute::boolean("disable_copy_paste", "Whether nothing can be copied.").optional_computed(),
    Attribute::boolean("enable_file_copy", "Whether files can be copied.").optional_computed(),
    Attribute::boolean("enable_ip_connect", "Whether machines are found by address.").optional_computed(),
    Attribute::boolean("enable_shareable_link", "Whether links can be given away.").optional_computed(),
    Attribute::boolean("enable_tunneling", "Whether the clients of your own machine can be used.").optional_computed(),
    Attribute::boolean("enable_kerberos", "Whether Kerberos is used.").optional_computed(),
    Attribute::boolean("enable_session_recording", "Whether sessions are recorded; needs `Premium`.")
        .optional_computed(),
    texts("network_acls", "Ranges that may connect; else any.")
        .vendor("properties.networkAcls.ipRules[].addressPrefix"),
    ZONES,
    TAGS,
    ID,
    Attribute::string("dns_name", "Name of the host.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "bastion_host",
    "A way to machines that have no address of their own (`Microsoft.Network/bastionHosts`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.timeouts(3600, 3600, 3600)
.usually_takes_s(480)
.import_help("the host's id, `…/Microsoft.Network/bastionHosts/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/bastionHosts", versions::NETWORK, Scope::Group).with_etag();
