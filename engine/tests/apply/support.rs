//! A stack under test: a cloud, a state directory, and plans made by hand.

use formwork_engine::apply::{ApplyReport, ApplyRequest, apply};
use formwork_engine::event::Event;
use formwork_engine::plan::{Action, Operation, OperationIndex, Plan, PlannedProvider, ProviderIndex, Reason};
use formwork_engine::ports::{EventSink, InputResolver, Interruption, KeyedDigest, Providers};
use formwork_engine::recovery::{RecoverRequest, recover};
use formwork_engine::secrets::SecretRegistry;
use formwork_model::{Address, AttributePath, InputProblem, InputSource, ObjectKind, TypeName, Value};
use formwork_provider_api::Provider;
use formwork_provider_mock::{Mock, MockCloud};
use formwork_state::record::{Lifecycle, Row, Run, RunId};
use formwork_state::store::Store;
use formwork_state::{Keys, LocalStore, LockOptions};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

pub(crate) struct OnlyMock;

impl Providers for OnlyMock {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        (name == "mock").then(|| Arc::new(Mock) as Arc<dyn Provider>)
    }
}

pub(crate) struct NoInputs;

impl InputResolver for NoInputs {
    fn resolve(&self, _: &InputSource) -> Result<Value, InputProblem> {
        Err("there are none".into())
    }
}

pub(crate) struct PlainDigest;

impl KeyedDigest for PlainDigest {
    fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
        digest
    }
}

#[derive(Default)]
pub(crate) struct Collected(pub(crate) Mutex<Vec<Event>>);

impl EventSink for Collected {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// A stack under test: a cloud, a state directory, and plans made by hand.
pub(crate) struct Bench {
    pub(crate) cloud: MockCloud,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) events: Arc<Collected>,
    pub(crate) providers: Arc<dyn Providers>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            cloud: MockCloud::new(),
            directory: tempfile::tempdir().unwrap(),
            events: Arc::default(),
            providers: Arc::new(OnlyMock),
        }
    }

    pub(crate) fn plan(&self, id: &str) -> Plan {
        let mut plan = Plan::default();
        plan.header.id = id.into();
        let configuration = plan.values.push_value(&self.cloud.configuration());
        plan.providers.push(PlannedProvider {
            address: Address::new(Default::default(), ObjectKind::Provider, "mock"),
            provider: "mock".into(),
            version: "1".into(),
            configuration,
            hosts: Vec::new(),
            account: None,
            depends_on: Vec::new(),
            recorded: false,
        });
        plan
    }

    pub(crate) fn open(&self) -> Arc<dyn Store> {
        let keys = Keys::from_text("a test", "a passphrase for tests");
        Arc::from(
            LocalStore::lock_and_open(self.directory.path(), LockOptions::new("me@here", "apply"), &keys).unwrap(),
        )
    }

    pub(crate) async fn apply(&self, plan: Plan, store: &Arc<dyn Store>) -> ApplyReport {
        let (_sender, interruption) = watch::channel(Interruption::None);
        apply(self.request(plan, store, interruption)).await
    }

    /// What an apply needs; for one that is interrupted.
    pub(crate) fn request(
        &self,
        plan: Plan,
        store: &Arc<dyn Store>,
        interruption: watch::Receiver<Interruption>,
    ) -> ApplyRequest {
        ApplyRequest {
            run: Run {
                id: RunId(format!("run of {}", plan.header.id)),
                command: "apply".into(),
                who: "me@here".into(),
                at_ms: 1,
                commit: String::new(),
                plan: plan.header.id.clone(),
                version: "0".into(),
                finished: None,
            },
            plan: Arc::new(plan),
            store: Arc::clone(store),
            providers: Arc::clone(&self.providers),
            inputs: Arc::new(NoInputs),
            digest: Arc::new(PlainDigest),
            secrets: Arc::new(SecretRegistry::default()),
            environment: Default::default(),
            parallelism: 4,
            events: self.events.clone(),
            interruption,
        }
    }

    pub(crate) async fn recover(&self, store: &Arc<dyn Store>) -> Vec<formwork_model::Diagnostic> {
        let (_sender, interruption) = watch::channel(Interruption::None);
        recover(RecoverRequest {
            store: Arc::clone(store),
            providers: Arc::clone(&self.providers),
            inputs: Arc::new(NoInputs),
            secrets: Arc::new(SecretRegistry::default()),
            environment: Default::default(),
            events: self.events.clone(),
            interruption,
        })
        .await
    }
}

