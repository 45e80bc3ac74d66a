//! Connections and errors, against a scripted server.

use crate::fake::{Answer, Fake, Proxy, discovery, status};
use crate::run;
use formwork_model::value::{Masking, from_json, to_json};
use formwork_model::{Address, Value, ValueBuf};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{ConfigureRequest, Environment, ErrorClass, ProviderError, ReadOutcome};
use formwork_provider_kubernetes::Kubernetes;
use libtest_mimic::Trial;
use serde_json::{Value as Json, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub fn tests() -> Vec<Trial> {
    vec![
        Trial::test("connection::nothing_answers", || run(nothing_answers())),
        Trial::test("connection::what_another_makes_meanwhile_is_a_conflict", || run(made_by_another())),
        Trial::test("connection::a_lost_answer_is_told_from_an_unreachable_server", || run(lost_answer())),
        Trial::test("connection::credentials_are_asked_again", || run(renewed())),
        Trial::test("connection::refused_credentials_are_asked_again_once", || run(refused())),
        Trial::test("connection::a_wait_goes_on_with_a_renewed_token", || run(reconfigured())),
        Trial::test("connection::identity_is_the_cluster", || run(identity())),
        Trial::test("connection::lists_are_read_page_by_page", || run(pages())),
        Trial::test("connection::a_stopped_server_is_not_an_empty_one", || run(not_gone())),
        Trial::test("connection::another_server_is_no_cluster_that_lost_everything", || run(another_server())),
        Trial::test("connection::a_plan_without_rights_is_made_offline", || run(no_rights())),
        Trial::test("connection::a_wait_that_runs_out_says_why", || run(wait_runs_out())),
        Trial::test("connection::a_token_file_is_read_again", || run(token_file())),
        Trial::test("connection::a_token_that_no_header_carries_is_told", || run(no_token())),
        Trial::test("connection::a_proxy_of_the_block_is_used", || run(proxy_of_the_block())),
        Trial::test(PROXY_OF_THE_ENVIRONMENT, || run(proxy_of_the_environment())),
        Trial::test("connection::a_kind_that_nothing_defines_is_told_at_once", || run(unknown_kind())),
        Trial::test("connection::a_dead_proxy_is_named", || run(dead_proxy())),
        Trial::test("connection::kubectls_copy_of_a_secret_is_not_read", || run(kubectls_copy())),
        Trial::test("connection::a_refusal_that_quotes_a_secret_is_told_without", || run(quoting_refusal())),
    ]
}

fn settings(url: &str) -> Value {
    Value::map([("host", Value::string(url)), ("token", Value::string("t0ken").secret())])
}

async fn connect(settings: Value, environment: Environment) -> Result<Harness, ProviderError> {
    Harness::encoded(Kubernetes, settings, environment).await
}

/// A wrong path, or a server that is none of Kubernetes': it knows nothing of what is recorded.
async fn another_server() {
    let fake = Fake::start(|_| status(404, "NotFound", "page not found")).await;
    let error = connect(settings(&fake.url), Environment::default()).await.err().unwrap();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.contains(&fake.url) && error.message.contains("no Kubernetes API"), "{error}");
    // A cluster in which `kube-system` is hidden is one all the same.
    let hidden = Fake::start(|request| match request.path.as_str() {
        "/version" => Answer::Json(200, json!({ "gitVersion": "v1.36.2" })),
        _ => status(404, "NotFound", "not found"),
    });
    assert!(connect(settings(&hidden.await.url), Environment::default()).await.is_ok());
}

fn config_map(name: &str) -> Value {
    from_json(&json!({ "manifest": {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "shop" }, "data": { "a": "b" },
    } }))
}

async fn nothing_answers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = connect(settings(&url), Environment::default()).await.err().unwrap();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.contains(&url), "the address is named: {error}");
}

