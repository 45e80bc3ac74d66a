//! What is done about one open operation: decided by what is recorded and what the cloud says, read-only.

use super::search::{lost_a_secret, repeats_safely};
use super::{Finding, Search, search};
use crate::apply::ApplyError;
use crate::connections::{Connected, Connections};
use crate::failure::{self, Subject};
use crate::plan::Resolution;
use crate::ports::{InputResolver, InterruptionReceiver};
use crate::refresh::rows;
use crate::secrets::SecretRegistry;
use crate::{clock, hosts, lookup, remains, secrets};
use formwork_lang::residual;
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{Address, AttributePath, Diagnostic, Value, ValueBuf};
use formwork_provider_api::{Checkpoint, ProviderError, ReadOutcome, StoredObject, check};
use formwork_state::record::{Begin, Change, Condition, Host, OpenOperation, Record, Role, Row, State};
use std::sync::Arc;

/// What is to be done next about an open operation.
pub(super) enum Step {
    /// It ends so.
    End(Decision),
    /// The call is made again: behind this checkpoint where there is one, else as it was recorded.
    CarryOn(Option<Checkpoint>),
}

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
    /// An object of no use, deleted before that is recorded: its secret was lost with its answer.
    pub(super) discard: Option<StoredObject>,
}

impl Decision {
    pub(super) const fn new(record: Record, resolution: Resolution, words: &'static str) -> Self {
        Self { record, resolution, words, told: None, discard: None }
    }
}

/// What a plan presumes of an operation that is carried on: that it will end as planned.
pub(super) fn presumed(open: &OpenOperation, checkpoint: Option<&Checkpoint>) -> Decision {
    let Begin { row, planned, .. } = &open.begin;
    let values =
        checkpoint.map_or_else(|| planned.clone(), |checkpoint| remains::presumed(planned, &checkpoint.identity));
    let row = Row { values, condition: Condition::Ready, ..row.clone() };
    Decision::new(done(open, Some(row)), Resolution::Resume, "is carried on")
}

pub(super) fn done(open: &OpenOperation, row: Option<Row>) -> Record {
    Record::Done { operation: open.begin.operation.clone(), row: row.map(Box::new) }
}

pub(super) fn failed(open: &OpenOperation, error: &str, row: Option<Row>) -> Record {
    Record::Failed { operation: open.begin.operation.clone(), error: error.to_owned(), row: row.map(Box::new) }
}

fn recorded(open: &OpenOperation) -> Option<Checkpoint> {
    let recorded = open.checkpoint.clone()?;
    Some(Checkpoint { identity: recorded.identity, private: recorded.private, poll: recorded.poll })
}

/// Decides about open operations of a state.
pub(super) struct Decider<'a> {
    pub(super) state: &'a State,
    pub(super) connections: &'a Connections,
    pub(super) inputs: &'a dyn InputResolver,
    pub(super) secrets: Arc<SecretRegistry>,
    /// How the run is asked to end; none where nothing is changed.
    pub(super) interruption: Option<&'a InterruptionReceiver>,
}

