//! What a plan changes, path by path.

use crate::semantic::{given, keyed, same};
use formwork_model::schema::{Attribute, AttributeType, Equality, ResourceSchema};
use formwork_model::{AttributePath, Step, ValueBuf, ValueRef, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One path whose value changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Where. An item of a list that has element keys is named by its key: `rules["http"].port`. A set, and a list in
    /// which order does not count, is one path.
    pub path: AttributePath,
    /// What there is; none for absent.
    pub before: Option<ValueBuf>,
    /// What it will be; none for absent.
    pub after: Option<ValueBuf>,
    /// The object must be replaced for it, by schema.
    pub forces_replacement: bool,
}

/// Every path at which `planned` does not mean the same as `prior`, in the schema's order. Write-only attributes are
/// not compared here: the engine compares their digests.
#[must_use]
pub fn differences(schema: &ResourceSchema, prior: ValueRef<'_>, planned: ValueRef<'_>) -> Vec<Difference> {
    if prior.as_bytes() == planned.as_bytes() {
        return Vec::new();
    }
    let mut walk = Walk { found: Vec::new(), can_update: schema.capabilities.update };
    walk.fields(schema.attributes, prior, planned, &Place { path: AttributePath::root(), ..Place::default() });
    walk.found
}

/// Where the walk is, and what holds for everything below.
#[derive(Clone, Default)]
struct Place {
    path: AttributePath,
    create_only: bool,
    settable: bool,
    secret: bool,
}

impl Place {
    fn then(&self, step: Step) -> Self {
        Self { path: self.path.then(step), ..self.clone() }
    }
}

struct Walk {
    found: Vec<Difference>,
    can_update: bool,
}

type Sides<'a> = (Option<ValueRef<'a>>, Option<ValueRef<'a>>);

impl Walk {
    fn fields(&mut self, attributes: &[Attribute], prior: ValueRef<'_>, planned: ValueRef<'_>, place: &Place) {
        for attribute in attributes.iter().filter(|attribute| !attribute.write_only) {
            let sides = (given(prior, attribute.name), given(planned, attribute.name));
            if same(attribute, sides.0, sides.1) {
                continue;
            }
            let mut place = place.then(Step::Member(attribute.name.into()));
            place.create_only |= attribute.create_only;
            place.settable = attribute.is_settable();
            place.secret |= attribute.secret;
            self.of_type(attribute, &attribute.ty, sides, &place);
        }
    }

    /// Goes further down while both sides have the same shape and nothing secret is opened.
    fn of_type(&mut self, attribute: &Attribute, ty: &AttributeType, sides: Sides<'_>, place: &Place) {
        let (Some(before), Some(after)) = sides else { return self.add(sides, place) };
        match (ty, before.view(), after.view()) {
            _ if place.secret => self.add(sides, place),
            (AttributeType::Object(fields), View::Map(_), View::Map(_)) => self.fields(fields, before, after, place),
            (AttributeType::Map(entry), View::Map(_), View::Map(_)) => {
                self.entries(attribute, entry, before, after, place);
            }
            (AttributeType::List(item), View::List(_), View::List(_)) if attribute.equality != Equality::Unordered => {
                self.items(attribute, item, before, after, place);
            }
            (AttributeType::Any | AttributeType::SameAs(_), View::Map(_), View::Map(_)) => {
                self.entries(attribute, ty, before, after, place);
            }
            (AttributeType::Any | AttributeType::SameAs(_), View::List(one), View::List(other))
                if one.len() == other.len() =>
            {
                self.by_index(attribute, ty, before, after, place);
            }
            _ => self.add(sides, place),
        }
    }

    fn entries(
        &mut self,
        attribute: &Attribute,
        ty: &AttributeType,
        before: ValueRef<'_>,
        after: ValueRef<'_>,
        place: &Place,
    ) {
        let keys: BTreeSet<&str> = before.entries().chain(after.entries()).map(|(key, _)| key).collect();
        for key in keys {
            let sides = (before.get(key), after.get(key));
            self.part(attribute, ty, sides, &place.then(Step::Key(key.into())));
        }
    }

    fn items(
        &mut self,
        attribute: &Attribute,
        item: &AttributeType,
        before: ValueRef<'_>,
        after: ValueRef<'_>,
        place: &Place,
    ) {
        match (keyed(attribute, before), keyed(attribute, after)) {
            (Some(one), Some(other)) => {
                let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                for key in keys {
                    let sides = (one.get(key).copied(), other.get(key).copied());
                    self.part(attribute, item, sides, &place.then(Step::Key(key.as_str().into())));
                }
            }
            _ => self.by_index(attribute, item, before, after, place),
        }
    }

    fn by_index(
        &mut self,
        attribute: &Attribute,
        item: &AttributeType,
        before: ValueRef<'_>,
        after: ValueRef<'_>,
        place: &Place,
    ) {
        let (mut one, mut other) = (before.items(), after.items());
        for index in 0..one.len().max(other.len()) {
            let step = Step::Index(u32::try_from(index).unwrap_or(u32::MAX));
            self.part(attribute, item, (one.next(), other.next()), &place.then(step));
        }
    }

    /// One entry or item, unless both sides mean the same.
    fn part(&mut self, attribute: &Attribute, ty: &AttributeType, sides: Sides<'_>, place: &Place) {
        let alone = Attribute { ty: *ty, element_keys: &[], ..*attribute };
        if !same(&alone, sides.0, sides.1) {
            self.of_type(&alone, ty, sides, place);
        }
    }

    fn add(&mut self, (before, after): Sides<'_>, place: &Place) {
        let owned = |value: ValueRef<'_>| if place.secret { masked(value) } else { value.to_buf() };
        self.found.push(Difference {
            path: place.path.clone(),
            before: before.map(owned),
            after: after.map(owned),
            forces_replacement: place.settable && (place.create_only || !self.can_update),
        });
    }
}

fn masked(value: ValueRef<'_>) -> ValueBuf {
    ValueBuf::from(value.to_value().secret())
}
