//! Clusters of the sandbox's Azure and what runs in them, in one stack: upgrades, drift, clusters that are replaced or do not
//! answer, ends in the right order, phases as plan files.

use super::cloud::{Api, Cloud, eventually, log};
use super::sandbox::Sandboxed;
use super::support::Ran;
use super::trial;
use libtest_mimic::Trial;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::process::Stdio;

pub(crate) fn trials() -> Vec<Trial> {
    let vendor = std::env::var_os("FORMWORK_VENDOR_DATA").is_some();
    let upgrade = "platform::argocd_is_upgraded_object_by_object";
    let upgrade = if vendor { upgrade.to_owned() } else { format!("{upgrade} (skipped: no FORMWORK_VENDOR_DATA)") };
    let upgraded = || {
        argocd_is_upgraded_object_by_object();
        Ok(())
    };
    vec![
        Trial::test(upgrade, upgraded).with_ignored_flag(!vendor),
        trial("platform::only_our_own_fields_drift", only_our_own_fields_drift),
        trial("platform::simulated_sources_are_told", simulated_sources_are_told),
        trial("platform::children_come_in_waves_and_follow_their_root", children_follow_their_root),
        trial("platform::a_replaced_cluster_gets_its_objects_anew", a_replaced_cluster_gets_its_objects_anew),
        trial(
            "platform::a_cluster_that_does_not_answer_is_no_empty_one",
            a_cluster_that_does_not_answer_is_no_empty_one,
        ),
        trial("platform::a_block_and_its_objects_go_in_one_edit", a_block_and_its_objects_go_in_one_edit),
        trial("platform::objects_go_before_their_cluster", objects_go_before_their_cluster),
        trial("platform::phases_are_applied_without_a_question", phases_are_applied_without_a_question),
    ]
}

/// A cluster; its host name begins with the prefix, which cannot be changed.
const CLUSTER: &str = r#"
param dns_prefix: string = "one"
provider azure { defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "rg" }
resource aks: azure.kubernetes_cluster {
  name = "aks"
  group
  dns_prefix
  identity = { type = "SystemAssigned" }
  agent_pool_profiles = [{ name = "system", mode = "System", vm_size = "Standard_D2s_v5", count = 1 }]
}
"#;

