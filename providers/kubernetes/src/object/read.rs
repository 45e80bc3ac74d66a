//! Reading: many at once by lists, what a person names, what an unfinished create may have made.

use super::{Form, ObjectType, Private, is_deleting};
use crate::discovery::Served;
use crate::manifest::{self, Identity, stamp};
use crate::ownership;
use crate::session::{Answer, Call, Session};
use crate::wait::Wanted;
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{
    ErrorClass, FindRequest, Found, ImportRequest, Listed, ProviderError, ReadManyRequest, ReadOutcome, StoredObject,
};
use futures::{StreamExt, stream};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

/// From so many objects of a kind in one namespace on, one list costs less than single reads.
const WORTH_A_LIST: usize = 4;
/// Objects a page.
const PAGE: usize = 500;
/// Single reads at a time.
const TOGETHER: usize = 8;

/// Objects of one kind in one namespace that are asked for.
type Place = (Served, Option<String>);

impl Served {
    fn order(&self) -> (&str, &str) {
        (&self.api_version, &self.plural)
    }
}

impl ObjectType {
    pub(crate) async fn read_many(
        &self,
        session: &Session,
        request: ReadManyRequest,
    ) -> Result<Vec<ReadOutcome>, ProviderError> {
        let mut outcomes: Vec<ReadOutcome> = request.objects.iter().map(|_| ReadOutcome::Gone).collect();
        let mut places: Vec<(Place, Vec<(usize, Identity)>)> = Vec::new();
        let mut numbers: HashMap<(String, String, Option<String>), usize> = HashMap::new();
        for (position, object) in request.objects.iter().enumerate() {
            // A kind that is not served any more took its objects with it.
            let Some((identity, served)) = self.stored_identity(session, object.values.view()).await? else { continue };
            let (version, plural) = served.order();
            let key = (version.to_owned(), plural.to_owned(), identity.namespace.clone());
            let number = *numbers.entry(key).or_insert_with(|| {
                places.push(((served, identity.namespace.clone()), Vec::new()));
                places.len() - 1
            });
            if let Some((_, wanted)) = places.get_mut(number) {
                wanted.push((position, identity));
            }
        }
        for (place, wanted) in places {
            for (position, identity, live) in self.read_place(session, &place, wanted).await? {
                let (Some(outcome), Some(stored)) = (outcomes.get_mut(position), request.objects.get(position)) else {
                    continue;
                };
                *outcome = match live {
                    Ok(None) if self.has_passed(stored) => ReadOutcome::Present(stored.clone()),
                    Ok(None) => ReadOutcome::Gone,
                    Ok(Some(live)) if is_deleting(&live) => ReadOutcome::Deleting,
                    Ok(Some(live)) => ReadOutcome::Present(self.seen(session, stored, &identity, &live)),
                    Err(error) => ReadOutcome::Failed(error),
                };
            }
        }
        Ok(outcomes)
    }

    async fn read_place(
        &self,
        session: &Session,
        (served, namespace): &Place,
        wanted: Vec<(usize, Identity)>,
    ) -> Result<Vec<(usize, Identity, Result<Option<Json>, ProviderError>)>, ProviderError> {
        if wanted.len() >= WORTH_A_LIST
            && let Some(mut live) = by_name(session, served, namespace.as_deref()).await?
        {
            let found = wanted.into_iter().map(|(position, identity)| {
                let object = live.remove(&identity.name);
                (position, identity, Ok(object))
            });
            return Ok(found.collect());
        }
        let reads = stream::iter(wanted).map(async |(position, identity)| {
            let live = get(session, served, &identity).await;
            (position, identity, live)
        });
        let read: Vec<_> = reads.buffer_unordered(TOGETHER).collect().await;
        // When nothing answers, nothing is known of any.
        match read
            .iter()
            .find_map(|(_, _, live)| live.as_ref().err().filter(|error| error.class == ErrorClass::Unreachable))
        {
            Some(error) => Err(error.clone()),
            None => Ok(read),
        }
    }

