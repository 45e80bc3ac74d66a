//! What a stack asks for: instances of resources, data sources, ephemeral values and providers, with their configs and
//! the order between them. Made by evaluating a program; knows nothing of what exists.

mod render;
mod subject;
mod text;

pub use render::render;
pub use subject::{Declared, Place, Subject};
pub use text::value_text;

use ecow::EcoString;
use formwork_model::{
    Address, AttributePath, Diagnostic, InputSource, ObjectKind, Span, TypeName, Value, ValueArena, ValueId, ValueRef,
};
use std::collections::BTreeMap;

/// A node in [`ResourceGraph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Tables of nodes and edges, in a stable order (by module, then by declaration, then by key).
#[derive(Clone, Debug, Default)]
pub struct ResourceGraph {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// For each node where its dependencies end in `dependencies`.
    dependency_ends: Vec<u32>,
    /// What nodes need, behind each other.
    dependencies: Vec<NodeId>,
    /// The configs.
    pub values: ValueArena,
    /// Outputs of the root module.
    pub outputs: Vec<Output>,
    /// Values of the root module's params; may hold unknowns.
    pub variables: Vec<Variable>,
    /// Asserts and conditions that wait for unknowns.
    pub checks: Vec<Check>,
    /// Asserts that hold, and params whose conditions do.
    pub held: Vec<Subject>,
    /// `moved`, absolute, in the order in which they apply.
    pub moved: Vec<Moved>,
    /// `import`, with known ids.
    pub imports: Vec<Import>,
    /// `forget`, absolute.
    pub forgets: Vec<Forget>,
    /// Blocks that wait for values which only the cloud knows.
    pub deferred: Vec<Deferred>,
    /// Where inputs that are not known yet are written: the first place of each.
    pub inputs: BTreeMap<InputSource, Span>,
    /// Warnings found while evaluating.
    pub warnings: Vec<Diagnostic>,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its address.
    pub address: Address,
    /// What it is.
    pub kind: NodeKind,
    /// Where its block stands.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A resource, data source or ephemeral value.
    Object(Object),
    /// A provider instance.
    Provider(ProviderInstance),
    /// A point through which many dependencies pass (all instances of a block, a let): keeps edges few.
    Junction,
}

/// A resource, data source or ephemeral value.
#[derive(Clone, Debug)]
pub struct Object {
    /// Which of the three.
    pub kind: ObjectKind,
    /// Its type.
    pub type_name: TypeName,
    /// The provider instance.
    pub provider: NodeId,
    /// Its config: a map of what was written (and of the provider's `defaults`); may hold unknowns. Schema defaults are
    /// not in it.
    pub config: ValueId,
    /// Decorators.
    pub decorators: Decorators,
}

/// A provider instance.
#[derive(Clone, Debug)]
pub struct ProviderInstance {
    /// The provider.
    pub provider: EcoString,
    /// Its config: a map; may hold unknowns.
    pub config: ValueId,
}

/// Decorators of a resource, evaluated.
#[derive(Clone, Debug, Default)]
pub struct Decorators {
    /// `@protect`
    pub protect: bool,
    /// `@create_first`
    pub create_first: bool,
    /// `@retain`
    pub retain: bool,
    /// `@ignore(…)`
    pub ignore: Vec<AttributePath>,
    /// `@replace_when(…)`: a list of values; may hold unknowns. None where there is no such decorator.
    pub replace_when: Option<ValueId>,
    /// `@timeout(create = …)` in milliseconds.
    pub create_timeout_ms: Option<u64>,
    /// `@timeout(update = …)` in milliseconds.
    pub update_timeout_ms: Option<u64>,
    /// `@timeout(delete = …)` in milliseconds.
    pub delete_timeout_ms: Option<u64>,
}

/// An output of the root module.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: EcoString,
    /// Its value; may hold unknowns.
    pub value: Value,
    /// Where its name stands.
    pub span: Span,
}

/// The value of a param of the root module, for those who ask what a plan was made of.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The param's name.
    pub name: EcoString,
    /// Its value; may hold unknowns and secrets.
    pub value: Value,
}

