//! PUT and PATCH.

use super::dress::Part;
use super::failure::{self, Failure};
use super::id::{self, Id};
use super::operation::Begin;
use super::path;
use super::profile::{BodyForm, EtagForm, LocationRule, Profile, Verb};
use super::record::{Record, WorkVerb};
use super::reference::Back;
use super::wire::Wire;
use super::{Arm, Call, Found, name, scope, validate};
use crate::exchange::Response;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// What a PUT is about to do.
struct Write<'a> {
    id: &'a Id,
    kind: String,
    profile: &'a Profile,
    existing: Option<Found>,
    sent: Json,
    /// The write changes more than tags.
    changes: bool,
}

impl Arm {
    /// PUT of a resource.
    pub(super) fn put(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        let kind = id.type_name();
        let profile = self.profiles.of(&kind);
        let sent = self.accepted_body(call, id, profile)?;
        self.check_place(id, profile, "PUT")?;
        self.check_locks(id, false)?;
        if let Some(answer) = self.before_put(call, id, &sent, self.find(id).is_some())? {
            return Ok(answer);
        }
        let write = Write { id, kind, profile, existing: self.find(id), sent, changes: true };
        self.check_write(call, &write)?;
        self.commit(call, write)
    }

    /// The body that was sent, checked and normalised.
    fn accepted_body(&self, call: &Call<'_>, id: &Id, profile: &Profile) -> Result<Json, Failure> {
        let Some(body) = call.request.body.as_ref().filter(|body| body.is_object()) else {
            return Err(failure::invalid_content(
                "The request content was invalid and could not be deserialized: a JSON object is required.",
            ));
        };
        validate::known_version(call, id, profile)?;
        name::check(id, profile)?;
        let mut sent = body.clone();
        if !profile.keeps_nulls {
            path::drop_nulls(&mut sent);
        }
        validate::location(id, profile, &mut sent)?;
        validate::required(id, profile, &sent)?;
        name::check_parts(id, self.profiles, &sent)?;
        normalise(&mut sent, profile);
        Ok(sent)
    }

    /// Group and parent must be there, and must not be going.
    pub(super) fn check_place(&self, id: &Id, profile: &Profile, method: &str) -> Result<(), Failure> {
        use super::profile::Orphan;
        if self.relaxed {
            return Ok(());
        }
        let gone = id.group().filter(|group| self.record(&id::group_key(id.subscription(), group)).is_none());
        if let Some(group) = gone {
            let parent = id
                .parent()
                .filter(|_| matches!(profile.orphan, Orphan::Nested | Orphan::ParentFirst | Orphan::NamesParentFirst));
            return Err(match parent {
                Some(parent) => failure::orphan(id, &parent, profile, method),
                None => failure::no_group(group),
            });
        }
        if let Some(group) = id.group().filter(|_| method != "GET" && method != "DELETE") {
            let now = self.clock.now_ms();
            let record = self.record(&id::group_key(id.subscription(), group));
            if record.is_some_and(|record| record.going("", now)) {
                let message = format!(
                    "The resource group '{group}' is in deprovisioning state and cannot perform this operation."
                );
                return Err(Failure::gateway(409, "ResourceGroupBeingDeleted", message));
            }
        }
        self.check_parent(id, profile, method)
    }

    fn check_parent(&self, id: &Id, profile: &Profile, method: &str) -> Result<(), Failure> {
        let Some(parent) = id.parent() else { return Ok(()) };
        let implied = self.profiles.known(&parent.type_name()).is_none() || parent.name() == "default";
        if self.find(&parent).is_some() {
            return Ok(());
        }
        if implied && parent.parent().is_none_or(|grand| self.find(&grand).is_some()) && parent.pairs.len() > 1 {
            return Ok(());
        }
        if implied
            && parent.pairs.len() == 1
            && self.profiles.known(&parent.type_name()).is_none()
            && parent.type_name().ends_with("/locations")
        {
            return Ok(());
        }
        Err(failure::orphan(id, &parent, profile, method))
    }

    fn check_write(&self, call: &Call<'_>, write: &Write<'_>) -> Result<(), Failure> {
        let now = self.clock.now_ms();
        self.check_etag(call, write.id, write.profile, write.existing.as_ref())?;
        if let Some(found) = &write.existing {
            let key = found.work_key();
            if found.record.going(&key, now) {
                let operation = found.record.running(&key, now).and_then(|work| self.operation(&work.operation));
                return Err(failure::in_progress(&operation.map(|one| one.url(&call.base, false)).unwrap_or_default()));
            }
            same_place(write.id, &found.body(), &write.sent)?;
        }
        self.check_sibling(write.id, write.existing.as_ref())?;
        let references = self.references_of(&write.kind);
        self.check_references(write.id, &write.sent, &references)
    }

