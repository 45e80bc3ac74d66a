//! `kubernetes.deployment`.

use super::{any, meta, one_of, pod};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, ResourceSchema};

const TEMPLATE: &[Attribute] = &[
    Attribute::object(
        "metadata",
        &[
            Attribute::string_map("labels", "Labels; the selector's are among them."),
            Attribute::string_map("annotations", "Annotations."),
        ],
        "Labels and annotations of the pods.",
    ),
    Attribute::object("spec", pod::SPEC, "The pods.").required(),
];

const SCHEMA: ResourceSchema = object(
    "deployment",
    "Pods that are kept running and replaced a few at a time. `wait = { rollout = true }` waits until they run.",
    object_attributes![namespaced;
        Attribute::int("replicas", "How many pods; leave it unset where an autoscaler decides."),
        Attribute::object("selector", meta::LABEL_SELECTOR, "Which pods are its own.").required().create_only(),
        Attribute::object("template", TEMPLATE, "How its pods are made.").required(),
        Attribute::object(
            "strategy",
            &[
                one_of!("type", ["RollingUpdate", "Recreate"], "A few at a time, or all at once."),
                Attribute::object(
                    "rolling_update",
                    &[
                        any!("max_surge", "So many more than wanted meanwhile: a number or a share."),
                        any!("max_unavailable", "So many less than wanted meanwhile: a number or a share."),
                    ],
                    "How a few at a time.",
                ),
            ],
            "How pods are replaced.",
        ),
        Attribute::int("min_ready_seconds", "How long a pod must be ready to count as available."),
        Attribute::int("progress_deadline_seconds", "After so long without progress a rollout has failed."),
        Attribute::int("revision_history_limit", "How many old versions are kept."),
        Attribute::boolean("paused", "Whether changes wait."),
    ],
)
.usually_takes_s(30);

pub(crate) const DEPLOYMENT: Kind = Kind::new(&SCHEMA, "apps/v1", "Deployment", "spec");
