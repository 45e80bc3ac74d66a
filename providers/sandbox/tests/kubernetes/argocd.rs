//! Argo CD: its own manifests, and Applications from a repository that is a directory.

use crate::kubectl::Kubectl;
use crate::server::{Server, spec};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Once;

crate::tests![
    its_manifests_are_accepted,
    an_application_follows_its_repository,
    changes_by_hand_are_healed,
    kustomizations_and_child_applications,
    waves_wait_for_health,
    waves_wait_for_child_applications_where_that_is_configured,
    what_is_wrong_is_said,
    projects_restrict,
    application_sets_make_applications,
    generators_give_parameters,
    far_sources_are_simulated,
    well_known_charts_bring_their_kinds,
    git_serves_and_takes_nothing,
    a_repository_secret_opens_a_repository,
];

/// The official manifests, where there are some.
pub fn manifests() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("FORMWORK_VENDOR_DATA")?);
    Some(folder.join("argocd/install-v3.5.1.yaml")).filter(|file| file.exists())
}

/// A cluster with Argo CD in it, made by whoever comes first.
pub fn argo(server: &Server) -> Kubectl {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        server.clusters.create(spec("argo")).unwrap();
        let kubectl = Kubectl::with(&server.kubeconfig("argo"));
        kubectl.ok("create namespace argocd");
        let file = manifests().unwrap();
        let done = kubectl.words(&["apply", "-n", "argocd", "--server-side", "-f", file.to_str().unwrap()], "");
        assert_eq!((done.code, done.out.lines().count()), (0, 59), "{done:?}");
    });
    Kubectl::with(&server.kubeconfig("argo"))
}

fn its_manifests_are_accepted(server: &Server) {
    let kubectl = argo(server);
    for deployment in ["argocd-server", "argocd-repo-server", "argocd-redis", "argocd-applicationset-controller"] {
        kubectl.ok(&format!("rollout status deployment/{deployment} -n argocd --timeout=180s"));
    }
    kubectl.ok("rollout status statefulset/argocd-application-controller -n argocd --timeout=180s");
    // Applied again, nothing changes.
    let version = || kubectl.get("deployment argocd-server -n argocd")["metadata"]["generation"].clone();
    let before = version();
    let file = manifests().unwrap();
    let done = kubectl.words(&["apply", "-n", "argocd", "--server-side", "-f", file.to_str().unwrap()], "");
    assert_eq!((done.code, version()), (0, before));
}

/// A directory that is served under this name.
pub struct Repository {
    folder: tempfile::TempDir,
    pub url: String,
}

impl Repository {
    pub fn new(server: &Server, name: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Self { folder, url: format!("{}/git/{name}", server.url) };
        for (path, text) in files {
            repository.write(path, text);
        }
        server.repositories.serve(name, repository.folder.path().to_owned());
        repository
    }

    pub fn write(&self, path: &str, text: &str) {
        let file = self.folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.folder.path().join(path)).unwrap();
    }
}

pub fn application(name: &str, url: &str, path: &str) -> Json {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path, "targetRevision": "HEAD"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
        },
    })
}

fn config_map(name: &str, value: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}}).to_string()
}

fn deployment(image: &str) -> String {
    let labels = json!({"app": "web"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
            "containers": [{"name": "web", "image": image}]}}},
    })
    .to_string()
}

/// Waits until a field of an Application has a value.
pub fn reaches(kubectl: &Kubectl, name: &str, field: &str, value: &str) {
    let done =
        kubectl.run(&format!("wait --for=jsonpath={{{field}}}={value} application/{name} -n argocd --timeout=120s"));
    assert_eq!(
        done.code,
        0,
        "{name} {field}: {done:?} {}",
        kubectl.get(&format!("application {name} -n argocd"))["status"]
    );
}

pub fn settled(kubectl: &Kubectl, name: &str) {
    reaches(kubectl, name, ".status.sync.status", "Synced");
    reaches(kubectl, name, ".status.health.status", "Healthy");
}

