//! What holds for all objects: ownership, conflicts, waits, deletion.

use super::{Cluster, eventually, json_of, present, settled};
use formwork_model::value::from_json;
use formwork_model::{Address, Value};
use formwork_provider_api::{ErrorClass, Found, ReadManyRequest, ReadOutcome, StoredObject};
use serde_json::{Value as Json, json};
use std::sync::atomic::Ordering;

fn web(replicas: Json) -> Json {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" }, "spec": {
        "replicas": replicas, "selector": { "matchLabels": { "app": "web" } },
        "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [
            { "name": "web", "image": "web:1", "ports": [{ "containerPort": 80 }], "resources": { "limits": { "cpu": "1000m" } } },
        ] } },
    } })
}

fn with(config: &Value, more: &[(&str, Value)]) -> Value {
    let mut map = config.as_map().cloned().unwrap();
    for (name, value) in more {
        map.insert(*name, value.clone());
    }
    Value::Map(map)
}

pub async fn fields_of_others_are_left_alone(cluster: Cluster) {
    let config = cluster.manifest(web(Json::Null));
    let object = settled(&cluster.harness, "manifest", "web", &config).await.unwrap();
    let path = cluster.path("/apis/apps/v1", "deployments", "web");
    // Another manager adds a container, a port and an annotation; a controller scales.
    cluster.foreign.apply(&path, json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "annotations": { "other": "x" } },
        "spec": { "replicas": 7, "selector": { "matchLabels": { "app": "web" } }, "template": { "spec": { "containers": [
            { "name": "sidecar", "image": "s:1" }, { "name": "web", "ports": [{ "containerPort": 9090, "protocol": "TCP" }] },
        ] } } },
    }), false).await;
    let read = cluster.read(&object).await;
    assert_eq!(read.values, object.values, "nothing of ours changed");
    let mut newer = web(Json::Null);
    newer["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
    let newer = cluster.manifest(newer);
    let object = cluster.harness.update("manifest", "web", &newer, &read).await.unwrap();
    cluster.harness.assert_settled("manifest", "web", &newer, &object).await.unwrap();
    let live = cluster.foreign.get(&path).await.unwrap();
    let containers = live["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let names: Vec<&str> = containers.iter().map(|container| container["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"sidecar") && names.contains(&"web"), "{names:?}");
    let web = containers.iter().find(|container| container["name"] == "web").unwrap();
    assert_eq!((&web["image"], web["ports"].as_array().unwrap().len()), (&json!("web:2"), 2));
    assert_eq!(live["spec"]["replicas"], json!(7));
}

pub async fn conflicts_name_the_other_and_force_takes_over(cluster: Cluster) {
    let path = cluster.path("/api/v1", "configmaps", "c");
    let config = cluster.config_map("c", json!({ "a": "1" }));
    let object = settled(&cluster.harness, "manifest", "c", &config).await.unwrap();
    cluster
        .foreign
        .apply(
            &path,
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "b": "theirs" } }),
            true,
        )
        .await;
    let wanted = cluster.config_map("c", json!({ "a": "1", "b": "ours" }));
    let read = cluster.read(&object).await;
    let error = cluster.harness.plan("manifest", &Address::resource("c"), &wanted, Some(&read)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict);
    assert!(error.message.contains("other") && error.message.contains("data.b"), "{error}");
    let forced = with(&wanted, &[("force", Value::Bool(true))]);
    let object = cluster.harness.update("manifest", "c", &forced, &read).await.unwrap();
    cluster.harness.assert_settled("manifest", "c", &forced, &object).await.unwrap();
    assert_eq!(cluster.foreign.get(&path).await.unwrap()["data"]["b"], json!("ours"));
}

