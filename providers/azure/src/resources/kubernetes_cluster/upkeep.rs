//! What AKS does with a cluster by itself: upgrades, and nodes that come and go.

use crate::schema::on;
use formwork_model::schema::{Attribute, AttributeType};

pub(super) const AUTO_UPGRADE: &[Attribute] = &[
    Attribute::new(
        "upgrade_channel",
        AttributeType::Enum(&["rapid", "stable", "patch", "node-image", "none"]),
        "Which new Kubernetes versions are taken.",
    )
    .optional_computed(),
    Attribute::new(
        "node_os_upgrade_channel",
        AttributeType::Enum(&["None", "Unmanaged", "NodeImage", "SecurityPatch"]),
        "Which new images of the nodes are taken.",
    )
    .vendor("nodeOSUpgradeChannel")
    .optional_computed(),
];

/// A setting of the cluster autoscaler: all are texts.
const fn scaler(name: &'static str, vendor: &'static str, docs: &'static str) -> Attribute {
    Attribute::string(name, docs).vendor(vendor).optional_computed()
}

pub(super) const AUTO_SCALER: &[Attribute] = &[
    scaler(
        "balance_similar_node_groups",
        "balance-similar-node-groups",
        "Whether like pools are kept alike (`\"true\"`).",
    ),
    on("daemonset_eviction_for_empty_nodes", "Whether daemons of empty nodes are evicted.")
        .vendor("daemonset-eviction-for-empty-nodes"),
    on("daemonset_eviction_for_occupied_nodes", "Whether daemons of other nodes are evicted.")
        .vendor("daemonset-eviction-for-occupied-nodes"),
    Attribute::new(
        "expander",
        AttributeType::Enum(&["least-waste", "most-pods", "priority", "random"]),
        "Which pool grows.",
    )
    .optional_computed(),
    on("ignore_daemonsets_utilization", "Whether daemons count as use.").vendor("ignore-daemonsets-utilization"),
    scaler("max_empty_bulk_delete", "max-empty-bulk-delete", "Empty nodes removed at once."),
    scaler(
        "max_graceful_termination_sec",
        "max-graceful-termination-sec",
        "How long a pod may take to end, in seconds.",
    ),
    scaler("max_node_provision_time", "max-node-provision-time", "How long a node may take to appear, such as `15m`."),
    scaler(
        "max_total_unready_percentage",
        "max-total-unready-percentage",
        "Share of unready nodes that stops scaling.",
    ),
    scaler("new_pod_scale_up_delay", "new-pod-scale-up-delay", "Age of a pod before nodes are added, such as `10s`."),
    scaler("ok_total_unready_count", "ok-total-unready-count", "Unready nodes that are allowed."),
    scaler("scale_down_delay_after_add", "scale-down-delay-after-add", "Pause after nodes were added."),
    scaler("scale_down_delay_after_delete", "scale-down-delay-after-delete", "Pause after nodes were removed."),
    scaler("scale_down_delay_after_failure", "scale-down-delay-after-failure", "Pause after a removal failed."),
    scaler("scale_down_unneeded_time", "scale-down-unneeded-time", "How long a node must be of no use."),
    scaler("scale_down_unready_time", "scale-down-unready-time", "How long an unready node must be of no use."),
    scaler("scale_down_utilization_threshold", "scale-down-utilization-threshold", "Use below which a node may go."),
    scaler("scan_interval", "scan-interval", "How often it looks, such as `10s`."),
    scaler("skip_nodes_with_local_storage", "skip-nodes-with-local-storage", "Whether such nodes stay."),
    scaler("skip_nodes_with_system_pods", "skip-nodes-with-system-pods", "Whether such nodes stay."),
];
