//! What a service adds to what was sent: a type's shape, read from its profile, and how it is laid over a body.
//!
//! A shape is a tree of names and values. A name may carry words behind it: `?` (only inside an object that is there),
//! `[]` (each item of a list), `{}` (each value of a map), `sub` (each item is a named part with id, etag, type and state;
//! `sub=x` where the part's collection is called otherwise in ids), `^` (not before creation is over), `^^` (not in the
//! answer to a PUT), `@VERSION` (from this API version on), `<VERSION` (before it), `born@VERSION` and `born<VERSION` (for
//! resources that were created under such a version), `if=path:value`, `unless=path:value`, `lists=path:word` (a text that lists the word: `A, B`), `has=path`, `no=path`, `sent=path`, `unsent=path`,
//! `listed` (only in lists), `single` (only where one is asked for), `always`
//! (replaces what was sent). A text value may hold `{words}`, see [`Scope::expand`]. `$type` as the only value of a list
//! names another type's profile.

use super::path;
use super::profile::Profiles;
use super::scope::Scope;
use serde_json::{Map, Value as Json};

/// The additions to an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    name: String,
    place: Place,
    guard: Guard,
    always: bool,
    value: Filling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The value is made where it is absent.
    Here,
    /// Only what is there is filled.
    Present,
    /// Each item of a list that is there.
    Items,
    /// Each value of a map that is there.
    Values,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Guard {
    since: Option<String>,
    before: Option<String>,
    born_since: Option<String>,
    born_before: Option<String>,
    settled: Settled,
    conditions: Vec<Condition>,
    part: Option<String>,
    /// Only in lists, or only where one resource is asked for.
    listed: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Settled {
    #[default]
    Always,
    AfterCreation,
    NotInPut,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    Is(String, String),
    Lists(String, String),
    IsNot(String, String),
    Has(String),
    HasNot(String),
    Sent(String),
    Unsent(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Filling {
    Object(Shape),
    Value(Json),
    Type(String),
}

impl Shape {
    /// Reads a shape from its declaration.
    pub(crate) fn parse(declared: &Map<String, Json>) -> Self {
        Self { fields: declared.iter().map(|(key, value)| Field::parse(key, value)).collect() }
    }

    /// Lays the shape over a body, and takes out what this view does not show.
    pub(crate) fn apply(&self, body: &mut Map<String, Json>, scope: &Scope<'_>, profiles: &Profiles) {
        for field in &self.fields {
            field.apply(body, scope, profiles);
        }
    }
}

impl Field {
    fn parse(key: &str, value: &Json) -> Self {
        let mut words = key.split(' ').filter(|word| !word.is_empty());
        let name = words.next().unwrap_or_default();
        let place = match name {
            name if name.ends_with("[]") => Place::Items,
            name if name.ends_with("{}") => Place::Values,
            name if name.ends_with('?') => Place::Present,
            _ => Place::Here,
        };
        let name = name.trim_end_matches(['[', ']', '{', '}', '?']).to_owned();
        let mut guard = Guard::default();
        let mut always = false;
        for word in words {
            always |= word == "always";
            guard.read(word, &name);
        }
        Self { value: Filling::parse(value, place), name, place, guard, always }
    }

    fn apply(&self, body: &mut Map<String, Json>, scope: &Scope<'_>, profiles: &Profiles) {
        if !self.guard.holds(scope, body) {
            if self.guard.hides(scope) {
                body.shift_remove(&self.name);
            }
            return;
        }
        let inner = scope.below(&self.name);
        match (self.place, body.get_mut(&self.name)) {
            (Place::Items, Some(Json::Array(items))) => self.items(items, &inner, profiles),
            (Place::Values, Some(Json::Object(map))) => {
                for (key, value) in map.iter_mut() {
                    self.fill(value, &inner.item(&self.name, key), profiles);
                }
            }
            (Place::Here | Place::Present, Some(value)) if !value.is_null() && !self.always => {
                self.fill(value, &inner, profiles);
            }
            (Place::Here, _) => {
                let mut value = self.value.fresh(&inner);
                self.fill(&mut value, &inner, profiles);
                body.insert(self.name.clone(), value);
            }
            (Place::Items | Place::Values | Place::Present, _) => (),
        }
    }

    fn items(&self, items: &mut [Json], scope: &Scope<'_>, profiles: &Profiles) {
        for (at, item) in items.iter_mut().enumerate() {
            let name = item.get("name").and_then(Json::as_str).map_or_else(|| at.to_string(), str::to_owned);
            let part = self.guard.part.as_deref().unwrap_or(&self.name);
            if let Filling::Type(kind) = &self.value {
                profiles.dress_embedded(item, scope, kind, part, &name);
                continue;
            }
            let inner = scope.item(part, &name);
            if self.guard.part.is_some() {
                dress_part(item, &inner, part, &name);
            }
            self.fill(item, &inner, profiles);
            if self.guard.part.is_some() {
                let id = format!("{}/{part}/{name}", scope.id());
                scope.back.of(&id).iter().for_each(|found| found.show(item));
            }
        }
    }

    fn fill(&self, value: &mut Json, scope: &Scope<'_>, profiles: &Profiles) {
        if let (Filling::Object(shape), Json::Object(map)) = (&self.value, value) {
            shape.apply(map, scope, profiles);
        }
    }
}

/// A named part of a resource: it has an id below the resource's, its etag and its state.
fn dress_part(item: &mut Json, scope: &Scope<'_>, part: &str, name: &str) {
    let Some(map) = item.as_object_mut() else { return };
    map.insert("id".into(), format!("{}/{part}/{name}", scope.id()).into());
    map.insert("type".into(), format!("{}/{part}", scope.type_name()).into());
    if let Some(etag) = scope.etag() {
        map.insert("etag".into(), etag.into());
    }
    let properties = map.entry("properties").or_insert_with(|| Json::Object(Map::new()));
    path::set(properties, "provisioningState", scope.part_state().into());
}

impl Filling {
    fn parse(value: &Json, place: Place) -> Self {
        match value {
            Json::String(kind) if place == Place::Items && kind.starts_with('$') => {
                Self::Type(kind.trim_start_matches('$').to_owned())
            }
            Json::Object(map) => Self::Object(Shape::parse(map)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Self::Value(value.clone())
            }
        }
    }

    fn fresh(&self, scope: &Scope<'_>) -> Json {
        match self {
            Self::Object(_) => Json::Object(Map::new()),
            Self::Value(value) => scope.expand_all(value),
            Self::Type(_) => Json::Null,
        }
    }
}

impl Guard {
    fn read(&mut self, word: &str, name: &str) {
        let condition = |text: &str| -> (String, String) {
            let (path, value) = text.split_once(':').unwrap_or((text, ""));
            (path.to_owned(), value.to_owned())
        };
        let versions = [
            ("born@", &mut self.born_since),
            ("born<", &mut self.born_before),
            ("@", &mut self.since),
            ("<", &mut self.before),
        ];
        for (mark, slot) in versions {
            if let Some(version) = word.strip_prefix(mark) {
                *slot = Some(version.to_owned());
                return;
            }
        }
        match word.split_once('=').unwrap_or((word, "")) {
            ("^", _) => self.settled = Settled::AfterCreation,
            ("^^", _) => self.settled = Settled::NotInPut,
            ("sub", "") => self.part = Some(name.to_owned()),
            ("sub", part) => self.part = Some(part.to_owned()),
            ("if", text) => self.conditions.push({
                let (path, value) = condition(text);
                Condition::Is(path, value)
            }),
            ("lists", text) => self.conditions.push({
                let (path, word) = condition(text);
                Condition::Lists(path, word)
            }),
            ("unless", text) => self.conditions.push({
                let (path, value) = condition(text);
                Condition::IsNot(path, value)
            }),
            ("has", path) => self.conditions.push(Condition::Has(path.to_owned())),
            ("sent", path) => self.conditions.push(Condition::Sent(path.to_owned())),
            ("unsent", path) => self.conditions.push(Condition::Unsent(path.to_owned())),
            ("listed", "") => self.listed = Some(true),
            ("single", "") => self.listed = Some(false),
            ("no", path) => self.conditions.push(Condition::HasNot(path.to_owned())),
            _ => (),
        }
    }

    /// The view is too old for this: it is not shown even where it was sent.
    fn hides(&self, scope: &Scope<'_>) -> bool {
        let version = scope.version();
        self.since.as_deref().is_some_and(|since| version < since)
    }

    fn is_settled(&self, scope: &Scope<'_>) -> bool {
        match self.settled {
            Settled::Always => true,
            Settled::AfterCreation => !scope.creating(),
            Settled::NotInPut => !scope.creating() && !scope.answers_put(),
        }
    }

    fn holds(&self, scope: &Scope<'_>, body: &Map<String, Json>) -> bool {
        let born = scope.born();
        let born_well = self.born_since.as_deref().is_none_or(|since| born >= since)
            && self.born_before.as_deref().is_none_or(|before| born < before);
        let new_enough = self.before.as_deref().is_none_or(|before| scope.version() < before);
        !self.hides(scope)
            && new_enough
            && born_well
            && self.is_settled(scope)
            && self.listed.is_none_or(|listed| listed == scope.listed())
            && self.conditions.iter().all(|condition| condition.holds(scope, body))
    }
}

impl Condition {
    /// A path is looked at from the resource's root; one that begins with a dot from the object at hand.
    fn holds(&self, scope: &Scope<'_>, body: &Map<String, Json>) -> bool {
        let look = |place: &str| match place.strip_prefix('.') {
            Some(name) => body.get(name).cloned(),
            None => scope.look(place).cloned(),
        };
        match self {
            Self::Is(path, value) => look(path).is_some_and(|found| same(&found, value)),
            Self::Lists(path, word) => look(path).is_some_and(|found| {
                let words = found.as_str().unwrap_or_default().split(',');
                words.map(str::trim).any(|found| found.eq_ignore_ascii_case(word))
            }),
            Self::IsNot(path, value) => !look(path).is_some_and(|found| same(&found, value)),
            Self::Has(path) => look(path).is_some_and(|found| !found.is_null()),
            Self::HasNot(path) => look(path).is_none_or(|found| found.is_null()),
            Self::Sent(path) => path::get(scope.sent, path).is_some(),
            Self::Unsent(path) => path::get(scope.sent, path).is_none(),
        }
    }
}

fn same(found: &Json, value: &str) -> bool {
    let one = |value: &str| match found {
        Json::String(text) => text.eq_ignore_ascii_case(value),
        Json::Array(items) => items.is_empty() == (value == "[]"),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => *value == *found.to_string(),
    };
    value.split('|').any(one)
}
