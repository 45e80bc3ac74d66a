//! What is done in which order, and what a failure stops.

use super::support::{Bench, create, named, route};
use formwork_model::{Address, AttributePath, Value};
use formwork_provider_mock::{Fault, FaultKind};
use formwork_state::record::{Condition, Outcome};

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
