//! Conditions as Terraform's `checks`: one entry for each declaration, with its instances. What fails is an error before
//! there is a plan, so that a status is `pass` or `unknown`.

use formwork_lang::graph::{Check, Declared, Subject};
use formwork_model::{ModulePath, ModuleStep, ObjectKind};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

const PASS: &str = "pass";
const UNKNOWN: &str = "unknown";

/// Those that wait, and what has only such that hold.
pub(super) fn json(open: &[Check], held: &[Subject]) -> Json {
    let mut declared: BTreeMap<Subject, BTreeMap<&Subject, &str>> = BTreeMap::new();
    let passed = held.iter().map(|subject| (subject, PASS));
    for (subject, status) in passed.chain(open.iter().map(|check| (&check.subject, UNKNOWN))) {
        declared.entry(declaration(subject)).or_default().insert(subject, status);
    }
    declared.iter().map(|(subject, instances)| entry(subject, instances)).collect()
}

/// The declaration: without the keys of the modules around it.
fn declaration(subject: &Subject) -> Subject {
    let steps = subject.module.0.iter();
    let module = ModulePath(steps.map(|step| ModuleStep { name: step.name.clone(), key: None }).collect());
    Subject { module, declared: subject.declared.clone() }
}

fn entry(declared: &Subject, instances: &BTreeMap<&Subject, &str>) -> Json {
    let status = if instances.values().all(|status| *status == PASS) { PASS } else { UNKNOWN };
    let each = instances.iter().map(|(subject, status)| {
        let mut address = Map::new();
        address.insert("to_display".into(), shown(subject).into());
        put_module(&mut address, &subject.module);
        json!({ "address": address, "status": status })
    });
    let mut address = Map::new();
    address.insert("kind".into(), kind(&declared.declared).into());
    address.insert("to_display".into(), shown(declared).into());
    put_module(&mut address, &declared.module);
    if let Declared::Object { kind, type_name, .. } = &declared.declared {
        let mode = if *kind == ObjectKind::Data { "data" } else { "managed" };
        address.insert("mode".into(), mode.into());
        address.insert("type".into(), type_name.to_string().into());
    }
    address.insert("name".into(), declared.declared.name().into());
    json!({ "address": address, "status": status, "instances": each.collect::<Vec<_>>() })
}

fn put_module(entry: &mut Map<String, Json>, module: &ModulePath) {
    if !module.is_root() {
        entry.insert("module".into(), module.to_string().into());
    }
}

/// Terraform's word, where it has one.
const fn kind(declared: &Declared) -> &'static str {
    match declared {
        Declared::Assert(_) => "check",
        Declared::Param(_) => "var",
        Declared::Output(_) => "output_value",
        Declared::Object { .. } | Declared::Let(_) | Declared::Provider(_) | Declared::Call(_) => declared.word(),
    }
}

fn shown(subject: &Subject) -> String {
    match &subject.declared {
        Declared::Assert(place) => format!("assert at {place}"),
        Declared::Object { .. }
        | Declared::Param(_)
        | Declared::Output(_)
        | Declared::Let(_)
        | Declared::Provider(_)
        | Declared::Call(_) => subject.to_string(),
    }
}
