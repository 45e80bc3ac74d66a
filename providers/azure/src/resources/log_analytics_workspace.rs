//! `azure.log_analytics_workspace`: where logs and metrics are gathered.

use crate::resource::{ArmType, Scope};
use crate::schema::{
    FULL, GROUP, ID, LOCATION, PRINCIPAL_ID, TAGS, USER_IDENTITIES, choice, id_text, name, on, versions,
};
use formwork_model::schema::{Attribute, AttributeType, Limit, Recognition, ResourceSchema};

const NAME: &[Limit] = &[Limit::Pattern(
    "^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$",
    "4 to 63 letters, digits and `-`, which is neither first nor last",
)];

const FEATURES: &[Attribute] = &[
    id_text("cluster_resource_id", "clusterResourceId", "Id of the dedicated cluster that it is linked to.")
        .optional_computed(),
    on("disable_local_auth", "Whether Microsoft Entra ID alone signs in."),
    on("enable_data_export", "Whether data may be exported."),
    on("enable_log_access_using_only_resource_permissions", "Whether those who may read a resource may read its logs."),
    on("immediate_purge_data_on_30_days", "Whether data is gone for good after 30 days."),
];

const IDENTITY: &[Attribute] =
    &[choice("type", &["SystemAssigned", "UserAssigned", "None"], "Whose identity it is.").required(), USER_IDENTITIES];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group. For 14 days after a delete the name brings the old workspace back.", NAME),
    GROUP,
    LOCATION,
    choice(
        "sku",
        &["Free", "Standard", "Premium", "PerNode", "PerGB2018", "Standalone", "CapacityReservation", "LACluster"],
        "How it is paid.",
    )
    .vendor("properties.sku.name")
    .default_string("PerGB2018"),
    Attribute::int("capacity_reservation_level", "GB a day that are paid for, with `CapacityReservation`.")
        .vendor("properties.sku.capacityReservationLevel"),
    Attribute::int("retention_in_days", "For how many days data is kept; the SKU says how many may be.")
        .optional_computed(),
    Attribute::new("daily_quota_gb", AttributeType::Float, "GB that are taken in a day; -1 for any number.")
        .vendor("properties.workspaceCapping.dailyQuotaGb")
        .optional_computed(),
    Attribute::object("features", FEATURES, "Features.").optional_computed(),
    choice("public_network_access_for_ingestion", &["Enabled", "Disabled"], "Whether data comes in from the internet.")
        .default_string("Enabled"),
    choice("public_network_access_for_query", &["Enabled", "Disabled"], "Whether data is read from the internet.")
        .default_string("Enabled"),
    on("force_cmk_for_query", "Whether queries are stored in an account of one's own alone."),
    id_text(
        "default_data_collection_rule_resource_id",
        "properties.defaultDataCollectionRuleResourceId",
        "Id of the rule by which data is gathered.",
    ),
    Attribute::object("identity", IDENTITY, "Identities of the workspace."),
    TAGS,
    ID,
    PRINCIPAL_ID,
    Attribute::string("customer_id", "Id of the workspace that agents and queries name.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "log_analytics_workspace",
    "Where logs and metrics are gathered (`Microsoft.OperationalInsights/workspaces`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.usually_takes_s(30)
.import_help("the workspace's id, `…/Microsoft.OperationalInsights/workspaces/NAME`")
.capabilities(FULL);

/// The type. A PUT would send back what the service counts by itself (`features.legacy`); PATCH says what differs.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.OperationalInsights/workspaces", versions::LOG_ANALYTICS, Scope::Group)
        .with_patch()
        .with_volatile(&[
            ("principal_id", &["identity"]),
            ("retention_in_days", &["sku"]),
            ("daily_quota_gb", &["sku"]),
        ]);
