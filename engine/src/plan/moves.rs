//! `moved` and `forget`: rows get their new addresses, or leave the state, before anything is compared.

use super::problem::Problem;
use super::rows::Rows;
use crate::select::{means, within};
use formwork_lang::graph::{MoveEnd, Moved, NodeKind, ResourceGraph};
use formwork_model::{Address, Diagnostic, ModulePath};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is wrong with the moves and forgets of a graph.
#[derive(Default)]
pub(crate) struct Mistakes {
    /// A target is taken, a source is still declared, or moves go round in a circle: nothing was moved, so that rows stand
    /// where they do not belong.
    pub(crate) moves: Vec<Diagnostic>,
    /// A forgotten block is still there.
    pub(crate) forgets: Vec<Diagnostic>,
}

/// Moves and forgets rows as the graph says.
pub(crate) fn apply(graph: &ResourceGraph, rows: &mut Rows) -> Mistakes {
    let mut mistakes = Mistakes::default();
    if graph.moved.is_empty() && graph.forgets.is_empty() {
        return mistakes;
    }
    let objects = graph.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Object(_)));
    let declared: HashSet<Address> = objects.map(|node| node.address.clone()).collect();
    moves(graph, rows, &declared, &mut mistakes.moves);
    forgets(graph, rows, &declared, &mut mistakes.forgets);
    rows.index();
    mistakes
}

fn moves(graph: &ResourceGraph, rows: &mut Rows, declared: &HashSet<Address>, problems: &mut Vec<Diagnostic>) {
    let by_address = by_address(rows);
    let mut targets: BTreeMap<Address, Address> = BTreeMap::new();
    for address in by_address.keys() {
        match follow(graph, address) {
            Ok(Some((target, last))) => {
                // A block that is still there keeps its object; a move away from it is a mistake, unless that block's
                // own object moved away and something else moved in.
                if declared.contains(address) && !is_target(graph, address) {
                    let problem = Problem::MoveSourceDeclared { from: address.clone() };
                    problems.push(problem.at(Some(last.span)));
                } else {
                    targets.insert(address.clone(), target);
                }
            }
            Ok(None) => {}
            Err(moved) => {
                problems.push(Problem::MoveCircle { from: address.clone() }.at(Some(moved.span)));
            }
        }
    }
    let mut taken: HashMap<&Address, &Address> = HashMap::new();
    for (from, to) in &targets {
        let stays = by_address.contains_key(to) && !targets.contains_key(to);
        if stays || taken.insert(to, from).is_some() {
            let problem = Problem::MoveTargetTaken { from: from.clone(), to: to.clone() };
            problems.push(problem.at(span_to(graph, to)));
        }
    }
    if !problems.is_empty() {
        return;
    }
    for (from, to) in &targets {
        for row in by_address.get(from).into_iter().flatten() {
            rows.rename(*row, to);
        }
    }
}

fn by_address(rows: &Rows) -> BTreeMap<Address, Vec<u32>> {
    let mut by_address: BTreeMap<Address, Vec<u32>> = BTreeMap::new();
    for (number, held) in rows.all() {
        by_address.entry(held.row.key.address.clone()).or_default().push(number);
    }
    by_address
}

/// Where an address ends up, and the last move on the way. Each move is taken once; the error is the one that is met
/// again.
fn follow<'g>(graph: &'g ResourceGraph, start: &Address) -> Result<Option<(Address, &'g Moved)>, &'g Moved> {
    let mut current = start.clone();
    let mut used: HashSet<usize> = HashSet::new();
    let mut last = None;
    loop {
        let step = graph.moved.iter().enumerate().find_map(|(position, moved)| {
            moved_to(moved, &current).filter(|next| *next != current).map(|next| (position, moved, next))
        });
        let Some((position, moved, next)) = step else { return Ok(last.map(|moved| (current, moved))) };
        if !used.insert(position) {
            // Two objects that swap their places come back to where they began after one step each.
            return if next == *start { Ok(last.map(|moved| (current, moved))) } else { Err(moved) };
        }
        if next == *start {
            // A swap: each move of it is followed once.
            return Ok(first_step(graph, start));
        }
        current = next;
        last = Some(moved);
    }
}

fn first_step<'g>(graph: &'g ResourceGraph, start: &Address) -> Option<(Address, &'g Moved)> {
    graph.moved.iter().find_map(|moved| moved_to(moved, start).map(|next| (next, moved)))
}

/// Whether something moves to an address.
fn is_target(graph: &ResourceGraph, address: &Address) -> bool {
    graph.moved.iter().any(|moved| end_covers(&moved.to, address))
}

fn span_to(graph: &ResourceGraph, address: &Address) -> Option<formwork_model::Span> {
    graph.moved.iter().find(|moved| end_covers(&moved.to, address)).map(|moved| moved.span)
}

fn end_covers(end: &MoveEnd, address: &Address) -> bool {
    match end {
        MoveEnd::Resource(resource) => means(resource, address),
        MoveEnd::Module(module) => within(module, &address.module),
    }
}

/// Where one move takes an address.
fn moved_to(moved: &Moved, address: &Address) -> Option<Address> {
    match (&moved.from, &moved.to) {
        (MoveEnd::Resource(from), MoveEnd::Resource(to)) => {
            let same_block = from.kind == address.kind && from.module == address.module && from.name == address.name;
            if !same_block || (from.key.is_some() && from.key != address.key) {
                return None;
            }
            let exact = from.key == address.key;
            let key =
                if exact && (from.key.is_some() || to.key.is_some()) { to.key.clone() } else { address.key.clone() };
            Some(Address {
                module: to.module.clone(),
                kind: to.kind,
                name: to.name.clone(),
                key,
                row: address.row.clone(),
            })
        }
        (MoveEnd::Module(from), MoveEnd::Module(to)) => {
            let module = moved_module(from, to, &address.module)?;
            Some(Address { module, ..address.clone() })
        }
        _ => None,
    }
}

fn moved_module(from: &ModulePath, to: &ModulePath, module: &ModulePath) -> Option<ModulePath> {
    if !within(from, module) {
        return None;
    }
    let depth = from.0.len();
    let mut steps: Vec<_> = to.0.iter().cloned().collect();
    let kept_key = module.0.get(depth.checked_sub(1)?).and_then(|step| step.key.clone());
    let exact = from.0.last().is_some_and(|step| step.key.is_some()) || kept_key.is_none();
    if let Some(last) = steps.last_mut()
        && !exact
        && last.key.is_none()
    {
        last.key = kept_key;
    }
    steps.extend(module.0.iter().skip(depth).cloned());
    Some(ModulePath(steps.into_iter().collect()))
}

fn forgets(graph: &ResourceGraph, rows: &mut Rows, declared: &HashSet<Address>, problems: &mut Vec<Diagnostic>) {
    for forget in &graph.forgets {
        let mut nodes = graph.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Object(_)));
        if let Some(address) = nodes.by_ref().map(|node| &node.address).find(|address| {
            address.kind == formwork_model::ObjectKind::Resource && end_covers(&forget.address, address)
        }) {
            problems.push(Problem::ForgetDeclared { address: address.clone() }.at(Some(forget.span)));
        }
        let forgotten: Vec<u32> = rows
            .all()
            .map(|(number, held)| (number, &held.row.key.address))
            .filter(|(_, address)| end_covers(&forget.address, address) && !declared.contains(address))
            .map(|(number, _)| number)
            .collect();
        rows.forget_all(&forgotten);
    }
}
