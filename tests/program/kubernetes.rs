//! A stack on a real API server: planned in full before the provider can connect, applied in one go, drift and conflicts
//! told apart, a server that stopped, a cluster that is replaced. `FORMWORK_TEST_KUBECONFIG` names a cluster; without it the
//! server is a sandbox's, reached as any other.

use crate::cloud::{Api, Cloud, eventually, log};
use crate::sandbox::Sandboxed;
use crate::support::{Bench, Ran};
use libtest_mimic::Trial;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

type Test = (&'static str, fn(&str));

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [Test; 2] = [
        ("kubernetes::a_cluster_of_the_same_apply", a_cluster_of_the_same_apply),
        ("kubernetes::secrets_and_kubeconfigs_stay_out_of_the_state", secrets_stay_out_of_the_state),
    ];
    let trial = |(name, test): Test| {
        Trial::test(name, move || {
            with_cluster(test);
            Ok(())
        })
    };
    let own = [
        crate::trial("kubernetes::a_token_of_the_directory_opens_aks", a_token_of_the_directory),
        crate::trial("kubernetes::fifteen_minute_tokens_outlive_a_long_apply", short_tokens),
        crate::trial("kubernetes::warnings_of_the_server_are_in_the_plan", warnings_of_the_server),
        crate::trial("kubernetes::a_rendering_is_recorded_and_applied_as_planned", renderings),
    ];
    tests.into_iter().map(trial).chain(own).collect()
}

const CLUSTER: &str = include_str!("aks.fw");

/// A cluster of a sandbox's Azure, which lives as long as the first value.
pub(crate) fn cluster() -> (Sandboxed, Cloud, Api) {
    let sandboxed = Sandboxed::new(&[("main.fw", CLUSTER)]);
    sandboxed.start_at("none");
    sandboxed.apply().expect(0);
    let cloud = Cloud::of(&sandboxed);
    let api = cloud.apis().remove(0);
    (sandboxed, cloud, api)
}

/// Runs a test with the kubeconfig of a cluster.
fn with_cluster(test: fn(&str)) {
    if let Some(path) = std::env::var_os("FORMWORK_TEST_KUBECONFIG") {
        return test(&fs::read_to_string(path).unwrap());
    }
    let (_sandboxed, _, api) = cluster();
    test(&api.kubeconfig);
}

