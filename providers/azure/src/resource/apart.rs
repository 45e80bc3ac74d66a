//! Children that a parent's config lists (a route table's `routes`) and that are objects of their own, too: the parent's update
//! takes away what it does not list, and the next plan makes it again.

use crate::arm::ResourceId;
use crate::resource::{ArmType, Scope, path};
use crate::session::Session;
use crate::validate::{Findings, items, text};
use formwork_model::{Address, AttributePath, Map, Value, ValueRef};
use formwork_provider_api::PlanRequest;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What parents list, by the parent (its id or its address) and the vendor path.
type Parents = HashMap<(String, String), Children>;

/// What parents list, as far as this connection has planned them.
#[derive(Default)]
pub(crate) struct Listed(Mutex<Parents>);

impl Listed {
    fn parents(&self) -> MutexGuard<'_, Parents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one parent lists.
#[derive(Clone)]
struct Children {
    owner: Address,
    attribute: &'static str,
    /// Their names in lower case; none where one is not known yet.
    names: Option<BTreeSet<String>>,
    /// What is not listed stays (the pools of a cluster).
    spares_others: bool,
}

impl ArmType {
    /// Remembers the children that a config lists. Parents are planned before what refers to them.
    pub(super) fn note_children(&self, session: &Session, request: &PlanRequest, planned: &Map) {
        for name in self.children.iter().chain(self.named_children).copied() {
            let Some(place) = self.schema.attribute(name).and_then(|attribute| path::of_attribute(self, attribute))
            else {
                continue;
            };
            let children = self.children_of(request, name);
            let id = planned.get("id").and_then(Value::as_str).and_then(ResourceId::parse);
            let mut parents = session.listed.parents();
            for key in id.map(|id| id.key()).into_iter().chain([request.address.to_string()]) {
                let key = (key, place.to_string());
                match &children {
                    Some(children) => drop(parents.insert(key, children.clone())),
                    None => drop(parents.remove(&key)),
                }
            }
        }
    }

    /// The children in an attribute; none where the config says nothing of them.
    fn children_of(&self, request: &PlanRequest, attribute: &'static str) -> Option<Children> {
        let config = request.config.view();
        let said = config.get(attribute).map(ValueRef::exposed).filter(|said| !said.is_null())?;
        let known: BTreeSet<String> =
            items(config, attribute).filter_map(|(_, item)| text(item, "name").map(str::to_lowercase)).collect();
        let are_all_known = !said.is_unknown() && known.len() == said.items().count();
        Some(Children {
            owner: request.address.clone(),
            attribute,
            names: are_all_known.then_some(known),
            spares_others: !self.children.contains(&attribute),
        })
    }

    /// Says where a child's parent lists its children itself.
    pub(super) fn check_apart(&self, session: &Session, request: &PlanRequest, findings: &mut Findings) {
        let (Scope::Child(parent), Some(place)) = (self.scope, self.listing.place()) else { return };
        let config = request.config.view();
        let Some(key) = config.get(parent).and_then(referred) else { return };
        let parents = session.listed.parents();
        let Some(children) = parents.get(&(key, place.to_owned())) else { return };
        let name = text(config, "name").map(str::to_lowercase);
        let is_listed = children.names.as_ref().zip(name).map(|(names, name)| names.contains(&name));
        children.tell(parent, is_listed, findings);
    }
}

impl Children {
    /// A child of its own is there; whether its parent lists it, too, where that can be told.
    fn tell(&self, parent: &'static str, is_listed: Option<bool>, findings: &mut Findings) {
        let Self { owner, attribute, .. } = self;
        let at = AttributePath::member(parent);
        let apart = format!("write it into `{attribute}` of `{owner}` alone, or leave `{attribute}` out there");
        match is_listed {
            Some(true) => {
                let message =
                    format!("`{owner}` has it in its `{attribute}`, too: each undoes what the other one changes");
                findings.error(at, message, format!("keep it in one of the two places: {apart}"));
            }
            Some(false) | None if self.spares_others => {}
            Some(false) => {
                let message = format!(
                    "`{owner}` lists all that it has in `{attribute}`, and not this one: its next update would take it away, \
                     and the plan after that would make it again"
                );
                findings.error(at, message, apart);
            }
            None => {
                let message =
                    format!("`{owner}` lists all that it has in `{attribute}`: what is not in it is taken away");
                findings.warning(at, message, apart);
            }
        }
    }
}

/// The parent that a value refers to: its id, or the address of what is not made yet.
fn referred(value: ValueRef<'_>) -> Option<String> {
    if let Some(id) = value.exposed().as_str() {
        return ResourceId::parse(id).map(|id| id.key());
    }
    let mut address = None;
    value.to_value().each_attribute(&mut |object, _| {
        address.get_or_insert_with(|| object.to_string());
    });
    address
}
