//! From graph and state to plan: everything new, and nothing to do.

use crate::language::graph;
use criterion::{BatchSize, Criterion, Throughput};
use formwork_benches::stacks::Shape;
use formwork_engine::connections::Connections;
use formwork_engine::plan::{Action, Operation, Plan, PlanOptions, PlanRequest};
use formwork_engine::ports::{GraphSource, InputResolver, KeyedDigest, NoEvents, Providers};
use formwork_lang::graph::{Known, ResourceGraph};
use formwork_model::{Address, Diagnostic, InputProblem, InputSource, ModulePath, ObjectKind, Value, ValueBuf};
use formwork_provider_api::{Environment, Provider};
use formwork_provider_std::Std;
use formwork_state::record::{Condition, OperationId, Role, Row, RowKey, State};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Once(Cell<Option<ResourceGraph>>);

impl GraphSource for Once {
    fn graph(&self, _: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>> {
        Ok(self.0.take().expect("a graph is asked for once where nothing decides a `for`"))
    }
}

struct OnlyStd;

impl Providers for OnlyStd {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        (name == "std").then(|| Arc::new(Std) as Arc<dyn Provider>)
    }
}

struct Nothing;

impl InputResolver for Nothing {
    fn resolve(&self, _: &InputSource) -> Result<Value, InputProblem> {
        Err("there is none".into())
    }
}

impl KeyedDigest for Nothing {
    fn digest(&self, _: &[u8]) -> [u8; 16] {
        [0; 16]
    }
}

fn planned(graph: ResourceGraph, state: &State) -> Plan {
    let connections = Connections::new(Arc::new(OnlyStd), Environment::default());
    let (source, options) = (Once(Cell::new(Some(graph))), PlanOptions::default());
    let request = PlanRequest {
        source: &source,
        state,
        connections: &connections,
        inputs: &Nothing,
        digest: &Nothing,
        events: &NoEvents,
        stack: "speed",
        environment: "default",
        options: &options,
    };
    futures::executor::block_on(formwork_engine::plan::plan(request)).expect("a plan")
}

/// The state after a plan of creates.
fn applied(plan: &Plan) -> State {
    let creates = plan.operations.iter().filter(|operation| operation.action == Action::Create);
    let rows = creates.map(|operation| row(plan, operation)).map(|row| (row.key.clone(), Arc::new(row)));
    State { lineage: "speed".into(), rows: rows.collect(), ..State::default() }
}

fn row(plan: &Plan, operation: &Operation) -> Row {
    let config = plan.values.get(operation.config.unwrap()).to_buf();
    let mut values = plan.values.get(operation.planned.unwrap()).to_value().as_map().unwrap().clone();
    values.insert("output", values.get("input").unwrap().clone());
    values.insert("id", Value::string(operation.address.to_string()));
    Row {
        key: RowKey { address: operation.address.clone(), generation: 1 },
        role: Role::Current,
        condition: Condition::Ready,
        type_name: operation.type_name.clone(),
        provider: Address::new(ModulePath::root(), ObjectKind::Provider, "std"),
        hosts: Vec::new(),
        schema_version: 1,
        values: ValueBuf::from(Value::Map(values)),
        config,
        write_only: BTreeMap::new(),
        private: Vec::new(),
        dependencies: operation.dependencies.clone(),
        lifecycle: operation.lifecycle.clone(),
        created_by: OperationId(String::new()),
    }
}

pub(crate) fn plan_new(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan new");
    for (shape, name) in [(Shape::Separate, "separate"), (Shape::Layers, "layers")] {
        for size in [1_000, 10_000, 100_000] {
            let graph = graph(shape, size);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(format!("{name}, {size}"), |bencher| {
                let empty = State::default();
                bencher.iter_batched(|| graph.clone(), |graph| planned(graph, &empty), BatchSize::PerIteration);
            });
        }
    }
    group.finish();
}

pub(crate) fn plan_again(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan no-op");
    for size in [1_000, 10_000, 100_000] {
        let graph = graph(Shape::Separate, size);
        let state = applied(&planned(graph.clone(), &State::default()));
        assert!(!planned(graph.clone(), &state).has_changes(), "the second plan does something");
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(format!("separate, {size}"), |bencher| {
            bencher.iter_batched(|| graph.clone(), |graph| planned(graph, &state), BatchSize::PerIteration);
        });
    }
    group.finish();
}
