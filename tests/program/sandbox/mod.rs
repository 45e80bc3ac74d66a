//! The sandbox's process and `--sandbox`, as a person at a terminal has them.

mod faults;
mod files;

use super::cloud::eventually;
use super::support::{Bench, Ran, inventory};
use super::trial;
use formwork_state::record::State;
use formwork_state::store::Reader;
use formwork_state::{Keys, LocalStore};
use libtest_mimic::Trial;
use serde_json::Value as Json;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("sandbox::one_process_however_often_it_is_started", one_process_however_often_it_is_started),
        trial("sandbox::a_killed_process_loses_nothing", a_killed_process_loses_nothing),
        trial("sandbox::a_read_that_fails_once_is_made_again", a_read_that_fails_once_is_made_again),
        trial("sandbox::it_ends_when_nobody_asks", it_ends_when_nobody_asks),
        trial("sandbox::reset_forgets_everything", reset_forgets_everything),
        trial("sandbox::a_taken_port_is_named", a_taken_port_is_named),
        trial("sandbox::mistakes_say_what_to_do", mistakes_say_what_to_do),
        trial("sandbox::a_process_that_cannot_start_is_told", a_process_that_cannot_start_is_told),
        trial("sandbox::a_process_that_hangs_is_told", a_process_that_hangs_is_told),
        trial("sandbox::nobody_else_can_look_into_it", nobody_else_can_look_into_it),
        trial("sandbox::the_process_knows_no_credentials", the_process_knows_no_credentials),
        trial("sandbox::the_real_state_is_not_touched", the_real_state_is_not_touched),
        trial("sandbox::inputs_are_stand_ins", inputs_are_stand_ins),
        trial("sandbox::a_plan_is_applied_where_it_was_made", a_plan_is_applied_where_it_was_made),
        trial("sandbox::environments_have_their_own", environments_have_their_own),
        trial("sandbox::a_second_plan_of_azure_is_clean", a_second_plan_of_azure_is_clean),
        trial("sandbox::only_loopback_is_contacted", only_loopback_is_contacted).with_ignored_flag(!can_trace()),
    ];
    trials.extend(faults::trials());
    trials.extend(files::trials());
    trials
}

/// Whether system calls can be watched here; without it the test says that it is ignored.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    traced.is_ok_and(|status| status.success())
}

const STACK: &str = r#"
provider mock {}
param size: int = 1
resource root: mock.thing { name = "root", size }
resource leaf: mock.thing { name = "leaf", parent = root }
"#;

/// A stack whose sandboxes are stopped in the end.
pub(crate) struct Sandboxed(pub(crate) Bench);

impl Sandboxed {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self(Bench::new(files))
    }

    pub(crate) fn start(&self) -> Json {
        json(&self.0.run(&["sandbox", "start", "--json"]).expect(0))
    }

    /// Starts it at this pace.
    pub(crate) fn start_at(&self, latency: &str) {
        self.0.run(&["sandbox", "start", "--latency", latency]).expect(0);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.0.command(&[arguments, &["--sandbox"]].concat())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    pub(crate) fn apply(&self) -> Ran {
        self.run(&["apply", "--auto-approve"])
    }

    /// Fails the test unless nothing is left to do.
    #[track_caller]
    pub(crate) fn expect_clean(&self) {
        self.run(&["plan", "--detailed-exitcode"]).expect(0);
    }

    /// What is recorded of it.
    pub(crate) fn state(&self) -> Arc<State> {
        let keys = Keys::in_file(self.0.home().join("home/.local/share/formwork/state.key"));
        LocalStore::open_reader(self.directory("default").join("state"), keys).read().unwrap().state
    }

    fn status(&self) -> Json {
        json(&self.0.run(&["sandbox", "status", "--json"]).expect(0))
    }

    pub(crate) fn directory(&self, environment: &str) -> PathBuf {
        self.0.root().join(".formwork/sandbox").join(environment)
    }
}

impl Drop for Sandboxed {
    fn drop(&mut self) {
        let Ok(environments) = fs::read_dir(self.0.root().join(".formwork/sandbox")) else { return };
        for environment in environments.flatten() {
            let name = environment.file_name().to_string_lossy().into_owned();
            drop(self.0.command(&["sandbox", "stop", "-e", &name]).output());
        }
    }
}

