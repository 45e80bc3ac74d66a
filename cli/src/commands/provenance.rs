//! `explain ADDRESS.path`: where a value comes from, each layer that set or overrode it with its place, last writer last.

use super::DONE;
use crate::arguments::{ExplainArguments, Global};
use crate::output::{data, print};
use crate::project::{Answer, Failure, Files, Project, Stack};
use crate::render::value::Writer;
use formwork_lang::explain::{Explanation, LayerValue, Origin, Step, explain, locate};
use formwork_lang::source::FileTable;
use formwork_lang::tree::OverlayAction;
use formwork_model::value::{Masking, to_json};
use formwork_model::{AttributePath, InputSource, ModulePath, Span, Value, ValueBuf};
use serde_json::json;

pub(super) fn run(global: &Global, arguments: &ExplainArguments) -> Answer {
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let stack = Stack::load(&project, &environment, &arguments.variables)?;
    let fail = |diagnostics| Failure { diagnostics, files: stack.files().clone() };
    let (address, path) = locate(&stack.program, &arguments.subject).map_err(|diagnostic| fail(vec![diagnostic]))?;
    let sources = Files::new(&project.root);
    let explained = explain(&stack.program, &stack.inputs, &sources, &address, &path).map_err(fail)?;
    let secrets = crate::logging::secrets();
    if project.output.json {
        data(&secrets.scrub(&as_json(stack.files(), &explained)));
    } else {
        print(&secrets.scrub(&as_text(stack.files(), &explained)));
    }
    Ok(DONE)
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(not set)".into(), |value| Writer { own: None }.line(ValueBuf::from(value).view()))
}

fn place(files: &FileTable, span: Option<Span>) -> String {
    span.and_then(|span| files.location(span)).map_or_else(String::new, |location| format!("  {location}"))
}

fn as_text(files: &FileTable, explained: &Explanation) -> String {
    let subject = behind(&explained.address.to_string(), &explained.path);
    let mut text = format!("{subject} = {}\n", shown(explained.value.as_ref()));
    for step in &explained.steps {
        let indent = "  ".repeat(step.depth as usize + 1);
        let value = step.value.as_ref().map_or_else(String::new, |value| format!(" = {}", shown(Some(value))));
        text.push_str(&format!("{indent}{}{value}{}\n", name(step), place(files, step.span)));
        for layer in &step.layers {
            text.push_str(&format!("{indent}  {}\n", layer_text(files, step, layer)));
        }
    }
    text
}

/// What a layer did, and to which part where that is not all that is asked for.
fn layer_text(files: &FileTable, step: &Step, layer: &LayerValue) -> String {
    let part = match &step.origin {
        Origin::Param(module, name, path) if path != &layer.path && !layer.path.covers(path) => {
            format!("{} ", named(module, name, &layer.path))
        }
        _ => String::new(),
    };
    let value = shown(layer.value.as_ref());
    let what = match layer.action {
        OverlayAction::Set => format!("= {value}"),
        OverlayAction::Replace => format!("replaced by {value}"),
        OverlayAction::Remove => "removed".into(),
        OverlayAction::Append => format!("+= {value}"),
    };
    let place = layer.span.and_then(|span| files.location(span));
    place.map_or_else(|| format!("{}: {part}{what}", layer.layer), |location| format!("{location}: {part}{what}"))
}

fn named(module: &ModulePath, name: &str, path: &AttributePath) -> String {
    let front = if module.is_root() { String::new() } else { format!("{module}.") };
    behind(&format!("{front}{name}"), path)
}

/// A path behind what it begins at: a member after a dot, a key at once.
fn behind(front: &str, path: &AttributePath) -> String {
    let dot = if matches!(path.steps().first(), Some(formwork_model::Step::Member(_))) { "." } else { "" };
    format!("{front}{dot}{path}")
}

fn name(step: &Step) -> String {
    let root = AttributePath::root();
    match &step.origin {
        Origin::Attribute(name) => format!("attribute `{name}`"),
        Origin::ProviderDefaults => "the provider's `defaults`".into(),
        Origin::SchemaDefault => "the default of the type".into(),
        Origin::Unset => "nobody sets it; the cloud may".into(),
        Origin::Let(module, name, path) => format!("let {}", named(module, name, path)),
        Origin::Param(module, name, path) => format!("param {}", named(module, name, path)),
        Origin::Argument(module, name) => format!("argument {}", named(module, name, &root)),
        Origin::Default(module, name) => format!("default of {}", named(module, name, &root)),
        Origin::Output(module, name) => format!("output {}", named(module, name, &root)),
        Origin::Variable => "the key or value of its `for`".into(),
        Origin::Object(address, path) => format!("{address}.{path}"),
        Origin::Function(name) => format!("function `{name}`"),
        Origin::Environment => "the environment's name".into(),
        Origin::Input(InputSource::EnvironmentVariable(name)) => format!("env_var({name:?})"),
        Origin::Input(InputSource::Secret(source)) => format!("secret_from({source:?})"),
    }
}

fn as_json(files: &FileTable, explained: &Explanation) -> String {
    let value = |value: Option<&Value>| value.map(|value| to_json(ValueBuf::from(value).view(), Masking::Masked));
    let at = |span: Option<Span>| span.and_then(|span| files.location(span)).map(|location| location.to_string());
    let layer = |layer: &LayerValue| json!({ "layer": layer.layer.to_string(), "path": layer.path.to_string(), "value": value(layer.value.as_ref()), "at": at(layer.span) });
    let steps: Vec<_> = explained
        .steps
        .iter()
        .map(|step| {
            json!({
                "depth": step.depth, "origin": name(step), "value": value(step.value.as_ref()), "at": at(step.span),
                "layers": step.layers.iter().map(layer).collect::<Vec<_>>(),
            })
        })
        .collect();
    let root = json!({
        "address": explained.address.to_string(), "path": explained.path.to_string(),
        "value": value(explained.value.as_ref()), "steps": steps,
    });
    format!("{root}\n")
}
