//! The recorded objects as a graph: what a stack would say that had made them.

use super::{StandIns, changed};
use crate::ports::{GraphSource, Providers};
use formwork_lang::graph::{Decorators, Known, Node, NodeId, NodeKind, Object, ProviderInstance, ResourceGraph};
use formwork_model::schema::{AttributeType, Presence, ResourceSchema};

use formwork_model::{Address, AttributePath, Diagnostic, FileId, ObjectKind, Span, Step, Value, ValueBuf};
use formwork_state::record::{Condition, Role, Row, State};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Shorter texts are equal by chance.
const SHORTEST: usize = 8;

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

/// Texts that only the cloud could tell, and who told them.
struct Told {
    texts: HashMap<String, Vec<(Address, AttributePath)>>,
    dependencies: HashMap<Address, Vec<Address>>,
}

impl Told {
    fn of(rows: &[&Arc<Row>], providers: &dyn Providers) -> Self {
        let mut texts: HashMap<String, Vec<(Address, AttributePath)>> = HashMap::new();
        for row in rows {
            let Some(schema) = schema(row, providers) else { continue };
            let config = row.config.to_value();
            for attribute in schema.attributes {
                let said = config.as_map().is_some_and(|config| config.contains(attribute.name));
                let Some(value) = row.values.view().get(attribute.name).filter(|_| !said) else { continue };
                let path = AttributePath::member(attribute.name);
                each_text(&value.to_value(), &path, &mut |text, path| {
                    texts.entry(text.to_owned()).or_default().push((row.key.address.clone(), path.clone()));
                });
            }
        }
        let dependencies = rows.iter().map(|row| (row.key.address.clone(), row.dependencies.clone())).collect();
        Self { texts, dependencies }
    }

    /// The value with references where it holds what an object told; and those objects. With an address only those count
    /// that it was applied after.
    fn referring(&self, value: &Value, of: Option<&Address>) -> (Value, Vec<Address>) {
        let mut needed = Vec::new();
        let value = changed(value, &mut |part| {
            let Value::String(text) = part else { return None };
            let (object, path) =
                self.texts.get(text.as_str())?.iter().find(|(object, _)| self.may_refer(of, object))?;
            needed.push(object.clone());
            Some(Value::attribute(object.clone(), path.clone()))
        });
        (value, needed)
    }

    fn may_refer(&self, from: Option<&Address>, to: &Address) -> bool {
        from.is_none_or(|from| self.dependencies.get(from).is_some_and(|needed| needed.contains(to)))
    }
}

/// Long texts in a value, with their paths; those in sets have none.
fn each_text(value: &Value, path: &AttributePath, visit: &mut dyn FnMut(&str, &AttributePath)) {
    match value {
        Value::String(text) if text.len() >= SHORTEST => visit(text, path),
        Value::Secret(inner) => each_text(inner, path, visit),
        Value::Map(map) => {
            for (key, value) in map.iter() {
                each_text(value, &path.then(Step::Key(key.clone())), visit);
            }
        }
        Value::List(items) => {
            for (index, item) in (0..).zip(items) {
                each_text(item, &path.then(Step::Index(index)), visit);
            }
        }
        _ => {}
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

    fn finish(mut self) -> ResourceGraph {
        let edges = self.needed.iter().map(|needed| {
            let mut nodes: Vec<NodeId> = needed.iter().filter_map(|address| self.nodes.get(address).copied()).collect();
            nodes.sort();
            nodes.dedup();
            nodes
        });
        let edges: Vec<Vec<NodeId>> = edges.collect();
        self.graph.set_dependencies(&edges);
        self.graph
    }
}
