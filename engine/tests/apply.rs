//! Applying hand-made plans to the mock cloud, with a real store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use formwork_engine::apply::{ApplyReport, ApplyRequest, apply};
use formwork_engine::event::Event;
use formwork_engine::plan::{Action, Operation, OperationIndex, Plan, PlannedProvider, ProviderIndex, Reason};
use formwork_engine::ports::{EventSink, InputResolver, Interruption, KeyedDigest, Providers};
use formwork_engine::recovery::{RecoverRequest, recover};
use formwork_engine::secrets::SecretRegistry;
use formwork_model::{Address, AttributePath, InputSource, ObjectKind, TypeName, Value};
use formwork_provider_api::Provider;
use formwork_provider_mock::{Fault, FaultKind, Mock, MockCloud};
use formwork_state::record::{Condition, Lifecycle, Outcome, Run, RunId};
use formwork_state::store::Store;
use formwork_state::{Keys, LocalStore, LockOptions};
use std::sync::{Arc, Mutex};

struct OnlyMock;

impl Providers for OnlyMock {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        (name == "mock").then(|| Arc::new(Mock) as Arc<dyn Provider>)
    }
}

struct NoInputs;

impl InputResolver for NoInputs {
    fn resolve(&self, _: &InputSource) -> Result<Value, String> {
        Err("there are none".into())
    }
}

struct PlainDigest;

impl KeyedDigest for PlainDigest {
    fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
        digest
    }
}

#[derive(Default)]
struct Collected(Mutex<Vec<Event>>);

impl EventSink for Collected {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// A stack under test: a cloud, a state directory, and plans made by hand.
struct Bench {
    cloud: MockCloud,
    directory: tempfile::TempDir,
    events: Arc<Collected>,
}

impl Bench {
    fn new() -> Self {
        Self { cloud: MockCloud::new(), directory: tempfile::tempdir().unwrap(), events: Arc::default() }
    }

    fn plan(&self, id: &str) -> Plan {
        let mut plan = Plan::default();
        plan.header.id = id.into();
        let configuration = plan.values.push_value(&self.cloud.configuration());
        plan.providers.push(PlannedProvider {
            address: Address::new(Default::default(), ObjectKind::Provider, "mock"),
            provider: "mock".into(),
            version: "1".into(),
            configuration,
            account: None,
            depends_on: Vec::new(),
            recorded: false,
        });
        plan
    }

    fn open(&self) -> Arc<dyn Store> {
        let keys = Keys::from_text("a test", "a passphrase for tests");
        Arc::from(
            LocalStore::lock_and_open(self.directory.path(), LockOptions::new("me@here", "apply"), &keys).unwrap(),
        )
    }

    async fn apply(&self, plan: Plan, store: &Arc<dyn Store>) -> ApplyReport {
        let (sender, interruption) = tokio::sync::watch::channel(Interruption::None);
        let report = apply(ApplyRequest {
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
            providers: Arc::new(OnlyMock),
            inputs: Arc::new(NoInputs),
            digest: Arc::new(PlainDigest),
            secrets: Arc::new(SecretRegistry::default()),
            environment: Default::default(),
            parallelism: 4,
            events: self.events.clone(),
            interruption,
        })
        .await;
        drop(sender);
        report
    }