/// A person's edit of a field of ours is drift. Anything else that others own stays a conflict, with all that there is.
pub async fn edits_by_hand_are_taken_back(cluster: Cluster) {
    let path = cluster.path("/api/v1", "configmaps", "c");
    let address = Address::resource("c");
    let config = cluster.config_map("c", json!({ "a.b": "1", "b": "2" }));
    let object = settled(&cluster.harness, "manifest", "c", &config).await.unwrap();
    let edit = async |data: Json| drop(cluster.foreign.edit(&path, json!({ "data": data })).await);
    let plan = async |config: &Value, prior: &StoredObject| {
        cluster.harness.plan("manifest", &address, config, Some(prior)).await
    };

    edit(json!({ "a.b": "by hand", "z": "theirs" })).await;
    let drifted = cluster.read(&object).await;
    let planned = plan(&config, &drifted).await.unwrap();
    assert!(!planned.is_clean());
    let [finding] = planned.response.findings.as_slice() else { panic!("{:?}", planned.response.findings) };
    assert!(finding.warning && finding.message.contains("data.a.b was changed by hand (kubectl-edit)"), "{finding:?}");

    // What was edited since the plan's look is not taken back unseen.
    edit(json!({ "a.b": "later" })).await;
    let unseen = plan(&config, &drifted).await.unwrap_err();
    assert!(unseen.message.contains(r#""later" -> "1""#), "{unseen}");
    assert!(unseen.help.as_deref().is_some_and(|help| help.contains("plan again")), "{unseen:?}");
    // Nor is what we never set.
    let more = cluster.config_map("c", json!({ "a.b": "1", "b": "2", "z": "ours" }));
    let drifted = cluster.read(&object).await;
    let foreign = plan(&more, &drifted).await.unwrap_err();
    assert!(foreign.class == ErrorClass::Conflict && foreign.message.contains(r#""theirs" -> "ours""#), "{foreign}");

    let object = cluster.harness.update("manifest", "c", &config, &drifted).await.unwrap();
    cluster.harness.assert_settled("manifest", "c", &config, &object).await.unwrap();
    let data = json!({ "a.b": "1", "b": "2", "z": "theirs" });
    assert_eq!(cluster.foreign.get(&path).await.unwrap()["data"], data);

    // With a manager besides that is no person, both are told and nothing is taken.
    edit(json!({ "a.b": "by hand" })).await;
    let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "b": "x" } });
    cluster.foreign.apply(&path, theirs, true).await;
    let drifted = cluster.read(&object).await;
    let both = plan(&config, &drifted).await.unwrap_err();
    for told in ["kubectl-edit", r#""by hand" -> "1""#, r#""other""#, r#""x" -> "2""#] {
        assert!(both.message.contains(told), "{told}: {both}");
    }
    assert_eq!(cluster.foreign.get(&path).await.unwrap()["data"]["a.b"], json!("by hand"));
}

pub async fn what_is_left_out_is_taken_away(cluster: Cluster) {
    let path = cluster.path("/api/v1", "configmaps", "c");
    let object = settled(&cluster.harness, "manifest", "c", &cluster.config_map("c", json!({ "a": "1", "b": "2" })))
        .await
        .unwrap();
    cluster.foreign.edit(&path, json!({ "data": { "z": "theirs" } })).await;
    let less = cluster.config_map("c", json!({ "a": "1" }));
    let object = cluster.harness.update("manifest", "c", &less, &object).await.unwrap();
    cluster.harness.assert_settled("manifest", "c", &less, &object).await.unwrap();
    let live = cluster.foreign.get(&path).await.unwrap();
    assert_eq!(live["data"], json!({ "a": "1", "z": "theirs" }));
    let stamp = &live["metadata"]["annotations"]["formwork-operation"];
    assert!(stamp.is_string(), "the stamp stays: {live}");
    assert!(!json_of(&object).to_string().contains("formwork-operation"), "and is not shown");
    // A hand-edited owned field is drift.
    cluster.foreign.edit(&path, json!({ "data": { "a": "by hand" } })).await;
    let drifted = cluster.read(&object).await;
    assert_eq!(json_of(&drifted)["manifest"]["data"], json!({ "a": "by hand" }));
}

pub async fn what_cannot_change_replaces(cluster: Cluster) {
    let config = cluster.manifest(web(json!(1)));
    let object = settled(&cluster.harness, "manifest", "web", &config).await.unwrap();
    let mut other = web(json!(1));
    other["spec"]["selector"]["matchLabels"] = json!({ "app": "other" });
    other["spec"]["template"]["metadata"]["labels"] = json!({ "app": "other" });
    let plan = cluster
        .harness
        .plan("manifest", &Address::resource("web"), &cluster.manifest(other), Some(&object))
        .await
        .unwrap();
    let paths: Vec<String> = plan.response.replace.iter().map(ToString::to_string).collect();
    assert!(plan.replaces() && paths.iter().any(|path| path.contains("selector")), "{paths:?}");
    let mut renamed = web(json!(1));
    renamed["metadata"]["name"] = json!("web2");
    let plan = cluster
        .harness
        .plan("manifest", &Address::resource("web"), &cluster.manifest(renamed), Some(&object))
        .await
        .unwrap();
    assert!(plan.replaces(), "{plan:?}");
}

pub async fn what_is_there_is_not_adopted(cluster: Cluster) {
    let theirs =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "a": "theirs" } });
    let path = cluster.path("/api/v1", "configmaps", "c");
    cluster.foreign.apply(&path, theirs, false).await;
    let config = cluster.config_map("c", json!({ "a": "ours" }));
    let planned = cluster.harness.plan("manifest", &Address::resource("c"), &config, None).await.unwrap();
    let [finding] = planned.response.findings.as_slice() else { panic!("{:?}", planned.response.findings) };
    assert!(finding.warning && finding.message.contains("is there already"), "{finding:?}");
    let request = cluster.harness.create_request("manifest", "c", &config).await.unwrap();
    let error = cluster.harness.send_create(request.clone()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict);
    assert!(error.help.as_deref().unwrap().contains("core/ConfigMap/"), "{error:?}");
    assert!(matches!(cluster.harness.find(&request).await.unwrap(), Found::Foreign(_)));
    let import = format!("v1/ConfigMap/{}/c", cluster.namespace);
    let imported = cluster.harness.import("manifest", &import, &config).await.unwrap();
    assert_eq!(json_of(&imported)["manifest"]["data"], json!({ "a": "theirs" }));
    let whole = cluster
        .harness
        .import("manifest", &format!("ConfigMap/{}/c", cluster.namespace), &Value::map::<&str>([]))
        .await
        .unwrap();
    assert_eq!(json_of(&whole)["manifest"]["metadata"]["name"], json!("c"));
}