    /// A sibling in the same list that was begun a moment ago is in the way.
    pub(super) fn check_sibling(&self, id: &Id, existing: Option<&Found>) -> Result<(), Failure> {
        let profile = self.profiles.of(&id.type_name());
        if profile.embedded.is_none() || !id.namespace.eq_ignore_ascii_case("Microsoft.Network") {
            return Ok(());
        }
        let parent = match existing {
            Some(found) => Some(found.record.clone()),
            None => id.parent().and_then(|parent| self.record(&parent.key())),
        };
        let now = self.clock.now_ms();
        let moment = self.scaled(400);
        let own = existing.map(Found::work_key);
        let busy = parent.iter().flat_map(|record| &record.work).find(|(key, work)| {
            !key.is_empty() && Some(*key) != own.as_ref() && work.runs(now) && now - work.start < moment
        });
        match busy {
            Some((_, work)) => Err(failure::sibling_busy(&work.operation, id, 11)),
            None => Ok(()),
        }
    }

    /// `If-Match` and `If-None-Match`.
    pub(super) fn check_etag(
        &self,
        call: &Call<'_>,
        id: &Id,
        profile: &Profile,
        existing: Option<&Found>,
    ) -> Result<(), Failure> {
        let etag = existing.and_then(|found| self.profiles.of(&found.kind).etag_of(&found.record, self.clock.now_ms()));
        let network = profile.etag == EtagForm::Weak;
        let other = |sent: &&str| !matches!(*sent, "*" | "") && etag.as_deref() != Some(*sent);
        if let Some(sent) = call.request.header("if-match").filter(other).filter(|_| profile.etag != EtagForm::None) {
            return Err(failure::precondition(id, sent, &etag.unwrap_or_default(), network));
        }
        if call.request.header("if-match") == Some("*") && existing.is_none() {
            return Err(failure::precondition(id, "*", "", network));
        }
        if call.request.header("if-none-match") == Some("*") && existing.is_some() {
            return Err(failure::precondition(id, "*", &etag.unwrap_or_default(), network));
        }
        Ok(())
    }

    fn commit(&self, call: &Call<'_>, mut write: Write<'_>) -> Result<Response, Failure> {
        let now = self.clock.now_ms();
        let old = write.existing.as_ref().map(Found::body);
        let mut body = write.sent.clone();
        if let Some(old) = old.as_ref().filter(|_| write.profile.merge) {
            body = laid_over(old, &write.sent, &write.profile.replaced);
        }
        for place in &write.profile.keeps_lists {
            let kept = old
                .as_ref()
                .and_then(|old| path::get(old, place))
                .filter(|_| path::get(&body, place).is_none())
                .cloned();
            if let Some(kept) = kept {
                path::set(&mut body, place, kept);
            }
        }
        self.allocate(write.id, &mut body, old.as_ref(), &write.profile.addresses)?;
        self.complete(call, write.id, &mut body, old.as_ref())?;
        let still = write.existing.as_ref().and_then(|found| found.record.running(&found.work_key(), now)).cloned();
        let changes = self.changes(call, &write, &body);
        write.changes = changes;
        let changed = still.is_some() || changes || write.profile.wire != Wire::Network;
        let (verb, answer) = match (&write.existing, &write.profile.update) {
            (None, _) => (WorkVerb::Create, &write.profile.create),
            (Some(_), Some(update)) => (WorkVerb::Update, update),
            (Some(_), None) => (WorkVerb::Update, &write.profile.create),
        };
        let (mut record, part) = self.placed(call, &write, body, now)?;
        let key = part.as_ref().map(Part::key).unwrap_or_default();
        let operation = self.begin_write(call, &write, verb, answer, changed)?;
        if let Some(operation) = &operation {
            let state = if changed { Self::working_state(&write, answer, &key, &record) } else { None };
            let verb = still.filter(|work| work.verb == WorkVerb::Create).map_or(operation.verb, |work| work.verb);
            let told = super::wire::Operation { verb, ..operation.clone() };
            Self::note(&mut record, &key, &told, &state.unwrap_or_else(|| "Succeeded".to_owned()));
        }
        self.keep(&record)?;
        let found = Found { record, kind: write.kind.clone(), part };
        self.after_write(call, write.id, &found)?;
        Ok(self.written(call, &write, &found, answer, operation.as_ref().map(|one| (one, changed))))
    }

