//! The recorded objects as a graph: what a stack would say that had made them.

use super::told::Told;
use super::{StandIns, changed};
use crate::order::{Edge, Strength, without_circles};
use crate::ports::{GraphSource, Providers};
use formwork_lang::graph::{Decorators, Known, Node, NodeId, NodeKind, Object, ProviderInstance, ResourceGraph};
use formwork_model::schema::{AttributeType, Presence, ResourceSchema};
use formwork_model::{Address, Diagnostic, FileId, ObjectKind, Span, Value, ValueBuf};
use formwork_state::record::{Condition, Role, Row, State};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The recorded objects.
pub struct Recorded {
    graph: ResourceGraph,
    /// Objects that cannot be made again.
    pub left_out: Vec<LeftOut>,
    /// How many are made again.
    pub objects: usize,
    /// What the recorded objects refer to and nobody recorded: texts that look like ids (`/…`), for a cloud that knows its
    /// own.
    pub elsewhere: BTreeSet<String>,
    /// Ids of the recorded objects, in lower case.
    pub ids: BTreeSet<String>,
}

/// An object that a rehearsal does without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub address: Address,
    /// Why.
    pub reason: String,
}

impl GraphSource for Recorded {
    fn graph(&self, _: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>> {
        Ok(self.graph.clone())
    }
}

impl Recorded {
    /// What a state holds, with placeholders for its secrets.
    #[must_use]
    pub fn new(state: &State, providers: &dyn Providers, stand_ins: &StandIns) -> Self {
        let mut left_out = Vec::new();
        let rows: Vec<&Arc<Row>> = state.rows.values().filter(|row| can_be_made(row, &mut left_out)).collect();
        let told = Told::of(&rows, providers);
        let mut builder = Builder { graph: ResourceGraph::default(), nodes: HashMap::new(), needed: Vec::new() };
        for (address, provider) in instances(&rows) {
            let configuration =
                state.providers.get(&address).map_or_else(|| Value::map::<&str>([]), ValueBuf::to_value);
            let (configuration, needed) = told.referring(&configuration, None);
            builder.provider(address, &provider, &stand_ins.value(&configuration), needed);
        }
        for row in &rows {
            // A secret that another object told is found by what it is: placeholders come after.
            let (config, needed) = told.referring(&row.config.to_value(), Some(&row.key.address));
            builder.object(row, &filled(stand_ins.value(&config), schema(row, providers)), needed);
        }
        let objects = rows.len();
        let ids = rows.iter().filter_map(|row| Some(row.values.view().get("id")?.as_str()?.to_lowercase())).collect();
        Self { graph: builder.finish(), left_out, objects, elsewhere: elsewhere(&rows, &ids), ids }
    }
}

/// Ids in configs that are none of the recorded objects', and do not lie below one.
fn elsewhere(rows: &[&Arc<Row>], ids: &BTreeSet<String>) -> BTreeSet<String> {
    let is_recorded = |id: &str| {
        let id = id.to_lowercase();
        let ends = id.match_indices('/').map(|(at, _)| at).chain([id.len()]);
        ends.filter_map(|end| id.get(..end)).any(|begin| ids.contains(begin) && is_whole(begin, &id))
    };
    let mut found = BTreeSet::new();
    for row in rows {
        changed(&row.config.to_value(), &mut |part| {
            if let Value::String(text) = part
                && text.starts_with('/')
                && !is_recorded(text)
            {
                found.insert(text.to_string());
            }
            None
        });
    }
    found
}

/// Whether an object counts for what lies below it: a group says nothing of what is in it.
fn is_whole(id: &str, of: &str) -> bool {
    id == of || id.contains("/providers/")
}

/// Whether the object of a row is one that the address means and that surely exists.
fn can_be_made(row: &Row, left_out: &mut Vec<LeftOut>) -> bool {
    let reason = match (&row.role, &row.condition) {
        (Role::Current, Condition::Uncertain(reason)) => format!("it is not certain that it exists: {reason}"),
        (Role::Current, _) => return true,
        (Role::Deposed, _) => "it was replaced and is to be deleted".to_owned(),
        (Role::Deleting, _) => "it is being deleted".to_owned(),
    };
    left_out.push(LeftOut { address: row.key.address.clone(), reason });
    false
}

/// Provider instances of the rows, with their providers' names.
fn instances(rows: &[&Arc<Row>]) -> BTreeMap<Address, String> {
    rows.iter().map(|row| (row.provider.clone(), row.type_name.provider.to_string())).collect()
}

fn schema(row: &Row, providers: &dyn Providers) -> Option<&'static ResourceSchema> {
    providers.provider(&row.type_name.provider)?.schema().resource(&row.type_name.name)
}

/// The config with placeholders for what was sent and is kept nowhere.
fn filled(config: Value, schema: Option<&'static ResourceSchema>) -> Value {
    let Value::Map(mut map) = config else { return config };
    for attribute in schema.into_iter().flat_map(|schema| schema.attributes) {
        let must = attribute.write_only && attribute.presence == Presence::Required;
        let value = placeholder(attribute.ty).filter(|_| must && !map.contains(attribute.name));
        if let Some(value) = value {
            map.insert(attribute.name, value.secret());
        }
    }
    Value::Map(map)
}