/// AKS that signs in with the directory takes `azure.access_token`; without that it takes the cluster's own tokens only.
fn a_token_of_the_directory() {
    const TEAM: &str = r#"
ephemeral token: azure.access_token { scope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default" }
provider kubernetes { kubeconfig = aks.kubeconfig, token = token.token, cluster = aks.id }
resource team: kubernetes.namespace { name = "team" }
"#;
    let signing = CLUSTER.replace("dns_prefix =", "aad_profile = { managed = true }\n  dns_prefix =");
    let sandboxed = Sandboxed::new(&[("main.fw", &(signing + TEAM))]);
    sandboxed.start_at("none");
    sandboxed.apply().expect(0);
    sandboxed.expect_clean();
    sandboxed.run(&["destroy", "--auto-approve"]).expect(0);
    sandboxed.0.write("main.fw", &(CLUSTER.to_owned() + TEAM));
    let refused = sandboxed.apply().expect(1);
    assert!(refused.err.contains("Unauthorized"), "{}", refused.err);
}

/// Two objects, each of which is waited for until somebody changes it.
const LONG: &str = r#"
provider kubernetes { kubeconfig = file("kubeconfig"), exec = { command = "PROGRAM" } }
resource space: kubernetes.namespace { name = "long" }
resource first: kubernetes.config_map {
  name = "first"
  namespace = space
  data = { a = "b" }
  wait = { field = { "data.ready" = "yes" } }
}
resource second: kubernetes.config_map after first {
  name = "second"
  namespace = space
  data = { a = "b" }
  wait = { field = { "data.ready" = "yes" } }
}
"#;

/// A token that holds for fifteen minutes; the account may do everything.
fn short_token(cloud: &Cloud, api: &Api) -> String {
    let request = json!({ "spec": { "expirationSeconds": 900 } });
    let path = "/api/v1/namespaces/kube-system/serviceaccounts/ci/token";
    let (status, answer) = cloud.pass(api, "POST", path, "application/json", Some(&request));
    assert_eq!(status, 201, "{answer}");
    answer["status"]["token"].as_str().unwrap().to_owned()
}

/// An hour and a half passes in the cloud while one apply waits twice: none of its tokens lives so long, and the program that gives them
/// does not say when they end. The server refuses them, and they are asked for again, several times in one wait.
fn short_tokens() {
    let (sandboxed, cloud, api) = cluster();
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "ci" } });
    cloud.apply(&api, "/api/v1/namespaces/kube-system/serviceaccounts/ci", &account);
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "ci" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "kind": "ServiceAccount", "name": "ci", "namespace": "kube-system" }],
    });
    cloud.apply(&api, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/ci", &binding);

    let bench = Bench::new(&[("kubeconfig", &api.kubeconfig)]);
    let program = bench.root().join("give-token").display().to_string();
    // Counted once it has read: what is renewed after that is for the next time.
    bench.write("give-token", "#!/bin/sh\ncat credential\necho x >> asked\n");
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bench.write("main.fw", &LONG.replace("PROGRAM", &program));
    bench.write("formwork.toml", &format!("[stack]\nname = \"bench\"\n[allow]\nexec = [{program:?}]\n"));
    let renew = || {
        let token = short_token(&cloud, &api);
        let credential = json!({ "kind": "ExecCredential", "status": { "token": token } });
        // Under another name first: the program may run meanwhile.
        bench.write("credential.new", &credential.to_string());
        fs::rename(bench.root().join("credential.new"), bench.root().join("credential")).unwrap();
    };
    let asked = || fs::read_to_string(bench.root().join("asked")).unwrap_or_default().lines().count();
    let path = |name: &str| format!("/api/v1/namespaces/long/configmaps/{name}");
    // Whether the last request for an object was answered.
    let went_on = |path: &str| {
        let log = log(&sandboxed);
        let last = log.iter().rfind(|line| line["path"].as_str().is_some_and(|asked| asked.ends_with(path)));
        last.is_some_and(|line| line["status"] == 200)
    };
    renew();
    let mut command = bench.command(&["apply", "--auto-approve"]);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("it has begun", || asked() > 0);
    cloud.forward(Duration::from_secs(2 * 60));
    for name in ["first", "second"] {
        eventually("it is waited for", || cloud.object(&api, &path(name)).is_some());
        for _ in 0..3 {
            // This one holds still after that, and the one that is in use does not.
            renew();
            let before = asked();
            cloud.forward(Duration::from_secs(14 * 60));
            eventually("the program is asked again", || asked() > before);
            eventually("the request is made again", || went_on(&path(name)));
        }
        cloud.edit(&api, &path(name), &json!({ "data": { "ready": "yes" } }));
    }
    let ran = Ran::of(&running.wait_with_output().unwrap()).expect(0);
    assert!(ran.err.contains("3 created"), "{}", ran.err);
    let refused = log(&sandboxed).iter().filter(|line| line["status"] == 401).count();
    assert!(refused >= 6, "{refused} requests were refused");
    bench.expect_clean();
}

/// What an API server says in `Warning` headers of a dry run.
fn warnings_of_the_server() {
    const OLD: &str = r#"
provider kubernetes { kubeconfig = file("kubeconfig") }
resource old: kubernetes.manifest {
  manifest = {
    apiVersion = "v1"
    kind = "Endpoints"
    metadata = { name = "database", namespace = "default" }
    subsets = [{ addresses = [{ ip = "10.1.2.3" }], ports = [{ port = 5432 }] }]
  }
}
"#;
    let (_sandboxed, _, api) = cluster();
    let bench = Bench::new(&[("main.fw", OLD), ("kubeconfig", &api.kubeconfig)]);
    let planned = bench.run(&["plan"]).expect(0);
    let told = "the API server warns: v1 Endpoints is deprecated in v1.33+";
    assert!(planned.err.contains("W1005") && planned.err.contains(told), "{}", planned.err);
    bench.apply().expect(0);
    let clean = bench.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(!clean.err.contains("deprecated"), "nothing is to change, nothing is warned of: {}", clean.err);
}

