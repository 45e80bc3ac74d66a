//! Creating an object, and finding out what became of a create whose answer was lost.

use super::absence::{self, Before};
use super::work::{Made, Work};
use super::{Stopped, Success};
use crate::apply::sink::Sink;
use crate::apply::{ApplyError, resume};
use crate::call::wait_to_retry;
use crate::call::{Repeatable, RetryPolicy};
use crate::connections::Connected;
use crate::event::ChangeKind;
use crate::recovery::{self, Finding, Search};
use crate::{clock, guard, remains};
use formwork_model::schema::ResourceSchema;
use formwork_model::{Diagnostic, ValueBuf};
use formwork_provider_api::{
    Applied, Checkpoint, CreateRequest, ErrorClass, OperationSink, ProviderError, StoredObject,
};
use formwork_state::record::{Begin, Change, Condition, Record, Row, RowKey};
use std::time::{Duration, Instant};

/// A create at work.
struct Creation<'a> {
    work: &'a Work<'a>,
    connected: &'a Connected,
    schema: &'static ResourceSchema,
    config: ValueBuf,
    planned: ValueBuf,
    key: RowKey,
    absence_checked: bool,
}

/// What became of the calls.
enum Attempted {
    Made(Applied),
    Failed(ProviderError),
    Foreign(String),
    Ambiguous(String),
    /// What became of it is not known, or it goes on: the next run finds out.
    LeftOpen(ProviderError),
}

pub(super) async fn create(work: &Work<'_>) -> Result<Success, Stopped> {
    // The same plan again: what it left half-made needs another plan, which repairs it.
    if let Some(row) = resume::made_before(work.shared, work.index, work.operation)
        && let Condition::Incomplete(reason) | Condition::Uncertain(reason) = row.condition.clone()
    {
        return Err(ApplyError::Incomplete { address: work.operation.address.clone(), reason }.into());
    }
    let config = work.config()?;
    let connected = work.connect().await?;
    let schema = work.schema(&connected)?;
    let planned = work.planned(schema, &config)?;
    let address = work.operation.address.clone();
    let key = RowKey { generation: work.shared.values.next_generation(&address), address };
    let mut creation = Creation { work, connected: &connected, schema, config, planned, key, absence_checked: false };
    let before = absence::look(work, &connected, &creation.search(None)).await?;
    creation.absence_checked = matches!(before, Before::Nothing);
    creation.perform(before).await
}

