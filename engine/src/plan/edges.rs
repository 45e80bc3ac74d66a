//! The order of operations: creates and updates after what they need, deletes the other way round.
//!
//! Vertices are drafts, and points that many edges pass through; edges stay linear in what the graph and the rows list.

use super::Action;
use super::dependencies::Dependencies;
use super::items::{Draft, Subject, Through};
use super::walk::Walk;
use crate::order::{Adjacency, Edge, Strength, without_circles};
use formwork_model::Address;
use formwork_state::record::{Role, Row};
use std::collections::{BTreeMap, HashMap};

/// Drafts with what each waits for.
pub(crate) struct Arranged {
    /// For each draft the vertices before it: drafts, and junctions behind them.
    pub(crate) before: Vec<Vec<u32>>,
    /// Junctions that remain, numbered behind the drafts: by what they stand for, with what they wait for.
    pub(crate) junctions: Vec<(Address, Vec<u32>)>,
    /// For each provider's item what must be done before it can be configured.
    pub(crate) providers: BTreeMap<u32, Vec<u32>>,
}

/// The vertices before and between drafts.
struct Points {
    drafts: u32,
    items: u32,
    /// Points of deletes: blocks that rows depend on, twice each.
    blocks: Vec<Address>,
}

impl Points {
    const fn count(&self) -> usize {
        self.drafts as usize + self.items as usize + self.blocks.len()
    }

    const fn of_item(&self, item: u32) -> u32 {
        self.drafts + item
    }

    fn add_block(&mut self, block: &Address) -> u32 {
        self.blocks.push(block.clone());
        self.drafts + self.items + self.blocks.len() as u32 - 1
    }
}

