//! EKS Auto Mode: nodes, disks and load balancers that EKS manages by itself. The three go on and off together.

use super::schema::{KubernetesNetwork, Switch, Values};
use aws_sdk_eks::operation::update_cluster_config::builders::UpdateClusterConfigFluentBuilder;
use aws_sdk_eks::types as sdk;
use formwork_model::schema::{Attribute, AttributeType, Equality};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Compute {
    pub(super) enabled: Option<bool>,
    pub(super) node_pools: Option<Vec<String>>,
    pub(super) node_role_arn: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Storage {
    pub(super) block_storage: Option<Switch>,
}

const SWITCH: &[Attribute] = &[Attribute::boolean("enabled", "Whether it is on.").optional_computed()];

const COMPUTE: &[Attribute] = &[
    Attribute::boolean("enabled", "Whether it is on.").optional_computed(),
    Attribute::new(
        "node_pools",
        AttributeType::List(&AttributeType::OpenEnum(&["general-purpose", "system"])),
        "Pools of nodes that EKS brings along.",
    )
    .optional_computed()
    .equality(Equality::Unordered),
    Attribute::string("node_role_arn", "ARN of the role that these nodes take on; needed for `node_pools`.")
        .optional_computed(),
];

/// Nodes.
pub(super) const COMPUTE_CONFIG: Attribute = Attribute::object(
    "compute_config",
    COMPUTE,
    "EKS Auto Mode: EKS brings nodes as pods need them. On together with `storage_config.block_storage` and \
     `kubernetes_network_config.elastic_load_balancing`, or not at all.",
)
.optional_computed();

/// Disks.
pub(super) const STORAGE_CONFIG: Attribute = Attribute::object(
    "storage_config",
    &[Attribute::object("block_storage", SWITCH, "Disks.").optional_computed()],
    "EKS Auto Mode: EKS brings disks as pods need them.",
)
.optional_computed();

/// Load balancers.
pub(super) const ELASTIC_LOAD_BALANCING: Attribute =
    Attribute::object("elastic_load_balancing", SWITCH, "EKS Auto Mode: EKS brings load balancers.")
        .optional_computed();

/// What is said of nodes, for a request.
pub(super) fn compute(wanted: &Compute) -> sdk::ComputeConfigRequest {
    sdk::ComputeConfigRequest::builder()
        .set_enabled(wanted.enabled)
        .set_node_pools(wanted.node_pools.clone())
        .set_node_role_arn(wanted.node_role_arn.clone())
        .build()
}

/// What is said of disks, for a request.
pub(super) fn storage(wanted: &Storage) -> sdk::StorageConfigRequest {
    let blocks = wanted.block_storage.as_ref().and_then(|blocks| blocks.enabled);
    let blocks = blocks.map(|enabled| sdk::BlockStorage::builder().enabled(enabled).build());
    sdk::StorageConfigRequest::builder().set_block_storage(blocks).build()
}

/// What is said of load balancers, for a request.
pub(super) fn load_balancing(wanted: &KubernetesNetwork) -> Option<sdk::ElasticLoadBalancing> {
    let enabled = wanted.elastic_load_balancing.as_ref()?.enabled?;
    Some(sdk::ElasticLoadBalancing::builder().enabled(enabled).build())
}

/// The update that leads to what is wanted; none where all is there. EKS takes the three in one call only.
pub(super) fn change(
    call: impl FnOnce() -> UpdateClusterConfigFluentBuilder,
    present: &Values,
    wanted: &Values,
) -> Option<UpdateClusterConfigFluentBuilder> {
    let balancing = |values: &Values| values.kubernetes_network_config.as_ref().and_then(load_balancing);
    let differs = wanted.compute_config.is_some() && !same_compute(present, wanted)
        || wanted.storage_config.is_some() && wanted.storage_config != present.storage_config
        || balancing(wanted).is_some() && balancing(wanted) != balancing(present);
    differs.then(|| {
        let network = balancing(wanted)
            .map(|on| sdk::KubernetesNetworkConfigRequest::builder().elastic_load_balancing(on).build());
        call()
            .set_compute_config(wanted.compute_config.as_ref().map(compute))
            .set_storage_config(wanted.storage_config.as_ref().map(storage))
            .set_kubernetes_network_config(network)
    })
}

fn same_compute(present: &Values, wanted: &Values) -> bool {
    let pools = |values: &Values| {
        let mut pools = values.compute_config.as_ref().and_then(|compute| compute.node_pools.clone());
        pools.iter_mut().for_each(|pools| pools.sort());
        values.compute_config.as_ref().map(|compute| (compute.enabled, compute.node_role_arn.clone(), pools))
    };
    pools(present) == pools(wanted)
}

/// Nodes as EKS tells them.
pub(super) fn told_compute(told: sdk::ComputeConfigResponse) -> Compute {
    Compute { enabled: told.enabled, node_pools: told.node_pools, node_role_arn: told.node_role_arn }
}

/// Disks as EKS tells them.
pub(super) fn told_storage(told: sdk::StorageConfigResponse) -> Storage {
    Storage { block_storage: told.block_storage.map(|blocks| Switch { enabled: blocks.enabled }) }
}
