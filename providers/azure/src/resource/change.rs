//! What creates and updates share: what is wanted, waiting, reading back. And the update itself.

use crate::arm::error::{found, is_taken_by_sibling};
use crate::arm::operation::{Handle, State, Waiting, checkpoint_of, is_creating, state};
use crate::arm::{Answer, Request, ResourceId, Verb};
use crate::resource::{ArmType, Change, Update, known_map, mark, stored, tags};
use crate::session::Session;
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};
use formwork_model::{Address, Map, Value, ValueBuf};
use formwork_provider_api::{Applied, ErrorClass, OperationSink, ProviderError, StoredObject, UpdateRequest, settled};
use serde_json::Value as Json;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

/// How long a read may not show what was just made.
const VISIBILITY: Duration = Duration::from_secs(60);

/// How long a sibling may have what another one shall get.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(2);

/// A create or update that is under way.
pub(super) struct Work<'a> {
    ty: &'a ArmType,
    pub(super) session: &'a Session,
    sink: &'a dyn OperationSink,
    pub(super) operation: &'a str,
    pub(super) id: &'a ResourceId,
    wanted: &'a Map,
    timeout: Duration,
    doing: String,
}

impl<'a> Work<'a> {
    #[expect(clippy::too_many_arguments, reason = "one for each field; it is made in two places")]
    pub(super) const fn new(
        ty: &'a ArmType,
        session: &'a Session,
        sink: &'a dyn OperationSink,
        operation: &'a str,
        id: &'a ResourceId,
        wanted: &'a Map,
        timeout_ms: u64,
        doing: String,
    ) -> Self {
        Self { ty, session, sink, operation, id, wanted, timeout: Duration::from_millis(timeout_ms), doing }
    }

    /// As hooks see it.
    pub(super) const fn change(&self, prior: Option<&'a Map>) -> Change<'a> {
        Change { session: self.session, sink: self.sink, id: self.id, wanted: self.wanted, prior }
    }

    /// Records the object, and where its operation is asked about, before anything else is sent.
    async fn checkpoint(&self, handle: Option<&Handle>) -> Result<(), ProviderError> {
        checkpoint(self.sink, self.id, handle).await
    }

    /// Sends it, records where its operation is asked about, and follows that. Of siblings that the service changes one by one
    /// nobody else begins before it is done. `prior` is what there was; none for a create.
    pub(super) async fn carry_out(&self, prior: Option<&'a Map>) -> Result<Applied, ProviderError> {
        let (guard, answer) = self.in_turn(prior).await?;
        let handle = Handle::of_change(&answer, self.id, self.ty.api_version);
        self.checkpoint(handle.as_ref()).await?;
        let applied = self.finish(handle, prior).await;
        drop(guard);
        applied
    }

    /// A sibling may have what this one shall get (a rule's priority, a subnet's range), and be about to leave it in the same
    /// apply: it is let through, and this one is sent again.
    async fn in_turn(&self, prior: Option<&'a Map>) -> Result<(Option<OwnedMutexGuard<()>>, Answer), ProviderError> {
        let mut slept = Duration::ZERO;
        loop {
            let guard = self.ty.guard(self.session, self.id).await;
            let sent = match prior {
                None => self.ty.try_create(self, self.wanted).await,
                Some(prior) => self.ty.try_update(self, prior).await,
            };
            let error = match sent {
                Ok(answer) => return Ok((guard, answer)),
                Err(error) if is_taken_by_sibling(&error.code) && slept < PATIENCE => error,
                Err(error) => return Err(error),
            };
            drop(guard);
            self.sink.progress(&format!("{}: {}", self.doing, error.message));
            self.sink.sleep(PAUSE).await?;
            slept += PAUSE;
        }
    }

    /// Waits for the operation and reads the object back.
    pub(super) async fn finish(
        &self,
        handle: Option<Handle>,
        prior: Option<&'a Map>,
    ) -> Result<Applied, ProviderError> {
        let waiting = Waiting { sink: self.sink, timeout: self.timeout, what: self.doing.clone() };
        let waited = match handle {
            Some(handle) => waiting.until_done(&self.session.arm, handle).await,
            None => Ok(()),
        };
        match waited {
            Ok(()) => {
                self.ty.hooks.after_change(&self.change(prior)).await?;
                Ok(Applied { object: self.read_back().await?, incomplete: None })
            }
            // What there is goes on by itself: it is recorded, and the next run sees how far it is.
            Err(error) if error.class == ErrorClass::Timeout => {
                Ok(Applied { object: self.read_back().await?, incomplete: Some(error.message) })
            }
            Err(error) if error.class == ErrorClass::Cancelled => Err(error),
            Err(error) => Err(self.with_partial(error).await),
        }
    }

    /// The error, with the object as far as it got.
    async fn with_partial(&self, error: ProviderError) -> ProviderError {
        match self.ty.look_up(self.session, self.id).await {
            Ok(Some(answer)) => error.partial(self.ty.object(self.session, self.id, &answer.body, self.wanted).await.0),
            _ => error,
        }
    }

    /// Reads the object; waits until the service shows it.
    async fn read_back(&self) -> Result<StoredObject, ProviderError> {
        let (mut slept, mut pause) = (Duration::ZERO, Duration::from_millis(500));
        loop {
            if let Some(answer) = self.ty.look_up(self.session, self.id).await? {
                let (object, enriched) = self.ty.object(self.session, self.id, &answer.body, self.wanted).await;
                return enriched.map(|()| object);
            }
            if slept >= VISIBILITY {
                return Err(ProviderError::new(ErrorClass::NotFound, format!("{} is not there", self.id)));
            }
            self.sink.progress(&format!("{}: not shown yet", self.doing));
            self.sink.sleep(pause).await?;
            slept += pause;
            pause = (pause * 2).min(Duration::from_secs(8));
        }
    }
}

pub(super) async fn checkpoint(
    sink: &dyn OperationSink,
    id: &ResourceId,
    handle: Option<&Handle>,
) -> Result<(), ProviderError> {
    sink.checkpoint(checkpoint_of(id, handle)).await
}

impl ArmType {
    pub(super) async fn update_object(
        &self,
        session: &Session,
        request: &UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let wanted = wanted(self.schema, &request.address, &request.config, &request.planned);
        let prior = known_map(request.prior.values.view());
        let id = self.recorded_id(&prior)?;
        let doing = format!("changing {} {}", self.name(), id.name());
        let work = Work::new(self, session, sink, &request.operation, &id, &wanted, request.timeout_ms, doing);
        if let Some(handle) = Handle::from_checkpoint(request.resume.as_ref()) {
            return work.finish(Some(handle), Some(&prior)).await;
        }
        work.carry_out(Some(&prior)).await
    }

