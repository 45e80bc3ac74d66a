//! Creates and updates.

use super::poll::{handle, id_of, poll_until_done};
use super::{attributes, checkpoint, granted, identified, not_found, of_name, references, scope_of, stem, stored};
use crate::abort::Window;
use crate::cloud::{CloudObject, FaultKind, ObjectState, Store, next_id};
use crate::connection::{Answer, Call, MockConnection, abort_here, entry, now_ms};
use crate::fill::{Origin, digest, filled};
use crate::kind::Kind;
use crate::lie;
use formwork_model::{Map, Value, ValueBuf};
use formwork_provider_api::{
    Applied, Checkpoint, CreateRequest, ErrorClass, OperationSink, ProviderError, UpdateRequest, settled,
};
use std::collections::BTreeMap;

pub(crate) async fn create(
    connection: &MockConnection,
    request: &CreateRequest,
    sink: &dyn OperationSink,
) -> Result<Applied, ProviderError> {
    let kind = Kind::of(&request.type_name)?;
    let name = kind.name_of(&attributes(&request.config));
    let call =
        Call { word: "create", type_name: &request.type_name, name: &name, operation: &request.operation, count: 1 };
    if let Some(resumed) = &request.resume {
        return resume(connection, kind, &call, resumed, sink).await;
    }
    let fault = connection.arrive(&call, Some(sink)).await?;
    let kind_of_fault = fault.as_ref().and_then(|fault| fault.class);
    let object = connection.act(|store| {
        let mut object = granted!(accept(connection, store, kind, request, &name)?);
        if kind_of_fault == Some(FaultKind::Partial) {
            object.state = ObjectState::Broken;
            store.save(&object)?;
        }
        store.record(entry(&call, &object.id, "done"))?;
        Ok(Ok(object))
    })?;
    abort_here(&call, Window::AfterSend);
    connection.leave(&call, fault.as_ref(), Some(sink)).await?;
    finish(connection, kind, &call, object, kind_of_fault, sink).await
}

/// The cloud takes a create.
fn accept(
    connection: &MockConnection,
    store: &mut dyn Store,
    kind: Kind,
    request: &CreateRequest,
    name: &str,
) -> Answer<CloudObject> {
    let scope = granted!(scope_of(connection, store, kind)?);
    let same_name = of_name(store, kind, &scope, name)?;
    if kind == Kind::Tokened
        && let Some(known) = same_name.iter().find(|object| object.operation == request.operation)
    {
        return Ok(Ok(known.clone()));
    }
    let mut recovered = None;
    if let Some(taken) = same_name.into_iter().next().filter(|_| kind.names_are_unique()) {
        recovered = Some(granted!(recover(taken, &request.config)));
    }
    let values = attributes(&request.config);
    granted!(references::check(store, kind, &values)?);
    let id = recovered.map_or_else(|| next_id(store, kind.type_name(), &stem(&scope, name)), |object| object.id);
    let object = granted!(fresh(kind, request, CloudObject { id, scope, name: name.to_owned(), ..Default::default() }));
    store.save(&object)?;
    references::link(store, &object, &Map::new(), &object.values())?;
    Ok(Ok(object))
}

/// Takes a deleted object back, where the config says so.
fn recover(taken: CloudObject, config: &ValueBuf) -> Result<CloudObject, ProviderError> {
    let wanted = attributes(config).get("recover") == Some(&Value::Bool(true));
    if taken.state == ObjectState::SoftDeleted && wanted {
        return Ok(taken);
    }
    let deleted = if taken.state == ObjectState::SoftDeleted { "a deleted" } else { "an" };
    let message = format!("{deleted} object of type mock.{} has the name {:?}", taken.type_name, taken.name);
    Err(ProviderError::new(ErrorClass::Conflict, message).vendor("AlreadyExists", "mock-request"))
}

fn fresh(kind: Kind, request: &CreateRequest, base: CloudObject) -> Result<CloudObject, ProviderError> {
    let origin = Origin { id: &base.id, revision: 1 };
    let schema = kind.schema()?;
    let sent = settled(schema, &request.address, request.config.view(), request.planned.view());
    let values = filled(schema.attributes, &sent, &origin);
    let polls_left = polls(kind, &values);
    let mut object = CloudObject {
        type_name: kind.type_name().to_owned(),
        state: if polls_left > 0 { ObjectState::Creating } else { ObjectState::Ready },
        operation: request.operation.clone(),
        created_ms: now_ms(),
        polls_left,
        revision: 1,
        write_only: digests(kind, &request.config)?,
        ..base
    };
    object.set_values(&values);
    Ok(object)
}

/// Polls that a change takes.
pub(super) fn polls(kind: Kind, values: &Map) -> u32 {
    match (kind, values.get("polls")) {
        (Kind::Slow, Some(Value::Int(polls))) => u32::try_from(*polls).unwrap_or(0),
        _ => 0,
    }
}

fn digests(kind: Kind, config: &ValueBuf) -> Result<BTreeMap<String, String>, ProviderError> {
    let config = attributes(config);
    let sent = kind.schema()?.attributes.iter().filter(|attribute| attribute.write_only);
    Ok(sent
        .filter_map(|attribute| Some((attribute.name, config.get(attribute.name)?.as_str()?)))
        .map(|(name, text)| (name.to_owned(), format!("{:016x}", digest(text))))
        .collect())
}

