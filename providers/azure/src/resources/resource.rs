//! `azure.resource`: any type of ARM, at any version, with any body. What the body says is sent and compared; what it does not
//! say is left alone.

use crate::arm::error::{found, is_not_found};
use crate::arm::operation::{Handle, State, Waiting, checkpoint_of, is_deleting, state, under_way};
use crate::arm::{Answer, Request, ResourceId, Verb};
use crate::resource::plan::tell_state;
use crate::resource::{Resource, known_map, mark, meaning, stored};
use crate::schema::{ID, ONE_BY_ONE};
use crate::session::Session;
use crate::validate::Findings;
use async_trait::async_trait;
use formwork_model::schema::{
    Attribute, AttributeType, Default as Preset, Equality, Limit, Recognition, ResourceSchema,
};
use formwork_model::value::{Masking, from_json, to_json};
use formwork_model::{AttributePath, Map, Value, ValueBuf, ValueRef};
use formwork_provider_api::scrub::Scrubber;
use formwork_provider_api::typed::ResourceType;
use formwork_provider_api::{
    Applied, CreateRequest, DeleteRequest, ErrorClass, FindRequest, Finding, Found, ImportRequest, Listed,
    OperationSink, PlanRequest, PlanResponse, ProviderError, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
    settled,
};
use serde_json::Value as Json;
use std::time::Duration;

/// Which version of a type's interface is spoken.
pub(crate) const API_VERSION: Attribute =
    Attribute::string("api_version", "Version of the type's interface, such as `2024-09-01`.")
        .required()
        .limits(&[Limit::Pattern(r"^\d{4}-\d{2}-\d{2}(-[a-z]+)?$", "a date, with `-preview` where it is one")]);

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("type", "Type, such as `Microsoft.Cdn/profiles`.")
        .required()
        .create_only()
        .equality(Equality::CaseInsensitive)
        .limits(&[Limit::Pattern(
            r"^[A-Za-z0-9.]+(/[A-Za-z0-9]+)+$",
            "`Namespace/type`, with `/` before each child's type",
        )]),
    API_VERSION,
    Attribute::string("name", "Name of the object.").required().create_only().equality(Equality::CaseInsensitive),
    Attribute::string(
        "parent",
        "Id of what it lies in: a group, an object, a subscription; else this connection's subscription.",
    )
    .create_only()
    .optional_computed()
    .equality(Equality::CaseInsensitive),
    Attribute::new(
        "body",
        AttributeType::Any,
        "What is sent, as the type's documentation says; without id, name and type.",
    )
    .default(Preset::Empty),
    ID,
    Attribute::new("output", AttributeType::Any, "All that the service answers.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "resource",
    "Any object of Azure Resource Manager, for types that have none of their own here.",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::NaturalKey)
.timeouts(3600, 3600, 3600)
.usually_takes_s(30)
.import_help("the object's id; the block must give `api_version`")
.capabilities(ONE_BY_ONE);

/// The type.
pub(crate) static RESOURCE: Any = Any;

/// See [`SCHEMA`].
pub(crate) struct Any;

/// What a config says, taken apart.
struct Wanted {
    id: ResourceId,
    api_version: String,
    body: Json,
    values: Map,
}

fn text<'a>(values: &'a Map, name: &str) -> &'a str {
    values.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Wanted {
    fn of(session: &Session, values: Map) -> Result<Self, ProviderError> {
        let body = values.get("body").map(|body| to_json(ValueBuf::from(body).view(), Masking::Exposed));
        let id = match ResourceId::parse(text(&values, "id")) {
            Some(id) => id,
            None => id_of(session, &values)?,
        };
        Ok(Self { id, api_version: text(&values, "api_version").to_owned(), body: body.unwrap_or_default(), values })
    }
}

