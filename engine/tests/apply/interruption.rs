//! What the first signal ends: no attempt at a call that failed begins after it.

use super::support::{Bench, create, delete, named, row, update};
use formwork_engine::apply::{ApplyReport, apply};
use formwork_engine::event::Event;
use formwork_engine::plan::Plan;
use formwork_engine::ports::Interruption;
use formwork_model::Value;
use formwork_provider_mock::{Fault, FaultKind};
use formwork_state::record::Outcome;
use formwork_state::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Refuses each such call, and would be asked again in 50 seconds.
fn refuses(bench: &Bench, call: &str) {
    let fault = Fault { retry_after_ms: Some(50_000), ..Fault::new(FaultKind::Retryable).call(call) };
    bench.cloud.script(vec![fault]).unwrap();
}

fn retries(bench: &Bench) -> usize {
    bench.events.0.lock().unwrap().iter().filter(|event| matches!(event, Event::OperationRetry { .. })).count()
}

/// Applies; the first signal comes while it waits for its second attempt.
async fn stopped(bench: &Bench, plan: Plan, store: &Arc<dyn Store>) -> ApplyReport {
    let (sender, interruption) = watch::channel(Interruption::None);
    let stop = async {
        while retries(bench) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sender.send(Interruption::Stop).unwrap();
    };
    let both = async { tokio::join!(apply(bench.request(plan, store, interruption)), stop).0 };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("it does not wait for another attempt")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attempt_begins_after_the_first_signal() {
    let bench = Bench::new();
    let store = bench.open();
    refuses(&bench, "create");
    let mut plan = bench.plan("p1");
    create(&mut plan, "thing", "one", named("one"), vec![]);
    let report = stopped(&bench, plan.clone(), &store).await;
    assert_eq!((report.outcome, report.summary.created), (Outcome::Interrupted, 0), "{report:?}");
    assert!(store.state().open.is_empty() && store.state().rows.is_empty());

    bench.cloud.script(vec![]).unwrap();
    assert_eq!(bench.apply(plan, &store).await.summary.created, 1);
    for (id, call) in [("p2", "update"), ("p3", "delete")] {
        refuses(&bench, call);
        bench.events.0.lock().unwrap().clear();
        let mut plan = bench.plan(id);
        match call {
            "update" => update(&mut plan, &row(&store, "one"), &[("size", Value::Int(7))], vec![]),
            _ => delete(&mut plan, &row(&store, "one"), vec![]),
        }
        let report = stopped(&bench, plan, &store).await;
        assert_eq!((report.outcome, retries(&bench)), (Outcome::Interrupted, 1), "{call}: {report:?}");
        assert!(store.state().open.is_empty(), "{call}");
        assert_eq!(store.state().rows.len(), 1, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_another_question_what_has_the_name() {
    let bench = Bench::new();
    let store = bench.open();
    refuses(&bench, "find");
    let mut plan = bench.plan("p1");
    create(&mut plan, "named", "one", named("one"), vec![]);
    let (sender, interruption) = watch::channel(Interruption::None);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sender.send(Interruption::Stop).unwrap();
    };
    let both = async { tokio::join!(apply(bench.request(plan, &store, interruption)), stop).0 };
    let report = tokio::time::timeout(Duration::from_secs(20), both).await.expect("it does not ask again");
    assert_eq!((report.outcome, report.summary.created), (Outcome::Interrupted, 0), "{report:?}");
    assert!(store.state().open.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_is_what_makes_calls() {
    let bench = Bench::new();
    let store = bench.open();
    let slow = Fault { delay_ms: 1_500, class: None, ..Fault::new(FaultKind::Retryable).call("create") };
    bench.cloud.script(vec![slow]).unwrap();
    let mut plan = bench.plan("p1");
    let names: Vec<String> = (0..12).map(|number| format!("n{number}")).collect();
    for name in &names {
        create(&mut plan, "thing", name, named(name), vec![]);
    }
    let (sender, interruption) = watch::channel(Interruption::None);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        sender.send(Interruption::Stop).unwrap();
    };
    let request = bench.request(plan, &store, interruption);
    let parallelism = request.parallelism;
    let report = tokio::join!(apply(request), stop).0;
    let told: Vec<usize> = bench.events.0.lock().unwrap().iter().filter_map(in_flight).collect();
    assert_eq!(told, [parallelism], "more stand in line than make calls");
    assert_eq!((report.outcome, report.summary.created), (Outcome::Interrupted, parallelism), "{report:?}");
}

fn in_flight(event: &Event) -> Option<usize> {
    match event {
        Event::Interrupted { in_flight, .. } => Some(*in_flight),
        _ => None,
    }
}
