//! Who refers to whom: references that must lead somewhere, that keep a resource from going, and that the other side shows.

use super::Arm;
use super::failure::{self, Failure};
use super::id::Id;
use super::path;
use super::profile::{Absent, Profiles, Reference};
use super::record::Record;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What resources show of those that refer to them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Back {
    shown: BTreeMap<String, Vec<Found>>,
}

/// One reference, seen from the other side.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    place: String,
    id: String,
    /// The record that refers, by its key.
    by: String,
}

impl Back {
    /// Takes the references of a record in.
    pub(crate) fn add(&mut self, record: &Record, profiles: &Profiles) {
        for (to, found) in references(record, profiles) {
            self.shown.entry(to).or_default().push(found);
        }
    }

    /// Takes the references of a record out.
    pub(crate) fn remove(&mut self, record: &Record, profiles: &Profiles) {
        let by = record.id.to_lowercase();
        for (to, _) in references(record, profiles) {
            if let Some(found) = self.shown.get_mut(&to) {
                found.retain(|one| one.by != by);
            }
        }
    }

    /// The references to an id.
    pub(crate) fn of(&self, id: &str) -> &[Found] {
        self.shown.get(&id.to_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Found {
    /// Writes the reference where the resource shows it.
    pub(crate) fn show(&self, whole: &mut Json) {
        let entry = json!({"id": self.id});
        let Some(list) = self.place.strip_suffix("[]") else {
            return path::set(whole, &self.place, entry);
        };
        match path::get_mut(whole, list).and_then(Json::as_array_mut) {
            Some(items) => items.push(entry),
            None => path::set(whole, list, json!([entry])),
        }
    }
}

/// What an id leads to.
pub(crate) enum Target {
    /// Nothing.
    Absent,
    /// Something, and the state that it is in while it is worked on.
    There(Option<String>),
}

/// The id that a reference's value holds.
fn referred(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value.get("id").and_then(Json::as_str)).filter(|text| text.starts_with('/'))
}

fn users_id(record: &Record, items: &[(String, String)], upper: bool) -> String {
    let named = items.iter().filter(|(_, name)| !name.is_empty());
    let parts: String = named.map(|(kind, name)| format!("/{kind}/{name}")).collect();
    let text = format!("{}{parts}", record.id);
    if !upper {
        return text;
    }
    let Some(id) = Id::parse(&text) else { return text };
    let pairs: String = id.pairs.iter().map(|(kind, name)| format!("/{kind}/{}", name.to_uppercase())).collect();
    format!("{}/providers/{}{pairs}", id.scope, id.namespace)
}

/// What a record refers to and is shown for there.
fn references(record: &Record, profiles: &Profiles) -> Vec<(String, Found)> {
    let Some(id) = Id::parse(&record.id) else { return Vec::new() };
    let mut all = Vec::new();
    for reference in &profiles.of(&id.type_name()).references {
        let Some(place) = &reference.back else { continue };
        for spot in path::all(&record.body, &reference.at) {
            let Some(to) = referred(spot.value) else { continue };
            let id = users_id(record, &spot.items, reference.upper);
            all.push((to.to_lowercase(), Found { place: place.clone(), id, by: record.id.to_lowercase() }));
        }
    }
    all
}

impl Arm {
    /// What an id leads to.
    pub(crate) fn target(&self, text: &str) -> Target {
        let Some(id) = Id::parse(text) else { return Target::Absent };
        let now = self.clock.now_ms();
        let told =
            |record: &Record, part: &str| Target::There(record.running(part, now).map(|work| work.state.clone()));
        if let Some(found) = self.find(&id) {
            let part = found.part.as_ref().map(super::dress::Part::key).unwrap_or_default();
            return told(&found.record, &part);
        }
        let (Some(parent), Some((kind, name))) = (id.parent(), id.pairs.last()) else { return Target::Absent };
        let Some(found) = self.find(&parent) else { return Target::Absent };
        let own = found.body();
        let items =
            path::get(&own, &format!("properties.{kind}")).and_then(Json::as_array).cloned().unwrap_or_default();
        let named = |item: &Json| path::text(item, "name").is_some_and(|own| own.eq_ignore_ascii_case(name));
        if items.iter().any(named) { told(&found.record, "") } else { Target::Absent }
    }

    /// Checks what a body refers to; `inside` is the list of the parent that the body is an item of.
    pub(crate) fn check_references(&self, id: &Id, body: &Json, references: &[Reference]) -> Result<(), Failure> {
        if self.relaxed {
            return Ok(());
        }
        let own = id.key();
        for reference in references.iter().filter(|reference| reference.absent != Absent::Fine) {
            for spot in path::all(body, &reference.at) {
                let Some(to) = referred(spot.value) else { continue };
                let key = to.to_lowercase();
                if key == own
                    || key.starts_with(&format!("{own}/"))
                    || key.starts_with(&format!("{}/", id.root().key()))
                {
                    continue;
                }
                match (self.target(to), reference.absent) {
                    (Target::Absent, Absent::Invalid) => return Err(failure::invalid_reference(to, id)),
                    (Target::Absent, _) => return Err(failure::reference_missing(to)),
                    (Target::There(Some(state)), Absent::Invalid) if state != "Succeeded" => {
                        return Err(failure::not_provisioned(to, id, &state));
                    }
                    (Target::There(_), _) => (),
                }
            }
        }
        Ok(())
    }

    /// The references of a type: its own, and those that its parent's profile declares for the list it lies in.
    pub(crate) fn references_of(&self, kind: &str) -> Vec<Reference> {
        let profile = self.profiles.of(kind);
        let mut references = profile.references.clone();
        if let (Some(embedded), Some((parent, _))) = (&profile.embedded, kind.rsplit_once('/')) {
            let prefix = format!("{}[].", embedded.at);
            let inside = self.profiles.of(parent).references.iter();
            references.extend(inside.filter_map(|reference| {
                let at = reference.at.strip_prefix(&prefix)?.to_owned();
                Some(Reference { at, ..reference.clone() })
            }));
        }
        references
    }

    /// Somebody who still uses a resource: who, and which id it is that is used.
    pub(crate) fn user_of(&self, id: &Id) -> Option<(String, String)> {
        let own = id.key();
        let below = format!("{own}/");
        for record in self.records("") {
            let Some(other) = Id::parse(&record.id) else { continue };
            let key = record.id.to_lowercase();
            if key == own || key.starts_with(&below) {
                continue;
            }
            let profile = self.profiles.of(&other.type_name());
            for reference in profile.references.iter().filter(|reference| !reference.loose) {
                for spot in path::all(&record.body, &reference.at) {
                    let Some(to) = referred(spot.value) else { continue };
                    let used = to.to_lowercase();
                    if used == own || used.starts_with(&below) {
                        return Some((users_id(&record, &spot.items, false), to.to_owned()));
                    }
                }
            }
        }
        None
    }
}