impl Decider<'_> {
    /// Asks the cloud where the records do not tell; changes nothing.
    pub(super) async fn next(&self, open: &OpenOperation) -> Result<Step, Box<Diagnostic>> {
        let checkpoint = recorded(open);
        match open.begin.change {
            // The provider that recorded it knows how to go on from it.
            Change::Create if checkpoint.is_some() => Ok(Step::CarryOn(checkpoint)),
            Change::Create if self.is_remembered(open) => Ok(Step::CarryOn(None)),
            Change::Create => self.look_for(open).await,
            Change::Update => {
                let handle = checkpoint.filter(|checkpoint| !checkpoint.poll.is_empty());
                Ok(handle.map_or_else(|| Step::End(self.update(open)), |handle| Step::CarryOn(Some(handle))))
            }
            Change::Delete => self.delete(open).await.map(Step::End),
        }
    }

    /// Whether the service still remembers the request's token, and all of the request was recorded.
    fn is_remembered(&self, open: &OpenOperation) -> bool {
        let row = &open.begin.row;
        let Ok(provider) = self.connections.provider(&row.type_name.provider) else { return false };
        let Some(schema) = provider.schema().resource(&row.type_name.name) else { return false };
        let Recognition::Token { ttl_s } = schema.recognition else { return false };
        let age_ms = clock::now_ms().saturating_sub(open.begin.at_ms);
        repeats_safely(schema) && age_ms < i64::from(ttl_s) * 1000 && open.begin.write_only_paths.is_empty()
    }

    /// Looks for what a create made.
    pub(super) async fn look_for(&self, open: &OpenOperation) -> Result<Step, Box<Diagnostic>> {
        let (connected, schema) = self.connected(open).await?;
        let begin = &open.begin;
        let finding = search(&connected, &self.search(open, schema)).await;
        let decision = match finding.map_err(|error| self.failure(begin, "find", &error))? {
            Finding::Unfinished(checkpoint) => return Ok(Step::CarryOn(Some(checkpoint))),
            Finding::Ours(object) if lost_a_secret(schema, &begin.planned, &object) => discarded(open, object),
            Finding::Ours(object) => self.adopted(open, &connected, schema, object)?,
            Finding::Absent if repeats_safely(schema) => {
                uncertain(open, "the service no longer remembers the token of its request")
            }
            Finding::Absent => {
                let record = failed(open, "interrupted before anything was created", None);
                Decision::new(record, Resolution::Repeat, "nothing was created; it is created again")
            }
            Finding::Foreign(found) => {
                let id = self.search(open, schema).import_id();
                let error = ApplyError::Foreign { address: begin.key.address.clone(), found, id, replaces: false };
                let record = failed(open, "a foreign object has its name", None);
                let told = Some(Box::new(error.diagnostic()));
                Decision { told, ..Decision::new(record, Resolution::Repeat, "what was found is not ours") }
            }
            Finding::Ambiguous(reason) => uncertain(open, &reason),
        };
        Ok(Step::End(decision))
    }

    pub(super) fn search<'s>(&'s self, open: &'s OpenOperation, schema: &'static ResourceSchema) -> Search<'s> {
        let begin = &open.begin;
        self.secrets.learn(begin.row.config.view());
        Search {
            type_name: &begin.row.type_name,
            address: &begin.key.address,
            operation: &begin.operation,
            config: &begin.row.config,
            planned: &begin.planned,
            checkpoint: recorded(open),
            absence_checked: begin.absence_checked,
            schema,
            interruption: self.interruption,
        }
    }

    fn adopted(
        &self,
        open: &OpenOperation,
        connected: &Connected,
        schema: &'static ResourceSchema,
        object: StoredObject,
    ) -> Result<Decision, Box<Diagnostic>> {
        let row = with_object(&open.begin, schema, object, sent_again(&open.begin, schema));
        let address = &open.begin.key.address;
        let breaches = check::observed(&subject(connected, schema, address), schema, row.values.view());
        match breaches.first() {
            Some(breach) => Err(Box::new(breach.diagnostic())),
            None => Ok(Decision::new(done(open, Some(row)), Resolution::Adopt, "adopted what it had created")),
        }
    }

    /// Updates may be made twice; what cannot be read back is sent again, the rest is seen by the next read.
    fn update(&self, open: &OpenOperation) -> Decision {
        let record = failed(open, "interrupted", self.before(open));
        Decision::new(record, Resolution::Repeat, "its update was interrupted; it is compared again")
    }

    /// The object as it was before an update: what cannot be read back may have been sent.
    pub(super) fn before(&self, open: &OpenOperation) -> Option<Row> {
        let row = self.state.rows.get(&open.begin.key)?;
        let paths = open.begin.write_only_paths.clone();
        let condition = if paths.is_empty() { row.condition.clone() } else { Condition::Dirty(paths) };
        Some(Row { condition, ..row.as_ref().clone() })
    }

    async fn delete(&self, open: &OpenOperation) -> Result<Decision, Box<Diagnostic>> {
        let (connected, _) = self.connected(open).await?;
        let row = &open.begin.row;
        let object = StoredObject { values: row.values.clone(), private: row.private.clone() };
        let outcomes = rows::read(&connected, &row.type_name.name, vec![object]).await;
        let outcome = outcomes.ok().and_then(|outcomes| outcomes.into_iter().next());
        Ok(match outcome {
            Some(ReadOutcome::Gone | ReadOutcome::SoftDeleted) => {
                Decision::new(done(open, None), Resolution::Adopt, "its delete had finished")
            }
            Some(ReadOutcome::Failed(error)) => return Err(self.failure(&open.begin, "read", &error)),
            // A provider that gives no answer has not said that it is gone.
            Some(ReadOutcome::Present(_) | ReadOutcome::Deleting) | None => {
                let record = failed(open, "interrupted", Some(self.left(row)));
                Decision::new(record, Resolution::Repeat, "its delete had not finished; it is deleted again")
            }
        })
    }

    /// An object whose delete did not finish; it does not push another one from its place.
    fn left(&self, row: &Row) -> Row {
        let taken = self.state.current(&row.key.address).is_some_and(|current| current.key != row.key);
        Row { role: if taken { Role::Deposed } else { row.role }, ..row.clone() }
    }

    pub(super) async fn connected(
        &self,
        open: &OpenOperation,
    ) -> Result<(Connected, &'static ResourceSchema), Box<Diagnostic>> {
        let begin = &open.begin;
        let row = &begin.row;
        let recorded = self.state.providers.get(&row.provider).cloned().unwrap_or_else(ValueBuf::empty_map);
        let lookup =
            |address: &Address, path: &AttributePath| match row.hosts.iter().find(|host| host.address == *address) {
                Some(host) => self.attribute_of_host(host, path),
                None => lookup::recorded(self.state, address, path),
            };
        let inputs = |source: &formwork_model::InputSource| Some(self.inputs.resolve(source));
        let configuration = residual::resolve_view(recorded.view(), &lookup, &inputs).map_err(Box::new)?;
        self.secrets.learn(configuration.view());
        let connected = self.connections.get(&row.provider, &row.type_name.provider, &configuration).await;
        let connected = connected.map_err(|error| self.failure(begin, "find out about", &error))?;
        let schema = connected.provider.schema().resource(&row.type_name.name).ok_or_else(|| {
            self.failure(begin, "find out about", &ProviderError::unsupported("the provider has no such type"))
        })?;
        Ok((connected, schema))
    }

    /// An attribute of what an object lives in: another one may have taken its place since.
    fn attribute_of_host(&self, host: &Host, path: &AttributePath) -> Option<Value> {
        let rows = self.state.generations(&host.address).filter_map(|key| self.state.rows.get(key));
        let mut rows = rows.filter(|row| hosts::is(host, row, self.connections));
        rows.next().map(|row| lookup::reach(row.values.view(), path.steps()))
    }

    pub(super) fn failure(&self, begin: &Begin, verb: &str, error: &ProviderError) -> Box<Diagnostic> {
        let subject = Subject { verb, address: &begin.key.address, type_name: &begin.row.type_name, span: None };
        Box::new(failure::diagnostic(subject, &self.secrets.scrub_error(error.clone())))
    }
}