fn id_of(session: &Session, values: &Map) -> Result<ResourceId, ProviderError> {
    let parent = match text(values, "parent") {
        "" => session.scope(),
        parent => ResourceId::expect(parent).map_err(|error| error.at(AttributePath::member("parent")))?,
    };
    let (kind, name) = (text(values, "type"), text(values, "name"));
    match kind.get(..parent.resource_type().len()) {
        // A child: its type begins with its parent's.
        Some(start) if parent.is_type(start) && kind.len() > start.len() => {
            parent.child(kind.get(start.len() + 1..).unwrap_or_default(), name)
        }
        _ if kind.eq_ignore_ascii_case(crate::arm::id::GROUP_TYPE) => ResourceId::group_of(&session.subscription, name),
        _ => parent.resource(kind, name),
    }
}

/// What an answer says of what was asked for. Lists are compared as a whole; case of regions and ids does not count.
fn seen(wanted: &Value, answer: &Json) -> Value {
    match (wanted.exposed(), answer) {
        (Value::Map(map), Json::Object(object)) => {
            let entry =
                |(key, value): (&ecow::EcoString, &Value)| Some((key.clone(), seen(value, object.get(key.as_str())?)));
            Value::Map(map.iter().filter_map(entry).collect())
        }
        (Value::List(items), Json::Array(answers)) if items.len() == answers.len() => {
            Value::list(items.iter().zip(answers).map(|(item, answer)| seen(item, answer)))
        }
        (Value::String(wanted), Json::String(answer)) if means_same(wanted, answer) => Value::string(wanted.clone()),
        (_, answer) => from_json(answer),
    }
}

fn means_same(wanted: &str, answer: &str) -> bool {
    wanted.eq_ignore_ascii_case(answer) || meaning::location(wanted) == meaning::location(answer)
}

/// What the service never tells (a password) stays as it was sent.
fn with_unseen(wanted: &Value, seen: Value) -> Value {
    match (wanted, seen) {
        (Value::Map(wanted), Value::Map(seen)) => Value::map(wanted.iter().map(|(key, value)| {
            let seen = seen.get(key).cloned();
            (key.clone(), seen.map_or_else(|| value.clone(), |seen| with_unseen(value, seen)))
        })),
        (Value::Secret(wanted), seen) => with_unseen(wanted, seen).secret(),
        (_, seen) => seen,
    }
}

fn object(wanted: &Wanted, answer: &Json) -> StoredObject {
    let mut values = wanted.values.clone();
    let said = wanted.values.get("body").cloned().unwrap_or_else(|| Value::Map(Map::new()));
    values.insert("body", with_unseen(&said, seen(&said, answer)));
    values.insert("id", Value::string(wanted.id.as_str()));
    if text(&values, "parent").is_empty()
        && let Some(parent) = wanted.id.parent()
    {
        values.insert("parent", Value::string(parent.as_str()));
    }
    values.insert("output", Confidential::of(&said).mark(Some(&said), from_json(answer)));
    StoredObject { private: mark::of_state(answer), ..stored(values) }
}

/// What was sent in confidence: a service may repeat it, where it was sent and elsewhere.
#[derive(Default)]
struct Confidential(Scrubber);

impl Confidential {
    fn of(body: &Value) -> Self {
        let mut confidential = Self::default();
        confidential.gather(body, false);
        confidential
    }

    fn gather(&mut self, value: &Value, is_secret: bool) {
        match value {
            Value::Secret(inner) => self.gather(inner, true),
            Value::Map(map) => map.iter().for_each(|(_, value)| self.gather(value, is_secret)),
            Value::List(items) | Value::Set(items) => items.iter().for_each(|item| self.gather(item, is_secret)),
            Value::String(text) if is_secret => self.0.learn_whole(text),
            _ => {}
        }
    }

    /// The answer, secret where it stands for what was secret, and where it holds one of the texts.
    fn mark(&self, said: Option<&Value>, told: Value) -> Value {
        match (said, told) {
            (Some(Value::Secret(_)), told) => told.secret(),
            (said, Value::Map(told)) => {
                let said = said.and_then(Value::as_map);
                let entry = |(key, told): (&ecow::EcoString, &Value)| {
                    (key.clone(), self.mark(said.and_then(|said| said.get(key.as_str())), told.clone()))
                };
                Value::Map(told.iter().map(entry).collect())
            }
            (said, Value::List(told)) => {
                let said = said.and_then(Value::as_items).unwrap_or_default();
                Value::list(told.iter().enumerate().map(|(index, told)| self.mark(said.get(index), told.clone())))
            }
            (_, Value::String(told)) if self.0.finds(&told) => Value::String(told).secret(),
            (_, told) => told,
        }
    }
}

