//! `azure.container_registry_replication`: a copy of a registry in another region.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, ID, LOCATION, TAGS, name, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};

const ATTRIBUTES: &[Attribute] = &[
    name(
        "Unique in the registry; usually the region.",
        &[Limit::Pattern("^[a-zA-Z0-9]{5,50}$", "5 to 50 letters and digits")],
    ),
    Attribute::reference("registry", &["azure.container_registry"], "The registry, of the sku Premium.")
        .required()
        .create_only()
        .equality(Equality::CaseInsensitive),
    LOCATION,
    Attribute::boolean("region_endpoint_enabled", "Whether requests are sent to this copy.").default_bool(true),
    Attribute::new(
        "zone_redundancy",
        AttributeType::Enum(&["Enabled", "Disabled"]),
        "Whether it lies in several zones.",
    )
    .default_string("Disabled")
    .create_only(),
    TAGS,
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "container_registry_replication",
    "A copy of a registry in another region (`Microsoft.ContainerRegistry/registries/replications`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.timeouts(1800, 1800, 1800)
.usually_takes_s(60)
.import_help("the copy's id, `…/registries/NAME/replications/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.ContainerRegistry/registries/replications",
    versions::CONTAINER_REGISTRY,
    Scope::Child("registry"),
)
.serialised();
