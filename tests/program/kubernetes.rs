//! A stack on a real API server: planned in full before the provider can connect, applied in one go, drift and conflicts
//! told apart, a server that stopped, a cluster that is replaced. `FORMWORK_TEST_KUBECONFIG` names a cluster; without it the
//! server is a sandbox's, reached as any other.

use crate::cloud::{Api, Cloud};
use crate::sandbox::Sandboxed;
use crate::support::Bench;
use libtest_mimic::Trial;
use std::fs;
use std::path::Path;

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
    let directory = crate::trial("kubernetes::a_token_of_the_directory_opens_aks", a_token_of_the_directory);
    tests.into_iter().map(trial).chain([directory]).collect()
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
