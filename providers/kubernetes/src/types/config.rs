//! `kubernetes.config_map`, `kubernetes.secret`.

use super::one_of;
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};

const IMMUTABLE: Attribute =
    Attribute::boolean("immutable", "It can never be changed any more, only replaced.").vendor("immutable");

const CONFIG_MAP_SCHEMA: ResourceSchema = object(
    "config_map",
    "Configuration texts for pods.",
    object_attributes![namespaced;
        Attribute::string_map("data", "Texts by key."),
        Attribute::string_map("binary_data", "Bytes by key, in base64."),
        IMMUTABLE,
    ],
);

pub(crate) const CONFIG_MAP: Kind = Kind::new(&CONFIG_MAP_SCHEMA, "v1", "ConfigMap", "");

const SECRET_SCHEMA: ResourceSchema = object(
    "secret",
    "Credentials for pods. All of `data` and `string_data` is secret: sealed in the state, masked in plans.",
    object_attributes![namespaced;
        Attribute::new("type", AttributeType::OpenEnum(SECRET_TYPES), "What it is for; decides which keys it must have.")
            .vendor("type")
            .create_only()
            .default_string("Opaque"),
        Attribute::string_map("string_data", "Texts by key; encoded for you.").secret(),
        Attribute::string_map("data", "Bytes by key, in base64.").secret(),
        IMMUTABLE,
    ],
);

const SECRET_TYPES: &[&str] = &[
    "Opaque",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/basic-auth",
    "kubernetes.io/ssh-auth",
    "kubernetes.io/tls",
    "bootstrap.kubernetes.io/token",
];

pub(crate) const SECRET: Kind = Kind::new(&SECRET_SCHEMA, "v1", "Secret", "");

const SERVICE_ACCOUNT_SCHEMA: ResourceSchema = object(
    "service_account",
    "An identity for pods. Cloud identities are bound to it by annotations.",
    object_attributes![namespaced;
        Attribute::boolean("automount_service_account_token", "Whether pods get its token without asking."),
        super::objects!("image_pull_secrets", super::meta::LOCAL_REFERENCE, "Secrets that its pods pull images with."),
    ],
);

pub(crate) const SERVICE_ACCOUNT: Kind = Kind::new(&SERVICE_ACCOUNT_SCHEMA, "v1", "ServiceAccount", "");

const PRIORITY_CLASS_SCHEMA: ResourceSchema = object(
    "priority_class",
    "How important pods are, compared with others.",
    object_attributes![cluster;
        Attribute::int("value", "The priority; higher goes first.").required().create_only(),
        Attribute::boolean("global_default", "Whether pods without a class have it."),
        one_of!("preemption_policy", ["PreemptLowerPriority", "Never"], "Whether pods of it drive out others.").create_only(),
        Attribute::string("description", "When to use it."),
    ],
);

pub(crate) const PRIORITY_CLASS: Kind = Kind::new(&PRIORITY_CLASS_SCHEMA, "scheduling.k8s.io/v1", "PriorityClass", "");
