//! Reading many: by the lists that need the fewest calls. What a list does not show is asked for by itself before it is called
//! gone, since lists lag behind.

use crate::arm::operation::is_deleting;
use crate::arm::{Request, ResourceId, Verb};
use crate::resource::{ArmType, Scope, known_map, mark, path};
use crate::session::Session;
use formwork_model::Map;
use formwork_provider_api::{ErrorClass, ProviderError, ReadOutcome, StoredObject};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// Calls of one read at the same time.
const AT_ONCE: usize = 8;
/// Groups with many objects are listed one by one up to here, else the subscription at once: its lists may be long.
const FEW_GROUPS: usize = 3;
/// So many objects of a group are many.
const MANY_OBJECTS: usize = 2;

/// A list of objects, or of objects that hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Collection {
    path: String,
    /// Where the objects stand in each item; empty where they are the items.
    within: &'static str,
    /// `$filter`.
    filter: Option<&'static str>,
}

impl Collection {
    fn at(path: String) -> Self {
        Self { path, within: "", filter: None }
    }

    fn within(self, within: &'static str) -> Self {
        Self { within, ..self }
    }

    fn filtered(self, filter: Option<&'static str>) -> Self {
        Self { filter, ..self }
    }

    fn request<'a>(&self, api_version: &'a str) -> Request<'a> {
        let mut request = Request::at(Verb::Get, self.path.clone(), api_version);
        request.query.extend(self.filter.map(|filter| ("$filter", filter.to_owned())));
        request
    }

    /// The objects of its items.
    fn objects(&self, items: &[Json]) -> Vec<Json> {
        if self.within.is_empty() {
            return items.to_vec();
        }
        let inner = |item: &Json| match path::get(item, self.within) {
            Some(Json::Array(inner)) => inner,
            _ => Vec::new(),
        };
        items.iter().flat_map(inner).collect()
    }
}

