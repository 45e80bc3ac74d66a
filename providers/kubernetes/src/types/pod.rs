//! The pods of a workload.

use super::container::{CONTAINER, INIT_CONTAINER};
use super::{any, meta, objects, one_of, security, volume};
use crate::quantity::QUANTITY;
use formwork_model::schema::Attribute;

const NODE_TERM: &[Attribute] = &[
    objects!("match_expressions", NODE_REQUIREMENT, "Labels of the node."),
    objects!("match_fields", NODE_REQUIREMENT, "Fields of the node."),
];

const NODE_REQUIREMENT: &[Attribute] = &[
    Attribute::string("key", "The label or field.").required(),
    one_of!("operator", ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], "How values are compared.").required(),
    Attribute::strings("values", "The values."),
];

const POD_TERM: &[Attribute] = &[
    Attribute::object("label_selector", meta::LABEL_SELECTOR, "Labels of the other pods."),
    Attribute::object("namespace_selector", meta::LABEL_SELECTOR, "Labels of their namespaces."),
    Attribute::strings("namespaces", "Their namespaces; the pod's own if absent."),
    Attribute::string("topology_key", "Label of nodes that says what near is, such as `kubernetes.io/hostname`.")
        .required(),
    Attribute::strings("match_label_keys", "Labels that must be the same as the pod's own."),
    Attribute::strings("mismatch_label_keys", "Labels that must not be the same as the pod's own."),
];

const POD_AFFINITY: &[Attribute] = &[
    objects!("required_during_scheduling_ignored_during_execution", POD_TERM, "Must be so."),
    objects!(
        "preferred_during_scheduling_ignored_during_execution",
        &[
            Attribute::int("weight", "1 to 100.").required(),
            Attribute::object("pod_affinity_term", POD_TERM, "What is preferred.").required(),
        ],
        "Better so."
    ),
];

const AFFINITY: &[Attribute] = &[
    Attribute::object(
        "node_affinity",
        &[
            Attribute::object(
                "required_during_scheduling_ignored_during_execution",
                &[objects!("node_selector_terms", NODE_TERM, "One of them must hold.").required()],
                "Must be so.",
            ),
            objects!(
                "preferred_during_scheduling_ignored_during_execution",
                &[
                    Attribute::int("weight", "1 to 100.").required(),
                    Attribute::object("preference", NODE_TERM, "What is preferred.").required(),
                ],
                "Better so."
            ),
        ],
        "On which nodes.",
    ),
    Attribute::object("pod_affinity", POD_AFFINITY, "Near which pods."),
    Attribute::object("pod_anti_affinity", POD_AFFINITY, "Not near which pods."),
];

const TOLERATION: &[Attribute] = &[
    Attribute::string("key", "The taint; absent with `Exists` means all."),
    one_of!("operator", ["Exists", "Equal"], "How the value is compared; `Equal` if absent."),
    Attribute::string("value", "The taint's value."),
    one_of!("effect", ["NoSchedule", "PreferNoSchedule", "NoExecute"], "The taint's effect; absent means all."),
    Attribute::int("toleration_seconds", "For how long, with NoExecute."),
];

const SPREAD: &[Attribute] = &[
    Attribute::int("max_skew", "How uneven it may be.").required(),
    Attribute::string("topology_key", "Label of nodes, such as `topology.kubernetes.io/zone`.").required(),
    one_of!("when_unsatisfiable", ["DoNotSchedule", "ScheduleAnyway"], "What to do where it cannot be.").required(),
    Attribute::object("label_selector", meta::LABEL_SELECTOR, "Which pods are counted."),
    Attribute::strings("match_label_keys", "Labels that must be the same as the pod's own."),
    Attribute::int("min_domains", "At least so many domains."),
    one_of!("node_affinity_policy", ["Honor", "Ignore"], "Whether only nodes count that the pod may be on."),
    one_of!("node_taints_policy", ["Honor", "Ignore"], "Whether tainted nodes count."),
];

/// What a pod is.
pub(crate) const SPEC: &[Attribute] = &[
    objects!("containers", CONTAINER, "What runs in it.").required().keyed_by(&["name"]),
    objects!(
        "init_containers",
        INIT_CONTAINER,
        "What runs before, one after the other; with `restart_policy = \"Always\"` beside."
    ),
    objects!("volumes", volume::VOLUME, "Its volumes.").keyed_by(&["name"]),
    Attribute::string("service_account_name", "Its identity."),
    Attribute::boolean("automount_service_account_token", "Whether it gets the identity's token."),
    Attribute::object("security_context", security::POD, "As whom it runs."),
    objects!("image_pull_secrets", meta::LOCAL_REFERENCE, "Secrets that images are pulled with."),
    Attribute::string_map("node_selector", "Labels of the nodes that it may be on."),
    Attribute::object("affinity", AFFINITY, "Where it should be."),
    objects!("tolerations", TOLERATION, "Taints of nodes that it bears."),
    objects!("topology_spread_constraints", SPREAD, "How pods are spread."),
    Attribute::string("priority_class_name", "How important it is."),
    one_of!("preemption_policy", ["PreemptLowerPriority", "Never"], "Whether it drives out others."),
    Attribute::string("runtime_class_name", "How it is run."),
    Attribute::string("scheduler_name", "Who places it."),
    Attribute::string("node_name", "The very node that it is on."),
    one_of!("restart_policy", ["Always", "OnFailure", "Never"], "When containers are started again."),
    Attribute::int("termination_grace_period_seconds", "How long it may take to end."),
    Attribute::int("active_deadline_seconds", "For how long it may run."),
    one_of!("dns_policy", ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"], "Where names are looked up."),
    Attribute::object(
        "dns_config",
        &[
            Attribute::strings("nameservers", "Servers."),
            Attribute::strings("searches", "Suffixes."),
            objects!(
                "options",
                &[Attribute::string("name", "The option."), Attribute::string("value", "Its value.")],
                "Options."
            ),
        ],
        "How names are looked up.",
    ),
    objects!(
        "host_aliases",
        &[Attribute::string("ip", "The address.").required(), Attribute::strings("hostnames", "Its names.")],
        "Names that it knows by itself."
    ),
    Attribute::string("hostname", "Its own name."),
    Attribute::string("subdomain", "The domain of its name."),
    Attribute::boolean("host_network", "Whether it shares the node's network."),
    Attribute::boolean("host_pid", "Whether it sees the node's processes.").vendor("hostPID"),
    Attribute::boolean("host_ipc", "Whether it shares the node's memory.").vendor("hostIPC"),
    Attribute::boolean("host_users", "Whether it shares the node's users."),
    Attribute::boolean("share_process_namespace", "Whether containers see each other's processes."),
    Attribute::boolean("enable_service_links", "Whether services are in its variables."),
    objects!(
        "readiness_gates",
        &[Attribute::string("condition_type", "The condition.").required()],
        "Conditions that must hold for it to be ready."
    ),
    Attribute::string_map("overhead", "What running it costs besides.").limits(QUANTITY),
    any!("resource_claims", "Devices that it claims, in the vendor's own form."),
];
