//! What is there before a create begins: a create never takes over what somebody else made.

use super::Stopped;
use super::work::Work;
use crate::apply::ApplyError;
use crate::connections::Connected;
use crate::recovery::{self, Search};
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_provider_api::{Checkpoint, ErrorClass, Found, StoredObject};

/// What was found before a create.
pub(super) enum Before {
    /// The type cannot be asked about, or lives in the state alone.
    NotAsked,
    /// Nothing.
    Nothing,
    /// This very operation made it: the plan is applied again.
    Ours(StoredObject),
    /// This very operation began to make it.
    Unfinished(Checkpoint),
}

/// Whether two objects of the type cannot be under one name, and the provider can say whether one is.
fn asks(connected: &Connected, schema: &ResourceSchema) -> bool {
    matches!(schema.recognition, Recognition::Name | Recognition::NaturalKey)
        && schema.capabilities.find
        && connected.connection.reads(schema.name)
}

/// Asks for what has the object's name. Fails when something has that this operation did not make.
pub(super) async fn look(work: &Work<'_>, connected: &Connected, search: &Search<'_>) -> Result<Before, Stopped> {
    if !asks(connected, search.schema) {
        return Ok(Before::NotAsked);
    }
    let permit = work.permit(connected).await?;
    let found = recovery::ask(connected, search).await;
    drop(permit);
    let found = match found {
        Ok(found) => found,
        Err(error) if error.class == ErrorClass::Unsupported => return Ok(Before::NotAsked),
        Err(error) => {
            let error = work.shared.secrets.scrub_error(error);
            return Err(work.failure("look for what has the name of", &error).into());
        }
    };
    match found {
        Found::Absent => Ok(Before::Nothing),
        // Nothing has begun yet: equal content is somebody else's.
        Found::Ours(_) | Found::Unfinished(_) if search.schema.recognition == Recognition::NaturalKey => {
            Err(foreign(work, search, "it is as it would be made"))
        }
        Found::Ours(object) => Ok(Before::Ours(object)),
        Found::Unfinished(checkpoint) => Ok(Before::Unfinished(checkpoint)),
        Found::Foreign(what) | Found::Ambiguous(what) => Err(foreign(work, search, &what)),
    }
}

fn foreign(work: &Work<'_>, search: &Search<'_>, found: &str) -> Stopped {
    let address = work.operation.address.clone();
    let replaces = work.shared.values.get(&address).is_some_and(|known| known.row.is_some());
    ApplyError::Foreign { address, found: work.shared.secrets.scrub(found), id: search.import_id(), replaces }.into()
}
