//! Creating an object, and finding out what became of a create whose answer was lost.

use super::work::{Made, Work};
use super::{Stopped, Success};
use crate::apply::ApplyError;
use crate::apply::sink::{Sink, sleep_unless_cancelled};
use crate::call::{Repeatable, RetryPolicy};
use crate::connections::Connected;
use crate::event::ChangeKind;
use crate::guard;
use crate::recovery::{self, Search};
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{Diagnostic, Value, ValueBuf};
use formwork_provider_api::{Applied, CreateRequest, ErrorClass, ProviderError, StoredObject};
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
}

/// What became of the calls.
enum Attempted {
    Made(Applied),
    Failed(ProviderError),
    Foreign(String),
    Ambiguous(String),
    /// Cancelled after something was made: the next run goes on waiting.
    LeftOpen,
}

pub(super) async fn create(work: &Work<'_>) -> Result<Success, Stopped> {
    let config = work.config()?;
    let connected = work.connect().await?;
    let schema = work.schema(&connected)?;
    let planned = work.planned(schema, &config)?;
    let address = work.operation.address.clone();
    let key = RowKey { generation: work.shared.values.next_generation(&address), address };
    let creation = Creation { work, connected: &connected, schema, config, planned, key };
    work.shared.journal.append(Record::Begin(Box::new(creation.begin()))).await?;
    let permit = match work.permit(&connected).await {
        Ok(permit) => permit,
        Err(stopped) => {
            creation.record_failure("not sent: the run was interrupted", None).await?;
            return Err(stopped);
        }
    };
    work.announce(ChangeKind::Create);
    let sink = Sink::new(work.shared, &work.operation.address, &work.id);
    let attempted = creation.attempt(&sink).await;
    drop(permit);
    creation.conclude(attempted, &sink).await
}

impl Creation<'_> {
    fn begin(&self) -> Begin {
        let object = StoredObject { values: self.planned.clone(), private: self.work.operation.private.clone() };
        Begin {
            operation: self.work.id.clone(),
            run: self.work.shared.run.id.clone(),
            change: Change::Create,
            key: self.key.clone(),
            row: self.row(object, Condition::Ready),
            planned: self.planned.clone(),
            absence_checked: self.schema.recognition != Recognition::None,
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
        loop {
            attempt += 1;
            let error = match self.send(sink).await {
                Ok(applied) => return Attempted::Made(applied),
                Err(error) => error,
            };
            let error = match self.after(error, sink).await {
                Ok(error) => error,
                Err(attempted) => return attempted,
            };
            let delay = policy.delay(&error, Repeatable::UnlessSent, attempt);
            let Some(delay) = delay.filter(|delay| began.elapsed() + *delay < policy.total) else {
                return Attempted::Failed(error);
            };
            self.work.tell_retry(&error, delay, attempt);
            if sleep_unless_cancelled(self.work.shared, delay).await.is_err() {
                return if sink.was_checkpointed() { Attempted::LeftOpen } else { Attempted::Failed(error) };
            }
        }
    }

    /// What an error means for the next attempt: an error to judge by its class, or an end.
    async fn after(&self, error: ProviderError, sink: &Sink<'_>) -> Result<ProviderError, Attempted> {
        match error.class {
            ErrorClass::Cancelled if sink.was_checkpointed() => Err(Attempted::LeftOpen),
            ErrorClass::AnswerLost => self.search(error, sink).await,
            _ => Ok(error),
        }
    }

    /// The answer was lost: ask, never guess.
    async fn search(&self, error: ProviderError, sink: &Sink<'_>) -> Result<ProviderError, Attempted> {
        let search = Search {
            type_name: &self.work.operation.type_name,
            address: &self.work.operation.address,
            operation: &self.work.id,
            config: &self.config,
            planned: &self.planned,
            checkpoint: sink.last(),
            schema: self.schema,
        };
        match recovery::search(self.connected, &search).await {
            Ok(recovery::Finding::Ours(object)) => Err(Attempted::Made(Applied { object, incomplete: None })),
            // A provider that panics does it again.
            Ok(recovery::Finding::Absent) if error.code == guard::PANIC => {
                Ok(ProviderError { class: ErrorClass::Other, ..error })
            }
            Ok(recovery::Finding::Absent) => Ok(ProviderError { class: ErrorClass::Retryable, ..error }),
            Ok(recovery::Finding::Foreign(found)) => Err(Attempted::Foreign(found)),
            Ok(recovery::Finding::Ambiguous(reason)) => Err(Attempted::Ambiguous(reason)),
            // Neither can the search be made: the operation stays open, and the next run searches again.
            Err(_) => Err(Attempted::LeftOpen),
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
            Attempted::Made(applied) => self.made(applied).await,
            Attempted::LeftOpen => Err(Stopped::Interrupted),
            Attempted::Failed(error) => self.failed(error, sink).await,
            Attempted::Foreign(found) => {
                let error = ApplyError::Foreign { address: self.key.address.clone(), found };
                self.record_failure("a foreign object has its name", None).await?;
                Err(error.into())
            }
            Attempted::Ambiguous(reason) => {
                let object = StoredObject { values: self.planned_known(), private: Vec::new() };
                let row = self.row(object, Condition::Uncertain(reason.clone()));
                self.record_failure(&reason, Some(row)).await?;
                Err(ApplyError::Uncertain { address: self.key.address.clone(), reason }.into())
            }
        }
    }

    async fn made(&self, applied: Applied) -> Result<Success, Stopped> {
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
            None => Ok(Success { id, warnings: Vec::new() }),
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
        let values = merged(&self.planned_known(), &checkpoint.identity);
        Some(self.row(StoredObject { values, private: checkpoint.private }, condition))
    }

    /// What is known of the planned values.
    fn planned_known(&self) -> ValueBuf {
        match self.planned.to_value() {
            Value::Map(map) => {
                ValueBuf::from(Value::Map(map.into_iter().filter(|(_, value)| value.is_known()).collect()))
            }
            _ => ValueBuf::empty_map(),
        }
    }

    async fn record_failure(&self, error: &str, row: Option<Row>) -> Result<(), Diagnostic> {
        let record =
            Record::Failed { operation: self.work.id.clone(), error: error.to_owned(), row: row.map(Box::new) };
        self.work.shared.journal.append(record).await
    }
}

/// The entries of both, those of `over` winning.
fn merged(under: &ValueBuf, over: &ValueBuf) -> ValueBuf {
    let (Value::Map(mut map), Value::Map(over)) = (under.to_value(), over.to_value()) else { return under.clone() };
    for (key, value) in over {
        map.insert(key, value);
    }
    ValueBuf::from(Value::Map(map))
}