    pub(crate) async fn find(&self, session: &Session, request: &FindRequest) -> Result<Found, ProviderError> {
        let said = formwork_provider_api::settled(
            self.schema,
            &request.address,
            request.config.view(),
            request.planned.view(),
        );
        let manifest = self.manifest(said.view(), Some(request.config.view()));
        let Some(identity) = self.identity(session, &manifest).await? else { return Ok(Found::Absent) };
        let Some(served) = session.served(&identity.api_version, &identity.kind).await? else {
            return Ok(Found::Absent);
        };
        Ok(match get(session, &served, &identity).await? {
            None => Found::Absent,
            Some(live) if stamp(&live) == Some(&request.operation) => {
                let stored = self.applied(session, &said, &manifest, &identity, &live, &request.operation);
                match Wanted::of(said.view())?.is_nothing() {
                    true => Found::Ours(stored),
                    // Its create was still waiting, or died before it began to.
                    false => Found::Unfinished(self.checkpoint(&identity, &request.operation)),
                }
            }
            Some(live) => Found::Foreign(format!("{} is there; {}", identity.text(), maker(&live))),
        })
    }

    pub(crate) async fn import(
        &self,
        session: &Session,
        request: &ImportRequest,
    ) -> Result<StoredObject, ProviderError> {
        let (identity, served) = self.meant(session, &request.id).await?;
        let missing = || {
            let message = format!("there is no {} at {}", identity.text(), session.server());
            ProviderError::new(ErrorClass::NotFound, message)
        };
        let live = get(session, &served, &identity).await?.filter(|live| !is_deleting(live)).ok_or_else(missing)?;
        let config = request.config.as_ref().filter(|config| config.view().is_known());
        Ok(self.imported(session, &identity, &live, config))
    }

    /// What is imported: what the config says of it, where there is one; else what we own of it, else all.
    fn imported(&self, session: &Session, identity: &Identity, live: &Json, config: Option<&ValueBuf>) -> StoredObject {
        let private = Private { stamp: stamp(live).unwrap_or_default().to_owned(), ..Private::default() };
        let mut stored = StoredObject { values: ValueBuf::empty_map(), private: private.bytes() };
        if let Some(config) = config.filter(|config| self.says_config(config.view())) {
            let address = formwork_model::Address::resource("imported");
            let said = formwork_provider_api::proposed(self.schema, &address, config.view(), None).to_value();
            let manner = ["wait", "force", "propagation_policy"];
            let kept = said.as_map().cloned().unwrap_or_default().into_iter().filter(|(name, value)| {
                value.is_known() && !value.is_null() && (self.says_more(name) || manner.contains(&name.as_str()))
            });
            stored.values = ValueBuf::from(Value::Map(kept.collect()));
        }
        self.seen(session, &stored, identity, live)
    }

    /// Whether an attribute is of the object itself.
    fn says_more(&self, name: &str) -> bool {
        match self.form {
            Form::Open => name == "manifest",
            Form::Typed(kind) => kind.fields().any(|attribute| attribute.name == name),
        }
    }

    pub(crate) async fn list(&self, session: &Session) -> Result<Vec<Listed>, ProviderError> {
        let Form::Typed(kind) = self.form else {
            return Err(ProviderError::unsupported("objects of all kinds are not listed"));
        };
        let Some(served) = session.served(kind.api_version, kind.kind).await? else { return Ok(Vec::new()) };
        let items =
            all(session, &served, None).await?.map_err(|status| status.error(&format!("listing {}", served.plural)))?;
        let listed = items.iter().filter(|live| !is_deleting(live)).filter_map(|live| {
            let text = |name: &str| live.get("metadata")?.get(name)?.as_str().map(str::to_owned);
            let identity = Identity {
                api_version: kind.api_version.to_owned(),
                kind: kind.kind.to_owned(),
                namespace: text("namespace"),
                name: text("name")?,
            };
            let id = identity.namespace.iter().chain([&identity.name]).cloned().collect::<Vec<_>>().join("/");
            Some(Listed { id, object: self.imported(session, &identity, live, None) })
        });
        Ok(listed.collect())
    }

