//! What the engine asks of its caller: providers, values of the environment, a clock, an end.

use crate::event::Event;
use formwork_lang::graph::{Known, ResourceGraph};
use formwork_model::{Diagnostic, InputProblem, InputSource, Value};
use formwork_provider_api::Provider;
use std::sync::Arc;

/// The providers that this program is built with.
pub trait Providers: Send + Sync {
    /// The provider called `name`.
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>>;
}

/// Evaluates the stack; called again in the same plan when values become known that decide `for` or `if`.
pub trait GraphSource {
    /// The graph, given what is known.
    ///
    /// # Errors
    /// All errors of the evaluation.
    fn graph(&self, known: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>>;
}

/// Values that no source file holds: `env_var`, `secret_from`. Asked at plan and again at apply.
pub trait InputResolver: Send + Sync {
    /// The value; secret where the source is.
    ///
    /// # Errors
    /// Not set, not allowed by the manifest, not readable.
    fn resolve(&self, source: &InputSource) -> Result<Value, InputProblem>;
}

/// Digests of values that may not be kept: to see later that they changed.
pub trait KeyedDigest: Send + Sync {
    /// The keyed digest; the same for the same bytes and key.
    fn digest(&self, bytes: &[u8]) -> [u8; 16];
}

/// Where events go. Must not block.
pub trait EventSink: Send + Sync {
    /// Takes an event.
    fn emit(&self, event: Event);
}

/// Drops all events.
#[derive(Clone, Copy, Debug)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _: Event) {}
}

/// How a run is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interruption {
    /// Go on.
    None,
    /// Start nothing new, finish what is in flight (first Ctrl-C, SIGTERM).
    Stop,
    /// Cancel waits too, record and leave (second).
    Cancel,
}

/// The receiving side of interruptions.
pub type InterruptionReceiver = tokio::sync::watch::Receiver<Interruption>;
