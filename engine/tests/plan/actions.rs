//! Every kind of action, alone.

use crate::support::*;
use formwork_engine::plan::{Action, PlanOptions};
use formwork_lang::graph::{Decorators, ResourceGraph};
use formwork_model::{AttributePath, Value};

fn named(world: &World, config: Value) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    builder.resource("a", "mock.named", mock, config);
    builder.build()
}

fn config(entries: &[(&str, Value)]) -> Value {
    Value::map(entries.iter().map(|(name, value)| (*name, value.clone())))
}

#[test]
fn create_update_replace_delete() {
    let mut world = World::new();
    let first = named(&world, config(&[("name", text("x"))]));
    assert_eq!(summary(&world.settle(first)), ["create a (Config)"]);

    let bigger = named(&world, config(&[("name", text("x")), ("size", Value::Int(5))]));
    let plan = world.settle(bigger);
    assert_eq!(summary(&plan), ["update a (Config)"]);
    assert!(plan.operations.iter().any(|operation| operation.prior != operation.planned));

    let elsewhere = named(&world, config(&[("name", text("x")), ("size", Value::Int(5)), ("zone", text("b"))]));
    let plan = world.settle(elsewhere);
    assert_eq!(summary(&plan), ["delete a (CannotUpdate)", "create a (CannotUpdate)"]);
    assert!(comes_before(&plan, (Action::Delete, "a"), (Action::Create, "a")));
    assert_eq!(plan.operations[1].replace_paths, [AttributePath::member("zone")]);
    assert_eq!(plan.operations[0].counterpart.map(|index| index.0), Some(1));

    let mut empty = Builder::default();
    empty.mock(&world.cloud);
    let plan = world.settle(empty.build());
    assert_eq!(summary(&plan), ["delete a (BlockRemoved)"]);
    assert!(world.state.rows.is_empty());
    assert!(world.cloud.objects("named").unwrap().is_empty());
}

#[test]
fn create_first_replacement_deletes_last() {
    let mut world = World::new();
    let graph = |world: &World, zone: &str| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        let first = Decorators { create_first: true, ..Decorators::default() };
        builder.object("a", "mock.tagged", mock, config(&[("name", text("x")), ("zone", text(zone))]), first, &[]);
        builder.resource("b", "mock.thing", mock, config(&[("name", attribute("a", "id"))]));
        builder.build()
    };
    world.settle(graph(&world, "a"));
    let plan = world.settle(graph(&world, "b"));
    assert_eq!(summary(&plan), ["delete a (CannotUpdate)", "create a (CannotUpdate)", "update b (Config)"]);
    assert!(comes_before(&plan, (Action::Create, "a"), (Action::Update, "b")));
    assert!(comes_before(&plan, (Action::Update, "b"), (Action::Delete, "a")));
}

#[test]
fn a_replacement_goes_through_dependents() {
    let mut world = World::new();
    let graph = |world: &World, zone: &str| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        builder.resource("a", "mock.tagged", mock, config(&[("name", text("x")), ("zone", text(zone))]));
        builder.resource("b", "mock.named", mock, config(&[("name", attribute("a", "id"))]));
        builder.resource("c", "mock.thing", mock, config(&[("name", attribute("b", "id"))]));
        builder.build()
    };
    world.settle(graph(&world, "a"));
    let plan = world.settle(graph(&world, "b"));
    let expected = [
        "delete a (CannotUpdate)",
        "create a (CannotUpdate)",
        "delete b (CannotUpdate)",
        "create b (CannotUpdate)",
        "update c (Config)",
    ];
    assert_eq!(summary(&plan), expected);
    assert!(comes_before(&plan, (Action::Delete, "b"), (Action::Delete, "a")));
    assert!(comes_before(&plan, (Action::Create, "a"), (Action::Create, "b")));
    assert!(!comes_before(&plan, (Action::Update, "c"), (Action::Delete, "b")));
}

#[test]
fn drift_is_found_and_put_right() {
    let mut world = World::new();
    let graph = named(&world, config(&[("name", text("x"))]));
    world.settle(graph.clone());
    let id = world.cloud.objects("named").unwrap()[0].id.clone();
    world.cloud.drift("named", &id, "size", Value::Int(7)).unwrap();
    let plan = world.plan(graph.clone());
    assert_eq!(summary(&plan), ["update a (Config)"]);
    assert_eq!(plan.drift.len(), 1);
    world.cloud.remove("named", &id).unwrap();
    let plan = world.plan(graph.clone());
    assert_eq!(summary(&plan), ["create a (Gone)"]);
    assert_eq!(plan.drift.len(), 1);
    let unread = PlanOptions { refresh: false, ..PlanOptions::default() };
    assert!(summary(&world.try_plan(graph.clone(), &unread).unwrap()).is_empty());
    let only = PlanOptions { refresh_only: true, ..PlanOptions::default() };
    let plan = world.try_plan(graph, &only).unwrap();
    assert!(summary(&plan).is_empty());
    assert_eq!(plan.drift.len(), 1);
    assert!(plan.has_changes());
}
