//! Apply: does what a plan says, and nothing else.
//!
//! Order of one change: its dependencies are durable → `Begin` is durable → the cloud is called → `Done` or `Failed` is
//! durable → its dependents may begin. Everything that is known of objects comes from state rows and from what this
//! run made; the plan's residual configs are resolved with that.

mod diagnostics;
mod ephemeral;
mod finish;
mod journal;
mod perform;
mod resume;
mod schedule;
mod sink;
mod values;

pub use diagnostics::ApplyError;
pub(crate) use journal::Journal;
pub use resume::operation_id;
pub(crate) use sink::{Sink, Unrecorded};

use crate::connections::Connections;
use crate::event::{Event, Summary};
use crate::plan::{Plan, PlannedProvider, StateChange};
use crate::ports::{EventSink, InputResolver, Interruption, InterruptionReceiver, KeyedDigest, Providers};
use crate::secrets::SecretRegistry;
use formwork_model::{Address, Diagnostic};
use formwork_provider_api::Environment;
use formwork_state::record::{Outcome, Record, Run};
use formwork_state::store::Store;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use values::Values;

/// What an apply needs.
pub struct ApplyRequest {
    /// The plan. It was verified against state and accounts.
    pub plan: Arc<Plan>,
    /// The state, open for writing.
    pub store: Arc<dyn Store>,
    /// The providers.
    pub providers: Arc<dyn Providers>,
    /// Values of the environment.
    pub inputs: Arc<dyn InputResolver>,
    /// Digests of write-only values.
    pub digest: Arc<dyn KeyedDigest>,
    /// The secrets of the run, taken out of every text.
    pub secrets: Arc<SecretRegistry>,
    /// What the run allows.
    pub environment: Environment,
    /// Calls at the same time.
    pub parallelism: usize,
    /// Where events go.
    pub events: Arc<dyn EventSink>,
    /// How the run is asked to end.
    pub interruption: InterruptionReceiver,
    /// The run, as the history will show it.
    pub run: Run,
}

/// What became of an apply.
#[derive(Clone, Debug)]
pub struct ApplyReport {
    /// Numbers.
    pub summary: Summary,
    /// All errors and warnings, in the order in which they came.
    pub diagnostics: Vec<Diagnostic>,
    /// How it ended.
    pub outcome: Outcome,
}

/// Everything that the tasks of an apply share.
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) journal: Journal,
    pub(crate) connections: Connections,
    pub(crate) values: Values,
    pub(crate) inputs: Arc<dyn InputResolver>,
    pub(crate) digest: Arc<dyn KeyedDigest>,
    pub(crate) secrets: Arc<SecretRegistry>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) interruption: InterruptionReceiver,
    pub(crate) run: Run,
    /// Addresses about which nothing is done: see [`resume::busy`].
    pub(crate) busy: BTreeSet<Address>,
    pub(crate) ephemerals: ephemeral::Ephemerals,
    calls_in_flight: AtomicUsize,
}

impl Shared {
    pub(crate) fn interruption(&self) -> Interruption {
        *self.interruption.borrow()
    }

    /// Counts the operations that make calls.
    pub(crate) const fn counter(&self) -> &AtomicUsize {
        &self.calls_in_flight
    }

    /// How many operations make calls right now; the others of the window wait for their turn.
    pub(crate) fn calls_in_flight(&self) -> usize {
        self.calls_in_flight.load(Ordering::Relaxed)
    }
}