async fn look_up(session: &Session, wanted: &Wanted) -> Result<Option<Answer>, ProviderError> {
    session.arm.get(&wanted.id, &wanted.api_version).await
}

async fn finish(
    session: &Session,
    wanted: &Wanted,
    waiting: &Waiting<'_>,
    handle: Option<Handle>,
) -> Result<Applied, ProviderError> {
    let waited = match handle {
        Some(handle) => waiting.until_done(&session.arm, handle).await,
        None => Ok(()),
    };
    let incomplete = match waited {
        Ok(()) => None,
        Err(error) if error.class == ErrorClass::Timeout => Some(error.message),
        Err(error) if error.class == ErrorClass::Cancelled => return Err(error),
        Err(error) => {
            return Err(match look_up(session, wanted).await {
                Ok(Some(answer)) => error.partial(object(wanted, &answer.body)),
                _ => error,
            });
        }
    };
    let gone = || ProviderError::new(ErrorClass::NotFound, format!("{} is not there", wanted.id));
    let answer = look_up(session, wanted).await?.ok_or_else(gone)?;
    Ok(Applied { object: object(wanted, &answer.body), incomplete })
}

async fn note(sink: &dyn OperationSink, id: &ResourceId, handle: Option<&Handle>) -> Result<(), ProviderError> {
    sink.checkpoint(checkpoint_of(id, handle)).await
}

impl Resource for Any {}

#[async_trait]
impl ResourceType<Session> for Any {
    fn validate(&self, _: ValueRef<'_>) -> Vec<Finding> {
        Vec::new()
    }

    fn plan(&self, _: &Session, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut response = PlanResponse::as_proposed(&request);
        let mut findings = Findings::default();
        tell_state(&request, &mut findings);
        response.findings = findings.0;
        let Some(prior) = &request.prior else { return Ok(response) };
        let Value::Map(mut planned) = request.proposed.to_value() else { return Ok(response) };
        let before = known_map(prior.values.view());
        if before.get("body") != planned.get("body") || before.get("api_version") != planned.get("api_version") {
            planned.insert("output", request.unknown("output"));
            response.planned = ValueBuf::from(Value::Map(planned));
        }
        Ok(response)
    }

    async fn read_many(&self, session: &Session, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        let mut outcomes = Vec::with_capacity(request.objects.len());
        for object in &request.objects {
            outcomes.push(read(session, object).await.unwrap_or_else(ReadOutcome::Failed));
        }
        Ok(outcomes)
    }

    async fn create(
        &self,
        session: &Session,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let values = settled(&SCHEMA, &request.address, request.config.view(), request.planned.view());
        let wanted = Wanted::of(session, known_map(values.view()))?;
        let waiting = waiting(sink, request.timeout_ms, "creating", &wanted.id);
        if let Some(checkpoint) = &request.resume {
            return finish(session, &wanted, &waiting, Handle::from_checkpoint(Some(checkpoint))).await;
        }
        if let Some(there) = look_up(session, &wanted).await? {
            let class = if is_deleting(&there.body) { ErrorClass::Retryable } else { ErrorClass::Conflict };
            return Err(ProviderError::new(class, format!("{} exists already", wanted.id)).vendor("AlreadyExists", ""));
        }
        send(session, &wanted, &waiting, wanted.body.clone()).await
    }

    async fn update(
        &self,
        session: &Session,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let values = settled(&SCHEMA, &request.address, request.config.view(), request.planned.view());
        let wanted = Wanted::of(session, known_map(values.view()))?;
        let waiting = waiting(sink, request.timeout_ms, "changing", &wanted.id);
        if let Some(handle) = Handle::from_checkpoint(request.resume.as_ref()) {
            return finish(session, &wanted, &waiting, Some(handle)).await;
        }
        send(session, &wanted, &waiting, wanted.body.clone()).await
    }

