//! Going on with a create or an update of an earlier run.

use super::decide::{Decider, Decision, Step, discarded, done, failed, sent_again, subject, with_object};
use super::search::lost_a_secret;
use crate::apply::{Journal, Sink};
use crate::call::wait_to_retry;
use crate::call::{Repeatable, Retry, RetryPolicy, with_retries};
use crate::connections::Connected;
use crate::plan::Resolution;
use crate::ports::{EventSink, InterruptionReceiver};
use crate::{guard, remains};
use formwork_model::Diagnostic;
use formwork_model::schema::ResourceSchema;
use formwork_provider_api::{
    Applied, Checkpoint, CreateRequest, ErrorClass, OperationSink, ProviderError, StoredObject, UpdateRequest, check,
};
use formwork_state::record::{Begin, Change, Condition, OpenOperation, Row};
use std::time::Duration;

/// What carrying on needs besides what deciding does.
pub(super) struct Means<'a> {
    pub(super) journal: &'a Journal,
    pub(super) events: &'a dyn EventSink,
    pub(super) interruption: &'a InterruptionReceiver,
}

/// An operation that is carried on.
struct Resumed<'a> {
    decider: &'a Decider<'a>,
    open: &'a OpenOperation,
    connected: Connected,
    schema: &'static ResourceSchema,
    /// What is known of the object; none where the request is sent again by its token.
    checkpoint: Option<Checkpoint>,
}

impl Decider<'_> {
    /// Carries on: nothing is sent again behind a checkpoint, and a token makes sure of it elsewhere.
    pub(super) async fn carry_on(
        &self,
        open: &OpenOperation,
        checkpoint: Option<Checkpoint>,
        means: &Means<'_>,
    ) -> Result<Decision, Box<Diagnostic>> {
        let (connected, schema) = self.connected(open).await?;
        let sink = Sink::resumed(means.journal, means.events, means.interruption, &open.begin, checkpoint.clone());
        let resumed = Resumed { decider: self, open, connected, schema, checkpoint };
        let error = match resumed.call(means, &sink).await {
            Ok(applied) => return Ok(resumed.made(applied)),
            Err(error) => error,
        };
        let is_known = resumed.checkpoint.is_some();
        match error.class {
            // What was recorded is not there (any more): it is looked for as if nothing had been recorded.
            ErrorClass::NotFound if is_known && open.begin.change == Change::Create => match self.look_for(open).await?
            {
                Step::End(decision) => Ok(decision),
                Step::CarryOn(_) => Err(self.failure(&open.begin, resumed.verb(), &error)),
            },
            // Without a checkpoint nothing says that nothing was made: the request had been sent before.
            class if !is_known || (stays_open(class) && error.code != guard::PANIC) => {
                Err(self.failure(&open.begin, resumed.verb(), &error))
            }
            _ => Ok(resumed.failed(&error)),
        }
    }
}

/// After these it is still not known what became of the operation.
const fn stays_open(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Cancelled
            | ErrorClass::AnswerLost
            | ErrorClass::Unreachable
            | ErrorClass::Retryable
            | ErrorClass::Forbidden
    )
}

