//! Hand-built graphs, and a slow apply that does what a plan says, one operation after the other.

use formwork_engine::connections::Connections;
use formwork_engine::plan::{Action, Operation, Plan, PlanOptions, PlanRequest, StateChange, plan};
use formwork_engine::plan_file;
use formwork_engine::ports::{GraphSource, InputResolver, KeyedDigest, NoEvents, Providers};
use formwork_lang::graph::{Decorators, Known, Node, NodeId, NodeKind, Object, ProviderInstance, ResourceGraph};
use formwork_lang::residual;
use formwork_model::{
    Address, AttributePath, Diagnostic, FileId, InputProblem, InputSource, ModulePath, ObjectKind, Span, TypeName,
    Value, ValueBuf,
};
use formwork_provider_api::{
    Applied, Cancelled, Checkpoint, CreateRequest, DeleteRequest, Environment, OperationSink, Provider, ProviderError,
    ReadDataRequest, StoredObject, UpdateRequest,
};
use formwork_provider_mock::{Mock, MockCloud};
use formwork_state::record::{Condition, Host, OperationId, Role, Row, RowKey, State};
use formwork_state::{Keys, Sealer};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Builds graphs in the order of their declarations.
#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) graph: ResourceGraph,
    dependencies: Vec<Vec<NodeId>>,
    by_address: HashMap<Address, NodeId>,
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// `"a.b"`: attribute `b` of resource `a`.
pub(crate) fn attribute(object: &str, name: &str) -> Value {
    Value::attribute(address(object), AttributePath::member(name))
}

pub(crate) fn text(text: &str) -> Value {
    Value::string(text)
}

impl Builder {
    pub(crate) fn add(&mut self, address: Address, kind: NodeKind, needs: Vec<NodeId>) -> NodeId {
        let start = self.graph.nodes.len() as u32 * 10;
        let span = Span::new(FileId(0), start, start + 9);
        let id = self.graph.add(Node { address: address.clone(), kind, span }, &[]);
        self.dependencies.push(needs);
        self.by_address.insert(address, id);
        id
    }

    /// What values refer to, as nodes.
    fn referred(&self, value: &Value) -> Vec<NodeId> {
        let mut needs = BTreeSet::new();
        value.each_attribute(&mut |object, _| {
            needs.extend(self.by_address.get(object).copied());
        });
        needs.into_iter().collect()
    }

    pub(crate) fn provider(&mut self, name: &str, provider: &str, config: Value) -> NodeId {
        let needs = self.referred(&config);
        let config = self.graph.values.push_value(&config);
        let address = Address::new(ModulePath::root(), ObjectKind::Provider, name);
        self.add(address, NodeKind::Provider(ProviderInstance { provider: provider.into(), config }), needs)
    }

    /// The default mock of a cloud.
    pub(crate) fn mock(&mut self, cloud: &MockCloud) -> NodeId {
        self.provider("mock", "mock", cloud.configuration())
    }

    pub(crate) fn object(
        &mut self,
        written: &str,
        type_name: &str,
        provider: NodeId,
        config: Value,
        decorators: Decorators,
        after: &[NodeId],
    ) -> NodeId {
        let address = address(written);
        let mut needs = self.referred(&config);
        needs.extend(after);
        needs.push(provider);
        let config = self.graph.values.push_value(&config);
        let (provider_name, name) = type_name.split_once('.').unwrap();
        let kind = address.kind;
        let type_name = TypeName::new(provider_name, name);
        let object = Object { kind, type_name, provider, config, decorators };
        self.add(address, NodeKind::Object(object), needs)
    }

    pub(crate) fn resource(&mut self, written: &str, type_name: &str, provider: NodeId, config: Value) -> NodeId {
        self.object(written, type_name, provider, config, Decorators::default(), &[])
    }

    pub(crate) fn junction(&mut self, name: &str, needs: Vec<NodeId>) -> NodeId {
        self.add(address(name), NodeKind::Junction, needs)
    }

    pub(crate) fn build(mut self) -> ResourceGraph {
        self.graph.set_dependencies(&self.dependencies);
        self.graph
    }

