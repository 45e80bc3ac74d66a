//! What became of operations that began and did not end: ask, never guess.
//!
//! [`recover`] asks the cloud and records the answer; `apply` calls it before it plans, or before it goes on with a plan
//! file. [`foresee`] asks the same and records nothing; `plan` shows what it says.

mod decide;
mod search;

pub use search::{Finding, Search, search};

use crate::apply::Journal;
use crate::connections::Connections;
use crate::event::Event;
use crate::plan::{Recovery, Resolution};
use crate::ports::{EventSink, InputResolver, InterruptionReceiver, Providers};
use decide::{Decider, Decision};
use formwork_model::Diagnostic;
use formwork_provider_api::Environment;
use formwork_state::record::{OpenOperation, State};
use formwork_state::store::Store;
use std::sync::Arc;

/// What a recovery needs.
pub struct RecoverRequest {
    /// The state, open for writing.
    pub store: Arc<dyn Store>,
    /// The providers.
    pub providers: Arc<dyn Providers>,
    /// Values of the environment, for provider configurations.
    pub inputs: Arc<dyn InputResolver>,
    /// What the run allows.
    pub environment: Environment,
    /// Where events go.
    pub events: Arc<dyn EventSink>,
    /// How the run is asked to end.
    pub interruption: InterruptionReceiver,
}

/// Resolves all open operations. What cannot be resolved stays open, or becomes an uncertain row; each such case is
/// told.
pub async fn recover(request: RecoverRequest) -> Vec<Diagnostic> {
    let state = request.store.state();
    if state.open.is_empty() {
        return Vec::new();
    }
    let connections = Connections::new(request.providers, request.environment);
    let decider = Decider { state: &state, connections: &connections, inputs: request.inputs.as_ref() };
    let journal = Journal::new(request.store);
    let mut told = Vec::new();
    for open in state.open.values() {
        let decided = if decider.carries_on(open) {
            decider.carry_on(open, &journal, request.events.as_ref(), &request.interruption).await
        } else {
            decider.decide(open).await
        };
        match decided {
            Ok(decision) => told.extend(record(&journal, request.events.as_ref(), open, decision).await),
            Err(diagnostic) => told.push(*diagnostic),
        }
    }
    told
}

async fn record(
    journal: &Journal,
    events: &dyn EventSink,
    open: &OpenOperation,
    decision: Decision,
) -> Option<Diagnostic> {
    if let Err(diagnostic) = journal.append(decision.record).await {
        return Some(diagnostic);
    }
    let address = open.begin.key.address.clone();
    events.emit(Event::Recovered { address, resolution: decision.words.to_owned() });
    decision.told.map(|told| *told)
}

/// What is foreseen of open operations.
#[derive(Debug)]
pub struct Foreseen {
    /// The state as it will be once they are resolved.
    pub state: State,
    /// How each will be resolved.
    pub recoveries: Vec<Recovery>,
    /// What is to be told: warnings, and errors about what could not be asked.
    pub diagnostics: Vec<Diagnostic>,
}

/// Asks what became of open operations, and writes nothing. A long operation that is still going on is taken as done
/// as planned (its computed values unknown).
pub async fn foresee(state: &State, connections: &Connections, inputs: &dyn InputResolver) -> Foreseen {
    let mut foreseen = Foreseen { state: state.clone(), recoveries: Vec::new(), diagnostics: Vec::new() };
    let decider = Decider { state, connections, inputs };
    for open in state.open.values() {
        let decided = if decider.carries_on(open) { Ok(decide::presumed(open)) } else { decider.decide(open).await };
        match decided {
            Ok(decision) => take(&mut foreseen, open, decision),
            Err(diagnostic) => foreseen.diagnostics.push(*diagnostic),
        }
    }
    foreseen
}

fn take(foreseen: &mut Foreseen, open: &OpenOperation, decision: Decision) {
    let serial = foreseen.state.serial + 1;
    if let Err(problem) = foreseen.state.apply(serial, decision.record) {
        foreseen.diagnostics.push(problem.diagnostic());
        return;
    }
    foreseen.recoveries.push(Recovery {
        operation: open.begin.operation.clone(),
        address: open.begin.key.address.clone(),
        resolution: decision.resolution,
    });
    if decision.resolution == Resolution::Uncertain {
        foreseen.diagnostics.extend(decision.told.map(|told| *told));
    }
}
