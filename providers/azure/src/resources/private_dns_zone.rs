//! `azure.private_dns_zone`: names that only linked networks resolve.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, GLOBAL_LOCATION, GROUP, ID, TAGS, name, versions};
use formwork_model::schema::{Attribute, Limit, Recognition, ResourceSchema};

/// Names of zones.
pub(crate) const ZONE_NAME: &[Limit] = &[
    Limit::Length(1, 253),
    Limit::Pattern(
        r"^[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?)*$",
        "labels of letters, digits, `_` and `-`, separated by points, without one at the end",
    ),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Name of the zone, such as `privatelink.vaultcore.azure.net`.", ZONE_NAME),
    GROUP,
    GLOBAL_LOCATION,
    TAGS,
    ID,
    Attribute::int("max_number_of_record_sets", "How many record sets it may have.").computed(),
    Attribute::int("max_number_of_virtual_network_links", "How many networks may be linked.").computed(),
    Attribute::int("max_number_of_virtual_network_links_with_registration", "How many of them may register names.")
        .computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "private_dns_zone",
    "A zone that only linked networks resolve (`Microsoft.Network/privateDnsZones`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.usually_takes_s(35)
.import_help("the zone's id, `…/Microsoft.Network/privateDnsZones/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/privateDnsZones", versions::PRIVATE_DNS, Scope::Group).with_etag();
