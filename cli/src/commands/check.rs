//! `check`: every mistake of a stack, in one run, without any network.

use super::{DONE, FAILED};
use crate::arguments::{CheckArguments, CheckFormat, Global};
use crate::output::{Output, data, tell};
use crate::project::{Answer, Examined, examine};
use crate::render::diagnostics;
use formwork_lang::source::FileTable;
use formwork_model::Diagnostic;
use serde_json::json;

pub(super) fn run(global: &Global, arguments: &CheckArguments) -> Answer {
    // Not through a project: what is wrong with the manifest is one mistake among others.
    let output = Output::new(global);
    let Examined { checked, files } = examine(&global.directory, &arguments.variables)?;
    let found = checked.diagnostics;
    let bad = found.iter().any(|diagnostic| diagnostic.is_error() || arguments.deny_warnings);
    report(&output, arguments.format, &files, &found);
    if let (Some(program), false, false) = (&checked.program, bad, output.json) {
        let (modules, environments) = (program.modules.len(), program.environments.len());
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (more, many) = (plural(modules), plural(environments));
        tell(&format!("`{}` is well-typed: {modules} module{more}, {environments} environment{many}.\n", program.name));
    }
    Ok(if bad { FAILED } else { DONE })
}

fn report(output: &Output, format: CheckFormat, files: &FileTable, found: &[Diagnostic]) {
    match format {
        CheckFormat::Text if !output.json => tell(&diagnostics::text(output, files, found)),
        CheckFormat::Text | CheckFormat::Json => {
            let all: Vec<_> = found.iter().map(|diagnostic| diagnostics::to_json(files, diagnostic)).collect();
            data(&format!("{}\n", json!({ "diagnostics": all })));
        }
        CheckFormat::Sarif => data(&format!("{:#}\n", diagnostics::sarif(files, found))),
    }
}
