//! `kubernetes.horizontal_pod_autoscaler`.

use super::{meta, objects, one_of};
use crate::kind::Kind;
use crate::quantity::QUANTITY;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, ResourceSchema};

const TARGET: &[Attribute] = &[
    one_of!("type", ["Utilization", "Value", "AverageValue"], "How the target is given.").required(),
    Attribute::int("average_utilization", "Percent of what pods request."),
    Attribute::string("average_value", "So much a pod, as a quantity.").limits(QUANTITY),
    Attribute::string("value", "So much in all, as a quantity.").limits(QUANTITY),
];

const METRIC_NAME: &[Attribute] = &[
    Attribute::string("name", "Its name.").required(),
    Attribute::object("selector", meta::LABEL_SELECTOR, "Labels of the metric."),
];

const REFERENCE: &[Attribute] = &[
    Attribute::string("api_version", "Its group and version, such as `apps/v1`."),
    Attribute::string("kind", "Its kind.").required(),
    Attribute::string("name", "Its name.").required(),
];

const METRIC: &[Attribute] = &[
    one_of!("type", ["Resource", "ContainerResource", "Pods", "Object", "External"], "Which of the others is set.")
        .required(),
    Attribute::object(
        "resource",
        &[
            Attribute::string("name", "`cpu` or `memory`.").required(),
            Attribute::object("target", TARGET, "What it should be.").required(),
        ],
        "What the pods use.",
    ),
    Attribute::object(
        "container_resource",
        &[
            Attribute::string("container", "The container.").required(),
            Attribute::string("name", "`cpu` or `memory`.").required(),
            Attribute::object("target", TARGET, "What it should be.").required(),
        ],
        "What one container of the pods uses.",
    ),
    Attribute::object(
        "pods",
        &[
            Attribute::object("metric", METRIC_NAME, "The metric.").required(),
            Attribute::object("target", TARGET, "What it should be.").required(),
        ],
        "A metric of the pods.",
    ),
    Attribute::object(
        "object",
        &[
            Attribute::object("described_object", REFERENCE, "The object.").required(),
            Attribute::object("metric", METRIC_NAME, "The metric.").required(),
            Attribute::object("target", TARGET, "What it should be.").required(),
        ],
        "A metric of one object.",
    ),
    Attribute::object(
        "external",
        &[
            Attribute::object("metric", METRIC_NAME, "The metric.").required(),
            Attribute::object("target", TARGET, "What it should be.").required(),
        ],
        "A metric from outside of the cluster.",
    ),
];

const SCALING: &[Attribute] = &[
    Attribute::int("stabilization_window_seconds", "How far back recommendations count."),
    one_of!("select_policy", ["Max", "Min", "Disabled"], "Which policy wins."),
    Attribute::string("tolerance", "How far off the target nothing is done, as a quantity.").limits(QUANTITY),
    objects!(
        "policies",
        &[
            one_of!("type", ["Pods", "Percent"], "How the value is meant.").required(),
            Attribute::int("value", "How much at a time.").required(),
            Attribute::int("period_seconds", "Within so many seconds.").required(),
        ],
        "How fast it may go."
    ),
];

const SCHEMA: ResourceSchema = object(
    "horizontal_pod_autoscaler",
    "Scales a workload by what it uses. Leave `replicas` of the workload unset, else both set it.",
    object_attributes![namespaced;
        Attribute::object("scale_target_ref", REFERENCE, "What is scaled.").required(),
        Attribute::int("min_replicas", "At least so many."),
        Attribute::int("max_replicas", "At most so many.").required(),
        objects!("metrics", METRIC, "By what."),
        Attribute::object(
            "behavior",
            &[
                Attribute::object("scale_up", SCALING, "How it grows."),
                Attribute::object("scale_down", SCALING, "How it shrinks."),
            ],
            "How fast it scales.",
        ),
    ],
);

pub(crate) const HORIZONTAL_POD_AUTOSCALER: Kind =
    Kind::new(&SCHEMA, "autoscaling/v2", "HorizontalPodAutoscaler", "spec");
