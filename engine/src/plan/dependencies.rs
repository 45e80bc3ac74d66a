//! Which objects a row will list as its dependencies: what must outlive it. Through junctions, providers, data sources
//! and blocks of rows; many instances of one block are listed as the block. A row of a block lists other rows of that block
//! one by one: the block as a whole would be itself.

use super::items::Source;
use super::walk::Walk;
use formwork_lang::graph::{NodeId, NodeKind};
use formwork_model::{Address, ObjectKind};
use std::collections::BTreeSet;
use std::rc::Rc;

/// From how many instances on the block is listed.
const MANY: usize = 8;

/// Lists of addresses by item.
pub(crate) struct Dependencies {
    needed: Vec<Rc<[Address]>>,
}

impl Dependencies {
    /// Of all items that were visited.
    pub(crate) fn of(walk: &Walk<'_>) -> Self {
        let none: Rc<[Address]> = Rc::from([]);
        let mut needed = vec![Rc::clone(&none); walk.outcomes.len()];
        // What those list who need an item that is no resource: the same as itself.
        for item in walk.visited.iter().copied() {
            let block = resource(walk, item).map(|address| address.block());
            let own = gathered(walk, &walk.needs_of(item), &needed, block.as_ref());
            if let (Some(slot), Some(own)) = (needed.get_mut(item as usize), own) {
                *slot = own;
            }
        }
        Self { needed }
    }

    /// What an item depends on, sorted.
    pub(crate) fn of_item(&self, item: u32) -> &[Address] {
        self.needed.get(item as usize).map_or(&[], |list| list)
    }
}

/// What those list who have these needs, in a block of their own; none where that is nothing.
fn gathered(walk: &Walk<'_>, needs: &[u32], known: &[Rc<[Address]>], block: Option<&Address>) -> Option<Rc<[Address]>> {
    let mut single: Option<&Rc<[Address]>> = None;
    let mut all: BTreeSet<Address> = BTreeSet::new();
    for need in needs {
        match resource(walk, *need) {
            Some(address) => drop(all.insert(address)),
            None => {
                let Some(list) = known.get(*need as usize).filter(|list| !list.is_empty()) else { continue };
                match single {
                    None => single = Some(list),
                    Some(other) if Rc::ptr_eq(other, list) => {}
                    Some(_) => all.extend(list.iter().cloned()),
                }
            }
        }
    }
    if all.is_empty() {
        return single.cloned();
    }
    all.extend(single.into_iter().flat_map(|list| list.iter().cloned()));
    Some(compressed(all, block))
}

/// The address that an item is listed by; none for what things pass through.
fn resource(walk: &Walk<'_>, item: u32) -> Option<Address> {
    if let Some(extra) = walk.extra(item) {
        return Some(extra.address.clone());
    }
    let node = walk.graph.node(NodeId(item))?;
    let NodeKind::Object(object) = &node.kind else { return None };
    if object.kind != ObjectKind::Resource {
        return None;
    }
    // A block of rows is listed as a whole.
    let expands = Source::of_node(item, node).is_some() && walk.outcome(item).draft.is_none();
    Some(if expands && walk.extras.iter().any(|extra| extra.block == item) {
        node.address.block()
    } else {
        node.address.clone()
    })
}

fn compressed(all: BTreeSet<Address>, own: Option<&Address>) -> Rc<[Address]> {
    if all.len() <= MANY {
        return all.into_iter().collect();
    }
    let mut listed: BTreeSet<Address> = BTreeSet::new();
    let mut instances: Vec<Address> = Vec::new();
    for address in all {
        if instances.last().is_some_and(|last| !same_block(last, &address)) {
            flush(&mut instances, &mut listed, own);
        }
        instances.push(address);
    }
    flush(&mut instances, &mut listed, own);
    listed.into_iter().collect()
}

fn flush(instances: &mut Vec<Address>, listed: &mut BTreeSet<Address>, own: Option<&Address>) {
    let block = instances.first().map(Address::block).filter(|block| Some(block) != own);
    match block.filter(|_| instances.len() > MANY) {
        Some(block) => {
            listed.insert(block);
            instances.clear();
        }
        None => listed.extend(instances.drain(..)),
    }
}

fn same_block(one: &Address, other: &Address) -> bool {
    one.module == other.module && one.kind == other.kind && one.name == other.name
}
