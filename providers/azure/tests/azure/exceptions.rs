//! Where we differ from the vendor's data on purpose, each with its reason. An exception that is no longer needed fails.

mod unclean;

pub use unclean::UNCLEAN;

use formwork_provider_azure::inspect::types;
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("exceptions::are_of_types_that_exist", are_of_types_that_exist)]
}

/// An exception of a type that nobody has would never be held against anything.
fn are_of_types_that_exist() -> Result<(), Failed> {
    let tables = [SCHEMA, UNWRITABLE, BODIES, UNREAD].into_iter().flatten().map(|(type_name, ..)| *type_name);
    let named = tables.chain(UNCLEAN.iter().map(|one| one.type_name));
    let unknown: Vec<&str> = named.filter(|name| !types().iter().any(|ty| ty.schema().name == *name)).collect();
    let unreasoned: Vec<&str> = UNCLEAN.iter().filter(|one| one.reason.is_empty()).map(|one| one.path).collect();
    assert_eq!((unknown, unreasoned), (Vec::new(), Vec::new()));
    Ok(())
}

/// `(azure.type, vendor path, reason)`: the schema says otherwise than the vendor's description of the type.
pub const SCHEMA: &[(&str, &str, &str)] = &[
    ("key_vault", "properties.tenantId", "it may stand in the provider block"),
    ("key_vault", "properties.publicNetworkAccess", "the vendor's text names two values, its schema none"),
    (
        "kubernetes_cluster",
        "properties.identityProfile.kubeletidentity.objectId",
        "one entry of a map, which every cluster has",
    ),
    (
        "kubernetes_cluster",
        "properties.identityProfile.kubeletidentity.clientId",
        "one entry of a map, which every cluster has",
    ),
    (
        "kubernetes_cluster",
        "properties.addonProfiles.azureKeyvaultSecretsProvider.identity.clientId",
        "one entry of a map: what the add-on signs in with",
    ),
    (
        "kubernetes_cluster",
        "properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId",
        "one entry of a map: what the add-on signs in with",
    ),
    (
        "kubernetes_cluster",
        "properties.addonProfiles{}.config.logAnalyticsWorkspaceResourceID",
        "one entry of the add-on's settings, which are a map",
    ),
    ("dns_zone", "location", "ARM has these types in `global` and nowhere else"),
    ("private_dns_zone", "location", "ARM has these types in `global` and nowhere else"),
    ("private_dns_zone_link", "location", "ARM has these types in `global` and nowhere else"),
];

/// `(azure.type, vendor path, reason)`: stands in a PUT example and cannot be written in our schema.
pub const UNWRITABLE: &[(&str, &str, &str)] = &[
    ("kubernetes_cluster", "properties.enablePodSecurityPolicy", "Azure has removed it"),
    ("load_balancer", "properties.frontendIPConfigurations.[].id", "ids of its own parts are made by the service"),
    ("load_balancer", "properties.inboundNatPools.[].id", "ids of its own parts are made by the service"),
    ("disk", "extendedLocation.type", "it follows from `edge_zone`: there is one kind"),
    ("private_endpoint", "extendedLocation.type", "it follows from `edge_zone`: there is one kind"),
    ("storage_account", "extendedLocation.type", "it follows from `edge_zone`: there is one kind"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.enableAutomaticUpdates", "machines run Linux"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode", "machines run Linux"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.patchSettings.patchMode", "machines run Linux"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.provisionVMAgent", "machines run Linux"),
];

/// `(azure.type, vendor path, reason)`: a body made from an example does not validate against the vendor's description.
pub const BODIES: &[(&str, &str, &str)] = &[];

/// `(azure.type, vendor path, reason)`: an answer has it, the schema knows it, and it is not read.
pub const UNREAD: &[(&str, &str, &str)] = &[];
