//! Replacements that cannot go well: an object is deleted first, of a type that the service does not delete while others use
//! it, and others stay that do.

use super::Action;
use super::items::{Draft, Subject};
use super::problem::Problem;
use super::walk::Walk;
use formwork_model::Address;
use std::collections::BTreeSet;

impl Walk<'_> {
    /// Says so before it is tried.
    pub(super) fn warn_of_held(&mut self) {
        let replaced: Vec<u32> = self.drafts.iter().filter_map(|draft| self.makes_room(draft)).collect();
        if replaced.is_empty() {
            return;
        }
        let deletes = |draft: &Draft| (draft.action == Action::Delete).then_some(draft.row).flatten();
        let deleted: BTreeSet<u32> = self.drafts.iter().filter_map(deletes).collect();
        for item in replaced {
            let Some(source) = self.source(item) else { continue };
            if !self.kind(&source).is_some_and(|kind| kind.schema.held_by_users) {
                continue;
            }
            let users = self.staying_users(source.address(), &source.type_name().provider, &deleted);
            if !users.is_empty() {
                self.report(&Problem::Held { address: source.address().clone(), users }, Some(source.span()));
            }
        }
    }

    /// The item of a new object that comes after the old one is gone.
    fn makes_room(&self, draft: &Draft) -> Option<u32> {
        let Subject::Item(item) = draft.subject else { return None };
        (draft.action == Action::Create && draft.counterpart.is_some() && !self.creates_first(item)).then_some(item)
    }

    /// Objects of the same provider that depend on an object and are not deleted themselves.
    fn staying_users(&self, address: &Address, provider: &str, deleted: &BTreeSet<u32>) -> Vec<Address> {
        let block = address.block();
        let rows = &self.memory.rows;
        let uses = rows.all().filter(|(number, held)| {
            held.exists()
                && !deleted.contains(number)
                && held.row.type_name.provider == *provider
                && rows.dependencies(&held.row).any(|needed| needed == address || *needed == block)
        });
        uses.map(|(_, held)| held.row.key.address.clone()).collect()
    }
}
