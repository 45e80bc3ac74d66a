//! What a resource type implements, and what is the same for all of them: decoding, encoding, tags, resuming.
//!
//! A type is one file under `resources/` with an [`AwsResource`], and one line in `registry.rs`. Its structure
//! `Values` has a field for each attribute of the schema, config and computed alike, and `#[serde(default)]`.
//! Tags: a type fills `tags_all` with what the cloud told; `tags` is derived here.

use crate::client::Session;
use crate::tags::{self, Tags};
use crate::validate::Findings;
use async_trait::async_trait;
use formwork_model::schema::ResourceSchema;
use formwork_model::{AttributePath, Map, Value, ValueBuf, ValueRef};
use formwork_provider_api::{
    Applied, Checkpoint, CreateRequest, DeleteRequest, ErrorClass, FindRequest, Finding, Found, ImportRequest, Listed,
    OperationSink, PlanRequest, PlanResponse, ProviderError, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
    differences,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// What a changing call comes with besides values.
pub(crate) struct Operation<'a> {
    /// Unique id: the stamp, and the source of client tokens.
    pub(crate) id: &'a str,
    /// Checkpoints, progress, waiting.
    pub(crate) sink: &'a dyn OperationSink,
    /// Time limit.
    pub(crate) timeout: Duration,
    /// The last checkpoint, when an operation is resumed.
    pub(crate) resume: Option<Checkpoint>,
}

impl Operation<'_> {
    /// The identity attribute that an earlier run of this operation recorded.
    pub(crate) fn resumed(&self, attribute: &str) -> Option<String> {
        let checkpoint = self.resume.as_ref()?;
        checkpoint.identity.view().get(attribute)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The handle of a long operation that an earlier run recorded.
    pub(crate) fn resumed_poll(&self) -> Option<String> {
        self.resume.as_ref().map(|checkpoint| checkpoint.poll.clone()).filter(|poll| !poll.is_empty())
    }

    /// Records the object's identity before the next call.
    pub(crate) async fn checkpoint(&self, identity: &[(&str, &str)]) -> Result<(), ProviderError> {
        self.checkpoint_polling(identity, "").await
    }

    /// Records identity and the handle of a long operation before the next call.
    pub(crate) async fn checkpoint_polling(&self, identity: &[(&str, &str)], poll: &str) -> Result<(), ProviderError> {
        let identity = Value::map(identity.iter().map(|(name, text)| (*name, Value::string(*text))));
        self.sink
            .checkpoint(Checkpoint { identity: ValueBuf::from(identity), private: Vec::new(), poll: poll.to_owned() })
            .await
    }
}

/// One object as the cloud shows it.
pub(crate) enum Read<V> {
    /// It is there.
    Present(V),
    /// It is being deleted.
    Deleting,
    /// It is gone.
    Gone,
}

/// What a create or update made.
pub(crate) struct Done<V> {
    /// The object, read back.
    pub(crate) values: V,
    /// Why it is not as wanted yet.
    pub(crate) incomplete: Option<String>,
}

impl<V> From<V> for Done<V> {
    fn from(values: V) -> Self {
        Self { values, incomplete: None }
    }
}

/// One object that a query found.
pub(crate) struct Hit<V> {
    /// As the cloud shows it.
    pub(crate) values: V,
    /// It is being deleted.
    pub(crate) deleting: bool,
}

