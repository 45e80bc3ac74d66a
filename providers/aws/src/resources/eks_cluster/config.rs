//! Between a cluster's attributes and the requests and answers of EKS.

use super::auto_mode;
use super::schema::{
    Access, ClusterLogging, Encryption, Key, KubernetesNetwork, LOG_TYPES, LogType, Logging, Network, Switch,
    UpgradePolicy, Values,
};
use crate::client::Session;
use crate::ec2::network;
use crate::eks::same_items;
use crate::tags::Tags;
use aws_sdk_eks::operation::create_cluster::builders::CreateClusterFluentBuilder;
use aws_sdk_eks::operation::update_cluster_config::builders::UpdateClusterConfigFluentBuilder;
use aws_sdk_eks::types as sdk;

/// The request that makes a cluster, but for name, token and tags.
pub(super) fn create(session: &Session, wanted: &Values) -> CreateClusterFluentBuilder {
    let network = &wanted.resources_vpc_config;
    let upgrade = wanted.upgrade_policy.as_ref().and_then(|policy| policy.support_type.as_deref());
    let shift = wanted.zonal_shift_config.as_ref().and_then(|shift| shift.enabled);
    session
        .eks()
        .create_cluster()
        .role_arn(&wanted.role_arn)
        .set_version(wanted.version.clone())
        .resources_vpc_config(
            sdk::VpcConfigRequest::builder()
                .set_subnet_ids(Some(network.subnet_ids.clone()))
                .set_security_group_ids(Some(network.security_group_ids.clone()).filter(|ids| !ids.is_empty()))
                .endpoint_public_access(network.endpoint_public_access)
                .endpoint_private_access(network.endpoint_private_access)
                .set_public_access_cidrs(network.public_access_cidrs.clone())
                .build(),
        )
        .set_logging(wanted.logging.as_ref().map(logging))
        .set_encryption_config(wanted.encryption_config.as_ref().map(|list| list.iter().map(encryption).collect()))
        .set_access_config(wanted.access_config.as_ref().map(|access| {
            sdk::CreateAccessConfigRequest::builder()
                .set_authentication_mode(access.authentication_mode.as_deref().map(sdk::AuthenticationMode::from))
                .set_bootstrap_cluster_creator_admin_permissions(access.bootstrap_cluster_creator_admin_permissions)
                .build()
        }))
        .set_kubernetes_network_config(wanted.kubernetes_network_config.as_ref().map(|network| {
            sdk::KubernetesNetworkConfigRequest::builder()
                .set_service_ipv4_cidr(network.service_ipv4_cidr.clone())
                .set_ip_family(network.ip_family.as_deref().map(sdk::IpFamily::from))
                .set_elastic_load_balancing(auto_mode::load_balancing(network))
                .build()
        }))
        .set_compute_config(wanted.compute_config.as_ref().map(auto_mode::compute))
        .set_storage_config(wanted.storage_config.as_ref().map(auto_mode::storage))
        .set_upgrade_policy(upgrade.map(upgrade_policy))
        .set_zonal_shift_config(shift.map(zonal_shift))
        .set_bootstrap_self_managed_addons(wanted.bootstrap_self_managed_addons)
        .set_deletion_protection(wanted.deletion_protection)
}

/// The updates that lead from what there is to what is wanted, each with a word for what it changes. EKS takes one of
/// them in a call.
pub(super) fn changes(
    session: &Session,
    present: &Values,
    wanted: &Values,
) -> Vec<(&'static str, UpdateClusterConfigFluentBuilder)> {
    let call = || session.eks().update_cluster_config();
    let mut changes = Vec::new();
    if !same_items(&log_types(present), &log_types(wanted)) {
        let wanted = wanted.logging.clone().unwrap_or_default();
        changes.push(("logging", call().logging(logging(&wanted))));
    }
    if let Some(request) = endpoint_change(&present.resources_vpc_config, &wanted.resources_vpc_config) {
        changes.push(("endpoint", call().resources_vpc_config(request)));
    }
    if let Some(request) = subnet_change(&present.resources_vpc_config, &wanted.resources_vpc_config) {
        changes.push(("subnets", call().resources_vpc_config(request)));
    }
    if let Some(call) = auto_mode::change(call, present, wanted) {
        changes.push(("auto-mode", call));
    }
    let mode = |values: &Values| values.access_config.as_ref().and_then(|access| access.authentication_mode.clone());
    if let Some(mode) = differs(mode(present), mode(wanted)) {
        let mode = sdk::AuthenticationMode::from(mode.as_str());
        let request = sdk::UpdateAccessConfigRequest::builder().authentication_mode(mode).build();
        changes.push(("access", call().access_config(request)));
    }
    let support = |values: &Values| values.upgrade_policy.as_ref().and_then(|policy| policy.support_type.clone());
    if let Some(support) = differs(support(present), support(wanted)) {
        changes.push(("upgrade-policy", call().upgrade_policy(upgrade_policy(&support))));
    }
    let shift = |values: &Values| values.zonal_shift_config.as_ref().and_then(|shift| shift.enabled);
    if let Some(enabled) = differs(shift(present), shift(wanted)) {
        changes.push(("zonal-shift", call().zonal_shift_config(zonal_shift(enabled))));
    }
    if let Some(protected) = differs(present.deletion_protection, wanted.deletion_protection) {
        changes.push(("deletion-protection", call().deletion_protection(protected)));
    }
    changes
}

