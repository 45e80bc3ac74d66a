//! Forced replacement of each type by `apply`: the steps of [`life`](super::life) as one stack, in which an attribute
//! that cannot be changed in place is another one. The plan says that it replaces the object and because of what, the apply
//! does it, one object of each is left, and the next plan is clean.

use super::life::{Step, steps};
use super::stack::{Bench, stack, trial};
use formwork_provider_api::Provider;
use formwork_provider_azure::AzureProvider;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    vec![
        trial("replaced::each_type_by_what_is_written_of_it", all_at_once),
        trial("replaced::what_nothing_stands_on_alone", what_nothing_stands_on),
        trial("replaced::the_new_one_before_the_old_one", new_before_old),
        trial("replaced::siblings_hand_over_what_they_had", handed_over),
    ]
}

/// The attribute that replaces a step's object, and its other value; none where Azure prescribes all of them.
fn other(step: &Step) -> Option<(&'static str, Json)> {
    let name = || step.config["name"].as_str().unwrap();
    Some(match step.label {
        "bastion_subnet" => return None,
        "assignment" => ("role_definition", json!("Contributor")),
        "role" => ("name", json!("11111111-2222-4333-8444-555555555555")),
        "replication" => ("location", json!("swedencentral")),
        "maintenance" => ("name", json!("aksManagedNodeOSUpgradeSchedule")),
        "a" => ("name", json!("apex")),
        "zone" | "public_zone" => ("name", json!(format!("other.{}", name()))),
        _ => ("name", json!(format!("{}2", name()))),
    })
}

/// The steps, with other objects for these labels.
fn with_others(labels: &BTreeSet<&str>) -> Vec<Step> {
    let mut steps = steps();
    for step in steps.iter_mut().filter(|step| labels.contains(step.label)) {
        let (attribute, value) = other(step).unwrap();
        step.config[attribute] = value;
    }
    steps
}

/// Whether a config refers to a label.
fn refers(config: &Json, label: &str) -> bool {
    match config {
        Json::String(text) => text.strip_prefix('@').is_some_and(|one| one.split('.').next() == Some(label)),
        Json::Array(items) => items.iter().any(|item| refers(item, label)),
        Json::Object(entries) => entries.values().any(|value| refers(value, label)),
        _ => false,
    }
}

fn all_at_once(program: &Path) -> Result<(), Failed> {
    let steps = steps();
    let labels: BTreeSet<&str> = steps.iter().filter(|step| other(step).is_some()).map(|step| step.label).collect();
    let replaced: BTreeSet<&str> =
        steps.iter().filter(|step| labels.contains(step.label)).map(|step| step.type_name).collect();
    let all: BTreeSet<&str> = AzureProvider.schema().resources.iter().map(|schema| schema.name).collect();
    assert_eq!(replaced, all, "each type is replaced");
    replaces(program, &labels, |_| "", "delete").map(drop)
}

/// Each by itself: what it stands on stays.
fn what_nothing_stands_on(program: &Path) -> Result<(), Failed> {
    let steps = steps();
    let is_free = |step: &&Step| other(step).is_some() && !steps.iter().any(|one| refers(&one.config, step.label));
    let labels = steps.iter().filter(is_free).map(|step| step.label).collect();
    replaces(program, &labels, |_| "", "delete").map(drop)
}

/// What others use in passing is made anew before they change over and the old one goes.
fn new_before_old(program: &Path) -> Result<(), Failed> {
    let labels = FIRST.iter().copied().collect();
    let decorated = |label: &str| if FIRST.contains(&label) { "@create_first" } else { "" };
    let bench = replaces(program, &labels, decorated, "create")?;
    let log = bench.log()?;
    for step in steps().iter().filter(|step| labels.contains(step.label)) {
        let (_, name) = other(step).unwrap();
        let at = |method: &str, name: &str| {
            let ends = format!("/{name}").to_lowercase();
            let is_it = |line: &Json| {
                line["method"] == method && line["path"].as_str().unwrap_or_default().to_lowercase().ends_with(&ends)
            };
            log.iter().position(is_it)
        };
        let made = at("PUT", name.as_str().unwrap());
        let gone = at("DELETE", step.config["name"].as_str().unwrap());
        if made.is_none() || gone.is_none() || made > gone {
            return Err(format!("{}: made at {made:?}, the old one deleted at {gone:?}", step.label).into());
        }
    }
    Ok(())
}

