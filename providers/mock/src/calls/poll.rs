//! Long operations: each poll takes the object one step further, so a resumed client goes on where the last one stopped.

use super::{checkpoint, not_found};
use crate::cloud::{CloudObject, ObjectState, Store};
use crate::connection::{Answer, Call, MockConnection, entry};
use crate::kind::Kind;
use formwork_model::Value;
use formwork_provider_api::{OperationSink, ProviderError};
use std::time::Duration;

const HANDLE: &str = "operations/";

/// The handle by which the running operation of an object is polled.
pub(super) fn handle(object: &CloudObject) -> String {
    format!("{HANDLE}{}", object.id)
}

/// The object of a handle.
pub(super) fn id_of(handle: &str) -> Option<&str> {
    handle.strip_prefix(HANDLE)
}

/// Polls until the object's operation has ended, with a checkpoint for each step.
pub(super) async fn poll_until_done(
    connection: &MockConnection,
    kind: Kind,
    call: &Call<'_>,
    mut object: CloudObject,
    sink: &dyn OperationSink,
) -> Result<CloudObject, ProviderError> {
    let interval = interval(&object);
    while object.polls_left > 0 {
        sink.progress(&format!("{} {:?}: {} polls left", call.word, object.name, object.polls_left));
        sink.sleep(interval).await?;
        let poll = Call { word: "poll", ..*call };
        let fault = connection.arrive(&poll, Some(sink)).await?;
        object = connection.act(|store| step(store, kind, &poll, &object))?;
        connection.leave(&poll, fault.as_ref(), Some(sink)).await?;
        if object.polls_left > 0 {
            sink.checkpoint(checkpoint(kind, &object, handle(&object))?).await?;
        }
    }
    Ok(object)
}

pub(super) fn interval(object: &CloudObject) -> Duration {
    let interval = match object.values().get("interval") {
        Some(Value::Duration(milliseconds)) => u64::try_from(*milliseconds).unwrap_or(0),
        _ => 5,
    };
    Duration::from_millis(interval)
}

fn step(store: &mut dyn Store, kind: Kind, call: &Call<'_>, object: &CloudObject) -> Answer<CloudObject> {
    let Some(mut object) = store.load(kind.type_name(), &object.id)? else {
        return Ok(Err(not_found(kind, &object.id)));
    };
    object.polls_left = object.polls_left.saturating_sub(1);
    if object.polls_left == 0 && object.state != ObjectState::Deleting {
        object.state = ObjectState::Ready;
    }
    store.save(&object)?;
    store.record(entry(call, &object.id, "done"))?;
    Ok(Ok(object))
}
