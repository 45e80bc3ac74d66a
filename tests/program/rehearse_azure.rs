//! `rehearse` of Azure and of a cluster in it. What counts as the real Azure is a sandbox of its own, reached as Azure is:
//! with credentials, by an address.

use super::cloud::{Cloud, log};
use super::rehearse::steps;
use super::sandbox::Sandboxed;
use super::support::{Bench, Ran};
use super::trial;
use libtest_mimic::Trial;
use serde_json::Value as Json;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("rehearse::azure_and_a_cluster_in_it", azure_and_a_cluster_in_it),
        trial("rehearse::azure_with_a_hub_of_another_stack", azure_with_a_hub_of_another_stack),
        trial("rehearse::a_platform_with_its_repository", a_platform_with_its_repository),
        trial("rehearse::a_platform_that_is_recorded", a_platform_that_is_recorded),
    ]
}

const STACK: &str = r#"
param size: int = 1
provider azure { endpoint = "URL", authority_host = "URL", defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "rg" }
resource vnet: azure.virtual_network { name = "vnet", group, address_space = ["10.0.0.0/16"] }
resource nodes: azure.subnet { name = "nodes", vnet, address_prefix = "10.0.0.0/20" }
resource identity: azure.user_assigned_identity { name = "control", group }
resource joins: azure.role_assignment {
  scope = nodes.id
  role_definition = "Network Contributor"
  principal_id = identity.principal_id
}
resource aks: azure.kubernetes_cluster after joins {
  name = "aks"
  group
  dns_prefix = "aks"
  identity = { type = "UserAssigned", user_assigned_identities = [identity] }
  agent_pool_profiles = [{ name = "system", mode = "System", vm_size = "Standard_D2s_v5", count = size, vnet_subnet = nodes }]
}
provider kubernetes { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource shop: kubernetes.namespace { name = "shop" }
resource settings: kubernetes.config_map { name = "settings", namespace = shop, data = { size = "${size}" } }
output api = aks.fqdn
"#;

/// A stack that is applied to a cloud with credentials, as anybody's is.
struct Real {
    cloud: Sandboxed,
    facts: Json,
    bench: Bench,
}

impl Real {
    fn new(stack: &str) -> Self {
        let cloud = Sandboxed::new(&[]);
        cloud.start_at("none");
        let facts = cloud.start();
        let real = Self { cloud, facts, bench: Bench::new(&[]) };
        real.write(stack);
        real
    }

    /// Another stack from now on.
    fn write(&self, stack: &str) {
        self.bench.write("main.fw", &stack.replace("URL", self.facts["url"].as_str().unwrap()));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bench.command(arguments);
        for (name, fact) in [
            ("AZURE_SUBSCRIPTION_ID", "subscription_id"),
            ("AZURE_TENANT_ID", "tenant_id"),
            ("AZURE_CLIENT_ID", "client_id"),
            ("AZURE_CLIENT_SECRET", "client_secret"),
            ("FORMWORK_CA_BUNDLE", "ca"),
        ] {
            command.env(name, self.facts[fact].as_str().unwrap());
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    fn rehearse(&self, arguments: &[&str], code: i32) -> Json {
        let ran = self.run(&[&["rehearse", "--json"], arguments].concat()).expect(code);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
    }

    /// All that the cloud has been asked for.
    fn asked(&self) -> usize {
        log(&self.cloud).len()
    }
}

fn azure_and_a_cluster_in_it() {
    let real = Real::new(STACK);
    let first = real.rehearse(&[], 0);
    assert_eq!((&first["restored"], &first["well"]), (&Json::from(0), &Json::from(true)), "{first}");
    a_cluster_takes_minutes(&first);
    assert_eq!(real.asked(), 0, "nothing real was asked for anything");

    real.run(&["apply", "--auto-approve"]).expect(0);
    real.run(&["plan", "--detailed-exitcode"]).expect(0);
    let (asked, rows) = (real.asked(), real.bench.state().rows.clone());
    let inventory = Cloud::of(&real.cloud).inventory(&log(&real.cloud));
    assert_eq!(inventory.len(), rows.len(), "{:?}", inventory.keys());
    let before = real.asked();

    let same = real.rehearse(&[], 0);
    assert_eq!((&same["restored"], &same["well"]), (&Json::from(rows.len()), &Json::from(true)), "{same}");
    assert!(steps(&same).is_empty(), "what is recorded and wanted alike is not changed: {same}");

    let changed = real.rehearse(&["--var", "size=3"], 0);
    let done = |address: &str| ("update".to_owned(), address.to_owned(), "done".to_owned());
    assert_eq!(steps(&changed), [done("aks"), done("settings")]);
    assert_eq!(changed["second_plan"], Json::Array(Vec::new()), "{changed}");
    assert_eq!(seconds(&changed, "aks"), 120, "what an update of a cluster takes: {changed}");

    let rule = "type=Microsoft.ContainerService/managedClusters,method=PUT,error=quota";
    let failed = real.rehearse(&["--var", "size=3", "--fail", rule], 1);
    assert_eq!(failed["well"], false);
    let outcome = |address: &str| steps(&failed).into_iter().find(|step| step.1 == address).unwrap().2;
    assert_eq!(outcome("aks"), "failed", "{failed}");
    assert!(failed["diagnostics"].to_string().contains("QuotaExceeded"), "{failed}");

    let destroyed = real.rehearse(&["--destroy"], 0);
    assert_eq!(steps(&destroyed).iter().filter(|step| step.0 == "delete" && step.2 == "done").count(), rows.len());
    assert_eq!(seconds(&destroyed, "aks"), 180, "what a delete of a cluster takes: {destroyed}");

    assert_eq!(real.asked(), before, "no rehearsal asked the real cloud for anything");
    assert!(asked < before, "the inventory's own requests are in the log");
    assert_eq!(real.bench.state().rows, rows);
    assert_eq!(Cloud::of(&real.cloud).inventory(&log(&real.cloud)), inventory);
}

fn step<'r>(report: &'r Json, address: &str) -> &'r Json {
    let mut steps = report["phases"].as_array().unwrap().iter().flat_map(|phase| phase["steps"].as_array().unwrap());
    steps.find(|step| step["address"] == address).unwrap()
}

/// How long the step of this object takes, by the report.
fn seconds(report: &Json, address: &str) -> u64 {
    let step = step(report, address);
    step["ends_s"].as_u64().unwrap() - step["begins_s"].as_u64().unwrap()
}

/// The times are those of the cloud, not of the sandbox; and what only the cloud tells becomes known.
fn a_cluster_takes_minutes(report: &Json) {
    let step = |address: &str| step(report, address);
    assert_eq!(seconds(report, "aks"), 300, "{}", step("aks"));
    assert!(seconds(report, "group") < 30, "{}", step("group"));
    assert!(step("aks")["begins_s"].as_u64() >= step("nodes")["ends_s"].as_u64());
    assert!(step("settings")["begins_s"].as_u64() >= step("aks")["ends_s"].as_u64());
    assert!(report["takes_s"].as_u64().unwrap() >= 120, "{report}");
    assert!(step("aks")["known"]["fqdn"].as_str().is_some_and(|fqdn| fqdn.contains("aks")), "{}", step("aks"));
    assert!(step("identity")["known"]["principal_id"].is_string());
    assert!(!report.to_string().contains("certificate-authority-data"), "a kubeconfig is secret");
    assert_eq!(report["second_plan"], Json::Array(Vec::new()));
}

const HUB: &str = r#"
provider azure { endpoint = "URL", authority_host = "URL", defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "hub", tags = { owner = "network" } }
resource hub: azure.virtual_network { name = "hub", group, address_space = ["10.9.0.0/16"] }
resource apps: azure.subnet { name = "apps", vnet = hub, address_prefix = "10.9.1.0/24" }
resource vault: azure.key_vault { name = "kv-of-the-hub", group }
resource password: azure.secret { name = "password", vault, value = "planted-real-password" }
"#;

const SPOKE: &str = r#"
param address: cidr = "10.0.0.0/16"
provider azure { endpoint = "URL", authority_host = "URL", defaults = { location = "westeurope" } }
data network_group: azure.resource_group { name = "hub" }
data hub: azure.virtual_network { name = "hub", group = "hub" }
data apps: azure.subnet { name = "apps", vnet = hub.id }
data vault: azure.key_vault { name = "kv-of-the-hub", group = "hub" }
data password: azure.secret { name = "password", vault = vault.id }
resource group: azure.resource_group { name = "spoke", tags = network_group.tags }
resource spoke: azure.virtual_network { name = "spoke", group, address_space = [address] }
resource peering: azure.virtual_network_peering { name = "to-hub", vnet = spoke, remote_vnet = hub.id }
resource nic: azure.network_interface {
  name = "nic"
  group
  ip_configurations = [{ name = "a", subnet = apps.id }]
}
resource copy: std.value { input = password.value }
output owner = network_group.tags
"#;

/// What only data sources tell is read where an apply reads it; all else is the private sandbox's.
fn azure_with_a_hub_of_another_stack() {
    let real = Real::new(HUB);
    real.run(&["apply", "--auto-approve"]).expect(0);
    real.run(&["state", "rm", "group", "hub", "apps", "vault", "password"]).expect(0);
    real.write(SPOKE);
    let written =
        || log(&real.cloud).iter().filter(|line| !["GET", "POST"].contains(&line["method"].as_str().unwrap())).count();
    let before = written();

    let ran = real.run(&["rehearse", "--read-data", "--json"]);
    assert!(!format!("{}{}", ran.out, ran.err).contains("planted-real-password"));
    let first: Json = serde_json::from_str(&ran.expect(0).out).unwrap();
    assert_eq!((&first["well"], &first["second_plan"]), (&Json::from(true), &Json::Array(Vec::new())), "{first}");
    let read = first["read"].as_array().unwrap();
    let of = |name: &str| read.iter().filter(|one| one["type"] == name).count();
    assert_eq!(
        ["resource_group", "virtual_network", "subnet", "key_vault", "secret"].map(|name| of(&format!("azure.{name}"))),
        [1; 5],
        "{first}"
    );
    assert_eq!(first["outputs"]["owner"]["owner"], "network", "what is read is all of it: {first}");

    real.run(&["apply", "--auto-approve"]).expect(0);
    let after = written();
    assert!(before < after);
    let changed = real.rehearse(&["--read-data", "--var", "address=10.1.0.0/16"], 0);
    assert_eq!((&changed["well"], &changed["second_plan"]), (&Json::from(true), &Json::Array(Vec::new())), "{changed}");
    assert!(steps(&changed).iter().any(|step| step.1 == "spoke" && step.2 == "done"), "{changed}");
    assert_eq!(written(), after, "a rehearsal changes nothing real");
}

const PLATFORM: &str = r#"
provider azure { defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "rg" }
resource aks: azure.kubernetes_cluster {
  name = "aks"
  group
  dns_prefix = "aks"
  identity = { type = "SystemAssigned" }
  agent_pool_profiles = [{ name = "system", mode = "System", vm_size = "Standard_D2s_v5", count = 1 }]
}
provider argocd { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource cd: argocd.install { version = "3.0.0" }
resource web: argocd.application after cd {
  name = "web"
  destination = { server = "https://kubernetes.default.svc", namespace = "default" }
  source = { repo_url = "https://127.0.0.1/git/gitops", path = "web", target_revision = "main" }
  sync_policy = { automated = {} }
}
resource synced: argocd.synced { application = web }
"#;

/// What Argo CD follows in the sandbox, it follows in a rehearsal too: `argocd.synced` waits for it.
fn a_platform_with_its_repository() {
    let bench = Bench::new(&[("main.fw", PLATFORM)]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[sandbox.repositories]\ngitops = \"gitops\"\n");
    std::fs::create_dir_all(bench.root().join("gitops/web")).unwrap();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web, namespace: default }\ndata: { color: red }\n";
    bench.write("gitops/web/settings.yaml", map);
    let ran = bench.run(&["rehearse"]).expect(0);
    assert!(ran.out.contains("create   synced (argocd.synced)"), "{}", ran.out);
    assert!(ran.out.contains("A second plan is clean."), "{}", ran.out);
    assert!(ran.err.contains("changes there, in phase 1"), "{}", ran.err);
}

/// Many objects stand behind one block here, and others come after all of them.
const RECORDED: &str = r#"
param machine: string = "Standard_D2s_v5"
provider azure { defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "rg" }
resource account: azure.user_assigned_identity { name = "account", group }
resource marked: azure.resource_group { name = "marked", tags = { part = "client ${account.client_id}" } }
resource aks: azure.kubernetes_cluster {
  name = "aks"
  group
  dns_prefix = "aks"
  identity = { type = "SystemAssigned" }
  agent_pool_profiles = [{ name = "system", mode = "System", vm_size = machine, count = 1 }]
}
provider argocd { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource cd: argocd.install { version = "3.0.0" }
resource repository: argocd.repository for name in to_set(["a", "b", "c", "d", "e", "f", "g", "h", "i"]) after cd {
  name = "repository-${name}"
  url = "https://git.example.com/${name}.git"
}
resource root: argocd.application after repository {
  name = "root"
  finalizers = ["resources-finalizer.argocd.argoproj.io"]
  destination = { server = "https://kubernetes.default.svc", namespace = "default" }
  source = { repo_url = "https://git.example.com/a.git", path = "web", target_revision = account.client_id }
}
"#;

/// What is recorded is made in the order in which it was made, and goes in the order in which it would go.
fn a_platform_that_is_recorded() {
    let cloud = Sandboxed::new(&[("main.fw", RECORDED)]);
    cloud.start_at("none");
    cloud.apply().expect(0);
    let rehearse = |arguments: &[&str]| -> Json {
        let ran = cloud.run(&[&["rehearse", "--json"], arguments].concat()).expect(0);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
    };
    let same = rehearse(&[]);
    assert!(steps(&same).is_empty(), "what is recorded and wanted alike is not changed: {same}");

    let replaced = rehearse(&["--var", "machine=Standard_D8s_v5"]);
    assert_eq!(replaced["second_plan"], Json::Array(Vec::new()), "{replaced}");
    let steps = steps(&replaced);
    let made = |change: &str| -> Vec<&str> {
        steps.iter().filter(|step| step.0 == change && step.2 == "done").map(|step| step.1.as_str()).collect()
    };
    assert_eq!(made("create"), made("delete"), "the cluster and all in it: {replaced}");
    assert!(made("create").len() > 20 && made("create").contains(&"root"), "{replaced}");
    let times = |change: &str, address: &str| {
        let mut steps =
            replaced["phases"].as_array().unwrap().iter().flat_map(|phase| phase["steps"].as_array().unwrap());
        let step = steps.find(|step| step["change"] == change && step["address"] == address).unwrap();
        (step["begins_s"].as_u64().unwrap(), step["ends_s"].as_u64().unwrap())
    };
    let controller = "cd[\"apps/StatefulSet/argocd/argocd-application-controller\"]";
    assert!(
        times("delete", "root").1 <= times("delete", controller).0,
        "Argo CD takes its Application's objects away before it goes itself: {replaced}"
    );
}
