//! The attributes of a node group, and their structures.

use crate::schema::{TAGS, TAGS_ALL};
use crate::tags::Tags;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Equality, Limit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    pub(super) cluster_name: String,
    pub(super) nodegroup_name: String,
    pub(super) node_role: String,
    pub(super) subnets: Vec<String>,
    pub(super) scaling_config: Option<Scaling>,
    pub(super) instance_types: Option<Vec<String>>,
    pub(super) ami_type: Option<String>,
    pub(super) capacity_type: String,
    pub(super) disk_size: Option<i32>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) taints: Vec<Taint>,
    pub(super) update_config: Option<Updates>,
    pub(super) node_repair_config: Option<Repair>,
    pub(super) launch_template: Option<Template>,
    pub(super) remote_access: Option<Access>,
    pub(super) version: Option<String>,
    pub(super) release_version: Option<String>,
    pub(super) force_update_enabled: bool,
    pub(super) tags: Tags,
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) status: String,
    pub(super) tags_all: Tags,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Scaling {
    pub(super) min_size: Option<i32>,
    pub(super) max_size: Option<i32>,
    pub(super) desired_size: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Taint {
    pub(super) key: String,
    pub(super) value: Option<String>,
    pub(super) effect: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Updates {
    pub(super) max_unavailable: Option<i32>,
    pub(super) max_unavailable_percentage: Option<i32>,
    pub(super) update_strategy: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Repair {
    pub(super) enabled: Option<bool>,
    pub(super) max_unhealthy_node_threshold_count: Option<i32>,
    pub(super) max_unhealthy_node_threshold_percentage: Option<i32>,
    pub(super) max_parallel_nodes_repaired_count: Option<i32>,
    pub(super) max_parallel_nodes_repaired_percentage: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Template {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Access {
    pub(super) ec2_ssh_key: String,
    pub(super) source_security_groups: Vec<String>,
}

const SIZE: &[Limit] = &[Limit::Range(0, 1_000_000)];

const SCALING: &[Attribute] = &[
    Attribute::int("min_size", "Fewest nodes.").optional_computed().limits(SIZE),
    Attribute::int("max_size", "Most nodes.").optional_computed().limits(&[Limit::Range(1, 1_000_000)]),
    Attribute::int(
        "desired_size",
        "Nodes at present. Unset, it is the autoscaler's: it begins with `min_size`, and its changes are no drift.",
    )
    .optional_computed()
    .limits(SIZE),
];

const TAINT: &[Attribute] = &[
    Attribute::string("key", "Key.").required().limits(&[Limit::Length(1, 63)]),
    Attribute::string("value", "Value.").equality(Equality::EmptyIsAbsent).limits(&[Limit::Length(0, 63)]),
    Attribute::new(
        "effect",
        AttributeType::Enum(&["NO_EXECUTE", "NO_SCHEDULE", "PREFER_NO_SCHEDULE"]),
        "What happens to pods that do not tolerate it.",
    )
    .required(),
];

const UPDATES: &[Attribute] = &[
    Attribute::int("max_unavailable", "How many nodes are replaced at a time.").limits(&[Limit::Range(1, 100)]),
    Attribute::int("max_unavailable_percentage", "The same as a share of all nodes, in percent.")
        .limits(&[Limit::Range(1, 100)]),
    Attribute::new(
        "update_strategy",
        AttributeType::Enum(&["DEFAULT", "MINIMAL"]),
        "Whether new nodes come before old ones go (`DEFAULT`), or after (`MINIMAL`).",
    )
    .optional_computed(),
];

const REPAIR: &[Attribute] = &[
    Attribute::boolean("enabled", "Whether EKS restarts or replaces them by itself.").optional_computed(),
    Attribute::int("max_unhealthy_node_threshold_count", "With more unhealthy nodes than this, nothing is repaired.")
        .limits(&[Limit::Range(1, 1_000_000)]),
    Attribute::int("max_unhealthy_node_threshold_percentage", "The same as a share of all nodes, in percent.")
        .limits(&[Limit::Range(1, 100)]),
    Attribute::int("max_parallel_nodes_repaired_count", "How many nodes are repaired at a time.")
        .limits(&[Limit::Range(1, 1_000_000)]),
    Attribute::int("max_parallel_nodes_repaired_percentage", "The same as a share of the unhealthy nodes, in percent.")
        .limits(&[Limit::Range(1, 100)]),
];

const TEMPLATE: &[Attribute] = &[
    Attribute::string("id", "The template's id; or give `name`.").optional_computed().create_only(),
    Attribute::string("name", "The template's name; or give `id`.").optional_computed().create_only(),
    Attribute::string("version", "The template's version; else its default version.").optional_computed(),
];

const ACCESS: &[Attribute] = &[
    Attribute::string("ec2_ssh_key", "Name of the key pair.").required(),
    Attribute::new(
        "source_security_groups",
        AttributeType::List(&AttributeType::Reference(&["aws.security_group"])),
        "From where; else from everywhere.",
    )
    .default(Preset::Empty)
    .equality(Equality::Unordered),
];

/// The attributes of the type.
pub(super) const ATTRIBUTES: &[Attribute] = &[
    Attribute::reference("cluster_name", &["aws.eks_cluster"], "The cluster.").required().create_only(),
    Attribute::string("nodegroup_name", "Name, unique in the cluster; else made from the operation's id.")
        .optional_computed()
        .create_only()
        .limits(&[Limit::Length(1, 63), Limit::Pattern("^[0-9A-Za-z][0-9A-Za-z_-]*$", "letters, digits, `-` and `_`")]),
    Attribute::string("node_role", "ARN of the role that the nodes take on.").required().create_only(),
    Attribute::new(
        "subnets",
        AttributeType::List(&AttributeType::Reference(&["aws.subnet"])),
        "Subnets that the nodes lie in.",
    )
    .required()
    .create_only()
    .equality(Equality::Unordered),
    Attribute::object("scaling_config", SCALING, "How many nodes there are.").optional_computed(),
    Attribute::strings("instance_types", "Instance types, the preferred one first.").optional_computed().create_only(),
    Attribute::new(
        "ami_type",
        AttributeType::OpenEnum(&[
            "AL2023_x86_64_STANDARD",
            "AL2023_ARM_64_STANDARD",
            "AL2023_x86_64_NVIDIA",
            "AL2023_ARM_64_NVIDIA",
            "AL2023_x86_64_NEURON",
            "AL2_x86_64",
            "AL2_x86_64_GPU",
            "AL2_ARM_64",
            "BOTTLEROCKET_x86_64",
            "BOTTLEROCKET_ARM_64",
            "BOTTLEROCKET_x86_64_NVIDIA",
            "BOTTLEROCKET_ARM_64_NVIDIA",
            "WINDOWS_CORE_2022_x86_64",
            "WINDOWS_FULL_2022_x86_64",
            "CUSTOM",
        ]),
        "Kind of the image; else EKS chooses by the instance types.",
    )
    .optional_computed()
    .create_only(),
    Attribute::new(
        "capacity_type",
        AttributeType::Enum(&["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]),
        "Spot instances are cheaper and may go at any time.",
    )
    .default_string("ON_DEMAND")
    .create_only(),
    Attribute::int("disk_size", "Size of each disk in GiB; not with a launch template.")
        .optional_computed()
        .create_only()
        .limits(&[Limit::Range(1, 16_384)]),
    Attribute::string_map("labels", "Kubernetes labels of the nodes.").default(Preset::Empty),
    Attribute::new("taints", AttributeType::List(&AttributeType::Object(TAINT)), "Kubernetes taints of the nodes.")
        .keyed_by(&["key", "effect"])
        .default(Preset::Empty)
        .limits(&[Limit::Length(0, 50)]),
    Attribute::object("update_config", UPDATES, "How nodes are replaced when their version changes.")
        .optional_computed(),
    Attribute::object("node_repair_config", REPAIR, "What happens to nodes that do not work any more.")
        .optional_computed(),
    Attribute::object("launch_template", TEMPLATE, "What machines are started with, besides what is said here."),
    Attribute::object("remote_access", ACCESS, "Who may log in to the machines; not with a launch template.")
        .optional_computed()
        .create_only(),
    Attribute::string("version", "Kubernetes version; else the cluster's at the creation.").optional_computed(),
    Attribute::string("release_version", "Version of the image, such as `1.33.3-20250920`.").optional_computed(),
    Attribute::boolean("force_update_enabled", "Whether nodes are replaced although pods cannot be moved.")
        .default_bool(false),
    TAGS,
    Attribute::string("id", "The cluster's name and the group's, with a slash.").computed(),
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("status", "`ACTIVE`, or why it is not: `UPDATING`, `DEGRADED`, …; `CREATING` at first.")
        .computed(),
    TAGS_ALL,
];