    pub(crate) fn depend(&mut self, node: NodeId, on: NodeId) {
        self.dependencies[node.index()].push(on);
    }
}

/// A graph that is always the same.
pub(crate) struct Fixed(pub(crate) ResourceGraph);

impl GraphSource for Fixed {
    fn graph(&self, _: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>> {
        Ok(self.0.clone())
    }
}

pub(crate) struct OnlyMock;

impl Providers for OnlyMock {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        match name {
            "mock" => Some(Arc::new(Mock)),
            "std" => Some(Arc::new(formwork_provider_std::Std)),
            _ => None,
        }
    }
}

pub(crate) struct Inputs(pub(crate) BTreeMap<String, String>);

impl InputResolver for Inputs {
    fn resolve(&self, source: &InputSource) -> Result<Value, InputProblem> {
        let (InputSource::EnvironmentVariable(name) | InputSource::Secret(name)) = source;
        let value = self.0.get(name.as_str()).ok_or("it is not set")?;
        let value = Value::string(value.as_str());
        Ok(if matches!(source, InputSource::Secret(_)) { value.secret() } else { value })
    }
}

pub(crate) struct Digest;

impl KeyedDigest for Digest {
    fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        digest
    }
}

/// A stack with its cloud and its state.
pub(crate) struct World {
    pub(crate) cloud: MockCloud,
    pub(crate) state: State,
    pub(crate) inputs: Inputs,
    pub(crate) runtime: tokio::runtime::Runtime,
}

/// The plan as it comes back from a file: whatever a plan holds, a file of it can be read.
fn through_a_file(plan: &Plan) -> Plan {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan");
    plan_file::write(&path, plan, &sealer()).unwrap();
    let back = plan_file::read(&path, &sealer()).unwrap();
    assert_eq!(format!("{back:?}"), format!("{plan:?}"));
    back
}

/// Of one key, derived once: that is slow on purpose.
pub(crate) fn sealer() -> Sealer {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::from_text("test", "a passphrase that is long enough"));
    KEYS.sealer().unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let state = State { lineage: "lineage".into(), ..State::default() };
        Self { cloud: MockCloud::new(), state, inputs: Inputs(BTreeMap::new()), runtime }
    }

    pub(crate) fn try_plan_with(
        &self,
        source: &dyn GraphSource,
        options: &PlanOptions,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let connections = Connections::new(Arc::new(OnlyMock), Environment::default());
        let made = self.runtime.block_on(plan(PlanRequest {
            source,
            state: &self.state,
            connections: &connections,
            inputs: &self.inputs,
            digest: &Digest,
            events: &NoEvents,
            stack: "stack",
            environment: "test",
            options,
        }));
        made.map(|plan| through_a_file(&plan))
    }

    pub(crate) fn try_plan(&self, graph: ResourceGraph, options: &PlanOptions) -> Result<Plan, Vec<Diagnostic>> {
        self.try_plan_with(&Fixed(graph), options)
    }

    pub(crate) fn plan(&self, graph: ResourceGraph) -> Plan {
        self.try_plan(graph, &PlanOptions::default()).unwrap()
    }

    pub(crate) fn errors(&self, graph: ResourceGraph, options: &PlanOptions) -> Vec<Diagnostic> {
        self.try_plan(graph, options).map(|plan| summary(&plan)).unwrap_err()
    }

    /// Plans, applies, and plans again: the second plan must be clean.
    pub(crate) fn settle(&mut self, graph: ResourceGraph) -> Plan {
        let plan = self.plan(graph.clone());
        self.apply(&plan);
        let again = self.plan(graph);
        assert_eq!(summary(&again), Vec::<String>::new(), "the second plan is not clean");
        assert!(!again.has_changes());
        plan
    }

    /// Does what a plan says.
    pub(crate) fn apply(&mut self, plan: &Plan) {
        self.apply_until(plan, |_| false);
    }

    /// Does what a plan says, up to the first operation for which `stops` holds: as a run that is killed there.
    pub(crate) fn apply_until(&mut self, plan: &Plan, stops: impl Fn(&Operation) -> bool) {
        // All moves at once, before anything else.
        let moves = plan.state_changes.iter().filter_map(|change| match change {
            StateChange::Move(from, to) => {
                let mut row = self.state.rows.remove(&from.key).unwrap().as_ref().clone();
                row.key = to.clone();
                Some(row)
            }
            _ => None,
        });
        let moved: Vec<Row> = moves.collect();
        self.state.rows.extend(moved.into_iter().map(|row| (row.key.clone(), Arc::new(row))));
        for change in &plan.state_changes {
            match change {
                StateChange::Put(row) => drop(self.state.rows.insert(row.key.clone(), Arc::new(row.as_ref().clone()))),
                StateChange::Remove(row, _) => drop(self.state.rows.remove(&row.key)),
                StateChange::Move(..) => {}
            }
        }
        for provider in plan.providers.iter().filter(|provider| !provider.recorded) {
            let configuration = plan.values.get(provider.configuration).to_buf();
            self.state.providers.insert(provider.address.clone(), configuration);
        }
        let mut run = Run {
            values: HashMap::new(),
            world: self,
            plan,
            connections: Connections::new(Arc::new(OnlyMock), Environment::default()),
        };
        for index in order(plan) {
            if stops(&plan.operations[index]) {
                return;
            }
            run.perform(index);
        }
        let outputs = plan.outputs.iter().filter_map(|output| {
            let value = output.planned.clone()?;
            Some((output.name.clone(), run.resolved(&value)))
        });
        let outputs = ValueBuf::from(&Value::map(outputs.collect::<Vec<_>>()));
        self.state.outputs = outputs;
        self.state.serial += 1;
    }
}

