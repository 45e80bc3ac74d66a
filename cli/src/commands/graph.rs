//! `graph`: what needs what, for Graphviz or Mermaid.

use super::DONE;
use crate::arguments::{Global, GraphArguments, GraphFormat};
use crate::output::data;
use crate::project::{Answer, Failure, Project, Stack};
use formwork_engine::export;
use formwork_engine::ports::GraphSource;
use formwork_lang::graph::NothingKnown;

pub(super) fn run(global: &Global, arguments: &GraphArguments) -> Answer {
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let stack = Stack::load(&project, &environment, &arguments.variables)?;
    let graph =
        stack.graph(&NothingKnown).map_err(|diagnostics| Failure { diagnostics, files: stack.files().clone() })?;
    let drawn = export::of_resources(&graph);
    data(&match arguments.format {
        GraphFormat::Dot => export::dot(&drawn),
        GraphFormat::Mermaid => export::mermaid(&drawn),
    });
    Ok(DONE)
}
