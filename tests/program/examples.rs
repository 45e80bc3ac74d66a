//! The modules and examples of this repository: each is well-typed and formatted, and the platform is planned in full in each of
//! its environments before anything of it exists.

use super::support::{Bench, Ran};
use super::trial;
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("examples::the_platform_is_planned_in_full", the_platform_is_planned_in_full),
        trial("examples::a_network_says_which_rules_it_takes", a_network_says_which_rules_it_takes),
    ];
    for folder in stacks_and_modules() {
        let name = folder.strip_prefix(root()).unwrap().display().to_string();
        trials.push(Trial::test(format!("examples::{name}"), move || is_sound(&folder)));
    }
    trials
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every folder below `modules` and `examples` that holds declarations.
fn stacks_and_modules() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join("modules"), root().join("examples")];
    while let Some(folder) = open.pop() {
        let entries: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        if entries.iter().any(|path| path.extension().is_some_and(|extension| extension == "fw")) {
            found.push(folder);
        }
        let is_open = |path: &PathBuf| path.is_dir() && !path.file_name().unwrap().to_string_lossy().starts_with('.');
        open.extend(entries.into_iter().filter(is_open));
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Well-typed in all its environments, without a warning, formatted, and with a manifest that says what it is.
fn is_sound(folder: &Path) -> Result<(), Failed> {
    let manifest = fs::read_to_string(folder.join("formwork.toml"))?;
    if !manifest.contains("\nname = ") {
        return Err("its manifest gives it no name".into());
    }
    for arguments in [&["check", "--deny-warnings"][..], &["fmt", "--check"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_formwork")).args(arguments).current_dir(folder).output()?;
        let ran = Ran::of(&output);
        if ran.code != Some(0) {
            return Err(format!("{}:\n{}{}", arguments.join(" "), ran.out, ran.err).into());
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_file() {
            fs::copy(&path, to.join(name)).unwrap();
        } else if !name.to_string_lossy().starts_with('.') {
            copy(&path, &to.join(name));
        }
    }
}

/// What must be in the plan, in every environment.
const ADDRESSES: &[&str] = &[
    "network.hub_network",
    "network.network[\"cluster\"]",
    "cluster.cluster",
    "cluster.pool[\"workload\"]",
    "registry.pull[\"nodes\"]",
    "vault.secret[\"database-password\"]",
    "identity[\"orders\"].trust[\"cluster\"]",
    "argocd.project[\"team-shop\"]",
    "argocd.repository[\"infrastructure\"]",
    "root",
    "istio.base.synced",
    "istio.istiod.synced",
    "istio.mesh",
    "kyverno.policy[\"disallow-latest-tag\"]",
    "certificates.issuer[\"self-signed\"]",
    "secrets.secret[\"grafana-admin\"]",
    "prometheus.stack.synced",
    "loki.chart.synced",
    "grafana.chart.synced",
    "tenancy.quota_of_all",
    "tenancy.policies.deny",
    "service[\"web\"].deployment",
    "service[\"orders\"].autoscaler",
    "service[\"orders\"].budget",
    "service[\"orders\"].monitor",
    "service[\"orders\"].alerts",
    "delivered[\"status\"]",
];

fn the_platform_is_planned_in_full() {
    let bench = Bench::new(&[]);
    let stack = bench.root().join("examples/platform");
    copy(&root().join("modules"), &bench.root().join("modules"));
    copy(&root().join("examples/platform"), &stack);
    let run = |arguments: &[&str]| Ran::of(&bench.command(arguments).current_dir(&stack).output().unwrap());
    for (environment, more) in [
        ("dev", &["istio.strict_namespace[\"shop\"]"][..]),
        ("staging", &["istio.strict_namespace[\"shop\"]"]),
        ("prod", &["network.bastion.host", "certificates.issuer[\"lets-encrypt\"]"]),
    ] {
        let planned = run(&["plan", "--sandbox", "-e", environment]);
        run(&["sandbox", "stop", "-e", environment]).expect(0);
        let planned = planned.expect(0);
        for address in ADDRESSES.iter().chain(more) {
            let line = format!("  + {address} (");
            assert!(planned.out.lines().any(|one| one.starts_with(&line)), "{environment}: {address} is not planned");
        }
        assert!(!planned.out.contains("waiting for the next phase"), "{environment}: something is put off");
    }
}

/// A mistake in a rule is told where the caller made it, not where the module uses it.
fn a_network_says_which_rules_it_takes() {
    for (rule, told) in [
        ("sources = [\"10.0.0.0/8\", \"Internet\"], ports = [\"80\", \"1024-65535\"]", None),
        ("sources = [\"*\"]", None),
        ("sources = []", Some("nobody is let in or kept out by no source")),
        ("sources = [\"*\", \"Internet\"]", Some("`*` is any source and stands alone")),
        ("sources = [\"all of them\"]", Some("sources are ranges, addresses, or service tags")),
        ("ports = []", Some("a rule for no port does nothing")),
        ("ports = [\"*\", \"80\"]", Some("`*` is any port and stands alone")),
        ("ports = [\"http\"]", Some("ports are numbers or ranges")),
    ] {
        let subnets =
            format!("{{ s = {{ range = \"10.1.0.0/24\", rules = {{ r = {{ priority = 100, {rule} }} }} }} }}");
        let spokes = format!("{{ a = {{ range = \"10.1.0.0/16\", subnets = {subnets} }} }}");
        let stack = format!(
            "provider azure {{ subscription_id = \"s\" }}\n\
             resource group: azure.resource_group {{ name = \"g\", location = \"westeurope\" }}\n\
             module net: \"./modules/azure/network\" {{ name = \"n\", group, location = \"westeurope\", \
             hub = {{ range = \"10.0.0.0/24\" }}, spokes = {spokes} }}\n"
        );
        let bench = Bench::new(&[("main.fw", stack.as_str())]);
        copy(&root().join("modules"), &bench.root().join("modules"));
        let ran = bench.run(&["check"]);
        assert_eq!(ran.code, Some(i32::from(told.is_some())), "{rule}: {}", ran.err);
        assert!(ran.err.contains(told.unwrap_or_default()), "{rule}: {}", ran.err);
        assert!(told.is_none() || ran.err.contains("main.fw:3"), "{rule}: {}", ran.err);
    }
}