impl Resumed<'_> {
    fn begin(&self) -> &Begin {
        &self.open.begin
    }

    fn verb(&self) -> &'static str {
        self.begin().change.word()
    }

    fn limit_ms(&self) -> u64 {
        let limits = self.schema.timeouts;
        let seconds = if self.begin().change == Change::Update { limits.update_s } else { limits.create_s };
        u64::from(seconds) * 1000
    }

    async fn call(&self, means: &Means<'_>, sink: &Sink<'_>) -> Result<Applied, ProviderError> {
        // What was found and is not recorded yet: another crash need not look for it again.
        if let Some(checkpoint) = self.checkpoint.clone().filter(|_| self.open.checkpoint.is_none()) {
            sink.checkpoint(checkpoint).await?;
        }
        let limit_ms = self.limit_ms();
        means.journal.store().assert_held(limit_ms).map_err(|error| {
            ProviderError::new(ErrorClass::Cancelled, format!("the state's lock may be lost: {error}"))
        })?;
        let policy = RetryPolicy { total: Duration::from_millis(limit_ms), ..RetryPolicy::default() };
        let wait = async |retry: Retry<'_>| {
            wait_to_retry(means.interruption, retry.delay).await.map_err(|_| retry.error.clone())
        };
        with_retries(policy, Repeatable::Always, wait, async || self.send(sink).await).await
    }

    async fn send(&self, sink: &Sink<'_>) -> Result<Applied, ProviderError> {
        let begin = self.begin();
        let connection = &self.connected.connection;
        match self.decider.state.rows.get(&begin.key).filter(|_| begin.change == Change::Update) {
            Some(row) => guard::catch(connection.update(self.update_request(row, sink), sink)).await,
            None => guard::catch(connection.create(self.create_request(sink), sink)).await,
        }
    }

    fn create_request(&self, sink: &Sink<'_>) -> CreateRequest {
        let begin = self.begin();
        CreateRequest {
            type_name: begin.row.type_name.name.to_string(),
            address: begin.key.address.clone(),
            operation: begin.operation.0.clone(),
            config: begin.row.config.clone(),
            planned: begin.planned.clone(),
            private: begin.row.private.clone(),
            resume: sink.last(),
            timeout_ms: self.limit_ms(),
        }
    }

    fn update_request(&self, row: &Row, sink: &Sink<'_>) -> UpdateRequest {
        let begin = self.begin();
        UpdateRequest {
            type_name: begin.row.type_name.name.to_string(),
            address: begin.key.address.clone(),
            operation: begin.operation.0.clone(),
            prior: StoredObject { values: row.values.clone(), private: row.private.clone() },
            prior_config: Some(row.config.clone()),
            config: begin.row.config.clone(),
            planned: begin.planned.clone(),
            private: begin.row.private.clone(),
            resume: sink.last(),
            timeout_ms: self.limit_ms(),
        }
    }

    fn made(&self, applied: Applied) -> Decision {
        let begin = self.begin();
        let is_new = begin.change == Change::Create;
        if is_new && lost_a_secret(self.schema, &begin.planned, &applied.object) {
            return discarded(self.open, applied.object);
        }
        let condition = applied.incomplete.map_or_else(|| sent_again(begin, self.schema), Condition::Incomplete);
        let row = with_object(begin, self.schema, applied.object, condition);
        let subject = subject(&self.connected, self.schema, &begin.key.address);
        let breaches = check::applied(&subject, self.schema, begin.planned.view(), row.values.view());
        let told = breaches.first().map(|breach| Box::new(breach.diagnostic()));
        let record = done(self.open, Some(row));
        Decision { told, ..Decision::new(record, Resolution::Resume, "carried on until it was ready") }
    }

    /// It failed for certain; what is known of the object is recorded.
    fn failed(&self, error: &ProviderError) -> Decision {
        let begin = self.begin();
        let error = self.decider.secrets.scrub_error(error.clone());
        let row = match begin.change {
            Change::Update => self.decider.before(self.open).map(|row| match error.partial.as_deref().cloned() {
                Some(partial) => {
                    let condition = row.condition.clone();
                    Row { config: row.config.clone(), ..with_object(begin, self.schema, partial, condition) }
                }
                None => row,
            }),
            Change::Create | Change::Delete => self.remains(&error),
        };
        let told = Some(self.decider.failure(begin, self.verb(), &error));
        let record = failed(self.open, &error.message, row);
        Decision { told, ..Decision::new(record, Resolution::Resume, "it went on, and failed") }
    }

    fn remains(&self, error: &ProviderError) -> Option<Row> {
        let begin = self.begin();
        let known = || {
            let checkpoint = self.checkpoint.clone()?;
            let values = remains::known(&begin.planned, &checkpoint.identity);
            Some(StoredObject { values, private: checkpoint.private })
        };
        let object = error.partial.as_deref().cloned().or_else(known)?;
        Some(with_object(begin, self.schema, object, Condition::Incomplete(error.message.clone())))
    }
}