/// What is wanted, where it is said and something else is told.
fn differs<T: PartialEq>(present: Option<T>, wanted: Option<T>) -> Option<T> {
    wanted.filter(|wanted| present.is_some_and(|present| present != *wanted))
}

fn endpoint_change(present: &Network, wanted: &Network) -> Option<sdk::VpcConfigRequest> {
    let ranges = |network: &Network| network.public_access_cidrs.clone().unwrap_or_default();
    let moved = wanted.public_access_cidrs.is_some() && !same_ranges(&ranges(present), &ranges(wanted));
    let switched = present.endpoint_public_access != wanted.endpoint_public_access
        || present.endpoint_private_access != wanted.endpoint_private_access;
    (moved || switched).then(|| {
        sdk::VpcConfigRequest::builder()
            .endpoint_public_access(wanted.endpoint_public_access)
            .endpoint_private_access(wanted.endpoint_private_access)
            // Ranges say nothing while the public endpoint is off, and EKS refuses them then.
            .set_public_access_cidrs(wanted.public_access_cidrs.clone().filter(|_| wanted.endpoint_public_access))
            .build()
    })
}

fn same_ranges(one: &[String], other: &[String]) -> bool {
    let normal = |ranges: &[String]| ranges.iter().map(|range| network(range)).collect::<Vec<_>>();
    same_items(&normal(one), &normal(other))
}

fn subnet_change(present: &Network, wanted: &Network) -> Option<sdk::VpcConfigRequest> {
    let same = same_items(&present.subnet_ids, &wanted.subnet_ids)
        && same_items(&present.security_group_ids, &wanted.security_group_ids);
    (!same).then(|| {
        sdk::VpcConfigRequest::builder()
            .set_subnet_ids(Some(wanted.subnet_ids.clone()))
            .set_security_group_ids(Some(wanted.security_group_ids.clone()))
            .build()
    })
}

fn log_types(values: &Values) -> Vec<String> {
    let types = values.logging.as_ref().map(|logging| logging.cluster_logging.enabled_types.as_slice());
    types.unwrap_or_default().iter().map(|one| one.kind.clone()).collect()
}

/// All kinds are told: those that are on, and those that are off.
fn logging(wanted: &Logging) -> sdk::Logging {
    let is_on = |kind: &&str| wanted.cluster_logging.enabled_types.iter().any(|one| one.kind == *kind);
    let (on, off): (Vec<&str>, Vec<&str>) = LOG_TYPES.iter().copied().partition(is_on);
    let setup = |kinds: Vec<&str>, enabled: bool| {
        let types = kinds.into_iter().map(sdk::LogType::from).collect();
        sdk::LogSetup::builder().set_types(Some(types)).enabled(enabled).build()
    };
    let setups = [(on, true), (off, false)].into_iter().filter(|(kinds, _)| !kinds.is_empty());
    sdk::Logging::builder().set_cluster_logging(Some(setups.map(|(kinds, on)| setup(kinds, on)).collect())).build()
}

/// What is encrypted counts for clusters up to 1.27 only, and is told for all.
#[expect(deprecated, reason = "older clusters still need it")]
fn encryption(wanted: &Encryption) -> sdk::EncryptionConfig {
    sdk::EncryptionConfig::builder()
        .provider(sdk::Provider::builder().key_arn(&wanted.provider.key_arn).build())
        .set_resources(Some(wanted.resources.clone()).filter(|resources| !resources.is_empty()))
        .build()
}

fn upgrade_policy(support: &str) -> sdk::UpgradePolicyRequest {
    sdk::UpgradePolicyRequest::builder().support_type(sdk::SupportType::from(support)).build()
}

fn zonal_shift(enabled: bool) -> sdk::ZonalShiftConfigRequest {
    sdk::ZonalShiftConfigRequest::builder().enabled(enabled).build()
}