/// A plan shows that a rendering changes, also where no object does; a plan file holds what was rendered for it, and no later
/// rendering comes in between.
fn renderings() {
    let has = |program: &str| std::process::Command::new(program).arg("version").output().is_ok();
    if !has("kustomize") && !has("kubectl") {
        eprintln!("skipped: neither kustomize nor kubectl is installed");
        return;
    }
    const STACK: &str = "
provider kubernetes { kubeconfig = file(\"kubeconfig\") }
resource app: kubernetes.kustomize { path = \"app\", namespace = \"default\" }
";
    let (_sandboxed, cloud, api) = cluster();
    let settings = |more: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\n{more}");
    let bench = Bench::new(&[("main.fw", STACK), ("kubeconfig", &api.kubeconfig)]);
    bench.write("app/kustomization.yaml", "resources: [settings.yaml]\n");
    bench.write("app/settings.yaml", &settings("data: {color: red}\n"));
    let planned = bench.run(&["plan", "--out", "first.fwplan"]).expect(0);
    assert!(planned.out.contains("app[\"rendering\"]") && planned.out.contains("sha256"), "{}", planned.out);
    bench.write("app/settings.yaml", &settings("data: {color: blue}\n"));
    bench.run(&["apply", "first.fwplan"]).expect(0);
    let live =
        || cloud.object(&api, "/api/v1/namespaces/default/configmaps/settings").unwrap()["data"]["color"].clone();
    assert_eq!(live(), "red", "what was planned is applied");
    let planned = bench.run(&["plan"]).expect(0);
    assert!(
        planned.out.contains("\"red\" → \"blue\"") && planned.out.contains("app[\"rendering\"]"),
        "{}",
        planned.out
    );
    bench.apply().expect(0);
    assert_eq!(live(), "blue");
    bench.expect_clean();
    // A null says nothing to the server: no object changes, and yet another text was rendered.
    bench.write("app/settings.yaml", &settings("data: {color: blue, none: null}\n"));
    let planned = bench.run(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(planned.out.contains("1 to change") && planned.out.contains("sha256"), "{}", planned.out);
}

/// The kubeconfig ends with a value that only `apply` knows: so the provider is configured by what the same apply makes.
const STACK: &str = r#"
param generation: int = 1

resource cluster: std.random_id { byte_length = 4, triggers = generation }
provider kubernetes { kubeconfig = "${file("kubeconfig")}\n# ${cluster.hex}\n" }

resource shop: kubernetes.namespace { name = "NAMESPACE" }
resource settings: kubernetes.config_map { name = "settings", namespace = shop, data = { color = "red" } }
resource keys: kubernetes.manifest {
  manifest = {
    apiVersion = "v1"
    kind = "Secret"
    metadata = { name = "keys", namespace = shop.name }
    stringData = { password = "correct-horse-battery" }
  }
}
resource more: kubernetes.manifests {
  namespace = shop
  content = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n"
}
"#;

fn bench(kubeconfig: &str, name: &str) -> Bench {
    let namespace = format!("program-{name}-{}", std::process::id());
    Bench::new(&[("main.fw", &STACK.replace("NAMESPACE", &namespace)), ("kubeconfig", kubeconfig)])
}

fn a_cluster_of_the_same_apply(kubeconfig: &str) {
    let bench = bench(kubeconfig, "cluster");
    let plan = bench.run(&["plan"]).expect(0);
    assert!(plan.out.contains("Plan: 6 to create"), "{}", plan.out);
    let applied = bench.apply().expect(0);
    assert!(applied.err.contains("6 created"), "{}", applied.err);
    bench.expect_clean();

    bench.write("kubeconfig", &format!("{kubeconfig}\n# rotated\n"));
    bench.expect_clean();
    let replaced = bench.run(&["plan", "--var", "generation=2"]).expect(0);
    assert!(replaced.out.contains("settings (kubernetes.config_map) will be replaced"), "{}", replaced.out);

    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let parsed: serde_json::Value = serde_norway::from_str(kubeconfig).unwrap();
    let server = parsed["clusters"][0]["cluster"]["server"].as_str().unwrap();
    bench.write("kubeconfig", &kubeconfig.replace(server, &format!("https://{dead}")));
    let stopped = bench.run(&["plan"]).expect(1);
    assert!(stopped.err.contains(&dead.to_string()), "the address is named: {}", stopped.err);
    assert!(!stopped.out.contains("to create"), "{}", stopped.out);

    bench.write("kubeconfig", kubeconfig);
    let gone = bench.run(&["destroy", "--auto-approve"]).expect(0);
    assert!(gone.err.contains("6 deleted"), "{}", gone.err);
}

fn secrets_stay_out_of_the_state(kubeconfig: &str) {
    let bench = bench(kubeconfig, "secrets");
    let plan = bench.run(&["plan", "--out", "plan.bin"]).expect(0);
    let applied = bench.run(&["apply", "plan.bin"]).expect(0);
    for text in [&plan.out, &plan.err, &applied.out, &applied.err] {
        assert!(!text.contains("correct-horse"), "{text}");
    }
    let server = kubeconfig.split("certificate-authority-data: ").nth(1).unwrap_or_default();
    let needles = ["correct-horse-battery", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", &server[..server.len().min(60)]];
    let needles: Vec<&str> = needles.into_iter().filter(|needle| !needle.is_empty()).collect();
    let sources = ["kubeconfig", "main.fw"].map(|name| bench.root().join(name).display().to_string());
    let found: Vec<String> =
        files_with(bench.home(), &needles).into_iter().filter(|file| !sources.contains(file)).collect();
    assert!(found.is_empty(), "{found:?}");
    bench.run(&["destroy", "--auto-approve"]).expect(0);
}

/// Files below a folder that hold any of these texts.
pub(crate) fn files_with(folder: &Path, needles: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let content = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            if needles.iter().any(|needle| content.contains(needle)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
