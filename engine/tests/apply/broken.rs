//! What can break beside the cloud: plans that do not fit, a store that ends, tasks of our own.

use super::support::{Bench, create, delete, named, row};
use formwork_engine::apply::{ApplyReport, ApplyRequest, apply};
use formwork_engine::event::Event;
use formwork_engine::plan::Plan;
use formwork_engine::ports::{EventSink, Interruption};
use formwork_model::{Address, AttributePath, Diagnostic, Value};
use formwork_state::record::{Outcome, Record, State};
use formwork_state::store::{OnDurable, Store, StoreError};
use std::sync::Arc;
use tokio::sync::watch;

fn codes(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect()
}

async fn applied(bench: &Bench, plan: Plan, change: impl FnOnce(&mut ApplyRequest)) -> ApplyReport {
    let (_sender, interruption) = watch::channel(Interruption::None);
    let mut request = bench.request(plan, &bench.open(), interruption);
    change(&mut request);
    apply(request).await
}

/// What it waits for was made, and its provider did not tell it.
#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_stays_unknown() {
    let bench = Bench::new();
    let mut plan = bench.plan("p1");
    let unknown = Value::attribute(Address::resource("nothing"), AttributePath::member("id"));
    let config = Value::map([("name", Value::string("one")), ("tags", Value::map([("of", unknown)]))]);
    create(&mut plan, "thing", "one", config, vec![]);
    let report = applied(&bench, plan, |_| {}).await;
    assert_eq!((codes(&report.diagnostics), report.outcome), (vec!["E2001".to_owned()], Outcome::Failed));
    assert!(report.diagnostics[0].message.contains("`nothing.id`"), "{}", report.diagnostics[0].message);
    assert!(bench.cloud.objects("thing").unwrap().is_empty());
}

/// The row went between the plan and its apply.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_in_the_state_any_more() {
    let bench = Bench::new();
    let mut plan = bench.plan("p1");
    create(&mut plan, "thing", "one", named("one"), vec![]);
    let store = bench.open();
    bench.apply(plan, &store).await;
    let row = row(&store, "one");
    store.append_and_wait(vec![Record::Remove { key: row.key.clone(), reason: "by hand".into() }]).unwrap();
    let mut plan = bench.plan("p2");
    super::support::update(&mut plan, &row, &[("size", Value::Int(7))], vec![]);
    let report = bench.apply(plan, &store).await;
    assert_eq!(codes(&report.diagnostics), ["E2002"]);
    // A delete of what is not there any more has nothing to do.
    let mut plan = bench.plan("p3");
    delete(&mut plan, &row, vec![]);
    assert_eq!(codes(&bench.apply(plan, &store).await.diagnostics), Vec::<String>::new());
}

/// A store whose writer ends before it has answered.
struct Ended(Arc<dyn Store>);

impl Store for Ended {
    fn state(&self) -> Arc<State> {
        self.0.state()
    }

    fn append(&self, _: Record, on_durable: OnDurable) {
        drop(on_durable);
    }

    fn append_and_wait(&self, records: Vec<Record>) -> Result<u64, StoreError> {
        self.0.append_and_wait(records)
    }

    fn assert_held(&self, milliseconds: u64) -> Result<(), StoreError> {
        self.0.assert_held(milliseconds)
    }

    fn close(&self) -> Result<(), StoreError> {
        self.0.close()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_that_cannot_be_recorded() {
    let bench = Bench::new();
    let mut plan = bench.plan("p1");
    create(&mut plan, "thing", "one", named("one"), vec![]);
    let report = applied(&bench, plan, |request| request.store = Arc::new(Ended(Arc::clone(&request.store)))).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(codes(&report.diagnostics).iter().all(|code| code == "E2010"), "{:?}", report.diagnostics);
    assert!(!report.diagnostics.is_empty());
    assert!(bench.cloud.objects("thing").unwrap().is_empty());
}

/// Breaks down when a change begins.
struct Brittle;

impl EventSink for Brittle {
    fn emit(&self, event: Event) {
        assert!(!matches!(event, Event::OperationStarted { .. }), "planted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_breaks_down_is_told_and_resumed() {
    let bench = Bench::new();
    let mut plan = bench.plan("p1");
    create(&mut plan, "thing", "one", named("one"), vec![]);
    let report = applied(&bench, plan, |request| request.events = Arc::new(Brittle)).await;
    assert_eq!((codes(&report.diagnostics), report.outcome), (vec!["E2011".to_owned()], Outcome::Failed));
    assert!(report.diagnostics[0].message.contains("planted"), "{}", report.diagnostics[0].message);
    let store = bench.open();
    assert_eq!(store.state().open.len(), 1, "it had begun");
    assert!(bench.recover(&store).await.is_empty());
    assert!(store.state().open.is_empty() && bench.cloud.objects("thing").unwrap().is_empty());
}
