//! Reading many: by the lists that need the fewest calls. What a list does not show is asked for by itself before it is called
//! gone, since lists lag behind.

use crate::arm::operation::is_deleting;
use crate::arm::{Request, ResourceId, Verb};
use crate::resource::{ArmType, Scope, known_map, path};
use crate::session::Session;
use formwork_model::Map;
use formwork_provider_api::{ErrorClass, ProviderError, ReadOutcome, StoredObject};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// Calls of one read at the same time.
const AT_ONCE: usize = 8;
/// Groups are listed one by one up to here, then the subscription at once: its lists may be long.
const FEW_GROUPS: usize = 3;

/// A list of objects, or of objects that hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Collection {
    path: String,
    /// Where the objects stand in each item; empty where they are the items.
    within: &'static str,
}

impl ArmType {
    pub(super) async fn read_objects(
        &self,
        session: &Session,
        objects: &[StoredObject],
    ) -> Result<Vec<ReadOutcome>, ProviderError> {
        let known: Vec<Map> = objects.iter().map(|object| known_map(object.values.view())).collect();
        let ids: Vec<ResourceId> = known.iter().map(|values| self.recorded_id(values)).collect::<Result<_, _>>()?;
        let listed = self.listed(session, &ids).await?;
        let reads: Vec<_> = ids
            .iter()
            .zip(&known)
            .map(|(id, known)| self.outcome(session, id, known, listed.get(&id.key())).boxed())
            .collect();
        let outcomes: Vec<Result<ReadOutcome, ProviderError>> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(ReadOutcome::Failed)).collect())
    }

    async fn outcome(
        &self,
        session: &Session,
        id: &ResourceId,
        known: &Map,
        listed: Option<&Json>,
    ) -> Result<ReadOutcome, ProviderError> {
        let read = match listed {
            Some(body) => Some(body.clone()),
            None => self.look_up(session, id).await?.map(|answer| answer.body),
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
        let lists: Vec<_> =
            collections.iter().map(|collection| self.list_collection(session, collection).boxed()).collect();
        let lists: Vec<Vec<Json>> = stream::iter(lists).buffered(AT_ONCE).try_collect().await?;
        let keyed = lists.into_iter().flatten().filter_map(|body| {
            let id = ResourceId::parse(body.get("id")?.as_str()?)?;
            Some((id.key(), body))
        });
        Ok(keyed.collect())
    }

    async fn list_collection(&self, session: &Session, collection: &Collection) -> Result<Vec<Json>, ProviderError> {
        let request = Request::at(Verb::Get, collection.path.clone(), self.api_version);
        let items = match session.arm.list(request).await {
            Ok(items) => items,
            // A group that is gone has nothing in it; what may not be listed may still be read.
            Err(error) if matches!(error.class, ErrorClass::NotFound | ErrorClass::Forbidden) => Vec::new(),
            Err(error) => return Err(error),
        };
        if collection.within.is_empty() {
            return Ok(items);
        }
        let inner = |item: &Json| match path::get(item, collection.within) {
            Some(Json::Array(inner)) => inner,
            _ => Vec::new(),
        };
        Ok(items.iter().flat_map(inner).collect())
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
        let listed = |scope: &ResourceId| Collection { path: format!("{scope}/providers/{kind}"), within };
        if (self.listing.group || is_embedded) && groups.len() <= FEW_GROUPS {
            return Some(groups.iter().map(listed).collect());
        }
        if self.listing.subscription || is_embedded {
            return Some(
                in_subscriptions(ids, &format!("providers/{kind}"))
                    .into_iter()
                    .map(|collection| Collection { within, ..collection })
                    .collect(),
            );
        }
        self.listing.group.then(|| groups.iter().map(listed).collect())
    }

    /// All lists of the subscription in which objects of this type stand.
    pub(super) async fn list_all(&self, session: &Session) -> Result<Vec<Json>, ProviderError> {
        let scope = session.scope();
        let collection = match (self.scope, self.listing.embedded) {
            (Scope::Subscription, _) => Collection { path: format!("{scope}/resourceGroups"), within: "" },
            (Scope::Child(_), Some((kind, within))) => Collection { path: format!("{scope}/providers/{kind}"), within },
            (Scope::Child(_), None) if self.listing.parent => return self.list_under_parents(session).await,
            _ if self.listing.subscription => {
                Collection { path: format!("{scope}/providers/{}", self.kind), within: "" }
            }
            _ => return Err(ProviderError::unsupported(format!("`azure.{}` cannot be listed", self.name()))),
        };
        let request = Request::at(Verb::Get, collection.path.clone(), self.api_version);
        let items = session.arm.list(request).await?;
        if collection.within.is_empty() {
            return Ok(items);
        }
        let inner = items.iter().filter_map(|item| path::get(item, collection.within));
        Ok(inner.flat_map(|inner| inner.as_array().cloned().unwrap_or_default()).collect())
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
    let of = |subscription| Collection { path: format!("/subscriptions/{subscription}/{path}"), within: "" };
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
    paths.into_iter().map(|path| Collection { path: path.to_owned(), within: "" }).collect()
}

fn distinct(ids: impl Iterator<Item = ResourceId>) -> Vec<ResourceId> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| seen.insert(id.key())).collect()
}
