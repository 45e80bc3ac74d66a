//! Kills against the sandbox: while AKS is being made, and at random instants of a whole platform's life.

use super::number;
use super::table::{Kind, Table, Window, found};
use crate::cloud::{Cloud, eventually, log};
use crate::sandbox::Sandboxed;
use crate::trial;
use formwork_model::ValueRef;
use formwork_state::record::{Change, Condition, OpenOperation, State};
use libtest_mimic::Trial;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("crash::killed_while_a_cluster_is_made", killed_while_a_cluster_is_made),
        trial("crash::killed_while_a_machine_is_made", killed_while_a_machine_is_made),
        trial("crash::a_platform_is_killed_at_any_instant", a_platform_is_killed_at_any_instant),
    ]
}

type Inventory = BTreeMap<String, Json>;

/// A network, a cluster in it, what runs in the cluster, and Argo CD with an application; with these changes made.
fn stack(changes: &[Kind]) -> String {
    let version = |kind| if changes.contains(&kind) { 2 } else { 1 };
    let (updated, created_first) = (version(Kind::Update), version(Kind::CreateFirst));
    format!(
        r#"
provider azure {{ defaults = {{ location = "westeurope", tags = {{ version = "{updated}" }} }} }}
resource group: azure.resource_group {{ name = "rg" }}
resource rules: azure.network_security_group {{ name = "rules", group }}
resource https: azure.security_rule {{
  name = "https"
  network_security_group = rules
  priority = 10{updated}
  direction = "Inbound"
  access = "Allow"
  protocol = "Tcp"
  source_address_prefix = "*"
  source_port_range = "*"
  destination_address_prefix = "*"
  destination_port_range = "443"
}}
resource vnet: azure.virtual_network {{ name = "vnet", group, address_space = ["10.0.0.0/16"] }}
resource nodes: azure.subnet {{ name = "nodes", vnet, address_prefix = "10.0.0.0/20", network_security_group = rules }}
resource identity: azure.user_assigned_identity {{ name = "control", group }}
resource joins: azure.role_assignment {{
  scope = nodes.id
  role_definition = "Network Contributor"
  principal_id = identity.principal_id
}}
resource aks: azure.kubernetes_cluster after joins {{
  name = "aks"
  group
  dns_prefix = "aks"
  identity = {{ type = "UserAssigned", user_assigned_identities = [identity] }}
  agent_pool_profiles = [{{ name = "system", mode = "System", vm_size = "Standard_D2s_v5", count = {updated}, vnet_subnet = nodes }}]
}}
{gone}
provider kubernetes {{ kubeconfig = aks.kubeconfig, cluster = aks.id }}
provider argocd {{ kubeconfig = aks.kubeconfig, cluster = aks.id }}
resource shop: kubernetes.namespace {{ name = "shop" }}
@create_first
resource settings: kubernetes.config_map for key in to_set(["a", "b", "c"]) {{
  name = "settings-${{key}}-{created_first}"
  namespace = shop
  data = {{ color = "red" }}
}}
resource web: kubernetes.manifest {{
  manifest = {{
    apiVersion = "apps/v1"
    kind = "Deployment"
    metadata = {{ name = "web", namespace = shop.name }}
    spec = {{
      replicas = {updated}
      selector = {{ matchLabels = {{ app = "web" }} }}
      template = {{
        metadata = {{ labels = {{ app = "web" }} }}
        spec = {{ containers = [{{ name = "web", image = "web:1", envFrom = [{{ configMapRef = {{ name = settings["a"].name }} }}] }}] }}
      }}
    }}
  }}
  wait = {{ rollout = true }}
}}
resource argocd: argocd.install {{ version = "3.5.1" }}
resource team: argocd.project after argocd {{
  name = "team"
  source_repos = ["*"]
  destinations = [{{ server = "https://kubernetes.default.svc", namespace = "*" }}]
}}
resource app: argocd.application {{
  name = "app"
  project = team
  source = {{ repo_url = "https://127.0.0.1/git/deployed", target_revision = "main", path = "app" }}
  destination = {{ server = "https://kubernetes.default.svc", namespace = "shop" }}
  sync_policy = {{ automated = {{ prune = true, self_heal = true }} }}
}}
"#,
        gone = if changes.contains(&Kind::Delete) { "" } else { GONE }
    )
}

