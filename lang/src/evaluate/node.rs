//! Nodes and edges as they are found. Edges to many instances of one block go through a junction, so that their number
//! stays linear.

use crate::graph::{Node, NodeKind};
use formwork_model::schema::ResourceSchema;
use formwork_model::{Address, Span, ValueArena, ValueId};
use std::collections::HashMap;

/// So many dependencies a value keeps itself; more become a junction.
pub(crate) const FEW: usize = 8;

/// Where a node was made: the module instance and the unit. Orders the nodes of the graph.
pub(crate) type Origin = (u32, u32);

/// What the evaluator wants to know of a node.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) schema: Option<&'static ResourceSchema>,
    pub(crate) config: Option<ValueId>,
    pub(crate) origin: Origin,
    /// The `for` block that it is an instance of.
    group: u32,
}

/// The instances of a `for` block.
#[derive(Debug)]
struct Group {
    first: u32,
    /// Behind the last; junctions may stand between.
    end: u32,
    count: usize,
    junction: Option<u32>,
}

const NO_GROUP: u32 = u32::MAX;

/// Nodes in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    pub(crate) nodes: Vec<Node>,
    pub(crate) details: Vec<Details>,
    pub(crate) values: ValueArena,
    dependencies: Vec<u32>,
    dependency_ends: Vec<usize>,
    groups: Vec<Group>,
    /// Address to node; filled up to `indexed` when somebody asks.
    by_address: HashMap<Address, u32>,
    indexed: usize,
}

impl Nodes {
    /// Adds a node.
    pub(crate) fn add(&mut self, node: Node, details: Details, dependencies: &mut Vec<u32>) -> u32 {
        // May add a junction, thus before the node has its number.
        self.settle(dependencies);
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        self.details.push(details);
        self.dependencies.extend_from_slice(dependencies);
        self.dependency_ends.push(self.dependencies.len());
        id
    }

    /// Adds a junction.
    pub(crate) fn junction(&mut self, address: Address, span: Span, dependencies: &[u32], origin: Origin) -> u32 {
        let node = Node { address, kind: NodeKind::Junction, span };
        let details = Details { schema: None, config: None, origin, group: NO_GROUP };
        self.add(node, details, &mut dependencies.to_vec())
    }

    /// Says that the nodes from `first` on are the instances of one block.
    pub(crate) fn group(&mut self, first: u32) {
        let end = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let count = self.details.iter().skip(first as usize).filter(|details| details.schema.is_some()).count();
        if count <= FEW {
            return;
        }
        let group = u32::try_from(self.groups.len()).unwrap_or(NO_GROUP);
        self.groups.push(Group { first, end, count, junction: None });
        for details in self.details.iter_mut().skip(first as usize) {
            if details.schema.is_some() {
                details.group = group;
            }
        }
    }

    /// Sorts dependencies, each once, and replaces most of a block's instances by its junction.
    pub(crate) fn settle(&mut self, dependencies: &mut Vec<u32>) {
        dependencies.sort_unstable();
        dependencies.dedup();
        if dependencies.len() > FEW {
            *dependencies = self.collapsed(dependencies);
            dependencies.sort_unstable();
            dependencies.dedup();
        }
    }

    fn collapsed(&mut self, dependencies: &[u32]) -> Vec<u32> {
        let mut result = Vec::new();
        let chunks: Vec<&[u32]> =
            dependencies.chunk_by(|one, two| self.group_of(*one) == self.group_of(*two)).collect();
        for chunk in chunks {
            let group = chunk.first().map_or(NO_GROUP, |node| self.group_of(*node));
            match self.block_junction(group, chunk.len()) {
                Some(junction) => result.push(junction),
                None => result.extend_from_slice(chunk),
            }
        }
        result
    }

    fn group_of(&self, node: u32) -> u32 {
        self.details.get(node as usize).map_or(NO_GROUP, |details| details.group)
    }

    /// The junction of a block, where `used` is most of its instances.
    fn block_junction(&mut self, group: u32, used: usize) -> Option<u32> {
        let found = self.groups.get(group as usize)?;
        if used <= FEW || used * 2 < found.count {
            return None;
        }
        if let Some(junction) = found.junction {
            return Some(junction);
        }
        let (first, end) = (found.first, found.end);
        let instances: Vec<u32> = (first..end).filter(|id| self.group_of(*id) == group).collect();
        let sample = *instances.first()? as usize;
        let origin = self.details.get(sample)?.origin;
        let sample = self.nodes.get(sample)?;
        let (address, span) = (sample.address.block(), sample.span);
        // Added by hand: settling these dependencies would lead back here.
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Node { address, kind: NodeKind::Junction, span });
        self.details.push(Details { schema: None, config: None, origin, group: NO_GROUP });
        self.dependencies.extend_from_slice(&instances);
        self.dependency_ends.push(self.dependencies.len());
        self.groups.get_mut(group as usize)?.junction = Some(id);
        Some(id)
    }

    /// The node of an address.
    pub(crate) fn find(&mut self, address: &Address) -> Option<u32> {
        for (id, node) in self.nodes.iter().enumerate().skip(self.indexed) {
            if !matches!(node.kind, NodeKind::Junction) {
                self.by_address.insert(node.address.clone(), u32::try_from(id).unwrap_or(u32::MAX));
            }
        }
        self.indexed = self.nodes.len();
        self.by_address.get(address).copied()
    }

    /// What a node needs.
    pub(crate) fn dependencies(&self, node: usize) -> &[u32] {
        let end = self.dependency_ends.get(node).copied().unwrap_or(0);
        let start = node.checked_sub(1).and_then(|before| self.dependency_ends.get(before)).copied().unwrap_or(0);
        self.dependencies.get(start..end).unwrap_or(&[])
    }
}

impl Details {
    /// Of an object.
    pub(crate) const fn object(schema: &'static ResourceSchema, config: ValueId, origin: Origin) -> Self {
        Self { schema: Some(schema), config: Some(config), origin, group: NO_GROUP }
    }

    /// Of a provider instance.
    pub(crate) const fn provider(origin: Origin) -> Self {
        Self { schema: None, config: None, origin, group: NO_GROUP }
    }
}
