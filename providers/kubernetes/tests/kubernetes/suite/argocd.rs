//! Argo CD: installed and upgraded object by object, and told what to do.

use super::{Cluster, json_of, settled};
use crate::schemas::manifests;
use formwork_model::value::from_json;
use formwork_model::{Address, Value, ValueBuf};
use formwork_provider_api::{Environment, ExpandRequest, ExpandedRow, Provider, StoredObject};
use formwork_provider_kubernetes::Argocd;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

fn rows(config: Json, sandbox: bool) -> Vec<ExpandedRow> {
    let environment = Environment { sandbox, ..Environment::default() };
    let config = ValueBuf::from(from_json(&config));
    Argocd.expand(&ExpandRequest { type_name: "install".into(), config, environment }).unwrap()
}

/// The objects outside of namespaces have fixed names: one test at a time.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Applies rows as the engine does: in their order.
async fn applied(
    cluster: &Cluster,
    rows: &[ExpandedRow],
    before: &BTreeMap<String, StoredObject>,
) -> (BTreeMap<String, StoredObject>, usize) {
    let (mut objects, mut changes) = (BTreeMap::new(), 0);
    for row in rows {
        let config = row.config.to_value();
        let object = match before.get(&row.key) {
            None => {
                changes += 1;
                cluster
                    .argocd
                    .create(&row.type_name, "row", &config)
                    .await
                    .unwrap_or_else(|error| panic!("{}: {error}", row.key))
            }
            Some(prior) => {
                let plan =
                    cluster.argocd.plan(&row.type_name, &Address::resource("row"), &config, Some(prior)).await.unwrap();
                if plan.is_clean() {
                    prior.clone()
                } else {
                    changes += 1;
                    cluster
                        .argocd
                        .update(&row.type_name, "row", &config, prior)
                        .await
                        .unwrap_or_else(|error| panic!("{}: {error}", row.key))
                }
            }
        };
        objects.insert(row.key.clone(), object);
    }
    (objects, changes)
}

pub async fn is_installed_and_upgraded(cluster: Cluster) {
    if manifests("3.0.0").is_none() {
        println!("skipped: no vendor data");
        return;
    }
    let _alone = ONE_AT_A_TIME.lock().await;
    definitions_away(&cluster).await;
    let config = |version: &str| json!({ "version": version, "namespace": cluster.namespace, "create_namespace": false, "wait": false });
    cluster.argocd.sink.waits.store(true, Ordering::Relaxed);
    let old = rows(config("3.0.0"), false);
    assert_eq!(old.len(), 59);
    let (objects, made) = applied(&cluster, &old, &BTreeMap::new()).await;
    assert_eq!(made, 59);
    let (objects, again) = applied(&cluster, &old, &objects).await;
    assert_eq!(again, 0, "the second plan is clean");
    for (key, object) in &objects {
        let read = super::present(cluster.argocd.read("object", object).await.unwrap());
        assert_eq!(json_of(&read), json_of(object), "{key} reads back as it was applied");
    }
    let new = rows(config("3.5.1"), false);
    let (_, changed) = applied(&cluster, &new, &objects).await;
    assert!(changed > 0 && changed < new.len(), "an upgrade changes some objects: {changed}");
    println!("upgrade 3.0.0 to 3.5.1: {changed} of {} objects change", new.len());
    definitions_away(&cluster).await;
}

async fn definitions_away(cluster: &Cluster) {
    for plural in ["applications", "applicationsets", "appprojects"] {
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.argoproj.io");
        drop(cluster.foreign.send("DELETE", &path, None).await);
    }
    for kind in ["clusterroles", "clusterrolebindings"] {
        for name in ["argocd-application-controller", "argocd-applicationset-controller", "argocd-server"] {
            let path = format!("/apis/rbac.authorization.k8s.io/v1/{kind}/{name}");
            drop(cluster.foreign.send("DELETE", &path, None).await);
        }
    }
    super::eventually("the definitions are gone", || async {
        let list =
            cluster.foreign.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").await.unwrap_or_default();
        !list.to_string().contains("argoproj.io")
    })
    .await;
}

