//! Ephemeral values that end before the apply does: what is configured with them goes on with what they were renewed to.

use super::support::{Bench, OnlyMock, create, named, open};
use async_trait::async_trait;
use formwork_engine::plan::{OperationIndex, Plan, PlannedProvider, ProviderIndex};
use formwork_engine::ports::Providers;
use formwork_model::schema::ProviderSchema;
use formwork_model::{Address, AttributePath, ObjectKind, Value};
use formwork_provider_api::*;
use formwork_provider_mock::Fault;
use formwork_state::record::Outcome;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A lease that is renewed so often, and a provider that is configured with its token.
fn plan(bench: &Bench, renew_every_ms: i64) -> Plan {
    let mut plan = bench.plan("p1");
    let address = Address::new(Default::default(), ObjectKind::Ephemeral, "token");
    let config = [("name", Value::string("t")), ("renew_every", Value::Duration(renew_every_ms))];
    open(&mut plan, "lease", address.clone(), Value::map(config));
    let mut configuration = bench.cloud.configuration().as_map().unwrap().clone();
    configuration.insert("token", Value::attribute(address, AttributePath::member("token")));
    let configuration = plan.values.push_value(&Value::Map(configuration));
    plan.providers.push(PlannedProvider {
        address: Address::new(Default::default(), ObjectKind::Provider, "short"),
        provider: "mock".into(),
        version: "1".into(),
        configuration,
        hosts: Vec::new(),
        account: None,
        depends_on: vec![OperationIndex(0)],
        recorded: false,
    });
    plan
}

/// Adds a create through the provider with the token.
fn behind_the_token(plan: &mut Plan, type_name: &str, name: &str, config: Value, depends_on: Vec<u32>) {
    create(plan, type_name, name, config, depends_on);
    plan.operations.last_mut().unwrap().provider = ProviderIndex(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_outlives_the_token_that_it_began_with() {
    let bench = Bench::new();
    let mut plan = plan(&bench, 150);
    let slow = [("name", Value::string("slow")), ("polls", Value::Int(30)), ("interval", Value::Duration(50))];
    behind_the_token(&mut plan, "slow", "slow", Value::map(slow), vec![0]);
    behind_the_token(&mut plan, "thing", "last", named("last"), vec![1]);
    let store = bench.open();
    let report = bench.apply(plan, &store).await;
    assert!(report.diagnostics.is_empty(), "{:#?}", report.diagnostics);
    assert_eq!((report.summary.created, report.outcome), (2, Outcome::Succeeded));
    let renewals = bench.cloud.count("renew", "lease").unwrap();
    assert!(renewals >= 4, "the apply is too short to tell anything: {renewals} renewals");
    assert_eq!(bench.cloud.count("close", "lease").unwrap(), 1);
    drop(store);
    nowhere(bench.directory.path());
}

/// No token reached the disk.
fn nowhere(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere(&path);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains("mock-secret-lease"), "{}", path.display());
        }
    }
}

/// A provider whose connections cannot be given another configuration.
#[tokio::test(flavor = "multi_thread")]
async fn later_calls_get_a_connection_with_the_renewed_token() {
    let configured = Arc::new(AtomicUsize::new(0));
    let bench = Bench { providers: Arc::new(Frozen(configured.clone())), ..Bench::new() };
    bench.cloud.script(vec![Fault { delay_ms: 300, ..Fault::default() }.call("create")]).unwrap();
    let mut plan = plan(&bench, 1_000);
    for number in 0..10 {
        behind_the_token(&mut plan, "thing", &format!("t{number}"), named(&format!("t{number}")), vec![number]);
    }
    let store = bench.open();
    let report = bench.apply(plan, &store).await;
    assert!(report.diagnostics.is_empty(), "{:#?}", report.diagnostics);
    assert_eq!(report.summary.created, 10);
    assert!(bench.cloud.count("renew", "lease").unwrap() >= 2);
    assert!(configured.load(Ordering::Relaxed) >= 4, "there were connections with other tokens");
}

/// Counts how often it configures.
struct Frozen(Arc<AtomicUsize>);

impl Providers for Frozen {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        Some(Arc::new(FrozenProvider(OnlyMock.provider(name)?, self.0.clone())))
    }
}

struct FrozenProvider(Arc<dyn Provider>, Arc<AtomicUsize>);

#[async_trait]
impl Provider for FrozenProvider {
    fn schema(&self) -> &'static ProviderSchema {
        self.0.schema()
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(FrozenConnection(self.0.configure(request).await?)))
    }
}

struct FrozenConnection(Arc<dyn Connection>);

#[async_trait]
impl Connection for FrozenConnection {
    fn account(&self) -> AccountIdentity {
        self.0.account()
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        self.0.read_many(request).await
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        self.0.create(request, sink).await
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        self.0.update(request, sink).await
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        self.0.delete(request, sink).await
    }

    async fn open(&self, request: OpenRequest) -> Result<Opened, ProviderError> {
        self.0.open(request).await
    }

    async fn renew(&self, opened: Opened) -> Result<Opened, ProviderError> {
        self.0.renew(opened).await
    }

    async fn close(&self, opened: Opened) -> Result<(), ProviderError> {
        self.0.close(opened).await
    }
}
