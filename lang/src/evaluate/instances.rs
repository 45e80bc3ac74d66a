//! Instances of modules and what is evaluated of them so far.

use ecow::{EcoString, EcoVec};
use formwork_model::{ModulePath, Value};

/// A value with the nodes that it depends on.
#[derive(Clone, Debug, Default)]
pub(crate) enum Slot {
    /// Not evaluated yet; only seen from within a cycle.
    #[default]
    Empty,
    /// Evaluated in vain, and reported.
    Poisoned,
    Ready {
        value: Value,
        dependencies: EcoVec<u32>,
    },
}

/// The instances of a block.
#[derive(Clone, Debug, Default)]
pub(crate) enum BlockState {
    #[default]
    Empty,
    Poisoned,
    /// Its `if` does not hold.
    Absent,
    /// The one node.
    Single(u32),
    /// Key and node, by key; and the same as a map of objects, once somebody asks.
    Many(Vec<(EcoString, u32)>, Option<Value>),
    /// It is not known yet which there are.
    Deferred,
}

/// The instances of a call.
#[derive(Clone, Debug, Default)]
pub(crate) enum CallState {
    #[default]
    Empty,
    Poisoned,
    Absent,
    Single(u32),
    /// Key and instance, by key.
    Many(EcoVec<(EcoString, u32)>),
    Deferred,
}

/// A provider instance: its node, and its `defaults`.
#[derive(Clone, Debug)]
pub(crate) struct ProviderSlot {
    pub(crate) node: u32,
    /// Number in the table of defaults; none where it has none.
    pub(crate) defaults: Option<u32>,
}

/// The instances of a provider block, or what a call passes.
#[derive(Clone, Debug, Default)]
pub(crate) enum ProviderState {
    #[default]
    Empty,
    Poisoned,
    Absent,
    Single(ProviderSlot),
    Many(EcoVec<(EcoString, ProviderSlot)>),
    /// What decides is not known yet.
    Deferred(Value),
}

/// One instance of a module.
#[derive(Debug, Default)]
pub(crate) struct Instance {
    pub(crate) context: u32,
    /// The instance that calls; the root has itself.
    pub(crate) caller: u32,
    pub(crate) path: ModulePath,
    /// `for` variables of the call.
    pub(crate) variables: Vec<Value>,
    /// What all in it waits for.
    pub(crate) after: EcoVec<u32>,
    pub(crate) params: Vec<Slot>,
    pub(crate) lets: Vec<Slot>,
    pub(crate) outputs: Vec<Slot>,
    pub(crate) blocks: Vec<BlockState>,
    pub(crate) calls: Vec<CallState>,
    pub(crate) providers: Vec<ProviderState>,
    /// What the call passes, by provider.
    pub(crate) passed: Vec<(EcoString, ProviderState)>,
}
