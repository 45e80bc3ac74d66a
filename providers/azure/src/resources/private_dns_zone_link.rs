//! `azure.private_dns_zone_link`: lets a network resolve the names of a private zone.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, GLOBAL_LOCATION, ID, NETWORK_NAME, TAGS, choice, name, parent, refers, versions};
use formwork_model::schema::{Attribute, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the zone.", NETWORK_NAME),
    parent("zone", &["azure.private_dns_zone"], "The zone."),
    refers("vnet", &["azure.virtual_network"], "properties.virtualNetwork.id", "The network that resolves its names.")
        .required()
        .create_only(),
    Attribute::boolean("registration_enabled", "Whether the network's machines get names in the zone.")
        .default_bool(false),
    choice("resolution_policy", &["Default", "NxDomainRedirect"], "What happens to names that the zone does not have.")
        .optional_computed(),
    GLOBAL_LOCATION,
    TAGS,
    ID,
    Attribute::string("virtual_network_link_state", "Whether the link is in place.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "private_dns_zone_link",
    "A network that resolves a private zone (`Microsoft.Network/privateDnsZones/virtualNetworkLinks`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.usually_takes_s(35)
.import_help("the link's id, `…/privateDnsZones/NAME/virtualNetworkLinks/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    versions::PRIVATE_DNS,
    Scope::Child("zone"),
)
.with_etag();