/// The operations in an order in which each comes after what it depends on; the last possible one, to be nasty.
pub(crate) fn order(plan: &Plan) -> Vec<usize> {
    let mut left: Vec<usize> = plan.operations.iter().map(|operation| operation.depends_on.len()).collect();
    let mut dependants: Vec<Vec<usize>> = vec![Vec::new(); left.len()];
    for (index, operation) in plan.operations.iter().enumerate() {
        for before in &operation.depends_on {
            dependants[before.0 as usize].push(index);
        }
    }
    let mut ready: Vec<usize> = (0..left.len()).filter(|index| left[*index] == 0).collect();
    let mut order = Vec::new();
    while let Some(index) = ready.pop() {
        order.push(index);
        for dependant in &dependants[index] {
            left[*dependant] -= 1;
            if left[*dependant] == 0 {
                ready.push(*dependant);
            }
        }
    }
    assert_eq!(order.len(), plan.operations.len(), "operations wait for each other");
    order
}

struct Run<'a> {
    world: &'a mut World,
    plan: &'a Plan,
    connections: Connections,
    values: HashMap<Address, ValueBuf>,
}

struct Sink;

#[async_trait::async_trait]
impl OperationSink for Sink {
    async fn checkpoint(&self, _: Checkpoint) -> Result<(), ProviderError> {
        Ok(())
    }

    fn progress(&self, _: &str) {}

    fn warn(&self, _: &str) {}

    async fn sleep(&self, _: Duration) -> Result<(), Cancelled> {
        Ok(())
    }
}

