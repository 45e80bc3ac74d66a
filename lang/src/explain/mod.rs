//! Where a value comes from: the expression that gives it, the params, lets and arguments that it flows through, and
//! for each param what every layer said, last writer last.

mod locate;
mod path;
mod trace;

pub use locate::locate;

use crate::evaluate::Evaluator;
use crate::graph::NothingKnown;
use crate::inputs::{Inputs, Layer};
use crate::program::Program;
use crate::source::Sources;
use crate::tree::OverlayAction;
use ecow::EcoString;
use formwork_model::{Address, AttributePath, Code, Diagnostic, ModulePath, Span, Value};

/// Where a value comes from.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Of what.
    pub address: Address,
    /// Which part of it.
    pub path: AttributePath,
    /// The value as it is known before anything is created; none where it is not set.
    pub value: Option<Value>,
    /// What it flows through: each step below (one deeper than) the one that uses it.
    pub steps: Vec<Step>,
}

/// Something that a value flows through.
#[derive(Clone, Debug)]
pub struct Step {
    /// How far from the value that is explained.
    pub depth: u32,
    /// What it is.
    pub origin: Origin,
    /// Where it stands.
    pub span: Option<Span>,
    /// Its value, when it has one by itself.
    pub value: Option<Value>,
    /// For a param of the root module: what each layer said, last writer last.
    pub layers: Vec<LayerValue>,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// The attribute of the block, as it is written there.
    Attribute(EcoString),
    /// The provider's `defaults`.
    ProviderDefaults,
    /// The schema's own default: nobody sets it.
    SchemaDefault,
    /// Nobody sets it.
    Unset,
    /// The cloud says what it is: the state knows it once it was told.
    Cloud,
    /// The provider makes the object from the block: which there are, and what is in them, it tells when planning.
    Row,
    /// A `let`.
    Let(ModulePath, EcoString, AttributePath),
    /// A param.
    Param(ModulePath, EcoString, AttributePath),
    /// What a module call passes for a param.
    Argument(ModulePath, EcoString),
    /// A param's default, where the call passes nothing.
    Default(ModulePath, EcoString),
    /// An output of a called module.
    Output(ModulePath, EcoString),
    /// A variable of the block's `for`.
    Variable,
    /// An attribute of another object.
    Object(Address, AttributePath),
    /// A function of the module.
    Function(EcoString),
    /// `env`
    Environment,
    /// `env_var(…)`, `secret_from(…)`
    Input(formwork_model::InputSource),
}

/// What one layer said.
#[derive(Clone, Debug)]
pub struct LayerValue {
    /// Which layer.
    pub layer: Layer,
    /// What it did.
    pub action: OverlayAction,
    /// The path that it wrote to, within the param.
    pub path: AttributePath,
    /// What it wrote, at the asked path where it wrote more.
    pub value: Option<Value>,
    /// Where.
    pub span: Option<Span>,
}

/// Explains the value at `path` of a block instance, provider instance, param, let or output.
///
/// # Errors
/// When there is no such thing, or no such part of it, or the stack has errors.
pub fn explain(
    program: &Program,
    inputs: &Inputs,
    sources: &dyn Sources,
    address: &Address,
    path: &AttributePath,
) -> Result<Explanation, Vec<Diagnostic>> {
    let evaluator = crate::evaluate::run(program, inputs, &NothingKnown, sources)?;
    trace::Trace::new(evaluator).explain(address, path).map_err(|diagnostic| vec![diagnostic])
}

/// Of what is not made in this environment: names its instances, where it has some.
fn unknown(evaluator: &Evaluator<'_>, address: &Address) -> Diagnostic {
    let keyless = |module: &ModulePath| -> Vec<EcoString> { module.0.iter().map(|step| step.name.clone()).collect() };
    let wanted = keyless(&address.module);
    let is_module = instance_of(evaluator, &address.module).is_none();
    let mut known: Vec<String> = if is_module {
        let alike = evaluator.instances.iter().filter(|instance| keyless(&instance.path) == wanted);
        alike.map(|instance| instance.path.to_string()).collect()
    } else {
        let block = address.block();
        let alike = evaluator.nodes.nodes.iter().filter(|node| node.address.block() == block);
        alike.map(|node| node.address.to_string()).collect()
    };
    known.sort();
    known.dedup();
    let subject = if is_module { address.module.to_string() } else { address.to_string() };
    let diagnostic = Diagnostic::error(Code::new("E0621"), format!("there is no `{subject}` in this environment"));
    if known.is_empty() {
        return diagnostic
            .help("`formwork graph` shows the addresses; keys stand in brackets, as in `subnet[\"aks\"]`");
    }
    diagnostic.help(format!("there are {}", path::listed(&known)))
}

/// A path behind what it begins at: a member after a dot, a key at once.
#[must_use]
pub fn behind(front: &str, path: &AttributePath) -> String {
    let dot = if matches!(path.steps().first(), Some(formwork_model::Step::Member(_))) { "." } else { "" };
    format!("{front}{dot}{path}")
}

/// The part of a value that a path leads to.
fn at<'v>(value: &'v Value, path: &[formwork_model::Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, crate::inputs::child)
}

/// Where in the tree of calls something is.
fn instance_of(evaluator: &Evaluator<'_>, path: &ModulePath) -> Option<u32> {
    let position = evaluator.instances.iter().position(|instance| instance.path == *path)?;
    u32::try_from(position).ok()
}
