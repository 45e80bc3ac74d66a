//! Rows that nothing in the graph stands for: their block or key is gone, they were replaced, or all is destroyed.

use super::items::{Standing, Subject};
use super::problem::Problem;
use super::rows::Observed;
use super::walk::Walk;
use super::{Action, Reason};
use formwork_lang::graph::Deferred;
use formwork_model::{Address, ModulePath};
use formwork_state::record::Role;
use std::collections::HashSet;

/// Blocks that are still there, though not all of their instances are known.
pub(crate) struct Waiting {
    blocks: HashSet<Address>,
    modules: HashSet<ModulePath>,
    /// As expressions name them.
    names: HashSet<Address>,
}

impl Waiting {
    pub(crate) fn new(deferred: &[Deferred]) -> Self {
        let blocks = deferred.iter().filter(|deferred| !deferred.is_module).map(|deferred| deferred.address.block());
        let call = |deferred: &Deferred| deferred.address.module.child(deferred.address.name.clone(), None);
        let modules = deferred.iter().filter(|deferred| deferred.is_module);
        Self {
            blocks: blocks.collect(),
            // A call is named by a path whose last step is the call, or by an address whose name is the call's.
            modules: modules.flat_map(|deferred| [deferred.address.module.clone(), call(deferred)]).collect(),
            names: deferred.iter().map(|deferred| deferred.address.clone()).collect(),
        }
    }

    /// Whether an expression that refers to this address has to wait.
    pub(crate) fn names(&self, address: &Address) -> bool {
        !self.names.is_empty() && (self.names.contains(address) || self.covers(address))
    }

    /// Whether an object may belong to a block that waits.
    fn covers(&self, address: &Address) -> bool {
        if self.blocks.is_empty() && self.modules.is_empty() {
            return false;
        }
        let steps = &address.module.0;
        let called = (1..=steps.len()).any(|depth| {
            let mut path: Vec<_> = steps.iter().take(depth).cloned().collect();
            if let Some(last) = path.last_mut() {
                last.key = None;
            }
            self.modules.contains(&ModulePath(path.into_iter().collect()))
        });
        called || self.blocks.contains(&address.block())
    }
}

impl Walk<'_> {
    /// Plans what becomes of rows that no item stands for. Where the plan has failed already, only tells which of them must
    /// not be destroyed.
    pub(crate) fn orphans(&mut self) {
        let has_failed = !self.problems.is_empty();
        let mut blocks: Option<HashSet<Address>> = None;
        for number in 0..self.memory.rows.len() {
            let Some(held) = self.memory.rows.get(number).filter(|held| !held.dropped).cloned() else { continue };
            let address = &held.row.key.address;
            let item = self.item(address).or_else(|| self.expanding_block(address));
            let replaced = held.row.role != Role::Current || self.memory.rows.current(address) != Some(number);
            if self.request.options.refresh_only || !self.is_row_selected(number, item) {
                continue;
            }
            if replaced && item.is_some() && !self.request.options.destroy && self.is_doubtful(address) {
                // Whether there is anything in its place is not certain.
                continue;
            }
            if replaced {
                self.delete_orphan(
                    number,
                    if item.is_some() { Reason::Deposed } else { Reason::BlockRemoved },
                    has_failed,
                );
            } else if self.request.options.destroy {
                self.delete_orphan(number, Reason::Destroy, has_failed);
            } else if self.item(address).is_none() {
                let kept = item.is_some_and(|item| {
                    matches!(self.outcome(item).standing, Standing::Blocked | Standing::Failed | Standing::Waiting)
                });
                if kept || self.waiting.covers(address) {
                    continue;
                }
                let graph = self.graph;
                let blocks =
                    blocks.get_or_insert_with(|| graph.nodes.iter().map(|node| node.address.block()).collect());
                let has_block = blocks.contains(&address.block());
                self.delete_orphan(
                    number,
                    if has_block { Reason::KeyRemoved } else { Reason::BlockRemoved },
                    has_failed,
                );
            }
        }
    }

    /// Whether it cannot be told that the object that an address means exists.
    fn is_doubtful(&self, address: &Address) -> bool {
        let current = self.memory.rows.current(address).and_then(|current| self.memory.rows.get(current));
        current.is_some_and(|current| current.uncertain().is_some())
    }

    fn delete_orphan(&mut self, number: u32, reason: Reason, has_failed: bool) {
        let Some(held) = self.memory.rows.get(number) else { return };
        if !held.exists() || held.observed == Observed::Failed {
            return;
        }
        let row = held.row.clone();
        let address = row.key.address.clone();
        if let Some(why) = held.uncertain() {
            let problem = Problem::Uncertain { address, reason: why.to_owned() };
            return self.report(&problem, None);
        }
        if let Some(problem) = self.protection(number, &address, reason) {
            let span = self.item(&address).and_then(|item| self.source(item)).map(|source| source.span());
            return self.report(&problem, span);
        }
        if has_failed {
            return;
        }
        if row.lifecycle.retain && reason != Reason::Deposed {
            return self.forget(number, Reason::Retained);
        }
        self.draft_delete(number, reason);
    }

    /// Why an object must not be destroyed.
    fn protection(&self, number: u32, address: &Address, reason: Reason) -> Option<Problem> {
        if reason == Reason::Deposed {
            return None;
        }
        let block = self.item(address).and_then(|item| self.source(item));
        match block {
            Some(block) => {
                let protected = block.decorators().protect;
                protected.then(|| Problem::Protected { address: address.clone(), replaced: false, paths: Vec::new() })
            }
            None => {
                let protected = self.memory.rows.get(number)?.row.lifecycle.protect;
                protected.then(|| Problem::ProtectedBlockGone { address: address.clone() })
            }
        }
    }

    fn forget(&mut self, number: u32, reason: Reason) {
        let Some(through) = self.through_of_row(number) else { return };
        let draft = self.draft(Subject::Row(number), Action::Forget, reason, through);
        self.fill_row(draft, number);
    }

    /// The delete of a row's object; none where it cannot be reached, which is reported, and where it is forgotten.
    pub(crate) fn draft_delete(&mut self, number: u32, reason: Reason) -> Option<u32> {
        let through = self.through_of_row(number)?;
        let instance = self.instance_of_row(number);
        if instance.is_some_and(|instance| instance.failed) {
            return None;
        }
        if instance.is_some_and(|instance| instance.forgets || instance.forgets_old) {
            self.forget(number, reason);
            return None;
        }
        let draft = self.draft(Subject::Row(number), Action::Delete, reason, through);
        self.fill_row(draft, number);
        Some(draft)
    }

    fn fill_row(&mut self, draft: u32, number: u32) {
        let Some(held) = self.memory.rows.get(number) else { return };
        let prior = self.values.push(held.row.values.view());
        if let Some(draft) = self.drafts.get_mut(draft as usize) {
            draft.row = Some(number);
            draft.prior = Some(prior);
        }
    }
}