impl Run<'_> {
    fn lookup(&self, object: &Address, path: &AttributePath) -> Option<Value> {
        let value = match self.values.get(object) {
            Some(value) => value.clone(),
            None => self.current(object)?.values.clone(),
        };
        if path.steps().is_empty() {
            return Some(value.to_value());
        }
        Some(value.view().at(path).map_or(Value::Null, |value| value.to_value()))
    }

    fn current(&self, object: &Address) -> Option<Arc<Row>> {
        let rows = self.world.state.rows.values().filter(|row| row.key.address == *object && row.role == Role::Current);
        rows.max_by_key(|row| row.key.generation).cloned()
    }

    fn resolved(&self, value: &Value) -> Value {
        let inputs = |source: &InputSource| Some(self.world.inputs.resolve(source));
        residual::resolve(value, &|object, path| self.lookup(object, path), &inputs).unwrap()
    }

    fn perform(&mut self, index: usize) {
        let operation = &self.plan.operations[index];
        if operation.is_junction() {
            return;
        }
        if operation.action == Action::NoOp {
            let value = self.plan.values.get(operation.planned.unwrap()).to_buf();
            self.values.insert(operation.address.clone(), value);
            return;
        }
        if operation.action == Action::Forget {
            self.world.state.rows.remove(operation.row.as_ref().unwrap());
            return;
        }
        if operation.action == Action::Open {
            return;
        }
        let planned = &self.plan.providers[operation.provider.0 as usize];
        let configuration = self.resolved(&self.plan.values.get(planned.configuration).to_value());
        let configuration = ValueBuf::from(&configuration);
        let connecting = self.connections.get(&planned.address, &planned.provider, &configuration);
        let connected = self.world.runtime.block_on(connecting);
        let connected =
            connected.unwrap_or_else(|error| panic!("{} {:?}: {error}", operation.address, operation.action));
        let config = operation.config.map(|id| self.resolved(&self.plan.values.get(id).to_value()));
        let config = ValueBuf::from(&config.unwrap_or(Value::Null));
        assert!(operation.config.is_none() || config.view().is_known(), "{}: {config:?}", operation.address);
        self.call(index, operation, connected.connection.as_ref(), config);
    }

    fn call(
        &mut self,
        index: usize,
        operation: &Operation,
        connection: &dyn formwork_provider_api::Connection,
        config: ValueBuf,
    ) {
        let type_name = operation.type_name.name.to_string();
        let id = format!("{}-{index}", self.plan.header.id);
        let address = operation.address.clone();
        let planned = || {
            let value = self.plan.values.get(operation.planned.unwrap()).to_value();
            ValueBuf::from(
                &residual::resolve(
                    &value,
                    &|object, path| (*object != address).then(|| self.lookup(object, path)).flatten(),
                    &|_| None,
                )
                .unwrap(),
            )
        };
        let row = || self.world.state.rows.get(operation.row.as_ref().unwrap()).unwrap().clone();
        let failed = |error: ProviderError| -> ! { panic!("{} {:?}: {error}", operation.address, operation.action) };
        match operation.action {
            Action::Create => {
                let request = CreateRequest {
                    type_name,
                    address: address.clone(),
                    operation: id.clone(),
                    config: config.clone(),
                    planned: planned(),
                    private: operation.private.clone(),
                    resume: None,
                    timeout_ms: operation.timeout_ms,
                };
                let made = self.world.runtime.block_on(connection.create(request, &Sink));
                let made = made.unwrap_or_else(|error| failed(error));
                let generation =
                    self.world.state.rows.keys().filter(|key| key.address == address).map(|key| key.generation);
                let generation = generation.max().unwrap_or(0) + 1;
                self.demote(&address);
                self.record(operation, RowKey { address, generation }, made, config);
            }
            Action::Update => {
                let before = row();
                let request = UpdateRequest {
                    type_name,
                    address: address.clone(),
                    operation: id.clone(),
                    prior: StoredObject { values: before.values.clone(), private: before.private.clone() },
                    prior_config: Some(before.config.clone()),
                    config: config.clone(),
                    planned: planned(),
                    private: operation.private.clone(),
                    resume: None,
                    timeout_ms: operation.timeout_ms,
                };
                let made = self.world.runtime.block_on(connection.update(request, &Sink));
                let made = made.unwrap_or_else(|error| failed(error));
                self.record(operation, before.key.clone(), made, config);
            }
            Action::Delete => {
                let before = row();
                let request = DeleteRequest {
                    type_name,
                    address,
                    operation: id,
                    object: StoredObject { values: before.values.clone(), private: before.private.clone() },
                    config: Some(before.config.clone()),
                    resume: None,
                    timeout_ms: operation.timeout_ms,
                };
                self.world.runtime.block_on(connection.delete(request, &Sink)).unwrap_or_else(|error| failed(error));
                self.world.state.rows.remove(&before.key);
            }
            Action::Read => {
                let request = ReadDataRequest { type_name, config };
                let read = self.world.runtime.block_on(connection.read_data(request));
                self.values.insert(address, read.unwrap_or_else(|error| failed(error)));
            }
            Action::NoOp | Action::Open | Action::Forget => {}
        }
    }

    /// What an object lives in.
    fn host(&self, address: &Address) -> Option<Host> {
        let row = self.current(address)?;
        let identity = Value::list(row.values.view().get("id").map(|id| id.to_value()));
        Some(Host { address: address.clone(), created_by: row.created_by.clone(), identity: ValueBuf::from(&identity) })
    }

    /// The objects that an address had are on their way out.
    fn demote(&mut self, address: &Address) {
        for row in self.world.state.rows.values_mut().filter(|row| row.key.address == *address) {
            Arc::make_mut(row).role = Role::Deposed;
        }
    }

    fn record(&mut self, operation: &Operation, key: RowKey, made: Applied, config: ValueBuf) {
        let provider = &self.plan.providers[operation.provider.0 as usize];
        let schema = Mock.schema().resource(&operation.type_name.name);
        let write_only: Vec<&str> = schema
            .into_iter()
            .flat_map(|schema| schema.attributes)
            .filter(|attribute| attribute.write_only)
            .map(|attribute| attribute.name)
            .collect();
        let mut digests = BTreeMap::new();
        let mut kept = formwork_model::Map::new();
        for (name, value) in config.to_value().as_map().unwrap().iter() {
            if write_only.contains(&name.as_str()) {
                digests.insert(name.to_string(), Digest.digest(ValueBuf::from(value.exposed()).as_bytes()));
            } else {
                kept.insert(name.clone(), value.clone());
            }
        }
        if let Some(trigger) = operation.replace_when {
            let trigger = ValueBuf::from(&self.resolved(&self.plan.values.get(trigger).to_value()));
            digests.insert(formwork_engine::plan::REPLACE_WHEN.into(), Digest.digest(trigger.as_bytes()));
        }
        let sources = [config.view(), self.plan.values.get(operation.planned.unwrap())];
        let values = match schema {
            Some(schema) => formwork_engine::secrets::mark(schema, &sources, made.object.values),
            None => made.object.values,
        };
        self.values.insert(operation.address.clone(), values.clone());
        let row = Row {
            key: key.clone(),
            role: Role::Current,
            condition: Condition::Ready,
            type_name: operation.type_name.clone(),
            provider: provider.address.clone(),
            hosts: provider.hosts.iter().filter_map(|host| self.host(host)).collect(),
            schema_version: schema.map_or(1, |schema| schema.version),
            values,
            config: ValueBuf::from(&Value::Map(kept)),
            write_only: digests,
            private: made.object.private,
            dependencies: operation.dependencies.clone(),
            lifecycle: operation.lifecycle.clone(),
            created_by: OperationId(format!("{}-{}", self.plan.header.id, operation.address)),
        };
        self.world.state.rows.insert(key, Arc::new(row));
    }
}

