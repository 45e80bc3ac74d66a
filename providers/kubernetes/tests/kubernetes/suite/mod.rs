//! The suite: what an object's life is like on an API server, whichever it is. It takes a kubeconfig and knows nothing else
//! of the server.

mod argocd;
mod kinds;
mod objects;

use crate::run;
use crate::server::Server;
use formwork_model::Value;
use formwork_model::value::{Masking, from_json, to_json};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{Environment, ProviderError, StoredObject};
use formwork_provider_kubernetes::{Argocd, Kubernetes};
use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use libtest_mimic::Trial;
use serde_json::{Value as Json, json};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

type Test = (&'static str, fn(Cluster) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Names test functions for the table.
macro_rules! suite {
    ($($module:ident::$name:ident),* $(,)?) => {
        const TESTS: &[Test] = &[$((
            concat!("suite::", stringify!($module), "::", stringify!($name)),
            |cluster| Box::pin($module::$name(cluster)),
        )),*];
    };
}

suite![
    kinds::live_their_lives,
    objects::fields_of_others_are_left_alone,
    objects::conflicts_name_the_other_and_force_takes_over,
    objects::edits_by_hand_are_taken_back,
    objects::what_is_left_out_is_taken_away,
    objects::what_cannot_change_replaces,
    objects::what_is_there_is_not_adopted,
    objects::finalizers_are_waited_for,
    objects::definitions_and_their_objects,
    objects::jobs_that_are_taken_away_have_run,
    objects::kinds_outside_of_namespaces_may_come_later,
    objects::many_are_read_at_once,
    objects::the_server_is_asked_before,
    objects::waits_for_fields,
    objects::namespaces_end,
    objects::secrets_stay_secret,
    objects::rollouts_that_stop_say_why,
    argocd::is_installed_and_upgraded,
    argocd::is_told_what_to_do,
];

/// What an API server and its controllers alone cannot show.
const NEED_NODES: &[&str] = &["suite::objects::jobs_that_are_taken_away_have_run"];

pub fn tests(server: &Result<Server, String>) -> Vec<Trial> {
    let lacks_nodes = server.as_ref().is_ok_and(|server| !server.nodes);
    let trial = |(position, (name, test)): (usize, &Test)| {
        let test = *test;
        let note = match server {
            Err(_) => " (skipped: no API server)",
            Ok(_) if lacks_nodes && NEED_NODES.contains(name) => " (skipped: no nodes that run pods)",
            Ok(_) => "",
        };
        let skipped = !note.is_empty();
        let found = server.as_ref().ok().map(|server| (server.kubeconfig.clone(), server.controllers));
        let body = move || match found.clone() {
            None => Ok(()),
            Some((kubeconfig, controllers)) => run(async move {
                test(Cluster::connect(&kubeconfig, controllers, position).await).await;
            }),
        };
        Trial::test(format!("{name}{note}"), body).with_ignored_flag(skipped)
    };
    TESTS.iter().enumerate().map(trial).collect()
}

/// A connection to the server, with a namespace of the test's own.
pub struct Cluster {
    pub harness: Harness,
    pub argocd: Harness,
    pub foreign: Foreign,
    pub namespace: String,
    pub controllers: bool,
}

impl Cluster {
    async fn connect(kubeconfig: &str, controllers: bool, position: usize) -> Self {
        let settings = || Value::map([("kubeconfig", Value::string(kubeconfig).secret())]);
        let harness = patiently(kubeconfig).await;
        let argocd = Harness::encoded(Argocd, settings(), Environment::default()).await.unwrap();
        let foreign = Foreign::connect(kubeconfig).await;
        let namespace = format!("suite-{position}-{}", std::process::id());
        foreign.send("POST", "/api/v1/namespaces", Some(json!({ "metadata": { "name": namespace } }))).await.unwrap();
        Self { harness, argocd, foreign, namespace, controllers }
    }

    /// An object as config of `kubernetes.manifest`, in the test's namespace.
    pub fn manifest(&self, mut object: Json) -> Value {
        object["metadata"]["namespace"] = json!(self.namespace);
        Value::map([("manifest", from_json(&object))])
    }

    pub fn config_map(&self, name: &str, data: Json) -> Value {
        self.manifest(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data }))
    }

    /// The path of an object in the test's namespace.
    pub fn path(&self, root: &str, plural: &str, name: &str) -> String {
        format!("{root}/namespaces/{}/{plural}/{name}", self.namespace)
    }

    pub async fn read(&self, object: &StoredObject) -> StoredObject {
        present(self.harness.read("manifest", object).await.unwrap())
    }
}

/// A server that has just started, on a busy machine, may take a while until it answers.
async fn patiently(kubeconfig: &str) -> Harness {
    for _ in 0..120 {
        let settings = Value::map([("kubeconfig", Value::string(kubeconfig).secret())]);
        match Harness::encoded(Kubernetes, settings, Environment::default()).await {
            Ok(harness) if harness.connection.account().0.contains_key("cluster") => return harness,
            _ => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
    panic!("the API server does not answer after two minutes")
}

/// Deletes, however long controllers take.
pub async fn deleted(harness: &Harness, ty: &str, object: &StoredObject, config: &Value) {
    harness.sink.waits.store(true, std::sync::atomic::Ordering::Relaxed);
    for _ in 0..10 {
        match harness.delete(ty, object, config).await {
            Err(error) if error.class == formwork_provider_api::ErrorClass::Timeout => {}
            result => return result.unwrap(),
        }
    }
    panic!("{ty} is still there")
}

pub fn present(outcome: formwork_provider_api::ReadOutcome) -> StoredObject {
    match outcome {
        formwork_provider_api::ReadOutcome::Present(object) => object,
        other => panic!("it is not there: {other:?}"),
    }
}

/// Values as JSON, secrets in the clear.
pub fn json_of(object: &StoredObject) -> Json {
    to_json(object.values.view(), Masking::Exposed)
}

/// Somebody else with the same rights.
pub struct Foreign {
    client: kube::Client,
}

impl Foreign {
    async fn connect(kubeconfig: &str) -> Self {
        let parsed = Kubeconfig::from_yaml(kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.unwrap();
        Self { client: kube::Client::try_from(config).unwrap() }
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<Json>) -> Result<Json, kube::Error> {
        let kind = match (method, path.contains("force=")) {
            ("PATCH", true) => "application/apply-patch+yaml",
            ("PATCH", false) => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request =
            Request::builder().method(method).uri(path).header("content-type", kind).body(body.into_bytes()).unwrap();
        let text = self.client.request_text(request).await?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    /// Changes fields, as `kubectl edit` does.
    pub async fn edit(&self, path: &str, change: Json) -> Json {
        self.send("PATCH", &format!("{path}?fieldManager=kubectl-edit"), Some(change)).await.unwrap()
    }

    /// Applies as another manager.
    pub async fn apply(&self, path: &str, object: Json, force: bool) -> Json {
        self.send("PATCH", &format!("{path}?fieldManager=other&force={force}"), Some(object)).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Option<Json> {
        self.send("GET", path, None).await.ok()
    }
}

/// Creates, and looks that nothing is left to do.
pub async fn settled(harness: &Harness, ty: &str, name: &str, config: &Value) -> Result<StoredObject, ProviderError> {
    let object = harness.create(ty, name, config).await?;
    harness.assert_settled(ty, name, config, &object).await?;
    Ok(object)
}

/// Waits until something is so, for a while.
pub async fn eventually<F: Future<Output = bool>>(what: &str, is: impl Fn() -> F) {
    for _ in 0..300 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{what}: not so after a minute");
}
