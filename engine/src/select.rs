//! `--target`, `--exclude` and `--replace`: which part of a stack is planned.

use crate::plan::PlanOptions;
use crate::plan::problem::Problem;
use crate::plan::rows::Rows;
use crate::plan::walk::{Walk, waits};
use formwork_lang::graph::ResourceGraph;
use formwork_model::{Address, Diagnostic, ModulePath, ObjectKind};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The part of the stack that is planned.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// By node.
    nodes: Vec<bool>,
    /// By row, for those that have no node.
    rows: Vec<bool>,
}

/// Whether a written address means `address`: itself, all instances of its block, or all that is in its module.
pub(crate) fn means(written: &Address, address: &Address) -> bool {
    if written.kind == address.kind && written.module == address.module && written.name == address.name {
        let same = |written: &Option<_>, is: &Option<_>| written.is_none() || written == is;
        return same(&written.key, &address.key) && same(&written.row, &address.row);
    }
    // What lies below a provider's name are its instances, and no module's objects.
    let same_tree = (written.kind == ObjectKind::Provider) == (address.kind == ObjectKind::Provider);
    let called = written.module.child(written.name.clone(), written.key.clone());
    same_tree && written.row.is_none() && within(&called, &address.module)
}

/// Whether a module lies in the written one; a call without key means all its instances.
pub(crate) fn within(written: &ModulePath, module: &ModulePath) -> bool {
    let pairs = written.0.iter().zip(module.0.iter());
    let last = written.0.len().saturating_sub(1);
    written.0.len() <= module.0.len()
        && pairs.enumerate().all(|(position, (written, step))| {
            let key = written.key == step.key || (position == last && written.key.is_none());
            written.name == step.name && key
        })
}

/// The most similar address; where only its name is similar, and not its key, the block.
pub(crate) fn nearest<'a>(address: &Address, known: impl Iterator<Item = &'a Address> + Clone) -> Option<Address> {
    let whole = most_similar(address, known.clone().cloned());
    whole.or_else(|| most_similar(&address.block(), known.map(Address::block)))
}

fn most_similar(address: &Address, known: impl Iterator<Item = Address>) -> Option<Address> {
    let written = address.to_string();
    let near = known
        .map(|known| (distance(&written, &known.to_string()), known))
        .min_by(|left, right| left.0.cmp(&right.0).then_with(|| left.1.cmp(&right.1)))?;
    (near.0 <= written.chars().count() / 3 + 1).then_some(near.1)
}