/// What a plan does, a line for each operation that acts: `create a`, in the plan's order.
pub(crate) fn summary(plan: &Plan) -> Vec<String> {
    let acts = plan.operations.iter().filter(|operation| operation.action != Action::NoOp);
    acts.map(|operation| format!("{} {} ({:?})", word(operation.action), operation.address, operation.reason)).collect()
}

fn word(action: Action) -> &'static str {
    match action {
        Action::NoOp => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Read => "read",
        Action::Open => "open",
        Action::Forget => "forget",
    }
}

/// The codes of diagnostics.
pub(crate) fn codes(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect()
}

/// Whether one operation comes before another in every order that the plan allows.
pub(crate) fn comes_before(plan: &Plan, first: (Action, &str), second: (Action, &str)) -> bool {
    let find = |(action, written): (Action, &str)| {
        let position = plan
            .operations
            .iter()
            .position(|operation| operation.action == action && operation.address == address(written));
        position.unwrap_or_else(|| panic!("no {action:?} {written} in {:?}", summary(plan)))
    };
    let (first, second) = (find(first), find(second));
    let mut open = vec![second];
    let mut seen = BTreeSet::new();
    while let Some(index) = open.pop() {
        if index == first {
            return true;
        }
        if seen.insert(index) {
            open.extend(plan.operations[index].depends_on.iter().map(|before| before.0 as usize));
        }
    }
    false
}
