//! `kubernetes.service`.

use super::{any, objects, one_of};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};

const PORT: &[Attribute] = &[
    Attribute::string("name", "Its name; needed where there are several."),
    Attribute::int("port", "Port of the service.").required(),
    any!("target_port", "Port of the pods: a number, or the port's name; the same if absent."),
    one_of!("protocol", ["TCP", "UDP", "SCTP"], "The protocol; TCP if absent."),
    Attribute::string("app_protocol", "What is spoken, such as `http` or `kubernetes.io/h2c`."),
    Attribute::int("node_port", "Port of the nodes; else one is chosen."),
];

const SCHEMA: ResourceSchema = object(
    "service",
    "One address for many pods.",
    object_attributes![namespaced;
        Attribute::string_map("selector", "Labels of its pods."),
        objects!("ports", PORT, "Its ports."),
        one_of!("type", ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"], "From where it can be reached."),
        Attribute::string("cluster_ip", "Its address in the cluster; `None` for a service without one.")
            .vendor("spec.clusterIP")
            .optional_computed()
            .create_only(),
        one_of!("ip_family_policy", ["SingleStack", "PreferDualStack", "RequireDualStack"], "Which addresses it has.")
            .vendor("spec.ipFamilyPolicy"),
        Attribute::new(
            "ip_families",
            AttributeType::List(&AttributeType::Enum(&["IPv4", "IPv6"])),
            "The kinds of its addresses.",
        )
        .vendor("spec.ipFamilies"),
        Attribute::strings("external_ips", "Addresses outside of the cluster that lead to it.").vendor("spec.externalIPs"),
        Attribute::string("external_name", "Name that it stands for, for type ExternalName."),
        one_of!("external_traffic_policy", ["Cluster", "Local"], "Whether traffic from outside is passed on between nodes."),
        one_of!("internal_traffic_policy", ["Cluster", "Local"], "Whether traffic from inside is passed on between nodes."),
        Attribute::int("health_check_node_port", "Port of the health check, with the policy Local."),
        Attribute::string("load_balancer_class", "Which load balancer makes it.").create_only(),
        Attribute::string("load_balancer_ip", "Address of the load balancer, where the cloud lets it be chosen.")
            .vendor("spec.loadBalancerIP"),
        Attribute::strings("load_balancer_source_ranges", "Who may connect to the load balancer."),
        Attribute::boolean("allocate_load_balancer_node_ports", "Whether a load balancer gets ports of nodes."),
        Attribute::boolean("publish_not_ready_addresses", "Whether pods that are not ready count."),
        one_of!("session_affinity", ["None", "ClientIP"], "Whether a client stays with a pod."),
        Attribute::object(
            "session_affinity_config",
            &[Attribute::object(
                "client_ip",
                &[Attribute::int("timeout_seconds", "For how long.")],
                "Affinity by the client's address.",
            )
            .vendor("clientIP")],
            "How a client stays with a pod.",
        ),
        one_of!("traffic_distribution", ["PreferClose", "PreferSameZone", "PreferSameNode"], "Which pods are preferred."),
    ],
);

pub(crate) const SERVICE: Kind = Kind::new(&SCHEMA, "v1", "Service", "spec");