impl Creation<'_> {
    async fn perform(&self, before: Before) -> Result<Success, Stopped> {
        let work = self.work;
        work.shared.journal.append(Record::Begin(Box::new(self.begin()))).await?;
        let permit = match work.permit(self.connected).await {
            Ok(permit) => permit,
            Err(stopped) => {
                self.record_failure("not sent: the run was interrupted", None).await?;
                return Err(stopped);
            }
        };
        work.announce(ChangeKind::Create);
        let sink = Sink::new(work.shared, &work.operation.address, &work.id);
        let attempted = match before {
            Before::NotAsked | Before::Nothing => self.attempt(&sink).await,
            Before::Ours(object) => Attempted::Made(Applied { object, incomplete: None }),
            Before::Unfinished(checkpoint) => match sink.checkpoint(checkpoint).await {
                Ok(()) => self.attempt(&sink).await,
                Err(error) => Attempted::LeftOpen(error),
            },
        };
        drop(permit);
        self.conclude(attempted, &sink).await
    }

    fn search(&self, checkpoint: Option<Checkpoint>) -> Search<'_> {
        Search {
            type_name: &self.work.operation.type_name,
            address: &self.work.operation.address,
            operation: &self.work.id,
            config: &self.config,
            planned: &self.planned,
            checkpoint,
            absence_checked: self.absence_checked,
            schema: self.schema,
            interruption: Some(&self.work.shared.interruption),
        }
    }

    fn begin(&self) -> Begin {
        let object = StoredObject { values: self.planned.clone(), private: self.work.operation.private.clone() };
        Begin {
            operation: self.work.id.clone(),
            run: self.work.shared.run.id.clone(),
            at_ms: clock::now_ms(),
            change: Change::Create,
            key: self.key.clone(),
            row: self.row(object, Condition::Ready),
            planned: self.planned.clone(),
            absence_checked: self.absence_checked,
            write_only_paths: Work::write_only_paths(self.schema, &self.config),
        }
    }

    fn row(&self, object: StoredObject, condition: Condition) -> Row {
        let created_by = self.work.id.clone();
        let made = Made { schema: self.schema, config: &self.config, object, condition, created_by };
        self.work.row(self.key.clone(), made)
    }

    /// Calls until it is made, or cannot be.
    async fn attempt(&self, sink: &Sink<'_>) -> Attempted {
        let policy =
            RetryPolicy { total: Duration::from_millis(self.work.operation.timeout_ms), ..RetryPolicy::default() };
        let began = Instant::now();
        let mut attempt = 0;
        let mut answer_lost = false;
        loop {
            attempt += 1;
            let error = match self.send(sink).await {
                Ok(applied) if answer_lost => match self.unless_useless(applied, sink).await {
                    Ok(error) => error,
                    Err(attempted) => return attempted,
                },
                Ok(applied) => return Attempted::Made(applied),
                Err(error) => error,
            };
            answer_lost |= error.class == ErrorClass::AnswerLost;
            let error = match self.after(error, sink).await {
                Ok(error) => error,
                Err(attempted) => return attempted,
            };
            let delay = policy.delay(&error, Repeatable::UnlessSent, attempt);
            // Where only the request's token tells, a lost answer leaves it open until another one comes.
            let in_doubt = answer_lost && recovery::repeats_safely(self.schema) && !sink.was_checkpointed();
            let Some(delay) = delay.filter(|delay| began.elapsed() + *delay < policy.total) else {
                return if in_doubt { Attempted::LeftOpen(error) } else { Attempted::Failed(error) };
            };
            self.work.tell_retry(&error, delay, attempt);
            if wait_to_retry(&self.work.shared.interruption, delay).await.is_err() {
                let open = in_doubt || sink.was_checkpointed();
                return if open { Attempted::LeftOpen(error) } else { Attempted::Failed(error) };
            }
        }
    }

    /// What an error means for the next attempt: an error to judge by its class, or an end.
    async fn after(&self, error: ProviderError, sink: &Sink<'_>) -> Result<ProviderError, Attempted> {
        match error.class {
            // Whether anything was sent is not said.
            ErrorClass::Cancelled => Err(Attempted::LeftOpen(error)),
            ErrorClass::AnswerLost if sink.was_checkpointed() => Ok(again(error)),
            ErrorClass::AnswerLost => self.look_for(error, sink).await,
            _ => Ok(error),
        }
    }

    /// The answer was lost: ask, never guess.
    async fn look_for(&self, error: ProviderError, sink: &Sink<'_>) -> Result<ProviderError, Attempted> {
        match recovery::search(self.connected, &self.search(None)).await {
            Ok(Finding::Ours(object)) => self.unless_useless(Applied { object, incomplete: None }, sink).await,
            Ok(Finding::Unfinished(checkpoint)) => match sink.checkpoint(checkpoint).await {
                Ok(()) => Ok(again(error)),
                Err(error) => Err(Attempted::LeftOpen(error)),
            },
            Ok(Finding::Absent) => Ok(again(error)),
            Ok(Finding::Foreign(found)) => Err(Attempted::Foreign(found)),
            Ok(Finding::Ambiguous(reason)) => Err(Attempted::Ambiguous(reason)),
            // Neither can the search be made: the operation stays open, and the next run searches again.
            Err(_) => Err(Attempted::LeftOpen(error)),
        }
    }

    /// An object whose only secret went with its answer is deleted, and made anew; any other was made.
    async fn unless_useless(&self, applied: Applied, sink: &Sink<'_>) -> Result<ProviderError, Attempted> {
        if !recovery::lost_a_secret(self.schema, &self.planned, &applied.object) {
            return Err(Attempted::Made(applied));
        }
        match recovery::discard(self.connected, &self.search(sink.last()), applied.object).await {
            Ok(()) => {
                sink.forget();
                Ok(ProviderError::new(ErrorClass::Retryable, "its secret was lost with the answer"))
            }
            Err(error) => Err(Attempted::LeftOpen(self.work.shared.secrets.scrub_error(error))),
        }
    }

    async fn send(&self, sink: &Sink<'_>) -> Result<Applied, ProviderError> {
        let request = CreateRequest {
            type_name: self.work.operation.type_name.name.to_string(),
            address: self.work.operation.address.clone(),
            operation: self.work.id.0.clone(),
            config: self.config.clone(),
            planned: self.planned.clone(),
            private: self.work.operation.private.clone(),
            resume: sink.last(),
            timeout_ms: self.work.operation.timeout_ms,
        };
        self.work.call("create", self.connected.connection.create(request, sink)).await
    }

    async fn conclude(&self, attempted: Attempted, sink: &Sink<'_>) -> Result<Success, Stopped> {
        match attempted {
            Attempted::Made(applied) => self.made(applied, sink.warnings()).await,
            Attempted::LeftOpen(error) => Err(self.work.left_open("create", &error)),
            Attempted::Failed(error) => self.failed(error, sink).await,
            Attempted::Foreign(found) => {
                let id = self.search(None).import_id();
                let error = ApplyError::Foreign { address: self.key.address.clone(), found, id, replaces: false };
                self.record_failure("a foreign object has its name", None).await?;
                Err(error.into())
            }
            Attempted::Ambiguous(reason) => {
                let values = remains::known(&self.planned, &ValueBuf::empty_map());
                let object = StoredObject { values, private: Vec::new() };
                let object = self.work.cleaned(self.schema, &self.config, object);
                let row = self.row(object, Condition::Uncertain(reason.clone()));
                self.work.shared.values.set_row(&row);
                self.record_failure(&reason, Some(row)).await?;
                Err(ApplyError::Uncertain { address: self.key.address.clone(), reason }.into())
            }
        }
    }

    async fn made(&self, applied: Applied, warnings: Vec<String>) -> Result<Success, Stopped> {
        let object = self.work.cleaned(self.schema, &self.config, applied.object);
        let condition = applied.incomplete.clone().map_or(Condition::Ready, Condition::Incomplete);
        let verdict = self.work.verdict(self.connected, self.schema, &self.planned, &object);
        let id = Work::identity(self.schema, &object.values);
        let row = self.row(object, condition);
        // The state deposes the object whose place this one takes, in the same record.
        let done = Record::Done { operation: self.work.id.clone(), row: Some(Box::new(row.clone())) };
        self.work.shared.journal.append(done).await?;
        self.work.shared.values.set_row(&row);
        verdict?;
        match applied.incomplete {
            Some(reason) => Err(ApplyError::Incomplete { address: self.key.address.clone(), reason }.into()),
            None => Ok(Success { id, warnings: self.work.warnings(warnings) }),
        }
    }

    async fn failed(&self, error: ProviderError, sink: &Sink<'_>) -> Result<Success, Stopped> {
        let row = self.remains(&error, sink);
        if let Some(row) = &row {
            self.work.shared.values.set_row(row);
        }
        self.record_failure(&error.message, row).await?;
        Err(self.work.failure("create", &error).into())
    }

    /// What a failed create left behind.
    fn remains(&self, error: &ProviderError, sink: &Sink<'_>) -> Option<Row> {
        let condition = Condition::Incomplete(error.message.clone());
        if let Some(partial) = &error.partial {
            let object = self.work.cleaned(self.schema, &self.config, partial.as_ref().clone());
            return Some(self.row(object, condition));
        }
        let checkpoint = sink.last()?;
        let values = remains::known(&self.planned, &checkpoint.identity);
        let object = StoredObject { values, private: checkpoint.private };
        Some(self.row(self.work.cleaned(self.schema, &self.config, object), condition))
    }

    async fn record_failure(&self, error: &str, row: Option<Row>) -> Result<(), Diagnostic> {
        let record =
            Record::Failed { operation: self.work.id.clone(), error: error.to_owned(), row: row.map(Box::new) };
        self.work.shared.journal.append(record).await
    }
}

/// The error as one after which the call may be made again. A provider that panics does it again.
fn again(error: ProviderError) -> ProviderError {
    let class = if error.code == guard::PANIC { ErrorClass::Other } else { ErrorClass::Retryable };
    ProviderError { class, ..error }
}