async fn lost_answer() {
    let fake = Fake::start(|request| match discovery(&request.path) {
        Some(answer) => answer,
        None if request.method == "PATCH" && !request.path.contains("dryRun") => Answer::Closed,
        None if request.method == "PATCH" => Answer::Json(200, request.body.clone()),
        None => status(404, "NotFound", "not found"),
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let error = harness.create("manifest", "a", &config_map("a")).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::AnswerLost, "{error}");
}

/// Somebody makes it between the look and the apply, be it under our own name: the server says that it was there.
async fn made_by_another() {
    let fake = Fake::start(|request| match discovery(&request.path) {
        Some(answer) => answer,
        None if request.method == "PATCH" => {
            let mut body = request.body.clone();
            body["metadata"]["uid"] = json!("u");
            body["metadata"]["managedFields"] = json!([{ "manager": "formwork", "operation": "Apply" }]);
            Answer::Json(200, body)
        }
        None => status(404, "NotFound", "not found"),
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let error = harness.create("manifest", "a", &config_map("a")).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    assert!(error.help.as_deref().is_some_and(|help| help.contains("core/ConfigMap/shop/a")), "{error:?}");
}

/// A program that prints a credential: the number of its call is in the token.
fn program(folder: &std::path::Path, expires: &str) -> String {
    let path = folder.join("give-token");
    let count = folder.join("count");
    let expires =
        if expires.is_empty() { String::new() } else { format!(",\\\"expirationTimestamp\\\":\\\"{expires}\\\"") };
    let text = format!(
        "#!/bin/sh\necho x >> {count}\nn=$(wc -l < {count})\n[ -z \"$FORMWORK_LEAK\" ] || exit 9\necho \"{{\\\"kind\\\":\\\"ExecCredential\\\",\\\"status\\\":{{\\\"token\\\":\\\"token-$((n))\\\"{expires}}}}}\"\n",
        count = count.display(),
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

async fn with_program(fake: &Fake, expires: &str) -> (tempfile::TempDir, Harness) {
    let folder = tempfile::tempdir().unwrap();
    let command = program(folder.path(), expires);
    let settings = Value::map([
        ("host", Value::string(fake.url.as_str())),
        ("exec", Value::map([("command", Value::string(command.as_str()))])),
    ]);
    let environment = Environment { allowed_exec: vec![command], ..Environment::default() };
    let harness = connect(settings, environment).await.unwrap();
    (folder, harness)
}

async fn renewed() {
    let fake = Fake::start(|request| discovery(&request.path).unwrap_or_else(|| status(404, "NotFound", "no"))).await;
    // It ended long ago: each request asks again.
    let (_folder, harness) = with_program(&fake, "2020-01-01T00:00:00Z").await;
    harness.find(&harness.create_request("manifest", "a", &config_map("a")).await.unwrap()).await.unwrap();
    let tokens: Vec<String> = fake.seen().into_iter().map(|request| request.authorization).collect();
    assert_eq!(tokens[0], "Bearer token-1");
    assert!(tokens.last().unwrap() != "Bearer token-1", "{tokens:?}");
}

async fn refused() {
    let fake = Fake::start(|request| match request.authorization.as_str() {
        "Bearer token-1" => status(401, "Unauthorized", "Unauthorized"),
        _ => discovery(&request.path).unwrap_or_else(|| status(404, "NotFound", "no")),
    })
    .await;
    let (_folder, harness) = with_program(&fake, "").await;
    assert_eq!(harness.connection.account().0["cluster"], "cluster-1");
    let tokens: Vec<String> = fake.seen().into_iter().map(|request| request.authorization).collect();
    assert_eq!(tokens, ["Bearer token-1", "Bearer token-2"]);
    let fixed =
        connect(settings(&Fake::start(|_| status(401, "Unauthorized", "no")).await.url), Environment::default()).await;
    assert_eq!(fixed.err().unwrap().class, ErrorClass::Forbidden);
}

async fn reconfigured() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let fake = Fake::start(move |request| {
        let object = |ready: &str| {
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": "b", "ready": ready },
                "metadata": { "name": "a", "namespace": "shop", "uid": "1" } })
        };
        let reads = request.method == "GET" && request.path.contains("/configmaps/a");
        match (request.authorization.as_str(), discovery(&request.path)) {
            ("Bearer renewed", None) if reads => Answer::Json(200, object("yes")),
            // The first looks are those before it is made.
            ("Bearer t0ken", None) if reads => match counted.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => status(404, "NotFound", "not found"),
                2 | 3 => Answer::Json(200, object("no")),
                _ => status(401, "Unauthorized", "Unauthorized"),
            },
            (_, Some(answer)) => answer,
            _ => Answer::Json(201, object("no")),
        }
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let wait = Value::map([
        ("field", Value::map([("data.ready", Value::string("yes"))])),
        ("timeout", Value::Duration(60_000)),
    ]);
    let mut config = config_map("a").as_map().cloned().unwrap();
    config.insert("wait", wait);
    let request = harness.create_request("manifest", "a", &Value::Map(config)).await.unwrap();
    harness.sink.waits.store(true, Ordering::Relaxed);
    let renewed = |url: &str| ConfigureRequest {
        configuration: ValueBuf::from(Value::map([
            ("host", Value::string(url)),
            ("token", Value::string("renewed").secret()),
        ])),
        environment: Environment::default(),
    };
    let (applied, ()) = tokio::join!(harness.send_create(request), async {
        while asked.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let elsewhere = harness.connection.reconfigure(renewed("http://127.0.0.1:9")).await.unwrap_err();
        assert_eq!(elsewhere.class, ErrorClass::Unsupported, "another server is another connection");
        harness.connection.reconfigure(renewed(&fake.url)).await.unwrap();
    });
    assert_eq!(applied.unwrap().incomplete, None);
    assert_eq!(fake.seen().last().unwrap().authorization, "Bearer renewed");
}

async fn identity() {
    let known = Fake::start(|request| discovery(&request.path).unwrap_or_else(|| status(404, "NotFound", "no"))).await;
    let one = connect(settings(&known.url), Environment::default()).await.unwrap();
    let prefixed = Value::map([
        ("host", Value::string(known.url.replace("127.0.0.1", "localhost"))),
        ("token", Value::string("another")),
    ]);
    let two = connect(prefixed, Environment::default()).await.unwrap();
    assert_eq!(one.connection.account(), two.connection.account(), "another address and token, the same cluster");
    let shy = Fake::start(|_| status(403, "Forbidden", "may not")).await;
    let three = connect(settings(&shy.url), Environment::default()).await.unwrap();
    assert_eq!(three.connection.account().0["server"], shy.url);
}

fn live(name: &str) -> Json {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "shop", "uid": name }, "data": { "a": "b" } })
}

