//! Order: what comes before what, and what to say when that goes round in a circle. The only home of `petgraph`.

use petgraph::Direction;
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::VecDeque;

/// How much an edge matters: when edges go round in a circle, the weakest of the circle are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// A delete waits for a change that lets go of the object, or that completes the one in its place.
    LetGo,
    /// A delete waits for the delete of what was made after it.
    Recorded,
    /// The config says so. Never dropped.
    Needed,
}

/// `vertex` waits for `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) vertex: u32,
    pub(crate) before: u32,
    pub(crate) strength: Strength,
}

/// For each vertex what it waits for, behind each other: two allocations in all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Adjacency {
    ends: Vec<u32>,
    targets: Vec<u32>,
}

impl Adjacency {
    /// Of pairs (vertex, target), kept in the order given for each vertex.
    pub(crate) fn new(vertices: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut ends = vec![0_u32; vertices];
        for (vertex, _) in pairs.clone() {
            if let Some(end) = ends.get_mut(vertex as usize) {
                *end += 1;
            }
        }
        let mut total = 0;
        for end in &mut ends {
            let count = *end;
            *end = total;
            total += count;
        }
        let mut targets = vec![0_u32; total as usize];
        for (vertex, target) in pairs {
            if let Some(position) = ends.get_mut(vertex as usize) {
                if let Some(slot) = targets.get_mut(*position as usize) {
                    *slot = target;
                }
                *position += 1;
            }
        }
        Self { ends, targets }
    }

    /// The targets of a vertex.
    pub(crate) fn of(&self, vertex: u32) -> &[u32] {
        let index = vertex as usize;
        let end = self.ends.get(index).copied().unwrap_or(0) as usize;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0) as usize;
        self.targets.get(start..end).unwrap_or(&[])
    }
}

/// Drops the weakest edges of circles until there are none. Edges that are [`Strength::Needed`] stay.
pub(crate) fn without_circles(vertices: usize, mut edges: Vec<Edge>) -> Vec<Edge> {
    for weak in [Strength::LetGo, Strength::Recorded] {
        if toposort(&graph(vertices, edges.iter().map(|edge| (edge.vertex, edge.before))), None).is_ok() {
            return edges;
        }
        let component = components(vertices, edges.iter().map(|edge| (edge.vertex, edge.before)));
        let same = |edge: &Edge| component.get(edge.vertex as usize) == component.get(edge.before as usize);
        edges.retain(|edge| edge.strength != weak || !same(edge));
    }
    edges
}

/// All vertices, each behind those that it waits for; none where they go round in a circle.
pub(crate) fn sorted(vertices: usize, waits: impl Iterator<Item = (u32, u32)>) -> Option<Vec<u32>> {
    let order = toposort(&graph(vertices, waits), None).ok()?;
    Some(order.into_iter().rev().map(|vertex| vertex.index() as u32).collect())
}

/// A shortest circle through the first vertex that is in one; none when there is none. Each waits for the next, the
/// last for the first.
pub(crate) fn circle(vertices: usize, waits: impl Iterator<Item = (u32, u32)> + Clone) -> Option<Vec<u32>> {
    let graph = graph(vertices, waits);
    let group = tarjan_scc(&graph)
        .into_iter()
        .filter(|group| group.len() > 1 || group.iter().any(|one| graph.contains_edge(*one, *one)))
        .min_by_key(|group| group.iter().min().copied())?;
    let start = group.iter().min().copied()?;
    shortest(&graph, start)
}

fn shortest(graph: &DiGraph<(), ()>, start: NodeIndex) -> Option<Vec<u32>> {
    let mut came_from = vec![None; graph.node_count()];
    let mut queue = VecDeque::from([start]);
    while let Some(vertex) = queue.pop_front() {
        let mut next: Vec<NodeIndex> = graph.neighbors_directed(vertex, Direction::Outgoing).collect();
        next.sort_unstable();
        for target in next {
            if target == start {
                let mut path = vec![vertex];
                while let Some(before) = path.last().and_then(|last| *came_from.get(last.index())?) {
                    path.push(before);
                }
                path.reverse();
                return Some(path.into_iter().map(|vertex| vertex.index() as u32).collect());
            }
            if let Some(slot @ None) = came_from.get_mut(target.index()) {
                *slot = Some(vertex);
                queue.push_back(target);
            }
        }
    }
    None
}

fn graph(vertices: usize, waits: impl Iterator<Item = (u32, u32)>) -> DiGraph<(), ()> {
    let mut graph = DiGraph::with_capacity(vertices, 0);
    for _ in 0..vertices {
        graph.add_node(());
    }
    graph.extend_with_edges(waits);
    graph
}

fn components(vertices: usize, waits: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
    let mut component = vec![0; vertices];
    for (number, group) in (0_u32..).zip(tarjan_scc(&graph(vertices, waits))) {
        for vertex in group {
            if let Some(slot) = component.get_mut(vertex.index()) {
                *slot = number;
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn adjacency_keeps_the_order_of_pairs() {
        let pairs = [(1, 5), (0, 3), (1, 4), (3, 0)];
        let adjacency = Adjacency::new(4, pairs.iter().copied());
        assert_eq!(adjacency.of(0), [3]);
        assert_eq!(adjacency.of(1), [5, 4]);
        assert_eq!(adjacency.of(2), [0; 0]);
        assert_eq!(adjacency.of(3), [0]);
    }

    #[test]
    fn the_shortest_circle_is_told() {
        let waits = [(0, 1), (1, 2), (2, 3), (3, 1), (2, 1)];
        assert_eq!(circle(4, waits.iter().copied()), Some(vec![1, 2]));
        assert_eq!(circle(4, [(0, 1), (1, 2)].iter().copied()), None);
        assert_eq!(circle(2, [(1, 1)].iter().copied()), Some(vec![1]));
    }

    #[test]
    fn the_weakest_edges_of_a_circle_go_first() {
        let edge = |vertex, before, strength| Edge { vertex, before, strength };
        let edges = vec![
            edge(0, 1, Strength::Needed),
            edge(1, 2, Strength::Recorded),
            edge(2, 0, Strength::LetGo),
            edge(3, 0, Strength::LetGo),
        ];
        let left = without_circles(4, edges.clone());
        assert_eq!(left, [edges[0], edges[1], edges[3]]);
        let left = without_circles(2, vec![edge(0, 1, Strength::Needed), edge(1, 0, Strength::Recorded)]);
        assert_eq!(left, [edge(0, 1, Strength::Needed)]);
    }
}
