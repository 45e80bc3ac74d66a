//! The kinds that well-known charts bring. Where such a chart is simulated its kinds are there all the same, with open
//! schemas of our own, so that objects of them can be applied and looked at. No controller of theirs is at work.

use super::compare::TRACKING;
use super::{MANAGER, sync, word};
use crate::kubernetes::custom::DEFINITIONS;
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::status::Answer;
use serde_json::{Value as Json, json};

/// What a chart brings.
struct Chart {
    /// Part of its repository's address.
    repository: &'static str,
    name: &'static str,
    kinds: &'static [Kind],
}

struct Kind {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
}

const fn namespaced(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Kind {
    Kind { group, version, kind, plural, namespaced: true }
}

const fn in_cluster(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Kind {
    Kind { group, version, kind, plural, namespaced: false }
}

const MONITORING: &str = "monitoring.coreos.com";
const EXTERNAL_SECRETS: &str = "external-secrets.io";
const CERTIFICATES: &str = "cert-manager.io";

const CHARTS: &[Chart] = &[
    Chart {
        repository: "istio",
        name: "base",
        kinds: &[
            namespaced("security.istio.io", "v1", "PeerAuthentication", "peerauthentications"),
            namespaced("security.istio.io", "v1", "RequestAuthentication", "requestauthentications"),
            namespaced("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies"),
            namespaced("networking.istio.io", "v1", "VirtualService", "virtualservices"),
            namespaced("networking.istio.io", "v1", "DestinationRule", "destinationrules"),
            namespaced("networking.istio.io", "v1", "Gateway", "gateways"),
            namespaced("networking.istio.io", "v1", "ServiceEntry", "serviceentries"),
            namespaced("networking.istio.io", "v1", "Sidecar", "sidecars"),
            namespaced("telemetry.istio.io", "v1", "Telemetry", "telemetries"),
        ],
    },
    Chart {
        repository: "prometheus",
        name: "kube-prometheus-stack",
        kinds: &[
            namespaced(MONITORING, "v1", "ServiceMonitor", "servicemonitors"),
            namespaced(MONITORING, "v1", "PodMonitor", "podmonitors"),
            namespaced(MONITORING, "v1", "PrometheusRule", "prometheusrules"),
            namespaced(MONITORING, "v1", "Prometheus", "prometheuses"),
            namespaced(MONITORING, "v1", "Alertmanager", "alertmanagers"),
            namespaced(MONITORING, "v1", "Probe", "probes"),
        ],
    },
    Chart {
        repository: "kyverno",
        name: "kyverno",
        kinds: &[
            in_cluster("kyverno.io", "v1", "ClusterPolicy", "clusterpolicies"),
            namespaced("kyverno.io", "v1", "Policy", "policies"),
            namespaced("kyverno.io", "v2", "PolicyException", "policyexceptions"),
        ],
    },
    Chart {
        repository: "jetstack",
        name: "cert-manager",
        kinds: &[
            namespaced(CERTIFICATES, "v1", "Certificate", "certificates"),
            namespaced(CERTIFICATES, "v1", "Issuer", "issuers"),
            in_cluster(CERTIFICATES, "v1", "ClusterIssuer", "clusterissuers"),
        ],
    },
    Chart {
        repository: "external-secrets",
        name: "external-secrets",
        kinds: &[
            namespaced(EXTERNAL_SECRETS, "v1", "ExternalSecret", "externalsecrets"),
            namespaced(EXTERNAL_SECRETS, "v1", "SecretStore", "secretstores"),
            in_cluster(EXTERNAL_SECRETS, "v1", "ClusterSecretStore", "clustersecretstores"),
        ],
    },
];

/// The known kinds of the charts that an Application names.
fn kinds(application: &Json) -> impl Iterator<Item = &'static Kind> {
    let sources = super::project::sources(application);
    let named = CHARTS.iter().filter(move |chart| {
        sources.iter().any(|source| {
            word(source, &["chart"]) == chart.name && word(source, &["repoURL"]).contains(chart.repository)
        })
    });
    named.flat_map(|chart| chart.kinds)
}

/// Makes the kinds that a simulated Application would bring, where they are not there, and says so. They are tracked as the
/// Application's own, and go with it.
pub(super) fn make_kinds(objects: &mut Objects, application: &Json) -> Answer<Option<&'static str>> {
    let mut any = false;
    for kind in kinds(application) {
        any = true;
        let name = format!("{}.{}", kind.plural, kind.group);
        if objects.get(DEFINITIONS, "", &name).is_none() {
            sync::make(objects, "", definition(kind, &name, meta::name(application)), MANAGER)?;
        }
    }
    Ok(any.then_some("of its kinds there are stand-ins that take any fields"))
}

fn definition(kind: &Kind, name: &str, application: &str) -> Json {
    let tracking = format!("{application}:apiextensions.k8s.io/CustomResourceDefinition:/{name}");
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "annotations": {TRACKING: tracking, "formwork-stand-in": "true"}},
        "spec": {
            "group": kind.group,
            "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
            "names": {
                "kind": kind.kind, "listKind": format!("{}List", kind.kind), "plural": kind.plural,
                "singular": kind.kind.to_lowercase(),
            },
            "versions": [{"name": kind.version, "served": true, "storage": true, "schema": {"openAPIV3Schema": open}}],
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn application(repository: &str, chart: &str) -> Json {
        json!({"spec": {"source": {"repoURL": repository, "chart": chart}}})
    }

    #[test]
    fn a_chart_is_known_by_its_name_and_repository() {
        let found = |repository: &str, chart: &str| kinds(&application(repository, chart)).count();
        assert!(found("https://istio-release.storage.googleapis.com/charts", "base") > 0);
        assert_eq!(found("https://charts.example/other", "base"), 0);
        assert_eq!(found("https://istio-release.storage.googleapis.com/charts", "istiod"), 0);
    }

    #[test]
    fn definitions_belong_to_their_application() {
        let kind = kinds(&application("https://kyverno.github.io/kyverno", "kyverno")).next().unwrap();
        let made = definition(kind, "clusterpolicies.kyverno.io", "rules");
        let tracking = made["metadata"]["annotations"][TRACKING].as_str().unwrap();
        assert!(tracking.starts_with("rules:") && tracking.ends_with("/clusterpolicies.kyverno.io"), "{tracking}");
        assert_eq!(made["spec"]["scope"], "Cluster");
    }
}