/// Applies a plan. The caller closes the store afterwards.
pub async fn apply(request: ApplyRequest) -> ApplyReport {
    let parallelism = request.parallelism.max(1);
    let busy = resume::busy(&request.plan, &request.store.state());
    let shared = Arc::new(Shared {
        busy,
        values: Values::new(request.store.state()),
        journal: Journal::new(Arc::clone(&request.store)),
        connections: Connections::new(request.providers, request.environment),
        plan: request.plan,
        inputs: request.inputs,
        digest: request.digest,
        secrets: request.secrets,
        events: request.events,
        interruption: request.interruption,
        run: request.run,
        ephemerals: ephemeral::Ephemerals::default(),
        calls_in_flight: AtomicUsize::new(0),
    });
    let mut report = ApplyReport { summary: Summary::default(), diagnostics: Vec::new(), outcome: Outcome::Succeeded };
    match begin(&shared).await {
        Ok(changes) => {
            report.summary.imported = changes.imported;
            report.summary.state_only = changes.others;
            schedule::run(&shared, parallelism, &mut report).await;
            finish::finish(&shared, &mut report).await;
        }
        Err(error) => report.diagnostics.push(error),
    }
    conclude(&shared, &mut report).await;
    report
}

/// Changes of the state alone that count for people.
#[derive(Default)]
struct StateOnly {
    imported: usize,
    others: usize,
}

/// Records the run, its provider configurations and the changes of the state alone; gives how many of those count.
async fn begin(shared: &Shared) -> Result<StateOnly, Diagnostic> {
    let plan = &shared.plan;
    let mut records = vec![Record::RunStarted(shared.run.clone())];
    let mut counted = StateOnly::default();
    let imported: BTreeSet<&Address> = plan.imported.iter().map(|imported| &imported.address).collect();
    let changes = resume::outstanding(shared);
    for change in &changes {
        match change {
            StateChange::Put(row) => counted.imported += usize::from(imported.contains(&row.key.address)),
            StateChange::Move(..) | StateChange::Remove(..) => counted.others += 1,
        }
    }
    shared.values.note(&changes);
    known_from_plan(shared);
    records.extend(resume::state_records(&changes));
    // What is recorded of an instance holds for all of its objects; how old ones are reached is put into the plan.
    let is_told = |provider: &&PlannedProvider| !(provider.recorded && shared.values.has_provider(&provider.address));
    for provider in plan.providers.iter().filter(is_told) {
        let configuration = plan.values.get(provider.configuration).to_buf();
        records.push(Record::Provider { address: provider.address.clone(), configuration });
    }
    shared.journal.append_all(records).await?;
    shared.events.emit(Event::ApplyStarted { operations: schedule::changes(plan) });
    Ok(counted)
}

/// Data that was read while planning has no row; those who refer to it find it here.
fn known_from_plan(shared: &Shared) {
    let plan = &shared.plan;
    let read = |operation: &&crate::plan::Operation| {
        operation.action == crate::plan::Action::NoOp && operation.address.kind == formwork_model::ObjectKind::Data
    };
    for operation in plan.operations.iter().filter(read) {
        let Some(planned) = operation.planned else { continue };
        let values = plan.values.get(planned).to_buf();
        shared.values.set(operation.address.clone(), Some(values::Known { values, row: None }));
    }
}

async fn conclude(shared: &Shared, report: &mut ApplyReport) {
    shared.ephemerals.close_all().await;
    let failed = report.diagnostics.iter().any(Diagnostic::is_error);
    // Operations of an earlier run whose recovery was interrupted are left as well.
    let all_done = report.summary.skipped == 0 && shared.journal.store().state().open.is_empty();
    report.outcome = match (shared.interruption(), failed) {
        (Interruption::None, false) => Outcome::Succeeded,
        (Interruption::None, true) => Outcome::Failed,
        (Interruption::Stop | Interruption::Cancel, false) if all_done => Outcome::Succeeded,
        (Interruption::Stop | Interruption::Cancel, _) => Outcome::Interrupted,
    };
    let finished = Record::RunFinished {
        run: shared.run.id.clone(),
        at_ms: crate::clock::now_ms(),
        outcome: report.outcome,
        summary: report.summary.to_string(),
    };
    if let Err(error) = shared.journal.append(finished).await {
        report.diagnostics.push(error);
        report.outcome = Outcome::Failed;
    }
    shared.events.emit(Event::ApplyFinished { summary: report.summary });
}