/// What the second form of the stack no longer has.
const GONE: &str = r#"
resource pool: azure.node_pool { name = "apps", cluster = aks, vm_size = "Standard_D2s_v5", count = 1 }
resource old_rules: azure.network_security_group { name = "old", group }
resource old: kubernetes.config_map for key in to_set(["a", "b", "c"]) {
  name = "old-${key}"
  namespace = shop
  data = { color = "red" }
}
"#;

const MANIFEST: &str = "[stack]\nname = \"bench\"\n[sandbox.repositories]\ndeployed = \"deployed\"\n";
const DEPLOYED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: deployed}\ndata: {by: argocd}\n";

fn sandboxed(latency: &str) -> Sandboxed {
    let sandboxed = Sandboxed::new(&[("main.fw", &stack(&[])), ("deployed/app/map.yaml", DEPLOYED)]);
    sandboxed.0.write("formwork.toml", MANIFEST);
    sandboxed.start_at(latency);
    sandboxed
}

fn start(sandboxed: &Sandboxed, arguments: &[&str]) -> Child {
    let mut command = sandboxed.command(&[arguments, &["--auto-approve"]].concat());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Killed as soon as Azure has heard of the cluster, and again while its long operation is followed.
fn killed_while_a_cluster_is_made() {
    killed_while_made(|| sandboxed("fast"), "kubernetes_cluster", "Microsoft.ContainerService/managedClusters");
}

/// The same of a machine: the compute crate makes its request.
fn killed_while_a_machine_is_made() {
    let sandboxed = || {
        let sandboxed = Sandboxed::new(&[("main.fw", MACHINE)]);
        sandboxed.start_at("fast");
        sandboxed
    };
    killed_while_made(sandboxed, "virtual_machine", "Microsoft.Compute/virtualMachines");
}

const MACHINE: &str = r#"
provider azure { defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "rg" }
resource vnet: azure.virtual_network { name = "vnet", group, address_space = ["10.0.0.0/16"] }
resource machines: azure.subnet { name = "machines", vnet, address_prefix = "10.0.0.0/24" }
resource nic: azure.network_interface { name = "nic", group, ip_configurations = [{ name = "one", subnet = machines }] }
resource machine: azure.virtual_machine {
  name = "vm"
  group
  vm_size = "Standard_D2s_v5"
  image_reference = { publisher = "Canonical", offer = "ubuntu-24_04-lts", sku = "server", version = "latest" }
  os_profile = {
    admin_username = "ops"
    linux_configuration = {
      disable_password_authentication = true
      ssh_public_keys = [{ path = "/home/ops/.ssh/authorized_keys", key_data = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFormworkFormworkFormworkFormworkFormworkFo ops" }]
    }
  }
  network_interfaces = [{ network_interface = nic }]
}
"#;

/// The apply of a stack is killed right after the PUT of an object, and, another time, while the PUT's long operation is
/// followed: the next one goes on, and sends nothing twice.
fn killed_while_made(sandboxed: impl Fn() -> Sandboxed, ours: &str, theirs: &str) {
    let is_it = |open: &OpenOperation| open.begin.row.type_name.name.as_str() == ours;
    for followed in [false, true] {
        let sandboxed = sandboxed();
        let puts = || {
            let mut log = log(&sandboxed);
            log.retain(|line| line["type"] == theirs && line["method"] == "PUT");
            log
        };
        let is_followed = || sandboxed.state().open.values().any(|open| is_it(open) && open.checkpoint.is_some());
        let mut child = start(&sandboxed, &["apply"]);
        eventually("it is being made", || if followed { is_followed() } else { !puts().is_empty() });
        child.kill().unwrap();
        assert!(child.wait().unwrap().signal().is_some(), "it was killed, and had not ended");
        assert!(sandboxed.state().open.values().any(is_it), "the {ours} was not done");
        sandboxed.apply().expect(0);
        assert_eq!(puts().len(), 1, "followed {followed}: {:#?}", puts());
        sandboxed.expect_clean();
        is_what_is_recorded(&sandboxed);
    }
}

/// The objects that exist are those recorded, each one once.
fn is_what_is_recorded(sandboxed: &Sandboxed) {
    let state = sandboxed.state();
    assert!(state.open.is_empty(), "{:#?}", state.open);
    assert!(state.rows.values().all(|row| row.condition == Condition::Ready), "{:#?}", state.rows);
    let recorded: Vec<String> = state.rows.values().map(|row| identity(row.values.view())).collect();
    let recorded: BTreeSet<String> = recorded.into_iter().collect();
    assert_eq!(recorded.len(), state.rows.len(), "no two rows are about one object");
    let there: BTreeSet<String> = Cloud::of(sandboxed).inventory(&log(sandboxed)).into_keys().collect();
    let (orphans, lost): (Vec<_>, Vec<_>) =
        (there.difference(&recorded).collect(), recorded.difference(&there).collect());
    assert!(orphans.is_empty() && lost.is_empty(), "orphans {orphans:?}, lost {lost:?}");
}

/// What identifies an object here: ARM's ids do not depend on case.
fn identity(values: ValueRef<'_>) -> String {
    let id = values.get("id").and_then(|id| id.as_str()).expect("every type here has an id");
    if id.starts_with('/') { id.to_lowercase() } else { id.to_owned() }
}

fn a_platform_is_killed_at_any_instant() {
    let kills = number("FORMWORK_PLATFORM_KILLS", 4);
    let mut random = StdRng::seed_from_u64(13);
    let mut table = Table::default();
    while table.total() < kills {
        life(&mut random, &mut table);
    }
    eprintln!("a platform in the sandbox:\n{table}");
}

/// Creates, changes and destroys the platform, killed once in each.
fn life(random: &mut StdRng, table: &mut Table) {
    let sandboxed = sandboxed("none");
    kill(&sandboxed, random, table, "apply", Kind::Create);
    converge(&sandboxed);
    for changes in table.each_change_by_itself() {
        sandboxed.0.write("main.fw", &stack(&changes));
        let changed = *changes.last().expect("a change");
        kill(&sandboxed, random, table, "apply", changed);
        converge(&sandboxed);
    }
    kill(&sandboxed, random, table, "destroy", Kind::Destroy);
    sandboxed.run(&["destroy", "--auto-approve"]).expect(0);
    let left = Cloud::of(&sandboxed).inventory(&log(&sandboxed));
    assert!(left.is_empty(), "orphans: {:?}", left.keys());
    assert!(sandboxed.state().rows.is_empty());
}

/// One plain apply, no flag; then what exists is what is recorded, and nothing is left to do.
fn converge(sandboxed: &Sandboxed) {
    sandboxed.apply().expect(0);
    sandboxed.expect_clean();
    is_what_is_recorded(sandboxed);
}

/// Runs a command and kills it: at a random time, or where it takes it to the window that was hit least.
fn kill(sandboxed: &Sandboxed, random: &mut StdRng, table: &mut Table, command: &str, kind: Kind) {
    let before = Cloud::of(sandboxed).inventory(&log(sandboxed));
    let (_, wanted) = table.rarest(&[kind]);
    let answers = if matches!(kind, Kind::Create | Kind::Destroy) { 40 } else { 8 };
    let aim = match wanted {
        _ if random.random_bool(0.25) => Aim::Time(Duration::from_millis(random.random_range(0..5_000))),
        Window::BeforeBegin => Aim::Time(Duration::from_millis(random.random_range(20..400))),
        Window::BeforeSend => Aim::Cut("before"),
        Window::BeforeAnswer => Aim::Cut("after"),
        Window::BeforeDone => Aim::Answered(random.random_range(1..answers)),
    };
    let killed = aim.run(sandboxed, random, command, kind);
    sandboxed.0.run(&["sandbox", "fail", "--clear"]).expect(0);
    if !killed {
        return;
    }
    let state = sandboxed.state();
    let there = Cloud::of(sandboxed).inventory(&log(sandboxed));
    let did: BTreeSet<&str> = state
        .open
        .iter()
        .filter(|(_, open)| was_done(open, &state, &before, &there))
        .map(|(id, _)| id.0.as_str())
        .collect();
    let (_, window) = found(&state, |operation| did.contains(operation));
    table.count(kind, window);
}

/// What a kill waits for.
enum Aim {
    /// So much time after the start.
    Time(Duration),
    /// So many answers to requests that change something.
    Answered(usize),
    /// A connection that is cut before or after the work: nobody reads the answer.
    Cut(&'static str),
}

impl Aim {
    /// Whether the run was killed; else it had ended before.
    fn run(self, sandboxed: &Sandboxed, random: &mut StdRng, command: &str, kind: Kind) -> bool {
        if let Self::Cut(side) = self {
            // Half of the requests to a Kubernetes API are dry runs.
            let which = match (kind, random.random_bool(0.5)) {
                (Kind::Destroy, _) => ("method=DELETE", 19),
                (Kind::Delete, _) => ("method=DELETE", 5),
                (Kind::CreateFirst, true) => ("method=DELETE", 3),
                (Kind::CreateFirst, false) => ("path=/kubernetes/*,method=PATCH", 12),
                (Kind::Create | Kind::Update, true) => ("method=PUT", 5),
                (Kind::Create | Kind::Update, false) => ("path=/kubernetes/*,method=PATCH", 59),
            };
            let which = format!("{},nth={}", which.0, random.random_range(1..=which.1));
            sandboxed.0.run(&["sandbox", "fail", &format!("{which},cut={side}")]).expect(0);
        }
        let mut seen = Seen::new(sandboxed);
        // With one change at a time none beside it is farther than that which is cut off.
        let one: &[&str] = if matches!(self, Self::Cut(_)) { &["--parallelism", "1"] } else { &[] };
        let mut child = start(sandboxed, &[&[command], one].concat());
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() && !self.has_come(began, &mut seen) {
            std::thread::sleep(Duration::from_micros(300));
        }
        if matches!(self, Self::Answered(_)) {
            std::thread::sleep(Duration::from_micros(random.random_range(0..1_500)));
        }
        child.kill().unwrap();
        child.wait().unwrap().signal().is_some()
    }

    fn has_come(&self, began: Instant, seen: &mut Seen) -> bool {
        match self {
            Self::Time(time) => began.elapsed() >= *time,
            Self::Answered(count) => seen.look().changes >= *count,
            Self::Cut(_) => seen.look().cut,
        }
    }
}

/// What is new in the sandbox's log, read as it grows.
struct Seen {
    file: BufReader<File>,
    changes: usize,
    cut: bool,
}

impl Seen {
    fn new(sandboxed: &Sandboxed) -> Self {
        let mut file = File::open(sandboxed.directory("default").join("requests.log")).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        Self { file: BufReader::new(file), changes: 0, cut: false }
    }

    fn look(&mut self) -> &Self {
        let mut line = String::new();
        while self.file.read_line(&mut line).unwrap() > 0 {
            self.changes +=
                usize::from(["PUT", "PATCH", "DELETE"].iter().any(|method| line.contains(&format!("{method:?}"))));
            self.cut |= line.contains("\"failure\"");
            line.clear();
        }
        self
    }
}

/// Whether the cloud has done what an open operation asks for.
fn was_done(open: &OpenOperation, state: &State, before: &Inventory, there: &Inventory) -> bool {
    let begin = &open.begin;
    let id = || identity(begin.row.values.view());
    match begin.change {
        Change::Create => {
            let recorded: BTreeSet<String> = state.rows.values().map(|row| identity(row.values.view())).collect();
            let name = begin.row.config.view().get("name").and_then(|name| name.as_str()).map(str::to_lowercase);
            // What takes no tags, by its name; what the operation names has none in its config.
            let is_new = |id: &String| !recorded.contains(id) && !before.contains_key(id);
            let is_called = |id: &str| name.as_ref().is_some_and(|name| id.ends_with(&format!("/{name}")));
            let is_assignment = begin.row.type_name.name.as_str() == "role_assignment";
            there.iter().any(|(id, object)| {
                object.to_string().contains(&begin.operation.0)
                    || is_new(id) && (is_called(id) || is_assignment && id.contains("/roleassignments/"))
            })
        }
        Change::Delete => !there.contains_key(&id()),
        Change::Update => {
            // An etag, a generation; without either the whole of it.
            let mark = |inventory: &Inventory| {
                let object = inventory.get(&id())?;
                let marks = [&object["etag"], &object["eTag"], &object["metadata"]["generation"]];
                let mark = marks.into_iter().find(|mark| !mark.is_null()).unwrap_or(object);
                Some(mark.clone())
            };
            mark(before) != mark(there)
        }
    }
}
