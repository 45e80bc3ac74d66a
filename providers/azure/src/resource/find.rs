//! Looking for objects: what an unfinished create made, what a person names, what nobody manages.

use crate::arm::ResourceId;
use crate::arm::operation::{State, is_deleting, state, under_way};
use crate::resource::create::recorded;
use crate::resource::{ArmType, change, known_map, stored, tags};
use crate::session::Session;
use formwork_model::{Map, ValueBuf, ValueRef};
use formwork_provider_api::{
    ErrorClass, FindRequest, Found, ImportRequest, Listed, ProviderError, StoredObject, differences, proposed,
};
use serde_json::Value as Json;

impl ArmType {
    pub(super) async fn find_object(&self, session: &Session, request: &FindRequest) -> Result<Found, ProviderError> {
        let wanted = change::wanted(self.schema, &request.address, &request.config, &request.planned);
        let noted = request.checkpoint.as_ref().and_then(recorded);
        let id = match &noted {
            Some(id) => id.clone(),
            None => self.id_of(session, &wanted, &request.operation)?,
        };
        let Some(answer) = self.look_up(session, &id).await? else { return Ok(Found::Absent) };
        if is_deleting(&answer.body) {
            return Ok(Found::Absent);
        }
        let (object, enriched) = self.object(session, &id, &answer.body, &wanted).await;
        // A checkpoint is only made after the service took our request.
        let found = match noted {
            Some(_) => Found::Ours(object),
            None => self.judge(request, &id, &answer.body, object),
        };
        match found {
            // Its create still runs, or ended badly: waiting for it tells which.
            Found::Ours(_) if state(&answer.body) != State::Done => {
                Ok(Found::Unfinished(under_way(request.checkpoint.as_ref(), &id, self.api_version)))
            }
            Found::Ours(object) => enriched.map(|()| Found::Ours(object)),
            other => Ok(other),
        }
    }

    /// Whose an object is: the stamp tells, and where there are no tags its content.
    fn judge(&self, request: &FindRequest, id: &ResourceId, body: &Json, object: StoredObject) -> Found {
        if !self.takes_tags() {
            return match self.difference(request, &object) {
                None => Found::Ours(object),
                Some(path) => Found::Ambiguous(format!("{id} is there, and its `{path}` is not what was sent")),
            };
        }
        match tags::stamp(body) {
            Some(stamp) if stamp == request.operation => Found::Ours(object),
            Some(_) => Found::Foreign(format!("{id} was made by another operation")),
            None => Found::Foreign(format!("{id} was made by somebody else")),
        }
    }

    /// The first path that is not as it was sent: content is equal where planning it again would change nothing.
    fn difference(&self, request: &FindRequest, object: &StoredObject) -> Option<String> {
        let there = object.values.view();
        let again = proposed(self.schema, &request.address, request.config.view(), Some(there));
        differences(self.schema, there, again.view()).first().map(|difference| difference.path.to_string())
    }

    pub(super) async fn import_object(
        &self,
        session: &Session,
        request: &ImportRequest,
    ) -> Result<StoredObject, ProviderError> {
        let id = ResourceId::expect(&request.id)?;
        if !id.is_type(self.kind) {
            let message = format!("`{id}` is a {}, and azure.{} is a {}", id.resource_type(), self.name(), self.kind);
            return Err(ProviderError::invalid(message));
        }
        let known = known_map(request.config.as_ref().map_or_else(ValueRef::null, ValueBuf::view));
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("there is no {id}"));
        let answer = self.look_up(session, &id).await?.ok_or_else(gone)?;
        let (object, enriched) = self.object(session, &id, &answer.body, &known).await;
        enriched.map(|()| object)
    }

    pub(super) async fn list_objects(&self, session: &Session) -> Result<Vec<Listed>, ProviderError> {
        let bodies = self.list_all(session).await?;
        let of_type = bodies.iter().filter_map(|body| {
            let id = ResourceId::parse(body.get("id")?.as_str()?)?;
            (id.is_type(self.kind) && !is_deleting(body)).then_some((id, body))
        });
        let nothing = Map::new();
        Ok(of_type
            .map(|(id, body)| Listed { id: id.as_str().to_owned(), object: stored(self.decode(&id, body, &nothing)) })
            .collect())
    }
}