/// An object whose only secret went with its answer.
pub(super) fn discarded(open: &OpenOperation, object: StoredObject) -> Decision {
    let record = failed(open, "its secret was lost with the answer", None);
    let words = "its secret was lost with the answer; it is deleted and created again";
    Decision { discard: Some(object), ..Decision::new(record, Resolution::Repeat, words) }
}

pub(super) fn uncertain(open: &OpenOperation, reason: &str) -> Decision {
    let address = open.begin.key.address.clone();
    let values = remains::known(&open.begin.planned, &ValueBuf::empty_map());
    let row = Row { values, condition: Condition::Uncertain(reason.to_owned()), ..open.begin.row.clone() };
    let record = failed(open, reason, Some(row));
    let told = Some(Box::new(ApplyError::Uncertain { address, reason: reason.to_owned() }.diagnostic()));
    let words = "whether it was created cannot be told";
    Decision { told, ..Decision::new(record, Resolution::Uncertain, words) }
}

pub(super) fn subject<'s>(
    connected: &'s Connected,
    schema: &'static ResourceSchema,
    address: &'s Address,
) -> check::Subject<'s> {
    let provider = connected.provider.schema();
    check::Subject {
        provider: provider.name,
        version: provider.version,
        type_name: schema.name,
        address: Some(address),
    }
}

pub(super) fn with_object(begin: &Begin, schema: &ResourceSchema, object: StoredObject, condition: Condition) -> Row {
    let values = secrets::mark(schema, &[begin.row.config.view(), begin.planned.view()], object.values);
    Row { values, private: object.private, condition, ..begin.row.clone() }
}

/// The condition of an object whose create was cut off: what cannot be read back may not have been sent with its first
/// call.
pub(super) fn sent_again(begin: &Begin, schema: &ResourceSchema) -> Condition {
    let can_change = |path: &&AttributePath| {
        let attribute = path.first_name().and_then(|name| schema.attribute(name));
        attribute.is_some_and(|attribute| !attribute.create_only)
    };
    let paths: Vec<AttributePath> = begin.write_only_paths.iter().filter(can_change).cloned().collect();
    if paths.is_empty() || !schema.capabilities.update { Condition::Ready } else { Condition::Dirty(paths) }
}