/// The attributes as EKS tells them.
pub(super) fn from_sdk(cluster: sdk::Cluster) -> Values {
    let told = cluster.resources_vpc_config;
    let group = told.as_ref().and_then(|network| network.cluster_security_group_id.clone());
    let vpc_id = told.as_ref().and_then(|network| network.vpc_id.clone());
    let encryption = cluster.encryption_config.map(|list| list.into_iter().map(told_encryption).collect());
    Values {
        name: cluster.name.unwrap_or_default(),
        role_arn: cluster.role_arn.unwrap_or_default(),
        version: cluster.version,
        resources_vpc_config: told.map(told_network).unwrap_or_default(),
        logging: cluster.logging.map(|logging| told_logging(&logging)),
        encryption_config: encryption.filter(|list: &Vec<_>| !list.is_empty()),
        access_config: cluster.access_config.map(|access| Access {
            authentication_mode: access.authentication_mode.map(|mode| mode.as_str().to_owned()),
            bootstrap_cluster_creator_admin_permissions: access.bootstrap_cluster_creator_admin_permissions,
        }),
        kubernetes_network_config: cluster.kubernetes_network_config.map(|network| KubernetesNetwork {
            service_ipv4_cidr: network.service_ipv4_cidr,
            ip_family: network.ip_family.map(|family| family.as_str().to_owned()),
            service_ipv6_cidr: network.service_ipv6_cidr,
            elastic_load_balancing: network.elastic_load_balancing.map(|on| Switch { enabled: on.enabled }),
        }),
        compute_config: cluster.compute_config.map(auto_mode::told_compute),
        storage_config: cluster.storage_config.map(auto_mode::told_storage),
        upgrade_policy: cluster
            .upgrade_policy
            .map(|policy| UpgradePolicy { support_type: policy.support_type.map(|kind| kind.as_str().to_owned()) }),
        zonal_shift_config: cluster.zonal_shift_config.map(|shift| Switch { enabled: shift.enabled }),
        bootstrap_self_managed_addons: None,
        deletion_protection: cluster.deletion_protection,
        tags: Tags::new(),
        arn: cluster.arn.unwrap_or_default(),
        status: cluster.status.map_or_else(String::new, |status| status.as_str().to_owned()),
        endpoint: cluster.endpoint,
        certificate_authority_data: cluster.certificate_authority.and_then(|certificate| certificate.data),
        open_id_connect_issuer_url: cluster.identity.and_then(|identity| identity.oidc).and_then(|oidc| oidc.issuer),
        cluster_security_group_id: group,
        vpc_id,
        platform_version: cluster.platform_version,
        tags_all: cluster.tags.unwrap_or_default().into_iter().collect(),
    }
}

fn told_network(network: sdk::VpcConfigResponse) -> Network {
    Network {
        subnet_ids: network.subnet_ids.unwrap_or_default(),
        security_group_ids: network.security_group_ids.unwrap_or_default(),
        endpoint_public_access: network.endpoint_public_access,
        endpoint_private_access: network.endpoint_private_access,
        public_access_cidrs: network.public_access_cidrs,
    }
}

fn told_logging(logging: &sdk::Logging) -> Logging {
    let setups = logging.cluster_logging.as_deref().unwrap_or_default();
    let on = setups.iter().filter(|setup| setup.enabled == Some(true));
    let types = on.flat_map(|setup| setup.types.as_deref().unwrap_or_default());
    let enabled_types = types.map(|kind| LogType { kind: kind.as_str().to_owned() }).collect();
    Logging { cluster_logging: ClusterLogging { enabled_types } }
}

#[expect(deprecated, reason = "older clusters still tell it")]
fn told_encryption(told: sdk::EncryptionConfig) -> Encryption {
    Encryption {
        provider: Key { key_arn: told.provider.and_then(|provider| provider.key_arn).unwrap_or_default() },
        resources: told.resources.unwrap_or_default(),
    }
}

/// What EKS does not tell again, or tells in another spelling.
pub(super) fn keep(known: &Values, read: &mut Values) {
    read.bootstrap_self_managed_addons = known.bootstrap_self_managed_addons;
    read.deletion_protection = read.deletion_protection.or(known.deletion_protection);
    // No log at all and no block of logs are the same.
    if known.logging.is_none() && log_types(read).is_empty() {
        read.logging = None;
    }
    // Older platforms (and emulators) know nothing of these.
    read.access_config = read.access_config.take().or_else(|| known.access_config.clone());
    read.upgrade_policy = read.upgrade_policy.take().or_else(|| known.upgrade_policy.clone());
    read.compute_config = read.compute_config.take().or_else(|| known.compute_config.clone());
    read.storage_config = read.storage_config.take().or_else(|| known.storage_config.clone());
    if let (Some(known), Some(read)) = (&known.kubernetes_network_config, &mut read.kubernetes_network_config) {
        let told = &mut read.elastic_load_balancing;
        *told = told.take().or_else(|| known.elastic_load_balancing.clone());
    }
    read.zonal_shift_config = read.zonal_shift_config.take().or_else(|| known.zonal_shift_config.clone());
    if let (Some(known), Some(read)) = (&known.access_config, &mut read.access_config) {
        let told = &mut read.bootstrap_cluster_creator_admin_permissions;
        *told = told.or(known.bootstrap_cluster_creator_admin_permissions);
    }
    let ranges = (&known.resources_vpc_config.public_access_cidrs, &mut read.resources_vpc_config.public_access_cidrs);
    if let (Some(known), Some(told)) = ranges
        && same_ranges(known, told)
    {
        told.clone_from(known);
    }
}
