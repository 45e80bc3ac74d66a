//! From a checked program to the resource graph: symbolic evaluation. What only the cloud can tell stays an unknown
//! that remembers what is left to do (`crate::residual`).

mod addresses;
mod attribute;
mod block;
mod call;
mod completed;
mod condition;
mod expression;
mod finish;
mod host;
pub(crate) mod instances;
mod limits;
pub(crate) mod node;
mod order;
mod problem;
mod provider;
pub(crate) mod references;
mod state;
pub(crate) mod units;
mod value;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_graph;

pub(crate) use expression::part_at;
pub(crate) use state::Evaluator;

use crate::graph::{Known, ResourceGraph};
use crate::inputs::Inputs;
use crate::program::{Param, Program};
use crate::source::Sources;
use formwork_model::{Diagnostic, diagnostic};
use units::{UnitKind, Units};

/// A graph, and what was found on the way.
#[derive(Debug, Default)]
pub struct Evaluated {
    /// The graph; only to be used where no diagnostic is an error.
    pub graph: ResourceGraph,
    /// Errors and warnings, by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Evaluated {
    /// Whether the graph must not be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Evaluates a program for the environment and values of `inputs`. `known` tells values of objects that will not
/// change; `sources` gives the files that `file`, `template` and the like read.
///
/// The same arguments give the same graph, byte for byte.
#[must_use]
pub fn evaluate(program: &Program, inputs: &Inputs, known: &dyn Known, sources: &dyn Sources) -> Evaluated {
    match run(program, inputs, known, sources) {
        Ok(mut evaluator) => {
            evaluator.addresses();
            let mut evaluated = evaluator.finish();
            diagnostic::sort(&mut evaluated.diagnostics);
            evaluated
        }
        Err(diagnostics) => Evaluated { diagnostics, ..Evaluated::default() },
    }
}

/// Evaluates all units; the evaluator then has all values.
pub(crate) fn run<'p>(
    program: &'p Program,
    inputs: &'p Inputs,
    known: &'p dyn Known,
    sources: &'p dyn Sources,
) -> Result<Evaluator<'p>, Vec<Diagnostic>> {
    let too_many = || vec![problem::Problem::TooManyCalls.into_diagnostic()];
    let units = Units::of(program).ok_or_else(too_many)?;
    let order = order::order(program, &units);
    let mut evaluator = Evaluator::new(program, inputs, known, sources, units).ok_or_else(Vec::new)?;
    evaluator.diagnostics = order.diagnostics;
    for unit in order.units {
        let is_cyclic = order.cyclic.get(unit as usize).copied().unwrap_or(false);
        evaluator.unit(unit, is_cyclic);
    }
    Ok(evaluator)
}

/// That a param has no value.
pub(crate) fn no_value(param: &Param) -> Diagnostic {
    let (name, ty) = (param.name.to_string(), param.ty.to_string());
    problem::Problem::NoValue { span: param.span, name, ty }.into_diagnostic()
}

impl Evaluator<'_> {
    /// Evaluates a unit in each instance of its module.
    fn unit(&mut self, unit: u32, is_cyclic: bool) {
        let Some((context, kind)) = self.units.kind(self.program, unit) else { return };
        if matches!(kind, UnitKind::Function(_) | UnitKind::End) {
            return;
        }
        let count = self.context_instances.get(context).map_or(0, Vec::len);
        for position in 0..count {
            let instance = self.context_instances.get(context).and_then(|instances| instances.get(position));
            let Some(instance) = instance.copied() else { continue };
            self.enter(instance);
            self.unit = unit;
            self.home = instance;
            if is_cyclic {
                self.poison(kind);
            } else {
                self.one(kind);
            }
        }
    }

    fn one(&mut self, kind: UnitKind) {
        match kind {
            UnitKind::Param(index) => self.param(index),
            UnitKind::Let(index) => self.named(index),
            UnitKind::Output(index) => self.output(index),
            UnitKind::Provider(index) => self.provider_block(index),
            UnitKind::Call(index) => self.call_header(index),
            UnitKind::CallProviders(index) => self.call_providers(index),
            UnitKind::Block(index) => self.block(index),
            UnitKind::Assert(index) => self.assert(index),
            UnitKind::Function(_) | UnitKind::End => {}
        }
    }
}
