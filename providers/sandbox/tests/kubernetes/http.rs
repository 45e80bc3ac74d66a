//! What clients seldom show: tokens, statuses, watches, pages, discovery.

use crate::server::{Server, spec};
use base64::Engine as _;
use formwork_sandbox::arm::Arm;
use formwork_sandbox::exchange::{Request, Response};
use formwork_sandbox::kubernetes::{Clusters, Credential};
use formwork_sandbox::store::Store;
use serde_json::{Value as Json, json};
use std::sync::Arc;

crate::tests![
    strangers_are_refused,
    a_service_account_may_what_it_is_bound_to,
    statuses_are_those_of_kubernetes,
    a_watch_goes_on_where_a_list_ended,
    an_old_version_has_expired,
    discovery_comes_in_both_forms,
    clusters_come_and_go,
    objects_outlive_a_restart,
    a_managed_cluster_has_an_api,
];

/// A client of one cluster.
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// The URL and the token of a kubeconfig.
fn parts(kubeconfig: &str) -> (String, String) {
    let config: Json = serde_norway::from_str(kubeconfig).unwrap();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    (text(&config["clusters"][0]["cluster"]["server"]), text(&config["users"][0]["user"]["token"]))
}

impl Client {
    pub fn on(server: &Server) -> Self {
        Self::with(server, &server.kubeconfig("c1"))
    }

    fn with(server: &Server, kubeconfig: &str) -> Self {
        let (url, token) = parts(kubeconfig);
        let root = reqwest::Certificate::from_pem(server.authority.as_bytes()).unwrap();
        let http = reqwest::Client::builder().use_rustls_tls().add_root_certificate(root).build().unwrap();
        Self { http, url, token }
    }

    fn as_token(&self, token: &str) -> Self {
        Self { http: self.http.clone(), url: self.url.clone(), token: token.to_owned() }
    }

    pub fn call(&self, server: &Server, method: &str, path: &str, body: Option<&Json>) -> (u16, Json) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            let patches = method == reqwest::Method::PATCH;
            let kind = if patches { "application/merge-patch+json" } else { "application/json" };
            request = request.header("content-type", kind).body(body.to_string());
        }
        server.block_on(async {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.json().await.unwrap_or_default())
        })
    }

    pub fn get(&self, server: &Server, path: &str) -> Json {
        let (status, body) = self.call(server, "GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn post(&self, server: &Server, path: &str, body: &Json) -> (u16, Json) {
        self.call(server, "POST", path, Some(body))
    }

    fn namespace(&self, server: &Server, name: &str) {
        let (status, body) = self.post(server, "/api/v1/namespaces", &json!({"metadata": {"name": name}}));
        assert_eq!(status, 201, "{body}");
    }

    /// The first lines of a watch.
    fn watch(&self, server: &Server, path: &str, count: usize) -> Vec<Json> {
        // A watch that lacks lines ends, so that its test can say so.
        let limit = if path.contains("timeoutSeconds") { "" } else { "&timeoutSeconds=20" };
        let request = self.http.get(format!("{}{path}{limit}", self.url)).bearer_auth(&self.token);
        server.block_on(async {
            let mut response = request.send().await.unwrap();
            let (mut text, mut lines) = (String::new(), Vec::new());
            while lines.len() < count {
                let Some(chunk) = response.chunk().await.unwrap() else { break };
                text.push_str(std::str::from_utf8(&chunk).unwrap());
                lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            }
            lines
        })
    }
}

