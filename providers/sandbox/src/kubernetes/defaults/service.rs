//! Defaults of services and of what stands around them.

use super::super::json::{at, default_to, get, items_mut, list, text};
use serde_json::{Value as Json, json};

/// A service, without the addresses that the cluster gives it.
pub(super) fn default_service(object: &mut Json) {
    default_to(object, &["spec", "type"], "ClusterIP");
    default_to(object, &["spec", "sessionAffinity"], "None");
    default_to(object, &["status", "loadBalancer"], json!({}));
    for port in items_mut(object, &["spec", "ports"]) {
        default_to(port, &["protocol"], "TCP");
        let number = get(port, &["port"]).clone();
        default_to(port, &["targetPort"], number);
    }
    if text(object, &["spec", "sessionAffinity"]) == "ClientIP" {
        default_to(object, &["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"], 10800);
    }
    let kind = text(object, &["spec", "type"]).to_owned();
    if kind != "ExternalName" {
        default_to(object, &["spec", "internalTrafficPolicy"], "Cluster");
        default_to(object, &["spec", "ipFamilies"], json!(["IPv4"]));
        default_to(object, &["spec", "ipFamilyPolicy"], "SingleStack");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        default_to(object, &["spec", "externalTrafficPolicy"], "Cluster");
    }
    if kind == "LoadBalancer" {
        default_to(object, &["spec", "allocateLoadBalancerNodePorts"], true);
    }
}

/// Ingresses and network policies.
pub(super) fn default_networking(object: &mut Json) {
    if super::super::meta::kind(object) == "Ingress" {
        default_to(object, &["status", "loadBalancer"], json!({}));
        return;
    }
    default_to(object, &["spec", "podSelector"], json!({}));
    for direction in ["ingress", "egress"] {
        for rule in items_mut(object, &["spec", direction]) {
            for port in items_mut(rule, &["ports"]) {
                default_to(port, &["protocol"], "TCP");
            }
        }
    }
    let mut types = vec!["Ingress"];
    if at(object, &["spec", "egress"]).is_some() && !list(object, &["spec", "egress"]).is_empty() {
        types.push("Egress");
    }
    default_to(object, &["spec", "policyTypes"], types);
}