const OBJECTS: &str = r#"
provider kubernetes { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource shop: kubernetes.namespace { name = "shop" }
resource settings: kubernetes.config_map { name = "settings", namespace = shop, data = { color = "red" } }
resource web: kubernetes.manifest {
  manifest = {
    apiVersion = "apps/v1"
    kind = "Deployment"
    metadata = { name = "web", namespace = shop.name }
    spec = {
      selector = { matchLabels = { app = "web" } }
      template = {
        metadata = { labels = { app = "web" } }
        spec = { containers = [{ name = "web", image = "web:1" }] }
      }
    }
  }
  wait = { rollout = true }
}
"#;

const SETTINGS: &str = "/api/v1/namespaces/shop/configmaps/settings";
const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";

/// A stack of these parts, at a pace that makes nobody wait.
fn stack(parts: &[&str]) -> Sandboxed {
    let sandboxed = Sandboxed::new(&[("main.fw", &parts.concat())]);
    sandboxed.start_at("none");
    sandboxed
}

fn applied(parts: &[&str]) -> (Sandboxed, Cloud, Api) {
    let sandboxed = stack(parts);
    sandboxed.apply().expect(0);
    sandboxed.expect_clean();
    let cloud = Cloud::of(&sandboxed);
    let api = cloud.apis().remove(0);
    (sandboxed, cloud, api)
}

/// The changes that a plan proposes, by address.
fn changes(ran: &Ran) -> BTreeMap<String, Vec<String>> {
    let plan: Json = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out));
    let plan = if plan["plan"].is_null() { &plan } else { &plan["plan"] };
    let changes = plan["resource_changes"].as_array().unwrap_or_else(|| panic!("{plan}")).iter();
    let actions = |change: &Json| {
        let actions = change["change"]["actions"].as_array().unwrap().iter();
        actions.map(|action| action.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let named = changes.map(|change| (change["address"].as_str().unwrap().to_owned(), actions(change)));
    named.filter(|(_, actions)| actions != &["no-op"]).collect()
}

fn argocd_is_upgraded_object_by_object() {
    let stack = r#"
param version: string = "3.0.0"
provider argocd { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource cd: argocd.install { version }
"#;
    let sandboxed = self::stack(&[CLUSTER, stack]);
    let run = |arguments: &[&str]| {
        let mut command = sandboxed.command(arguments);
        command.env("FORMWORK_VENDOR_DATA", std::env::var_os("FORMWORK_VENDOR_DATA").unwrap());
        Ran::of(&command.output().unwrap())
    };
    run(&["apply", "--auto-approve"]).expect(0);
    run(&["plan", "--detailed-exitcode"]).expect(0);
    let (cloud, old) = (Cloud::of(&sandboxed), sandboxed.state().rows.len());
    let api = cloud.apis().remove(0);
    let server = "/apis/apps/v1/namespaces/argocd/deployments/argocd-server";
    let image = || {
        let server = cloud.object(&api, server).unwrap();
        server["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    };
    assert!(image().ends_with(":v3.0.0"), "{}", image());

    let upgrade = changes(&run(&["plan", "--json", "--var", "version=3.5.1"]).expect(0));
    assert!(upgrade.keys().all(|address| address.starts_with("cd[\"")), "{upgrade:#?}");
    assert_eq!(upgrade["cd[\"apps/Deployment/argocd/argocd-server\"]"], ["update"]);
    let updated = upgrade.values().filter(|actions| *actions == &["update"]).count();
    assert!(updated > 5 && upgrade.len() < old, "{updated} of {} changes are updates: {upgrade:#?}", upgrade.len());
    run(&["apply", "--auto-approve", "--var", "version=3.5.1"]).expect(0);
    run(&["plan", "--detailed-exitcode", "--var", "version=3.5.1"]).expect(0);
    assert!(image().ends_with(":v3.5.1"), "{}", image());
    eprintln!("3.0.0 to 3.5.1: {} of {old} objects change, {updated} of them in place", upgrade.len());
}

fn only_our_own_fields_drift() {
    let (sandboxed, cloud, api) = applied(&[CLUSTER, OBJECTS]);
    // Another manager's fields, a controller's status, and a field that the manifest leaves to others.
    let other = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings", "labels": { "team": "b" } }, "data": { "theirs": "x" } });
    cloud.apply(&api, SETTINGS, &other);
    cloud.edit(&api, WEB, &json!({ "spec": { "replicas": 3 } }));
    eventually("the controller has told of three replicas", || {
        cloud.object(&api, WEB).unwrap()["status"]["readyReplicas"] == 3
    });
    sandboxed.run(&["drift"]).expect(0);
    sandboxed.expect_clean();

    cloud.edit(&api, SETTINGS, &json!({ "data": { "color": "by hand" } }));
    let drift = sandboxed.run(&["drift"]).expect(2).out;
    assert!(drift.contains("settings") && drift.contains("by hand") && !drift.contains("theirs"), "{drift}");
    // What a person changed goes back, and the plan says who it was.
    let plan = sandboxed.run(&["plan"]).expect(0);
    assert!(plan.out.contains(r#""by hand" → "red""#), "{}", plan.out);
    assert!(plan.err.contains("W1005") && plan.err.contains("kubectl-edit"), "{}", plan.err);
    sandboxed.apply().expect(0);
    sandboxed.expect_clean();
    assert_eq!(cloud.object(&api, SETTINGS).unwrap()["data"], json!({ "color": "red", "theirs": "x" }));

    // What another manager applies is a conflict: who wants it back has to say so.
    let other = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" }, "data": { "color": "theirs", "theirs": "x" } });
    let forced = format!("{SETTINGS}?fieldManager=somebody-else&force=true");
    let (status, answer) = cloud.pass(&api, "PATCH", &forced, "application/apply-patch+yaml", Some(&other));
    assert_eq!(status, 200, "{answer}");
    let conflict = sandboxed.run(&["plan"]).expect(1).err;
    for told in ["E4004", "somebody-else", r#""theirs" -> "red""#, "force = true"] {
        assert!(conflict.contains(told), "{told}: {conflict}");
    }
    let forced = OBJECTS.replace("namespace = shop, data", "namespace = shop, force = true, data");
    sandboxed.0.write("main.fw", &[CLUSTER, &forced].concat());
    let plan = changes(&sandboxed.run(&["plan", "--json"]).expect(0));
    assert_eq!(plan, BTreeMap::from([("settings".to_owned(), vec!["update".to_owned()])]));
    sandboxed.apply().expect(0);
    sandboxed.expect_clean();
    let data = &cloud.object(&api, SETTINGS).unwrap()["data"];
    assert_eq!(data, &json!({ "color": "red", "theirs": "x" }), "theirs is left alone");
    assert_eq!(cloud.object(&api, WEB).unwrap()["spec"]["replicas"], 3);
}

fn simulated_sources_are_told() {
    let stack = r#"
provider argocd { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource cd: argocd.install { version = "3.5.1" }
resource cache: argocd.application after cd {
  name = "cache"
  destination = { server = "https://kubernetes.default.svc", namespace = "default" }
  source = { repo_url = "https://charts.example", chart = "redis", target_revision = "1.0.0" }
  sync_policy = { automated = {} }
}
resource synced: argocd.synced { application = cache }
"#;
    let sandboxed = self::stack(&[CLUSTER, stack]);
    let applied = sandboxed.apply().expect(0).err;
    let told: Vec<&str> = applied.lines().filter(|line| line.contains("SimulatedSource")).collect();
    assert!(told.len() == 2 && told.iter().all(|line| line.contains("argocd/cache")), "{applied}");
    let at_once = applied.find("W1005: `synced`: application argocd/cache").unwrap_or_else(|| panic!("{applied}"));
    assert!(applied.rfind("SimulatedSource").unwrap() > at_once && applied.contains("1 warning"), "{applied}");
    sandboxed.expect_clean();
}

/// An application of applications: a wave waits for the health of the one before, what the stack says reaches a child through its
/// root, and who waits for the child waits for that.
fn children_follow_their_root() {
    let stack = r#"
param size: string = "1"
provider argocd { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource cd: argocd.install {
  version = "3.5.1"
  settings = { "resource.customizations.health.argoproj.io_Application" = "return obj.status.health" }
}
resource root: argocd.application after cd {
  name = "root"
  destination = { server = "https://kubernetes.default.svc", namespace = "argocd" }
  source = {
    repo_url = "https://127.0.0.1/git/gitops"
    path = "platform"
    kustomize = {
      patches = [{
        target = { kind = "Application", name = "second" }
        patch = yaml_encode({
          apiVersion = "argoproj.io/v1alpha1"
          kind = "Application"
          metadata = { name = "second" }
          spec = { info = [{ name = "size", value = size }] }
        })
      }]
    }
  }
  sync_policy = { automated = { prune = true, self_heal = true } }
}
resource synced: argocd.synced { application = "second", parent = root, timeout = 6s, triggers = { size } }
"#;
    let child = |name: &str, wave: u8| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\n  annotations: {{argocd.argoproj.io/sync-wave: \"{wave}\"}}\n\
             spec:\n  project: default\n  source: {{repoURL: https://127.0.0.1/git/gitops, path: {name}}}\n  destination: {{server: https://kubernetes.default.svc, namespace: default}}\n  \
             syncPolicy: {{automated: {{}}}}\n"
        )
    };
    let web = |image: &str| {
        let spec = json!({ "selector": { "matchLabels": { "app": "web" } }, "template": {
            "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [{ "name": "web", "image": image }] } } });
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" }, "spec": spec })
            .to_string()
    };
    let sandboxed = Sandboxed::new(&[("main.fw", &[CLUSTER, stack].concat())]);
    let write = |name: &str, text: &str| sandboxed.0.write(name, text);
    write("formwork.toml", "[stack]\nname = \"bench\"\n[sandbox.repositories]\ngitops = \"gitops\"\n");
    write("gitops/platform/kustomization.yaml", "resources: [first.yaml, second.yaml]\n");
    write("gitops/platform/first.yaml", &child("first", 0));
    write("gitops/platform/second.yaml", &child("second", 1));
    write("gitops/first/web.json", &web("does-not-exist:1"));
    write("gitops/second/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n");
    sandboxed.start_at("none");
    let waited = sandboxed.apply().expect(1);
    assert!(
        waited.err.contains("root: last sync: Running: waiting for healthy state of Application/first"),
        "{}",
        waited.err
    );
    assert!(waited.err.contains("does the source of root hold it"), "{}", waited.err);
    let cloud = Cloud::of(&sandboxed);
    let api = cloud.apis().remove(0);
    let application =
        |name: &str| cloud.object(&api, &format!("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"));
    assert!(
        application("first").is_some() && application("second").is_none(),
        "its wave waits for the first one's health"
    );

    write("gitops/first/web.json", &web("web:1"));
    eventually("the second wave comes", || application("second").is_some());
    assert_eq!(application("first").unwrap()["status"]["health"]["status"], "Healthy");
    sandboxed.apply().expect(0);
    let size = || application("second").unwrap()["spec"]["info"][0]["value"].clone();
    assert_eq!(size(), "1");
    sandboxed.run(&["apply", "--auto-approve", "--var", "size=2"]).expect(0);
    assert_eq!(size(), "2", "who has waited for the child has waited for what its root says now");
    sandboxed.run(&["plan", "--detailed-exitcode", "--var", "size=2"]).expect(0);
}

fn a_replaced_cluster_gets_its_objects_anew() {
    let (sandboxed, cloud, before) = applied(&[CLUSTER, OBJECTS]);
    let plan = changes(&sandboxed.run(&["plan", "--json", "--var", "dns_prefix=two"]).expect(0));
    for address in ["aks", "shop", "settings", "web"] {
        let mut actions = plan[address].clone();
        actions.sort();
        assert_eq!(actions, ["create", "delete"], "{address}: {plan:#?}");
    }
    sandboxed.run(&["apply", "--auto-approve", "--var", "dns_prefix=two"]).expect(0);
    sandboxed.run(&["plan", "--detailed-exitcode", "--var", "dns_prefix=two"]).expect(0);
    let apis = cloud.apis();
    assert!(apis.len() == 1 && apis[0].kubeconfig != before.kubeconfig, "it is another cluster");
    assert!(cloud.object(&apis[0], SETTINGS).is_some() && cloud.object(&apis[0], WEB).is_some());
}

fn a_cluster_that_does_not_answer_is_no_empty_one() {
    let (sandboxed, _, api) = applied(&[CLUSTER, OBJECTS]);
    let address = sandboxed.start()["url"].as_str().unwrap().trim_start_matches("https://").to_owned();
    for (rule, code) in [("cut=before", "E1011"), ("error=unavailable", "E")] {
        sandboxed.0.run(&["sandbox", "fail", &format!("path=/kubernetes/*,{rule}")]).expect(0);
        let plan = sandboxed.run(&["plan"]).expect(1);
        assert!(plan.err.contains(&address) && plan.err.contains(code), "{rule}: {}", plan.err);
        assert!(!plan.out.contains("to create"), "{rule}: {}", plan.out);
        sandboxed.0.run(&["sandbox", "fail", "--clear"]).expect(0);
    }
    sandboxed.expect_clean();
    assert!(!api.kubeconfig.is_empty());
}

fn a_block_and_its_objects_go_in_one_edit() {
    let (sandboxed, cloud, api) = applied(&[CLUSTER, OBJECTS]);
    sandboxed.0.write("main.fw", CLUSTER);
    let plan = changes(&sandboxed.run(&["plan", "--json"]).expect(0));
    let gone = |address: &str| (address.to_owned(), vec!["delete".to_owned()]);
    assert_eq!(plan, BTreeMap::from([gone("settings"), gone("shop"), gone("web")]));
    sandboxed.apply().expect(0);
    assert!(cloud.object(&api, "/api/v1/namespaces/shop").is_none() && cloud.object(&api, SETTINGS).is_none());
    sandboxed.expect_clean();
}

/// Also where a controller of somebody else has to do something first.
fn objects_go_before_their_cluster() {
    let held = r#"
resource held: kubernetes.manifest {
  manifest = {
    apiVersion = "v1"
    kind = "ConfigMap"
    metadata = { name = "held", namespace = shop.name, finalizers = ["formwork.test/hold"] }
    data = { a = "b" }
  }
}
"#;
    let path = "/api/v1/namespaces/shop/configmaps/held";
    let (sandboxed, cloud, api) = applied(&[CLUSTER, OBJECTS, held]);
    let mut command = sandboxed.command(&["destroy", "--auto-approve"]);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("it is being deleted", || !cloud.object(&api, path).unwrap()["metadata"]["deletionTimestamp"].is_null());
    // Long enough for a destroy that does not wait to have gone on.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let deletes_cluster =
        |line: &&Json| line["type"] == "Microsoft.ContainerService/managedClusters" && line["method"] == "DELETE";
    assert!(!log(&sandboxed).iter().any(|line| deletes_cluster(&line)), "the cluster went first");
    cloud.edit(&api, path, &json!({ "metadata": { "finalizers": null } }));
    Ran::of(&running.wait_with_output().unwrap()).expect(0);
    let log = log(&sandboxed);
    let cluster = log.iter().position(|line| deletes_cluster(&line)).unwrap();
    let deletes_object =
        |line: &Json| line["method"] == "DELETE" && line["path"].as_str().unwrap().starts_with("/kubernetes/");
    let objects = log.iter().enumerate().filter(|(_, line)| deletes_object(line)).map(|(at, _)| at);
    let objects: Vec<usize> = objects.collect();
    assert!(objects.len() >= 4 && objects.iter().all(|at| *at < cluster), "{objects:?} and {cluster}");
    assert!(cloud.apis().is_empty() && sandboxed.state().rows.is_empty());
}

fn phases_are_applied_without_a_question() {
    let each = r#"
resource each: kubernetes.config_map for part in to_set(split(aks.fqdn, ".")) {
  name = "part-${part}"
  namespace = shop
  data = { of = aks.fqdn }
}
"#;
    let sandboxed = stack(&[CLUSTER, OBJECTS, each]);
    let file = |name: &str| sandboxed.0.home().join(name).display().to_string();
    let (first, second) = (file("first.fwplan"), file("second.fwplan"));
    sandboxed.run(&["plan", "--out", &first, "--input=false"]).expect(0);
    let told =
        sandboxed.run(&["apply", &first, "--next-out", &second, "--input=false", "--detailed-exitcode"]).expect(2);
    assert!(told.err.contains("5 created"), "{}", told.err);
    sandboxed.run(&["apply", &second, "--input=false", "--detailed-exitcode"]).expect(0);
    let cloud = Cloud::of(&sandboxed);
    let api = cloud.apis().remove(0);
    for part in ["westeurope", "azmk8s", "io"] {
        assert!(cloud.object(&api, &format!("/api/v1/namespaces/shop/configmaps/part-{part}")).is_some(), "{part}");
    }
    sandboxed.expect_clean();
}