const FIRST: &[&str] = &["nsg", "table", "prefix", "address", "nat", "workspace", "public_key"];

/// Applies the steps, replaces the objects of these labels, and sees that all is as it was said; `first` is what a
/// replacement begins with.
fn replaces(
    program: &Path,
    labels: &BTreeSet<&str>,
    decorated: impl Fn(&str) -> &'static str,
    first: &str,
) -> Result<Bench, Failed> {
    let before = steps();
    let bench = Bench::new(program, &stack(&before, &decorated), &[])?;
    bench.apply()?;
    let there = bench.status()?["objects"].clone();
    bench.write(&stack(&with_others(labels), &decorated))?;
    let plan: Json = serde_json::from_str(&bench.run(&["plan", "--sandbox", "--json"])?)?;
    let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    for step in before.iter().filter(|step| labels.contains(step.label)) {
        let (attribute, _) = other(step).unwrap();
        let change = changes.iter().find(|change| change["address"] == step.label).cloned().unwrap_or_default();
        let paths = change["change"]["replace_paths"].as_array().cloned().unwrap_or_default();
        let says = change["action_reason"] == "replace_because_cannot_update" && paths.contains(&json!([attribute]));
        let actions = change["change"]["actions"].as_array().cloned().unwrap_or_default();
        if actions.len() != 2 || actions[0] != first || !says {
            wrong.push(format!("{}: {actions:?}, because of {paths:?}: {}", step.label, change["action_reason"]));
        }
    }
    if !wrong.is_empty() {
        return Err(format!("not planned as a replacement because of its attribute:\n{}", wrong.join("\n")).into());
    }
    bench.apply()?;
    let left = bench.status()?["objects"].clone();
    if left != there {
        return Err(format!("there is {left}\ninstead of {there}").into());
    }
    bench.run(&["plan", "--sandbox", "--detailed-exitcode"])?;
    Ok(bench)
}

/// Rules and subnets that take what another one leaves in the same apply: a priority, a range. Nothing says in which order;
/// Azure refuses whoever comes too early.
fn handed_over(program: &Path) -> Result<(), Failed> {
    let stack = |rules: &str, subnets: &str| {
        format!(
            r#"
provider azure {{ defaults = {{ location = "westeurope" }} }}
resource group: azure.resource_group {{ name = "rg" }}
resource nsg: azure.network_security_group {{ name = "nsg", group }}
resource rule: azure.security_rule for name, priority in {{ {rules} }} {{
  name
  network_security_group = nsg
  priority
  direction = "Inbound"
  access = "Allow"
  protocol = "Tcp"
  source_address_prefix = "*"
  source_port_range = "*"
  destination_address_prefix = "*"
  destination_port_range = "443"
}}
resource vnet: azure.virtual_network {{ name = "vnet", group, address_space = ["10.0.0.0/16"] }}
resource subnet: azure.subnet for name, range in {{ {subnets} }} {{ name, vnet, address_prefix = to_cidr(range) }}
"#
        )
    };
    let before = stack("gone = 100, shifted = 110, last = 120", r#"gone = "10.0.0.0/24", moved = "10.0.1.0/24""#);
    let bench = Bench::new(program, &before, &[])?;
    bench.apply()?;
    let there = bench.status()?["objects"].clone();
    bench.write(&stack("fresh = 100, shifted = 120, last = 130", r#"fresh = "10.0.0.0/24", moved = "10.0.2.0/24""#))?;
    bench.apply()?;
    assert_eq!(bench.status()?["objects"], there);
    bench.run(&["plan", "--sandbox", "--detailed-exitcode"])?;
    Ok(())
}