    /// The state while the work lasts; a pool tells what is done to it.
    fn working_state(write: &Write<'_>, answer: &Verb, key: &str, record: &Record) -> Option<String> {
        let old = write.existing.as_ref().filter(|_| key.starts_with("agentpools/"));
        let part = old.and_then(|found| Some((found.body(), found.part.as_ref()?.take(&record.body)?)));
        let differs =
            |place: &str| part.as_ref().is_some_and(|(old, new)| path::get(old, place) != path::get(new, place));
        if differs("properties.currentOrchestratorVersion") {
            return Some("Upgrading".to_owned());
        }
        if differs("properties.count") {
            return Some("Scaling".to_owned());
        }
        answer.state.clone()
    }

    /// The write changes more than tags: something else is shown after it.
    fn changes(&self, call: &Call<'_>, write: &Write<'_>, body: &Json) -> bool {
        let Some(found) = &write.existing else { return true };
        let back = Back::default();
        let view = self.view(call, write.id, &back, false);
        let shown = |body: Option<&Json>| {
            let mut record = Record { work: BTreeMap::new(), ..found.record.clone() };
            match (body, &found.part) {
                (Some(body), Some(part)) => part.put(&mut record.body, Some(body.clone())),
                (Some(body), None) => record.body = body.clone(),
                (None, _) => (),
            }
            lasting(&self.dressed(&Found { record, kind: found.kind.clone(), part: found.part.clone() }, &view))
        };
        shown(None) != shown(Some(body))
    }

    /// The record that the body goes into, and the part of it that it is.
    fn placed(
        &self,
        call: &Call<'_>,
        write: &Write<'_>,
        body: Json,
        now: i64,
    ) -> Result<(Record, Option<Part>), Failure> {
        if let Some(embedded) = &write.profile.embedded {
            let parent = write.id.parent();
            let known = parent.as_ref().and_then(|parent| self.record(&parent.key()));
            let bare = parent.filter(|_| self.relaxed).map(|parent| Self::bare_record(call, &parent, now));
            let Some(mut record) = known.or(bare) else { return Err(failure::missing(write.id, write.profile)) };
            let part = Part {
                at: embedded.at.clone(),
                flat: embedded.flat,
                kind: write.id.pairs.last().map(|(kind, _)| kind.clone()).unwrap_or_default(),
                name: write.id.name().to_owned(),
            };
            part.put(&mut record.body, Some(body));
            record.revision += 1;
            return Ok((record, Some(part)));
        }
        let record = match &write.existing {
            Some(found) => Record { body, modified: now, revision: found.record.revision + 1, ..found.record.clone() },
            None => Record {
                id: write.id.text(),
                body,
                born: call.version.clone(),
                created: now,
                modified: now,
                revision: 1,
                work: BTreeMap::new(),
            },
        };
        Ok((record, None))
    }

    /// A resource of which nothing is known but its id.
    fn bare_record(call: &Call<'_>, id: &Id, now: i64) -> Record {
        Record {
            id: id.text(),
            body: json!({}),
            born: call.version.clone(),
            created: now,
            modified: now,
            revision: 1,
            work: BTreeMap::new(),
        }
    }

    fn begin_write(
        &self,
        call: &Call<'_>,
        write: &Write<'_>,
        verb: WorkVerb,
        answer: &Verb,
        changed: bool,
    ) -> Result<Option<super::wire::Operation>, Failure> {
        if !answer.works {
            return Ok(None);
        }
        let begin = Begin {
            id: write.id,
            profile: write.profile,
            verb,
            answer,
            lasts: if changed { answer.lasts } else { 0 },
            state: String::new(),
        };
        self.begin(call, &begin).map(Some)
    }

