//! Lists, page by page.

use super::answer::bad_parameter;
use super::object::Object;
use super::{Call, Table};
use crate::exchange::Response;
use serde_json::{Value as Json, json};

/// As many as the service gives at once.
const MOST: usize = 25;

/// The vault's objects, by their newest versions.
pub(super) fn objects(call: &Call<'_>, objects: &[(String, Object)], deleted: bool) -> Response {
    let path = call.table.path();
    let wanted = objects.iter().filter(|(_, object)| object.deleted.is_some() == deleted);
    let items = wanted.filter_map(|(name, object)| {
        let mut item = object.version(None)?.item(call, format!("{}/{path}/{name}", call.base));
        if let (Some(item), Some(deleted)) = (item.as_object_mut(), object.deleted) {
            item.insert("recoveryId".into(), format!("{}/deleted{path}/{name}", call.base).into());
            item.insert("deletedDate".into(), deleted.at.into());
            item.insert("scheduledPurgeDate".into(), deleted.purge.into());
        }
        Some(item)
    });
    let prefix = if deleted { "deleted" } else { "" };
    page(call, items.collect(), &format!("{}/{prefix}{path}", call.base))
}

/// The versions of an object.
pub(super) fn versions(call: &Call<'_>, name: &str, object: &Object) -> Response {
    let at = format!("{}/{}/{name}", call.base, call.table.path());
    let items = object.versions.iter().map(|version| version.item(call, format!("{at}/{}", version.id)));
    page(call, items.collect(), &format!("{at}/versions"))
}

fn page(call: &Call<'_>, items: Vec<Json>, url: &str) -> Response {
    let most = match call.request.parameter("maxresults").map(str::parse::<usize>) {
        None => MOST,
        Some(Ok(most @ 1..=MOST)) => most,
        Some(_) => return bad_parameter("maxresults is between 1 and 25."),
    };
    let skip = call.request.parameter("$skiptoken").and_then(|token| token.parse::<usize>().ok()).unwrap_or(0);
    let more = items.len() > skip.saturating_add(most);
    let api_version = call.request.parameter("api-version").unwrap_or_default();
    let next = format!("{url}?api-version={api_version}&$skiptoken={}&maxresults={most}", skip + most);
    let items: Vec<Json> = items.into_iter().skip(skip).take(most).collect();
    Response::json(200, json!({ "value": items, "nextLink": more.then_some(next) }))
}

impl Table {
    /// What one of them is called in errors.
    pub(super) const fn one(self) -> &'static str {
        match self {
            Self::Secrets => "Secret",
            Self::Keys => "Key",
        }
    }
}
