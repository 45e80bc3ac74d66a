//! Reads, imports and lists.

use super::{attributes, granted, identified, is_visible, not_found, of_name, scope_of, stored};
use crate::cloud::{CloudObject, Fault, FaultKind, ObjectState};
use crate::connection::{Call, MockConnection, entry};
use crate::kind::Kind;
use crate::lie;
use formwork_provider_api::{
    ImportRequest, ListRequest, Listed, ProviderError, ReadManyRequest, ReadOutcome, StoredObject,
};

pub(crate) async fn read_many(
    connection: &MockConnection,
    request: &ReadManyRequest,
) -> Result<Vec<ReadOutcome>, ProviderError> {
    let kind = Kind::of(&request.type_name)?;
    let name = match request.objects.as_slice() {
        [only] => kind.name_of(&attributes(&only.values)),
        _ => String::new(),
    };
    let call =
        Call { word: "read", type_name: &request.type_name, name: &name, operation: "", count: request.objects.len() };
    let fault = connection.arrive(&call, None).await?;
    let mut outcomes = connection.act(|store| {
        let scope = granted!(scope_of(connection, store, kind)?);
        store.record(entry(&call, "", "done"))?;
        let read = |object: &StoredObject| identified(store, kind, &scope, &attributes(&object.values)).map(outcome);
        request.objects.iter().map(read).collect::<std::io::Result<Vec<_>>>().map(Ok)
    })?;
    connection.leave(&call, fault.as_ref(), None).await?;
    if kind == Kind::Wrong {
        lie::in_read(&mut outcomes);
    }
    distort(&mut outcomes, fault.as_ref());
    Ok(outcomes)
}

fn outcome(object: Option<CloudObject>) -> ReadOutcome {
    match object {
        None => ReadOutcome::Gone,
        Some(object) => match object.state {
            ObjectState::Deleting => ReadOutcome::Deleting,
            ObjectState::SoftDeleted => ReadOutcome::SoftDeleted,
            _ => ReadOutcome::Present(stored(&object)),
        },
    }
}

fn distort(outcomes: &mut Vec<ReadOutcome>, fault: Option<&Fault>) {
    let kind = fault.and_then(|fault| fault.class);
    let refusal = fault.filter(|fault| fault.first_row).zip(kind.and_then(FaultKind::refusal));
    if let (Some((fault, class)), Some(first)) = (refusal, outcomes.first_mut()) {
        *first = ReadOutcome::Failed(fault.error(class));
    }
    if kind == Some(FaultKind::WrongCount) {
        outcomes.pop();
    }
    if kind == Some(FaultKind::WrongAnswer)
        && let Some(ReadOutcome::Present(object)) = outcomes.first_mut()
    {
        object.values = lie::wrong_type(&object.values);
    }
}

pub(crate) async fn import(
    connection: &MockConnection,
    request: &ImportRequest,
) -> Result<StoredObject, ProviderError> {
    let kind = Kind::of(&request.type_name)?;
    let call = Call { word: "import", type_name: &request.type_name, name: &request.id, operation: "", count: 1 };
    let fault = connection.arrive(&call, None).await?;
    let object = connection.act(|store| {
        let scope = granted!(scope_of(connection, store, kind)?);
        store.record(entry(&call, "", "done"))?;
        let object = match kind {
            Kind::Keyed | Kind::Object => of_name(store, kind, &scope, &request.id)?.pop(),
            _ => store.load(kind.type_name(), &request.id)?,
        };
        Ok(object.ok_or_else(|| not_found(kind, &request.id)))
    })?;
    connection.leave(&call, fault.as_ref(), None).await?;
    Ok(stored(&object))
}

pub(crate) async fn list(connection: &MockConnection, request: &ListRequest) -> Result<Vec<Listed>, ProviderError> {
    let kind = Kind::of(&request.type_name)?;
    let call = Call { word: "list", type_name: &request.type_name, ..Call::default() };
    let fault = connection.arrive(&call, None).await?;
    let objects = connection.act(|store| {
        let scope = granted!(scope_of(connection, store, kind)?);
        store.record(entry(&call, "", "done"))?;
        let mut objects = store.all(kind.type_name())?;
        objects
            .retain(|object| object.scope == scope && object.state != ObjectState::SoftDeleted && is_visible(object));
        Ok(Ok(objects))
    })?;
    connection.leave(&call, fault.as_ref(), None).await?;
    Ok(objects.iter().map(|object| Listed { id: import_id(kind, object), object: stored(object) }).collect())
}

fn import_id(kind: Kind, object: &CloudObject) -> String {
    match kind {
        Kind::Keyed | Kind::Object => object.name.clone(),
        _ => object.id.clone(),
    }
}
