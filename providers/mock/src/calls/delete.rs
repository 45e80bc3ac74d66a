//! Deletes.

use super::poll::{handle, poll_until_done};
use super::{attributes, change, checkpoint, granted, identified, references, scope_of};
use crate::abort::Window;
use crate::cloud::{CloudObject, ObjectState, Store};
use crate::connection::{Answer, Call, MockConnection, abort_here, entry};
use crate::kind::Kind;
use formwork_model::{Map, Value};
use formwork_provider_api::{DeleteRequest, OperationSink, ProviderError};

pub(crate) async fn delete(
    connection: &MockConnection,
    request: &DeleteRequest,
    sink: &dyn OperationSink,
) -> Result<(), ProviderError> {
    let kind = Kind::of(&request.type_name)?;
    let name = kind.name_of(&attributes(&request.object.values));
    let call =
        Call { word: "delete", type_name: &request.type_name, name: &name, operation: &request.operation, count: 1 };
    let fault = connection.arrive(&call, Some(sink)).await?;
    let going = connection.act(|store| accept(connection, store, kind, request, &call))?;
    abort_here(&call, Window::AfterSend);
    connection.leave(&call, fault.as_ref(), Some(sink)).await?;
    if let Some(object) = going {
        sink.checkpoint(checkpoint(kind, &object, handle(&object))?).await?;
        abort_here(&call, Window::AfterCheckpoint);
        let object = poll_until_done(connection, kind, &call, object, sink).await?;
        connection.act(|store| store.bury(kind.type_name(), &object.id).map(Ok))?;
    }
    abort_here(&call, Window::BeforeAnswer);
    Ok(())
}

/// The cloud takes a delete. Gives the object while its delete goes on.
fn accept(
    connection: &MockConnection,
    store: &mut dyn Store,
    kind: Kind,
    request: &DeleteRequest,
    call: &Call<'_>,
) -> Answer<Option<CloudObject>> {
    let scope = granted!(scope_of(connection, store, kind)?);
    let Some(object) = identified(store, kind, &scope, &attributes(&request.object.values))? else {
        store.record(entry(call, "", "absent"))?;
        return Ok(Ok(None));
    };
    if let Some(error) = references::violation(&object) {
        store.record(entry(call, &object.id, "conflict"))?;
        return Ok(Err(error));
    }
    store.record(entry(call, &object.id, "done"))?;
    let purge =
        request.config.as_ref().is_some_and(|config| attributes(config).get("purge") == Some(&Value::Bool(true)));
    remove(store, kind, object, purge).map(Ok)
}

fn remove(
    store: &mut dyn Store,
    kind: Kind,
    mut object: CloudObject,
    purge: bool,
) -> std::io::Result<Option<CloudObject>> {
    let values = object.values();
    references::link(store, &object, &values, &Map::new())?;
    if kind == Kind::Soft && !purge {
        object.state = ObjectState::SoftDeleted;
        return store.save(&object).map(|()| None);
    }
    if kind == Kind::Slow && object.state != ObjectState::Deleting {
        object.polls_left = change::polls(kind, &values);
        object.state = ObjectState::Deleting;
    }
    if object.state == ObjectState::Deleting && object.polls_left > 0 {
        return store.save(&object).map(|()| Some(object));
    }
    if kind == Kind::Cluster {
        for inner in store.all("object")?.iter().filter(|inner| inner.scope == object.id) {
            store.bury("object", &inner.id)?;
        }
    }
    store.bury(kind.type_name(), &object.id).map(|()| None)
}