pub async fn finalizers_are_waited_for(cluster: Cluster) {
    let object = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c", "finalizers": ["formwork.test/hold"] } });
    let config = cluster.manifest(object);
    let object = settled(&cluster.harness, "manifest", "c", &config).await.unwrap();
    let path = cluster.path("/api/v1", "configmaps", "c");
    cluster.harness.sink.waits.store(true, Ordering::Relaxed);
    let (deleted, ()) = tokio::join!(cluster.harness.delete("manifest", &object, &config), async {
        eventually("it is being deleted", || async {
            let live = cluster.foreign.get(&path).await;
            live.is_some_and(|live| live["metadata"]["deletionTimestamp"].is_string())
        })
        .await;
        assert_eq!(cluster.harness.read("manifest", &object).await.unwrap(), ReadOutcome::Deleting);
        cluster.foreign.edit(&path, json!({ "metadata": { "finalizers": null } })).await;
    });
    deleted.unwrap();
    assert!(cluster.foreign.get(&path).await.is_none());
    let told = cluster.harness.sink.told().join("\n");
    assert!(told.contains("formwork.test/hold"), "{told}");
    cluster.harness.delete("manifest", &object, &config).await.expect("a delete of what is gone is no error");
}

pub async fn definitions_and_their_objects(cluster: Cluster) {
    let group = format!("{}.formwork.test", cluster.namespace);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": format!("things.{group}") },
        "spec": { "group": group, "scope": "Namespaced", "names": { "kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                "spec": { "type": "object", "properties": { "size": { "type": "integer" }, "color": { "type": "string", "default": "red" } } } } } } }] },
    });
    let definition =
        Value::map([("manifest", from_json(&definition)), ("wait", Value::map([("established", Value::Bool(true))]))]);
    let thing = |size| {
        cluster.manifest(json!({ "apiVersion": format!("{group}/v1"), "kind": "Thing", "metadata": { "name": "t" }, "spec": { "size": size } }))
    };
    // Both are planned in full before the definition exists.
    let planned = cluster.harness.create_request("manifest", "thing", &thing(1)).await.unwrap();
    cluster.harness.sink.waits.store(true, Ordering::Relaxed);
    let made = settled(&cluster.harness, "manifest", "definition", &definition).await.unwrap();
    let object = cluster.harness.send_create(planned).await.unwrap().object;
    cluster.harness.assert_settled("manifest", "thing", &thing(1), &object).await.unwrap();
    let object = cluster.harness.update("manifest", "thing", &thing(2), &object).await.unwrap();
    assert_eq!(json_of(&object)["admitted"]["spec"], json!({ "color": "red" }), "the definition's default is seen");
    super::deleted(&cluster.harness, "manifest", &made, &definition).await;
    eventually("the definition takes its objects along", || async {
        cluster.harness.read("manifest", &object).await.is_ok_and(|outcome| outcome == ReadOutcome::Gone)
    })
    .await;
}

