//! What is done about one open operation.

use super::search::repeats_safely;
use super::{Finding, Search, search};
use crate::apply::{ApplyError, Journal, Sink};
use crate::connections::{Connected, Connections};
use crate::failure::{self, Subject};
use crate::plan::Resolution;
use crate::ports::{EventSink, InputResolver, InterruptionReceiver};
use crate::{clock, guard, lookup, secrets};
use formwork_lang::residual;
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{Address, AttributePath, Diagnostic, ValueBuf};
use formwork_provider_api::{
    Checkpoint, CreateRequest, ErrorClass, ProviderError, ReadManyRequest, ReadOutcome, StoredObject,
};
use formwork_state::record::{Begin, Change, Condition, OpenOperation, Record, Row, State};

/// How an open operation ends.
pub(super) struct Decision {
    /// What is recorded.
    pub(super) record: Record,
    /// What it is, as data.
    pub(super) resolution: Resolution,
    /// What it is, in words.
    pub(super) words: &'static str,
    /// What is to be told besides.
    pub(super) told: Option<Box<Diagnostic>>,
}

impl Decision {
    const fn new(record: Record, resolution: Resolution, words: &'static str) -> Self {
        Self { record, resolution, words, told: None }
    }
}

type Decided = Result<Decision, Box<Diagnostic>>;

/// What a plan presumes of an operation that is carried on: that it will end as planned.
pub(super) fn presumed(open: &OpenOperation) -> Decision {
    let Begin { row, planned, .. } = &open.begin;
    let row = Row { values: planned.clone(), ..row.clone() };
    Decision::new(done(open, Some(row)), Resolution::Resume, "is carried on")
}

fn done(open: &OpenOperation, row: Option<Row>) -> Record {
    Record::Done { operation: open.begin.operation.clone(), row: row.map(Box::new) }
}

fn failed(open: &OpenOperation, error: &str, row: Option<Row>) -> Record {
    Record::Failed { operation: open.begin.operation.clone(), error: error.to_owned(), row: row.map(Box::new) }
}

fn checkpoint(open: &OpenOperation) -> Option<Checkpoint> {
    let recorded = open.checkpoint.clone()?;
    Some(Checkpoint { identity: recorded.identity, private: recorded.private, poll: recorded.poll })
}

/// Decides about open operations of a state.
pub(super) struct Decider<'a> {
    pub(super) state: &'a State,
    pub(super) connections: &'a Connections,
    pub(super) inputs: &'a dyn InputResolver,
}