impl ArmType {
    pub(super) async fn read_objects(
        &self,
        session: &Session,
        objects: &[StoredObject],
    ) -> Result<Vec<ReadOutcome>, ProviderError> {
        let known: Vec<Map> = objects.iter().map(|object| known_map(object.values.view())).collect();
        let ids: Vec<ResourceId> = known.iter().map(|values| self.recorded_id(values)).collect::<Result<_, _>>()?;
        let listed = self.listed(session, &self.listable(&ids, objects)).await?;
        let reads: Vec<_> = ids
            .iter()
            .zip(&known)
            .zip(objects)
            .map(|((id, known), object)| self.outcome(session, id, object, known, listed.get(&id.key())).boxed())
            .collect();
        let outcomes: Vec<Result<ReadOutcome, ProviderError>> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(ReadOutcome::Failed)).collect())
    }

    /// The objects of which a list tells anything: one that only proves that they did not change needs something to compare
    /// with.
    fn listable(&self, ids: &[ResourceId], objects: &[StoredObject]) -> Vec<ResourceId> {
        let tells = |object: &StoredObject| self.listing.marks.is_empty() || !object.private.is_empty();
        ids.iter().zip(objects).filter(|(_, object)| tells(object)).map(|(id, _)| id.clone()).collect()
    }

    async fn outcome(
        &self,
        session: &Session,
        id: &ResourceId,
        object: &StoredObject,
        known: &Map,
        listed: Option<&Json>,
    ) -> Result<ReadOutcome, ProviderError> {
        let read = match listed {
            Some(body) if self.listing.marks.is_empty() => Some(body.clone()),
            Some(body) if mark::of(self.listing.marks, body).is_some_and(|mark| mark == object.private) => {
                return Ok(ReadOutcome::Present(object.clone()));
            }
            _ => self.look_up(session, id).await?.map(|answer| answer.body),
        };
        let Some(body) = read else {
            let soft = self.hooks.is_soft_deleted(session, id, known).await?;
            return Ok(if soft { ReadOutcome::SoftDeleted } else { ReadOutcome::Gone });
        };
        if is_deleting(&body) {
            return Ok(ReadOutcome::Deleting);
        }
        let (object, enriched) = self.object(session, id, &body, known).await;
        enriched.map(|()| ReadOutcome::Present(object))
    }

    /// The objects that lists show, by the key of their id.
    async fn listed(&self, session: &Session, ids: &[ResourceId]) -> Result<HashMap<String, Json>, ProviderError> {
        let collections = self.collections(ids);
        // A list that is longer than that is given up: reading each object costs no more.
        let most = ids.len();
        let lists: Vec<_> =
            collections.iter().map(|collection| self.list_collection(session, collection, most).boxed()).collect();
        let lists: Vec<Vec<Json>> = stream::iter(lists).buffered(AT_ONCE).try_collect().await?;
        let keyed = lists.into_iter().flatten().filter_map(|body| {
            let id = ResourceId::parse(body.get("id")?.as_str()?)?;
            Some((id.key(), body))
        });
        Ok(keyed.collect())
    }

    async fn list_collection(
        &self,
        session: &Session,
        collection: &Collection,
        most: usize,
    ) -> Result<Vec<Json>, ProviderError> {
        match session.arm.list_shared(collection.request(self.api_version), most, self.name()).await {
            Ok(items) => Ok(collection.objects(&items)),
            // A group that is gone has nothing in it; what may not be listed may still be read.
            Err(error) if matches!(error.class, ErrorClass::NotFound | ErrorClass::Forbidden) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The lists to read: none where reading each object costs no more.
    fn collections(&self, ids: &[ResourceId]) -> Vec<Collection> {
        let mut choices = Vec::new();
        match self.scope {
            Scope::Subscription => choices.push(in_subscriptions(ids, "resourceGroups")),
            Scope::Group | Scope::Extension(_) => choices.extend(self.in_groups(ids, self.kind, "")),
            Scope::Child(_) => {
                if let Some((kind, within)) = self.listing.embedded {
                    choices.extend(self.in_groups(ids, kind, within));
                }
                if self.listing.parent {
                    choices.push(under_parents(ids));
                }
            }
        }
        let best = choices.into_iter().min_by_key(Vec::len).unwrap_or_default();
        if best.len() < ids.len() { best } else { Vec::new() }
    }

    fn in_groups(&self, ids: &[ResourceId], kind: &str, within: &'static str) -> Option<Vec<Collection>> {
        let is_embedded = !within.is_empty();
        let groups: Vec<ResourceId> = distinct(ids.iter().filter_map(ResourceId::group_id));
        // What stands on the subscription itself no list of a group shows (nor does any of what stands above it).
        let are_all_in_groups = ids.iter().all(|id| id.group().is_some() || id.subscription().is_none());
        let shaped = |collection: Collection| collection.within(within).filtered(self.listing.filter);
        let listed = |scope: &ResourceId| shaped(Collection::at(format!("{scope}/providers/{kind}")));
        let are_few = groups.len() == 1 || groups.len() <= FEW_GROUPS && ids.len() > MANY_OBJECTS * groups.len();
        if (self.listing.group || is_embedded) && are_few && are_all_in_groups {
            return Some(groups.iter().map(listed).collect());
        }
        if self.listing.subscription || is_embedded {
            return Some(in_subscriptions(ids, &format!("providers/{kind}")).into_iter().map(shaped).collect());
        }
        self.listing.group.then(|| groups.iter().map(listed).collect())
    }

    /// All lists of the subscription in which objects of this type stand.
    pub(super) async fn list_all(&self, session: &Session) -> Result<Vec<Json>, ProviderError> {
        let scope = session.scope();
        let collection = match (self.scope, self.listing.embedded) {
            (Scope::Subscription, _) => Collection::at(format!("{scope}/resourceGroups")),
            (Scope::Child(_), Some((kind, within))) => {
                Collection::at(format!("{scope}/providers/{kind}")).within(within)
            }
            (Scope::Child(_), None) if self.listing.parent => return self.list_under_parents(session).await,
            _ if self.listing.subscription => Collection::at(format!("{scope}/providers/{}", self.kind)),
            _ => return Err(ProviderError::unsupported(format!("`azure.{}` cannot be listed", self.name()))),
        };
        let items = session.arm.list(collection.request(self.api_version)).await?;
        Ok(collection.objects(&items))
    }

    /// The children of every parent, list by list.
    async fn list_under_parents(&self, session: &Session) -> Result<Vec<Json>, ProviderError> {
        let kind = self.kind.split('/').take(2).collect::<Vec<_>>().join("/");
        let path = format!("{}/providers/{kind}", session.scope());
        let parents = session.arm.list(Request::at(Verb::Get, path, self.api_version)).await?;
        let mut items = Vec::new();
        for parent in parents.iter().filter_map(|parent| ResourceId::parse(parent.get("id")?.as_str()?)) {
            let under = self.child_of(&parent, "x")?;
            let path = under.as_str().trim_end_matches("/x").to_owned();
            items.extend(session.arm.list(Request::at(Verb::Get, path, self.api_version)).await?);
        }
        Ok(items)
    }
}

fn in_subscriptions(ids: &[ResourceId], path: &str) -> Vec<Collection> {
    let subscriptions: BTreeSet<String> =
        ids.iter().filter_map(|id| id.subscription().map(str::to_lowercase)).collect();
    let of = |subscription| Collection::at(format!("/subscriptions/{subscription}/{path}"));
    subscriptions.into_iter().map(of).collect()
}

fn under_parents(ids: &[ResourceId]) -> Vec<Collection> {
    let parents = ids.iter().filter_map(|id| {
        let parent = id.as_str().rsplit_once('/')?.0;
        Some((parent.to_lowercase(), parent))
    });
    let parents: HashMap<String, &str> = parents.collect();
    let mut paths: Vec<&str> = parents.into_values().collect();
    paths.sort_unstable();
    paths.into_iter().map(|path| Collection::at(path.to_owned())).collect()
}

fn distinct(ids: impl Iterator<Item = ResourceId>) -> Vec<ResourceId> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| seen.insert(id.key())).collect()
}
