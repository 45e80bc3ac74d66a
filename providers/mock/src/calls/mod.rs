//! What the cloud does at each call.

pub(crate) mod change;
pub(crate) mod data;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod lease;
pub(crate) mod poll;
pub(crate) mod read;
pub(crate) mod references;

use crate::cloud::{CloudObject, ObjectState, Store};
use crate::connection::{MockConnection, now_ms};
use crate::kind::Kind;
use formwork_model::{Map, Value, ValueBuf};
use formwork_provider_api::{Checkpoint, ErrorClass, ProviderError, StoredObject};

/// How long a fresh `mock.tagged` is not in any list.
const INVISIBLE_MS: u64 = 100;

/// A value as the map of attributes that it is.
pub(crate) fn attributes(values: &ValueBuf) -> Map {
    values.to_value().as_map().cloned().unwrap_or_default()
}

/// What the engine keeps of an object.
pub(crate) fn stored(object: &CloudObject) -> StoredObject {
    let mut values = object.values();
    let status = match object.state {
        ObjectState::Creating => "creating",
        ObjectState::Updating => "updating",
        _ => "ready",
    };
    if values.contains("status") {
        values.insert("status", Value::string(status));
    }
    StoredObject {
        values: ValueBuf::from(Value::Map(values)),
        private: format!("revision {}", object.revision).into_bytes(),
    }
}

/// How the object is found again.
pub(crate) fn checkpoint(kind: Kind, object: &CloudObject, poll: String) -> Result<Checkpoint, ProviderError> {
    let values = object.values();
    let identity = kind.schema()?.identity.iter().filter_map(|name| Some((*name, values.get(name)?.clone())));
    let StoredObject { private, .. } = stored(object);
    Ok(Checkpoint { identity: ValueBuf::from(Value::map(identity)), private, poll })
}

/// The stem of the ids of objects of that name.
pub(crate) fn stem(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// Every object of that name, by id. Ids are `name-1`, `name-2`, …, so nothing has to be searched.
pub(crate) fn of_name(store: &dyn Store, kind: Kind, scope: &str, name: &str) -> std::io::Result<Vec<CloudObject>> {
    let mut objects = Vec::new();
    for number in 1.. {
        let id = crate::cloud::numbered(&stem(scope, name), number);
        if !store.was_used(kind.type_name(), &id) {
            break;
        }
        let object = store.load(kind.type_name(), &id)?;
        objects.extend(object.filter(|object| object.name == name && object.scope == scope));
    }
    Ok(objects)
}

/// The object that these attributes identify.
pub(crate) fn identified(
    store: &dyn Store,
    kind: Kind,
    scope: &str,
    values: &Map,
) -> std::io::Result<Option<CloudObject>> {
    match kind {
        Kind::Keyed | Kind::Object => Ok(of_name(store, kind, scope, &kind.name_of(values))?.pop()),
        _ => match values.get("id").and_then(Value::as_str) {
            Some(id) => store.load(kind.type_name(), id),
            None => Ok(None),
        },
    }
}

/// Where the objects of a type live: in the connection's cluster, or in the cloud itself.
pub(crate) fn scope_of(
    connection: &MockConnection,
    store: &dyn Store,
    kind: Kind,
) -> std::io::Result<Result<String, ProviderError>> {
    if kind != Kind::Object {
        return Ok(Ok(String::new()));
    }
    let id = match connection.cluster_id() {
        Ok(id) => id,
        Err(error) => return Ok(Err(error)),
    };
    let Some(cluster) = store.load("cluster", id)?.filter(|cluster| cluster.state != ObjectState::Deleting) else {
        let message = format!("nothing answers at mock://{id}");
        return Ok(Err(ProviderError::new(ErrorClass::Unreachable, message)));
    };
    let token = connection.token();
    let token = token.as_ref().map(|token| token.0.as_str());
    if token.is_some() && cluster.values().get("token").and_then(Value::as_str) != token {
        let message = format!("the cluster {id} does not know the token");
        return Ok(Err(ProviderError::new(ErrorClass::Forbidden, message).vendor("Unauthorized", "mock-request")));
    }
    Ok(Ok(id.to_owned()))
}

/// Whether lists and searches show the object yet.
pub(crate) fn is_visible(object: &CloudObject) -> bool {
    object.type_name != "tagged" || object.created_ms + INVISIBLE_MS <= now_ms()
}

/// There is no such object.
pub(crate) fn not_found(kind: Kind, what: &str) -> ProviderError {
    let message = format!("there is no mock.{} {what:?}", kind.type_name());
    ProviderError::new(ErrorClass::NotFound, message).vendor("NotFound", "mock-request")
}

/// Passes a refusal of the cloud on, inside of what the disk may refuse.
macro_rules! granted {
    ($answer:expr) => {
        match $answer {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        }
    };
}
pub(crate) use granted;