    /// The object after it was applied: what was planned, what the server knows, how it writes it.
    pub(super) fn applied(
        &self,
        session: &Session,
        said: &ValueBuf,
        manifest: &Value,
        identity: &Identity,
        live: &Json,
        operation: &str,
    ) -> StoredObject {
        let mut values = said.to_value().as_map().cloned().unwrap_or_default();
        if values.get("admitted").is_some_and(|admitted| !admitted.is_known()) {
            let sent = manifest::sent(manifest).unwrap_or_default();
            match ownership::added(&sent, live, session.manager()) {
                Some(added) => drop(values.insert("admitted", formwork_model::value::from_json(&added))),
                None => drop(values.remove("admitted")),
            }
        }
        if let Form::Typed(kind) = self.form {
            let open: Vec<_> =
                values.iter().filter(|(_, value)| !value.is_known()).map(|(name, _)| name.clone()).collect();
            let chosen = kind.chosen(live);
            for name in open {
                match chosen.get(&name) {
                    Some(value) => drop(values.insert(name, value.clone())),
                    None => drop(values.remove(&name)),
                }
            }
        }
        self.put_identity(&mut values, identity, live);
        let unfolded = manifest::unfolded(manifest, live.clone());
        let private = Private {
            stamp: stamp(live).unwrap_or(operation).to_owned(),
            answers: ownership::answers(manifest, &unfolded, session.manager()),
            is_through: false,
        };
        StoredObject { values: ValueBuf::from(Value::Map(values)), private: private.bytes() }
    }
}

/// Who made an object, as far as it says.
pub(super) fn maker(live: &Json) -> String {
    let managers: Vec<&str> = live
        .pointer("/metadata/managedFields")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("manager")?.as_str())
        .collect();
    match managers.as_slice() {
        [] => "somebody else made it".to_owned(),
        names => format!("its fields are owned by {}", names.join(", ")),
    }
}

/// Reads one object.
pub(super) async fn get(
    session: &Session,
    served: &Served,
    identity: &Identity,
) -> Result<Option<Json>, ProviderError> {
    let path = served.object(identity.namespace.as_deref(), &identity.name);
    session.get(path, &format!("reading {}", identity.text())).await
}

/// All objects of a kind in a namespace by name; none where they may not be listed.
async fn by_name(
    session: &Session,
    served: &Served,
    namespace: Option<&str>,
) -> Result<Option<BTreeMap<String, Json>>, ProviderError> {
    let items = match all(session, served, namespace).await? {
        Ok(items) => items,
        Err(status) if matches!(status.code, 403 | 405) => return Ok(None),
        Err(status) if status.code == 404 => Vec::new(),
        Err(status) => return Err(status.error(&format!("listing {}", served.plural))),
    };
    let named = items.into_iter().filter_map(|item| {
        let name = item.pointer("/metadata/name")?.as_str()?.to_owned();
        Some((name, item))
    });
    Ok(Some(named.collect()))
}

/// All objects of a kind, page by page.
async fn all(
    session: &Session,
    served: &Served,
    namespace: Option<&str>,
) -> Result<Result<Vec<Json>, crate::error::Status>, ProviderError> {
    let mut items = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("{}?limit={PAGE}{token}", served.collection(namespace));
        let mut page = match session.send(Call::get(path)).await? {
            Answer::Done { body, .. } => body,
            // A list that took too long is begun again, as a whole.
            Answer::Refused(status) if status.code == 410 && !token.is_empty() => {
                items.clear();
                token.clear();
                continue;
            }
            Answer::Refused(status) => return Ok(Err(status)),
        };
        let kind =
            page.get("kind").and_then(Json::as_str).and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
        let more = page.pointer("/metadata/continue").and_then(Json::as_str).unwrap_or_default().to_owned();
        if let Some(Json::Array(found)) = page.get_mut("items").map(Json::take) {
            items.extend(found.into_iter().map(|item| with_type(item, &served.api_version, kind.as_deref())));
        }
        if more.is_empty() {
            return Ok(Ok(items));
        }
        token =
            format!("&continue={}", percent_encoding::utf8_percent_encode(&more, percent_encoding::NON_ALPHANUMERIC));
    }
}

/// Items of a list leave out what the list says for all.
fn with_type(mut item: Json, api_version: &str, kind: Option<&str>) -> Json {
    if let Some(object) = item.as_object_mut() {
        object.entry("apiVersion").or_insert_with(|| Json::from(api_version));
        if let Some(kind) = kind {
            object.entry("kind").or_insert_with(|| Json::from(kind));
        }
    }
    item
}
