//! What became of an operation that began and did not end: found out, never guessed.

use super::support::{Bench, create, named, route, row, slow, update, value};
use formwork_engine::apply::apply;
use formwork_engine::connections::Connections;
use formwork_engine::plan::Resolution;
use formwork_engine::ports::Interruption;
use formwork_engine::recovery::foresee;
use formwork_model::{Value, ValueBuf};
use formwork_provider_mock::{CloudObject, Fault, FaultKind, ObjectState};
use formwork_state::record::{Begin, Change, Condition, OperationId, Outcome, Record, RunId};
use formwork_state::store::Store;
use std::sync::Arc;
use tokio::sync::watch;

/// The answer of the create is lost, and the search that follows fails: the operation stays open.
fn cut_off(find: u64) -> Vec<Fault> {
    vec![
        Fault::new(FaultKind::AnswerLostAfter).call("create").nth(1),
        Fault::new(FaultKind::Forbidden).call("find").nth(find),
    ]
}

/// A create of one object that is left open.
async fn left_open(bench: &Bench, type_name: &str, config: Value, faults: Vec<Fault>) -> Arc<dyn Store> {
    bench.cloud.script(faults).unwrap();
    let mut plan = bench.plan("p1");
    create(&mut plan, type_name, "one", config, vec![]);
    let store = bench.open();
    let report = bench.apply(plan, &store).await;
    assert_eq!((report.summary.failed, report.outcome), (1, Outcome::Failed), "{report:?}");
    assert_eq!(store.state().open.len(), 1);
    bench.cloud.script(vec![]).unwrap();
    store
}

fn cloud_state(bench: &Bench) -> Vec<ObjectState> {
    bench.cloud.objects("slow").unwrap().iter().map(|object| object.state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_still_goes_on_is_waited_for() {
    let bench = Bench::new();
    let store = left_open(&bench, "slow", slow("one", 1), cut_off(1)).await;
    assert_eq!(cloud_state(&bench), [ObjectState::Creating]);
    assert!(bench.recover(&store).await.is_empty());
    assert_eq!(cloud_state(&bench), [ObjectState::Ready]);
    let row = row(&store, "one");
    assert_eq!((value(&row, "status"), row.condition), (Value::string("ready"), Condition::Ready));
    assert_eq!(bench.cloud.count("create", "slow").unwrap(), 1);
    assert!(store.state().open.is_empty());
}

/// The same within the run that lost the answer, of the create or of a poll.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_does_not_end_the_wait() {
    for call in ["create", "poll"] {
        for kind in [FaultKind::AnswerLostBefore, FaultKind::AnswerLostAfter] {
            let bench = Bench::new();
            bench.cloud.script(vec![Fault::new(kind).call(call).nth(1)]).unwrap();
            let mut plan = bench.plan("p1");
            create(&mut plan, "slow", "one", slow("one", 1), vec![]);
            let store = bench.open();
            let report = bench.apply(plan, &store).await;
            assert!(report.diagnostics.is_empty(), "{call} {kind:?}: {:#?}", report.diagnostics);
            assert_eq!(cloud_state(&bench), [ObjectState::Ready], "{call} {kind:?}");
            assert_eq!(value(&row(&store, "one"), "status"), Value::string("ready"), "{call} {kind:?}");
        }
    }
}

/// What a plan foresees is asked read-only, and what goes on is presumed to end as planned.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_foresees_that_it_goes_on() {
    let bench = Bench::new();
    let store = left_open(&bench, "slow", slow("one", 1), cut_off(1)).await;
    let connections = Connections::new(Arc::clone(&bench.providers), Default::default());
    let before = bench.cloud.log().unwrap().len();
    let foreseen = foresee(&store.state(), &connections, &super::support::NoInputs).await;
    assert!(foreseen.diagnostics.is_empty(), "{:#?}", foreseen.diagnostics);
    assert_eq!(foreseen.recoveries[0].resolution, Resolution::Resume);
    let presumed = foreseen.state.rows.values().next().unwrap();
    assert_eq!(value(presumed, "id"), Value::string("one-1"), "found");
    assert!(!value(presumed, "status").is_known(), "it will be told");
    assert!(foreseen.presumed.contains(&presumed.key));
    let calls: Vec<String> = bench.cloud.log().unwrap().into_iter().skip(before).map(|entry| entry.call).collect();
    assert_eq!(calls, ["find"]);
    assert_eq!(store.state().open.len(), 1, "nothing is written");
}

/// A recovery that is itself cut off leaves all that it found out.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_can_be_cut_off() {
    let bench = Bench::new();
    let store = left_open(&bench, "slow", slow("one", 1), cut_off(1)).await;
    bench.cloud.script(vec![Fault::new(FaultKind::Cancelled).call("poll").nth(2)]).unwrap();
    let told = bench.recover(&store).await;
    assert_eq!(told.iter().map(|told| told.code.to_string()).collect::<Vec<_>>(), ["E4011"]);
    let open = store.state().open.values().next().unwrap().clone();
    assert!(!open.checkpoint.unwrap().poll.is_empty(), "where it was is recorded");
    bench.cloud.script(vec![Fault::new(FaultKind::Other).call("find")]).unwrap();
    assert!(bench.recover(&store).await.is_empty(), "it need not be looked for again");
    assert_eq!(value(&row(&store, "one"), "status"), Value::string("ready"));
    assert_eq!(bench.cloud.count("create", "slow").unwrap(), 1);
}

