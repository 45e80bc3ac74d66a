//! What a plan is asked for.

use crate::connections::Connections;
use crate::ports::{EventSink, GraphSource, InputResolver, KeyedDigest};
use formwork_model::Address;
use formwork_state::record::State;

/// Everything that a plan is made of.
#[derive(Clone, Copy)]
pub struct PlanRequest<'a> {
    /// Evaluates the stack.
    pub source: &'a dyn GraphSource,
    /// What is recorded.
    pub state: &'a State,
    /// Connections of this run; apply goes on with the same.
    pub connections: &'a Connections,
    /// Values of the environment.
    pub inputs: &'a dyn InputResolver,
    /// The digest of secrets and write-only attributes: the sealer's.
    pub digest: &'a dyn KeyedDigest,
    /// Where events go.
    pub events: &'a dyn EventSink,
    /// The stack's name.
    pub stack: &'a str,
    /// The environment's name.
    pub environment: &'a str,
    /// What people asked for.
    pub options: &'a PlanOptions,
}

/// What people asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Objects are read before they are compared.
    pub refresh: bool,
    /// Only what changed behind our back, nothing is changed in the cloud.
    pub refresh_only: bool,
    /// Everything is destroyed.
    pub destroy: bool,
    /// `--target`: only these, and what they need.
    pub targets: Vec<Address>,
    /// `--exclude`: not these, nor what needs them.
    pub excludes: Vec<Address>,
    /// `--replace`: these anew.
    pub replace: Vec<Address>,
    /// Imports besides those of the stack: address and what the provider's import takes. With any, only these objects and
    /// what they need are planned.
    pub imports: Vec<(Address, String)>,
    /// Calls at the same time.
    pub parallelism: usize,
    /// Objects of a provider that does not answer are forgotten instead of deleted.
    pub forget_unreachable: bool,
    /// Counts from 1.
    pub phase: u32,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            refresh: true,
            refresh_only: false,
            destroy: false,
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
            imports: Vec::new(),
            parallelism: 10,
            forget_unreachable: false,
            phase: 1,
        }
    }
}