/// The cluster deletes them some time after their end: that is no drift, and they do not run again by themselves.
pub async fn jobs_that_are_taken_away_have_run(cluster: Cluster) {
    let job = |name: &str, command: &str| {
        let mut config = cluster
            .manifest(json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name }, "spec": {
                "ttlSecondsAfterFinished": 3, "backoffLimit": 0, "template": { "spec": { "restartPolicy": "Never", "containers": [
                    { "name": "one", "image": "busybox:1", "command": [command] } ] } } } }))
            .as_map()
            .cloned()
            .unwrap();
        config.insert("wait", Value::map([("rollout", Value::Bool(true))]));
        Value::Map(config)
    };
    let harness = &cluster.harness;
    harness.sink.waits.store(true, Ordering::Relaxed);
    let gone = async |name: &str| {
        let path = cluster.path("/apis/batch/v1", "jobs", name);
        eventually("the job is taken away", || async { cluster.foreign.get(&path).await.is_none() }).await;
    };
    let made = settled(harness, "manifest", "good", &job("good", "true")).await.unwrap();
    gone("good").await;
    let read = cluster.read(&made).await;
    assert_eq!(read, made, "it is as it was");
    let address = Address::resource("good");
    let plan = harness.plan("manifest", &address, &job("good", "true"), Some(&read)).await.unwrap();
    assert!(plan.is_clean(), "{plan:?}");
    let plan = harness.plan("manifest", &address, &job("good", "false"), Some(&read)).await.unwrap();
    assert!(plan.replaces(), "another one runs anew: {plan:?}");
    super::deleted(harness, "manifest", &read, &job("good", "true")).await;

    // One that failed has not done what it was for.
    let request = harness.create_request("manifest", "bad", &job("bad", "false")).await.unwrap();
    let failed = harness.send_create(request).await.unwrap();
    assert!(failed.incomplete.unwrap().contains("the job failed"));
    gone("bad").await;
    assert_eq!(harness.read("manifest", &failed.object).await.unwrap(), ReadOutcome::Gone);
}

/// Only the server can tell that the kind lies in no namespace, and it does not know it yet.
pub async fn kinds_outside_of_namespaces_may_come_later(cluster: Cluster) {
    let group = format!("{}.rules.test", cluster.namespace);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": format!("rules.{group}") },
        "spec": { "group": group, "scope": "Cluster", "names": { "kind": "Rule", "plural": "rules", "singular": "rule", "listKind": "RuleList" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true } } }] },
    });
    let rule =
        json!({ "apiVersion": format!("{group}/v1"), "kind": "Rule", "metadata": { "name": "r" }, "spec": { "x": 1 } });
    let rule = Value::map([("manifest", from_json(&rule))]);
    let planned = cluster.harness.create_request("manifest", "rule", &rule).await.unwrap();
    cluster.harness.sink.waits.store(true, Ordering::Relaxed);
    let definition =
        Value::map([("manifest", from_json(&definition)), ("wait", Value::map([("established", Value::Bool(true))]))]);
    let made = settled(&cluster.harness, "manifest", "definition", &definition).await.unwrap();
    let object = cluster.harness.send_create(planned).await.unwrap().object;
    cluster.harness.assert_settled("manifest", "rule", &rule, &object).await.unwrap();
    super::deleted(&cluster.harness, "manifest", &object, &rule).await;
    super::deleted(&cluster.harness, "manifest", &made, &definition).await;
}

