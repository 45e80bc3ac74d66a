//! References between things: what is referred to must be there, and cannot go before what refers to it.

use crate::cloud::{CloudObject, Store};
use crate::kind::Kind;
use formwork_model::{Map, Value};
use formwork_provider_api::{ErrorClass, ProviderError};
use std::collections::BTreeSet;
use std::io;

/// Ids that a thing's attributes refer to.
fn targets(values: &Map) -> BTreeSet<String> {
    let peers = values.get("peers").and_then(Value::as_items).unwrap_or_default();
    values.get("parent").into_iter().chain(peers).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether everything that the attributes refer to is there.
pub(super) fn check(store: &dyn Store, kind: Kind, values: &Map) -> io::Result<Result<(), ProviderError>> {
    if kind != Kind::Thing {
        return Ok(Ok(()));
    }
    for id in targets(values) {
        if store.load("thing", &id)?.is_none() {
            let message = format!("the thing {id:?} that is referred to does not exist");
            return Ok(
                Err(ProviderError::new(ErrorClass::Invalid, message).vendor("InvalidReference", "mock-request")),
            );
        }
    }
    Ok(Ok(()))
}

/// Writes at each target who refers to it.
pub(super) fn link(store: &mut dyn Store, object: &CloudObject, before: &Map, after: &Map) -> io::Result<()> {
    if object.type_name != "thing" {
        return Ok(());
    }
    let (before, after) = (targets(before), targets(after));
    for id in before.symmetric_difference(&after).filter(|id| **id != object.id) {
        let Some(mut target) = store.load("thing", id)? else { continue };
        if after.contains(id) {
            target.referrers.insert(object.id.clone());
        } else {
            target.referrers.remove(&object.id);
        }
        store.save(&target)?;
    }
    Ok(())
}

/// Why the object cannot be deleted, if something refers to it.
pub(super) fn violation(object: &CloudObject) -> Option<ProviderError> {
    let referrer = object.referrers.iter().next()?;
    let message = format!("the thing {:?} is still referred to by {referrer:?}", object.id);
    Some(ProviderError::new(ErrorClass::Conflict, message).vendor("DependencyViolation", "mock-request"))
}
