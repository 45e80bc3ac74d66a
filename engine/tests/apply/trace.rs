//! A trace of records and calls: `Begin` is durable before each call that changes the cloud, and the end of an operation
//! is durable before what depends on it begins.

use super::support::{Bench, OnlyMock, create, delete, named, route, row, slow, update};
use async_trait::async_trait;
use formwork_engine::plan::{OperationIndex, Plan};
use formwork_engine::ports::Providers;
use formwork_model::Value;
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::*;
use formwork_provider_mock::{Fault, FaultKind};
use formwork_state::record::{Change, OperationId, Record, State};
use formwork_state::store::{Appended, OnDurable, Reader, Store, StoreError};
use formwork_state::{Keys, LocalStore};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// One thing that happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq)]
enum Happened {
    /// A record was handed to the store.
    Appended(Kind, OperationId),
    /// The store has said that it is durable.
    Durable(Kind, OperationId),
    /// The cloud was called; whether a reader of the disk saw the operation open then.
    Called(Change, OperationId, bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Begin,
    End,
}

#[derive(Clone)]
struct Trace {
    happened: Arc<Mutex<Vec<Happened>>>,
    directory: PathBuf,
}

impl Trace {
    fn push(&self, happened: Happened) {
        self.happened.lock().unwrap().push(happened);
    }

    /// What is on the disk now, for somebody who has nothing else.
    fn on_disk(&self) -> State {
        let keys = Keys::from_text("a test", "a passphrase for tests");
        LocalStore::open_reader(&self.directory, keys).read().unwrap().state.as_ref().clone()
    }

    fn called(&self, change: Change, operation: &str) {
        let operation = OperationId(operation.to_owned());
        let open = self.on_disk().open.get(&operation).is_some_and(|open| open.begin.change == change);
        self.push(Happened::Called(change, operation, open));
    }
}

struct TracedStore {
    inner: Arc<dyn Store>,
    trace: Trace,
}

fn kind(record: &Record) -> Option<(Kind, OperationId)> {
    match record {
        Record::Begin(begin) => Some((Kind::Begin, begin.operation.clone())),
        Record::Done { operation, .. } | Record::Failed { operation, .. } => Some((Kind::End, operation.clone())),
        _ => None,
    }
}

impl Store for TracedStore {
    fn state(&self) -> Arc<State> {
        self.inner.state()
    }

    fn append(&self, record: Record, on_durable: OnDurable) {
        let (kind, trace) = (kind(&record), self.trace.clone());
        if let Some((kind, operation)) = kind.clone() {
            trace.push(Happened::Appended(kind, operation));
        }
        let told = move |appended: Appended| {
            if let (Some((kind, operation)), Ok(_)) = (kind, &appended) {
                trace.push(Happened::Durable(kind, operation));
            }
            on_durable(appended);
        };
        self.inner.append(record, Box::new(told));
    }

    fn append_and_wait(&self, records: Vec<Record>) -> Result<u64, StoreError> {
        self.inner.append_and_wait(records)
    }

    fn assert_held(&self, milliseconds: u64) -> Result<(), StoreError> {
        self.inner.assert_held(milliseconds)
    }

    fn close(&self) -> Result<(), StoreError> {
        self.inner.close()
    }
}

struct TracedProviders(Trace);

impl Providers for TracedProviders {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        Some(Arc::new(TracedProvider { inner: OnlyMock.provider(name)?, trace: self.0.clone() }))
    }
}

struct TracedProvider {
    inner: Arc<dyn Provider>,
    trace: Trace,
}

#[async_trait]
impl Provider for TracedProvider {
    fn schema(&self) -> &'static ProviderSchema {
        self.inner.schema()
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        let inner = self.inner.configure(request).await?;
        Ok(Arc::new(TracedConnection { inner, trace: self.trace.clone() }))
    }
}

struct TracedConnection {
    inner: Arc<dyn Connection>,
    trace: Trace,
}

#[async_trait]
impl Connection for TracedConnection {
    fn account(&self) -> AccountIdentity {
        self.inner.account()
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        self.inner.read_many(request).await
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        self.trace.called(Change::Create, &request.operation);
        self.inner.create(request, sink).await
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        self.trace.called(Change::Update, &request.operation);
        self.inner.update(request, sink).await
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        self.trace.called(Change::Delete, &request.operation);
        self.inner.delete(request, sink).await
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        self.inner.find(request).await
    }
}

