//! `kubernetes.resource_quota`, `limit_range`, `pod_disruption_budget`.

use super::{any, meta, objects, one_of};
use crate::kind::Kind;
use crate::quantity::QUANTITY;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, ResourceSchema};

const SCOPES: &[Attribute] = &[objects!(
    "match_expressions",
    &[
        one_of!(
            "scope_name",
            [
                "Terminating",
                "NotTerminating",
                "BestEffort",
                "NotBestEffort",
                "PriorityClass",
                "CrossNamespacePodAffinity",
                "VolumeAttributesClass"
            ],
            "What is looked at."
        )
        .required(),
        one_of!("operator", ["In", "NotIn", "Exists", "DoesNotExist"], "How values are compared.").required(),
        Attribute::strings("values", "The values, for `In` and `NotIn`."),
    ],
    "Requirements, all of which must hold."
)];

const RESOURCE_QUOTA_SCHEMA: ResourceSchema = object(
    "resource_quota",
    "How much a namespace may use.",
    object_attributes![namespaced;
        Attribute::string_map("hard", "Limits by resource: `{ \"requests.cpu\" = \"20\", pods = \"50\" }`.").limits(QUANTITY).required(),
        Attribute::strings("scopes", "It counts only pods of these kinds.").create_only(),
        Attribute::object("scope_selector", SCOPES, "It counts only pods that fit.").create_only(),
    ],
);

pub(crate) const RESOURCE_QUOTA: Kind = Kind::new(&RESOURCE_QUOTA_SCHEMA, "v1", "ResourceQuota", "spec");

const LIMIT: &[Attribute] = &[
    one_of!("type", ["Container", "Pod", "PersistentVolumeClaim"], "What it limits.").required(),
    Attribute::string_map("default", "Limits of what says none.").limits(QUANTITY),
    Attribute::string_map("default_request", "Requests of what says none.").limits(QUANTITY),
    Attribute::string_map("max", "At most so much.").limits(QUANTITY),
    Attribute::string_map("min", "At least so much.").limits(QUANTITY),
    Attribute::string_map("max_limit_request_ratio", "How many times its request a limit may be.").limits(QUANTITY),
];

const LIMIT_RANGE_SCHEMA: ResourceSchema = object(
    "limit_range",
    "Defaults and bounds for what containers, pods and claims ask for.",
    object_attributes![namespaced; objects!("limits", LIMIT, "The bounds.").required()],
);

pub(crate) const LIMIT_RANGE: Kind = Kind::new(&LIMIT_RANGE_SCHEMA, "v1", "LimitRange", "spec");

const BUDGET_SCHEMA: ResourceSchema = object(
    "pod_disruption_budget",
    "How many pods of an application may be evicted at a time.",
    object_attributes![namespaced;
        Attribute::object("selector", meta::LABEL_SELECTOR, "Its pods.").required(),
        any!("min_available", "So many must stay: a number, or a share such as `\"50%\"`."),
        any!("max_unavailable", "So many may be away: a number, or a share."),
        one_of!(
            "unhealthy_pod_eviction_policy",
            ["IfHealthyBudget", "AlwaysAllow"],
            "Whether pods that do not work may be evicted all the same."
        ),
    ],
)
.rules(&[formwork_model::schema::Rule::AtMostOneOf(&["min_available", "max_unavailable"])]);

pub(crate) const POD_DISRUPTION_BUDGET: Kind = Kind::new(&BUDGET_SCHEMA, "policy/v1", "PodDisruptionBudget", "spec");
