//! Looking for what an unfinished create made: one way for each [`Recognition`](formwork_model::schema::Recognition).

use super::poll::handle;
use super::{attributes, checkpoint, granted, is_visible, of_name, scope_of, stored};
use crate::cloud::{CloudObject, FaultKind, ObjectState};
use crate::connection::{Call, MockConnection, entry};
use crate::kind::Kind;
use crate::lie;
use formwork_model::Value;
use formwork_provider_api::{FindRequest, Found, ProviderError};

pub(crate) async fn find(connection: &MockConnection, request: &FindRequest) -> Result<Found, ProviderError> {
    let kind = Kind::of(&request.type_name)?;
    if matches!(kind, Kind::Tokened | Kind::Anonymous) {
        return Err(ProviderError::unsupported(format!("`mock.{}` cannot be searched for", request.type_name)));
    }
    let name = kind.name_of(&attributes(&request.config));
    let call =
        Call { word: "find", type_name: &request.type_name, name: &name, operation: &request.operation, count: 1 };
    let fault = connection.arrive(&call, None).await?;
    let objects = connection.act(|store| {
        let scope = granted!(scope_of(connection, store, kind)?);
        store.record(entry(&call, "", "done"))?;
        of_name(store, kind, &scope, &name).map(Ok)
    })?;
    connection.leave(&call, fault.as_ref(), None).await?;
    let found = recognised(kind, request, &objects)?;
    Ok(match (found, fault.and_then(|fault| fault.class)) {
        (Found::Ours(mut object), Some(FaultKind::WrongAnswer)) => {
            object.values = lie::wrong_type(&object.values);
            Found::Ours(object)
        }
        (found, _) => found,
    })
}

fn recognised(kind: Kind, request: &FindRequest, objects: &[CloudObject]) -> Result<Found, ProviderError> {
    let ours = objects.iter().find(|object| object.operation == request.operation && is_visible(object));
    let other = objects.iter().find(|object| kind.names_are_unique() && object.operation != request.operation);
    Ok(match (kind, ours, other) {
        // A route carries no stamp: only its content speaks for it.
        (Kind::Keyed, ours, other) => ours.or(other).map_or(Found::Absent, |object| by_content(request, object)),
        (_, Some(object), _) => by_state(kind, object)?,
        (_, None, Some(object)) if object.state == ObjectState::SoftDeleted => deleted(request, object),
        (_, None, Some(object)) => Found::Foreign(format!("{:?} was made by somebody else", object.id)),
        (_, None, None) => Found::Absent,
    })
}

/// Ours; what is being made, or stopped half-way, has to be gone on with.
fn by_state(kind: Kind, object: &CloudObject) -> Result<Found, ProviderError> {
    Ok(match object.state {
        ObjectState::Creating => Found::Unfinished(checkpoint(kind, object, handle(object))?),
        ObjectState::Broken => Found::Unfinished(checkpoint(kind, object, String::new())?),
        _ => Found::Ours(stored(object)),
    })
}

/// A create that takes back a deleted object finds nothing in its way.
fn deleted(request: &FindRequest, object: &CloudObject) -> Found {
    if attributes(&request.config).get("recover") == Some(&Value::Bool(true)) {
        return Found::Absent;
    }
    Found::Foreign(format!("a deleted object still has the name {:?}", object.name))
}

fn by_content(request: &FindRequest, object: &CloudObject) -> Found {
    let values = object.values();
    let differs = |(name, wanted): (&str, Value)| !wanted.is_null() && values.get(name) != Some(&wanted);
    let config = request.config.view().entries().map(|(name, value)| (name, value.to_value()));
    if config.into_iter().any(differs) {
        return Found::Ambiguous(format!("{:?} is there, with other content than was sent", object.name));
    }
    Found::Ours(stored(object))
}
