//! A resource as its service shows it: what was sent, with the type's shape over it.

use super::id::Id;
use super::path;
use super::profile::{EtagForm, IdForm, Profile, Profiles};
use super::record::Record;
use super::reference::Back;
use super::scope::{self, Scope};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How somebody looks at resources.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    /// The time.
    pub(crate) now: i64,
    /// The API version asked for.
    pub(crate) version: String,
    /// It is the answer to a PUT.
    pub(crate) answers_put: bool,
    /// Who refers to whom.
    pub(crate) back: &'a Back,
    /// The tenant.
    pub(crate) tenant: String,
    /// The caller.
    pub(crate) caller: String,
    /// The location of the parent or group, for types that have none.
    pub(crate) location: String,
}

/// A child that lies in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The list in the record's body.
    pub(crate) at: String,
    /// Items are properties themselves.
    pub(crate) flat: bool,
    /// The last segment of the type.
    pub(crate) kind: String,
    /// The name.
    pub(crate) name: String,
}

impl Part {
    /// The key under which the record keeps the child's work.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.kind, self.name).to_lowercase()
    }

    /// The child's own body, out of the record's.
    pub(crate) fn take(&self, body: &Json) -> Option<Json> {
        let items = path::get(body, &self.at)?.as_array()?;
        let item = items.iter().find(|item| self.names(item))?;
        if !self.flat {
            return Some(item.clone());
        }
        let mut properties = item.clone();
        let name = path::remove(&mut properties, "name").unwrap_or(Json::Null);
        Some(json!({"name": name, "properties": properties}))
    }

    fn names(&self, item: &Json) -> bool {
        item.get("name").and_then(Json::as_str).is_some_and(|name| name.eq_ignore_ascii_case(&self.name))
    }

    /// Puts the child's body into the record's; none takes it out.
    pub(crate) fn put(&self, body: &mut Json, own: Option<Json>) {
        let mut items = path::get(body, &self.at).and_then(Json::as_array).cloned().unwrap_or_default();
        let place = items.iter().position(|item| self.names(item));
        let own = own.map(|own| self.item(own));
        match (place.and_then(|at| items.get_mut(at)), own) {
            (Some(item), Some(own)) => *item = own,
            (None, Some(own)) => items.push(own),
            (_, None) => items.retain(|item| !self.names(item)),
        }
        path::set(body, &self.at, Json::Array(items));
    }

    fn item(&self, own: Json) -> Json {
        let mut item = if self.flat { own.get("properties").cloned().unwrap_or_else(|| json!({})) } else { own };
        if let Some(map) = item.as_object_mut() {
            let old = map.get("name").and_then(Json::as_str);
            let name = old.filter(|name| name.eq_ignore_ascii_case(&self.name)).unwrap_or(&self.name).to_owned();
            map.insert("name".into(), name.into());
        }
        item
    }
}

/// An id as its type shows ids.
pub(crate) fn shown_id(text: &str, profile: &Profile) -> String {
    let Some(id) = Id::parse(text) else { return text.to_owned() };
    let mut scope = id.scope.clone();
    if let Some(group) = id.group().filter(|_| !id.is_extension()) {
        let keyword = if profile.ids == IdForm::LowerKeyword { "resourcegroups" } else { "resourceGroups" };
        let group = match profile.ids {
            IdForm::UpperGroup => group.to_uppercase(),
            IdForm::LowerNames => group.to_lowercase(),
            IdForm::Sent | IdForm::LowerKeyword => group.to_owned(),
        };
        scope = format!("/subscriptions/{}/{keyword}/{group}", id.subscription());
    }
    let kinds = profile.shown_kinds();
    let pairs = id.pairs.iter().enumerate().map(|(at, (kind, name))| {
        let kind = kinds.get(at).unwrap_or(kind);
        let name = if profile.ids == IdForm::LowerNames { name.to_lowercase() } else { name.clone() };
        format!("/{kind}/{name}")
    });
    format!("{scope}/providers/{}{}", id.namespace, pairs.collect::<String>())
}

impl Profile {
    /// The segments of the type as ids show them.
    fn shown_kinds(&self) -> Vec<String> {
        let kind = match self.ids {
            IdForm::Sent if self.name.starts_with("Microsoft.Network/dnsZones") => self.shown_type(),
            IdForm::LowerKeyword if self.name.starts_with("Microsoft.Cdn/") => self.shown_type(),
            _ => &self.name,
        };
        kind.split('/').skip(1).map(str::to_owned).collect()
    }