/// Which objects of a type to look for.
#[derive(Clone, Copy)]
pub(crate) enum Query<'a> {
    /// Those with these ids; missing ones are left out, at most [`BATCH`].
    Ids(&'a [String]),
    /// Those with this operation's stamp.
    Operation(&'a str),
    /// All.
    All,
}

/// How many ids one call asks for (EC2 takes at most 200 values a filter).
pub(crate) const BATCH: usize = 200;

/// One resource type.
#[async_trait]
pub(crate) trait AwsResource: Send + Sync + 'static {
    /// The schema.
    const SCHEMA: ResourceSchema;
    /// Computed attributes that an update may change, each with the attributes whose change does it; all others keep
    /// their value through updates.
    const VOLATILE: &'static [(&'static str, &'static [&'static str])] = &[];
    /// All attributes, `#[serde(default)]`.
    type Values: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The id that `import` takes and by which a query finds it.
    fn id(values: &Self::Values) -> &str;

    /// Objects that fit, each read in full: what the defaults of `read_many`, `find`, `import` and `list` stand on.
    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Self::Values>>, ProviderError>;

    /// Reads many; one answer for each, in order.
    async fn read_many(
        &self,
        session: &Session,
        prior: &[Self::Values],
    ) -> Result<Vec<Read<Self::Values>>, ProviderError> {
        let mut answers = Vec::with_capacity(prior.len());
        for chunk in prior.chunks(BATCH) {
            let ids: Vec<String> = chunk.iter().map(|values| Self::id(values).to_owned()).collect();
            let mut hits = self.query(session, Query::Ids(&ids)).await?;
            answers.extend(ids.iter().map(|id| {
                hits.iter().position(|hit| Self::id(&hit.values) == id).map_or(Read::Gone, |position| {
                    let hit = hits.swap_remove(position);
                    if hit.deleting { Read::Deleting } else { Read::Present(hit.values) }
                })
            }));
        }
        Ok(answers)
    }

    /// Creates; goes on where `operation.resume` says that the object is there already.
    async fn create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: Self::Values,
    ) -> Result<Done<Self::Values>, ProviderError>;

    /// Changes in place.
    async fn update(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        prior: Self::Values,
        wanted: Self::Values,
    ) -> Result<Done<Self::Values>, ProviderError>;

    /// Deletes and waits until it is gone.
    async fn delete(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        object: Self::Values,
    ) -> Result<(), ProviderError>;

    /// Looks for what an unfinished create made; by default by its stamp.
    async fn find(
        &self,
        session: &Session,
        operation: &str,
        wanted: &Self::Values,
    ) -> Result<Search<Self::Values>, ProviderError> {
        let _ = wanted;
        let mut hits = self.query(session, Query::Operation(operation)).await?;
        hits.retain(|hit| !hit.deleting);
        Ok(match (hits.pop(), hits.len()) {
            (None, _) => Search::Absent,
            (Some(hit), 0) => Search::Ours(hit.values),
            (Some(_), more) => Search::Ambiguous(format!("{} objects carry this operation's stamp", more + 1)),
        })
    }

    /// Reads an object that is not managed yet.
    async fn import(&self, session: &Session, id: &str) -> Result<Self::Values, ProviderError> {
        let ids = [id.to_owned()];
        let hits = self.query(session, Query::Ids(&ids)).await?;
        hits.into_iter().find(|hit| !hit.deleting).map(|hit| hit.values).ok_or_else(|| no_such(Self::SCHEMA.name, id))
    }

    /// Lists all.
    async fn list(&self, session: &Session) -> Result<Vec<Self::Values>, ProviderError> {
        let hits = self.query(session, Query::All).await?;
        Ok(hits.into_iter().filter(|hit| !hit.deleting).map(|hit| hit.values).collect())
    }

    /// Checks a config beyond its schema, offline; unknown parts are passed over.
    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        let _ = (config, findings);
    }

    /// Copies what the cloud cannot tell (how to delete, what was sent) from what is known.
    fn keep(known: &Self::Values, read: &mut Self::Values) {
        let _ = (known, read);
    }

    /// Computed attributes that this object cannot tell yet (the wait for its create ran out): they are planned as unknown,
    /// so that an update waits for them.
    fn unsettled(prior: &Self::Values) -> &'static [&'static str] {
        let _ = prior;
        &[]
    }

    /// Last changes to a plan for an object that exists, which the schema cannot express.
    fn refine(request: &PlanRequest, prior: ValueRef<'_>, planned: &mut Map) {
        let _ = (request, prior, planned);
    }

    /// Changed paths for which the object must be replaced, besides those that are create-only by schema.
    fn replace_paths(prior: &Self::Values, wanted: &Self::Values) -> Vec<AttributePath> {
        let _ = (prior, wanted);
        Vec::new()
    }
}

