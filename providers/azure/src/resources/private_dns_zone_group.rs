//! `azure.private_dns_zone_group`: keeps the names of a private endpoint in private zones.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, ID, NETWORK_NAME, name, named, parent, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Recognition, ResourceSchema};

const CONFIG: &[Attribute] = &[
    Attribute::string("name", "Unique in the group.").required(),
    Attribute::reference("private_dns_zone", &["azure.private_dns_zone"], "The zone.")
        .vendor("properties.privateDnsZoneId")
        .required()
        .equality(Equality::CaseInsensitive),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the endpoint; usually `default`.", NETWORK_NAME),
    parent("private_endpoint", &["azure.private_endpoint"], "The endpoint."),
    named(
        "private_dns_zone_configs",
        &AttributeType::Object(CONFIG),
        "properties.privateDnsZoneConfigs",
        "Zones in which it has names.",
    )
    .required(),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "private_dns_zone_group",
    "Names of a private endpoint in private zones (`Microsoft.Network/privateEndpoints/privateDnsZoneGroups`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::NaturalKey)
.usually_takes_s(12)
.import_help("the group's id, `…/privateEndpoints/NAME/privateDnsZoneGroups/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    versions::NETWORK,
    Scope::Child("private_endpoint"),
)
.serialised();
