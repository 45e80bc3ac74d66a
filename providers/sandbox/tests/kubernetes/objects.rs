//! What becomes of objects: definitions, finalizers, owners, namespaces, workloads.

use crate::kubectl::{Kubectl, deployment};
use crate::server::Server;
use serde_json::{Value as Json, json};

crate::tests![
    a_definition_makes_a_kind,
    lists_of_custom_kinds_are_merged_by_key,
    finalizers_hold_an_object,
    dependents_follow_or_are_orphaned,
    namespaces_empty_themselves,
    stateful_sets_have_claims_and_order,
    jobs_complete_or_fail,
    services_lead_to_ready_pods,
    policies_know_their_status,
    autoscalers_have_two_versions,
    quotas_refuse_what_is_too_much,
    quotas_count_load_balancers_and_ports,
    secrets_are_written_as_text,
];

fn definition(group: &str) -> Json {
    let spec = json!({
        "type": "object", "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1},
            "colour": {"type": "string", "enum": ["red", "green"], "default": "green"},
            "port": {"x-kubernetes-int-or-string": true},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "parts": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string"}, "count": {"type": "integer", "default": 1},
                }},
            },
        },
    });
    let status = json!({"type": "object", "properties": {"phase": {"type": "string"}}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
            }],
        },
    })
}

fn widget(group: &str, namespace: &str, spec: &Json) -> Json {
    json!({
        "apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "one", "namespace": namespace},
        "spec": spec,
    })
}

fn a_definition_makes_a_kind(server: &Server) {
    let (kubectl, group) = (Kubectl::on(server), "shop.example.com");
    kubectl.namespace("custom");
    kubectl.ok_apply(&definition(group), "--server-side");
    kubectl.ok(&format!("wait --for=condition=Established crd/widgets.{group} --timeout=60s"));
    let spec = json!({"size": 3, "port": "http", "open": {"any": {"thing": 1}}, "parts": [{"name": "a"}]});
    kubectl.ok_apply(&widget(group, "custom", &spec), "");
    let live = kubectl.get(&format!("widgets.{group} one -n custom"));
    assert_eq!(live["spec"]["colour"], "green");
    assert_eq!(live["spec"]["parts"], json!([{"name": "a", "count": 1}]));
    assert_eq!(live["spec"]["open"]["any"]["thing"], 1);
    assert_eq!(live["metadata"]["generation"], 1);
    let table = kubectl.ok(&format!("get widgets.{group} -n custom"));
    assert_eq!(table.split_whitespace().collect::<Vec<_>>(), ["NAME", "SIZE", "one", "3"]);
    let text = kubectl.ok(&format!("explain widgets.spec.parts --api-version={group}/v1"));
    assert!(text.contains("count\t<integer>"), "{text}");

    let refused = kubectl.apply(&widget(group, "custom", &json!({"size": 0, "colour": "blue"})), "");
    assert!(refused.err.contains("spec.size in body should be greater than or equal to 1"), "{refused:?}");
    assert!(refused.err.contains(r#"Unsupported value: "blue": supported values: "red", "green""#), "{refused:?}");
    let refused = kubectl.apply(&widget(group, "custom", &json!({"size": 1, "weight": 2})), "");
    assert!(refused.err.contains(r#"unknown field "spec.weight""#), "{refused:?}");
    // What is not known is dropped where nobody insists.
    kubectl.ok_apply(&widget(group, "custom", &json!({"size": 1, "weight": 2})), "--validate=ignore");
    let live = kubectl.get(&format!("widgets.{group} one -n custom"));
    assert_eq!((live["spec"].get("weight"), &live["metadata"]["generation"]), (None, &json!(2)));

    // The status is written by its own path only, and is no new generation.
    let status = r#"{"status":{"phase":"Made"},"spec":{"size":9}}"#;
    let words = [
        "patch",
        "widgets.shop.example.com",
        "one",
        "-n",
        "custom",
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
    ];
    assert_eq!(kubectl.words(&words, "").code, 0);
    let live = kubectl.get(&format!("widgets.{group} one -n custom"));
    assert_eq!((&live["status"]["phase"], &live["spec"]["size"]), (&json!("Made"), &json!(1)));
    assert_eq!(live["metadata"]["generation"], 2);

    kubectl.ok(&format!("delete crd widgets.{group} --timeout=60s"));
    assert_ne!(kubectl.run(&format!("get widgets.{group} -n custom")).code, 0);
}

fn lists_of_custom_kinds_are_merged_by_key(server: &Server) {
    let (kubectl, group) = (Kubectl::on(server), "parts.example.com");
    kubectl.namespace("parts");
    kubectl.ok_apply(&definition(group), "--server-side");
    let part = |name: &str, count: i64| json!({"size": 1, "parts": [{"name": name, "count": count}]});
    kubectl.ok_apply(&widget(group, "parts", &part("a", 1)), "--server-side --field-manager=one");
    kubectl.ok_apply(&widget(group, "parts", &part("b", 2)), "--server-side --field-manager=two");
    let live = kubectl.get(&format!("widgets.{group} one -n parts"));
    assert_eq!(live["spec"]["parts"], json!([{"name": "a", "count": 1}, {"name": "b", "count": 2}]));
    let refused = kubectl.apply(&widget(group, "parts", &part("b", 3)), "--server-side --field-manager=one");
    assert!(refused.err.contains(r#"conflict with "two": .spec.parts[name="b"].count"#), "{refused:?}");
    kubectl.ok(&format!("delete crd widgets.{group}"));
}

fn config_map(namespace: &str, name: &str, owner: Option<&Json>) -> Json {
    let mut object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}});
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"], "blockOwnerDeletion": true,
        }]);
    }
    object
}

