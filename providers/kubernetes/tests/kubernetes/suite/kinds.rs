//! Each typed kind goes through its life: created, settled, changed, drifted, imported, found, deleted.

use super::{Cluster, json_of, present};
use formwork_model::value::from_json;
use formwork_model::{Address, Value};
use formwork_provider_api::{Found, ReadOutcome};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// A kind's life; what the members mean stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Life {
    #[serde(rename = "type")]
    ty: String,
    root: String,
    plural: String,
    #[serde(default = "yes")]
    namespaced: bool,
    config: Json,
    change: Json,
    edit: Json,
    #[serde(default)]
    replace: Json,
}

fn yes() -> bool {
    true
}

fn lives() -> Vec<Life> {
    serde_norway::from_str(include_str!("lives.yaml")).unwrap()
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
        let group = cluster.foreign.get(&life.root).await;
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
        cluster.path(&life.root, &life.plural, &name)
    } else {
        format!("{}/{}/{name}", life.root, life.plural)
    };
    let (config, changed) = (from_json(&base), from_json(&with(&base, &life.change)));
    println!("{}: {base}", life.ty);

    let request = harness.create_request(&life.ty, "it", &config).await.unwrap();
    assert_eq!(harness.find(&request).await.unwrap(), Found::Absent, "{}", life.ty);
    let object = harness.send_create(request.clone()).await.unwrap().object;
    harness.assert_settled(&life.ty, "it", &config, &object).await.unwrap();
    match harness.find(&request).await.unwrap() {
        Found::Ours(found) => assert_eq!(json_of(&found)["id"], json_of(&object)["id"]),
        other => panic!("{}: {other:?}", life.ty),
    }

    let object = harness.update(&life.ty, "it", &changed, &object).await.unwrap();
    harness.assert_settled(&life.ty, "it", &changed, &object).await.unwrap();

    cluster.foreign.edit(&path, life.edit.clone()).await;
    let drifted = present(harness.read(&life.ty, &object).await.unwrap());
    let again = harness.plan(&life.ty, &Address::resource("it"), &config, Some(&drifted)).await.unwrap();
    assert!(!again.is_clean(), "{}: drift is not seen", life.ty);
    // Who edited may own the field now: it is taken back, and the plan says so.
    let told =
        again.response.findings.iter().all(|finding| finding.warning && finding.message.contains("kubectl-edit"));
    assert!(told, "{}: {again:?}", life.ty);
    let object = harness.update(&life.ty, "it", &config, &drifted).await.unwrap();
    harness.assert_settled(&life.ty, "it", &config, &object).await.unwrap();
    let forced = forced(&config);
    let object = harness.update(&life.ty, "it", &forced, &object).await.unwrap();

    if !life.replace.is_null() {
        let other = forced_with(&base, &life.replace);
        let plan = harness.plan(&life.ty, &Address::resource("it"), &other, Some(&object)).await.unwrap();
        assert!(plan.replaces(), "{}: {plan:?}", life.ty);
    }
    let id = if life.namespaced { format!("{}/{name}", cluster.namespace) } else { name.clone() };
    let imported = harness.import(&life.ty, &id, &forced).await.unwrap();
    let plan = harness.plan(&life.ty, &Address::resource("it"), &forced, Some(&imported)).await.unwrap();
    assert!(!plan.replaces(), "{}: importing what is there replaces nothing: {plan:?}", life.ty);
    let listed = harness.list(&life.ty).await.unwrap();
    assert!(listed.iter().any(|listed| listed.id == id), "{}: it is not listed", life.ty);

    // Without controllers namespaces never end.
    if life.ty != "namespace" || cluster.controllers {
        super::deleted(harness, &life.ty, &object, &forced).await;
        assert_eq!(harness.read(&life.ty, &object).await.unwrap(), ReadOutcome::Gone, "{}", life.ty);
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
