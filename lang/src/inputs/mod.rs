//! The values of the root module's params: one chain of layers, merged, with what each layer said kept for `explain`
//! and for error labels.

mod difference;
mod marks;
mod merge;
pub(crate) mod problem;
mod resolve;

#[cfg(test)]
mod tests;

pub use difference::{Difference, difference};
pub use resolve::resolve;

pub(crate) use marks::type_at;
pub(crate) use merge::{below, child, record};
pub(crate) use resolve::{Foreseen, field_default, foreseen};

use crate::residual::Fault;
use crate::tree::OverlayAction;
use ecow::EcoString;
use formwork_model::{AttributePath, Diagnostic, Span, Value};

/// What the layers say of the params, merged.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The selected environment's name: what `env` gives.
    pub environment: EcoString,
    /// The layers, in the order in which they apply.
    pub layers: Vec<Layer>,
    /// What is odd about them.
    pub warnings: Vec<Diagnostic>,
    /// For each param of the root module what was said of it.
    params: Vec<ParamInput>,
}

/// A layer of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The param's own default.
    Default,
    /// An overlay: its path.
    Overlay(EcoString),
    /// `--var-file`: its path.
    VarFile(EcoString),
    /// `FORMWORK_VAR_name`.
    EnvironmentVariable(EcoString),
    /// `--var name=…`
    Flag(EcoString),
}

impl std::fmt::Display for Layer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Overlay(path) => formatter.write_str(path),
            Self::VarFile(path) => write!(formatter, "--var-file {path}"),
            Self::EnvironmentVariable(name) => write!(formatter, "FORMWORK_VAR_{name}"),
            Self::Flag(name) => write!(formatter, "--var {name}"),
        }
    }
}

/// What is said of one param.
#[derive(Clone, Debug, Default)]
struct ParamInput {
    /// The merged value, not made to fit the type yet; none where only the default counts.
    value: Option<Value>,
    /// The default's value, before it is made to fit.
    default: Option<Value>,
    /// What each layer said, in order.
    said: Vec<Said>,
}

/// What one line of a layer said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Position in [`Inputs::layers`].
    pub layer: usize,
    /// What it did.
    pub action: OverlayAction,
    /// Path within the param.
    pub path: AttributePath,
    /// The value; none for `remove`.
    pub value: Option<Value>,
    /// Where; none for flags and variables.
    pub span: Option<Span>,
    /// Where the parts of the value stand.
    parts: Vec<(AttributePath, Span)>,
}

impl Inputs {
    /// Values without any layer: tests, and stacks that take nothing.
    #[must_use]
    pub fn none(environment: impl Into<EcoString>) -> Self {
        Self { environment: environment.into(), ..Self::default() }
    }

    /// The merged value of a root param, not made to fit its type yet; none where only its default counts.
    #[must_use]
    pub fn value(&self, param: usize) -> Option<&Value> {
        self.params.get(param)?.value.as_ref()
    }

    /// The merged value, or the default.
    #[must_use]
    pub fn effective(&self, param: usize) -> Option<&Value> {
        let param = self.params.get(param)?;
        param.value.as_ref().or(param.default.as_ref())
    }

    /// What was said of a root param at `path` (of it, of what lies in it, of what it lies in), last writer last.
    pub fn said<'a>(&'a self, param: usize, path: &'a AttributePath) -> impl Iterator<Item = &'a Said> {
        let said = self.params.get(param).map_or(&[][..], |param| &param.said);
        said.iter().filter(move |said| said.concerns(path))
    }

    /// Marks a fault, and each that it holds, at the line that wrote the bad value last.
    pub(crate) fn blame(&self, param: usize, fault: Fault, was: &str) -> Fault {
        match self.params.get(param) {
            Some(param) => fault.each(|fault| self.blame_one(param, fault, was)),
            None => fault,
        }
    }

    fn blame_one(&self, param: &ParamInput, fault: Fault, was: &str) -> Fault {
        let path = fault.path();
        let mut writers = param.said.iter().rev().filter(|said| said.value.is_some());
        let Some(writer) = writers.find(|said| said.writes(&path)) else { return fault };
        match writer.place(&path) {
            Some(span) => fault.blamed_on(span, was),
            None => {
                let layer = self.layers.get(writer.layer).map(ToString::to_string).unwrap_or_default();
                fault.note(format!("the value comes from {layer}"))
            }
        }
    }
}

impl Said {
    /// Whether it says something of `path`, of what lies in it, or of what it lies in.
    fn concerns(&self, path: &AttributePath) -> bool {
        if !self.path.covers(path) {
            return path.covers(&self.path);
        }
        // A merge says nothing of keys that it does not have.
        self.action != OverlayAction::Set
            || self.at(path).is_some()
            || self.value.as_ref().is_none_or(|value| value.as_map().is_none())
    }

    /// What it says at `path`, which lies at or below its own path.
    #[must_use]
    pub fn at(&self, path: &AttributePath) -> Option<&Value> {
        let rest = path.steps().get(self.path.steps().len()..)?;
        rest.iter().try_fold(self.value.as_ref()?, merge::child)
    }

    /// Whether this line wrote the value at `path`, or what something is missing in there.
    fn writes(&self, path: &AttributePath) -> bool {
        if self.path.covers(path) {
            return self.at(path).or_else(|| self.nearest(path)).is_some();
        }
        path.covers(&self.path)
    }

    /// Where the value at `path` was written.
    pub(crate) fn place(&self, path: &AttributePath) -> Option<Span> {
        let covering = self.parts.iter().filter(|(part, _)| part.covers(path));
        covering.max_by_key(|(part, _)| part.steps().len()).map(|(_, span)| *span).or(self.span)
    }

    /// For what is missing within a value: the value that it is missing in.
    fn nearest(&self, path: &AttributePath) -> Option<&Value> {
        let above = path.steps().len().checked_sub(1)?;
        let parent: AttributePath = path.steps().iter().take(above).cloned().collect();
        if self.path.covers(&parent) { self.at(&parent) } else { None }
    }
}
