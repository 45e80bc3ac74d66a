//! What became of operations that began and did not end: ask, never guess.
//!
//! [`recover`] asks the cloud and records the answer; `apply` calls it before it plans, or before it goes on with a plan
//! file. [`foresee`] asks the same and records nothing; `plan` shows what it says.

mod carry_on;
mod decide;
mod search;

pub(crate) use search::{Finding, Search, ask, discard, lost_a_secret, repeats_safely, search};

use crate::apply::Journal;
use crate::connections::Connections;
use crate::event::Event;
use crate::plan::Recovery;
use crate::ports::{EventSink, InputResolver, Interruption, InterruptionReceiver, Providers};
use crate::secrets::SecretRegistry;
use carry_on::Means;
use decide::{Decider, Decision, Step};
use formwork_model::Diagnostic;
use formwork_model::diagnostic::Severity;
use formwork_provider_api::Environment;
use formwork_state::record::{Change, OpenOperation, RowKey, State};
use formwork_state::store::Store;
use futures::stream::{self, StreamExt};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Operations that are resolved at the same time: each may have to wait for its object, or for a list to settle.
const AT_A_TIME: usize = 32;

/// What a recovery needs.
pub struct RecoverRequest {
    /// The state, open for writing.
    pub store: Arc<dyn Store>,
    /// The providers.
    pub providers: Arc<dyn Providers>,
    /// Values of the environment, for provider configurations.
    pub inputs: Arc<dyn InputResolver>,
    /// The secrets of the run, taken out of every text.
    pub secrets: Arc<SecretRegistry>,
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
    let connections =
        Connections::new(request.providers, request.environment).interrupted_by(request.interruption.clone());
    let inputs = request.inputs.as_ref();
    let interruption = Some(&request.interruption);
    let decider = Decider { state: &state, connections: &connections, inputs, secrets: request.secrets, interruption };
    let journal = Journal::new(request.store);
    let means = Means { journal: &journal, events: request.events.as_ref(), interruption: &request.interruption };
    let told = stream::iter(state.open.values()).map(|open| resolve(&decider, open, &means)).buffered(AT_A_TIME);
    told.filter_map(std::future::ready).collect().await
}

async fn resolve(decider: &Decider<'_>, open: &OpenOperation, means: &Means<'_>) -> Option<Diagnostic> {
    if *means.interruption.borrow() != Interruption::None {
        return None;
    }
    match decided(decider, open, means).await {
        Ok(decision) => record(means, open, decision).await,
        Err(diagnostic) => Some(*diagnostic),
    }
}

async fn decided(decider: &Decider<'_>, open: &OpenOperation, means: &Means<'_>) -> Result<Decision, Box<Diagnostic>> {
    let decision = match decider.next(open).await? {
        Step::End(decision) => decision,
        Step::CarryOn(checkpoint) => decider.carry_on(open, checkpoint, means).await?,
    };
    if let Some(object) = decision.discard.clone() {
        let (connected, schema) = decider.connected(open).await?;
        let discarded = discard(&connected, &decider.search(open, schema), object).await;
        discarded.map_err(|error| decider.failure(&open.begin, "delete", &error))?;
    }
    Ok(decision)
}

async fn record(means: &Means<'_>, open: &OpenOperation, decision: Decision) -> Option<Diagnostic> {
    if let Err(diagnostic) = means.journal.append(decision.record).await {
        return Some(diagnostic);
    }
    let address = open.begin.key.address.clone();
    means.events.emit(Event::Recovered { address, resolution: decision.words.to_owned() });
    decision.told.map(|told| *told)
}

/// What is foreseen of open operations.
#[derive(Debug)]
pub struct Foreseen {
    /// The state as it will be once they are resolved.
    pub state: State,
    /// How each will be resolved.
    pub recoveries: Vec<Recovery>,
    /// Rows of operations that go on: their values are those that were planned, reading them would tell less.
    pub presumed: BTreeSet<RowKey>,
    /// What is to be told: warnings, and errors about what could not be asked.
    pub diagnostics: Vec<Diagnostic>,
}

/// Asks what became of open operations, and writes nothing. An operation that goes on is taken as done as planned (its
/// computed values unknown).
pub async fn foresee(state: &State, connections: &Connections, inputs: &dyn InputResolver) -> Foreseen {
    let mut foreseen =
        Foreseen { state: state.clone(), recoveries: Vec::new(), presumed: BTreeSet::new(), diagnostics: Vec::new() };
    let decider = Decider { state, connections, inputs, secrets: Arc::default(), interruption: None };
    let decider = &decider;
    let steps = stream::iter(state.open.values()).map(|open| async move { (open, decider.next(open).await) });
    let steps: Vec<_> = steps.buffered(AT_A_TIME).collect().await;
    for (open, step) in steps {
        match step {
            Ok(Step::End(decision)) => take(&mut foreseen, open, decision),
            Ok(Step::CarryOn(checkpoint)) => {
                foreseen.presumed.insert(open.begin.key.clone());
                take(&mut foreseen, open, decide::presumed(open, checkpoint.as_ref()));
            }
            Err(diagnostic) => doubt(&mut foreseen, open, *diagnostic),
        }
    }
    foreseen
}

/// What could not be asked about blocks its own address, and nothing else.
fn doubt(foreseen: &mut Foreseen, open: &OpenOperation, diagnostic: Diagnostic) {
    if open.begin.change == Change::Create {
        take(foreseen, open, decide::uncertain(open, &diagnostic.message));
    }
    foreseen.diagnostics.push(Diagnostic { severity: Severity::Warning, ..diagnostic });
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
}