/// Adds the create of an object.
pub(crate) fn create(plan: &mut Plan, type_name: &str, name: &str, config: Value, depends_on: Vec<u32>) {
    let address = Address::resource(name);
    let Value::Map(mut planned) = config.clone() else { panic!("a map") };
    let schema = Mock.schema().resource(type_name).unwrap();
    for attribute in schema.attributes.iter().filter(|attribute| !attribute.write_only) {
        if planned.contains(attribute.name) {
            continue;
        }
        if attribute.is_computed() {
            let unknown = Value::attribute(address.clone(), AttributePath::member(attribute.name));
            planned.insert(attribute.name, unknown);
        } else if let Some(default) = attribute.default_value() {
            planned.insert(attribute.name, default);
        }
    }
    schema.attributes.iter().filter(|attribute| attribute.write_only).for_each(|attribute| {
        planned.remove(attribute.name);
    });
    let blank = blank(TypeName::new("mock", type_name), address, Action::Create, depends_on);
    let config = Some(plan.values.push_value(&config));
    let planned = Some(plan.values.push_value(&Value::Map(planned)));
    plan.operations.push(Operation { config, planned, ..blank });
}

/// Adds the change of an object in place: these attributes take these values.
pub(crate) fn update(plan: &mut Plan, row: &Row, change: &[(&str, Value)], depends_on: Vec<u32>) {
    let over = |values: Value| {
        let Value::Map(mut map) = values else { panic!("a map") };
        change.iter().for_each(|(name, value)| drop(map.insert(*name, value.clone())));
        Value::Map(map)
    };
    let schema = Mock.schema().resource(&row.type_name.name).unwrap();
    let config = over(row.config.to_value());
    let Value::Map(mut planned) = over(row.values.to_value()) else { panic!("a map") };
    schema.attributes.iter().filter(|attribute| attribute.write_only).for_each(|attribute| {
        planned.remove(attribute.name);
    });
    let blank = blank(row.type_name.clone(), row.key.address.clone(), Action::Update, depends_on);
    let config = Some(plan.values.push_value(&config));
    let planned = Some(plan.values.push_value(&Value::Map(planned)));
    plan.operations.push(Operation { config, planned, row: Some(row.key.clone()), ..blank });
}

/// Adds the delete of an object.
pub(crate) fn delete(plan: &mut Plan, row: &Row, depends_on: Vec<u32>) {
    let blank = blank(row.type_name.clone(), row.key.address.clone(), Action::Delete, depends_on);
    plan.operations.push(Operation { row: Some(row.key.clone()), ..blank });
}

/// Adds the opening of an ephemeral value.
pub(crate) fn open(plan: &mut Plan, type_name: &str, address: Address, config: Value) {
    let blank = blank(TypeName::new("mock", type_name), address, Action::Open, Vec::new());
    let config = Some(plan.values.push_value(&config));
    plan.operations.push(Operation { config, ..blank });
}

fn blank(type_name: TypeName, address: Address, action: Action, depends_on: Vec<u32>) -> Operation {
    Operation {
        type_name,
        action,
        reason: Reason::Config,
        provider: ProviderIndex(0),
        depends_on: depends_on.into_iter().map(OperationIndex).collect(),
        row: None,
        counterpart: None,
        config: None,
        prior: None,
        planned: None,
        private: Vec::new(),
        replace_paths: Vec::new(),
        ignore: Vec::new(),
        replace_when: None,
        lifecycle: Lifecycle::default(),
        dependencies: Vec::new(),
        timeout_ms: 60_000,
        expected_s: 1,
        span: None,
        address,
    }
}

pub(crate) fn named(name: &str) -> Value {
    Value::map([("name", Value::string(name))])
}

/// An object of several polls.
pub(crate) fn slow(name: &str, size: i64) -> Value {
    Value::map([("name", Value::string(name)), ("size", Value::Int(size)), ("polls", Value::Int(3))])
}

/// The current row of a name.
pub(crate) fn row(store: &Arc<dyn Store>, name: &str) -> Row {
    store.state().current(&Address::resource(name)).expect("it is recorded").as_ref().clone()
}

/// An attribute of a row.
pub(crate) fn value(row: &Row, attribute: &str) -> Value {
    row.values.view().get(attribute).map_or(Value::Null, |value| value.to_value())
}

pub(crate) fn route() -> Value {
    Value::map(
        [("table", "main"), ("destination", "0.0.0.0/0"), ("target", "gateway")]
            .map(|(key, text)| (key, Value::string(text))),
    )
}