async fn pages() {
    let fake = Fake::start(|request| {
        if let Some(answer) = discovery(&request.path) {
            return answer;
        }
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        assert_eq!(
            (path, request.method.as_str()),
            ("/api/v1/namespaces/shop/configmaps", "GET"),
            "one list, no single reads"
        );
        let second = query.contains("continue=two%2Fthree");
        let names = if second { ["c", "d"] } else { ["a", "b"] };
        let token = if second { "" } else { "two/three" };
        Answer::Json(
            200,
            json!({ "kind": "ConfigMapList", "metadata": { "continue": token }, "items": names.map(live) }),
        )
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let stored = ["a", "c", "gone", "d"].map(|name| formwork_provider_api::StoredObject {
        values: Value::map([("id", Value::string(format!("core/ConfigMap/shop/{name}")))]).into(),
        private: Vec::new(),
    });
    let request = formwork_provider_api::ReadManyRequest { type_name: "manifest".into(), objects: stored.to_vec() };
    let outcomes = harness.connection.read_many(request).await.unwrap();
    let there: Vec<bool> = outcomes.iter().map(|outcome| matches!(outcome, ReadOutcome::Present(_))).collect();
    assert_eq!(there, [true, true, false, true]);
}

async fn not_gone() {
    let broken = Arc::new(AtomicUsize::new(0));
    let state = broken.clone();
    let fake = Fake::start(move |request| match state.load(Ordering::SeqCst) {
        0 => discovery(&request.path).unwrap_or_else(|| Answer::Json(200, live("a"))),
        1 => Answer::Closed,
        _ => status(503, "ServiceUnavailable", "the server is starting"),
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let object = harness.import("manifest", "v1/ConfigMap/shop/a", &Value::map::<&str>([])).await.unwrap();
    for state in [1, 2] {
        broken.store(state, Ordering::SeqCst);
        let outcome = harness.read("manifest", &object).await;
        let gone = matches!(outcome, Ok(ReadOutcome::Gone));
        assert!(!gone, "state {state}: {outcome:?}");
    }
}

async fn no_rights() {
    let fake = Fake::start(|request| match discovery(&request.path) {
        Some(answer) => answer,
        None if request.method == "PATCH" => {
            status(403, "Forbidden", "configmaps \"a\" is forbidden: User \"ci\" cannot patch")
        }
        None => status(404, "NotFound", "not found"),
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let planned = harness.plan("manifest", &Address::resource("a"), &config_map("a"), None).await.unwrap();
    let admitted = planned.response.planned.view().get("admitted").unwrap().is_unknown();
    assert!(admitted, "what the server would add is not known: {planned:?}");
    let tried = fake.seen().into_iter().find(|request| request.method == "PATCH").unwrap();
    assert!(tried.path.contains("dryRun=All") && tried.path.contains("fieldManager=formwork"), "{}", tried.path);
    assert_eq!(tried.content_type, "application/apply-patch+yaml");
}

async fn wait_runs_out() {
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "shop", "uid": "1", "generation": 1 },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "web" } } }, "status": { "observedGeneration": 1, "updatedReplicas": 1, "replicas": 1 },
    });
    let fake = Fake::start(move |request| {
        if let Some(answer) = discovery(&request.path) {
            return answer;
        }
        let path = request.path.split('?').next().unwrap();
        match (request.method.as_str(), path) {
            ("PATCH", _) => Answer::Json(201, deployment.clone()),
            (_, "/api/v1/namespaces/shop/pods") => Answer::Json(200, json!({ "items": [{
                "metadata": { "name": "web-1" },
                "status": { "containerStatuses": [{ "name": "web", "state": { "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } } }] },
            }] })),
            (_, "/api/v1/namespaces/shop/events") => Answer::Json(200, json!({ "items": [{
                "involvedObject": { "kind": "Pod", "name": "web-1" }, "reason": "Failed", "message": "Failed to pull image", "lastTimestamp": "2026-01-01T00:00:00Z",
            }] })),
            (_, "/apis/apps/v1/namespaces/shop/deployments/web") if first(request) => status(404, "NotFound", "not found"),
            _ => Answer::Json(200, deployment.clone()),
        }
    })
    .await;
    FIRST.store(0, Ordering::SeqCst);
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let mut config = from_json(&json!({ "manifest": {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" }, "spec": { "replicas": 1 },
    } }))
    .as_map()
    .cloned()
    .unwrap();
    config.insert("wait", Value::map([("rollout", Value::Bool(true)), ("timeout", Value::Duration(5000))]));
    let request = harness.create_request("manifest", "web", &Value::Map(config)).await.unwrap();
    let applied = harness.send_create(request).await.unwrap();
    let reason = applied.incomplete.expect("it is recorded as incomplete, not as failed");
    for part in ["0 of 1 replicas are available", "ImagePullBackOff: no such image", "Failed to pull image"] {
        assert!(reason.contains(part), "{part} is missing in: {reason}");
    }
}

async fn token_file() {
    let fake = Fake::start(|request| match request.authorization.as_str() {
        "Bearer first" if !request.path.ends_with("/kube-system") => status(401, "Unauthorized", "expired"),
        _ => discovery(&request.path).unwrap_or_else(|| status(404, "NotFound", "no")),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tok");
    // As `echo $TOKEN > tok` writes it.
    std::fs::write(&path, "first\n").unwrap();
    let settings = || {
        Value::map([
            ("host", Value::string(fake.url.as_str())),
            ("token_file", Value::string(path.display().to_string())),
        ])
    };
    let harness = connect(settings(), Environment::default()).await.unwrap();
    assert_eq!(fake.seen()[0].authorization, "Bearer first");
    // It is rotated, and the old one is refused: the file is read again.
    std::fs::write(&path, "second\r\n").unwrap();
    harness.find(&harness.create_request("manifest", "a", &config_map("a")).await.unwrap()).await.unwrap();
    assert_eq!(fake.seen().last().unwrap().authorization, "Bearer second");
}

async fn no_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tok");
    std::fs::write(&path, "hun\nter2\n").unwrap();
    let host = ("host", Value::string("http://127.0.0.1:9"));
    let file = Value::map([host.clone(), ("token_file", Value::string(path.display().to_string()))]);
    let text = Value::map([host.clone(), ("token", Value::string("hun ter2").secret())]);
    for (settings, named) in [(file, path.display().to_string()), (text, "`token`".to_owned())] {
        let error = connect(settings, Environment::default()).await.err().unwrap();
        assert_eq!(error.class, ErrorClass::Forbidden, "{error}");
        assert!(error.message.contains(&named) && error.message.contains("line break"), "{error}");
        assert!(!format!("{error:?}").contains("ter2"), "{error:?}");
    }
    let trimmed =
        Fake::start(|request| discovery(&request.path).unwrap_or_else(|| status(404, "NotFound", "no"))).await;
    let text =
        Value::map([("host", Value::string(trimmed.url.as_str())), ("token", Value::string("t0ken\n").secret())]);
    connect(text, Environment::default()).await.unwrap();
    assert_eq!(trimmed.seen()[0].authorization, "Bearer t0ken");
}

async fn proxy_of_the_block() {
    let fake = Fake::start(|request| discovery(&request.path).unwrap_or_else(|| status(404, "NotFound", "no"))).await;
    let proxy = Proxy::start().await;
    let mut settings = settings(&fake.url).as_map().cloned().unwrap();
    settings.insert("proxy_url", Value::string(proxy.url.replace("http://", "http://user:pa%40ss@")));
    connect(Value::Map(settings), Environment::default()).await.unwrap();
    let [asked] = proxy.seen().try_into().unwrap();
    let target = fake.url.trim_start_matches("http://");
    assert!(asked.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{asked}");
    // `user:pa@ss` in base64.
    assert!(
        asked.to_lowercase().contains("proxy-authorization: basic") && asked.contains("dXNlcjpwYUBzcw=="),
        "{asked}"
    );
    assert_eq!(fake.seen()[0].path, "/api/v1/namespaces/kube-system");
}

const PROXY_OF_THE_ENVIRONMENT: &str = "connection::the_environments_proxy_is_used";
/// Set where the test runs once more, with the proxy in its environment: a process cannot change its own safely.
const WITHIN: &str = "FORMWORK_TEST_WITHIN_PROXY";

async fn proxy_of_the_environment() {
    if std::env::var_os(WITHIN).is_some() {
        let settings = settings("https://k8s.invalid:6443");
        let error = connect(settings, Environment::default()).await.err().unwrap();
        assert_eq!(error.class, ErrorClass::Unreachable, "{error}");
        let proxy = std::env::var("HTTPS_PROXY").unwrap();
        assert!(error.message.contains("https://k8s.invalid:6443") && error.message.contains(&proxy), "{error}");
        // What `NO_PROXY` excepts is asked without, whatever it says of the proxy's own address.
        let error = connect(self::settings("https://k8s.direct.invalid"), Environment::default()).await.err().unwrap();
        assert_eq!(error.class, ErrorClass::Unreachable, "{error}");
        assert!(error.message.contains("k8s.direct.invalid") && !error.message.contains("proxy"), "{error}");
        // What is on this machine is reached without.
        let fake = Fake::start(|request| discovery(&request.path).unwrap()).await;
        connect(self::settings(&fake.url), Environment::default()).await.unwrap();
        return;
    }
    let proxy = Proxy::start().await;
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", PROXY_OF_THE_ENVIRONMENT]).env("HTTPS_PROXY", &proxy.url).env(WITHIN, "1");
    command.env("NO_PROXY", ".direct.invalid, 127.0.0.0/8");
    for other in ["no_proxy", "FORMWORK_TEST_KUBECONFIG", "KUBEBUILDER_ASSETS", "FORMWORK_PROGRAM"] {
        command.env_remove(other);
    }
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    let [asked] = proxy.seen().try_into().unwrap();
    assert!(asked.starts_with("CONNECT k8s.invalid:6443 "), "{asked}");
}

/// At the plan, and without a minute of waiting at the apply; a definition that is planned before makes it right.
async fn unknown_kind() {
    let fake = Fake::start(|request| {
        discovery(&request.path).unwrap_or_else(|| match request.method.as_str() {
            "PATCH" => Answer::Json(201, request.body.clone()),
            _ => status(404, "NotFound", "not found"),
        })
    })
    .await;
    let thing = |api_version: &str| {
        from_json(&json!({ "manifest": {
            "apiVersion": api_version, "kind": "Thing", "metadata": { "name": "t", "namespace": "shop" },
        } }))
    };
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let told = async |config: &Value| {
        let planned = harness.plan("manifest", &Address::resource("t"), config, None).await.unwrap();
        planned.response.findings
    };
    let [finding] = told(&thing("x.io/v1")).await.try_into().unwrap();
    let message = format!("{} has no kind Thing in x.io/v1, and nothing planned before this defines it", fake.url);
    assert!(finding.warning && finding.message == message, "{finding:?}");
    assert_eq!(finding.path.to_string(), "manifest[\"kind\"]");
    let error = harness.create("manifest", "t", &thing("x.io/v1")).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotFound, "{error}");
    let waited = harness.sink.slept().as_millis();
    assert!(waited <= 10_000, "{waited} ms");

    let definition = from_json(&json!({ "manifest": {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": "things.x.io" },
        "spec": { "group": "x.io", "names": { "kind": "Thing" } },
    } }));
    harness.plan("manifest", &Address::resource("d"), &definition, None).await.unwrap();
    assert_eq!(told(&thing("x.io/v1")).await, []);
    assert_eq!(told(&thing("y.io/v1")).await.len(), 1, "it is of another group");

    let homeless = Fake::start(|request| {
        discovery(&request.path).unwrap_or_else(|| match request.method.as_str() {
            "PATCH" => status(404, "NotFound", "namespaces \"shop\" not found"),
            _ => status(404, "NotFound", "not found"),
        })
    });
    let harness = connect(settings(&homeless.await.url), Environment::default()).await.unwrap();
    let told = async || {
        let planned = harness.plan("manifest", &Address::resource("a"), &config_map("a"), None).await.unwrap();
        planned.response.findings
    };
    let [finding] = told().await.try_into().unwrap();
    assert!(finding.warning && finding.message.starts_with("there is no namespace shop"), "{finding:?}");
    let space = from_json(&json!({ "name": "shop" }));
    harness.plan("namespace", &Address::resource("s"), &space, None).await.unwrap();
    assert_eq!(told().await, []);
}

async fn dead_proxy() {
    let fake = Fake::start(|request| discovery(&request.path).unwrap()).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    drop(listener);
    let mut settings = settings(&fake.url).as_map().cloned().unwrap();
    settings.insert("proxy_url", Value::string(format!("http://user:hunter2@{proxy}")));
    let error = connect(Value::Map(settings), Environment::default()).await.err().unwrap();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.contains(&format!("{} through the proxy http://{proxy}", fake.url)), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

/// What `kubectl apply` leaves on a Secret: all of it once more, in the clear.
fn applied_by_kubectl(kind: &str) -> Json {
    json!({
        "apiVersion": "v1", "kind": kind, "data": { "password": "aHVudGVyMg==" },
        "metadata": { "name": "s", "namespace": "shop", "uid": "1", "annotations": {
            "team": "shop", "formwork-operation": "o1",
            "kubectl.kubernetes.io/last-applied-configuration": "{\"kind\":\"Secret\",\"stringData\":{\"password\":\"hunter2\"}}",
        } },
    })
}

async fn kubectls_copy() {
    let fake = Fake::start(|request| {
        discovery(&request.path).unwrap_or_else(|| match request.path.split('?').next().unwrap().rsplit('/').next() {
            Some("secrets") => {
                let mut items = json!([applied_by_kubectl("Secret")]);
                items[0].as_object_mut().unwrap().remove("kind");
                Answer::Json(200, json!({ "kind": "SecretList", "items": items }))
            }
            _ if request.path.contains("/secrets") => Answer::Json(200, applied_by_kubectl("Secret")),
            _ => Answer::Json(200, applied_by_kubectl("ConfigMap")),
        })
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    for kind in ["Secret", "ConfigMap"] {
        let asked = from_json(&json!({ "kind": kind, "namespace": "shop", "name": "s" }));
        let read = harness.data("object", &asked).await.unwrap();
        let text = to_json(ValueBuf::from(&read).view(), Masking::Exposed).to_string();
        assert!(text.contains(r#""annotations":{"team":"shop"}"#), "what others note stays: {text}");
        assert!(!text.contains("hunter2"), "{text}");
        let imported = harness.import("manifest", &format!("{kind}/shop/s"), &Value::map::<&str>([])).await.unwrap();
        assert!(!to_json(imported.values.view(), Masking::Exposed).to_string().contains("hunter2"), "{imported:?}");
    }
    let request = formwork_provider_api::ListRequest { type_name: "secret".into() };
    let listed = harness.connection.list(request).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(!to_json(listed[0].object.values.view(), Masking::Exposed).to_string().contains("hunter2"), "{listed:?}");
}

async fn quoting_refusal() {
    let fake = Fake::start(|request| match discovery(&request.path) {
        Some(answer) => answer,
        None if request.method == "PATCH" => {
            let message =
                format!("admission webhook \"w\" denied: weak password hunter2, sent as {}", request.body["data"]);
            status(400, "BadRequest", &message)
        }
        None => status(404, "NotFound", "not found"),
    })
    .await;
    let harness = connect(settings(&fake.url), Environment::default()).await.unwrap();
    let config = from_json(&json!({ "manifest": {
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "shop" }, "stringData": { "password": "hunter2" },
    } }));
    let error = harness.plan("manifest", &Address::resource("s"), &config, None).await.unwrap_err();
    assert!(error.message.contains("weak password"), "{error:?}");
    let told = format!("{error:?}");
    assert!(!told.contains("hunter2") && !told.contains("aHVudGVyMg"), "{told}");
}

static FIRST: AtomicUsize = AtomicUsize::new(0);

/// Whether it is one of the looks before the object is made: one of the plan, one of the create.
fn first(_: &crate::fake::Request) -> bool {
    FIRST.fetch_add(1, Ordering::SeqCst) < 2
}
