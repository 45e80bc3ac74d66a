//! Changing, deleting and forgetting objects that are in state.

use super::work::{Made, Work};
use super::{Stopped, Success};
use crate::apply::ApplyError;
use crate::apply::sink::Sink;
use crate::call::wait_to_retry;
use crate::call::{Repeatable, RetryPolicy};
use crate::connections::Connected;
use crate::event::ChangeKind;
use formwork_model::schema::ResourceSchema;
use formwork_model::{AttributePath, ValueBuf};
use formwork_provider_api::{Applied, DeleteRequest, ErrorClass, ProviderError, StoredObject, UpdateRequest};
use formwork_state::record::{Begin, Change, Condition, Record, Row};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Repeats a change that has the same effect when made twice.
async fn repeat<T, F>(work: &Work<'_>, verb: &'static str, mut call: impl FnMut() -> F) -> Result<T, ProviderError>
where
    F: Future<Output = Result<T, ProviderError>> + Send,
{
    let policy = RetryPolicy { total: Duration::from_millis(work.operation.timeout_ms), ..RetryPolicy::default() };
    let began = Instant::now();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match work.call(verb, call()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let delay = policy.delay(&error, Repeatable::Always, attempt);
        let Some(delay) = delay.filter(|delay| began.elapsed() + *delay < policy.total) else { return Err(error) };
        work.tell_retry(&error, delay, attempt);
        if wait_to_retry(&work.shared.interruption, delay).await.is_err() {
            return Err(error);
        }
    }
}

/// The row that is changed. The store is not asked: while anybody holds its state, the next record copies all of it.
fn existing(work: &Work<'_>) -> Result<Arc<Row>, Stopped> {
    let row = work.operation.row.as_ref().and_then(|key| work.shared.values.row_in_role(key));
    row.ok_or_else(|| ApplyError::RowMissing { address: work.operation.address.clone() }.into())
}

fn stored(row: &Row) -> StoredObject {
    StoredObject { values: row.values.clone(), private: row.private.clone() }
}

fn begin(work: &Work<'_>, change: Change, row: Row, planned: ValueBuf, paths: Vec<AttributePath>) -> Record {
    Record::Begin(Box::new(Begin {
        operation: work.id.clone(),
        run: work.shared.run.id.clone(),
        at_ms: crate::clock::now_ms(),
        change,
        key: row.key.clone(),
        row,
        planned,
        absence_checked: false,
        write_only_paths: paths,
    }))
}

/// The row that an update announces: what there is, with what is sent, so that another run can carry it on.
fn announced(work: &Work<'_>, schema: &'static ResourceSchema, config: &ValueBuf, row: &Row) -> Row {
    let object = StoredObject { values: row.values.clone(), private: work.operation.private.clone() };
    let (condition, created_by) = (row.condition.clone(), row.created_by.clone());
    let made = Made { schema, config, object, condition, created_by };
    Row { role: row.role, ..work.row(row.key.clone(), made) }
}

async fn record_failure(work: &Work<'_>, error: &str, row: &Row) -> Result<(), Stopped> {
    let record =
        Record::Failed { operation: work.id.clone(), error: error.to_owned(), row: Some(Box::new(row.clone())) };
    work.shared.journal.append(record).await.map_err(Stopped::from)
}

pub(super) async fn update(work: &Work<'_>) -> Result<Success, Stopped> {
    let row = existing(work)?;
    let config = work.config()?;
    let connected = work.connect().await?;
    let schema = work.schema(&connected)?;
    let planned = work.planned(schema, &config)?;
    let write_only = Work::write_only_paths(schema, &config);
    let announced = announced(work, schema, &config, &row);
    work.shared.journal.append(begin(work, Change::Update, announced, planned.clone(), write_only.clone())).await?;
    let permit = match work.permit(&connected).await {
        Ok(permit) => permit,
        Err(stopped) => {
            record_failure(work, "not sent: the run was interrupted", &row).await?;
            return Err(stopped);
        }
    };
    work.announce(ChangeKind::Update);
    let sink = Sink::new(work.shared, &work.operation.address, &work.id);
    let result = repeat(work, "update", || {
        let request = UpdateRequest {
            type_name: work.operation.type_name.name.to_string(),
            address: work.operation.address.clone(),
            operation: work.id.0.clone(),
            prior: stored(&row),
            prior_config: Some(row.config.clone()),
            config: config.clone(),
            planned: planned.clone(),
            private: work.operation.private.clone(),
            resume: sink.last(),
            timeout_ms: work.operation.timeout_ms,
        };
        connected.connection.update(request, &sink)
    })
    .await;
    drop(permit);
    let change = Updated { work, row: &row, config: &config, planned: &planned, schema, connected: &connected };
    match result {
        Ok(applied) => change.made(applied, sink.warnings()).await,
        Err(error) if error.class == ErrorClass::Cancelled && sink.was_checkpointed() => {
            Err(work.left_open("update", &error))
        }
        Err(error) => change.failed(&error, write_only).await,
    }
}