impl Walk<'_> {
    /// Orders the drafts.
    pub(crate) fn arrange(&self, dependencies: &Dependencies) -> Arranged {
        let items = self.outcomes.len() as u32;
        let mut points = Points { drafts: self.drafts.len() as u32, items, blocks: Vec::new() };
        let mut edges = Vec::new();
        self.config_edges(&points, &mut edges);
        self.replacement_edges(&mut edges);
        self.delete_edges(dependencies, &mut points, &mut edges);
        self.opening_edges(&mut edges);
        let weak = edges.iter().any(|edge| edge.strength != Strength::Needed);
        let edges = if weak { without_circles(points.count(), edges) } else { edges };
        self.condense(&points, &edges)
    }

    /// The vertex that stands for an item.
    fn vertex(&self, points: &Points, item: u32) -> u32 {
        self.outcome(item).draft.unwrap_or_else(|| points.of_item(item))
    }

    fn config_edges(&self, points: &Points, edges: &mut Vec<Edge>) {
        for item in 0..points.items {
            let vertex = self.vertex(points, item);
            for need in self.needs_of(item) {
                let before = self.vertex(points, need);
                edges.push(Edge { vertex, before, strength: Strength::Needed });
            }
        }
        // The block of rows is done when they are.
        for (item, extra) in (self.graph.nodes.len() as u32..).zip(&self.extras) {
            let (vertex, before) = (self.vertex(points, extra.block), self.vertex(points, item));
            edges.push(Edge { vertex, before, strength: Strength::Needed });
        }
    }

    /// Old before new, or new before old.
    fn replacement_edges(&self, edges: &mut Vec<Edge>) {
        for (number, draft) in (0_u32..).zip(&self.drafts) {
            if draft.action != Action::Create {
                continue;
            }
            let Subject::Item(item) = draft.subject else { continue };
            let Some(delete) = draft.counterpart else { continue };
            let first = self.creates_first(item);
            let (vertex, before) = if first { (delete, number) } else { (number, delete) };
            edges.push(Edge { vertex, before, strength: Strength::Needed });
        }
        self.deposed_edges(edges);
        // An object whose delete had begun makes room for the new one of its address.
        for (number, draft) in (0_u32..).zip(&self.drafts) {
            let Some(held) = deleted_row(draft).and_then(|row| self.memory.rows.get(row)) else { continue };
            let create = self.item(&held.row.key.address).and_then(|item| self.outcome(item).draft);
            let creates = create
                .filter(|create| self.drafts.get(*create as usize).is_some_and(|draft| draft.action == Action::Create));
            if let Some(vertex) = creates
                && draft.counterpart.is_none()
                && held.row.role == Role::Deleting
            {
                edges.push(Edge { vertex, before: number, strength: Strength::Needed });
            }
        }
    }

    /// An object that was replaced stays until the one in its place is as wanted: its create may have failed half-way. Where
    /// the new one need not come first, the old one makes room for it.
    fn deposed_edges(&self, edges: &mut Vec<Edge>) {
        for (number, draft) in (0_u32..).zip(&self.drafts) {
            let held = deleted_row(draft).and_then(|row| self.memory.rows.get(row));
            let Some(held) = held.filter(|held| held.row.role == Role::Deposed && draft.counterpart.is_none()) else {
                continue;
            };
            let Some(item) = self.item(&held.row.key.address) else { continue };
            let Some(change) = self.changes_of(&held.row.key.address) else { continue };
            let makes_room = self.drafts.get(change as usize).is_some_and(|draft| draft.action == Action::Create)
                && !self.creates_first(item);
            let (vertex, before) = if makes_room { (change, number) } else { (number, change) };
            edges.push(Edge { vertex, before, strength: Strength::LetGo });
        }
    }

    /// An object is deleted after those that depend on it, as they are recorded; and where all is destroyed, as the sources
    /// say too, unless what is recorded contradicts: a row may have been written before anybody knew.
    fn delete_edges(&self, dependencies: &Dependencies, points: &mut Points, edges: &mut Vec<Edge>) {
        let mut by_address: HashMap<&Address, Vec<u32>> = HashMap::new();
        for (number, draft) in (0_u32..).zip(&self.drafts) {
            if let Some(held) = deleted_row(draft).and_then(|row| self.memory.rows.get(row)) {
                by_address.entry(&held.row.key.address).or_default().push(number);
            }
        }
        if by_address.is_empty() {
            return;
        }
        let mut deletes_of: HashMap<u32, u32> = HashMap::new();
        for (number, draft) in (0_u32..).zip(&self.drafts) {
            deletes_of.extend(deleted_row(draft).map(|row| (row, number)));
        }
        let blocks = self.block_points(&by_address, points, edges);
        for (number, held) in self.memory.rows.all() {
            let own = deletes_of.get(&number).copied();
            let changes = match own {
                Some(_) => None,
                None => self.changes_of(&held.row.key.address),
            };
            let (Some(after), strength) =
                (own.or(changes), if own.is_some() { Strength::Recorded } else { Strength::LetGo })
            else {
                continue;
            };
            let recorded = self.memory.rows.dependencies(&held.row).map(|needed| (needed, strength));
            let said = self.said_dependencies(dependencies, &held.row);
            for (needed, strength) in recorded.chain(said.map(|needed| (needed, Strength::LetGo))) {
                for delete in by_address.get(needed).into_iter().flatten() {
                    // What must go before its successor comes cannot wait for those who need the successor.
                    let waits = strength == Strength::Recorded || self.can_wait(*delete);
                    if waits && *delete != after {
                        edges.push(Edge { vertex: *delete, before: after, strength });
                    }
                }
                if needed.key.is_none()
                    && needed.row.is_none()
                    && let Some((recorded, let_go)) = blocks.get(needed)
                {
                    let vertex = if strength == Strength::Recorded { *recorded } else { *let_go };
                    edges.push(Edge { vertex, before: after, strength });
                }
            }
        }
    }

    /// What the sources say that an object depends on, and its row does not, where all is destroyed.
    fn said_dependencies<'d>(&self, dependencies: &'d Dependencies, row: &'d Row) -> impl Iterator<Item = &'d Address> {
        let destroys = self.request.options.destroy;
        let item = self.item(&row.key.address).filter(|_| destroys);
        let said = item.map_or(&[][..], |item| dependencies.of_item(item));
        let said = if *said == *row.dependencies { &[] } else { said };
        said.iter().filter(|needed| !row.dependencies.contains(needed))
    }

    /// What is deleted through a provider waits until the ephemeral values are open that the provider is configured with,
    /// unless these wait for the delete.
    fn opening_edges(&self, edges: &mut Vec<Edge>) {
        let mut opened: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, draft) in (0_u32..).zip(&self.drafts) {
            let (Through::Instance(provider) | Through::Before(provider)) = draft.through else { continue };
            if draft.action != Action::Delete {
                continue;
            }
            let opens = opened.entry(provider).or_insert_with(|| self.opens_for(provider));
            let wait = |before: &u32| Edge { vertex: number, before: *before, strength: Strength::LetGo };
            edges.extend(opens.iter().map(wait));
        }
    }

    /// The drafts that open what a provider is configured with.
    fn opens_for(&self, provider: u32) -> Vec<u32> {
        let behind = self.ephemerals_behind(vec![provider]);
        let items = (0_u32..).zip(behind).filter_map(|(item, is_behind)| is_behind.then_some(item));
        let drafts = items.filter_map(|item| self.outcome(item).draft);
        let opens = |draft: &u32| self.drafts.get(*draft as usize).is_some_and(|draft| draft.action == Action::Open);
        drafts.filter(opens).collect()
    }

    /// The update or create of an object that stays.
    fn changes_of(&self, address: &Address) -> Option<u32> {
        let draft = self.item(address).and_then(|item| self.outcome(item).draft)?;
        let acts = self.drafts.get(draft as usize).is_some_and(|draft| draft.action != Action::NoOp);
        acts.then_some(draft)
    }

    /// Two points for each block of which instances are deleted: for deletes, and for changes of what depends on it.
    fn block_points<'w>(
        &'w self,
        by_address: &HashMap<&'w Address, Vec<u32>>,
        points: &mut Points,
        edges: &mut Vec<Edge>,
    ) -> HashMap<Address, (u32, u32)> {
        let mut blocks: HashMap<Address, (u32, u32)> = HashMap::new();
        let mut instances: Vec<(&Address, &Vec<u32>)> =
            by_address.iter().map(|(address, drafts)| (*address, drafts)).collect();
        instances.sort_unstable();
        for (address, drafts) in instances {
            if address.key.is_none() && address.row.is_none() {
                continue;
            }
            let block = address.block();
            let (recorded, let_go) = match blocks.get(&block) {
                Some(known) => *known,
                None => {
                    let known = (points.add_block(&block), points.add_block(&block));
                    blocks.insert(block, known);
                    known
                }
            };
            for delete in drafts {
                edges.push(Edge { vertex: *delete, before: recorded, strength: Strength::Recorded });
                if self.can_wait(*delete) {
                    edges.push(Edge { vertex: *delete, before: let_go, strength: Strength::LetGo });
                }
            }
        }
        blocks
    }

    /// Whether nothing has to wait for this delete: it has no successor, or that one comes first.
    fn can_wait(&self, delete: u32) -> bool {
        let create = self.drafts.get(delete as usize).and_then(|draft| draft.counterpart);
        let item = create.and_then(|create| self.drafts.get(create as usize)).map(|draft| draft.subject);
        match item {
            Some(Subject::Item(item)) => self.creates_first(item),
            Some(Subject::Row(_)) | None => true,
        }
    }

    /// Leaves out what does nothing and points that few pass through.
    fn condense(&self, points: &Points, edges: &[Edge]) -> Arranged {
        let count = points.count();
        let before = Adjacency::new(count, edges.iter().map(|edge| (edge.vertex, edge.before)));
        let mut users = vec![0_u32; count];
        for edge in edges {
            if let Some(users) = users.get_mut(edge.before as usize) {
                *users += 1;
            }
        }
        let mut condensed = Condensed {
            drafts: &self.drafts,
            before: &before,
            users: &users,
            active: vec![false; count],
            passes: vec![Vec::new(); count],
            junctions: Vec::new(),
        };
        let mut arranged = vec![Vec::new(); self.drafts.len()];
        let pairs = edges.iter().map(|edge| (edge.vertex, edge.before));
        for vertex in crate::order::sorted(count, pairs).unwrap_or_default() {
            let list = condensed.visit(vertex, points);
            if let Some(slot) = arranged.get_mut(vertex as usize) {
                *slot = list;
            }
        }
        let providers = self.instances.keys().map(|item| (*item, condensed.passed(points.of_item(*item))));
        let providers = providers.collect();
        let named = condensed.junctions.into_iter().map(|(vertex, list)| (self.name_of(points, vertex), list));
        Arranged { before: arranged, junctions: named.collect(), providers }
    }

    fn name_of(&self, points: &Points, vertex: u32) -> Address {
        let behind = vertex.saturating_sub(points.drafts);
        if behind < points.items {
            let node = self.graph.node(formwork_lang::graph::NodeId(behind));
            return node.map_or_else(|| Address::resource(""), |node| node.address.clone());
        }
        let block = points.blocks.get((behind - points.items) as usize);
        block.cloned().unwrap_or_else(|| Address::resource(""))
    }
}

