//! Running a case: load, check, merge, evaluate.

use crate::case::Case;
use crate::providers::PROVIDERS;
use formwork_lang::check::{Options, check};
use formwork_lang::evaluate::evaluate;
use formwork_lang::explain::{Explanation, Origin, explain, locate};
use formwork_lang::given;
use formwork_lang::graph::{Known, NothingKnown, render, value_text};
use formwork_lang::inputs::{self, Inputs};
use formwork_lang::load::{load, read_overlay};
use formwork_lang::program::Program;
use formwork_lang::residual::resolve;
use formwork_lang::source::{FileTable, SourceError, Sources};
use formwork_model::{Address, AttributePath, Diagnostic, InputSource, Span, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

const MANIFEST: &str = "[stack]\nname = \"suite\"\n";

/// What is found for what a case asks.
pub fn run(case: &Case, what: &str) -> String {
    let sources = Texts::of(case);
    let mut loaded = load(&sources, "");
    for path in &case.variable_files {
        let text = case.files.iter().find(|(name, _)| name == path).map_or("", |(_, text)| text);
        let (overlay, diagnostics) = read_overlay(&mut loaded.files, path, path, text);
        loaded.variable_files.push(overlay);
        loaded.diagnostics.extend(diagnostics);
    }
    loaded.given = given::read(split(&case.variables), split(&case.flags));
    let checked = check(&loaded, &PROVIDERS, Options { warnings: false });
    let Some(program) = checked.program else { return report(&loaded.files, &checked.diagnostics) };
    let selected = case.environment.clone().or_else(|| program.environments.keys().next().map(ToString::to_string));
    let inputs = match inputs::resolve(&program, selected.as_deref().unwrap_or("default")) {
        Ok(inputs) => inputs,
        Err(diagnostics) => return report(&loaded.files, &diagnostics),
    };
    let mut text = report(&loaded.files, &inputs.warnings);
    match what.split_once(' ').unwrap_or((what, "")) {
        ("graph", _) => text.push_str(&graph(&program, &inputs, &sources, &NothingKnown)),
        ("known", _) => text.push_str(&graph(&program, &inputs, &sources, &KnownValues::of(case))),
        ("resolved", _) => text.push_str(&resolved(&program, &inputs, &sources, &KnownValues::of(case))),
        ("explain", path) => text.push_str(&explained(&program, &inputs, &sources, path)),
        ("difference", other) => match inputs::resolve(&program, other) {
            Ok(other) => text.push_str(&difference(&program, &inputs, &other)),
            Err(diagnostics) => text.push_str(&report(&loaded.files, &diagnostics)),
        },
        _ => panic!("cannot expect `{what}`"),
    }
    text
}

/// A secret of a shell is not in what a careless log line would print, nor in what is said of it.
pub fn debugging_shows_no_secret() -> Result<(), libtest_mimic::Failed> {
    let stack = "param a: secret<string>\nparam b: { c: map<secret<string>> }\noutput x = [a, b.c[\"d\"]]\n";
    let case = Case {
        files: vec![("main.fw".into(), stack.into())],
        variables: vec!["a=hunter2".into(), "b={ c = { d = \"hunter2\" } }".into()],
        ..Case::default()
    };
    let sources = Texts::of(&case);
    let mut loaded = load(&sources, "");
    loaded.given = given::read(split(&case.variables), []);
    let checked = check(&loaded, &PROVIDERS, Options::default());
    let program = checked.program.unwrap();
    let inputs = inputs::resolve(&program, "default").unwrap();
    let evaluated = evaluate(&program, &inputs, &NothingKnown, &sources);
    let explained = explained(&program, &inputs, &sources, "b.c[\"d\"]");
    assert!(explained.contains("FORMWORK_VAR_b"), "{explained}");
    let printed = format!("{loaded:?}{program:?}{inputs:?}{evaluated:?}{explained}");
    assert!(!printed.contains("hunter2"), "{printed}");
    Ok(())
}

/// Names and texts of `name=text`.
fn split(written: &[String]) -> impl Iterator<Item = (&str, &str)> {
    written.iter().map(|text| text.split_once('=').unwrap())
}

fn graph(program: &Program, inputs: &Inputs, sources: &Texts, known: &dyn Known) -> String {
    let evaluated = evaluate(program, inputs, known, sources);
    let mut text = report(&program.files, &evaluated.diagnostics);
    if !evaluated.has_errors() {
        text.push_str(&render(&evaluated.graph));
    }
    text
}

/// The outputs as they come out when everything is evaluated first, and known later.
fn resolved(program: &Program, inputs: &Inputs, sources: &Texts, known: &KnownValues) -> String {
    let evaluated = evaluate(program, inputs, &NothingKnown, sources);
    let mut text = report(&program.files, &evaluated.diagnostics);
    let objects = |address: &Address, path: &AttributePath| known.attribute(address, path);
    let outside = |source: &InputSource| Some(known.input(source).ok_or_else(|| "it is not set".into()));
    for output in &evaluated.graph.outputs {
        match resolve(&output.value, &objects, &outside) {
            Ok(value) => writeln!(text, "{} = {}", output.name, value_text(&value)).unwrap(),
            Err(diagnostic) => text.push_str(&report(&program.files, &[diagnostic])),
        }
    }
    for found in &evaluated.graph.checks {
        let condition = resolve(&found.condition, &objects, &outside).map(|value| value_text(&value));
        writeln!(text, "check {condition:?}").unwrap();
    }
    text
}

fn explained(program: &Program, inputs: &Inputs, sources: &Texts, path: &str) -> String {
    let (address, path) = match locate(program, path) {
        Ok(found) => found,
        Err(diagnostic) => return report(&program.files, &[diagnostic]),
    };
    match explain(program, inputs, sources, &address, &path) {
        Ok(explanation) => explanation_text(program, &explanation),
        Err(diagnostics) => report(&program.files, &diagnostics),
    }
}

fn explanation_text(program: &Program, explanation: &Explanation) -> String {
    let place = |span: Option<Span>| span.and_then(|span| program.files.location(span)).map(|at| at.to_string());
    let shown =
        |value: &Option<Value>| value.as_ref().map_or_else(String::new, |value| format!(" = {}", value_text(value)));
    let mut text = format!("{} : {}{}\n", explanation.address, explanation.path, shown(&explanation.value));
    for step in &explanation.steps {
        let indent = "  ".repeat(step.depth as usize + 1);
        let at = place(step.span).unwrap_or_default();
        writeln!(text, "{indent}{}{} {at}", origin(&step.origin), shown(&step.value)).unwrap();
        for layer in &step.layers {
            let at = place(layer.span).unwrap_or_default();
            writeln!(text, "{indent}  | {} {:?} {}{} {at}", layer.layer, layer.action, layer.path, shown(&layer.value))
                .unwrap();
        }
    }
    text
}

fn origin(origin: &Origin) -> String {
    let within = |module: &formwork_model::ModulePath, name: &str| {
        if module.is_root() { name.to_owned() } else { format!("{module}.{name}") }
    };
    match origin {
        Origin::Attribute(name) => format!("attribute {name}"),
        Origin::ProviderDefaults => "provider defaults".into(),
        Origin::SchemaDefault => "schema default".into(),
        Origin::Unset => "unset".into(),
        Origin::Cloud => "cloud".into(),
        Origin::Row => "row".into(),
        Origin::Let(module, name, path) => format!("let {} : {path}", within(module, name)),
        Origin::Param(module, name, path) => format!("param {} : {path}", within(module, name)),
        Origin::Argument(module, name) => format!("argument {}", within(module, name)),
        Origin::Default(module, name) => format!("default {}", within(module, name)),
        Origin::Output(module, name) => format!("output {}", within(module, name)),
        Origin::Variable => "variable".into(),
        Origin::Object(address, path) => format!("object {address} : {path}"),
        Origin::Function(name) => format!("function {name}"),
        Origin::Environment => "environment".into(),
        Origin::Input(source) => format!("input {source:?}"),
    }
}

fn difference(program: &Program, left: &Inputs, right: &Inputs) -> String {
    let mut text = String::new();
    for found in inputs::difference(program, left, right) {
        let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), value_text);
        let dot = if found.path.steps().is_empty() { "" } else { "." };
        writeln!(text, "{}{dot}{}: {} | {}", found.param, found.path, side(&found.left), side(&found.right)).unwrap();
    }
    text
}

