//! What the values of a stack come to in each of its environments, as far as its sources tell: the last stage of `check`.
//! Nobody is asked for anything: what `env_var` and `secret_from` give, what comes with the command, and what only the
//! cloud can tell is not known here, and what depends on it is left to `plan`.

use crate::evaluate::{Evaluated, evaluate};
use crate::graph::NothingKnown;
use crate::inputs::{Foreseen, foreseen};
use crate::program::Program;
use crate::source::Sources;
use ecow::EcoString;
use formwork_model::{Diagnostic, diagnostic};
use indexmap::IndexMap;

/// Evaluates a checked program for each environment, and gives all that is wrong with its values: conditions of params,
/// types and modules that do not hold, asserts, operations that have no result. What is wrong in several environments
/// is told once.
///
/// `sources` gives the files that `file`, `template` and the like read.
#[must_use]
pub fn check(program: &Program, sources: &dyn Sources) -> Vec<Diagnostic> {
    let mut found: IndexMap<Diagnostic, Vec<&EcoString>> = IndexMap::new();
    for name in program.environments.keys() {
        for diagnostic in of_environment(program, name, sources) {
            found.entry(diagnostic).or_default().push(name);
        }
    }
    let all = program.environments.len();
    let told = found.into_iter().map(|(diagnostic, environments)| match environments.as_slice() {
        [only] if all > 1 && is_in_overlay(program, only, &diagnostic) => diagnostic,
        [only] if all > 1 => diagnostic.note(format!("in the environment {only}")),
        some if some.len() < all => {
            let names: Vec<&str> = some.iter().map(|name| name.as_str()).collect();
            diagnostic.note(format!("in the environments {}", names.join(", ")))
        }
        _ => diagnostic,
    });
    let mut told: Vec<Diagnostic> = told.collect();
    diagnostic::sort(&mut told);
    told
}

fn of_environment(program: &Program, environment: &str, sources: &dyn Sources) -> Vec<Diagnostic> {
    let Foreseen { inputs, mut diagnostics, is_open } = foreseen(program, environment);
    let Evaluated { diagnostics: evaluated, .. } = evaluate(program, &inputs, &NothingKnown, sources);
    // An address that waits for a param without a value is not wrong: the command gives it.
    diagnostics.extend(evaluated.into_iter().filter(|diagnostic| !(is_open && diagnostic.code.0 == "E0617")));
    diagnostics
}

/// Whether the mark stands in the environment's own file, which tells already where it is wrong.
fn is_in_overlay(program: &Program, environment: &str, diagnostic: &Diagnostic) -> bool {
    let own = program.environments.get(environment).and_then(|environment| environment.layers.last());
    let marked = diagnostic.primary.as_ref().and_then(|label| program.files.location(label.span));
    own.zip(marked).is_some_and(|(own, marked)| own.path == marked.path)
}