pub async fn many_are_read_at_once(cluster: Cluster) {
    let mut objects = Vec::new();
    for number in 0..6 {
        let config = cluster.config_map(&format!("c{number}"), json!({ "n": number.to_string() }));
        objects.push(cluster.harness.create("manifest", "c", &config).await.unwrap());
    }
    cluster.foreign.send("DELETE", &cluster.path("/api/v1", "configmaps", "c3"), None).await.unwrap();
    let request = ReadManyRequest { type_name: "manifest".into(), objects: objects.clone() };
    let outcomes = cluster.harness.connection.read_many(request).await.unwrap();
    for (number, (outcome, object)) in outcomes.into_iter().zip(&objects).enumerate() {
        match outcome {
            ReadOutcome::Gone => assert_eq!(number, 3),
            other => assert_eq!(json_of(&present(other)), json_of(object)),
        }
    }
}

pub async fn the_server_is_asked_before(cluster: Cluster) {
    let planned = cluster
        .harness
        .plan("manifest", &Address::resource("web"), &cluster.manifest(web(json!(1))), None)
        .await
        .unwrap();
    let admitted = formwork_model::value::to_json(
        planned.response.planned.view(),
        formwork_model::value::Masking::Exposed,
    )["admitted"]
        .clone();
    assert_eq!(admitted["spec"]["strategy"]["type"], json!("RollingUpdate"), "defaults are seen: {admitted}");
    assert_eq!(admitted["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"], json!("IfNotPresent"));
    assert!(
        cluster.foreign.get(&cluster.path("/apis/apps/v1", "deployments", "web")).await.is_none(),
        "a plan makes nothing"
    );
    let mut wrong = web(json!(1));
    wrong["spec"]["template"]["metadata"]["labels"] = json!({ "app": "another" });
    let error =
        cluster.harness.plan("manifest", &Address::resource("web"), &cluster.manifest(wrong), None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid, "what the server would refuse is refused by the plan: {error}");
    // In a namespace that comes with the same plan it cannot be tried.
    let mut early = web(json!(1));
    early["metadata"]["namespace"] = json!("not-yet-there");
    let config = Value::map([("manifest", from_json(&early))]);
    let planned = cluster.harness.plan("manifest", &Address::resource("web"), &config, None).await.unwrap();
    assert!(planned.response.planned.view().get("admitted").unwrap().is_unknown());
}

pub async fn waits_for_fields(cluster: Cluster) {
    let field = Value::map([("data.ready", Value::string("yes"))]);
    let wait = |seconds: i64| Value::map([("field", field.clone()), ("timeout", Value::Duration(seconds * 1000))]);
    let config = with(&cluster.config_map("c", json!({ "a": "1" })), &[("wait", wait(60))]);
    let path = cluster.path("/api/v1", "configmaps", "c");
    cluster.harness.sink.waits.store(true, Ordering::Relaxed);
    let request = cluster.harness.create_request("manifest", "c", &config).await.unwrap();
    let (applied, ()) = tokio::join!(cluster.harness.send_create(request), async {
        eventually("it is there", || async { cluster.foreign.get(&path).await.is_some() }).await;
        cluster.foreign.edit(&path, json!({ "data": { "ready": "yes" } })).await;
    });
    let applied = applied.unwrap();
    assert_eq!(applied.incomplete, None);
    cluster.harness.sink.waits.store(false, Ordering::Relaxed);
    let config = with(&cluster.config_map("d", json!({ "a": "1" })), &[("wait", wait(5))]);
    let request = cluster.harness.create_request("manifest", "d", &config).await.unwrap();
    let applied = cluster.harness.send_create(request).await.unwrap();
    assert!(applied.incomplete.unwrap().contains("there is no data.ready yet"));
}

pub async fn namespaces_end(cluster: Cluster) {
    if !cluster.controllers {
        println!("without controllers namespaces do not end");
        return;
    }
    let name = format!("{}-end", cluster.namespace);
    let config = from_json(&json!({ "name": name }));
    let object = settled(&cluster.harness, "namespace", "n", &config).await.unwrap();
    let inside = from_json(&json!({ "name": "c", "namespace": name, "data": { "a": "b" } }));
    let map = settled(&cluster.harness, "config_map", "c", &inside).await.unwrap();
    cluster.harness.sink.waits.store(true, Ordering::Relaxed);
    super::deleted(&cluster.harness, "namespace", &object, &config).await;
    assert_eq!(cluster.harness.read("config_map", &map).await.unwrap(), ReadOutcome::Gone);
}