    /// The type as it is shown.
    pub(crate) fn shown_type(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.name)
    }

    /// The etag of a record in this type's form.
    pub(crate) fn etag_of(&self, record: &Record, now: i64) -> Option<String> {
        let guid = record.etag_guid(now);
        match self.etag {
            EtagForm::None => None,
            EtagForm::Weak => Some(format!("W/\"{guid}\"")),
            EtagForm::Quoted => Some(format!("\"{guid}\"")),
            EtagForm::Bare => Some(guid),
            EtagForm::Counter => Some(format!("\"{}\"", record.revision)),
            EtagForm::Blob => {
                let hex: String = guid.chars().filter(char::is_ascii_hexdigit).take(12).collect();
                Some(format!("\"0x8DE{}\"", hex.to_uppercase()))
            }
        }
    }
}

impl Profiles {
    /// A record as it is shown.
    pub(crate) fn dress(&self, record: &Record, kind: &str, view: &View<'_>) -> Json {
        let profile = self.of(kind);
        let children = states(record, view.now);
        let scope = self.scope(record, profile, kind, view, Rc::new(children));
        self.lay(&record.body, profile, scope)
    }

    /// A child that lies in a record, as it is shown.
    pub(crate) fn dress_part(&self, record: &Record, kind: &str, part: &Part, view: &View<'_>) -> Option<Json> {
        let own = part.take(&record.body)?;
        let parent = kind.rsplit_once('/').map_or(kind, |(parent, _)| parent);
        let children = Rc::new(states(record, view.now));
        let scope = self.scope(record, self.of(parent), parent, view, children);
        let name = own.get("name").and_then(Json::as_str).unwrap_or(&part.name).to_owned();
        let profile = self.of(kind);
        let mut inner = self.child_scope(&scope, profile, &part.kind, &name);
        inner.creating = record.creating(&part.key(), view.now);
        Some(self.lay(&own, profile, inner))
    }

    /// Fills an item of a list that is a type of its own.
    pub(crate) fn dress_embedded(&self, item: &mut Json, scope: &Scope<'_>, kind: &str, part: &str, name: &str) {
        let profile = self.of(kind);
        let inner = self.child_scope(scope, profile, part, name);
        if !profile.embedded.as_ref().is_some_and(|embedded| embedded.flat) {
            *item = self.lay(&item.take(), profile, inner);
            return;
        }
        let own = json!({"name": name, "properties": item.take()});
        let mut whole = self.lay_twice(&own, profile, &inner);
        let mut properties = path::remove(&mut whole, "properties").unwrap_or_else(|| json!({}));
        path::set(&mut properties, "name", name.into());
        *item = properties;
    }