    async fn delete(
        &self,
        session: &Session,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let wanted = Wanted::of(session, known_map(request.object.values.view()))?;
        let waiting = waiting(sink, request.timeout_ms, "deleting", &wanted.id);
        let handle = match Handle::from_checkpoint(request.resume.as_ref()) {
            Some(handle) => Some(handle),
            None => match session.arm.send(Request::on(Verb::Delete, &wanted.id, &wanted.api_version)).await {
                Ok(answer) => Handle::of_delete(&answer, &wanted.id, &wanted.api_version),
                Err(error) if is_not_found(&error) => None,
                Err(error) => return Err(error),
            },
        };
        let Some(handle) = handle else { return Ok(()) };
        note(sink, &wanted.id, Some(&handle)).await?;
        waiting.until_done(&session.arm, handle).await
    }

    async fn find(&self, session: &Session, request: FindRequest) -> Result<Found, ProviderError> {
        let values = settled(&SCHEMA, &request.address, request.config.view(), request.planned.view());
        let wanted = Wanted::of(session, known_map(values.view()))?;
        let Some(answer) = found(session.arm.send(Request::on(Verb::Get, &wanted.id, &wanted.api_version)).await)?
        else {
            return Ok(Found::Absent);
        };
        if is_deleting(&answer.body) {
            return Ok(Found::Absent);
        }
        let there = object(&wanted, &answer.body);
        let same =
            there.values.view().get("body").map(ValueRef::to_buf) == wanted.values.get("body").map(ValueBuf::from);
        if !same && request.checkpoint.is_none() {
            return Ok(Found::Ambiguous(format!("{} is there, and is not as it was sent", wanted.id)));
        }
        if state(&answer.body) == State::Done {
            return Ok(Found::Ours(there));
        }
        // Its create still runs, or ended badly: waiting for it tells which.
        Ok(Found::Unfinished(under_way(request.checkpoint.as_ref(), &wanted.id, &wanted.api_version)))
    }

    async fn import(&self, session: &Session, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        let id = ResourceId::expect(&request.id)?;
        let mut values = known_map(request.config.as_ref().map_or_else(ValueRef::null, ValueBuf::view));
        if text(&values, "api_version").is_empty() {
            return Err(ProviderError::invalid("the object cannot be read without its `api_version`")
                .help("give `api_version` in the block that imports it"));
        }
        values.insert("id", Value::string(id.as_str()));
        for (name, told) in [("type", id.resource_type()), ("name", id.name().to_owned())] {
            if !text(&values, name).eq_ignore_ascii_case(&told) {
                values.insert(name, Value::string(told));
            }
        }
        let wanted = Wanted::of(session, values)?;
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("there is no {id}"));
        let answer = look_up(session, &wanted).await?.ok_or_else(gone)?;
        Ok(object(&wanted, &answer.body))
    }

    async fn list(&self, _: &Session) -> Result<Vec<Listed>, ProviderError> {
        Err(ProviderError::unsupported("`azure.resource` cannot be listed: it is of no type"))
    }
}

async fn read(session: &Session, known: &StoredObject) -> Result<ReadOutcome, ProviderError> {
    let wanted = Wanted::of(session, known_map(known.values.view()))?;
    Ok(match look_up(session, &wanted).await? {
        None => ReadOutcome::Gone,
        Some(answer) if is_deleting(&answer.body) => ReadOutcome::Deleting,
        Some(answer) => ReadOutcome::Present(object(&wanted, &answer.body)),
    })
}

async fn send(session: &Session, wanted: &Wanted, waiting: &Waiting<'_>, body: Json) -> Result<Applied, ProviderError> {
    let request = Request::on(Verb::Put, &wanted.id, &wanted.api_version).body(&body);
    let answer = session.arm.send(request).await?;
    let handle = Handle::of_change(&answer, &wanted.id, &wanted.api_version);
    note(waiting.sink, &wanted.id, handle.as_ref()).await?;
    finish(session, wanted, waiting, handle).await
}

fn waiting<'a>(sink: &'a dyn OperationSink, timeout_ms: u64, doing: &str, id: &ResourceId) -> Waiting<'a> {
    Waiting { sink, timeout: Duration::from_millis(timeout_ms), what: format!("{doing} {}", id.name()) }
}