impl Decider<'_> {
    /// Whether a create is carried on as it was recorded: a long operation by its handle, a request with a token by
    /// sending it again. Anything else is asked about, and planned anew where nothing was done.
    pub(super) fn carries_on(&self, open: &OpenOperation) -> bool {
        if open.begin.change != Change::Create {
            return false;
        }
        let has_handle = open.checkpoint.as_ref().is_some_and(|checkpoint| !checkpoint.poll.is_empty());
        has_handle || self.is_remembered(open)
    }

    /// Whether the service still remembers the request's token, and all of the request was recorded.
    fn is_remembered(&self, open: &OpenOperation) -> bool {
        let row = &open.begin.row;
        let Ok(provider) = self.connections.provider(&row.type_name.provider) else { return false };
        let Some(schema) = provider.schema().resource(&row.type_name.name) else { return false };
        let Recognition::Token { ttl_s } = schema.recognition else { return false };
        let began = self.state.running.as_ref().filter(|run| run.id == open.begin.run).map_or(0, |run| run.at_ms);
        let age_ms = clock::now_ms().saturating_sub(began);
        repeats_safely(schema) && age_ms < i64::from(ttl_s) * 1000 && open.begin.write_only_paths.is_empty()
    }

    /// Asks the cloud, read-only (but for an object whose secret was lost with its answer).
    pub(super) async fn decide(&self, open: &OpenOperation) -> Decided {
        match open.begin.change {
            Change::Create => self.create(open).await,
            Change::Update => Ok(Self::update(open)),
            Change::Delete => self.delete(open).await,
        }
    }

    async fn create(&self, open: &OpenOperation) -> Decided {
        let (connected, schema) = self.connected(open).await?;
        let begin = &open.begin;
        let wanted = Search {
            type_name: &begin.row.type_name,
            address: &begin.key.address,
            operation: &begin.operation,
            config: &begin.row.config,
            planned: &begin.planned,
            checkpoint: checkpoint(open),
            schema,
        };
        let finding = search(&connected, &wanted).await.map_err(|error| failure(begin, "find", &error))?;
        Ok(match finding {
            Finding::Ours(object) => {
                let row = with_object(begin, schema, object, Condition::Ready);
                Decision::new(done(open, Some(row)), Resolution::Adopt, "adopted what it had created")
            }
            Finding::Absent if repeats_safely(schema) => {
                uncertain(open, "the service no longer remembers the token of its request")
            }
            Finding::Absent => {
                let record = failed(open, "interrupted before anything was created", None);
                Decision::new(record, Resolution::Repeat, "nothing was created; it is created again")
            }
            Finding::Foreign(found) => {
                let error = ApplyError::Foreign { address: begin.key.address.clone(), found };
                let record = failed(open, "a foreign object has its name", None);
                let mut decision = Decision::new(record, Resolution::Repeat, "what was found is not ours");
                decision.told = Some(Box::new(error.diagnostic()));
                decision
            }
            Finding::Ambiguous(reason) => uncertain(open, &reason),
        })
    }

    /// Updates may be made twice; what cannot be read back is sent again, the rest is seen by the next read.
    fn update(open: &OpenOperation) -> Decision {
        let paths = open.begin.write_only_paths.clone();
        let condition = if paths.is_empty() { open.begin.row.condition.clone() } else { Condition::Dirty(paths) };
        let row = Row { condition, ..open.begin.row.clone() };
        let record = failed(open, "interrupted", Some(row));
        Decision::new(record, Resolution::Repeat, "its update was interrupted; it is compared again")
    }

    async fn delete(&self, open: &OpenOperation) -> Decided {
        let (connected, _) = self.connected(open).await?;
        let row = &open.begin.row;
        let object = StoredObject { values: row.values.clone(), private: row.private.clone() };
        let request = ReadManyRequest { type_name: row.type_name.name.to_string(), objects: vec![object] };
        let outcomes = guard::catch(connected.connection.read_many(request)).await;
        let outcome = outcomes.map_err(|error| failure(&open.begin, "read", &error))?.into_iter().next();
        Ok(match outcome {
            Some(ReadOutcome::Gone | ReadOutcome::SoftDeleted) | None => {
                Decision::new(done(open, None), Resolution::Adopt, "its delete had finished")
            }
            Some(ReadOutcome::Failed(error)) => return Err(failure(&open.begin, "read", &error)),
            Some(ReadOutcome::Present(_) | ReadOutcome::Deleting) => {
                let record = failed(open, "interrupted", Some(row.clone()));
                Decision::new(record, Resolution::Repeat, "its delete had not finished; it is deleted again")
            }
        })
    }

    /// Carries on with a create, as it was recorded.
    pub(super) async fn carry_on(
        &self,
        open: &OpenOperation,
        journal: &Journal,
        events: &dyn EventSink,
        interruption: &InterruptionReceiver,
    ) -> Decided {
        let (connected, schema) = self.connected(open).await?;
        let begin = &open.begin;
        let request = CreateRequest {
            type_name: begin.row.type_name.name.to_string(),
            address: begin.key.address.clone(),
            operation: begin.operation.0.clone(),
            config: begin.row.config.clone(),
            planned: begin.planned.clone(),
            private: begin.row.private.clone(),
            resume: checkpoint(open),
            timeout_ms: u64::from(schema.timeouts.create_s) * 1000,
        };
        let sink = Sink::resumed(journal, events, interruption, begin, checkpoint(open));
        match guard::catch(connected.connection.create(request, &sink)).await {
            Ok(applied) => {
                let condition = applied.incomplete.map_or(Condition::Ready, Condition::Incomplete);
                let row = with_object(begin, schema, applied.object, condition);
                Ok(Decision::new(done(open, Some(row)), Resolution::Resume, "carried on until it was ready"))
            }
            Err(error) if stays_open(error.class) => Err(failure(begin, "create", &error)),
            Err(error) => Ok(incomplete(open, schema, &error)),
        }
    }

    async fn connected(&self, open: &OpenOperation) -> Result<(Connected, &'static ResourceSchema), Box<Diagnostic>> {
        let begin = &open.begin;
        let row = &begin.row;
        let recorded = self.state.providers.get(&row.provider).cloned().unwrap_or_else(ValueBuf::empty_map);
        let lookup = |address: &Address, path: &AttributePath| lookup::recorded(self.state, address, path);
        let inputs = |source: &formwork_model::InputSource| Some(self.inputs.resolve(source));
        let configuration = residual::resolve_view(recorded.view(), &lookup, &inputs).map_err(Box::new)?;
        let connected = self.connections.get(&row.provider, &row.type_name.provider, &configuration).await;
        let connected = connected.map_err(|error| failure(begin, "find out about", &error))?;
        let schema = connected.provider.schema().resource(&row.type_name.name).ok_or_else(|| {
            failure(begin, "find out about", &ProviderError::unsupported("the provider has no such type"))
        })?;
        Ok((connected, schema))
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

fn with_object(begin: &Begin, schema: &ResourceSchema, object: StoredObject, condition: Condition) -> Row {
    let values = secrets::mark(schema, &[begin.row.config.view(), begin.planned.view()], object.values);
    Row { values, private: object.private, condition, ..begin.row.clone() }
}

fn incomplete(open: &OpenOperation, schema: &ResourceSchema, error: &ProviderError) -> Decision {
    let object = error.partial.as_deref().cloned().or_else(|| {
        checkpoint(open).map(|checkpoint| StoredObject { values: checkpoint.identity, private: checkpoint.private })
    });
    let condition = Condition::Incomplete(error.message.clone());
    let row = object.map(|object| with_object(&open.begin, schema, object, condition));
    let mut decision = Decision::new(failed(open, &error.message, row), Resolution::Resume, "its create failed");
    decision.told = Some(failure(&open.begin, "create", error));
    decision
}

fn uncertain(open: &OpenOperation, reason: &str) -> Decision {
    let address = open.begin.key.address.clone();
    let row = Row { condition: Condition::Uncertain(reason.to_owned()), ..open.begin.row.clone() };
    let record = failed(open, reason, Some(row));
    let mut decision = Decision::new(record, Resolution::Uncertain, "whether it was created cannot be told");
    decision.told = Some(Box::new(ApplyError::Uncertain { address, reason: reason.to_owned() }.diagnostic()));
    decision
}

fn failure(begin: &Begin, verb: &str, error: &ProviderError) -> Box<Diagnostic> {
    let subject = Subject { verb, address: &begin.key.address, type_name: &begin.row.type_name, span: None };
    Box::new(failure::diagnostic(subject, error))
}