    fn written(
        &self,
        call: &Call<'_>,
        write: &Write<'_>,
        found: &Found,
        answer: &Verb,
        operation: Option<(&super::wire::Operation, bool)>,
    ) -> Response {
        let back = self.back();
        let view = self.view(call, write.id, &back, true);
        let shown = self.dressed_as_accepted(found, &view, answer, operation.is_some_and(|(_, changed)| changed));
        let place = path::text(&shown, "id").unwrap_or_default().to_owned();
        let body = if answer.body == BodyForm::Echo { write.sent.clone() } else { shown };
        let silent = write.profile.name.ends_with("/virtualMachines") && !write.changes;
        let told = operation.map(|(one, _)| one).filter(|_| answer.headers.as_deref() != Some(&[]) && !silent);
        let mut response = self.answer(call, answer, told, Some(body));
        let slow = operation.is_some_and(|(_, changed)| changed);
        if let Some(seconds) = answer.retry.filter(|_| slow) {
            response = response.header("retry-after", seconds.to_string());
        }
        if operation.is_none() {
            response = Self::own_location(response, answer, &place);
        }
        response
    }

    /// The answer tells the state at acceptance, even where the work takes no time here.
    fn dressed_as_accepted(&self, found: &Found, view: &super::dress::View<'_>, answer: &Verb, works: bool) -> Json {
        if !works || answer.state.is_none() {
            return self.dressed(found, view);
        }
        let mut record = found.record.clone();
        if let Some(work) = record.work.get_mut(&found.work_key()) {
            work.end = work.end.max(view.now + 1);
        }
        self.dressed(&Found { record, kind: found.kind.clone(), part: found.part.clone() }, view)
    }

    /// PATCH of a resource.
    pub(super) fn patch(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        let kind = id.type_name();
        let profile = self.profiles.of(&kind);
        let Some(sent) = call.request.body.as_ref().filter(|body| body.is_object()) else {
            return Err(failure::invalid_content("The request content was invalid: a JSON object is required."));
        };
        self.check_place(id, profile, "PATCH")?;
        let Some(existing) = self.find(id) else { return Err(self.absent(id, profile)) };
        self.check_locks(id, false)?;
        let mut sent = sent.clone();
        normalise(&mut sent, profile);
        let write = Write { id, kind, profile, existing: Some(existing), sent, changes: true };
        self.check_write(call, &write)?;
        let old = write.existing.as_ref().map(Found::body).unwrap_or_default();
        let body = patched(&old, &write.sent);
        let verb = profile.patch.clone().unwrap_or_else(|| Verb::parse("200"));
        let with = Profile { update: Some(verb), merge: false, ..profile.clone() };
        let write = Write { sent: body, profile: &with, kind: write.kind, id, existing: write.existing, changes: true };
        self.commit(call, write)
    }
}

/// The location, the kind of a resource and its parent's region do not change.
fn same_place(id: &Id, old: &Json, sent: &Json) -> Result<(), Failure> {
    match (path::text(old, "location"), path::text(sent, "location")) {
        (Some(old), Some(new)) if !old.eq_ignore_ascii_case(new) => {
            let message = format!(
                "The resource '{}' already exists in location '{old}' in resource group '{}'. A resource with the same name cannot be created in location '{new}'. Please select a new resource name.",
                id.name(),
                id.group().unwrap_or_default()
            );
            Err(Failure::gateway(409, "InvalidResourceLocation", message))
        }
        _ => Ok(()),
    }
}

/// Takes out of a body what its service does not keep, and writes what it writes differently.
pub(super) fn normalise(sent: &mut Json, profile: &Profile) {
    for place in &profile.cut {
        path::each_mut(sent, place, &mut |value| {
            if let Some(id) = value.get("id").cloned() {
                *value = json!({ "id": id });
            }
        });
    }
    for (place, values) in &profile.case {
        path::each_mut(sent, place, &mut |value| {
            let known = value.as_str().and_then(|text| values.iter().find(|known| known.eq_ignore_ascii_case(text)));
            if let Some(known) = known {
                *value = known.clone().into();
            }
        });
    }
    if profile.location == LocationRule::None {
        path::remove(sent, "location");
    }
    if path::text(sent, "identity.type").is_some_and(|kind| kind.eq_ignore_ascii_case("None")) {
        path::remove(sent, "identity");
    }
    if let Some(map) = sent.as_object_mut() {
        for key in ["id", "type", "etag", "eTag", "systemData"] {
            map.shift_remove(key);
        }
        if let Some(properties) = map.get_mut("properties").and_then(Json::as_object_mut) {
            properties.shift_remove("provisioningState");
        }
    }
}