pub async fn secrets_stay_secret(cluster: Cluster) {
    let object = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" }, "stringData": { "password": "hunter2-hunter2" } });
    let config = cluster.manifest(object);
    let object = settled(&cluster.harness, "manifest", "s", &config).await.unwrap();
    let shown = format!("{object:?} {}", String::from_utf8_lossy(&object.private));
    let encoded = "aHVudGVyMi1odW50ZXIy";
    assert!(!shown.contains("hunter2") && !shown.contains(encoded), "{shown}");
    let plan = cluster.harness.plan("manifest", &Address::resource("s"), &config, None).await.unwrap();
    assert!(!format!("{plan:?}").contains("hunter2"));
    let whole = cluster
        .harness
        .import("manifest", &format!("Secret/{}/s", cluster.namespace), &Value::map::<&str>([]))
        .await
        .unwrap();
    assert!(!format!("{whole:?}").contains(encoded), "{whole:?}");
    let live = cluster
        .harness
        .data("object", &from_json(&json!({ "kind": "Secret", "namespace": cluster.namespace, "name": "s" })))
        .await
        .unwrap();
    assert!(!format!("{live:?}").contains(encoded), "{live:?}");
    cluster.foreign.edit(&cluster.path("/api/v1", "secrets", "s"), json!({ "data": { "password": "b3RoZXI=" } })).await;
    let drifted = cluster.read(&object).await;
    assert_eq!(json_of(&drifted)["manifest"]["stringData"]["password"], json!("other"));
    assert!(!format!("{drifted:?}").contains("other\""), "{drifted:?}");
    let theirs = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" }, "data": { "password": "b3RoZXI=" } });
    cluster.foreign.apply(&cluster.path("/api/v1", "secrets", "s"), theirs, true).await;
    let conflict =
        cluster.harness.plan("manifest", &Address::resource("s"), &config, Some(&drifted)).await.unwrap_err();
    let told = format!("{conflict:?}");
    assert!(told.contains("data.password") && told.contains("(secret) -> (secret)"), "{told}");
    assert!(!told.contains("b3RoZXI") && !told.contains("hunter2") && !told.contains(encoded), "{told}");
    // An edit is told by the attribute that says the text.
    let config = json!({ "name": "t", "namespace": cluster.namespace, "string_data": { "password": "hunter2" } });
    let config = from_json(&config);
    let object = settled(&cluster.harness, "secret", "t", &config).await.unwrap();
    cluster.foreign.edit(&cluster.path("/api/v1", "secrets", "t"), json!({ "data": { "password": "b3RoZXI=" } })).await;
    let drifted = present(cluster.harness.read("secret", &object).await.unwrap());
    let planned = cluster.harness.plan("secret", &Address::resource("t"), &config, Some(&drifted)).await.unwrap();
    let [finding] = planned.response.findings.as_slice() else { panic!("{:?}", planned.response.findings) };
    assert_eq!(finding.path.to_string(), "string_data");
}

pub async fn rollouts_that_stop_say_why(cluster: Cluster) {
    if !cluster.controllers {
        println!("without controllers there are no rollouts");
        return;
    }
    let mut doomed = web(json!(1));
    doomed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("registry.invalid/does-not-exist:1");
    let wait = Value::map([("rollout", Value::Bool(true)), ("timeout", Value::Duration(4000))]);
    let config = with(&cluster.manifest(doomed), &[("wait", wait)]);
    cluster.harness.sink.waits.store(true, Ordering::Relaxed);
    let request = cluster.harness.create_request("manifest", "web", &config).await.unwrap();
    let applied = cluster.harness.send_create(request).await.unwrap();
    let reason = applied.incomplete.expect("incomplete, not failed");
    assert!(reason.contains("not as wanted after 4 s"), "{reason}");
    cluster.harness.delete("manifest", &applied.object, &config).await.unwrap();
}
