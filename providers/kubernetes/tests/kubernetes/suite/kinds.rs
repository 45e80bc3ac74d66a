//! Each typed kind goes through its life: created, settled, changed, drifted, imported, found, deleted.

use super::{Cluster, json_of, present};
use formwork_model::value::from_json;
use formwork_model::{Address, Value};
use formwork_provider_api::{Found, ReadOutcome};
use serde_json::{Value as Json, json};

/// A kind's life.
struct Life {
    ty: &'static str,
    /// Where it is served.
    root: &'static str,
    plural: &'static str,
    namespaced: bool,
    /// What it is at first.
    config: Json,
    /// What is changed in place.
    change: Json,
    /// What somebody does by hand to a field that the config says.
    edit: Json,
    /// A change that replaces; null for none.
    replace: Json,
}

fn lives() -> Vec<Life> {
    let life = |ty, root, plural, namespaced, config, change, edit, replace| Life {
        ty,
        root,
        plural,
        namespaced,
        config,
        change,
        edit,
        replace,
    };
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let rules = json!([{ "api_groups": [""], "resources": ["pods"], "verbs": ["get", "list"] }]);
    let more_rules = json!([{ "api_groups": [""], "resources": ["pods"], "verbs": ["get"] }]);
    let pod = json!({ "metadata": { "labels": { "app": "web" } }, "spec": {
        "containers": [{
            "name": "web", "image": "web:1", "env": [{ "name": "A", "value": "1" }], "ports": [{ "container_port": 8080 }],
            "resources": { "requests": { "cpu": "1000m", "memory": "128Mi" } },
            "liveness_probe": { "http_get": { "path": "/", "port": 8080 } },
        }],
        "volumes": [{ "name": "tmp", "empty_dir": {} }],
    } });
    let mut other_pod = pod.clone();
    other_pod["metadata"]["labels"] = json!({ "app": "web2" });
    vec![
        life(
            "namespace",
            "/api/v1",
            "namespaces",
            false,
            json!({ "labels": { "a": "b" } }),
            json!({ "labels": { "a": "c" } }),
            json!({ "metadata": { "labels": { "a": "x" } } }),
            Json::Null,
        ),
        life(
            "config_map",
            "/api/v1",
            "configmaps",
            true,
            json!({ "data": { "a": "b" } }),
            json!({ "data": { "a": "c", "d": "e" } }),
            json!({ "data": { "a": "x" } }),
            Json::Null,
        ),
        life(
            "secret",
            "/api/v1",
            "secrets",
            true,
            json!({ "string_data": { "a": "hunter2" }, "data": { "b": "eA==" } }),
            json!({ "string_data": { "a": "hunter3" } }),
            json!({ "data": { "a": "eA==" } }),
            json!({ "type": "kubernetes.io/basic-auth", "string_data": { "username": "u", "password": "p" } }),
        ),
        life(
            "service_account",
            "/api/v1",
            "serviceaccounts",
            true,
            json!({ "automount_service_account_token": false }),
            json!({ "automount_service_account_token": true }),
            json!({ "automountServiceAccountToken": true }),
            Json::Null,
        ),
        life(
            "role",
            rbac,
            "roles",
            true,
            json!({ "rules": rules }),
            json!({ "rules": more_rules }),
            json!({ "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["*"] }] }),
            Json::Null,
        ),
        life(
            "cluster_role",
            rbac,
            "clusterroles",
            false,
            json!({ "rules": rules }),
            json!({ "rules": more_rules }),
            json!({ "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["*"] }] }),
            Json::Null,
        ),
        life(
            "role_binding",
            rbac,
            "rolebindings",
            true,
            json!({ "role_ref": { "kind": "ClusterRole", "name": "view" }, "subjects": [{ "kind": "Group", "name": "g" }] }),
            json!({ "subjects": [{ "kind": "User", "name": "u" }] }),
            json!({ "subjects": [{ "kind": "Group", "name": "x", "apiGroup": "rbac.authorization.k8s.io" }] }),
            json!({ "role_ref": { "kind": "ClusterRole", "name": "edit" } }),
        ),
        life(
            "cluster_role_binding",
            rbac,
            "clusterrolebindings",
            false,
            json!({ "role_ref": { "kind": "ClusterRole", "name": "view" }, "subjects": [{ "kind": "Group", "name": "g" }] }),
            json!({ "subjects": [{ "kind": "User", "name": "u" }] }),
            json!({ "subjects": [{ "kind": "Group", "name": "x", "apiGroup": "rbac.authorization.k8s.io" }] }),
            json!({ "role_ref": { "kind": "ClusterRole", "name": "edit" } }),
        ),
        life(
            "resource_quota",
            "/api/v1",
            "resourcequotas",
            true,
            json!({ "hard": { "requests.cpu": "20", "pods": "50" } }),
            json!({ "hard": { "requests.cpu": "2000m", "pods": "50" } }),
            json!({ "spec": { "hard": { "pods": "1" } } }),
            Json::Null,
        ),
        life(
            "limit_range",
            "/api/v1",
            "limitranges",
            true,
            json!({ "limits": [{ "type": "Container", "default": { "cpu": "0.5" }, "default_request": { "cpu": "100m" } }] }),
            json!({ "limits": [{ "type": "Container", "default": { "cpu": "600m" }, "default_request": { "cpu": "100m" } }] }),
            json!({ "spec": { "limits": [{ "type": "Container", "default": { "cpu": "700m" }, "defaultRequest": { "cpu": "100m" } }] } }),
            Json::Null,
        ),
        life(
            "network_policy",
            "/apis/networking.k8s.io/v1",
            "networkpolicies",
            true,
            json!({ "pod_selector": {}, "policy_types": ["Ingress"], "ingress": [{ "from": [{ "namespace_selector": {} }], "ports": [{ "port": 80 }] }] }),
            json!({ "ingress": [] }),
            json!({ "spec": { "policyTypes": ["Ingress", "Egress"] } }),
            Json::Null,
        ),
        life(
            "priority_class",
            "/apis/scheduling.k8s.io/v1",
            "priorityclasses",
            false,
            json!({ "value": 1000, "description": "d" }),
            json!({ "description": "e" }),
            json!({ "description": "x" }),
            json!({ "value": 2000 }),
        ),
        life(
            "pod_disruption_budget",
            "/apis/policy/v1",
            "poddisruptionbudgets",
            true,
            json!({ "selector": { "match_labels": { "app": "web" } }, "min_available": 1 }),
            json!({ "min_available": "50%" }),
            json!({ "spec": { "minAvailable": 2 } }),
            Json::Null,
        ),
        life(
            "horizontal_pod_autoscaler",
            "/apis/autoscaling/v2",
            "horizontalpodautoscalers",
            true,
            json!({ "scale_target_ref": { "api_version": "apps/v1", "kind": "Deployment", "name": "web" }, "max_replicas": 5,
                "metrics": [{ "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "average_utilization": 70 } } }] }),
            json!({ "max_replicas": 6 }),
            json!({ "spec": { "maxReplicas": 7 } }),
            Json::Null,
        ),
        life(
            "storage_class",
            "/apis/storage.k8s.io/v1",
            "storageclasses",
            false,
            json!({ "provisioner": "example.com/p", "allow_volume_expansion": false }),
            json!({ "allow_volume_expansion": true }),
            json!({ "allowVolumeExpansion": true }),
            json!({ "provisioner": "example.com/q" }),
        ),
        life(
            "service",
            "/api/v1",
            "services",
            true,
            json!({ "selector": { "app": "web" }, "ports": [{ "port": 80, "target_port": 8080 }] }),
            json!({ "ports": [{ "name": "a", "port": 80, "target_port": "http" }, { "name": "b", "port": 81 }] }),
            json!({ "spec": { "selector": { "app": "x" } } }),
            json!({ "cluster_ip": "None" }),
        ),
        life(
            "ingress",
            "/apis/networking.k8s.io/v1",
            "ingresses",
            true,
            json!({ "rules": [{ "host": "a.example", "http": { "paths": [{ "path": "/", "path_type": "Prefix", "backend": { "service": { "name": "web", "port": { "number": 80 } } } }] } }] }),
            json!({ "tls": [{ "hosts": ["a.example"], "secret_name": "t" }] }),
            json!({ "spec": { "rules": [{ "host": "b.example" }] } }),
            Json::Null,
        ),
        life(
            "deployment",
            "/apis/apps/v1",
            "deployments",
            true,
            json!({ "replicas": 1, "selector": { "match_labels": { "app": "web" } }, "template": pod }),
            json!({ "replicas": 2 }),
            json!({ "spec": { "replicas": 5 } }),
            json!({ "selector": { "match_labels": { "app": "web2" } }, "template": other_pod }),
        ),
    ]
}

/// The config with some attributes changed; null takes one away.
fn with(config: &Json, change: &Json) -> Json {
    let mut config = config.clone();
    for (name, value) in change.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

pub async fn live_their_lives(cluster: Cluster) {
    let mut lived = 0;
    for life in lives() {
        let group = cluster.foreign.get(life.root).await;
        let served = group.is_some_and(|group| {
            group["resources"].as_array().into_iter().flatten().any(|resource| resource["name"] == life.plural)
        });
        if served {
            live(&cluster, &life).await;
            lived += 1;
        } else {
            println!("{} is not served in this version", life.ty);
        }
    }
    assert!(lived >= 12, "only {lived} kinds are served");
}

async fn live(cluster: &Cluster, life: &Life) {
    let harness = &cluster.harness;
    let name = format!("{}-{}", cluster.namespace, life.plural);
    let mut base = life.config.clone();
    base["name"] = json!(name);
    let path = if life.namespaced {
        base["namespace"] = json!(cluster.namespace);
        cluster.path(life.root, life.plural, &name)
    } else {
        format!("{}/{}/{name}", life.root, life.plural)
    };
    let (config, changed) = (from_json(&base), from_json(&with(&base, &life.change)));
    println!("{}: {base}", life.ty);

    let request = harness.create_request(life.ty, "it", &config).await.unwrap();
    assert_eq!(harness.find(&request).await.unwrap(), Found::Absent, "{}", life.ty);
    let object = harness.send_create(request.clone()).await.unwrap().object;
    harness.assert_settled(life.ty, "it", &config, &object).await.unwrap();
    match harness.find(&request).await.unwrap() {
        Found::Ours(found) => assert_eq!(json_of(&found)["id"], json_of(&object)["id"]),
        other => panic!("{}: {other:?}", life.ty),
    }

    let object = harness.update(life.ty, "it", &changed, &object).await.unwrap();
    harness.assert_settled(life.ty, "it", &changed, &object).await.unwrap();

    cluster.foreign.edit(&path, life.edit.clone()).await;
    let drifted = present(harness.read(life.ty, &object).await.unwrap());
    let again = harness.plan(life.ty, &Address::resource("it"), &config, Some(&drifted)).await;
    // Who edited owns the field now: only `force` takes it back.
    let forced = forced(&config);
    let conflict = again.as_ref().is_err_and(|error| error.message.contains("kubectl-edit"));
    assert!(conflict || again.is_ok_and(|plan| !plan.is_clean()), "{}: drift is not seen", life.ty);
    let object = harness.update(life.ty, "it", &forced, &drifted).await.unwrap();
    harness.assert_settled(life.ty, "it", &forced, &object).await.unwrap();

    if !life.replace.is_null() {
        let other = forced_with(&base, &life.replace);
        let plan = harness.plan(life.ty, &Address::resource("it"), &other, Some(&object)).await.unwrap();
        assert!(plan.replaces(), "{}: {plan:?}", life.ty);
    }
    let id = if life.namespaced { format!("{}/{name}", cluster.namespace) } else { name.clone() };
    let imported = harness.import(life.ty, &id, &forced).await.unwrap();
    let plan = harness.plan(life.ty, &Address::resource("it"), &forced, Some(&imported)).await.unwrap();
    assert!(!plan.replaces(), "{}: importing what is there replaces nothing: {plan:?}", life.ty);
    let listed = harness.list(life.ty).await.unwrap();
    assert!(listed.iter().any(|listed| listed.id == id), "{}: it is not listed", life.ty);

    // Without controllers namespaces never end.
    if life.ty != "namespace" || cluster.controllers {
        super::deleted(harness, life.ty, &object, &forced).await;
        assert_eq!(harness.read(life.ty, &object).await.unwrap(), ReadOutcome::Gone, "{}", life.ty);
    }
}

fn forced(config: &Value) -> Value {
    let mut map = config.as_map().cloned().unwrap();
    map.insert("force", Value::Bool(true));
    Value::Map(map)
}

fn forced_with(base: &Json, change: &Json) -> Value {
    forced(&from_json(&with(base, change)))
}