/// Long enough, and of all kinds of characters, for whoever wants a strong password.
fn placeholder(ty: AttributeType) -> Option<Value> {
    match ty {
        AttributeType::String | AttributeType::Any => Some(Value::string("Rehearsal-0-placeholder")),
        _ => None,
    }
}

/// Nodes first, edges when all are there.
struct Builder {
    graph: ResourceGraph,
    nodes: HashMap<Address, NodeId>,
    needed: Vec<Vec<Address>>,
}

impl Builder {
    fn provider(&mut self, address: Address, provider: &str, configuration: &Value, needed: Vec<Address>) {
        let config = self.graph.values.push_value(configuration);
        let kind = NodeKind::Provider(ProviderInstance { provider: provider.into(), config });
        self.add(address, kind, needed);
    }

    fn object(&mut self, row: &Row, config: &Value, mut needed: Vec<Address>) {
        let Some(provider) = self.nodes.get(&row.provider).copied() else { return };
        let config = self.graph.values.push_value(config);
        let object = Object {
            kind: ObjectKind::Resource,
            type_name: row.type_name.clone(),
            provider,
            config,
            decorators: Decorators::default(),
        };
        needed.extend(row.dependencies.iter().cloned());
        needed.push(row.provider.clone());
        self.add(row.key.address.clone(), NodeKind::Object(object), needed);
    }

    fn add(&mut self, address: Address, kind: NodeKind, needed: Vec<Address>) {
        let span = Span::new(FileId(0), 0, 0);
        let id = self.graph.add(Node { address: address.clone(), kind, span }, &[]);
        self.nodes.insert(address, id);
        self.needed.push(needed);
    }

    /// A block that a row lists means all of its instances, which every row after it waits for at one point.
    fn finish(mut self) -> ResourceGraph {
        let mut instances: BTreeMap<Address, Vec<NodeId>> = BTreeMap::new();
        for (id, node) in self.graph.ids().zip(&self.graph.nodes) {
            if node.address.key.is_some() || node.address.row.is_some() {
                instances.entry(node.address.block()).or_default().push(id);
            }
        }
        let mut edges = Vec::new();
        let mut points: BTreeMap<Address, NodeId> = BTreeMap::new();
        for (id, needed) in (0..).map(NodeId).zip(std::mem::take(&mut self.needed)) {
            let own = self.graph.node(id).map(|node| node.address.block());
            for address in needed {
                let named = self.nodes.get(&address).filter(|needed| **needed != id);
                edges.extend(named.map(|needed| edge(id, *needed, Strength::Needed)));
                let Some(members) = instances.get(&address) else { continue };
                if own.as_ref() == Some(&address) {
                    // Recorded by an older version: others of its own block, of which it is not told which.
                    edges.extend(members.iter().filter(|one| **one != id).map(|one| edge(id, *one, Strength::LetGo)));
                    continue;
                }
                let point = *points.entry(address).or_insert_with_key(|block| {
                    let span = Span::new(FileId(0), 0, 0);
                    let point = Node { address: block.clone(), kind: NodeKind::Junction, span };
                    let point = self.graph.add(point, &[]);
                    edges.extend(members.iter().map(|member| edge(point, *member, Strength::Needed)));
                    point
                });
                edges.push(edge(id, point, Strength::Recorded));
            }
        }
        let mut needs = vec![Vec::new(); self.graph.nodes.len()];
        for edge in without_circles(self.graph.nodes.len(), edges) {
            if let Some(needs) = needs.get_mut(edge.vertex as usize) {
                needs.push(NodeId(edge.before));
            }
        }
        for needs in &mut needs {
            needs.sort();
            needs.dedup();
        }
        self.graph.set_dependencies(&needs);
        self.graph
    }
}

const fn edge(vertex: NodeId, before: NodeId, strength: Strength) -> Edge {
    Edge { vertex: vertex.0, before: before.0, strength }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formwork_lang::graph::render;

    /// The edges between nodes of these addresses, which list these.
    fn edges(listed: &[(&str, &[&str])]) -> String {
        let address = |text: &&str| text.parse::<Address>().unwrap_or_else(|error| panic!("{error}"));
        let mut builder = Builder { graph: ResourceGraph::default(), nodes: HashMap::new(), needed: Vec::new() };
        for (own, needed) in listed {
            builder.add(address(own), NodeKind::Junction, needed.iter().map(address).collect());
        }
        render(&builder.finish()).replace("junction ", "")
    }

    #[test]
    fn a_listed_block_means_all_its_instances() {
        let text = edges(&[("a[\"x\"]", &[]), ("a[\"y\"]", &[]), ("b", &["a"]), ("c", &["a", "gone"])]);
        assert_eq!(text, "a[\"x\"]\na[\"y\"]\nb\n  needs a\nc\n  needs a\na\n  needs a[\"x\"], a[\"y\"]\n");
    }

    #[test]
    fn a_row_that_lists_its_own_block_comes_after_those_that_do_not_wait_for_it() {
        let text = edges(&[("a[\"x\"]", &[]), ("a[\"y\"]", &["a"]), ("a[\"z\"]", &["a[\"y\"]"])]);
        assert_eq!(text, "a[\"x\"]\na[\"y\"]\n  needs a[\"x\"]\na[\"z\"]\n  needs a[\"y\"]\n");
    }
}
