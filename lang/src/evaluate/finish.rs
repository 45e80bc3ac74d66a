//! The graph in its stable order: by module instance, then by declaration, then by key.

use super::{Evaluated, Evaluator};
use crate::graph::{NodeId, NodeKind, ResourceGraph};

impl Evaluator<'_> {
    /// Turns what was found into a graph.
    pub(super) fn finish(mut self) -> Evaluated {
        let order = self.stable_order();
        let mut graph = ResourceGraph::default();
        graph.values = std::mem::take(&mut self.nodes.values);
        if order.is_sorted() {
            self.in_order(&mut graph);
        } else {
            self.reordered(&mut graph, &order);
        }
        self.checks.sort_by_key(|check| check.span);
        graph.outputs = std::mem::take(&mut self.outputs);
        graph.outputs.sort_by_key(|output| output.span);
        graph.variables = self.variables;
        graph.variables.sort_by(|one, two| one.name.cmp(&two.name));
        graph.checks = self.checks;
        graph.held = self.held;
        graph.held.sort_unstable();
        graph.held.dedup();
        graph.moved = self.moved;
        graph.imports = self.imports;
        graph.forgets = self.forgets;
        graph.inputs = self.written_inputs;
        graph.deferred = self.deferred;
        graph.deferred.sort_by(|one, two| one.address.cmp(&two.address));
        Evaluated { graph, diagnostics: self.diagnostics }
    }

    /// Nodes were found in their order: they keep their numbers, and are not copied.
    fn in_order(&mut self, graph: &mut ResourceGraph) {
        graph.nodes = std::mem::take(&mut self.nodes.nodes);
        let mut dependencies = Vec::new();
        for node in 0..graph.nodes.len() {
            dependencies.clear();
            dependencies.extend(self.nodes.dependencies(node).iter().map(|id| NodeId(*id)));
            graph.add_dependencies(&dependencies);
        }
    }

    fn reordered(&mut self, graph: &mut ResourceGraph, order: &[u32]) {
        let mut position = vec![0_u32; order.len()];
        for (new, old) in (0_u32..).zip(order) {
            if let Some(slot) = position.get_mut(*old as usize) {
                *slot = new;
            }
        }
        let renumbered = |id: u32| NodeId(position.get(id as usize).copied().unwrap_or(0));
        let mut nodes: Vec<Option<_>> = std::mem::take(&mut self.nodes.nodes).into_iter().map(Some).collect();
        graph.reserve(order.len());
        let mut dependencies = Vec::new();
        for old in order {
            let Some(mut node) = nodes.get_mut(*old as usize).and_then(Option::take) else { continue };
            if let NodeKind::Object(object) = &mut node.kind {
                object.provider = renumbered(object.provider.0);
            }
            dependencies.clear();
            dependencies.extend(self.nodes.dependencies(*old as usize).iter().map(|id| renumbered(*id)));
            dependencies.sort_unstable();
            graph.add(node, &dependencies);
        }
    }

    /// The numbers of all nodes in their stable order.
    fn stable_order(&self) -> Vec<u32> {
        let mut rank = vec![0_u32; self.instances.len()];
        for (position, instance) in (0_u32..).zip(self.context_instances.iter().flatten()) {
            if let Some(slot) = rank.get_mut(*instance as usize) {
                *slot = position;
            }
        }
        let mut order: Vec<u32> = (0..).take(self.nodes.details.len()).collect();
        order.sort_by_key(|id| {
            let (instance, unit) = self.nodes.details.get(*id as usize).map_or((0, 0), |details| details.origin);
            (rank.get(instance as usize).copied().unwrap_or(0), unit, *id)
        });
        order
    }
}