/// A long update is followed by its recorded handle, not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_goes_on_is_followed() {
    let bench = Bench::new();
    let store = bench.open();
    let mut plan = bench.plan("p1");
    create(&mut plan, "slow", "one", slow("one", 1), vec![]);
    assert!(bench.apply(plan, &store).await.diagnostics.is_empty());
    let fault = Fault::new(FaultKind::Cancelled).call("poll").nth(1);
    bench.cloud.script(vec![fault]).unwrap();
    let mut plan = bench.plan("p2");
    update(&mut plan, &row(&store, "one"), &[("size", Value::Int(2))], vec![]);
    let report = bench.apply(plan, &store).await;
    assert_eq!(report.outcome, Outcome::Failed, "nobody cancelled the run: {report:?}");
    assert_eq!(cloud_state(&bench), [ObjectState::Updating]);
    let told = bench.recover(&store).await;
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!(cloud_state(&bench), [ObjectState::Ready]);
    let row = row(&store, "one");
    assert_eq!((value(&row, "size"), value(&row, "status")), (Value::Int(2), Value::string("ready")));
    assert_eq!(row.config.view().get("size").unwrap().to_value(), Value::Int(2), "the config that was sent");
    assert_eq!(bench.cloud.count("update", "slow").unwrap(), 1);
}

/// Cancelled between what the cloud did and its answer: nothing says that nothing was done.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_create_leaves_no_orphan() {
    for type_name in ["named", "tagged", "thing"] {
        let bench = Bench::new();
        let slow_answer = Fault { answer_delay_ms: 600_000, ..Fault::default() };
        bench.cloud.script(vec![slow_answer.call("create")]).unwrap();
        let mut plan = bench.plan("p1");
        create(&mut plan, type_name, "one", named("one"), vec![]);
        let store = bench.open();
        let (sender, interruption) = watch::channel(Interruption::None);
        let cancel = async {
            while bench.cloud.objects(type_name).unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            sender.send(Interruption::Cancel).unwrap();
        };
        let (report, ()) = tokio::join!(apply(bench.request(plan, &store, interruption)), cancel);
        assert_eq!((report.outcome, report.summary.skipped), (Outcome::Interrupted, 1), "{report:?}");
        bench.cloud.script(vec![]).unwrap();
        assert!(bench.recover(&store).await.is_empty());
        assert_eq!(bench.cloud.objects(type_name).unwrap().len(), 1, "{type_name}");
        assert_eq!(value(&row(&store, "one"), "id"), Value::string("one-1"), "{type_name}");
    }
}

/// A create that stopped half-way is not adopted as if it were whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_object_is_found_broken() {
    let bench = Bench::new();
    let store = left_open(&bench, "thing", named("one"), cut_off(1)).await;
    let made = bench.cloud.object("thing", "one-1").unwrap().unwrap();
    bench.cloud.put(&CloudObject { state: ObjectState::Broken, ..made }).unwrap();
    let told = bench.recover(&store).await;
    assert!(told[0].message.contains("half-way"), "{told:#?}");
    assert!(matches!(row(&store, "one").condition, Condition::Incomplete(_)));
}

/// Attributes that cannot be read back may not have been sent with the call that was cut off.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_is_sent_again() {
    let bench = Bench::new();
    let config = Value::map([("name", Value::string("one")), ("seed", Value::string("a seed").secret())]);
    let store = left_open(&bench, "thing", config, cut_off(1)).await;
    assert!(bench.recover(&store).await.is_empty());
    let Condition::Dirty(paths) = row(&store, "one").condition else { panic!("dirty") };
    assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), ["seed"]);
}

/// Equal content speaks for an operation only where nothing was there before.
#[tokio::test(flavor = "multi_thread")]
async fn equal_content_is_ours_only_where_nothing_was_before() {
    let bench = Bench::new();
    let store = left_open(&bench, "keyed", route(), cut_off(2)).await;
    assert!(bench.recover(&store).await.is_empty());
    assert_eq!(row(&store, "one").condition, Condition::Ready);

    let bench = Bench::new();
    let mut faults = cut_off(2);
    faults.push(Fault::new(FaultKind::Unsupported).call("find").nth(1));
    let store = left_open(&bench, "keyed", route(), faults).await;
    let told = bench.recover(&store).await;
    assert_eq!(told.iter().map(|told| told.code.to_string()).collect::<Vec<_>>(), ["E2004"]);
    assert!(matches!(row(&store, "one").condition, Condition::Uncertain(_)));
}

/// Whether an interrupted delete was done is asked again where the answer about the object could not be told.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_delete_left_is_asked_again() {
    let bench = Bench::new();
    let store = bench.open();
    let mut plan = bench.plan("p1");
    create(&mut plan, "thing", "one", named("one"), vec![]);
    assert!(bench.apply(plan, &store).await.diagnostics.is_empty());
    let row = row(&store, "one");
    let begin = Begin {
        operation: OperationId("killed".into()),
        run: RunId("p2".into()),
        at_ms: 0,
        change: Change::Delete,
        key: row.key.clone(),
        planned: ValueBuf::empty_map(),
        row,
        absence_checked: false,
        write_only_paths: Vec::new(),
    };
    store.append_and_wait(vec![Record::Begin(Box::new(begin))]).unwrap();
    bench.cloud.script(vec![Fault::new(FaultKind::Retryable).call("read").first_row().times(2)]).unwrap();
    let told = bench.recover(&store).await;
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!((store.state().open.len(), store.state().rows.len()), (0, 1), "it is there, and is deleted again");
    assert_eq!(bench.cloud.count("read", "thing").unwrap(), 3);
}
