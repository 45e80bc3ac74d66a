//! A stack's sandbox as somebody else sees it: through requests of another client than the providers', and in its log.

use super::sandbox::Sandboxed;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Certificate, Client, Method};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const CLUSTERS: &str = "Microsoft.ContainerService/managedClusters";
const CLUSTERS_VERSION: &str = "2024-09-01";

/// Another client of a sandbox.
pub(crate) struct Cloud {
    url: String,
    token: String,
    subscription: String,
    client: Client,
    runtime: Runtime,
}

/// A Kubernetes API in the sandbox: below which path, and with which token.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) root: String,
    pub(crate) kubeconfig: String,
    token: String,
}

impl Cloud {
    /// Of the default environment; it is started where it does not run.
    pub(crate) fn of(sandboxed: &Sandboxed) -> Self {
        let facts = sandboxed.start();
        let fact = |name: &str| facts[name].as_str().unwrap_or_else(|| panic!("no {name} in {facts}")).to_owned();
        let authority = Certificate::from_pem(&std::fs::read(fact("ca")).unwrap()).unwrap();
        let client = Client::builder().tls_built_in_root_certs(false).add_root_certificate(authority).no_proxy();
        Self {
            url: fact("url"),
            token: fact("token"),
            subscription: fact("subscription_id"),
            client: client.build().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    fn send(&self, method: &str, path: &str, token: &str, kind: &str, body: Option<&Json>) -> (u16, Json) {
        let sent = self.try_send(method, path, token, kind, body);
        sent.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    fn try_send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        kind: &str,
        body: Option<&Json>,
    ) -> reqwest::Result<(u16, Json)> {
        self.runtime.block_on(async {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
            request = request.header("content-type", kind);
            request = request.body(body.map(Json::to_string).unwrap_or_default());
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            Ok((status, serde_json::from_str(&answer.text().await?).unwrap_or_default()))
        })
    }

    /// The subscription of all sandboxes.
    pub(crate) fn subscription(&self) -> &str {
        &self.subscription
    }

    /// A request to Azure Resource Manager, or whatever else has versions; none where the connection ended instead.
    pub(crate) fn try_ask(&self, method: &str, path: &str, version: &str, body: Option<&Json>) -> Option<(u16, Json)> {
        self.try_send(method, &format!("{path}?api-version={version}"), &self.token, "application/json", body).ok()
    }

    /// The status of a read with a token of another's.
    pub(crate) fn status_with(&self, token: &str, path: &str) -> u16 {
        self.send("GET", &format!("{path}?api-version=2024-03-01"), token, "application/json", None).0
    }

    /// A request to Azure Resource Manager.
    pub(crate) fn ask(&self, method: &str, path: &str, version: &str, body: Option<&Json>) -> (u16, Json) {
        self.send(method, &format!("{path}?api-version={version}"), &self.token, "application/json", body)
    }

    /// The Kubernetes APIs that there are.
    pub(crate) fn apis(&self) -> Vec<Api> {
        let list = format!("/subscriptions/{}/providers/{CLUSTERS}", self.subscription);
        let (status, list) = self.ask("GET", &list, CLUSTERS_VERSION, None);
        assert_eq!(status, 200, "{list}");
        let clusters = list["value"].as_array().unwrap().iter();
        clusters.filter_map(|cluster| self.api(cluster["id"].as_str().unwrap())).collect()
    }

    /// That of a cluster; none while it is being made.
    fn api(&self, cluster: &str) -> Option<Api> {
        let credentials = format!("{cluster}/listClusterAdminCredential");
        let (status, answer) = self.ask("POST", &credentials, CLUSTERS_VERSION, None);
        let kubeconfig = answer["kubeconfigs"][0]["value"].as_str().filter(|_| status == 200)?;
        let kubeconfig = String::from_utf8(STANDARD.decode(kubeconfig).unwrap()).unwrap();
        let parsed: Json = serde_norway::from_str(&kubeconfig).unwrap();
        let server = parsed["clusters"][0]["cluster"]["server"].as_str().unwrap();
        let root = server.strip_prefix(&self.url).unwrap().to_owned();
        let token = parsed["users"][0]["user"]["token"].as_str().unwrap().to_owned();
        Some(Api { root, kubeconfig, token })
    }

    /// The object at a path of a Kubernetes API; none where there is none.
    pub(crate) fn object(&self, api: &Api, path: &str) -> Option<Json> {
        let (status, object) = self.send("GET", &format!("{}{path}", api.root), &api.token, "application/json", None);
        (status == 200).then_some(object)
    }

    /// Passes a request on to a Kubernetes API, as its administrator.
    pub(crate) fn pass(&self, api: &Api, method: &str, path: &str, kind: &str, body: Option<&Json>) -> (u16, Json) {
        self.send(method, &format!("{}{path}", api.root), &api.token, kind, body)
    }

    /// Lets so much of the cloud's time pass.
    pub(crate) fn forward(&self, by: Duration) {
        let body = serde_json::json!({ "forward_ms": u64::try_from(by.as_millis()).unwrap() });
        let (status, answer) = self.send("POST", "/sandbox/clock", &self.token, "application/json", Some(&body));
        assert_eq!(status, 200, "{answer}");
    }

    /// Changes fields of an object as `kubectl edit` does.
    pub(crate) fn edit(&self, api: &Api, path: &str, change: &Json) {
        let path = format!("{}{path}?fieldManager=kubectl-edit", api.root);
        let (status, answer) = self.send("PATCH", &path, &api.token, "application/merge-patch+json", Some(change));
        assert_eq!(status, 200, "{answer}");
    }

    /// Applies fields as another manager.
    pub(crate) fn apply(&self, api: &Api, path: &str, object: &Json) {
        let path = format!("{}{path}?fieldManager=somebody-else", api.root);
        let (status, answer) = self.send("PATCH", &path, &api.token, "application/apply-patch+yaml", Some(object));
        assert!(matches!(status, 200 | 201), "{answer}");
    }

    /// Everything that a client has ever put, patched or posted and that is there now, by what identifies it: an ARM id in
    /// lower case, or `group/Kind/namespace/name`.
    pub(crate) fn inventory(&self, log: &[Json]) -> BTreeMap<String, Json> {
        let apis = self.apis();
        let mut found = BTreeMap::new();
        for (path, version) in written(log) {
            if let Some(api) = apis.iter().find(|api| path.starts_with(&format!("{}/", api.root))) {
                let there = self.object(api, &path[api.root.len()..]);
                let there = there.filter(|object| object["metadata"]["deletionTimestamp"].is_null());
                found.extend(there.map(|object| (kubernetes_id(&object), object)));
            } else if path.starts_with("/subscriptions/") || path.starts_with("/providers/") {
                let (status, object) = self.ask("GET", &path, &version, None);
                let is_deleting = object["properties"]["provisioningState"] == "Deleting";
                if status == 200 && !is_deleting {
                    let id = object["id"].as_str().unwrap_or(&path).to_lowercase();
                    found.insert(id, object);
                }
            }
        }
        found
    }
}

/// Paths of requests that may have made something, with the API version of the first.
fn written(log: &[Json]) -> BTreeMap<String, String> {
    let mut paths = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for line in log {
        let (method, path) = (line["method"].as_str().unwrap(), line["path"].as_str().unwrap());
        let writes = method == "PUT" || method == "PATCH" && path.starts_with("/kubernetes/");
        if writes && seen.insert(path.to_lowercase()) {
            paths.insert(path.to_owned(), line["api_version"].as_str().unwrap_or_default().to_owned());
        }
    }
    paths
}

/// As the provider's `id` has it.
fn kubernetes_id(object: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let version = text(&object["apiVersion"]);
    let group = version.split_once('/').map_or("core", |(group, _)| group);
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{group}/{kind}/{namespace}/{name}"),
        None => format!("{group}/{kind}/{name}"),
    }
}

/// The lines of a sandbox's log.
pub(crate) fn log(sandboxed: &Sandboxed) -> Vec<Json> {
    let told = sandboxed.0.run(&["sandbox", "log", "--json"]).expect(0).out;
    told.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Waits for something that a process beside brings about.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
