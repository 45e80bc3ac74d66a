//! The attributes of a cluster, and their structures.

use super::auto_mode::{self, Compute, Storage};
use crate::schema::{TAGS, TAGS_ALL};
use crate::tags::Tags;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Equality, Limit};
use serde::{Deserialize, Serialize};

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    pub(super) name: String,
    pub(super) role_arn: String,
    pub(super) version: Option<String>,
    pub(super) resources_vpc_config: Network,
    pub(super) logging: Option<Logging>,
    pub(super) encryption_config: Option<Vec<Encryption>>,
    pub(super) access_config: Option<Access>,
    pub(super) kubernetes_network_config: Option<KubernetesNetwork>,
    pub(super) compute_config: Option<Compute>,
    pub(super) storage_config: Option<Storage>,
    pub(super) upgrade_policy: Option<UpgradePolicy>,
    pub(super) zonal_shift_config: Option<Switch>,
    pub(super) bootstrap_self_managed_addons: Option<bool>,
    pub(super) deletion_protection: Option<bool>,
    pub(super) tags: Tags,
    pub(super) arn: String,
    pub(super) status: String,
    pub(super) endpoint: Option<String>,
    pub(super) certificate_authority_data: Option<String>,
    pub(super) open_id_connect_issuer_url: Option<String>,
    pub(super) cluster_security_group_id: Option<String>,
    pub(super) vpc_id: Option<String>,
    pub(super) platform_version: Option<String>,
    pub(super) tags_all: Tags,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Network {
    pub(super) subnet_ids: Vec<String>,
    pub(super) security_group_ids: Vec<String>,
    pub(super) endpoint_public_access: bool,
    pub(super) endpoint_private_access: bool,
    pub(super) public_access_cidrs: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Logging {
    pub(super) cluster_logging: ClusterLogging,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ClusterLogging {
    pub(super) enabled_types: Vec<LogType>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LogType {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Encryption {
    pub(super) provider: Key,
    pub(super) resources: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Key {
    pub(super) key_arn: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Access {
    pub(super) authentication_mode: Option<String>,
    pub(super) bootstrap_cluster_creator_admin_permissions: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KubernetesNetwork {
    pub(super) service_ipv4_cidr: Option<String>,
    pub(super) ip_family: Option<String>,
    pub(super) service_ipv6_cidr: Option<String>,
    pub(super) elastic_load_balancing: Option<Switch>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct UpgradePolicy {
    pub(super) support_type: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Switch {
    pub(super) enabled: Option<bool>,
}

/// All kinds of logs of a control plane.
pub(super) const LOG_TYPES: &[&str] = &["api", "audit", "authenticator", "controllerManager", "scheduler"];

const NETWORK: &[Attribute] = &[
    Attribute::new(
        "subnet_ids",
        AttributeType::List(&AttributeType::Reference(&["aws.subnet"])),
        "Subnets of the control plane's network interfaces, in two availability zones at least.",
    )
    .required()
    .equality(Equality::Unordered),
    Attribute::new(
        "security_group_ids",
        AttributeType::List(&AttributeType::Reference(&["aws.security_group"])),
        "Security groups of these interfaces, besides the one that EKS makes.",
    )
    .default(Preset::Empty)
    .equality(Equality::Unordered)
    .limits(&[Limit::Length(0, 4)]),
    Attribute::boolean("endpoint_public_access", "Whether the API can be reached from the internet.")
        .default_bool(true),
    Attribute::boolean("endpoint_private_access", "Whether nodes reach the API within the VPC.").default_bool(false),
    Attribute::new(
        "public_access_cidrs",
        AttributeType::List(&AttributeType::Cidr),
        "From where the API can be reached over the internet; else from everywhere.",
    )
    .optional_computed()
    .equality(Equality::Unordered),
];

const LOGGING: &[Attribute] = &[Attribute::object(
    "cluster_logging",
    &[Attribute::new(
        "enabled_types",
        AttributeType::List(&AttributeType::Object(&[Attribute::new(
            "type",
            AttributeType::Enum(LOG_TYPES),
            "Which part writes it.",
        )
        .required()])),
        "Kinds of logs; all others are off.",
    )
    .keyed_by(&["type"])
    .required()],
    "Logs of the control plane.",
)
.required()];

const ENCRYPTION: &[Attribute] = &[
    Attribute::object(
        "provider",
        &[Attribute::string("key_arn", "ARN of the KMS key.").required()],
        "Whose key it is.",
    )
    .required(),
    Attribute::strings("resources", "What is encrypted, `[\"secrets\"]`; from Kubernetes 1.28 on it is everything.")
        .optional_computed(),
];

const ACCESS: &[Attribute] = &[
    Attribute::new(
        "authentication_mode",
        AttributeType::Enum(&["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]),
        "Where EKS looks up who may do what; it cannot be taken back towards `CONFIG_MAP`.",
    )
    .optional_computed(),
    Attribute::boolean(
        "bootstrap_cluster_creator_admin_permissions",
        "Whether who makes the cluster is its administrator.",
    )
    .optional_computed()
    .create_only(),
];

const KUBERNETES_NETWORK: &[Attribute] = &[
    Attribute::new("service_ipv4_cidr", AttributeType::Cidr, "Range of the services' addresses; else AWS chooses.")
        .optional_computed()
        .create_only()
        .equality(Equality::Network),
    Attribute::new("ip_family", AttributeType::Enum(&["ipv4", "ipv6"]), "Which addresses pods and services have.")
        .optional_computed()
        .create_only(),
    Attribute::new("service_ipv6_cidr", AttributeType::Cidr, "Range of the services' IPv6 addresses.").computed(),
    auto_mode::ELASTIC_LOAD_BALANCING,
];

/// The attributes of the type.
pub(super) const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("name", "Name, unique in the region; else made from the operation's id.")
        .optional_computed()
        .create_only()
        .limits(&[
            Limit::Length(1, 100),
            Limit::Pattern("^[0-9A-Za-z][0-9A-Za-z_-]*$", "letters, digits, `-` and `_`"),
        ]),
    Attribute::string("role_arn", "ARN of the role that the control plane takes on.").required().create_only(),
    Attribute::string("version", "Kubernetes version, such as `\"1.33\"`; it goes up by one minor version at a time.")
        .optional_computed()
        .limits(&[Limit::Pattern("^1\\.\\d\\d$", "such as `1.33`")]),
    Attribute::object("resources_vpc_config", NETWORK, "How the control plane is connected.").required(),
    Attribute::object("logging", LOGGING, "Logs that go to CloudWatch; unset: none."),
    Attribute::new(
        "encryption_config",
        AttributeType::List(&AttributeType::Object(ENCRYPTION)),
        "A key of your own for the cluster's secrets.",
    )
    .optional_computed()
    .create_only()
    .limits(&[Limit::Length(0, 1)]),
    Attribute::object("access_config", ACCESS, "Who has access to the cluster.").optional_computed(),
    Attribute::object("kubernetes_network_config", KUBERNETES_NETWORK, "Addresses within the cluster.")
        .optional_computed(),
    auto_mode::COMPUTE_CONFIG,
    auto_mode::STORAGE_CONFIG,
    Attribute::object(
        "upgrade_policy",
        &[Attribute::new(
            "support_type",
            AttributeType::Enum(&["STANDARD", "EXTENDED"]),
            "`STANDARD` upgrades at the end of the standard support, `EXTENDED` pays for more time.",
        )
        .optional_computed()],
        "What happens when the version's support ends.",
    )
    .optional_computed(),
    Attribute::object(
        "zonal_shift_config",
        &[Attribute::boolean("enabled", "Whether it is on.").optional_computed()],
        "Whether AWS may shift traffic away from an impaired zone.",
    )
    .optional_computed(),
    Attribute::boolean(
        "bootstrap_self_managed_addons",
        "Whether the network plugin, `kube-proxy` and CoreDNS are installed; else they are.",
    )
    .create_only(),
    Attribute::boolean("deletion_protection", "Whether AWS refuses to delete it.").optional_computed(),
    TAGS,
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("status", "`ACTIVE`, or why it is not: `UPDATING`, `FAILED`, …; `CREATING` at first.").computed(),
    Attribute::string("endpoint", "Address of the Kubernetes API.").computed(),
    Attribute::string("certificate_authority_data", "Certificate of the API's authority, PEM in Base64.").computed(),
    Attribute::string("open_id_connect_issuer_url", "Issuer of the service accounts' tokens.").computed(),
    Attribute::string("cluster_security_group_id", "The security group that EKS made.").computed(),
    Attribute::string("vpc_id", "The VPC of its subnets.").computed(),
    Attribute::string("platform_version", "Version of the platform, such as `eks.4`.").computed(),
    TAGS_ALL,
];
