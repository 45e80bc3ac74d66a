//! `show`: a plan file, or the state.

use super::DONE;
use crate::arguments::{Global, ShowArguments};
use crate::logging;
use crate::output::{Output, data, print};
use crate::project::{Answer, Failure, Project};
use crate::registry::Registry;
use crate::render::paint::Paint;
use crate::render::plan::{self as render, Detail};
use crate::render::value::{Writer, push_key};
use formwork_engine::{export, plan_file};
use std::path::Path;

pub(super) fn run(global: &Global, arguments: &ShowArguments) -> Answer {
    match &arguments.plan {
        Some(path) => plan(&Output::new(global), path, arguments.markdown),
        None => state(global),
    }
}

fn plan(output: &Output, path: &Path, markdown: bool) -> Answer {
    let sealer = crate::project::keys()?.sealer()?;
    let plan = plan_file::read(path, &sealer).map_err(Failure::from)?;
    logging::secrets().learn_plan(&plan);
    if output.json {
        data(&logging::secrets().scrub(&format!("{}\n", export::terraform_json(&plan, None))));
        return Ok(DONE);
    }
    let text = if markdown {
        render::markdown(&plan, &Registry)
    } else {
        format!(
            "{}\n{}\n",
            render::text(&plan, &Registry, Paint::new(output.color), Detail::Full),
            render::summary(&plan)
        )
    };
    print(&logging::secrets().scrub(&text));
    Ok(DONE)
}

fn state(global: &Global) -> Answer {
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let published = project.published(&environment)?;
    super::tell_as_of(&project.output, &published);
    if project.output.json {
        data(&format!("{}\n", export::state_json(&published.state)));
        return Ok(DONE);
    }
    let mut text = String::new();
    for row in published.state.rows.values() {
        text.push_str(&format!("{} ({})\n", row.key.address, row.type_name));
        let writer = Writer { own: Some(&row.key.address) };
        for (name, value) in row.values.view().entries().filter(|(_, value)| !value.is_null()) {
            text.push_str("  ");
            push_key(&mut text, name);
            text.push_str(" = ");
            writer.push(&mut text, value, 2);
            text.push('\n');
        }
    }
    let outputs = published.state.outputs.view().entries();
    for (position, (name, value)) in outputs.enumerate() {
        text.push_str(if position == 0 { "\nOutputs:\n  " } else { "  " });
        push_key(&mut text, name);
        text.push_str(" = ");
        Writer { own: None }.push(&mut text, value, 2);
        text.push('\n');
    }
    print(if text.is_empty() { "Nothing is managed here yet.\n" } else { &text });
    Ok(DONE)
}