/// Waits until something is so; tells what is so instead.
pub fn eventually(holds: impl Fn() -> bool, instead: impl Fn() -> String) {
    let mut tries = 0..600;
    while !holds() {
        assert!(tries.next().is_some(), "{}", instead());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

fn refresh(kubectl: &Kubectl, name: &str) {
    kubectl.ok(&format!("annotate application {name} -n argocd argocd.argoproj.io/refresh=normal --overwrite"));
}

fn an_application_follows_its_repository(server: &Server) {
    let kubectl = argo(server);
    let files = [
        ("app/a.yaml", config_map("a", "1")),
        ("app/b.yaml", config_map("b", "1")),
        ("app/web.yaml", deployment("web:1")),
    ];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let repository = Repository::new(server, "follow", &files);
    kubectl.ok_apply(&application("follow", &repository.url, "app"), "");
    settled(&kubectl, "follow");
    assert_eq!(kubectl.get("configmap a -n follow")["data"]["value"], "1");
    let live = kubectl.get("application follow -n argocd");
    assert_eq!(live["status"]["resources"].as_array().unwrap().len(), 3);
    assert_eq!(live["status"]["summary"]["images"], json!(["web:1"]));
    assert_eq!(live["status"]["history"].as_array().unwrap().len(), 1);
    let owners = kubectl.get("configmap a -n follow")["metadata"]["managedFields"].clone();
    assert_eq!((&owners[0]["manager"], &owners[0]["operation"]), (&json!("argocd-controller"), &json!("Apply")));

    // A change reaches the cluster by itself; what is no longer there is pruned.
    repository.write("app/a.yaml", &config_map("a", "2"));
    repository.remove("app/b.yaml");
    kubectl.ok("wait --for=jsonpath={.data.value}=2 configmap/a -n follow --timeout=120s");
    kubectl.ok("wait --for=delete configmap/b -n follow --timeout=120s");
    let table = kubectl.ok("get applications -A");
    assert!(table.contains("SYNC STATUS"), "{table}");

    // With its finalizer an Application takes its objects along.
    kubectl.ok("delete application follow -n argocd --timeout=120s");
    assert_ne!(kubectl.run("get configmap a -n follow").code, 0);
}

fn changes_by_hand_are_healed(server: &Server) {
    let kubectl = argo(server);
    let repository = Repository::new(server, "heal", &[("app/a.yaml", &config_map("a", "1"))]);
    kubectl.ok_apply(&application("heal", &repository.url, "app"), "");
    settled(&kubectl, "heal");
    let edit = r#"{"data":{"value":"9","other":"x"}}"#;
    assert_eq!(kubectl.words(&["patch", "configmap", "a", "-n", "heal", "--type=merge", "-p", edit], "").code, 0);
    kubectl.ok("wait --for=jsonpath={.data.value}=1 configmap/a -n heal --timeout=120s");
    // What Argo CD does not apply is another's.
    assert_eq!(kubectl.get("configmap a -n heal")["data"]["other"], "x");
}

fn kustomizations_and_child_applications(server: &Server) {
    let kubectl = argo(server);
    let child = |url: &str| application("child", url, "child").to_string();
    let base = "resources: [a.yaml]\nnamePrefix: own-\n";
    let repository = Repository::new(
        server,
        "parent",
        &[("child/kustomization.yaml", base), ("child/a.yaml", &config_map("a", "1"))],
    );
    repository.write("apps/child.yaml", &child(&repository.url));
    let mut parent = application("parent", &repository.url, "apps");
    parent["spec"]["destination"]["namespace"] = json!("argocd");
    kubectl.ok_apply(&parent, "");
    settled(&kubectl, "parent");
    settled(&kubectl, "child");
    assert_eq!(kubectl.get("application child -n argocd")["status"]["sourceType"], "Kustomize");
    assert_eq!(kubectl.get("configmap own-a -n child")["data"]["value"], "1");
}

fn waves_wait_for_health(server: &Server) {
    let kubectl = argo(server);
    let later = config_map("later", "1")
        .replace(r#""name":"later""#, r#""name":"later","annotations":{"argocd.argoproj.io/sync-wave":"1"}"#);
    let repository = Repository::new(
        server,
        "waves",
        &[("app/web.yaml", &deployment("registry/does-not-exist:1")), ("app/later.yaml", &later)],
    );
    kubectl.ok_apply(&application("waves", &repository.url, "app"), "");
    reaches(&kubectl, "waves", ".status.operationState.phase", "Running");
    assert_ne!(kubectl.run("get configmap later -n waves").code, 0);
    repository.write("app/web.yaml", &deployment("web:1"));
    kubectl.ok("wait --for=create configmap/later -n waves --timeout=120s");
    settled(&kubectl, "waves");
}

/// A child that never gets healthy, and what comes after it: its health counts only where Argo CD is told how to judge it.
fn waves_wait_for_child_applications_where_that_is_configured(server: &Server) {
    let kubectl = argo(server);
    let later = config_map("later-than-child", "1").replace(
        r#""name":"later-than-child""#,
        r#""name":"later-than-child","annotations":{"argocd.argoproj.io/sync-wave":"1"}"#,
    );
    let mut ill: Json = serde_json::from_str(&deployment("registry/does-not-exist:1")).unwrap();
    ill["spec"]["progressDeadlineSeconds"] = json!(100_000);
    let repository = Repository::new(server, "ill", &[("child/web.yaml", &ill.to_string())]);
    repository.write("apps/child.yaml", &application("ill-child", &repository.url, "child").to_string());
    repository.write("apps/later.yaml", &later);
    let parent = |name: &str| {
        let mut parent = application(name, &repository.url, "apps");
        parent["spec"]["destination"]["namespace"] = json!("argocd");
        parent
    };
    kubectl.ok_apply(&parent("ill-parent"), "");
    kubectl.ok("wait --for=create configmap/later-than-child -n argocd --timeout=120s");
    settled(&kubectl, "ill-parent");
    reaches(&kubectl, "ill-child", ".status.health.status", "Progressing");
    kubectl.ok("delete application ill-parent -n argocd --timeout=120s");

    let customization = "resource.customizations.health.argoproj.io_Application";
    let lua = json!({"data": {customization: "return obj.status.health"}}).to_string();
    let patch = |text: &str| {
        kubectl.words(&["patch", "configmap", "argocd-cm", "-n", "argocd", "--type=merge", "-p", text], "")
    };
    assert_eq!(patch(&lua).code, 0);
    kubectl.ok_apply(&parent("ill-again"), "");
    reaches(&kubectl, "ill-again", ".status.operationState.phase", "Running");
    assert_ne!(kubectl.run("get configmap later-than-child -n argocd").code, 0, "the wave waits");
    assert_eq!(patch(&json!({"data": {customization: null}}).to_string()).code, 0);
    kubectl.ok("wait --for=create configmap/later-than-child -n argocd --timeout=120s");
    kubectl.ok("delete application ill-again -n argocd --timeout=120s");
}

fn what_is_wrong_is_said(server: &Server) {
    let kubectl = argo(server);
    let repository = Repository::new(server, "wrong", &[("app/web.yaml", &deployment("registry/does-not-exist:1"))]);
    kubectl.ok_apply(&application("missing", &repository.url, "nowhere"), "");
    reaches(&kubectl, "missing", ".status.conditions[0].type", "ComparisonError");
    let live = kubectl.get("application missing -n argocd");
    let message = live["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("nowhere: app path does not exist"), "{message}");
    assert_eq!(live["status"]["sync"]["status"], "Unknown");

    let mut slow: Json = serde_json::from_str(&deployment("registry/does-not-exist:1")).unwrap();
    slow["spec"]["progressDeadlineSeconds"] = json!(20);
    repository.write("app/web.yaml", &slow.to_string());
    kubectl.ok_apply(&application("degraded", &repository.url, "app"), "");
    reaches(&kubectl, "degraded", ".status.health.status", "Degraded");
}

fn projects_restrict(server: &Server) {
    let kubectl = argo(server);
    let repository = Repository::new(server, "project", &[("app/a.yaml", &config_map("a", "1"))]);
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "team", "namespace": "argocd"},
        "spec": {"sourceRepos": [repository.url], "destinations": [{"server": "*", "namespace": "team-*"}]},
    });
    kubectl.ok_apply(&project, "");
    let mut outside = application("outside", &repository.url, "app");
    outside["spec"]["project"] = json!("team");
    kubectl.ok_apply(&outside, "");
    reaches(&kubectl, "outside", ".status.conditions[0].type", "InvalidSpecError");
    let live = kubectl.get("application outside -n argocd");
    let message = live["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("do not match any of the allowed destinations in project 'team'"), "{message}");
    outside["spec"]["destination"]["namespace"] = json!("team-a");
    outside["spec"]["syncPolicy"]["syncOptions"] = json!([]);
    kubectl.namespace("team-a");
    kubectl.ok_apply(&outside, "");
    settled(&kubectl, "outside");
}

fn application_sets_make_applications(server: &Server) {
    let kubectl = argo(server);
    let repository = Repository::new(
        server,
        "set",
        &[("services/one/a.yaml", &config_map("a", "1")), ("services/two/a.yaml", &config_map("a", "2"))],
    );
    let mut template = application("set-{{path.basename}}", &repository.url, "{{path}}");
    for field in ["apiVersion", "kind"] {
        template.as_object_mut().unwrap().remove(field);
    }
    template["metadata"].as_object_mut().unwrap().remove("namespace");
    let set = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {
            "generators": [{"git": {"repoURL": repository.url, "revision": "HEAD", "directories": [{"path": "services/*"}]}}],
            "template": template,
        },
    });
    let done = kubectl.apply(&set, "--server-side");
    assert_eq!(done.code, 0, "{done:?}");
    for name in ["set-one", "set-two"] {
        kubectl.ok(&format!("wait --for=create application/{name} -n argocd --timeout=120s"));
        settled(&kubectl, name);
    }
    assert_eq!(kubectl.get("configmap a -n set-two")["data"]["value"], "2");
    repository.remove("services/two/a.yaml");
    std::fs::remove_dir(repository.folder.path().join("services/two")).unwrap();
    kubectl.ok("wait --for=delete application/set-two -n argocd --timeout=120s");
}

