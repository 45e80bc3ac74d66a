//! Lists of resources, page by page.

use super::failure::{self, Failure};
use super::id::Id;
use super::path;
use super::profile::Missing;
use super::reference::Back;
use super::{Arm, Call, catalog};
use crate::exchange::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

impl Arm {
    /// All resources of a type under a subscription, a group or a parent.
    pub(super) fn list(&self, call: &Call<'_>, owner: &Id, word: &str) -> Result<Response, Failure> {
        if is_zone(owner) && ["recordsets", "all"].contains(&word.to_ascii_lowercase().as_str()) {
            return self.list_record_sets(call, owner);
        }
        let id = self.canonical(&owner.child(word, "x"));
        let kind = id.type_name();
        let profile = self.profiles.of(&kind);
        self.check_place(&id, profile, "GET")?;
        if id.namespace.eq_ignore_ascii_case("Microsoft.Authorization") {
            return self.list_extensions(call, owner, &kind);
        }
        let back = self.back();
        if profile.embedded.is_some() {
            let shown = self.list_embedded(call, owner, &id, &back)?;
            return self.paged(call, shown, profile.trailing_page);
        }
        let mut shown = self.list_records(call, &id, &kind, &back);
        if shown.is_empty() {
            let default = self.canonical(&owner.child(word, "default"));
            let implied = self.find(&default);
            shown.extend(implied.map(|found| self.dressed(&found, &self.view(call, &default, &back, false))));
        }
        self.paged(call, shown, profile.trailing_page)
    }

    /// The record sets of a zone, whatever their type.
    fn list_record_sets(&self, call: &Call<'_>, zone: &Id) -> Result<Response, Failure> {
        if self.find(zone).is_none() {
            return Err(failure::missing(zone, self.profiles.of(&zone.type_name())));
        }
        let back = self.back();
        let records = self.records(&format!("{}/", zone.key())).into_iter();
        let sets = records.filter_map(|record| {
            let id = Id::parse(&record.id).filter(|id| id.pairs.len() == 2)?;
            let is_set = self.profiles.of(&id.type_name()).missing == Missing::Record;
            is_set.then(|| self.profiles.dress(&record, &id.type_name(), &self.view(call, &id, &back, false)))
        });
        self.paged(call, sets.collect(), false)
    }

    fn list_embedded(&self, call: &Call<'_>, owner: &Id, child: &Id, back: &Back) -> Result<Vec<Json>, Failure> {
        let Some(parent) = self.find(owner) else {
            return Err(failure::missing(owner, self.profiles.of(&owner.type_name())));
        };
        let embedded = self.profiles.of(&child.type_name()).embedded.clone();
        let at = embedded.map(|embedded| embedded.at).unwrap_or_default();
        let items = path::get(&parent.record.body, &at).and_then(Json::as_array).cloned().unwrap_or_default();
        let names = items.iter().filter_map(|item| path::text(item, "name"));
        let kind = child.pairs.last().map(|(kind, _)| kind.clone()).unwrap_or_default();
        Ok(names
            .filter_map(|name| {
                let id = owner.child(&kind, name);
                let found = self.find(&id)?;
                let view = self.view(call, &id, back, false);
                Some(self.dressed(&found, &view))
            })
            .collect())
    }

    fn list_records(&self, call: &Call<'_>, id: &Id, kind: &str, back: &Back) -> Vec<Json> {
        let wanted = kind.to_lowercase();
        let scope = id.parent().map_or_else(|| id.scope.clone(), |parent| parent.text());
        let prefix = format!("{}/", scope.to_lowercase());
        self.records(&prefix)
            .into_iter()
            .filter_map(|record| {
                let id = Id::parse(&record.id).filter(|id| id.type_name().to_lowercase() == wanted)?;
                let view = self.view(call, &id, back, false);
                Some(self.profiles.dress(&record, &id.type_name(), &view))
            })
            .collect()
    }

    /// Resources of all types below a scope, as ARM itself lists them.
    pub(super) fn list_all(&self, call: &Call<'_>, scope: &str) -> Result<Response, Failure> {
        let back = Back::default();
        let filter = call.request.parameter("$filter").unwrap_or_default().to_lowercase();
        let wanted =
            filter.split("resourcetype eq '").nth(1).and_then(|rest| rest.split('\'').next()).map(str::to_owned);
        let records = self.records(&format!("{}/", scope.to_lowercase()));
        let shown = records.into_iter().filter_map(|record| {
            let id = Id::parse(&record.id).filter(|id| !id.is_extension())?;
            let kind = id.type_name();
            let listed = !id.namespace.eq_ignore_ascii_case("Microsoft.Authorization")
                && (record.body.get("location").is_some() || id.parent().is_none());
            if !listed || wanted.as_ref().is_some_and(|wanted| *wanted != kind.to_lowercase()) {
                return None;
            }
            let view = self.view(call, &id, &back, false);
            let whole = self.profiles.dress(&record, &kind, &view);
            Some(catalog::bare(&whole))
        });
        let shown = shown.filter(|one| catalog::tag_matches(call.request, one)).collect();
        self.paged(call, shown, false)
    }

    /// One page of a list. The link's token tells where the next one begins.
    pub(super) fn paged(&self, call: &Call<'_>, items: Vec<Json>, trailing: bool) -> Result<Response, Failure> {
        let token = call.request.parameter("$skiptoken").or_else(|| call.request.parameter("$skipToken"));
        let from = match token {
            None => 0,
            Some(token) => match hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => text.parse::<usize>().unwrap_or(items.len()),
                None => {
                    return Err(Failure::gateway(400, "InvalidSkipToken", "The skip token in the query is invalid."));
                }
            },
        };
        let asked = call.request.parameter("$top").and_then(|text| text.parse::<usize>().ok());
        let size = asked.unwrap_or(self.page).min(self.page).max(1);
        let total = items.len();
        let page: Vec<Json> = items.into_iter().skip(from).take(size).collect();
        let next = from + page.len();
        let more = next < total && asked.is_none() || trailing && !page.is_empty();
        let mut body = json!({ "value": page });
        if more {
            path::set(&mut body, "nextLink", next_link(call, next).into());
        }
        Ok(Response::json(200, body))
    }
}

fn is_zone(id: &Id) -> bool {
    let kind = id.type_name().to_ascii_lowercase();
    matches!(kind.as_str(), "microsoft.network/dnszones" | "microsoft.network/privatednszones")
}

fn next_link(call: &Call<'_>, next: usize) -> String {
    let kept = call.request.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"));
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let query: String = kept.map(|(name, value)| format!("{}={}&", encode(name), encode(value))).collect();
    format!("{}{}?{query}%24skiptoken={}", call.base, call.request.path, hex::encode(next.to_string()))
}