    fn scope<'a>(
        &self,
        record: &Record,
        profile: &Profile,
        kind: &str,
        view: &View<'a>,
        children: Rc<BTreeMap<String, String>>,
    ) -> Scope<'a> {
        let state = record.state("", view.now);
        let steady = profile.steady_parts || record.running("", view.now).is_none();
        let location = record.body.get("location").and_then(Json::as_str).unwrap_or(&view.location);
        Scope {
            root: &Json::Null,
            sent: &Json::Null,
            id: shown_id(&record.id, profile),
            kind: if profile.name.is_empty() { kind.to_owned() } else { profile.shown_type().to_owned() },
            etag: profile.etag_of(record, view.now),
            parts: if steady { "Succeeded".to_owned() } else { state.clone() },
            state,
            version: view.version.clone(),
            born: record.born.clone(),
            creating: record.creating("", view.now),
            answers_put: view.answers_put,
            times: (record.created, record.modified),
            location: location.to_owned(),
            tenant: view.tenant.clone(),
            caller: view.caller.clone(),
            item: None,
            place: String::new(),
            children,
            back: view.back,
        }
    }

    fn child_scope<'a>(&self, scope: &Scope<'a>, profile: &Profile, part: &str, name: &str) -> Scope<'a> {
        let key = format!("{part}/{name}").to_lowercase();
        let state = scope.children.get(&key).unwrap_or(&scope.parts).clone();
        Scope {
            id: format!("{}/{part}/{name}", scope.id),
            kind: profile.shown_type().to_owned(),
            parts: state.clone(),
            state,
            item: Some(name.to_owned()),
            place: String::new(),
            children: Rc::default(),
            ..scope.clone()
        }
    }

    /// Lays the shape over a body; twice, because its conditions look at what it fills in.
    fn lay(&self, body: &Json, profile: &Profile, scope: Scope<'_>) -> Json {
        let mut whole = self.lay_twice(body, profile, &scope);
        if profile.drops_empty {
            drop_sent_empties(&mut whole, body, scope.answers_put, false);
        }
        whole
    }

    fn lay_twice(&self, body: &Json, profile: &Profile, scope: &Scope<'_>) -> Json {
        let first = self.lay_once(body, profile, &Scope { root: body, sent: body, ..scope.clone() });
        let mut whole = self.lay_once(body, profile, &Scope { root: &first, sent: body, ..scope.clone() });
        for found in scope.back.of(&scope.id) {
            found.show(&mut whole);
        }
        whole
    }

    fn lay_once(&self, body: &Json, profile: &Profile, scope: &Scope<'_>) -> Json {
        let mut own = body.clone();
        profile.hidden.iter().for_each(|place| path::remove_all(&mut own, place));
        let mut whole = Map::new();
        whole.insert("id".into(), scope.id.clone().into());
        whole.insert("name".into(), shown_name(scope, profile, &own).into());
        if !profile.typeless {
            whole.insert("type".into(), scope.kind.clone().into());
        }
        if let Json::Object(own) = own {
            whole.extend(
                own.into_iter().filter(|(key, _)| !matches!(key.as_str(), "id" | "name" | "type" | "etag" | "eTag")),
            );
        }
        let mut whole = Json::Object(whole);
        if profile.state {
            path::set(&mut whole, "properties.provisioningState", scope.state.clone().into());
        }
        if let Some(map) = whole.as_object_mut() {
            profile.shape.apply(map, scope, self);
            let tells = profile.etag_since.as_ref().is_none_or(|since| scope.version.as_str() >= since.as_str());
            if let Some(etag) = scope.etag.as_deref().filter(|_| tells) {
                map.entry(profile.etag_key.clone()).or_insert_with(|| etag.into());
            }
            let since = profile.system_data_since.as_ref();
            if profile.system_data && since.is_none_or(|since| scope.version.as_str() >= since.as_str()) {
                map.insert("systemData".into(), system_data(scope));
            }
        }
        whole
    }
}

fn shown_name(scope: &Scope<'_>, profile: &Profile, own: &Json) -> String {
    let last = scope.id.rsplit('/').next().unwrap_or_default().to_owned();
    match own.get("name").and_then(Json::as_str) {
        Some(name) if name.eq_ignore_ascii_case(&last) && profile.ids != IdForm::LowerNames => name.to_owned(),
        _ => last,
    }
}

/// The states of children that are worked on, or whose work failed.
fn states(record: &Record, now: i64) -> BTreeMap<String, String> {
    let parts = record.work.keys().filter(|key| !key.is_empty());
    parts.map(|key| (key.clone(), record.state(key, now))).collect()
}

fn system_data(scope: &Scope<'_>) -> Json {
    json!({
        "createdBy": scope.caller,
        "createdByType": "User",
        "createdAt": scope::instant(scope.times.0),
        "lastModifiedBy": scope.caller,
        "lastModifiedByType": "User",
        "lastModifiedAt": scope::instant(scope.times.1),
    })
}

/// Empty lists and maps that were sent are gone from what is shown; those that the service adds stay, and the answer to a
/// PUT still has the maps of listed parts.
fn drop_sent_empties(whole: &mut Json, sent: &Json, answers_put: bool, listed: bool) {
    match (whole, sent) {
        (Json::Object(whole), Json::Object(sent)) => {
            let stays = |key: &str, value: &Json| {
                key == "securityProfile"
                    || answers_put && listed && value.is_object()
                    || !sent.get(key).is_some_and(is_empty)
            };
            whole.retain(|key, value| !is_empty(value) || stays(key, value));
            for (key, value) in whole.iter_mut() {
                if let Some(sent) = sent.get(key) {
                    drop_sent_empties(value, sent, answers_put, listed);
                }
            }
        }
        (Json::Array(whole), Json::Array(sent)) => {
            whole.iter_mut().zip(sent).for_each(|(value, sent)| drop_sent_empties(value, sent, answers_put, true));
        }
        _ => (),
    }
}

fn is_empty(value: &Json) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}
