//! Measures the plan stage alone: `cargo run --release -p formwork-engine --example plan_speed`. Graphs of `std.value`
//! are built by hand, so that neither parsing nor evaluation counts.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use formwork_engine::connections::Connections;
use formwork_engine::plan::{Action, Plan, PlanOptions, PlanRequest, plan};
use formwork_engine::ports::{GraphSource, InputResolver, KeyedDigest, NoEvents, Providers};
use formwork_lang::graph::{Decorators, Known, Node, NodeId, NodeKind, Object, ProviderInstance, ResourceGraph};
use formwork_model::{
    Address, AttributePath, Diagnostic, FileId, InputSource, ModulePath, ObjectKind, Span, TypeName, Value, ValueBuf,
};
use formwork_provider_api::{Environment, Provider};
use formwork_state::record::{Condition, OperationId, Role, Row, RowKey, State};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

struct Once(Cell<Option<ResourceGraph>>);

impl GraphSource for Once {
    fn graph(&self, _: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>> {
        Ok(self.0.take().unwrap())
    }
}

struct OnlyStd;

impl Providers for OnlyStd {
    fn provider(&self, _: &str) -> Option<Arc<dyn Provider>> {
        Some(Arc::new(formwork_provider_std::Std))
    }
}

struct Nothing;

impl InputResolver for Nothing {
    fn resolve(&self, _: &InputSource) -> Result<Value, String> {
        Err("there is none".into())
    }
}

impl KeyedDigest for Nothing {
    fn digest(&self, _: &[u8]) -> [u8; 16] {
        [0; 16]
    }
}

/// `count` values in `layers`; each needs three of the layer below.
fn graph(count: usize, layers: usize) -> ResourceGraph {
    let mut graph = ResourceGraph::default();
    let span = Span::new(FileId(0), 0, 1);
    let config = graph.values.push_value(&Value::map::<&str>([]));
    let instance = NodeKind::Provider(ProviderInstance { provider: "std".into(), config });
    let address = Address::new(ModulePath::root(), ObjectKind::Provider, "std");
    let provider = graph.add(Node { address, kind: instance, span }, &[]);
    let width = (count / layers).max(1);
    for index in 0..count {
        let below = index.checked_sub(width);
        let needs: Vec<usize> = below
            .into_iter()
            .flat_map(|below| {
                let start = below / width * width;
                (0..3).map(move |step| start + (below + step * 7) % width)
            })
            .collect();
        let needs: Vec<usize> = needs.into_iter().filter(|need| *need < index).collect();
        let mut input = vec![
            ("name".to_owned(), Value::string(format!("value number {index} of the stack"))),
            ("size".to_owned(), Value::Int(index as i64)),
            (
                "tags".to_owned(),
                Value::map([("environment", Value::string("production")), ("team", Value::string("platform"))]),
            ),
        ];
        input.extend(needs.iter().map(|need| {
            let path = AttributePath::member("id");
            (format!("need{need}"), Value::attribute(Address::resource(format!("r{need:06}")), path))
        }));
        let config = graph.values.push_value(&Value::map([("input", Value::map(input))]));
        let object = Object {
            kind: ObjectKind::Resource,
            type_name: TypeName::new("std", "value"),
            provider,
            config,
            decorators: Decorators::default(),
        };
        let mut edges: Vec<NodeId> = needs.iter().map(|need| NodeId(*need as u32 + 1)).collect();
        edges.push(provider);
        let address = Address::resource(format!("r{index:06}"));
        graph.add(Node { address, kind: NodeKind::Object(object), span }, &edges);
    }
    graph
}

fn make(graph: ResourceGraph, state: &State) -> Plan {
    let connections = Connections::new(Arc::new(OnlyStd), Environment::default());
    let source = Once(Cell::new(Some(graph)));
    let options = PlanOptions::default();
    let request = PlanRequest {
        source: &source,
        state,
        connections: &connections,
        inputs: &Nothing,
        digest: &Nothing,
        events: &NoEvents,
        stack: "speed",
        environment: "test",
        options: &options,
    };
    futures::executor::block_on(plan(request)).unwrap()
}

fn applied(plan: &Plan) -> State {
    let mut state = State { lineage: "speed".into(), ..State::default() };
    for operation in plan.operations.iter().filter(|operation| operation.action == Action::Create) {
        let config = plan.values.get(operation.config.unwrap()).to_buf();
        let mut values = plan.values.get(operation.planned.unwrap()).to_value().as_map().unwrap().clone();
        values.insert("id", Value::string(operation.address.to_string()));
        let key = RowKey { address: operation.address.clone(), generation: 1 };
        let row = Row {
            key: key.clone(),
            role: Role::Current,
            condition: Condition::Ready,
            type_name: operation.type_name.clone(),
            provider: Address::new(ModulePath::root(), ObjectKind::Provider, "std"),
            schema_version: 1,
            values: ValueBuf::from(Value::Map(values)),
            config,
            write_only: Default::default(),
            private: Vec::new(),
            dependencies: operation.dependencies.clone(),
            lifecycle: operation.lifecycle.clone(),
            created_by: OperationId(String::new()),
        };
        state.rows.insert(key, Arc::new(row));
    }
    state
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() {
    for (count, layers) in [(1, 1), (10_000, 1), (10_000, 10), (5_000, 5_000), (20_000, 1), (200_000, 1)] {
        let graph = graph(count, layers);
        let again = graph.clone();
        let before = peak_mb();
        let started = Instant::now();
        let plan = make(graph, &State::default());
        let new = started.elapsed();
        println!("new   {count:>7} in {layers:>5}: {new:>9.1?}  +{} MB", peak_mb().saturating_sub(before));
        let state = applied(&plan);
        drop(plan);
        if layers > 1 {
            continue;
        }
        let before = peak_mb();
        let started = Instant::now();
        let plan = make(again, &state);
        let same = started.elapsed();
        let acts = plan.operations.iter().filter(|operation| operation.action != Action::NoOp).count();
        println!(
            "no-op {count:>7} in {layers:>5}: {same:>9.1?}  +{} MB, {acts} actions",
            peak_mb().saturating_sub(before)
        );
    }
}
