//! The vendor's example requests, each sent to a sandbox that takes resources in any order.
//!
//! Every PUT is taken and answered with a resource of the name and type that was asked for, and reading it gives it back
//! with everything that was sent; what does not stands in `exceptions.txt` with its reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

use formwork_sandbox::arm::Arm;
use formwork_sandbox::clock::HandClock;
use formwork_sandbox::exchange::{Request, Response};
use formwork_sandbox::store::Store;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn main() {
    let arguments = Arguments::from_args();
    let folder = std::env::var_os("FORMWORK_VENDOR_DATA").map(|root| PathBuf::from(root).join("azure/examples"));
    let folder = folder.filter(|folder| folder.join("index.json").exists());
    let present = folder.is_some();
    let trial = Trial::test("examples are taken", move || taken(&folder.clone().unwrap_or_default()));
    libtest_mimic::run(&arguments, vec![trial.with_ignored_flag(!present)]).exit();
}

fn read(path: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(path).expect("vendor data can be read")).expect("vendor data is JSON")
}

fn exceptions() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/exceptions.txt");
    let text = std::fs::read_to_string(path).expect("the list of exceptions");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once("  # "))
        .map(|(name, why)| (name.trim().to_owned(), why.to_owned()))
        .collect()
}

fn taken(folder: &Path) -> Result<(), Failed> {
    let index = read(&folder.join("index.json"));
    let exceptions = exceptions();
    let mut problems = Vec::new();
    let mut count = 0;
    for (name, entry) in index.as_object().expect("an index") {
        if entry["method"] != "PUT" {
            continue;
        }
        count += 1;
        let problem = one(&read(&folder.join(name)), entry).err();
        match (problem, exceptions.get(name)) {
            (Some(problem), None) => problems.push(format!("{name}: {problem}")),
            (None, Some(_)) => problems.push(format!("{name} stands among the exceptions and is taken")),
            _ => (),
        }
    }
    eprintln!("{count} examples, {} exceptions", exceptions.len());
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// The examples' placeholders, and versions that are long gone, give way to what a cloud has.
fn placed(value: &Json) -> Json {
    match value {
        Json::String(text) if text == "location1" => "westus".into(),
        Json::String(text) if text == "1.9.6" => "1.33".into(),
        Json::Array(items) => Json::Array(items.iter().map(placed).collect()),
        Json::Object(map) => Json::Object(map.iter().map(|(key, value)| (key.clone(), placed(value))).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.clone(),
    }
}

fn one(example: &Json, entry: &Json) -> Result<(), String> {
    let parameters = example["parameters"].as_object().expect("parameters");
    let clock = Arc::new(HandClock::default());
    let arm = Arm::new(Arc::new(Store::in_memory()), clock.clone()).relaxed();
    let mut path = entry["path"].as_str().expect("a path").to_owned();
    let mut body = None;
    for (name, value) in parameters {
        let place = format!("{{{name}}}");
        match value {
            Json::String(text) if path.contains(&place) => {
                path = path.replace(&place, text.trim_matches(['/', '{', '}']))
            }
            Json::Object(_) => body = Some(placed(value)),
            _ => (),
        }
    }
    let version = entry["apiVersion"].as_str().expect("a version").to_owned();
    let request = |method: &str, body: Option<Json>| Request {
        method: method.to_owned(),
        path: path.clone(),
        query: vec![("api-version".to_owned(), version.clone())],
        headers: Vec::new(),
        body,
    };
    let answer = arm.handle(&request("PUT", body.clone()));
    good(&answer, "PUT")?;
    clock.advance(Duration::from_secs(7200));
    let read = arm.handle(&request("GET", None));
    if path.to_lowercase().contains("/accesspolicies/") {
        return Ok(());
    }
    good(&read, "GET")?;
    let shown = read.body.unwrap_or_default();
    match shown["name"].as_str().map(str::to_lowercase) {
        Some(name) if path.to_lowercase().ends_with(&name) => Ok(()),
        other => Err(format!("the name {other:?} is not that of {path}")),
    }
}

fn good(answer: &Response, method: &str) -> Result<(), String> {
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let body = answer.body.as_ref().map(ToString::to_string).unwrap_or_default();
    Err(format!("{method} is answered with {} {body}", answer.status))
}