/// A PUT of a service that keeps what is not sent; lists of named things are laid over name by name. What stands at one
/// of the places `whole` is replaced as any list of texts is, and so is a list by an empty one.
fn laid_over(old: &Json, sent: &Json, whole: &[String]) -> Json {
    let places: Vec<Vec<String>> = whole.iter().map(|place| steps_of(place)).collect();
    laid_over_at(old, sent, &places.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The steps of a place: names, `[]` for any item, `{}` for any entry.
fn steps_of(place: &str) -> Vec<String> {
    let place = place.replace("[]", ".[]").replace("{}", ".{}");
    place.split('.').map(str::to_owned).collect()
}

/// `whole` has what is left of the places from here on.
fn laid_over_at(old: &Json, sent: &Json, whole: &[&[String]]) -> Json {
    if whole.iter().any(|place| place.is_empty()) {
        return sent.clone();
    }
    let under = |step: &str, any: &str| -> Vec<&[String]> {
        let places = whole.iter().filter_map(|place| place.split_first());
        places.filter(|(first, _)| *first == step || *first == any).map(|(_, rest)| rest).collect()
    };
    match (old, sent) {
        (Json::Object(old), Json::Object(sent)) => {
            let mut all: Map<String, Json> = old.clone();
            for (key, value) in sent {
                let laid = |old: &Json| laid_over_at(old, value, &under(key, "{}"));
                let merged = all.get(key).map_or_else(|| value.clone(), laid);
                all.insert(key.clone(), merged);
            }
            Json::Object(all)
        }
        (Json::Array(old), Json::Array(sent))
            if !sent.is_empty() && sent.iter().all(|item| item.get("name").is_some()) =>
        {
            let name = |item: &Json| item.get("name").and_then(Json::as_str).map(str::to_lowercase);
            let same = |item: &Json| old.iter().find(|one| name(one) == name(item));
            let items = under("[]", "[]");
            let laid = |item: &Json| same(item).map_or_else(|| item.clone(), |old| laid_over_at(old, item, &items));
            let mut all: Vec<Json> = sent.iter().map(laid).collect();
            all.extend(old.iter().filter(|item| !sent.iter().any(|one| name(one) == name(item))).cloned());
            Json::Array(all)
        }
        (_, sent) => sent.clone(),
    }
}

/// A PATCH: properties are laid over, tags are replaced.
fn patched(old: &Json, sent: &Json) -> Json {
    let mut body = old.clone();
    let mut over = sent.clone();
    let tags = path::remove(&mut over, "tags");
    path::merge(&mut body, &over);
    if let Some(tags) = tags {
        path::set(&mut body, "tags", tags);
    }
    body
}

/// What is shown without what changes with each write, and without tags.
fn lasting(shown: &Json) -> Json {
    match shown {
        Json::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !matches!(key.as_str(), "etag" | "eTag" | "tags" | "systemData"));
            Json::Object(kept.map(|(key, value)| (key.clone(), lasting(value))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(lasting).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => shown.clone(),
    }
}

/// A principal's id, as the directory knows it.
pub(super) fn principal(id: &str, created: i64) -> String {
    scope::guid(&scope::own_seed(id, created, "principal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_goes() {
        let old = json!({
            "tags": {"a": "1", "b": "2"},
            "properties": {
                "ranges": ["203.0.113.0/24"],
                "rules": [{"name": "one"}],
                "kept": {"x": 1},
                "addons": {"vault": {"enabled": true, "config": {"rotation": "true", "interval": "2m"}}, "other": {"enabled": true}},
                "pools": [{"name": "System", "labels": {"a": "1", "b": "2"}, "count": 3}, {"name": "apps", "labels": {"c": "3"}}],
            },
        });
        let sent = json!({
            "tags": {"a": "1"},
            "properties": {
                "ranges": [],
                "rules": [],
                "kept": {"y": 2},
                "addons": {"vault": {"enabled": true, "config": {"rotation": "true"}}},
                "pools": [{"name": "system", "labels": {}}],
            },
        });
        let whole = ["tags", "properties.addons{}.config", "properties.pools[].labels"].map(str::to_owned);
        let expected = json!({
            "tags": {"a": "1"},
            "properties": {
                "ranges": [],
                "rules": [],
                "kept": {"x": 1, "y": 2},
                "addons": {"vault": {"enabled": true, "config": {"rotation": "true"}}, "other": {"enabled": true}},
                "pools": [{"name": "system", "labels": {}, "count": 3}, {"name": "apps", "labels": {"c": "3"}}],
            },
        });
        assert_eq!(laid_over(&old, &sent, &whole), expected);
    }
}