    async fn try_update(&self, work: &Work<'_>, prior: &Map) -> Result<Answer, ProviderError> {
        let current = self.look_up(work.session, work.id).await?;
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("{} is gone", work.id));
        self.send_update(work, prior, &current.ok_or_else(gone)?).await
    }

    async fn send_update(&self, work: &Work<'_>, prior: &Map, current: &Answer) -> Result<Answer, ProviderError> {
        let verb = if self.update == Update::Patch { Verb::Patch } else { Verb::Put };
        let mut body = match self.update {
            Update::Put => self.encode(work.wanted, Some(&current.body)),
            Update::Patch => self.encode_patch(prior, work.wanted),
        };
        // A PATCH that says nothing of tags leaves them.
        if self.takes_tags() && (verb == Verb::Put || body.get("tags").is_some()) {
            tags::complete(&mut body, None, Some(&current.body));
        }
        let change = Change { prior: Some(prior), ..work.change(None) };
        self.hooks.body(&change, Some(&current.body), &mut body)?;
        let etag = current.etag.clone().filter(|_| self.etag);
        let request = Request::on(verb, work.id, self.api_version).body(&body).if_match(etag);
        self.hooks.send(work.session, request).await
    }

    /// Reads an object; none where there is none.
    pub(crate) async fn look_up(&self, session: &Session, id: &ResourceId) -> Result<Option<Answer>, ProviderError> {
        found(self.hooks.send(session, Request::on(Verb::Get, id, self.api_version)).await)
    }

    /// An object that was read, and whether all that other calls tell of it could be read, too.
    pub(crate) async fn object(
        &self,
        session: &Session,
        id: &ResourceId,
        body: &Json,
        known: &Map,
    ) -> (StoredObject, Result<(), ProviderError>) {
        let mut values = self.decode(id, body, known);
        // What is still being made has nothing yet that other calls could tell.
        let enriched = match self.hooks.enriches() && !is_creating(body) {
            true => self.hooks.enrich(session, id, &mut values).await,
            false => Ok(()),
        };
        let enriched = match state(body) {
            State::Done => enriched,
            // What is not well is still there, and what was known of it stays known.
            State::Failed | State::Running(_) => enriched.or_else(passing_only),
        };
        let private = mark::of(self.listing.marks, body).unwrap_or_else(|| mark::of_state(body));
        (StoredObject { private, ..stored(values) }, enriched)
    }

    /// Waits until no sibling is being changed, where the service asks for that.
    pub(crate) async fn guard(&self, session: &Session, id: &ResourceId) -> Option<OwnedMutexGuard<()>> {
        if self.serialised { Some(session.alone(&id.root()).await) } else { None }
    }
}

/// An error that another attempt may not meet; any other is passed over.
fn passing_only(error: ProviderError) -> Result<(), ProviderError> {
    if error.class.is_passing() { Err(error) } else { Ok(()) }
}

/// What an object should be: the plan, with what was unknown then and what is write-only taken from the config.
pub(super) fn wanted(schema: &ResourceSchema, address: &Address, config: &ValueBuf, planned: &ValueBuf) -> Map {
    let mut values = known_map(settled(schema, address, config.view(), planned.view()).view());
    add_write_only(schema.attributes, &known_map(config.view()), &mut values);
    values
}

fn add_write_only(attributes: &[Attribute], config: &Map, values: &mut Map) {
    for attribute in attributes {
        let Some(said) = config.get(attribute.name) else { continue };
        if attribute.write_only {
            values.insert(attribute.name, said.clone());
            continue;
        }
        let Some(value) = values.get(attribute.name).map(|value| value.exposed().clone()) else { continue };
        if let Some(value) = with_write_only(&attribute.ty, said, value) {
            values.insert(attribute.name, value);
        }
    }
}

/// The value with the write-only fields of nested blocks; none where it has no blocks.
fn with_write_only(ty: &AttributeType, said: &Value, value: Value) -> Option<Value> {
    match (ty, said.exposed(), value) {
        (AttributeType::Object(fields), Value::Map(said), Value::Map(mut map)) => {
            add_write_only(fields, said, &mut map);
            Some(Value::Map(map))
        }
        (AttributeType::List(inner), Value::List(said), Value::List(items)) if said.len() == items.len() => {
            let items = said.iter().zip(items);
            Some(Value::list(items.map(|(said, item)| with_write_only(inner, said, item.clone()).unwrap_or(item))))
        }
        (AttributeType::Map(inner), Value::Map(said), Value::Map(map)) => {
            let entries = map.into_iter().map(|(key, value)| {
                let inner = said.get(&key).and_then(|said| with_write_only(inner, said, value.clone()));
                (key, inner.unwrap_or(value))
            });
            Some(Value::Map(entries.collect()))
        }
        _ => None,
    }
}