    async fn recover(&self, store: &Arc<dyn Store>) -> Vec<formwork_model::Diagnostic> {
        let (_sender, interruption) = tokio::sync::watch::channel(Interruption::None);
        recover(RecoverRequest {
            store: Arc::clone(store),
            providers: Arc::new(OnlyMock),
            inputs: Arc::new(NoInputs),
            environment: Default::default(),
            events: self.events.clone(),
            interruption,
        })
        .await
    }
}

fn create(plan: &mut Plan, type_name: &str, name: &str, config: Value, depends_on: Vec<u32>) {
    let address = Address::resource(name);
    let Value::Map(mut planned) = config.clone() else { panic!("a map") };
    let schema = Mock.schema().resource(type_name).unwrap();
    for attribute in schema.attributes {
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
    let operation = Operation {
        type_name: TypeName::new("mock", type_name),
        action: Action::Create,
        reason: Reason::Config,
        provider: ProviderIndex(0),
        depends_on: depends_on.into_iter().map(OperationIndex).collect(),
        row: None,
        counterpart: None,
        config: Some(plan.values.push_value(&config)),
        prior: None,
        planned: Some(plan.values.push_value(&Value::Map(planned))),
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
    };
    plan.operations.push(operation);
}

fn named(name: &str) -> Value {
    Value::map([("name", Value::string(name))])
}

fn route() -> Value {
    Value::map(
        [("table", "main"), ("destination", "0.0.0.0/0"), ("target", "gateway")]
            .map(|(key, text)| (key, Value::string(text))),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn values_flow_from_what_was_made_to_what_needs_it() {
    let bench = Bench::new();
    let mut plan = bench.plan("p1");
    create(&mut plan, "thing", "first", named("first"), vec![]);
    let wanted = Value::attribute(Address::resource("first"), AttributePath::member("id"));
    let tags = Value::map([("of", wanted)]);
    create(&mut plan, "thing", "second", Value::map([("name", Value::string("second")), ("tags", tags)]), vec![0]);
    let store = bench.open();
    let report = bench.apply(plan.clone(), &store).await;
    assert!(report.diagnostics.is_empty(), "{:#?}", report.diagnostics);
    assert_eq!((report.summary.created, report.outcome), (2, Outcome::Succeeded));
    let state = store.state();
    let row = |name| state.current(&Address::resource(name)).unwrap().clone();
    let id = row("first").values.view().get("id").unwrap().to_value();
    let tag = row("second").values.view().get("tags").unwrap().get("of").unwrap().to_value();
    assert_eq!(id, tag);
    // The same plan again does nothing.
    let report = bench.apply(plan, &store).await;
    assert_eq!(report.summary.created, 0, "{report:?}");
    assert_eq!(bench.cloud.count("create", "thing").unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_stops_only_dependents() {
    let bench = Bench::new();
    let fault = Fault::new(FaultKind::Forbidden).call("create").named("bad");
    bench.cloud.script(vec![fault]).unwrap();
    let mut plan = bench.plan("p1");
    create(&mut plan, "thing", "bad", named("bad"), vec![]);
    create(&mut plan, "thing", "child", named("child"), vec![0]);
    create(&mut plan, "thing", "grandchild", named("grandchild"), vec![1]);
    create(&mut plan, "thing", "other", named("other"), vec![]);
    let store = bench.open();
    let report = bench.apply(plan, &store).await;
    let summary = report.summary;
    assert_eq!((summary.created, summary.failed, summary.skipped), (1, 1, 2));
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(report.diagnostics[0].code.to_string(), "E4006");
    assert!(store.state().open.is_empty());
    assert_eq!(store.state().rows.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_makes_one_object() {
    for type_name in ["named", "tokened", "tagged", "keyed"] {
        for kind in [FaultKind::AnswerLostBefore, FaultKind::AnswerLostAfter] {
            let bench = Bench::new();
            bench.cloud.script(vec![Fault { nth: Some(1), ..Fault::new(kind).call("create") }]).unwrap();
            let mut plan = bench.plan("p1");
            let config = if type_name == "keyed" { route() } else { named("one") };
            create(&mut plan, type_name, "one", config, vec![]);
            let store = bench.open();
            let report = bench.apply(plan, &store).await;
            assert!(report.diagnostics.is_empty(), "{type_name} {kind:?}: {:#?}", report.diagnostics);
            assert_eq!(bench.cloud.objects(type_name).unwrap().len(), 1, "{type_name} {kind:?}");
            assert_eq!(store.state().rows.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recognised_is_uncertain() {
    let bench = Bench::new();
    bench.cloud.script(vec![Fault::new(FaultKind::AnswerLostAfter).call("create")]).unwrap();
    let mut plan = bench.plan("p1");
    create(&mut plan, "anonymous", "one", named("one"), vec![]);
    let store = bench.open();
    let report = bench.apply(plan, &store).await;
    assert_eq!(report.diagnostics[0].code.to_string(), "E2004");
    let state = store.state();
    let row = state.rows.values().next().unwrap();
    assert!(matches!(row.condition, Condition::Uncertain(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_recorded_failure() {
    let bench = Bench::new();
    bench.cloud.script(vec![Fault::new(FaultKind::Panic).call("create").named("bad")]).unwrap();
    let mut plan = bench.plan("p1");
    create(&mut plan, "named", "bad", named("bad"), vec![]);
    create(&mut plan, "named", "good", named("good"), vec![]);
    let store = bench.open();
    let report = bench.apply(plan, &store).await;
    assert_eq!((report.summary.created, report.summary.failed), (1, 1), "{report:?}");
    assert!(store.state().open.is_empty());
    assert!(bench.recover(&store).await.is_empty());
}