/// A set in the way that its generators are, whose applications come from `repository`.
fn set_of(name: &str, repository: &Repository, go: bool, generators: Json) -> Json {
    let field = |path: &str| if go { format!("{{{{ .{path} }}}}") } else { format!("{{{{{path}}}}}") };
    let mut template = application(&field("name"), &repository.url, &field("folder"));
    for field in ["apiVersion", "kind"] {
        template.as_object_mut().unwrap().remove(field);
    }
    template["metadata"].as_object_mut().unwrap().remove("namespace");
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"goTemplate": go, "generators": generators, "template": template},
    })
}

/// The names of the applications that a set made, once they are so many.
fn made_by(kubectl: &Kubectl, set: &str, count: usize) -> Vec<String> {
    for _ in 0..300 {
        let all = kubectl.get("applications -n argocd");
        let its =
            all["items"].as_array().unwrap().iter().filter(|one| one["metadata"]["ownerReferences"][0]["name"] == set);
        let names: Vec<String> = its.map(|one| one["metadata"]["name"].as_str().unwrap().to_owned()).collect();
        if names.len() == count {
            return names;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{set} does not come to {count} applications: {}", kubectl.get(&format!("applicationset {set} -n argocd")))
}

fn generators_give_parameters(server: &Server) {
    let kubectl = argo(server);
    let config = |name: &str, tier: &str| {
        json!({"name": name, "folder": "app", "labels": {"tier": tier}, "parts": [{"name": format!("{name}-x")}]})
            .to_string()
    };
    let (east, west) = (config("east", "gold"), config("west", "tin"));
    let repository = Repository::new(
        server,
        "generators",
        &[
            ("app/a.yaml", &config_map("a", "1")),
            ("clusters/eu/east.json", &east),
            ("clusters/west.yaml", &west),
            ("clusters/old/gone.json", "{"),
        ],
    );
    let files = json!([{"path": "clusters/**/*.json"}, {"path": "clusters/*.yaml"}, {"path": "clusters/old/*", "exclude": true}]);
    let git = json!({"repoURL": repository.url, "revision": "HEAD", "files": files});

    // Files of a repository, in both kinds of templates; of these only some.
    kubectl.ok_apply(&set_of("files", &repository, false, json!([{"git": git}])), "--server-side");
    assert_eq!(made_by(&kubectl, "files", 2), ["east", "west"]);
    let gold = json!({"matchLabels": {"labels.tier": "gold"}, "matchExpressions": [{"key": "path.filename", "operator": "Exists"}]});
    kubectl.ok_apply(&set_of("files", &repository, false, json!([{"git": git, "selector": gold}])), "--server-side");
    assert_eq!(made_by(&kubectl, "files", 1), ["east"]);
    kubectl.ok("delete applicationset files -n argocd --timeout=60s");

    // A list made from a file, and the generator's own template over the set's.
    let yaml = "{{ .parts | toJson }}";
    // What is empty says nothing.
    let own = json!({
        "metadata": {"labels": {"from": "{{ .path.basename }}"}},
        "spec": {"project": "", "destination": {}, "source": {"repoURL": "", "path": "app"}},
    });
    let matrix = json!([{"matrix": {"generators": [{"git": git}, {"list": {"elementsYaml": yaml}}], "template": own}}]);
    kubectl.ok_apply(&set_of("matrix", &repository, true, matrix), "--server-side");
    assert_eq!(made_by(&kubectl, "matrix", 2), ["east-x", "west-x"]);
    let live = kubectl.get("application east-x -n argocd");
    assert_eq!(live["metadata"]["labels"]["from"], "eu");
    kubectl.ok("delete applicationset matrix -n argocd --timeout=60s");

    // What one generator says over what another says of the same.
    let over = json!({"list": {"elements": [{"name": "west", "folder": "other"}, {"name": "north", "folder": "app"}]}});
    let merge = json!([{"merge": {"mergeKeys": ["name"], "generators": [{"git": git}, over]}}]);
    kubectl.ok_apply(&set_of("merged", &repository, false, merge), "--server-side");
    assert_eq!(made_by(&kubectl, "merged", 2), ["east", "west"]);
    assert_eq!(kubectl.get("application west -n argocd")["spec"]["source"]["path"], "other");

    // What is not played here takes no application away, and says so.
    let unknown = json!([{"git": git}, {"plugin": {"configMapRef": {"name": "p"}}}]);
    kubectl.ok_apply(&set_of("merged", &repository, false, unknown), "--server-side");
    kubectl.ok("wait --for=condition=ErrorOccurred applicationset/merged -n argocd --timeout=60s");
    let live = kubectl.get("applicationset merged -n argocd").to_string();
    assert!(live.contains("the sandbox has no generator plugin"), "{live}");
    assert_eq!(made_by(&kubectl, "merged", 2), ["east", "west"]);
    kubectl.ok("delete applicationset merged -n argocd --timeout=60s");
}

fn far_sources_are_simulated(server: &Server) {
    let kubectl = argo(server);
    let mut far = application("far", "https://charts.example.com", "");
    far["spec"]["source"] =
        json!({"repoURL": "https://charts.example.com", "chart": "istiod", "targetRevision": "1.26.0"});
    kubectl.ok_apply(&far, "");
    reaches(&kubectl, "far", ".status.conditions[0].type", "SimulatedSource");
    let live = kubectl.get("application far -n argocd");
    assert!(live["status"]["health"]["message"].as_str().unwrap().starts_with("simulated: chart istiod"), "{live}");
    assert_eq!(live["status"]["sync"]["revision"], "1.26.0");
    kubectl.ok("get namespace far");
    // What is of a kind that only such a source would bring is simulated too, and the rest is not.
    let monitor =
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "m"}});
    let files = [("app/a.yaml", config_map("a", "1")), ("app/m.yaml", monitor.to_string())];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let repository = Repository::new(server, "near", &files);
    kubectl.ok_apply(&application("near", &repository.url, "app"), "");
    settled(&kubectl, "near");
    let live = kubectl.get("application near -n argocd");
    let condition = &live["status"]["conditions"][0];
    assert_eq!(condition["type"], "SimulatedSource");
    assert!(condition["message"].as_str().unwrap().starts_with("simulated: ServiceMonitor/m not in the cluster"));
    assert_eq!(live["status"]["operationState"]["phase"], "Succeeded");
    kubectl.ok("get configmap a -n near");
    // What asks for a refresh is taken off when that is done.
    refresh(&kubectl, "far");
    let mark = "argocd.argoproj.io/refresh";
    let asked = || !kubectl.get("application far -n argocd")["metadata"]["annotations"][mark].is_null();
    let mut tries = 0..300;
    while asked() && tries.next().is_some() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(!asked());
}

