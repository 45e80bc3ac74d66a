//! Reading many objects of vaults. A vault lists 25 at once, without values and without versions, but with the times of the
//! newest version: what is listed as it was recorded has not changed, and is not read by itself.

use super::place::Place;
use super::{Kind, VaultItem};
use crate::arm::Verb;
use crate::resource::{mark, tags};
use crate::session::Session;
use formwork_provider_api::{ProviderError, ReadOutcome, StoredObject};
use futures::{FutureExt, StreamExt, stream};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use url::Url;

/// Reads at the same time.
const AT_ONCE: usize = 8;
/// A vault's list is given up once it costs one call for so many objects that it may spare.
const OBJECTS_A_PAGE: usize = 3;
/// What lists and single reads tell alike.
const MARKS: &[&str] = &[
    "attributes.updated",
    "attributes.created",
    "attributes.enabled",
    "attributes.nbf",
    "attributes.exp",
    "contentType",
    "tags",
];
/// Clocks may differ by so many seconds.
const DOUBT_S: i64 = 120;

/// What proves later that an object did not change; none where it would not.
///
/// Times are told in whole seconds: what somebody else writes in the second of the last write looks the same. It lacks our
/// stamp, though; and in an object without one, that second must have passed.
pub(super) fn mark(body: &Json) -> Option<Vec<u8>> {
    let updated = body.pointer("/attributes/updated").and_then(Json::as_i64)?;
    let has_passed = || jiff::Timestamp::now().as_second() - updated > DOUBT_S;
    if tags::stamp(body).is_some() || has_passed() { mark::of(MARKS, body) } else { None }
}

/// What is looked for in one vault, by name: the object's key, and what is recorded of it.
type Recorded<'a> = HashMap<String, (String, &'a [u8])>;

impl<K: Kind> VaultItem<K> {
    pub(super) async fn read_all(session: &Session, objects: &[StoredObject]) -> Vec<ReadOutcome> {
        let unchanged = Self::unchanged(session, objects).await;
        let reads: Vec<_> = objects.iter().map(|object| Self::outcome(session, object, &unchanged).boxed()).collect();
        let outcomes: Vec<Result<ReadOutcome, ProviderError>> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(ReadOutcome::Failed)).collect()
    }

    async fn outcome(
        session: &Session,
        object: &StoredObject,
        unchanged: &BTreeSet<String>,
    ) -> Result<ReadOutcome, ProviderError> {
        let is_unchanged = Self::place(object).is_some_and(|place| unchanged.contains(&Self::key(&place)));
        if is_unchanged { Ok(ReadOutcome::Present(object.clone())) } else { Self::read(session, object).await }
    }

    fn place(object: &StoredObject) -> Option<Place> {
        let id = object.values.view().get("id")?;
        Place::parse::<K>(id.as_str()?).ok()
    }

    /// What an object is told apart by: case does not count in a vault.
    fn key(place: &Place) -> String {
        place.id::<K>().to_lowercase()
    }

    /// The objects that the lists of their vaults prove to be as they were recorded.
    async fn unchanged(session: &Session, objects: &[StoredObject]) -> BTreeSet<String> {
        let mut vaults: BTreeMap<Url, Recorded<'_>> = BTreeMap::new();
        for object in objects.iter().filter(|object| !object.private.is_empty()) {
            let Some(place) = Self::place(object) else { continue };
            let Ok(list) = place.list_url::<K>() else { continue };
            let recorded = (Self::key(&place), object.private.as_slice());
            vaults.entry(list).or_default().insert(place.name.to_lowercase(), recorded);
        }
        let lists: Vec<_> =
            vaults.into_iter().map(|(list, recorded)| Self::unchanged_in(session, list, recorded).boxed()).collect();
        let unchanged: Vec<Vec<String>> = stream::iter(lists).buffer_unordered(AT_ONCE).collect().await;
        unchanged.into_iter().flatten().collect()
    }

    /// Those of one vault. A refusal proves nothing: reading the objects tells it of each.
    async fn unchanged_in(session: &Session, list: Url, mut recorded: Recorded<'_>) -> Vec<String> {
        let (mut unchanged, mut next) = (Vec::new(), Some(list));
        for _ in 0..recorded.len() / OBJECTS_A_PAGE {
            let Some(page) = next.take() else { break };
            let Ok(answer) = Self::send(session, Verb::Get, page.clone(), None).await else { break };
            for item in answer.body.get("value").and_then(Json::as_array).into_iter().flatten() {
                let Some((key, before)) = Self::name(item).and_then(|name| recorded.remove(&name)) else { continue };
                if mark::of(MARKS, item).is_some_and(|mark| mark == before) {
                    unchanged.push(key);
                }
            }
            if recorded.is_empty() {
                break;
            }
            let link = answer.body.get("nextLink").and_then(Json::as_str);
            next = link.and_then(|link| Url::parse(link).ok()).filter(|link| link.origin() == page.origin());
        }
        unchanged
    }

    /// The name of a listed object.
    fn name(item: &Json) -> Option<String> {
        let id = item.get("kid").or_else(|| item.get("id"))?.as_str()?;
        Some(Place::parse::<K>(id).ok()?.name.to_lowercase())
    }
}