fn config_map(name: &str) -> Json {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

fn strangers_are_refused(server: &Server) {
    let client = Client::on(server);
    let (status, body) = client.as_token("guess").call(server, "GET", "/api/v1/namespaces", None);
    assert_eq!((status, &body["reason"], &body["kind"]), (401, &json!("Unauthorized"), &json!("Status")));
    let (status, _) = client.as_token("guess").call(server, "GET", "/version", None);
    assert_eq!(status, 200, "the version is no secret");
}

fn a_service_account_may_what_it_is_bound_to(server: &Server) {
    let client = Client::on(server);
    client.namespace(server, "access");
    let (status, review) =
        client.post(server, "/api/v1/namespaces/access/serviceaccounts/default/token", &json!({"spec": {}}));
    assert_eq!(status, 201);
    let account = client.as_token(review["status"]["token"].as_str().unwrap());
    let path = "/api/v1/namespaces/access/configmaps";
    let (status, body) = account.call(server, "GET", path, None);
    assert_eq!(status, 403);
    let wanted = r#"configmaps is forbidden: User "system:serviceaccount:access:default" cannot list resource "configmaps" in API group "" in the namespace "access""#;
    assert_eq!(body["message"], wanted);
    let role = json!({"metadata": {"name": "reader"}, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]});
    let binding = json!({
        "metadata": {"name": "reader"}, "roleRef": {"kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "access"}],
    });
    let group = "/apis/rbac.authorization.k8s.io/v1/namespaces/access";
    assert_eq!(client.post(server, &format!("{group}/roles"), &role).0, 201);
    assert_eq!(client.post(server, &format!("{group}/rolebindings"), &binding).0, 201);
    account.get(server, path);
    assert_eq!(account.post(server, path, &config_map("x")).0, 403);
    let review =
        json!({"spec": {"resourceAttributes": {"verb": "list", "resource": "configmaps", "namespace": "access"}}});
    let (_, review) = account.post(server, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review);
    assert_eq!(review["status"]["allowed"], true);
}

fn statuses_are_those_of_kubernetes(server: &Server) {
    let client = Client::on(server);
    client.namespace(server, "statuses");
    let path = "/api/v1/namespaces/statuses/configmaps";
    let (status, created) = client.post(server, path, &config_map("one"));
    assert_eq!(status, 201);
    let (status, body) = client.post(server, path, &config_map("one"));
    assert_eq!((status, &body["reason"]), (409, &json!("AlreadyExists")));
    assert_eq!(body["message"], r#"configmaps "one" already exists"#);
    assert_eq!(body["details"], json!({"name": "one", "kind": "configmaps"}));
    // A write on an old version.
    let one = format!("{path}/one");
    let mut first = created.clone();
    first["data"] = json!({"a": "1"});
    assert_eq!(client.call(server, "PUT", &one, Some(&first)).0, 200);
    first["data"] = json!({"a": "2"});
    let (status, body) = client.call(server, "PUT", &one, Some(&first));
    assert_eq!((status, &body["reason"]), (409, &json!("Conflict")));
    assert!(body["message"].as_str().unwrap().contains("the object has been modified"), "{body}");
    // A name that cannot be.
    let (status, body) = client.post(server, path, &config_map("One"));
    assert_eq!((status, &body["reason"]), (422, &json!("Invalid")));
    assert_eq!(body["details"]["causes"][0]["field"], "metadata.name");
    // A dry run keeps nothing.
    assert_eq!(client.post(server, &format!("{path}?dryRun=All"), &config_map("dry")).0, 201);
    assert_eq!(client.call(server, "GET", &format!("{path}/dry"), None).0, 404);
    assert_eq!(client.call(server, "GET", "/apis/nowhere.io/v1/things", None).0, 404);
    let (status, body) = client.post(server, "/api/v1/namespaces/nowhere/configmaps", &config_map("x"));
    assert_eq!((status, body["message"].as_str()), (404, Some(r#"namespaces "nowhere" not found"#)));
}

fn a_watch_goes_on_where_a_list_ended(server: &Server) {
    let client = Client::on(server);
    client.namespace(server, "watched");
    let path = "/api/v1/namespaces/watched/configmaps";
    client.post(server, path, &config_map("first"));
    let version = client.get(server, path)["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let labelled =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "second", "labels": {"in": "yes"}}});
    client.post(server, path, &labelled);
    client.call(server, "PATCH", &format!("{path}/second"), Some(&json!({"data": {"a": "1"}})));
    client.call(server, "PATCH", &format!("{path}/second"), Some(&json!({"metadata": {"labels": {"in": null}}})));
    client.call(server, "DELETE", &format!("{path}/second"), None);
    let kinds = |lines: &[Json]| lines.iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let all = client.watch(server, &format!("{path}?watch=1&resourceVersion={version}"), 4);
    assert_eq!(kinds(&all), ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]);
    // To a selector an object that ceases to fit is gone.
    let selected = format!("{path}?watch=1&resourceVersion={version}&labelSelector=in%3Dyes&timeoutSeconds=1");
    assert_eq!(kinds(&client.watch(server, &selected, 9)), ["ADDED", "MODIFIED", "DELETED"]);
    let initial =
        format!("{path}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    let lines = client.watch(server, &initial, 3);
    assert_eq!(kinds(&lines), ["ADDED", "ADDED", "BOOKMARK"], "the namespace's own and the first: {lines:?}");
    assert_eq!(lines[2]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

fn an_old_version_has_expired(server: &Server) {
    server.clusters.create(spec("expired")).unwrap();
    let client = Client::with(server, &server.kubeconfig("expired"));
    client.namespace(server, "busy");
    let path = "/api/v1/namespaces/busy/configmaps";
    client.post(server, path, &config_map("one"));
    for count in 0..1100 {
        let patch = json!({"data": {"count": count.to_string()}});
        assert_eq!(client.call(server, "PATCH", &format!("{path}/one"), Some(&patch)).0, 200);
    }
    let (status, body) = client.call(server, "GET", &format!("{path}?watch=1&resourceVersion=1"), None);
    assert_eq!((status, &body["reason"]), (410, &json!("Expired")));
    server.clusters.delete("expired").unwrap();
}

fn discovery_comes_in_both_forms(server: &Server) {
    let client = Client::on(server);
    let groups = client.get(server, "/apis");
    let apps = groups["groups"].as_array().unwrap().iter().find(|one| one["name"] == "apps").unwrap();
    assert_eq!(apps["preferredVersion"]["groupVersion"], "apps/v1");
    let resources = client.get(server, "/apis/apps/v1");
    let names: Vec<_> = resources["resources"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    for name in ["deployments", "deployments/status", "deployments/scale"] {
        assert!(names.contains(&json!(name)), "{names:?}");
    }
    let document = client.get(server, "/openapi/v3/apis/apps/v1");
    let patch = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    let parameters: Vec<_> = patch["parameters"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert!(parameters.contains(&json!("dryRun")) && parameters.contains(&json!("fieldValidation")));
    assert_eq!(client.call(server, "GET", "/openapi/v2", None).0, 404);
}

fn clusters_come_and_go(server: &Server) {
    server.clusters.create(spec("brief")).unwrap();
    let config = server.kubeconfig("brief");
    let client = Client::with(server, &config);
    client.get(server, "/api/v1/nodes");
    // One cluster's token opens no other.
    let (status, _) = Client::on(server).as_token(&client.token).call(server, "GET", "/api/v1/nodes", None);
    assert_eq!(status, 401);
    server.clusters.delete("brief").unwrap();
    assert_eq!(client.call(server, "GET", "/version", None).0, 404);
    assert!(server.clusters.kubeconfig("brief", &server.url, "", Credential::User).is_none());
}

fn objects_outlive_a_restart(server: &Server) {
    let store = Arc::new(Store::in_memory());
    let clock = || Arc::new(formwork_sandbox::clock::RealClock { factor: 0.0 });
    let start = || server.serve(Clusters::new(Arc::clone(&store), clock()));
    let (first, url) = start();
    first.create(spec("kept")).unwrap();
    let config = |clusters: &Clusters, url: &str| {
        clusters.kubeconfig("kept", url, &server.authority, Credential::Admin).unwrap()
    };
    let client = Client::with(server, &config(&first, &url));
    client.namespace(server, "kept");
    let path = "/api/v1/namespaces/kept/configmaps/one";
    client.post(server, "/api/v1/namespaces/kept/configmaps", &config_map("one"));
    let before = client.get(server, path);
    drop(first);
    let (second, url) = start();
    let client = Client::with(server, &config(&second, &url));
    assert_eq!(client.get(server, path), before);
    let (_, after) = client.call(server, "PATCH", path, Some(&json!({"data": {"a": "1"}})));
    let version = |object: &Json| object["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(version(&after) > version(&before), "versions never come again");
}

/// A request to the resource manager, without a network.
fn ask(arm: &Arm, method: &str, path: &str, body: Option<Json>) -> Response {
    let query = vec![("api-version".to_owned(), "2024-03-01".to_owned())];
    arm.handle(&Request { method: method.into(), path: path.into(), query, headers: Vec::new(), body })
}

fn a_managed_cluster_has_an_api(server: &Server) {
    let store = Arc::new(Store::in_memory());
    let clock = Arc::new(formwork_sandbox::clock::RealClock { factor: 0.0 });
    let arm = Arm::new(Arc::clone(&store), clock.clone());
    let (clusters, url) = server.serve(Clusters::new(store, clock));
    formwork_sandbox::aks::connect(&arm, &clusters, &url, &server.authority, "of-the-directory");
    let group = "/subscriptions/s/resourceGroups/g";
    assert_eq!(ask(&arm, "PUT", group, Some(json!({"location": "westeurope"}))).status, 201);
    let id = format!("{group}/providers/Microsoft.ContainerService/managedClusters/c");
    let pool = json!({
        "name": "system", "mode": "System", "count": 2, "vmSize": "Standard_D2s_v5", "nodeLabels": {"team": "web"},
        "availabilityZones": ["1", "2"],
    });
    let body = json!({
        "location": "westeurope", "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "p", "agentPoolProfiles": [pool]},
    });
    assert_eq!(ask(&arm, "PUT", &id, Some(body.clone())).status, 201);
    // Ids are compared without case, here as in the resource manager.
    assert_eq!(clusters.url(&id.to_uppercase(), &url), clusters.url(&id, &url));
    let upper = id.replace("managedClusters/c", "managedclusters/C");
    let listed = ask(&arm, "POST", &format!("{upper}/listClusterAdminCredential"), None).body.unwrap();
    let encoded = listed["kubeconfigs"][0]["value"].as_str().unwrap();
    let config = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    let config = std::str::from_utf8(&config).unwrap();
    let client = Client::with(server, config);
    let parsed: Json = serde_norway::from_str(config).unwrap();
    let own = parsed["users"][0]["user"]["token"].as_str().unwrap();
    let of_the_directory = Client::with(server, &config.replace(own, "of-the-directory"));
    assert_eq!(of_the_directory.call(server, "GET", "/api/v1/nodes", None).0, 401);
    let mut signing = body.clone();
    signing["properties"]["aadProfile"] = json!({"managed": true});
    assert_eq!(ask(&arm, "PUT", &id, Some(signing)).status, 200);
    arm.settle();
    assert_eq!(of_the_directory.call(server, "GET", "/api/v1/nodes", None).0, 200, "who signs in with the directory");
    let mut nodes = json!([]);
    for _ in 0..300 {
        nodes = client.get(server, "/api/v1/nodes?labelSelector=team%3Dweb")["items"].clone();
        if nodes.as_array().unwrap().len() == 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(nodes.as_array().unwrap().len(), 2, "{nodes}");
    let zones: Vec<&Json> = (0..2).map(|at| &nodes[at]["metadata"]["labels"]["topology.kubernetes.io/zone"]).collect();
    assert_eq!(zones, ["westeurope-1", "westeurope-2"]);
    assert_eq!(ask(&arm, "DELETE", &upper, None).status, 202);
    arm.settle();
    assert_eq!(client.call(server, "GET", "/version", None).0, 404, "the API goes with its cluster");
}