fn report(files: &FileTable, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    let place = |span: Span| files.location(span).map_or_else(|| "?".to_owned(), |location| location.to_string());
    for diagnostic in diagnostics {
        let primary = diagnostic.primary.as_ref();
        let at = primary.map_or_else(|| "-".to_owned(), |label| place(label.span));
        writeln!(text, "{at} {} {}", diagnostic.code, diagnostic.message).unwrap();
        if let Some(label) = primary.filter(|label| !label.text.is_empty()) {
            writeln!(text, "  at: {}", label.text).unwrap();
        }
        for label in &diagnostic.labels {
            writeln!(text, "  label {}: {}", place(label.span), label.text).unwrap();
        }
        for note in &diagnostic.notes {
            writeln!(text, "  note: {note}").unwrap();
        }
        if let Some(help) = &diagnostic.help {
            writeln!(text, "  help: {help}").unwrap();
        }
    }
    text
}

/// What a case says of objects and of the world outside.
struct KnownValues(BTreeMap<String, Value>);

impl KnownValues {
    fn of(case: &Case) -> Self {
        let lines = case.known.lines().filter_map(|line| line.split_once(" = "));
        Self(lines.map(|(name, json)| (name.to_owned(), value(json))).collect())
    }
}

fn value(json: &str) -> Value {
    formwork_model::value::from_json(&serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}")))
}

impl Known for KnownValues {
    fn attribute(&self, object: &Address, path: &AttributePath) -> Option<Value> {
        let dot = if path.steps().is_empty() { "" } else { "." };
        self.0.get(&format!("{object}{dot}{path}")).cloned()
    }

    fn input(&self, source: &InputSource) -> Option<Value> {
        match source {
            InputSource::EnvironmentVariable(name) => self.0.get(&format!("env_var {name}")).cloned(),
            InputSource::Secret(place) => self.0.get(&format!("secret {place}")).cloned(),
        }
    }
}

/// Sources in memory.
struct Texts(BTreeMap<String, Arc<[u8]>>);

impl Texts {
    fn of(case: &Case) -> Self {
        let mut texts: BTreeMap<String, Arc<[u8]>> =
            case.files.iter().map(|(name, text)| (name.clone(), Arc::from(text.as_bytes()))).collect();
        texts.entry("formwork.toml".to_owned()).or_insert_with(|| Arc::from(MANIFEST.as_bytes()));
        Self(texts)
    }
}

impl Sources for Texts {
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let below = self.0.keys().filter_map(|path| path.strip_prefix(&prefix)).filter(|rest| !rest.starts_with("../"));
        let mut names: Vec<String> = below
            .map(|rest| rest.split_once('/').map_or_else(|| rest.to_owned(), |(folder, _)| format!("{folder}/")))
            .collect();
        names.dedup();
        if names.is_empty() { Err(missing(directory)) } else { Ok(names) }
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        self.0.get(path).cloned().ok_or_else(|| missing(path))
    }
}

fn missing(path: &str) -> SourceError {
    SourceError { path: path.to_owned(), not_found: true, reason: "it does not exist".to_owned() }
}