/// The row that a draft deletes or forgets.
fn deleted_row(draft: &Draft) -> Option<u32> {
    matches!(draft.action, Action::Delete | Action::Forget).then_some(draft.row).flatten()
}

struct Condensed<'a> {
    drafts: &'a [Draft],
    before: &'a Adjacency,
    users: &'a [u32],
    /// Whether a vertex does something, or something before it does.
    active: Vec<bool>,
    /// What those wait for who wait for a vertex that is no draft.
    passes: Vec<Vec<u32>>,
    junctions: Vec<(u32, Vec<u32>)>,
}

impl Condensed<'_> {
    /// What a vertex waits for, once all before it were visited.
    fn visit(&mut self, vertex: u32, points: &Points) -> Vec<u32> {
        let mut list = Vec::new();
        for before in self.before.of(vertex) {
            if self.active.get(*before as usize).copied().unwrap_or(false) {
                list.extend(self.passed(*before));
            }
        }
        list.sort_unstable();
        list.dedup();
        let draft = self.drafts.get(vertex as usize);
        let acts = draft.is_some_and(|draft| draft.action != Action::NoOp);
        if let Some(active) = self.active.get_mut(vertex as usize) {
            *active = acts || !list.is_empty();
        }
        if draft.is_some() {
            return list;
        }
        let users = self.users.get(vertex as usize).copied().unwrap_or(0) as usize;
        // Passing few through costs no more edges than stopping at a junction.
        let passes = if list.len() <= 1 || users <= 1 || list.len() * users <= list.len() + users + 4 {
            list
        } else {
            let number = points.drafts + self.junctions.len() as u32;
            self.junctions.push((vertex, list));
            vec![number]
        };
        if let Some(slot) = self.passes.get_mut(vertex as usize) {
            *slot = passes;
        }
        Vec::new()
    }

    /// What those wait for who wait for this vertex.
    fn passed(&self, vertex: u32) -> Vec<u32> {
        if !self.active.get(vertex as usize).copied().unwrap_or(false) {
            return Vec::new();
        }
        if (vertex as usize) < self.drafts.len() {
            return vec![vertex];
        }
        self.passes.get(vertex as usize).cloned().unwrap_or_default()
    }
}
