//! `explain ADDRESS.path`: where a value comes from, each layer that set or overrode it with its place, last writer last.
//! What the cloud says is told as the state has it.

use super::DONE;
use crate::arguments::{ExplainArguments, Global};
use crate::output::{data, print};
use crate::project::{Answer, Failure, Files, Project, Stack};
use crate::render::value::Writer;
use formwork_lang::explain::{Explanation, LayerValue, Origin, Step, behind, explain, locate};
use formwork_lang::source::FileTable;
use formwork_lang::tree::OverlayAction;
use formwork_model::value::{MASK, Masking, to_json};
use formwork_model::{AttributePath, InputSource, ModulePath, Span, Value, ValueBuf, ValueRef, View};
use formwork_state::record::{Role, State};
use serde_json::json;

pub(super) fn run(global: &Global, arguments: &ExplainArguments) -> Answer {
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let stack = Stack::load(&project, &environment, &arguments.variables)?;
    let fail = |diagnostics| Failure { diagnostics, files: stack.files().clone() };
    let (address, path) = locate(&stack.program, &arguments.subject).map_err(|diagnostic| fail(vec![diagnostic]))?;
    let sources = Files::new(&project.root);
    let mut explained = explain(&stack.program, &stack.inputs, &sources, &address, &path).map_err(fail)?;
    if explained.value.is_none() && says_the_cloud(&explained).is_some() {
        explained.value = recorded(&project.published(&environment)?.state, &explained);
    }
    let secrets = crate::logging::secrets();
    if project.output.json {
        data(&secrets.scrub(&as_json(stack.files(), &explained)));
    } else {
        print(&secrets.scrub(&as_text(stack.files(), &explained)));
    }
    Ok(DONE)
}

/// The step at which the cloud or the provider decides.
fn says_the_cloud(explained: &Explanation) -> Option<&Step> {
    explained.steps.iter().find(|step| matches!(step.origin, Origin::Cloud | Origin::Row))
}

/// What the state has at the place that is explained.
fn recorded(state: &State, explained: &Explanation) -> Option<Value> {
    let mut rows = state.rows.iter().filter(|(key, _)| key.address == explained.address);
    let (_, row) = rows.find(|(_, row)| row.role == Role::Current)?;
    let found = explained.path.steps().iter().try_fold(row.values.view(), child)?;
    Some(found.to_value()).filter(|value| !value.is_null())
}

fn child<'v>(value: ValueRef<'v>, step: &formwork_model::Step) -> Option<ValueRef<'v>> {
    match (value.view(), step) {
        (View::Map(_), formwork_model::Step::Member(name) | formwork_model::Step::Key(name)) => value.get(name),
        (View::List(mut items), formwork_model::Step::Index(index)) => items.nth(*index as usize),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    let buffer = ValueBuf::from(value);
    let mut waits = false;
    buffer.view().each_attribute(&mut |_, _| waits = true);
    match value {
        // Of what is read from outside of the stack, when somebody needs it.
        Value::Secret(inner) if matches!(&**inner, Value::Unknown(_)) && !waits => MASK.to_owned(),
        Value::Unknown(_) if !waits => "(known when planned)".to_owned(),
        _ => Writer { own: None }.line(buffer.view()),
    }
}

/// The value, or why there is none.
fn told(explained: &Explanation) -> String {
    match (&explained.value, says_the_cloud(explained).map(|step| &step.origin)) {
        (Some(value), _) => shown(value),
        (None, Some(Origin::Row)) => "(known when planned)".to_owned(),
        (None, Some(_)) => "(known after apply)".to_owned(),
        (None, None) => "(not set)".to_owned(),
    }
}

fn place(files: &FileTable, span: Option<Span>) -> String {
    span.and_then(|span| files.location(span)).map_or_else(String::new, |location| format!("  {location}"))
}

fn as_text(files: &FileTable, explained: &Explanation) -> String {
    let subject = behind(&explained.address.to_string(), &explained.path);
    let mut text = format!("{subject} = {}\n", told(explained));
    for step in &explained.steps {
        let indent = "  ".repeat(step.depth as usize + 1);
        let value = step.value.as_ref().map_or_else(String::new, |value| format!(" = {}", shown(value)));
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
    let value = layer.value.as_ref().map_or_else(|| "(not set)".into(), shown);
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

fn name(step: &Step) -> String {
    let root = AttributePath::root();
    match &step.origin {
        Origin::Attribute(name) => format!("attribute `{name}`"),
        Origin::ProviderDefaults => "the provider's `defaults`".into(),
        Origin::SchemaDefault => "the default of the type".into(),
        Origin::Unset => "nobody sets it".into(),
        Origin::Cloud => "the cloud decides it, and the state keeps what it said".into(),
        Origin::Row => "the provider makes this object from the block, and the state keeps it".into(),
        Origin::Let(module, name, path) => format!("let {}", named(module, name, path)),
        Origin::Param(module, name, path) => format!("param {}", named(module, name, path)),
        Origin::Argument(module, name) => format!("argument {}", named(module, name, &root)),
        Origin::Default(module, name) => format!("default of {}", named(module, name, &root)),
        Origin::Output(module, name) => format!("output {}", named(module, name, &root)),
        Origin::Variable => "the key or value of its `for`".into(),
        Origin::Object(address, path) => behind(&address.to_string(), path),
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