/// On the stand-in's definitions, which are made from our own schemas: so these are real to an API server.
pub async fn is_told_what_to_do(cluster: Cluster) {
    let _alone = ONE_AT_A_TIME.lock().await;
    definitions_away(&cluster).await;
    let stand_in = rows(
        json!({ "version": "0.0.1", "sha256": "0".repeat(64), "url": "http://127.0.0.1:9/none", "namespace": cluster.namespace, "create_namespace": false, "wait": false }),
        true,
    );
    let harness = &cluster.argocd;
    harness.sink.waits.store(true, Ordering::Relaxed);
    applied(&cluster, &stand_in, &BTreeMap::new()).await;
    let namespace = &cluster.namespace;

    let project = from_json(
        &json!({ "name": "shop", "namespace": namespace, "source_repos": ["*"], "destinations": [{ "server": "*", "namespace": "*" }] }),
    );
    settled(harness, "project", "p", &project).await.unwrap();
    let bare = from_json(&json!({ "name": "bare", "namespace": namespace }));
    settled(harness, "project", "b", &bare).await.unwrap();
    let application = |wave: i64| {
        from_json(&json!({
            "name": "web", "namespace": namespace, "project": "shop", "sync_wave": wave, "annotations": { "team": "a" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "web" },
            "sources": [
                { "repo_url": "https://git.example/web", "path": "deploy", "target_revision": "main", "kustomize": { "images": ["a=b:1"], "replicas": [{ "name": "web", "count": 2 }] } },
                { "repo_url": "https://charts.example", "chart": "redis", "target_revision": "1.0.0", "helm": { "values_object": { "a": { "b": [1, "x"] } } } },
            ],
            "sync_policy": { "automated": { "prune": true, "self_heal": true }, "sync_options": ["CreateNamespace=true"], "retry": { "limit": 3, "backoff": { "duration": "5s", "factor": 2 } } },
            "ignore_differences": [{ "group": "apps", "kind": "Deployment", "jq_path_expressions": [".spec.replicas"] }],
        }))
    };
    let object = settled(harness, "application", "a", &application(1)).await.unwrap();
    let object = harness.update("application", "a", &application(2), &object).await.unwrap();
    harness.assert_settled("application", "a", &application(2), &object).await.unwrap();
    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/web");
    let live = cluster.foreign.get(&path).await.unwrap();
    assert_eq!(live["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"], json!("2"));
    assert_eq!(live["spec"]["sources"][1]["helm"]["valuesObject"], json!({ "a": { "b": [1, "x"] } }));

    let set = from_json(&json!({
        "name": "teams", "namespace": namespace, "go_template": true,
        "generators": [
            { "list": { "elements": [{ "team": "a" }, { "team": "b" }] } },
            { "matrix": { "generators": [{ "clusters": {} }, { "git": { "repo_url": "https://git.example/x", "revision": "HEAD", "directories": [{ "path": "apps/*" }] } }] } },
            { "merge": { "merge_keys": ["server"], "generators": [{ "clusters": {} }, { "list": { "elements": [{ "server": "s" }] } }] } },
            { "scm_provider": { "github": { "organization": "o", "token_ref": { "secret_name": "t", "key": "k" } } } },
            { "pull_request": { "gitlab": { "project": "1", "pull_request_state": "opened" }, "requeue_after_seconds": 60 } },
            { "cluster_decision_resource": { "config_map_ref": "m", "name": "n" } },
            { "plugin": { "config_map_ref": { "name": "m" }, "input": { "parameters": { "a": 1 } } } },
        ],
        "template": { "metadata": { "name": "{{.team}}" }, "spec": { "project": "shop", "destination": { "namespace": "{{.team}}" }, "source": { "repo_url": "https://git.example/x", "path": "." } } },
        "strategy": { "type": "RollingSync", "rolling_sync": { "steps": [{ "match_expressions": [{ "key": "env", "operator": "In", "values": ["dev"] }], "max_update": "25%" }] } },
    }));
    settled(harness, "application_set", "s", &set).await.unwrap();

    let repository = from_json(
        &json!({ "name": "repo", "namespace": namespace, "url": "https://git.example/x", "username": "u", "password": "hunter2-hunter2", "insecure": true, "project": "shop" }),
    );
    let object = settled(harness, "repository", "r", &repository).await.unwrap();
    assert!(!format!("{object:?}").contains("hunter2"), "{object:?}");
    let secret = cluster.foreign.get(&format!("/api/v1/namespaces/{namespace}/secrets/repo")).await.unwrap();
    assert_eq!(secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"], json!("repository"));
    assert_eq!(secret["data"]["insecure"], json!("dHJ1ZQ=="));
    let reached = from_json(&json!({
        "name": "edge", "namespace": namespace, "server": "https://edge.example", "cluster_name": "edge", "cluster_labels": { "env": "dev" },
        "config": { "bearer_token": "hunter2-hunter2", "tls_client_config": { "insecure": false, "ca_data": "eA==" } },
    }));
    let object = settled(harness, "cluster", "c", &reached).await.unwrap();
    assert!(!format!("{object:?}").contains("hunter2"), "{object:?}");

    is_waited_for(&cluster, &path).await;
    definitions_away(&cluster).await;
}

/// Writes a status again where the controller, before it went, had begun to write its own.
async fn keeps(cluster: &Cluster, path: &str, status: Json) {
    for _ in 0..10 {
        cluster.foreign.edit(path, status.clone()).await;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let live = cluster.foreign.get(path).await.unwrap_or_default();
        if live["status"]["sync"]["status"] == status["status"]["sync"]["status"] {
            return;
        }
    }
    panic!("somebody else writes the status of {path}");
}

async fn is_waited_for(cluster: &Cluster, path: &str) {
    let harness = &cluster.argocd;
    // Where something plays Argo CD, it stops with its controller: the status is this test's own from here on.
    let controller = cluster.path("/apis/apps/v1", "statefulsets", "argocd-application-controller");
    drop(cluster.foreign.send("DELETE", &controller, None).await);
    super::eventually("the controller is gone", || async { cluster.foreign.get(&controller).await.is_none() }).await;
    harness.sink.waits.store(false, Ordering::Relaxed);
    let config = Value::map([
        ("application", Value::string("web")),
        ("namespace", Value::string(cluster.namespace.as_str())),
        ("timeout", Value::Duration(6000)),
    ]);
    keeps(cluster, path, json!({ "status": { "sync": { "status": "OutOfSync" }, "health": { "status": "Missing" }, "conditions": [{ "type": "ComparisonError", "message": "no such path" }] } })).await;
    let request = harness.create_request("synced", "w", &config).await.unwrap();
    let applied = harness.send_create(request).await.unwrap();
    let reason = applied.incomplete.unwrap();
    assert!(reason.contains("OutOfSync") && reason.contains("no such path"), "{reason}");
    keeps(cluster, path, json!({ "status": { "sync": { "status": "Synced", "revision": "abc" }, "health": { "status": "Healthy" }, "conditions": [{ "type": "SimulatedSource", "message": "not reached" }] } })).await;
    let request = harness.create_request("synced", "w", &config).await.unwrap();
    let applied = harness.send_create(request).await.unwrap();
    assert_eq!(applied.incomplete, None);
    let warned = harness.sink.warned();
    assert!(warned.len() == 1 && warned[0].ends_with("web: SimulatedSource: not reached"), "{warned:?}");
    // Another installation's controller may have had the last word on it.
    assert!(json_of(&applied.object)["revision"].as_str().is_some_and(|revision| !revision.is_empty()));
    harness.assert_settled("synced", "w", &config, &applied.object).await.unwrap();
    harness.delete("synced", &applied.object, &config).await.unwrap();
    assert!(cluster.foreign.get(path).await.is_some(), "deleting it does nothing");
}
