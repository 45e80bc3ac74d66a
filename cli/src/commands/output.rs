//! `output`: what the stack tells others.

use super::DONE;
use crate::arguments::{Global, OutputArguments};
use crate::output;
use crate::project::{Answer, Project, refusal};
use crate::render::value::{Writer, push_key};
use formwork_model::value::{Masking, to_json};
use formwork_model::{ValueRef, View};

pub(super) fn run(global: &Global, arguments: &OutputArguments) -> Answer {
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let published =
        project.reader(&environment).and_then(|reader| Ok(formwork_state::store::Reader::read(&reader)?))?;
    super::tell_as_of(&project.output, &published);
    let outputs = published.state.outputs.view();
    let Some(name) = &arguments.name else {
        if project.output.json {
            output::data(&format!("{}\n", to_json(outputs, masking(arguments.show_secrets))));
        } else {
            output::print(&text(outputs, arguments.show_secrets));
        }
        return Ok(DONE);
    };
    let value = outputs.get(name).ok_or_else(|| {
        let names: Vec<&str> = outputs.entries().map(|(name, _)| name).collect();
        let message = format!("there is no output `{name}` in `{environment}`");
        let help =
            if names.is_empty() { "apply the stack first".into() } else { format!("there are {}", names.join(", ")) };
        refusal("E3053", message, help)
    })?;
    one(&project, value, arguments);
    Ok(DONE)
}

const fn masking(show: bool) -> Masking {
    if show { Masking::Exposed } else { Masking::Masked }
}

/// One line (or more, for what is nested) for each output.
pub(super) fn text(outputs: ValueRef<'_>, show_secrets: bool) -> String {
    let mut text = String::new();
    for (name, value) in outputs.entries() {
        push_key(&mut text, name);
        text.push_str(" = ");
        Writer { own: None }.push(&mut text, shown(value, show_secrets), 0);
        text.push('\n');
    }
    text
}

fn shown(value: ValueRef<'_>, show_secrets: bool) -> ValueRef<'_> {
    if show_secrets { value.exposed() } else { value }
}

fn one(project: &Project, value: ValueRef<'_>, arguments: &OutputArguments) {
    // Naming a single secret with --raw is asking for it: scripts read passwords so.
    let show = arguments.show_secrets || arguments.raw;
    let value = shown(value, show);
    match value.view() {
        _ if project.output.json => output::data(&format!("{}\n", to_json(value, masking(show)))),
        View::String(text) if arguments.raw => output::data(text),
        _ => output::print(&format!("{}\n", Writer { own: None }.line(value))),
    }
}
