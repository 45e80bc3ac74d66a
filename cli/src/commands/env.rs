//! `env`: environments, and what they differ in.

use super::DONE;
use crate::arguments::{EnvCommand, Global, Variables};
use crate::output::{data, print};
use crate::project::{Answer, Project, Stack};
use crate::render::value::Writer;
use formwork_engine::ports::GraphSource;
use formwork_lang::graph::{NodeKind, NothingKnown, ResourceGraph};
use formwork_lang::inputs::{Difference, difference};
use formwork_model::value::{Masking, to_json};
use formwork_model::{Value, ValueBuf};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn run(global: &Global, command: &EnvCommand) -> Answer {
    let project = Project::open(global)?;
    match command {
        EnvCommand::List => list(&project),
        EnvCommand::Diff { from, to } => diff(&project, from, to),
    }
}

fn list(project: &Project) -> Answer {
    let names = if project.overlays.is_empty() { vec!["default".to_owned()] } else { project.overlays.clone() };
    let default = project.manifest.default_environment.as_ref().map(|default| default.name.to_string());
    if project.output.json {
        data(&format!("{}\n", json!({ "environments": names, "default": default })));
        return Ok(DONE);
    }
    for name in names {
        let mark = if default.as_deref() == Some(&name) { " (default)" } else { "" };
        print(&format!("{name}{mark}\n"));
    }
    Ok(DONE)
}

fn diff(project: &Project, from: &str, to: &str) -> Answer {
    let variables = Variables::default();
    let one = Stack::load(project, from, &variables)?;
    let other = Stack::load(project, to, &variables)?;
    let values = difference(&one.program, &one.inputs, &other.inputs);
    let fail = |diagnostics| crate::project::Failure { diagnostics, files: one.files().clone() };
    let graphs = (one.graph(&NothingKnown).map_err(fail)?, other.graph(&NothingKnown).map_err(fail)?);
    let resources = resources(&graphs.0, &graphs.1);
    if project.output.json {
        data(&format!("{}\n", as_json(&values, &resources)));
        return Ok(DONE);
    }
    let mut text = String::new();
    if !values.is_empty() {
        text.push_str(&format!("Values ({from} → {to}):\n"));
    }
    for value in &values {
        let dot = if value.path.steps().is_empty() { "" } else { "." };
        text.push_str(&format!(
            "  {}{dot}{}: {} → {}\n",
            value.param,
            value.path,
            shown(value.left.as_ref()),
            shown(value.right.as_ref())
        ));
    }
    if !resources.is_empty() {
        text.push_str(&format!("\nResources (only in {from}: -, only in {to}: +, different: ~):\n"));
    }
    for (address, mark) in &resources {
        text.push_str(&format!("  {mark} {address}\n"));
    }
    print(if text.is_empty() { "They are the same.\n" } else { &text });
    Ok(DONE)
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(not set)".into(), |value| Writer { own: None }.line(ValueBuf::from(value).view()))
}

/// Resources that only one has, or whose configs differ.
fn resources(one: &ResourceGraph, other: &ResourceGraph) -> BTreeMap<String, char> {
    let configs = |graph: &ResourceGraph| -> BTreeMap<String, ValueBuf> {
        let objects = graph.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Object(object) => Some((node.address.to_string(), graph.value(object.config).to_buf())),
            NodeKind::Provider(_) | NodeKind::Junction => None,
        });
        objects.collect()
    };
    let (one, other) = (configs(one), configs(other));
    let mut found = BTreeMap::new();
    for (address, config) in &one {
        match other.get(address) {
            None => drop(found.insert(address.clone(), '-')),
            Some(there) if there != config => drop(found.insert(address.clone(), '~')),
            Some(_) => {}
        }
    }
    found.extend(other.keys().filter(|address| !one.contains_key(*address)).map(|address| (address.clone(), '+')));
    found
}

fn as_json(values: &[Difference], resources: &BTreeMap<String, char>) -> serde_json::Value {
    let value = |value: Option<&Value>| value.map(|value| to_json(ValueBuf::from(value).view(), Masking::Masked));
    let values: Vec<_> = values
        .iter()
        .map(|difference| {
            json!({
                "param": difference.param, "path": difference.path.to_string(),
                "from": value(difference.left.as_ref()), "to": value(difference.right.as_ref()),
            })
        })
        .collect();
    let resources: Vec<_> = resources
        .iter()
        .map(|(address, mark)| {
            let kind = match mark {
                '-' => "only_from",
                '+' => "only_to",
                _ => "different",
            };
            json!({ "address": address, "difference": kind })
        })
        .collect();
    json!({ "values": values, "resources": resources })
}