/// What was found of an unfinished create.
pub(crate) enum Search<V> {
    /// This operation made it.
    Ours(V),
    /// Nothing there.
    Absent,
    /// Of that name, but not ours; what.
    Foreign(String),
    /// It cannot be told; why.
    Ambiguous(String),
}

/// Reads an object that was just made or changed; waits until AWS shows it.
pub(crate) async fn read_back<R: AwsResource>(
    resource: &R,
    session: &Session,
    operation: &Operation<'_>,
    id: &str,
) -> Result<R::Values, ProviderError> {
    crate::wait::while_unknown(operation, || resource.import(session, id)).await
}

/// The name that the config says, else one made of the operation's id, so that the same operation makes it again.
pub(crate) fn generated_name(name: &str, operation: &str, longest: usize) -> String {
    if name.is_empty() { format!("formwork-{operation}").chars().take(longest).collect() } else { name.to_owned() }
}

pub(crate) fn no_such(type_name: &str, id: &str) -> ProviderError {
    ProviderError::new(ErrorClass::NotFound, format!("there is no aws.{type_name} `{id}` in this account and region"))
}

/// A resource type as the connection sees it: messages of the contract in, messages out.
#[async_trait]
pub(crate) trait AnyResource: Send + Sync {
    /// See [`formwork_provider_api::Provider::validate`].
    fn validate(&self, config: ValueRef<'_>) -> Vec<Finding>;
    /// See [`formwork_provider_api::Connection::plan`].
    fn plan(&self, session: &Session, request: PlanRequest) -> Result<PlanResponse, ProviderError>;
    /// See [`formwork_provider_api::Connection::read_many`].
    async fn read_many(&self, session: &Session, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError>;
    /// See [`formwork_provider_api::Connection::create`].
    async fn create(
        &self,
        session: &Session,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError>;
    /// See [`formwork_provider_api::Connection::update`].
    async fn update(
        &self,
        session: &Session,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError>;
    /// See [`formwork_provider_api::Connection::delete`].
    async fn delete(
        &self,
        session: &Session,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError>;
    /// See [`formwork_provider_api::Connection::find`].
    async fn find(&self, session: &Session, request: FindRequest) -> Result<Found, ProviderError>;
    /// See [`formwork_provider_api::Connection::import`].
    async fn import(&self, session: &Session, request: ImportRequest) -> Result<StoredObject, ProviderError>;
    /// See [`formwork_provider_api::Connection::list`].
    async fn list(&self, session: &Session) -> Result<Vec<Listed>, ProviderError>;
}

#[async_trait]
impl<R: AwsResource> AnyResource for R {
    fn validate(&self, config: ValueRef<'_>) -> Vec<Finding> {
        let mut findings = Findings::default();
        R::validate(config, &mut findings);
        findings.0
    }

    fn plan(&self, session: &Session, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut response = PlanResponse::as_proposed(&request);
        let Value::Map(mut planned) = request.proposed.to_value() else { return Ok(response) };
        if let Some(prior) = &request.prior {
            forget_volatile::<R>(&request, prior.values.view(), &mut planned);
            R::refine(&request, prior.values.view(), &mut planned);
            let prior = decode::<R::Values>(prior.values.view())?;
            for name in R::unsettled(&prior) {
                planned.insert(*name, request.unknown(name));
            }
            response.replace = R::replace_paths(&prior, &decode(request.proposed.view())?);
        }
        if R::SCHEMA.attribute("tags_all").is_some() {
            let all = tags::planned(&planned, &session.default_tags);
            planned.insert("tags_all", all.unwrap_or_else(|| request.unknown("tags_all")));
        }
        response.planned = ValueBuf::from(Value::Map(planned));
        Ok(response)
    }

    async fn read_many(&self, session: &Session, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        let prior: Vec<R::Values> =
            request.objects.iter().map(|object| decode(object.values.view())).collect::<Result<_, _>>()?;
        let answers = R::read_many(self, session, &prior).await?;
        let known = request.objects.iter().zip(&prior);
        known.zip(answers).map(|((object, prior), answer)| outcome::<R>(session, object, prior, answer)).collect()
    }

    async fn create(
        &self,
        session: &Session,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let wanted = wanted(&request.planned, &request.config);
        let operation = operation(&request.operation, sink, request.timeout_ms, request.resume);
        let done = R::create(self, session, &operation, decode(wanted.view())?).await?;
        applied::<R>(session, &wanted, done)
    }

    async fn update(
        &self,
        session: &Session,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let wanted = wanted(&request.planned, &request.config);
        let operation = operation(&request.operation, sink, request.timeout_ms, request.resume);
        let prior = decode(request.prior.values.view())?;
        let done = R::update(self, session, &operation, prior, decode(wanted.view())?).await?;
        applied::<R>(session, &wanted, done)
    }

    async fn delete(
        &self,
        session: &Session,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let operation = operation(&request.operation, sink, request.timeout_ms, request.resume);
        R::delete(self, session, &operation, decode(request.object.values.view())?).await
    }

    async fn find(&self, session: &Session, request: FindRequest) -> Result<Found, ProviderError> {
        let wanted = wanted(&request.planned, &request.config);
        let values: R::Values = decode(wanted.view())?;
        if let Some(found) = find_by_checkpoint(self, session, &request, &values, &wanted).await? {
            return Ok(found);
        }
        Ok(match R::find(self, session, &request.operation, &values).await? {
            Search::Ours(object) => unfinished::<R>(&stored::<R>(session, &wanted, &values, object)?),
            Search::Absent => Found::Absent,
            Search::Foreign(what) => Found::Foreign(what),
            Search::Ambiguous(why) => Found::Ambiguous(why),
        })
    }

    async fn import(&self, session: &Session, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        let known = clean(request.config.as_ref().map_or(ValueRef::null(), ValueBuf::view));
        let values = R::import(self, session, request.id.trim()).await?;
        stored::<R>(session, &known, &decode(known.view())?, values)
    }

    async fn list(&self, session: &Session) -> Result<Vec<Listed>, ProviderError> {
        let nothing = clean(ValueRef::null());
        let mut listed = Vec::new();
        for values in R::list(self, session).await? {
            let id = R::id(&values).to_owned();
            listed.push(Listed { id, object: stored::<R>(session, &nothing, &decode(nothing.view())?, values)? });
        }
        Ok(listed)
    }
}

fn operation<'a>(
    id: &'a str,
    sink: &'a dyn OperationSink,
    timeout_ms: u64,
    resume: Option<Checkpoint>,
) -> Operation<'a> {
    Operation { id, sink, timeout: Duration::from_millis(timeout_ms), resume }
}

/// What an earlier run recorded of the object is surer than a search.
async fn find_by_checkpoint<R: AwsResource>(
    resource: &R,
    session: &Session,
    request: &FindRequest,
    values: &R::Values,
    wanted: &ValueBuf,
) -> Result<Option<Found>, ProviderError> {
    let Some(checkpoint) = &request.checkpoint else { return Ok(None) };
    let identity = checkpoint.identity.view();
    if R::SCHEMA.identity.iter().any(|name| identity.get(name).and_then(ValueRef::as_str).is_none_or(str::is_empty)) {
        return Ok(None);
    }
    let read = R::read_many(resource, session, &[decode(identity)?]).await?.pop();
    Ok(match read {
        Some(Read::Present(object)) => Some(unfinished::<R>(&stored::<R>(session, wanted, values, object)?)),
        // A fresh object may not be shown everywhere yet: the search by stamp has the same answer or a better one.
        Some(Read::Deleting | Read::Gone) | None => None,
    })
}

/// The first call of a create is rarely its last: it has to wait, and to set what that call could not say. So a create that
/// was cut off goes on behind what it made.
fn unfinished<R: AwsResource>(object: &StoredObject) -> Found {
    let values = object.values.view();
    let identity = R::SCHEMA.identity.iter().filter_map(|name| Some((*name, values.get(name)?.to_value())));
    let identity = ValueBuf::from(Value::map(identity));
    Found::Unfinished(Checkpoint { identity, private: object.private.clone(), poll: String::new() })
}

/// The planned values without what only the cloud can tell, and what only the config says.
fn wanted(planned: &ValueBuf, config: &ValueBuf) -> ValueBuf {
    let mut values = clean_map(planned.view());
    for (key, value) in clean_map(config.view()) {
        if !values.contains(&key) {
            values.insert(key, value);
        }
    }
    ValueBuf::from(Value::Map(values))
}

/// A copy without nulls and unknowns: absent is what `#[serde(default)]` expects of both.
fn clean(value: ValueRef<'_>) -> ValueBuf {
    ValueBuf::from(Value::Map(clean_map(value)))
}

fn clean_map(value: ValueRef<'_>) -> Map {
    match strip(value.to_value()) {
        Some(Value::Map(map)) => map,
        _ => Map::new(),
    }
}

fn strip(value: Value) -> Option<Value> {
    Some(match value {
        Value::Null | Value::Unknown(_) | Value::Object(_) => return None,
        Value::Map(map) => {
            Value::Map(map.into_iter().filter_map(|(key, value)| strip(value).map(|value| (key, value))).collect())
        }
        Value::List(items) => Value::List(items.into_iter().filter_map(strip).collect()),
        Value::Set(items) => Value::set(items.into_iter().filter_map(strip)),
        Value::Secret(inner) => strip(inner.as_ref().clone())?.secret(),
        other => other,
    })
}

/// A structure of what is known in a value.
pub(crate) fn decode<V: DeserializeOwned>(value: ValueRef<'_>) -> Result<V, ProviderError> {
    Ok(clean(value).view().decode::<V>()?)
}

/// Computed attributes that this update may change are not known before it is done.
fn forget_volatile<R: AwsResource>(request: &PlanRequest, prior: ValueRef<'_>, planned: &mut Map) {
    if R::VOLATILE.is_empty() {
        return;
    }
    let differences = differences(&R::SCHEMA, prior, request.proposed.view());
    let changed: Vec<&str> = differences.iter().filter_map(|difference| difference.path.first_name()).collect();
    let config = request.config.view();
    let is_said = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
    for (name, causes) in R::VOLATILE.iter().filter(|(name, _)| !is_said(name)) {
        if causes.iter().any(|cause| changed.contains(cause)) {
            planned.insert(*name, request.unknown(name));
        }
    }
}

fn outcome<R: AwsResource>(
    session: &Session,
    object: &StoredObject,
    prior: &R::Values,
    answer: Read<R::Values>,
) -> Result<ReadOutcome, ProviderError> {
    Ok(match answer {
        Read::Present(values) => ReadOutcome::Present(StoredObject {
            private: object.private.clone(),
            ..stored::<R>(session, &object.values, prior, values)?
        }),
        Read::Deleting => ReadOutcome::Deleting,
        Read::Gone => ReadOutcome::Gone,
    })
}

fn applied<R: AwsResource>(
    session: &Session,
    wanted: &ValueBuf,
    done: Done<R::Values>,
) -> Result<Applied, ProviderError> {
    let known: R::Values = decode(wanted.view())?;
    Ok(Applied { object: stored::<R>(session, wanted, &known, done.values)?, incomplete: done.incomplete })
}

/// An object as it is kept.
fn stored<R: AwsResource>(
    session: &Session,
    known: &ValueBuf,
    known_values: &R::Values,
    mut values: R::Values,
) -> Result<StoredObject, ProviderError> {
    R::keep(known_values, &mut values);
    let encoded = ValueBuf::encode(&values)?;
    let Value::Map(mut map) = encoded.to_value() else {
        return Ok(StoredObject { values: encoded, private: Vec::new() });
    };
    tags::show(&mut map, &own_tags(known.view()), &session.default_tags);
    Ok(StoredObject { values: ValueBuf::from(Value::Map(map)), private: Vec::new() })
}

fn own_tags(known: ValueRef<'_>) -> Tags {
    let entries = known.get("tags").map(ValueRef::entries).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.to_owned(), value.as_str()?.to_owned()))).collect()
}
