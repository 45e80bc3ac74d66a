//! Each type as the connection sees it: decoding and encoding messages, tags, resuming, searching.

use super::change::{create, update};
use super::{AwsResource, Operation, Read, Search};
use crate::client::Session;
use crate::tags::{self, Tags};
use async_trait::async_trait;
use formwork_model::{Map, Value, ValueBuf, ValueRef};
use formwork_provider_api::typed::ResourceType;
use formwork_provider_api::validate::{Findings, known_map};
use formwork_provider_api::{
    Applied, Checkpoint, CreateRequest, DeleteRequest, FindRequest, Finding, Found, ImportRequest, Listed,
    OperationSink, PlanRequest, PlanResponse, ProviderError, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
    differences,
};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A type as the connection takes it.
pub(crate) struct Typed<R>(pub(crate) R);

#[async_trait]
impl<R: AwsResource> ResourceType<Session> for Typed<R> {
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
        let answers = R::read_many(&self.0, session, &prior).await?;
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
        let known = decode(wanted.view())?;
        let values = create(&self.0, session, &operation, &known).await?;
        Ok(Applied { object: stored::<R>(session, &wanted, &known, values)?, incomplete: None })
    }

    async fn update(
        &self,
        session: &Session,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let wanted = wanted(&request.planned, &request.config);
        let operation = operation(&request.operation, sink, request.timeout_ms, request.resume);
        let (prior, known) = (decode(request.prior.values.view())?, decode(wanted.view())?);
        let values = update(&self.0, session, &operation, &prior, &known).await?;
        Ok(Applied { object: stored::<R>(session, &wanted, &known, values)?, incomplete: None })
    }

    async fn delete(
        &self,
        session: &Session,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let operation = operation(&request.operation, sink, request.timeout_ms, request.resume);
        R::delete(&self.0, session, &operation, decode(request.object.values.view())?).await
    }

    async fn find(&self, session: &Session, request: FindRequest) -> Result<Found, ProviderError> {
        let wanted = wanted(&request.planned, &request.config);
        let values: R::Values = decode(wanted.view())?;
        if let Some(found) = find_by_checkpoint(&self.0, session, &request, &values, &wanted).await? {
            return Ok(found);
        }
        Ok(match R::find(&self.0, session, &request.operation, &values).await? {
            Search::Ours(object) => unfinished::<R>(&stored::<R>(session, &wanted, &values, object)?),
            Search::Absent => Found::Absent,
            Search::Foreign(what) => Found::Foreign(what),
            Search::Ambiguous(why) => Found::Ambiguous(why),
        })
    }

    async fn import(&self, session: &Session, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        let known = clean(request.config.as_ref().map_or(ValueRef::null(), ValueBuf::view));
        let values = R::import(&self.0, session, request.id.trim()).await?;
        stored::<R>(session, &known, &decode(known.view())?, values)
    }

    async fn list(&self, session: &Session) -> Result<Vec<Listed>, ProviderError> {
        let nothing = clean(ValueRef::null());
        let mut listed = Vec::new();
        for values in R::list(&self.0, session).await? {
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
    let mut values = known_map(planned.view());
    for (key, value) in known_map(config.view()) {
        if !values.contains(&key) {
            values.insert(key, value);
        }
    }
    ValueBuf::from(Value::Map(values))
}

/// A copy without nulls and unknowns: absent is what `#[serde(default)]` expects of both.
fn clean(value: ValueRef<'_>) -> ValueBuf {
    ValueBuf::from(Value::Map(known_map(value)))
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