/// What the provider does once the cloud has answered: records the identity, waits, answers.
async fn finish(
    connection: &MockConnection,
    kind: Kind,
    call: &Call<'_>,
    object: CloudObject,
    fault: Option<FaultKind>,
    sink: &dyn OperationSink,
) -> Result<Applied, ProviderError> {
    let poll = if object.polls_left > 0 { handle(&object) } else { String::new() };
    sink.checkpoint(checkpoint(kind, &object, poll)?).await?;
    abort_here(call, Window::AfterCheckpoint);
    if fault == Some(FaultKind::Partial) {
        let message = format!("the {} of {:?} stopped half-way", call.word, call.name);
        return Err(ProviderError::new(ErrorClass::Other, message).partial(stored(&object)));
    }
    let object = poll_until_done(connection, kind, call, object, sink).await?;
    abort_here(call, Window::BeforeAnswer);
    Ok(answer(kind, call, &object, fault))
}

fn answer(kind: Kind, call: &Call<'_>, object: &CloudObject, fault: Option<FaultKind>) -> Applied {
    let mut answer = stored(object);
    if kind == Kind::Wrong {
        answer = if call.word == "create" { lie::in_create(answer) } else { lie::in_update(answer) };
    }
    if fault == Some(FaultKind::WrongAnswer) {
        answer = lie::contradicting(answer);
    }
    let incomplete = (fault == Some(FaultKind::Incomplete)).then(|| "it was not ready in time".to_owned());
    Applied { object: answer, incomplete }
}

/// Goes on with a create or update that was sent before; nothing is sent again.
async fn resume(
    connection: &MockConnection,
    kind: Kind,
    call: &Call<'_>,
    resumed: &Checkpoint,
    sink: &dyn OperationSink,
) -> Result<Applied, ProviderError> {
    let object = connection.act(|store| {
        let scope = granted!(scope_of(connection, store, kind)?);
        let by_handle = id_of(&resumed.poll).map(|id| store.load(kind.type_name(), id)).transpose()?.flatten();
        let object = match by_handle {
            Some(object) => Some(object),
            None => identified(store, kind, &scope, &attributes(&resumed.identity))?,
        };
        store.record(entry(&Call { word: "resume", ..*call }, "", "done"))?;
        Ok(object.ok_or_else(|| not_found(kind, call.name)))
    })?;
    // It stopped half-way, and says so again.
    let fault = (object.state == ObjectState::Broken).then_some(FaultKind::Partial);
    finish(connection, kind, call, object, fault, sink).await
}

pub(crate) async fn update(
    connection: &MockConnection,
    request: &UpdateRequest,
    sink: &dyn OperationSink,
) -> Result<Applied, ProviderError> {
    let kind = Kind::of(&request.type_name)?;
    let name = kind.name_of(&attributes(&request.config));
    let call =
        Call { word: "update", type_name: &request.type_name, name: &name, operation: &request.operation, count: 1 };
    if let Some(resumed) = &request.resume {
        return resume(connection, kind, &call, resumed, sink).await;
    }
    let fault = connection.arrive(&call, Some(sink)).await?;
    let kind_of_fault = fault.as_ref().and_then(|fault| fault.class);
    let half = kind_of_fault == Some(FaultKind::Partial);
    let object = connection.act(|store| {
        let object = granted!(change(connection, store, kind, request, half)?);
        store.record(entry(&call, &object.id, "done"))?;
        Ok(Ok(object))
    })?;
    abort_here(&call, Window::AfterSend);
    connection.leave(&call, fault.as_ref(), Some(sink)).await?;
    finish(connection, kind, &call, object, kind_of_fault, sink).await
}

/// The cloud takes an update; with `half` only the first attribute that differs.
fn change(
    connection: &MockConnection,
    store: &mut dyn Store,
    kind: Kind,
    request: &UpdateRequest,
    half: bool,
) -> Answer<CloudObject> {
    let scope = granted!(scope_of(connection, store, kind)?);
    let prior = attributes(&request.prior.values);
    let Some(mut object) = identified(store, kind, &scope, &prior)? else {
        return Ok(Err(not_found(kind, &kind.name_of(&prior))));
    };
    let schema = granted!(kind.schema());
    granted!(references::check(store, kind, &attributes(&request.config))?);
    let origin = Origin { id: &object.id, revision: object.revision + 1 };
    let sent = settled(schema, &request.address, request.config.view(), request.planned.view());
    let wanted = filled(schema.attributes, &sent, &origin);
    let before = object.values();
    let values = if half { first_difference(&before, &wanted) } else { wanted };
    object.set_values(&values);
    object.revision += 1;
    object.polls_left = polls(kind, &values);
    object.state = if object.polls_left > 0 { ObjectState::Updating } else { ObjectState::Ready };
    object.write_only = granted!(digests(kind, &request.config));
    object.name = kind.name_of(&values);
    store.save(&object)?;
    references::link(store, &object, &before, &values)?;
    Ok(Ok(object))
}

fn first_difference(before: &Map, wanted: &Map) -> Map {
    let mut values = before.clone();
    if let Some((name, value)) = wanted.iter().find(|(name, value)| before.get(name) != Some(value)) {
        values.insert(name.clone(), value.clone());
    }
    values
}
