//! Conditions as Terraform's `checks`: one entry for each declaration, with its instances. What fails is an error before
//! there is a plan, so that a status is `pass` or `unknown`.

use formwork_lang::graph::{Check, Subject, SubjectKind};
use formwork_model::{Address, ModulePath, ModuleStep, ObjectKind};
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
    let steps = subject.address.module.0.iter();
    let module = ModulePath(steps.map(|step| ModuleStep { name: step.name.clone(), key: None }).collect());
    Subject { address: Address { module, ..subject.address.clone() }, ..subject.clone() }
}

fn entry(declared: &Subject, instances: &BTreeMap<&Subject, &str>) -> Json {
    let status = if instances.values().all(|status| *status == PASS) { PASS } else { UNKNOWN };
    let each = instances.iter().map(|(subject, status)| {
        let mut address = Map::new();
        address.insert("to_display".into(), shown(subject).into());
        put_module(&mut address, &subject.address);
        json!({ "address": address, "status": status })
    });
    let mut address = Map::new();
    address.insert("kind".into(), kind(declared.kind).into());
    address.insert("to_display".into(), shown(declared).into());
    put_module(&mut address, &declared.address);
    if let Some(type_name) = &declared.type_name {
        let mode = if declared.address.kind == ObjectKind::Data { "data" } else { "managed" };
        address.insert("mode".into(), mode.into());
        address.insert("type".into(), type_name.to_string().into());
    }
    address.insert("name".into(), declared.address.name.as_str().into());
    json!({ "address": address, "status": status, "instances": each.collect::<Vec<_>>() })
}

fn put_module(entry: &mut Map<String, Json>, address: &Address) {
    if !address.module.is_root() {
        entry.insert("module".into(), address.module.to_string().into());
    }
}

/// Terraform's word, where it has one.
const fn kind(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Assert => "check",
        SubjectKind::Param => "var",
        SubjectKind::Output => "output_value",
        SubjectKind::Object | SubjectKind::Let | SubjectKind::Provider | SubjectKind::Call => kind.word(),
    }
}

fn shown(subject: &Subject) -> String {
    let Subject { kind, address, .. } = subject;
    if *kind == SubjectKind::Assert { format!("assert at {}", address.name) } else { address.to_string() }
}