fn finalizers_hold_an_object(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("held");
    let mut object = config_map("held", "one", None);
    object["metadata"]["finalizers"] = json!(["example.com/hold"]);
    kubectl.ok_apply(&object, "");
    kubectl.ok("delete configmap one -n held --wait=false");
    let live = kubectl.get("configmap one -n held");
    assert!(live["metadata"]["deletionTimestamp"].is_string(), "{live}");
    let free = r#"{"metadata":{"finalizers":null}}"#;
    assert_eq!(kubectl.words(&["patch", "configmap", "one", "-n", "held", "--type=merge", "-p", free], "").code, 0);
    assert_ne!(kubectl.run("get configmap one -n held").code, 0);
}

fn dependents_follow_or_are_orphaned(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("owners");
    for (how, stays) in [("background", false), ("foreground", false), ("orphan", true)] {
        kubectl.ok_apply(&config_map("owners", "owner", None), "");
        let owner = kubectl.get("configmap owner -n owners");
        kubectl.ok_apply(&config_map("owners", "child", Some(&owner)), "");
        kubectl.ok(&format!("delete configmap owner -n owners --cascade={how} --timeout=60s"));
        assert_eq!(kubectl.run("get configmap child -n owners").code == 0, stays, "{how}");
    }
    let child = kubectl.get("configmap child -n owners");
    assert!(child["metadata"].get("ownerReferences").is_none_or(|one| one == &json!([])), "{child}");
}

fn namespaces_empty_themselves(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("doomed");
    let mut held = config_map("doomed", "held", None);
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    kubectl.ok_apply(&held, "");
    kubectl.ok_apply(&deployment("doomed", &json!([{"name": "web", "image": "web:1"}])), "");
    kubectl.ok("delete namespace doomed --wait=false");
    assert_eq!(kubectl.get("namespace doomed")["status"]["phase"], "Terminating");
    let refused = kubectl.apply(&config_map("doomed", "late", None), "");
    assert!(refused.err.contains("because it is being terminated"), "{refused:?}");
    let free = r#"{"metadata":{"finalizers":null}}"#;
    assert_eq!(kubectl.words(&["patch", "configmap", "held", "-n", "doomed", "--type=merge", "-p", free], "").code, 0);
    kubectl.ok("wait --for=delete namespace/doomed --timeout=120s");
    assert_eq!(kubectl.get("deployments -n doomed")["items"], json!([]));
}