/// Applies a plan and gives what happened, checked.
async fn traced(bench: &Bench, trace: &Trace, store: &Arc<dyn Store>, plan: Plan, calls: usize) {
    trace.happened.lock().unwrap().clear();
    let store: Arc<dyn Store> = Arc::new(TracedStore { inner: Arc::clone(store), trace: trace.clone() });
    bench.apply(plan.clone(), &store).await;
    let happened = trace.happened.lock().unwrap().clone();
    let called = |happened: &&Happened| matches!(happened, Happened::Called(..));
    assert_eq!(happened.iter().filter(called).count(), calls, "{happened:#?}");
    for (at, one) in happened.iter().enumerate() {
        if let Happened::Called(change, operation, open) = one {
            assert!(open, "{change:?} {operation:?} was called, and the disk did not know: {happened:#?}");
            assert!(happened[..at].contains(&Happened::Durable(Kind::Begin, operation.clone())), "{happened:#?}");
        }
    }
    check_dependents(&plan, &happened);
}

/// The end of what an operation depends on is durable before it begins.
fn check_dependents(plan: &Plan, happened: &[Happened]) {
    let position = |wanted: &Happened| happened.iter().position(|one| one == wanted);
    for (index, operation) in (0_u32..).zip(&plan.operations) {
        let began = Happened::Appended(Kind::Begin, operation_id(plan, index));
        let Some(began) = position(&began) else { continue };
        for needed in &operation.depends_on {
            let ended = position(&Happened::Durable(Kind::End, operation_id(plan, needed.0)));
            assert!(ended.is_some_and(|ended| ended < began), "{index} began before {needed:?} ended: {happened:#?}");
        }
    }
}

fn operation_id(plan: &Plan, index: u32) -> OperationId {
    formwork_engine::apply::operation_id(plan, OperationIndex(index))
}

fn tagged_after(name: &str, of: &str) -> Value {
    let wanted = Value::attribute(formwork_model::Address::resource(of), formwork_model::AttributePath::member("id"));
    Value::map([("name", Value::string(name)), ("tags", Value::map([("of", wanted)]))])
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_before_it_is_recorded() {
    let mut bench = Bench::new();
    let trace = Trace { happened: Arc::default(), directory: bench.directory.path().to_owned() };
    bench.providers = Arc::new(TracedProviders(trace.clone()));
    let store = bench.open();

    let mut plan = bench.plan("creates");
    create(&mut plan, "thing", "root", named("root"), vec![]);
    create(&mut plan, "named", "middle", tagged_after("middle", "root"), vec![0]);
    create(&mut plan, "tagged", "leaf", tagged_after("leaf", "middle"), vec![1]);
    create(&mut plan, "slow", "slow", slow("slow", 1), vec![0]);
    create(&mut plan, "keyed", "route", route(), vec![3]);
    traced(&bench, &trace, &store, plan, 5).await;

    // An update, a replacement that deletes first, one that creates first and deletes what it deposed.
    let mut plan = bench.plan("changes");
    update(&mut plan, &row(&store, "root"), &[("size", Value::Int(2))], vec![]);
    update(&mut plan, &row(&store, "slow"), &[("size", Value::Int(2))], vec![0]);
    delete(&mut plan, &row(&store, "middle"), vec![0]);
    create(&mut plan, "named", "middle", tagged_after("middle", "root"), vec![2]);
    create(&mut plan, "tagged", "leaf", tagged_after("leaf-2", "middle"), vec![3]);
    delete(&mut plan, &row(&store, "leaf"), vec![4]);
    traced(&bench, &trace, &store, plan, 6).await;

    let mut plan = bench.plan("deletes");
    delete(&mut plan, &row(&store, "leaf"), vec![]);
    delete(&mut plan, &row(&store, "middle"), vec![0]);
    delete(&mut plan, &row(&store, "route"), vec![]);
    delete(&mut plan, &row(&store, "slow"), vec![2]);
    delete(&mut plan, &row(&store, "root"), vec![1, 3]);
    traced(&bench, &trace, &store, plan, 5).await;
    assert!(store.state().rows.is_empty());
}

/// Also of what fails, is tried again, and is searched for.
#[tokio::test(flavor = "multi_thread")]
async fn failures_are_recorded_before_anything_else_begins() {
    let mut bench = Bench::new();
    let trace = Trace { happened: Arc::default(), directory: bench.directory.path().to_owned() };
    bench.providers = Arc::new(TracedProviders(trace.clone()));
    let store = bench.open();
    bench
        .cloud
        .script(vec![
            Fault { retry_after_ms: Some(1), ..Fault::new(FaultKind::Retryable).call("create").named("one").times(2) },
            Fault::new(FaultKind::AnswerLostAfter).call("create").named("two").nth(1),
            Fault::new(FaultKind::Partial).call("create").named("three"),
        ])
        .unwrap();
    let mut plan = bench.plan("creates");
    create(&mut plan, "named", "one", named("one"), vec![]);
    create(&mut plan, "named", "two", named("two"), vec![0]);
    create(&mut plan, "named", "three", named("three"), vec![1]);
    create(&mut plan, "named", "four", named("four"), vec![2]);
    traced(&bench, &trace, &store, plan, 5).await;
    assert!(store.state().open.is_empty());
    assert_eq!(store.state().rows.len(), 3, "the broken one too");
}