fn well_known_charts_bring_their_kinds(server: &Server) {
    let kubectl = argo(server);
    let mut mesh = application("mesh", "https://istio-release.storage.googleapis.com/charts", "");
    mesh["spec"]["source"] = json!({
        "repoURL": "https://istio-release.storage.googleapis.com/charts", "chart": "base", "targetRevision": "1.28.0",
    });
    mesh["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
    kubectl.ok_apply(&mesh, "");
    reaches(&kubectl, "mesh", ".status.conditions[0].type", "SimulatedSource");
    let live = kubectl.get("application mesh -n argocd");
    assert!(live["status"]["health"]["message"].as_str().unwrap().contains("stand-ins"), "{live}");
    let strict = json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "default"},
        "spec": {"mtls": {"mode": "STRICT"}},
    });
    kubectl.ok_apply(&strict, "--server-side -n mesh");
    assert_eq!(kubectl.get("peerauthentication default -n mesh")["spec"]["mtls"]["mode"], "STRICT");
    kubectl.ok("delete application mesh -n argocd --timeout=60s");
    assert_ne!(kubectl.run("get peerauthentications -A").code, 0, "the kinds go with the application");
}

fn git_serves_and_takes_nothing(server: &Server) {
    let repository = Repository::new(server, "served", &[("a.txt", "one\n")]);
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, &server.authority).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command
            .current_dir(folder.path())
            .args(arguments)
            .env("GIT_SSL_CAINFO", &authority)
            .env("GIT_TERMINAL_PROMPT", "0");
        command.output().unwrap()
    };
    assert!(git(&["clone", "--quiet", &repository.url, "copy"]).status.success());
    assert_eq!(std::fs::read_to_string(folder.path().join("copy/a.txt")).unwrap(), "one\n");
    repository.write("a.txt", "two\n");
    assert!(git(&["-C", "copy", "pull", "--quiet"]).status.success());
    assert_eq!(std::fs::read_to_string(folder.path().join("copy/a.txt")).unwrap(), "two\n");
    let pushed = git(&["-C", "copy", "push", "--quiet", "origin", "HEAD:refs/heads/other"]);
    assert!(!pushed.status.success());
    assert!(!git(&["clone", "--quiet", &format!("{}/git/none", server.url), "none"]).status.success());
}

