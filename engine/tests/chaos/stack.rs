//! Random stacks and random edits of them.

use crate::builder::{Builder, address, attribute, text};
use formwork_lang::graph::{Decorators, MoveEnd, Moved, ResourceGraph};
use formwork_model::{FileId, Span, Value};
use formwork_provider_mock::MockCloud;
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

/// The types, those that are recognised after a crash and one that is not.
pub(crate) const KINDS: &[&str] = &["thing", "named", "tagged", "tokened", "slow", "keyed", "anonymous"];

/// One object. `needs` are objects of lower numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) address: String,
    pub(crate) kind: &'static str,
    /// Which object of the item it is: a change replaces it.
    pub(crate) version: u32,
    pub(crate) size: i64,
    pub(crate) seed: Option<u32>,
    pub(crate) create_first: bool,
    pub(crate) needs: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Stack {
    pub(crate) items: BTreeMap<usize, Item>,
    /// Makes addresses unique: one that was left is not taken again.
    count: u32,
    /// All moves so far, old and new address: as in a source they stay, since nobody knows which were made.
    moves: Vec<(String, String)>,
}

impl Stack {
    /// Changes, moves and removes some items, and adds some.
    pub(crate) fn edit(&mut self, random: &mut StdRng) {
        for number in 0..8_usize {
            match self.items.remove(&number) {
                None if random.random_bool(0.6) => {
                    self.count += 1;
                    let item = Item::new(number, self.count, random);
                    self.items.insert(number, item);
                }
                None => {}
                Some(_) if random.random_bool(0.12) => {}
                Some(mut item) => {
                    item.change(number, random);
                    if random.random_bool(0.1) {
                        self.count += 1;
                        let to = format!("m{number:02}_{}", self.count);
                        self.moves.push((std::mem::replace(&mut item.address, to.clone()), to));
                    }
                    self.items.insert(number, item);
                }
            }
        }
    }

    /// Needs that there are, without repetition.
    pub(crate) fn needs(&self, number: usize) -> Vec<usize> {
        let mut needs = self.items[&number].needs.clone();
        needs.retain(|need| *need < number && self.items.contains_key(need));
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    pub(crate) fn graph(&self, cloud: &MockCloud) -> ResourceGraph {
        let mut builder = Builder::default();
        let mock = builder.mock(cloud);
        for (number, item) in &self.items {
            // The cloud keeps a thing while another one refers to it, so that its successor has to come first.
            let create_first = item.create_first || item.kind == "thing";
            let decorators = Decorators { create_first, ..Decorators::default() };
            let type_name = format!("mock.{}", item.kind);
            builder.object(&item.address, &type_name, mock, self.config(*number), decorators, &[]);
        }
        let mut graph = builder.build();
        let span = Span::new(FileId(0), 0, 1);
        graph.moved = self
            .moves
            .iter()
            .map(|(from, to)| Moved {
                from: MoveEnd::Resource(address(from)),
                to: MoveEnd::Resource(address(to)),
                span,
            })
            .collect();
        graph
    }

    fn config(&self, number: usize) -> Value {
        let item = &self.items[&number];
        let needs = self.needs(number);
        let id = |need: &usize| attribute(&self.items[need].address, self.items[need].identity());
        if item.kind == "keyed" {
            let target = needs.first().map_or_else(|| text(&format!("gateway-{}", item.size)), id);
            return Value::map([
                ("table", text("main")),
                ("destination", text(&item.name(number))),
                ("target", target),
            ]);
        }
        let tags = needs.iter().map(|need| (format!("t{need}"), id(need)));
        let mut config = vec![
            ("name", text(&item.name(number))),
            ("size", Value::Int(item.size)),
            ("tags", Value::map(tags.collect::<Vec<_>>())),
        ];
        if item.kind == "slow" {
            config.push(("polls", Value::Int(2)));
            config.push(("interval", Value::Duration(0)));
        } else {
            config.push(("zone", text(&item.zone())));
        }
        if let Some(seed) = item.seed.filter(|_| item.kind == "thing") {
            config.push(("seed", text(&format!("seed-{seed}")).secret()));
        }
        if item.kind == "thing"
            && let Some(parent) = needs.iter().find(|need| self.items[need].kind == "thing")
        {
            config.push(("parent", id(parent)));
        }
        Value::map(config)
    }
}

impl Item {
    fn new(number: usize, count: u32, random: &mut StdRng) -> Self {
        let keyed = random.random_bool(0.3);
        Self {
            address: if keyed { format!("g[\"k{number}-{count}\"]") } else { format!("t{number:02}_{count}") },
            kind: if random.random_bool(0.03) { "anonymous" } else { KINDS[random.random_range(0..KINDS.len() - 1)] },
            version: random.random_range(0..1000),
            size: random.random_range(1..4),
            seed: random.random_bool(0.5).then(|| random.random_range(0..3)),
            create_first: random.random_bool(0.3),
            needs: (0..random.random_range(0..3)).map(|_| random.random_range(0..8)).collect(),
        }
    }

    fn change(&mut self, number: usize, random: &mut StdRng) {
        if random.random_bool(0.4) {
            self.size += 1;
        }
        if random.random_bool(0.25) {
            self.version += 1;
        }
        if random.random_bool(0.1) {
            self.create_first = !self.create_first;
        }
        if random.random_bool(0.2) {
            self.seed = random.random_bool(0.7).then(|| random.random_range(0..3));
        }
        if random.random_bool(0.2) {
            self.needs = (0..random.random_range(0..3))
                .map(|_| random.random_range(0..8))
                .filter(|need| *need < number)
                .collect();
        }
    }

    /// Unique among all objects that there ever were, so that old and new can be there together.
    pub(crate) fn name(&self, number: usize) -> String {
        format!("n{number}-v{}", self.version)
    }

    pub(crate) fn zone(&self) -> String {
        format!("z{}", self.version)
    }

    /// What others refer to.
    fn identity(&self) -> &'static str {
        if self.kind == "keyed" { "destination" } else { "id" }
    }
}
