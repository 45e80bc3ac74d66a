//! One operation, from its `Begin` to its `Done` or `Failed`.

mod absence;
mod change;
mod create;
mod read;
mod work;

use super::{ApplyError, Shared, schedule};
use crate::clock;
use crate::event::{ChangeKind, Event};
use crate::plan::{Action, OperationIndex};
use formwork_model::Diagnostic;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use work::Work;

/// How an operation ended.
pub(crate) enum Ended {
    /// There was nothing to do.
    Unchanged,
    /// Done; what is to be told besides.
    Done(Vec<Diagnostic>),
    /// Failed; its dependents are skipped.
    Failed(Box<Diagnostic>),
    /// The run was interrupted before, or while, it was done. What began and has not ended is resumed by the next run.
    Interrupted,
}

/// Why an operation did not succeed.
pub(crate) enum Stopped {
    /// A failure to be shown.
    Failed(Box<Diagnostic>),
    /// The run was interrupted.
    Interrupted,
}

impl From<Diagnostic> for Stopped {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Failed(Box::new(diagnostic))
    }
}

impl From<ApplyError> for Stopped {
    fn from(error: ApplyError) -> Self {
        error.diagnostic().into()
    }
}

/// What a successful operation tells.
#[derive(Default)]
pub(crate) struct Success {
    /// The object's identity, for people.
    id: String,
    /// What is to be told besides.
    warnings: Vec<Diagnostic>,
}

/// Performs one operation. Emits its events.
pub(crate) async fn perform(shared: &Arc<Shared>, index: OperationIndex, calls: &Semaphore) -> Ended {
    let Some(operation) = shared.plan.operation(index) else { return Ended::Unchanged };
    let Some(change) = schedule::change_kind(operation.action) else { return Ended::Unchanged };
    let work = Work::new(shared, index, operation, calls);
    let began = clock::now_ms();
    let result = match operation.action {
        Action::Create | Action::Update | Action::Delete | Action::Forget
            if shared.busy.contains(&operation.address) =>
        {
            let reason = "an operation of an earlier run on it could not be resolved yet".to_owned();
            Err(ApplyError::Uncertain { address: operation.address.clone(), reason }.into())
        }
        Action::Create => create::create(&work).await,
        Action::Update => change::update(&work).await,
        Action::Delete => change::delete(&work).await,
        Action::Read => read::read(&work).await,
        Action::Open => read::open(&work).await,
        Action::Forget => change::forget(&work).await,
        Action::NoOp => Ok(Success::default()),
    };
    let elapsed_ms = u64::try_from(clock::now_ms() - began).unwrap_or(0);
    let address = operation.address.clone();
    match result {
        Ok(Success { id, warnings }) => {
            shared.events.emit(Event::OperationFinished { address, change, elapsed_ms, id });
            for warning in &warnings {
                shared.events.emit(Event::Notice { diagnostic: Box::new(warning.clone()) });
            }
            Ended::Done(warnings)
        }
        Err(Stopped::Failed(diagnostic)) => {
            shared.events.emit(failed(address, change, elapsed_ms, &diagnostic));
            Ended::Failed(diagnostic)
        }
        Err(Stopped::Interrupted) => Ended::Interrupted,
    }
}

fn failed(address: formwork_model::Address, change: ChangeKind, elapsed_ms: u64, diagnostic: &Diagnostic) -> Event {
    Event::OperationFailed { address, change, elapsed_ms, diagnostic: Box::new(diagnostic.clone()) }
}

/// A task of ours broke down: a mistake of Formwork, not of a provider.
pub(crate) fn broke_down(error: &JoinError) -> Diagnostic {
    super::diagnostics::task_broke_down(&error.to_string())
}
