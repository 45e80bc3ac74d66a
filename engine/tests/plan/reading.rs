//! Reads that fail for some objects: those are asked for again, and only those.

use crate::lifecycle::{plain, stack};
use crate::support::*;
use formwork_engine::plan::PlanOptions;
use formwork_model::{Diagnostic, Value};
use formwork_provider_mock::{Fault, FaultKind};

/// Plans with this fault; gives what was said, and of how many objects each read was, whatever came of it.
fn planned(fault: Fault) -> (Result<Vec<String>, Vec<Diagnostic>>, Vec<usize>) {
    let mut world = World::new();
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    for name in ["a", "b", "c"] {
        builder.resource(name, "mock.thing", mock, Value::map([("name", text(name))]));
    }
    let graph = builder.build();
    world.settle(graph.clone());
    let before = world.cloud.log().unwrap().len();
    world.cloud.script(vec![fault.call("read").first_row()]).unwrap();
    let planned = world.try_plan(graph, &PlanOptions::default()).map(|plan| summary(&plan));
    let log = world.cloud.log().unwrap();
    let reads = log.iter().skip(before).filter(|entry| entry.call == "read").map(|entry| entry.count).collect();
    (planned, reads)
}

#[test]
fn an_object_that_could_not_be_read_is_asked_for_again() {
    for kind in [FaultKind::Retryable, FaultKind::AnswerLostBefore, FaultKind::Unreachable] {
        let (planned, reads) = planned(Fault::new(kind).times(2));
        assert_eq!(planned.unwrap(), Vec::<String>::new(), "{kind:?}");
        assert_eq!(reads, [3, 1, 1], "{kind:?}: the others are not asked for again");
    }
}

#[test]
fn what_does_not_pass_is_told_at_once() {
    let (planned, reads) = planned(Fault::new(FaultKind::Forbidden));
    assert_eq!((codes(&planned.unwrap_err()), reads), (vec!["E4006".to_owned()], vec![3]));
}

#[test]
fn patience_has_an_end() {
    let (unreachable, reads) = planned(Fault::new(FaultKind::Unreachable));
    assert_eq!((codes(&unreachable.unwrap_err()), reads), (vec!["E1011".to_owned()], vec![3, 1, 1]));
    let (throttled, reads) = planned(Fault::new(FaultKind::Retryable));
    assert_eq!(codes(&throttled.unwrap_err()), ["E4001"]);
    assert!(reads.len() > 3 && reads.iter().skip(1).all(|count| *count == 1), "{reads:?}");
}

#[test]
fn a_second_answer_of_another_number_is_refused() {
    let mut world = World::new();
    let graph = stack(&world, &[("a", 1, plain()), ("b", 1, plain())]);
    world.settle(graph.clone());
    let faults = vec![
        Fault::new(FaultKind::Retryable).call("read").first_row().nth(1),
        Fault::new(FaultKind::WrongCount).call("read").nth(2),
    ];
    world.cloud.script(faults).unwrap();
    let errors = world.errors(graph, &PlanOptions::default());
    assert_eq!(codes(&errors), ["E4108"]);
    assert!(errors[0].message.ends_with("expected 1 answers, got 0"), "{}", errors[0].message);
}