fn stateful_sets_have_claims_and_order(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("stateful");
    let object = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "stateful"},
        "spec": {
            "serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{
                "name": "db", "image": "db:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }], "volumes": [{"name": "data", "emptyDir": {}}]}},
            "volumeClaimTemplates": [{
                "metadata": {"name": "disk"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    });
    kubectl.ok_apply(&object, "");
    kubectl.ok("rollout status statefulset/db -n stateful --timeout=120s");
    let pods = kubectl.ok("get pods -n stateful -o name");
    assert_eq!(pods, "pod/db-0\npod/db-1\n");
    let claims = kubectl.get("pvc -n stateful");
    let phases: Vec<_> = claims["items"].as_array().unwrap().iter().map(|one| one["status"]["phase"].clone()).collect();
    assert_eq!(phases, ["Bound", "Bound"]);
}

fn jobs_complete_or_fail(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("jobs");
    let job = |name: &str, command: &str| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "jobs"},
            "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "one", "image": "one:1", "command": [command]},
            ]}}},
        })
    };
    kubectl.ok_apply(&job("good", "true"), "");
    kubectl.ok_apply(&job("bad", "false"), "");
    let mut passing = job("passing", "true");
    passing["spec"]["ttlSecondsAfterFinished"] = json!(1);
    kubectl.ok_apply(&passing, "");
    kubectl.ok("wait --for=condition=complete job/good -n jobs --timeout=120s");
    kubectl.ok("wait --for=condition=failed job/bad -n jobs --timeout=120s");
    kubectl.ok("wait --for=delete job/passing -n jobs --timeout=120s");
    assert_eq!(kubectl.ok("get jobs,pods -n jobs -o name").lines().filter(|one| one.contains("passing")).count(), 0);
}

fn services_lead_to_ready_pods(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("services");
    kubectl.ok_apply(&deployment("services", &json!([{"name": "web", "image": "web:1"}])), "");
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "services"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
    });
    kubectl.ok_apply(&service, "");
    kubectl.ok("wait --for=jsonpath={.status.loadBalancer.ingress[0].ip} service/web -n services --timeout=120s");
    kubectl.ok("wait --for=jsonpath={.subsets[0].addresses[0].ip} endpoints/web -n services --timeout=120s");
    let live = kubectl.get("service web -n services");
    assert!(live["spec"]["clusterIP"].as_str().unwrap().starts_with("10.0."), "{live}");
    assert!(live["spec"]["ports"][0]["nodePort"].as_i64().unwrap() >= 30000, "{live}");
}

fn policies_know_their_status(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("policies");
    kubectl.ok_apply(&deployment("policies", &json!([{"name": "web", "image": "web:1"}])), "");
    let autoscaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "policies"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                 "minReplicas": 2, "maxReplicas": 4},
    });
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "policies"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    });
    kubectl.ok_apply(&autoscaler, "");
    kubectl.ok_apply(&budget, "");
    kubectl.ok("wait --for=condition=ScalingActive hpa/web -n policies --timeout=120s");
    kubectl.ok("wait --for=jsonpath={.status.readyReplicas}=2 deployment/web -n policies --timeout=120s");
    kubectl.ok("wait --for=jsonpath={.status.disruptionsAllowed}=1 pdb/web -n policies --timeout=120s");
}

fn quotas_refuse_what_is_too_much(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("quotas");
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all", "namespace": "quotas"},
        "spec": {"hard": {"count/deployments.apps": "1", "pods": "2", "requests.cpu": "1"}},
    });
    kubectl.ok_apply(&quota, "");
    let mut web = deployment("quotas", &json!([{"name": "web", "image": "web:1"}]));
    kubectl.ok_apply(&web, "");
    web["metadata"]["name"] = json!("second");
    let refused = kubectl.apply(&web, "--server-side");
    let told = "exceeded quota: all, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1";
    assert!(refused.code != 0 && refused.err.contains("(Forbidden)") && refused.err.contains(told), "{refused:?}");
    kubectl.ok("scale deployment web -n quotas --replicas=3");
    kubectl.ok("wait --for=jsonpath={.status.readyReplicas}=2 deployment/web -n quotas --timeout=120s");
    let events = kubectl.ok("get events -n quotas");
    assert!(events.contains("FailedCreate") && events.contains("exceeded quota: all, requested: pods=1"), "{events}");
}