/// A condition that could not be decided yet.
#[derive(Clone, Debug)]
pub struct Check {
    /// What it belongs to.
    pub subject: Subject,
    /// What must hold.
    pub condition: Value,
    /// What is said otherwise.
    pub message: Value,
    /// Where.
    pub span: Span,
}

/// `moved`; without keys all instances (or all that is in the module) move.
#[derive(Clone, Debug)]
pub struct Moved {
    /// What it was called.
    pub from: MoveEnd,
    /// What it is called.
    pub to: MoveEnd,
    /// Where.
    pub span: Span,
}

/// One end of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveEnd {
    /// A resource block or instance.
    Resource(Address),
    /// A module call or instance.
    Module(formwork_model::ModulePath),
}

/// `import`
#[derive(Clone, Debug)]
pub struct Import {
    /// What the provider's import takes.
    pub id: EcoString,
    /// The resource.
    pub to: Address,
    /// Where.
    pub span: Span,
}

/// `forget`
#[derive(Clone, Debug)]
pub struct Forget {
    /// A block or instance, or all that is in a module.
    pub address: MoveEnd,
    /// Where.
    pub span: Span,
}

/// A block that waits.
#[derive(Clone, Debug)]
pub struct Deferred {
    /// The block, without keys; for a module call the path of its (single, key-less) step.
    pub address: Address,
    /// Whether it is a module call.
    pub is_module: bool,
    /// The value that decides, with its unknowns.
    pub value: Value,
    /// Where.
    pub span: Span,
}

/// What is known of objects when the graph is evaluated again: recorded or planned values.
pub trait Known {
    /// The value of an attribute, when it is known and will not change.
    fn attribute(&self, object: &Address, path: &AttributePath) -> Option<Value>;

    /// The value of `env_var` or `secret_from`, where it is asked for already; else it stays in the graph as an unknown.
    fn input(&self, source: &InputSource) -> Option<Value> {
        let _ = source;
        None
    }
}

/// Nothing is known: the first evaluation.
#[derive(Clone, Copy, Debug)]
pub struct NothingKnown;

impl Known for NothingKnown {
    fn attribute(&self, _: &Address, _: &AttributePath) -> Option<Value> {
        None
    }
}

impl ResourceGraph {
    /// Makes room for so many nodes.
    pub fn reserve(&mut self, nodes: usize) {
        self.nodes.reserve_exact(nodes);
        self.dependency_ends.reserve_exact(nodes);
    }

    /// Adds a node with what it needs; dependencies must be added before, or be patched by [`Self::set_dependencies`].
    pub fn add(&mut self, node: Node, dependencies: &[NodeId]) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        self.dependencies.extend_from_slice(dependencies);
        self.dependency_ends.push(self.dependencies.len() as u32);
        id
    }

    /// Adds the edges of the next node that has none yet.
    pub(crate) fn add_dependencies(&mut self, dependencies: &[NodeId]) {
        self.dependencies.extend_from_slice(dependencies);
        self.dependency_ends.push(self.dependencies.len() as u32);
    }

    /// Replaces all edges: `dependencies[i]` is what node `i` needs.
    pub fn set_dependencies(&mut self, dependencies: &[Vec<NodeId>]) {
        self.dependencies.clear();
        self.dependency_ends.clear();
        for needed in dependencies {
            self.dependencies.extend_from_slice(needed);
            self.dependency_ends.push(self.dependencies.len() as u32);
        }
    }

    /// What a node needs, directly.
    #[must_use]
    pub fn dependencies(&self, node: NodeId) -> &[NodeId] {
        let end = self.dependency_ends.get(node.index()).copied().unwrap_or(0);
        let before = node.index().checked_sub(1).and_then(|before| self.dependency_ends.get(before));
        let start = before.copied().unwrap_or(0);
        self.dependencies.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// The node of an id.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// A config.
    #[must_use]
    pub fn value(&self, id: ValueId) -> ValueRef<'_> {
        self.values.get(id)
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }
}