struct Updated<'a> {
    work: &'a Work<'a>,
    row: &'a Row,
    config: &'a ValueBuf,
    planned: &'a ValueBuf,
    schema: &'static ResourceSchema,
    connected: &'a Connected,
}

impl Updated<'_> {
    async fn made(&self, applied: Applied, warnings: Vec<String>) -> Result<Success, Stopped> {
        let work = self.work;
        let object = work.cleaned(self.schema, self.config, applied.object);
        let condition = applied.incomplete.clone().map_or(Condition::Ready, Condition::Incomplete);
        let verdict = work.verdict(self.connected, self.schema, self.planned, &object);
        let id = Work::identity(self.schema, &object.values);
        let created_by = self.row.created_by.clone();
        let made = Made { schema: self.schema, config: self.config, object, condition, created_by };
        let row = work.row(self.row.key.clone(), made);
        let done = Record::Done { operation: work.id.clone(), row: Some(Box::new(row.clone())) };
        work.shared.journal.append(done).await?;
        work.shared.values.set_row(&row);
        verdict?;
        match applied.incomplete {
            Some(reason) => Err(ApplyError::Incomplete { address: row.key.address, reason }.into()),
            None => Ok(Success { id, warnings: work.warnings(warnings) }),
        }
    }

    /// What cannot be read back may or may not have arrived: it is sent again. The rest is read by the next plan.
    async fn failed(&self, error: &ProviderError, write_only: Vec<AttributePath>) -> Result<Success, Stopped> {
        let mut row = self.row.clone();
        if let Some(partial) = &error.partial {
            let object = self.work.cleaned(self.schema, self.config, partial.as_ref().clone());
            row.values = object.values;
            row.private = object.private;
        }
        if !write_only.is_empty() {
            row.condition = Condition::Dirty(write_only);
        }
        record_failure(self.work, &error.message, &row).await?;
        self.work.shared.values.set_row(&row);
        Err(self.work.failure("update", error).into())
    }
}

pub(super) async fn delete(work: &Work<'_>) -> Result<Success, Stopped> {
    let row = existing(work)?;
    let connected = work.connect().await?;
    work.shared.journal.append(begin(work, Change::Delete, row.as_ref().clone(), ValueBuf::null(), Vec::new())).await?;
    let permit = match work.permit(&connected).await {
        Ok(permit) => permit,
        Err(stopped) => {
            record_failure(work, "not sent: the run was interrupted", &row).await?;
            return Err(stopped);
        }
    };
    work.announce(ChangeKind::Delete);
    let result = send_delete(work, &connected, &row).await;
    drop(permit);
    match result {
        Ok(()) => {
            let done = Record::Done { operation: work.id.clone(), row: None };
            work.shared.journal.append(done).await?;
            work.shared.values.gone(&row.key);
            Ok(Success::default())
        }
        Err(error) if error.class == ErrorClass::Cancelled => Err(work.left_open("delete", &error)),
        Err(error) => {
            record_failure(work, &error.message, &row).await?;
            Err(work.failure("delete", &error).into())
        }
    }
}

async fn send_delete(work: &Work<'_>, connected: &Connected, row: &Row) -> Result<(), ProviderError> {
    let sink = Sink::new(work.shared, &work.operation.address, &work.id);
    let result = repeat(work, "delete", || {
        let request = DeleteRequest {
            type_name: work.operation.type_name.name.to_string(),
            address: work.operation.address.clone(),
            operation: work.id.0.clone(),
            object: stored(row),
            config: Some(row.config.clone()),
            resume: sink.last(),
            timeout_ms: work.operation.timeout_ms,
        };
        connected.connection.delete(request, &sink)
    })
    .await;
    match result {
        Err(error) if error.class == ErrorClass::NotFound => Ok(()),
        other => other,
    }
}

pub(super) async fn forget(work: &Work<'_>) -> Result<Success, Stopped> {
    let row = existing(work)?;
    let reason = "forgotten; the object stays".to_owned();
    work.shared.journal.append(Record::Remove { key: row.key.clone(), reason }).await?;
    work.shared.values.gone(&row.key);
    Ok(Success::default())
}