fn quotas_count_load_balancers_and_ports(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("balanced");
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all", "namespace": "balanced"},
        "spec": {"hard": {"services.loadbalancers": "1", "services.nodeports": "2"}},
    });
    kubectl.ok_apply(&quota, "");
    let service = |name: &str, kind: &str, ports: &[u16]| {
        let ports: Vec<_> = ports.iter().map(|port| json!({"name": format!("p{port}"), "port": port})).collect();
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "balanced"},
            "spec": {"type": kind, "selector": {"app": "web"}, "ports": ports},
        })
    };
    kubectl.ok_apply(&service("plain", "ClusterIP", &[80, 81, 82]), "");
    kubectl.ok_apply(&service("web", "LoadBalancer", &[80]), "");
    kubectl.ok(
        "wait --for=jsonpath={.status.used.services\\.loadbalancers}=1 resourcequota/all -n balanced --timeout=60s",
    );
    assert_eq!(kubectl.get("resourcequota all -n balanced")["status"]["used"]["services.nodeports"], "1");
    let refused = kubectl.apply(&service("second", "LoadBalancer", &[80]), "--server-side");
    let told = "requested: services.loadbalancers=1, used: services.loadbalancers=1, limited: services.loadbalancers=1";
    assert!(refused.code != 0 && refused.err.contains(told), "{refused:?}");
    // A change is held against it, too.
    let refused = kubectl.apply(&service("web", "LoadBalancer", &[80, 81, 82]), "--server-side --force-conflicts");
    let told = "requested: services.nodeports=2, used: services.nodeports=1, limited: services.nodeports=2";
    assert!(refused.code != 0 && refused.err.contains(told), "{refused:?}");
}

/// In the form of `autoscaling/v1`, too.
fn autoscalers_have_two_versions(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("scaling");
    kubectl.ok_apply(&deployment("scaling", &json!([{"name": "web", "image": "web:1"}])), "");
    kubectl.ok("autoscale deployment web -n scaling --min=1 --max=3 --cpu-percent=70");
    let share = |live: &Json| live["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"].clone();
    assert_eq!(share(&kubectl.get("horizontalpodautoscalers.v2.autoscaling web -n scaling")), 70);
    let old = kubectl.get("horizontalpodautoscalers.v1.autoscaling web -n scaling");
    assert_eq!(
        (&old["apiVersion"], &old["spec"]["targetCPUUtilizationPercentage"]),
        (&json!("autoscaling/v1"), &json!(70))
    );
    let change = r#"{"spec":{"targetCPUUtilizationPercentage":50,"maxReplicas":4}}"#;
    kubectl.ok(&format!("patch horizontalpodautoscalers.v1.autoscaling web -n scaling --type merge -p {change}"));
    let live = kubectl.get("hpa web -n scaling");
    assert_eq!(
        (&live["apiVersion"], share(&live), &live["spec"]["maxReplicas"]),
        (&json!("autoscaling/v2"), json!(50), &json!(4))
    );
    let applied = json!({
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "second", "namespace": "scaling"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 2, "targetCPUUtilizationPercentage": 60},
    });
    kubectl.ok_apply(&applied, "--server-side");
    assert_eq!(share(&kubectl.get("horizontalpodautoscalers.v2.autoscaling second -n scaling")), 60);
    let listed = kubectl.ok("get horizontalpodautoscalers.v1.autoscaling -n scaling");
    assert!(listed.contains("second") && listed.contains("Deployment/web"), "{listed}");
}

fn secrets_are_written_as_text(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("secrets");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one", "namespace": "secrets"},
        "stringData": {"word": "open"},
    });
    kubectl.ok_apply(&secret, "--server-side");
    let live = kubectl.get("secret one -n secrets");
    assert_eq!(
        (&live["data"], live.get("stringData"), &live["type"]),
        (&json!({"word": "b3Blbg=="}), None, &json!("Opaque"))
    );
    kubectl.ok("create secret generic two -n secrets --from-literal=word=open");
    assert_eq!(kubectl.get("secret two -n secrets")["data"], json!({"word": "b3Blbg=="}));
}
