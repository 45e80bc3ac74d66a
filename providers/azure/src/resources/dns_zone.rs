//! `azure.dns_zone`: a zone of the public DNS.

use crate::resource::{ArmType, Scope};
use crate::resources::private_dns_zone::ZONE_NAME;
use crate::schema::{FULL, GLOBAL_LOCATION, GROUP, ID, TAGS, name, versions};
use formwork_model::schema::{Attribute, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name("Name of the zone, such as `example.com`.", ZONE_NAME),
    GROUP,
    GLOBAL_LOCATION,
    TAGS,
    ID,
    Attribute::strings("name_servers", "Servers that the parent zone has to delegate to.").computed(),
    Attribute::int("max_number_of_record_sets", "How many record sets it may have.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("dns_zone", "A zone of the public DNS (`Microsoft.Network/dnsZones`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .usually_takes_s(4)
        .import_help("the zone's id, `…/Microsoft.Network/dnsZones/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Network/dnsZones", versions::DNS, Scope::Group).with_etag();