fn json(ran: &Ran) -> Json {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

fn one_process_however_often_it_is_started() {
    let bench = Sandboxed::new(&[]);
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let mut command = bench.0.command(&["sandbox", "start", "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let facts: Vec<Json> =
        starts.into_iter().map(|start| json(&Ran::of(&start.wait_with_output().unwrap()).expect(0))).collect();
    assert!(facts.windows(2).all(|pair| pair[0] == pair[1]), "{facts:?}");
    let process = bench.status()["process"].clone();
    bench.start();
    assert_eq!(bench.status()["process"], process);
    bench.0.run(&["sandbox", "stop"]).expect(0);
    assert_eq!(bench.status()["running"], false);
    bench.0.run(&["sandbox", "stop"]).expect(0);
}

fn a_killed_process_loses_nothing() {
    let bench = Sandboxed::new(&[]);
    let before = bench.start();
    bench.0.run(&["sandbox", "fail", "method=PUT,nth=3,error=quota"]).expect(0);
    let process = bench.status()["process"].to_string();
    assert!(Command::new("kill").args(["-KILL", &process]).status().unwrap().success());
    eventually("the killed process is gone", || bench.status()["running"] == false);
    assert_eq!(bench.start(), before, "port, token and authority are the same");
    let status = bench.status();
    assert_ne!(status["process"].to_string(), process);
    assert_eq!(status["failures"][0]["rule"]["nth"], 3);
}

/// What is busy for a moment, or lost once, while a plan reads it: no reason to fail.
fn a_read_that_fails_once_is_made_again() {
    let bench = Sandboxed::new(&[(
        "main.fw",
        "provider azure {}\nresource group: azure.resource_group { name = \"rg\", location = \"westeurope\" }\n",
    )]);
    bench.start_at("none");
    bench.run(&["apply", "--auto-approve"]).expect(0);
    for how in ["error=unavailable", "error=throttled", "cut=before"] {
        let rule = format!("type=Microsoft.Resources/resourceGroups,method=GET,times=1,{how}");
        bench.0.run(&["sandbox", "fail", &rule]).expect(0);
        bench.run(&["plan", "--detailed-exitcode"]).expect(0);
        assert_eq!(bench.status()["failures"][0]["struck"], 1, "{how}: {}", bench.status());
        bench.0.run(&["sandbox", "fail", "--clear"]).expect(0);
    }
}

fn it_ends_when_nobody_asks() {
    let bench = Sandboxed::new(&[]);
    bench.0.run(&["sandbox", "start", "--idle", "300ms"]).expect(0);
    let lock = bench.directory("default").join("server.lock");
    // Asking whether it runs would keep it alive: the lock tells too.
    eventually("it has ended", || fs::File::open(&lock).unwrap().try_lock_shared().is_ok());
    assert_eq!(bench.status()["running"], false);
}

fn reset_forgets_everything() {
    let bench = Sandboxed::new(&[("main.fw", STACK)]);
    let before = bench.start();
    bench.0.run(&["apply", "--sandbox", "--auto-approve"]).expect(0);
    bench.0.run(&["sandbox", "reset"]).expect(0);
    assert!(!bench.directory("default").exists());
    let after = bench.start();
    assert_ne!(after["token"], before["token"]);
    bench.0.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(2);
}

fn a_taken_port_is_named() {
    let bench = Sandboxed::new(&[]);
    let url = bench.start()["url"].as_str().unwrap().to_owned();
    bench.0.run(&["sandbox", "stop"]).expect(0);
    let port = url.rsplit_once(':').unwrap().1;
    let taken = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    let refused = bench.0.run(&["sandbox", "start"]).expect(1).err;
    assert!(refused.contains("E5003") && refused.contains(&format!("port {port}")), "{refused}");
    assert!(refused.contains("sandbox reset"), "{refused}");
    drop(taken);
    assert_eq!(bench.start()["url"], *url);
}

fn mistakes_say_what_to_do() {
    let bench = Sandboxed::new(&[]);
    let told = |arguments: &[&str], code: &str| {
        let refused = bench.0.run(arguments).expect(1).err;
        assert!(refused.contains(code) && refused.contains("help:"), "{code}: {refused}");
    };
    bench.0.write(".formwork", "a file stands where the directory should be");
    told(&["sandbox", "start"], "E5001");
    fs::remove_file(bench.0.root().join(".formwork")).unwrap();
    told(&["sandbox", "fail", "--clear"], "E5006");
    bench.start();
    told(&["sandbox", "fail", "--remove", "99"], "E5007");
    told(&["sandbox", "fail", "odd"], "E5008");
    let mut homeless = bench.0.command(&["plan", "--sandbox"]);
    let refused = Ran::of(&homeless.env_remove("HOME").output().unwrap()).expect(1).err;
    assert!(refused.contains("E5010"), "{refused}");
}

/// It may write nothing: the kernel ends it as soon as it does.
fn a_process_that_cannot_start_is_told() {
    let bench = Sandboxed::new(&[]);
    bench.start();
    bench.0.run(&["sandbox", "stop"]).expect(0);
    let told = bench.0.shell("ulimit -c 0; ulimit -f 0; exec \"$0\" sandbox start").expect(1).err;
    assert!(told.contains("E5004") && told.contains("server.log"), "{told}");
    bench.start();
}

fn a_process_that_hangs_is_told() {
    let bench = Sandboxed::new(&[]);
    bench.start();
    let process = bench.status()["process"].to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    signal("-STOP");
    let told = bench.0.run(&["sandbox", "status"]).expect(1).err;
    signal("-CONT");
    assert!(told.contains("E5005") && told.contains(&format!("kill {process}")), "{told}");
    eventually("it goes on", || bench.status()["running"] == true);
}

fn nobody_else_can_look_into_it() {
    let bench = Sandboxed::new(&[]);
    let facts = bench.start();
    let directory = bench.directory("default");
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    let token = facts["token"].as_str().unwrap();
    for file in ["identity", "store", "server.lock", "server.log", "requests.log"] {
        let path = directory.join(file);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{file}");
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "the token is in {file}");
        assert!(!bytes.windows(11).any(|window| window == b"PRIVATE KEY"), "a key is in {file}");
    }
    assert!(bench.0.root().join(".formwork/.gitignore").exists());
    // Another key opens nothing of it.
    bench.0.run(&["sandbox", "stop"]).expect(0);
    let mut command = bench.0.command(&["sandbox", "start"]);
    let refused =
        Ran::of(&command.env("FORMWORK_STATE_KEY", "another passphrase than before").output().unwrap()).expect(1);
    let told = refused.err;
    assert!(told.contains("E5002") && told.contains("sealed with another key"), "{told}");
}

const CREDENTIALS: &[(&str, &str)] = &[
    ("AZURE_CLIENT_SECRET", "planted-azure"),
    ("AZURE_TENANT_ID", "planted-tenant"),
    ("AZURE_CLIENT_ID", "planted-client"),
    ("AZURE_SUBSCRIPTION_ID", "planted-subscription"),
    ("AWS_ACCESS_KEY_ID", "planted-key"),
    ("AWS_SECRET_ACCESS_KEY", "planted-aws"),
    ("KUBECONFIG", "/planted/kubeconfig"),
    ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ("ALL_PROXY", "http://127.0.0.1:9"),
];

fn the_process_knows_no_credentials() {
    let bench = Sandboxed::new(&[("main.fw", STACK)]);
    let mut command = bench.0.command(&["apply", "--sandbox", "--auto-approve"]);
    Ran::of(&command.envs(CREDENTIALS.iter().copied()).output().unwrap()).expect(0);
    let process = bench.status()["process"].to_string();
    let environment = fs::read(format!("/proc/{process}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(!environment.contains("planted") && !environment.contains("PROXY"), "{environment}");
    assert!(environment.contains("HOME=") && environment.contains("sandbox-home"), "{environment}");
}

fn the_real_state_is_not_touched() {
    let bench = Sandboxed::new(&[("main.fw", STACK)]);
    bench.0.apply().expect(0);
    let state = bench.0.root().join(".formwork/state");
    let (before, cloud) = (contents(&state), inventory(&bench.0.cloud(), &["thing"]));
    let told = bench.0.run(&["apply", "--sandbox", "--auto-approve", "--var", "size=7"]).expect(0);
    assert!(told.err.contains("Sandbox of `default` at https://127.0.0.1:"), "{}", told.err);
    bench.0.run(&["plan", "--sandbox", "--detailed-exitcode", "--var", "size=7"]).expect(0);
    let shown = bench.0.run(&["state", "show", "root", "--sandbox", "--json"]).expect(0);
    assert_eq!(json(&shown)["objects"][0]["values"]["size"], 7);
    bench.0.run(&["destroy", "--sandbox", "--auto-approve"]).expect(0);
    assert_eq!(contents(&state), before);
    assert_eq!(inventory(&bench.0.cloud(), &["thing"]), cloud);
    bench.0.expect_clean();
}

/// Files below a directory with what is in them; locks are left out, they tell who looked.
fn contents(directory: &std::path::Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if !path.to_string_lossy().contains("lock") {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn inputs_are_stand_ins() {
    let bench = Sandboxed::new(&[(
        "main.fw",
        "param real_name: string = env_var(\"REAL_NAME\")\n\
         param real_password: secret<string> = secret_from(\"env:REAL_PASSWORD\")\n\
         resource name: std.value { input = real_name }\n\
         resource password: std.value { input = real_password }\n\
         output name = name.output\noutput password = password.output\n",
    )]);
    let manifest = |values: &str| {
        let text = format!("[stack]\nname = \"bench\"\n[allow]\nenv = [\"REAL_NAME\", \"REAL_PASSWORD\"]\n{values}");
        bench.0.write("formwork.toml", &text);
    };
    let run = |arguments: &[&str]| {
        let mut command = bench.0.command(arguments);
        let command = command.env("REAL_NAME", "planted-name").env("REAL_PASSWORD", "planted-password");
        Ran::of(&command.output().unwrap())
    };
    manifest("");
    let refused = run(&["apply", "--sandbox", "--auto-approve"]).expect(1).err;
    assert!(refused.contains("[sandbox.values]") && refused.contains("REAL_NAME"), "{refused}");
    manifest("[sandbox.values]\nREAL_NAME = \"made-up\"\n\"env:REAL_PASSWORD\" = \"made-up-password\"\n");
    run(&["apply", "--sandbox", "--auto-approve"]).expect(0);
    let outputs = json(&run(&["output", "--sandbox", "--json", "--show-secrets"]).expect(0));
    assert_eq!((&outputs["name"], &outputs["password"]), (&Json::from("made-up"), &Json::from("made-up-password")));
}

fn a_plan_is_applied_where_it_was_made() {
    let bench = Sandboxed::new(&[("main.fw", STACK)]);
    bench.0.run(&["plan", "--sandbox", "--out", "in.fwplan"]).expect(0);
    bench.0.run(&["plan", "--out", "out.fwplan"]).expect(0);
    let refused = bench.0.run(&["apply", "in.fwplan"]).expect(1).err;
    assert!(refused.contains("E5009"), "{refused}");
    let refused = bench.0.run(&["apply", "--sandbox", "out.fwplan"]).expect(1).err;
    assert!(refused.contains("E5009"), "{refused}");
    bench.0.run(&["apply", "--sandbox", "in.fwplan"]).expect(0);
    assert!(!bench.0.root().join(".formwork/state").exists());
    assert!(bench.0.cloud().objects("thing").unwrap().is_empty());
}

fn environments_have_their_own() {
    let bench =
        Sandboxed::new(&[("main.fw", STACK), ("env/dev.fwvars", "size = 1\n"), ("env/prod.fwvars", "size = 5\n")]);
    for environment in ["dev", "prod"] {
        bench.0.run(&["apply", "--sandbox", "--auto-approve", "-e", environment]).expect(0);
    }
    bench.0.run(&["destroy", "--sandbox", "--auto-approve", "-e", "dev"]).expect(0);
    bench.0.run(&["plan", "--sandbox", "--detailed-exitcode", "-e", "prod"]).expect(0);
    let list = json(&bench.0.run(&["state", "list", "--sandbox", "--json", "-e", "prod"]).expect(0));
    assert_eq!(list["objects"].as_array().unwrap().len(), 2);
}

/// Types that are in no region beside a default for all others, a block as an output that the cloud fills in part, and a role on
/// what is no usual scope.
const MACHINE: &str = r#"
provider azure { defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "rg" }
resource vnet: azure.virtual_network { name = "vnet", group, address_space = ["10.0.0.0/16"] }
resource subnet: azure.subnet { name = "machines", vnet, address_prefix = "10.0.0.0/24" }
resource zone: azure.private_dns_zone { name = "shop.internal", group }
resource link: azure.private_dns_zone_link { name = "shop", zone, vnet }
resource public: azure.dns_zone { name = "shop.example", group }
resource nic: azure.network_interface { name = "nic", group, ip_configurations = [{ name = "main", subnet }] }
resource vm: azure.virtual_machine {
  name = "vm"
  group
  vm_size = "Standard_D2s_v5"
  network_interfaces = [{ network_interface = nic }]
  image_reference = { publisher = "Canonical", offer = "ubuntu-24_04-lts", sku = "server", version = "latest" }
  os_profile = {
    admin_username = "azureuser"
    linux_configuration = {
      disable_password_authentication = true
      ssh_public_keys = [{ path = "/home/azureuser/.ssh/authorized_keys", key_data = "ssh-ed25519 AAAA" }]
    }
  }
  os_disk = { disk_size_gb = 64, caching = "ReadWrite", managed_disk = { storage_account_type = "Premium_LRS" } }
}
resource operator: azure.user_assigned_identity { name = "operator", group }
resource may: azure.role_assignment { scope = vm, role_definition = "Virtual Machine Contributor", principal_id = operator.principal_id }
output disk = vm.os_disk
output places = { zone = zone.location, link = link.location, public = public.location, vm = vm.location }
"#;

fn a_second_plan_of_azure_is_clean() {
    let bench = Sandboxed::new(&[("main.fw", MACHINE)]);
    bench.start_at("none");
    bench.0.run(&["apply", "--sandbox", "--auto-approve"]).expect(0);
    let outputs = json(&bench.0.run(&["output", "--sandbox", "--json"]).expect(0));
    let places = serde_json::json!({ "zone": "global", "link": "global", "public": "global", "vm": "westeurope" });
    assert_eq!(outputs["places"], places, "{outputs}");
    let planned = bench.0.run(&["plan", "--sandbox", "--detailed-exitcode"]);
    assert_eq!(planned.code, Some(0), "{}{}", planned.out, planned.err);
    let wrong = MACHINE.replace("\"Virtual Machine Contributor\"", "\"AcrPul\"");
    fs::write(bench.0.root().join("main.fw"), wrong).unwrap();
    let told = bench.0.run(&["check"]).expect(1).err;
    assert!(told.contains("E0453") && told.contains("`AcrPull`"), "{told}");
}

/// What the real providers apply, and a cluster's own API. Nothing is in it that is pinned by a digest and may be fetched.
const CLOUDS: &str = r#"
provider azure { defaults = { location = "westeurope" } }
resource group: azure.resource_group { name = "rg" }
resource vault: azure.key_vault {
  name = "kv-loopback-1"
  group
  tenant_id = "00000000-0000-4000-8000-0000000000aa"
  enable_rbac_authorization = true
}
resource password: azure.secret { name = "password", vault, value = "open sesame" }
resource aks: azure.kubernetes_cluster {
  name = "aks"
  group
  dns_prefix = "aks"
  identity = { type = "SystemAssigned" }
  agent_pool_profiles = [{ name = "system", mode = "System", vm_size = "Standard_D2s_v5", count = 1 }]
}
provider kubernetes { kubeconfig = aks.kubeconfig, cluster = aks.id }
resource shop: kubernetes.namespace { name = "shop" }
resource settings: kubernetes.config_map { name = "settings", namespace = shop, data = { color = "red" } }
"#;

/// Watches every connection that the command, the sandbox's process and whatever they start make, with credentials of real
/// clouds lying about.
fn only_loopback_is_contacted() {
    let bench = Sandboxed::new(&[("main.fw", CLOUDS)]);
    let trace = bench.0.home().join("trace");
    let program = bench.0.command(&["apply", "--sandbox", "--auto-approve"]);
    let mut command = Command::new("strace");
    command.args(["-f", "-e", "trace=connect,sendto,sendmsg,bind", "-o"]).arg(&trace).arg(program.get_program());
    command.args(program.get_args()).current_dir(bench.0.root()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs(CREDENTIALS.iter().copied()).stdin(Stdio::null());
    // The detached process is watched too, so it has to end before the trace does.
    let mut watched = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the apply is done", || {
        let shown = bench.0.run(&["state", "list", "--sandbox", "--json"]);
        shown.code == Some(0) && shown.out.contains("kubernetes.config_map")
    });
    eventually("the sandbox is stopped", || {
        bench.0.run(&["sandbox", "stop"]).out.is_empty() && bench.status()["running"] == false
    });
    assert!(watched.wait().unwrap().success());
    let trace = fs::read_to_string(&trace).unwrap();
    let addressed: Vec<&str> = trace.lines().filter(|line| line.contains("AF_INET")).collect();
    assert!(addressed.iter().any(|line| line.contains("connect(")), "{trace}");
    for line in addressed {
        assert!(line.contains("inet_addr(\"127.0.0.1\")"), "{line}");
    }
    assert!(!bench.0.root().join(".formwork/state").exists(), "the real state is not touched");
}