/// A server that has no repository, and notes how it is asked.
fn guarded(seen: &std::sync::Arc<std::sync::Mutex<Vec<String>>>) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/repo", listener.local_addr().unwrap().port());
    let seen = std::sync::Arc::clone(seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0_u8; 4096];
            let length = stream.read(&mut buffer).unwrap_or(0);
            seen.lock().unwrap().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    url
}

fn a_repository_secret_opens_a_repository(server: &Server) {
    let kubectl = argo(server);
    let seen = std::sync::Arc::default();
    let url = guarded(&seen);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "guarded", "namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": "repository"}},
        "stringData": {"type": "git", "url": url, "username": "reader", "password": "word-that-nobody-sees"},
    });
    kubectl.ok_apply(&secret, "--server-side");
    kubectl.ok_apply(&application("guarded", &url, "app"), "");
    reaches(&kubectl, "guarded", ".status.conditions[0].type", "ComparisonError");
    let asked = seen.lock().unwrap().join("\n");
    assert!(asked.contains("Authorization: Basic cmVhZGVyOndvcmQtdGhhdC1ub2JvZHktc2Vlcw=="), "{asked}");
    let live = kubectl.get("application guarded -n argocd").to_string();
    assert!(!live.contains("word-that-nobody-sees") && !live.contains("cmVhZGVyOndvcmQ"), "{live}");
}