/// Edits between two texts.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut diagonal = line;
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
        for (column, right) in other.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(0);
            let before = row.get(column).copied().unwrap_or(0);
            let cost = diagonal + usize::from(left != *right);
            if let Some(slot) = row.get_mut(column + 1) {
                *slot = cost.min(above + 1).min(before + 1);
            }
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// What is selected; none for all.
///
/// # Errors
/// When a written address names nothing.
pub(crate) fn select(
    options: &PlanOptions,
    graph: &ResourceGraph,
    rows: &Rows,
) -> Result<Option<Selection>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let lists: [(&'static str, &[Address]); 3] =
        [("--target", &options.targets), ("--exclude", &options.excludes), ("--replace", &options.replace)];
    for (flag, written) in lists {
        for address in written {
            if !graph.nodes.iter().map(|node| &node.address).chain(addresses(rows)).any(|known| means(address, known)) {
                let nearest = nearest(address, graph.nodes.iter().map(|node| &node.address).chain(addresses(rows)));
                problems.push(Problem::NothingSelected { flag, address: address.clone(), nearest }.at(None));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if options.targets.is_empty() && options.excludes.is_empty() && options.imports.is_empty() {
        return Ok(None);
    }
    Ok(Some(Selection { nodes: nodes(options, graph), rows: orphans(options, graph, rows) }))
}

fn addresses(rows: &Rows) -> impl Iterator<Item = &Address> + Clone {
    rows.all().map(|(_, held)| &held.row.key.address)
}

/// Whether any of the written addresses means it.
pub(crate) fn any_means(written: &[Address], address: &Address) -> bool {
    written.iter().any(|written| means(written, address))
}

fn nodes(options: &PlanOptions, graph: &ResourceGraph) -> Vec<bool> {
    let count = graph.nodes.len();
    let mut selected = vec![options.targets.is_empty() && options.imports.is_empty(); count];
    let is_target = |address: &Address| {
        any_means(&options.targets, address) || options.imports.iter().any(|(import, _)| import == address)
    };
    let targets = graph.ids().filter(|id| graph.node(*id).is_some_and(|node| is_target(&node.address)));
    // A target needs its dependencies; destroyed, it takes along what depends on it.
    let forward = crate::order::Adjacency::new(count, waits(graph));
    let backward = crate::order::Adjacency::new(count, waits(graph).map(|(one, other)| (other, one)));
    let along = if options.destroy { &backward } else { &forward };
    spread(targets.map(|id| id.0).collect(), along, &mut selected, true);
    let excluded =
        graph.ids().filter(|id| graph.node(*id).is_some_and(|node| any_means(&options.excludes, &node.address)));
    let along = if options.destroy { &forward } else { &backward };
    spread(excluded.map(|id| id.0).collect(), along, &mut selected, false);
    if options.destroy {
        // Providers are needed whatever is destroyed.
        for id in graph.ids() {
            let is_provider = graph.node(id).is_some_and(|node| node.address.kind == ObjectKind::Provider);
            if let Some(slot) = selected.get_mut(id.index())
                && is_provider
            {
                *slot = true;
            }
        }
    }
    selected
}

fn spread(mut open: Vec<u32>, along: &crate::order::Adjacency, marks: &mut [bool], mark: bool) {
    let mut seen = HashSet::new();
    while let Some(item) = open.pop() {
        if !seen.insert(item) {
            continue;
        }
        if let Some(slot) = marks.get_mut(item as usize) {
            *slot = mark;
        }
        open.extend(along.of(item));
    }
}

/// Rows that are meant by themselves: for those without node. What depends on a deleted one is deleted with it; what
/// an excluded one depends on stays.
fn orphans(options: &PlanOptions, graph: &ResourceGraph, rows: &Rows) -> Vec<bool> {
    let nodes: HashSet<&Address> = graph.nodes.iter().map(|node| &node.address).collect();
    let mut by_address: HashMap<&Address, Vec<u32>> = HashMap::new();
    for (number, held) in rows.all() {
        by_address.entry(&held.row.key.address).or_default().push(number);
    }
    let mut pairs = Vec::new();
    // A block that is listed means all of its instances; it stands behind the rows, so that pairs stay few.
    let mut blocks: HashMap<Address, u32> = HashMap::new();
    for (number, held) in rows.all() {
        for listed in rows.dependencies(&held.row) {
            pairs.extend(by_address.get(listed).into_iter().flatten().map(|needed| (number, *needed)));
            if listed.key.is_none() && listed.row.is_none() {
                let next = rows.len() + blocks.len() as u32;
                pairs.push((number, *blocks.entry(listed.clone()).or_insert(next)));
            }
        }
    }
    for (number, held) in rows.all().filter(|_| !blocks.is_empty()) {
        pairs.extend(blocks.get(&held.row.key.address.block()).map(|block| (*block, number)));
    }
    let count = rows.len() as usize + blocks.len();
    let forward = crate::order::Adjacency::new(count, pairs.iter().copied());
    let backward = crate::order::Adjacency::new(count, pairs.iter().map(|(one, other)| (*other, *one)));
    let meant = |written: &[Address]| -> Vec<u32> {
        let kept = |address: &Address| options.destroy || !nodes.contains(address);
        let rows = rows.all().filter(|(_, held)| kept(&held.row.key.address));
        rows.filter(|(_, held)| any_means(written, &held.row.key.address)).map(|(number, _)| number).collect()
    };
    let mut selected = vec![options.targets.is_empty() && options.imports.is_empty(); count];
    spread(meant(&options.targets), &backward, &mut selected, true);
    spread(meant(&options.excludes), &forward, &mut selected, false);
    selected
}

impl Walk<'_> {
    /// Whether an item is planned; a row of a block is where its block is.
    pub(crate) fn is_selected(&self, item: u32) -> bool {
        let Some(selection) = &self.selection else { return true };
        let item = self.extra(item).map_or(item, |extra| extra.block);
        selection.nodes.get(item as usize).copied().unwrap_or(false)
    }

    /// Whether a row is read, and deleted when it has no item.
    pub(crate) fn is_row_selected(&self, row: u32, item: Option<u32>) -> bool {
        match (&self.selection, item) {
            (None, _) => true,
            (Some(_), Some(item)) if !self.request.options.destroy => self.is_selected(item),
            (Some(selection), _) => selection.rows.get(row as usize).copied().unwrap_or(false),
        }
    }

    /// Whether people asked to replace an object.
    pub(crate) fn selection_replaces(&self, address: &Address) -> bool {
        any_means(&self.request.options.replace, address)
    }
}

/// What was selected, for the summary's warning.
pub(crate) fn written(options: &PlanOptions) -> Vec<String> {
    let list = |flag: &str, addresses: &[Address]| -> BTreeSet<String> {
        addresses.iter().map(|address| format!("{flag} '{address}'")).collect()
    };
    let lists =
        [list("--target", &options.targets), list("--exclude", &options.excludes), list("--replace", &options.replace)];
    lists.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_means_its_instances_and_its_module() {
        let means = |written: &str, address: &str| super::means(&written.parse().unwrap(), &address.parse().unwrap());
        assert!(means("a", r#"a["x"]"#));
        assert!(means("a", "a"));
        assert!(!means(r#"a["x"]"#, r#"a["y"]"#));
        assert!(means("m", r#"m["eu"].a"#));
        assert!(means(r#"m["eu"]"#, r#"m["eu"].n.a["x"]"#));
        assert!(!means(r#"m["eu"]"#, r#"m["us"].a"#));
        assert!(!means("a", "data.a"));
        assert!(means("bundle", r#"bundle["row"]"#));
        assert!(means("provider.aws", "provider.aws.audit"));
        assert!(!means("aws", "provider.aws.audit"));
        assert!(!means("provider.aws", "aws.audit"));
    }

    #[test]
    fn the_nearest_address_is_suggested() {
        let known: Vec<Address> = ["vnet", "subnet", "group"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(nearest(&"vnt".parse().unwrap(), known.iter()), known.first().cloned());
        assert_eq!(nearest(&"somethingelse".parse().unwrap(), known.iter()), None);
    }
}
