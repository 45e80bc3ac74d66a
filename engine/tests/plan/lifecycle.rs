//! Decorators, moves, forgets, imports, selections.

use crate::support::*;
use formwork_engine::plan::{Action, PlanOptions, StateChange};
use formwork_lang::graph::{Decorators, Forget, Import, MoveEnd, Moved, ResourceGraph};
use formwork_model::{AttributePath, FileId, ModulePath, Span, Value};
use formwork_state::record::{Condition, Role};
use std::sync::Arc;

pub(crate) const SPAN: Span = Span::new(FileId(0), 900, 901);

/// Resources `name` of `mock.named`, each with decorators and a size.
pub(crate) fn stack(world: &World, objects: &[(&str, i64, Decorators)]) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    for (name, size, decorators) in objects {
        let config = Value::map([("name", text("same")), ("size", Value::Int(*size))]);
        builder.object(name, "mock.tagged", mock, config, decorators.clone(), &[]);
    }
    builder.build()
}

pub(crate) fn plain() -> Decorators {
    Decorators::default()
}

fn moved(from: &str, to: &str) -> Moved {
    Moved { from: MoveEnd::Resource(address(from)), to: MoveEnd::Resource(address(to)), span: SPAN }
}

#[test]
fn moved_objects_keep_what_they_are() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain()), ("b", 2, plain()), (r#"c["x"]"#, 3, plain())]));
    let ids = |world: &World| -> Vec<String> {
        let rows = world.state.rows.values();
        rows.map(|row| format!("{} {:?}", row.key.address, row.values.view().get("size").unwrap())).collect()
    };
    // A chain, a swap, and all instances of a block.
    let mut graph = stack(&world, &[("b", 2, plain()), ("d", 1, plain()), (r#"e["x"]"#, 3, plain())]);
    graph.moved = vec![moved("a", "aa"), moved("aa", "d"), moved("c", "e")];
    let plan = world.plan(graph.clone());
    let moves = plan.state_changes.iter().filter(|change| matches!(change, StateChange::Move(..))).count();
    assert_eq!(moves, 2);
    assert!(summary(&plan).is_empty(), "{:?}", summary(&plan));
    world.apply(&plan);
    assert_eq!(ids(&world), ["b 2", "d 1", r#"e["x"] 3"#]);

    let mut swap = stack(&world, &[("b", 1, plain()), ("d", 2, plain()), (r#"e["x"]"#, 3, plain())]);
    swap.moved = vec![moved("b", "d"), moved("d", "b")];
    let plan = world.plan(swap);
    world.apply(&plan);
    assert_eq!(ids(&world), ["b 1", "d 2", r#"e["x"] 3"#]);
}

#[test]
fn a_module_moves_with_all_that_is_in_it() {
    let mut world = World::new();
    world.settle(stack(&world, &[(r#"m["eu"].a"#, 1, plain()), (r#"m["us"].a"#, 2, plain())]));
    let root = ModulePath::root();
    let mut graph = stack(&world, &[(r#"n["eu"].a"#, 1, plain()), (r#"n["us"].a"#, 2, plain())]);
    graph.moved = vec![Moved {
        from: MoveEnd::Module(root.child("m", None)),
        to: MoveEnd::Module(root.child("n", None)),
        span: SPAN,
    }];
    let plan = world.plan(graph);
    let moves: Vec<String> = plan
        .state_changes
        .iter()
        .filter_map(|change| match change {
            StateChange::Move(from, to) => Some(format!("{} {}", from.key.address, to.address)),
            _ => None,
        })
        .collect();
    assert_eq!(moves, [r#"m["eu"].a n["eu"].a"#, r#"m["us"].a n["us"].a"#]);
    assert!(plan.operations.iter().all(|operation| operation.row.is_some()));
}

#[test]
fn forget_and_retain_leave_the_object_alone() {
    let mut world = World::new();
    let retain = Decorators { retain: true, ..plain() };
    world.settle(stack(&world, &[("a", 1, plain()), ("b", 1, retain)]));
    let mut graph = stack(&world, &[]);
    graph.forgets = vec![Forget { address: MoveEnd::Resource(address("a")), span: SPAN }];
    let plan = world.settle(graph);
    assert_eq!(summary(&plan), ["forget b (Retained)"]);
    assert!(world.state.rows.is_empty());
    assert_eq!(world.cloud.objects("tagged").unwrap().len(), 2);
}

#[test]
fn an_import_takes_what_exists() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain())]));
    let id = world.cloud.objects("tagged").unwrap()[0].id.clone();
    world.state.rows.clear();
    let import = |graph: &mut ResourceGraph| {
        graph.imports = vec![Import { id: id.as_str().into(), to: address("a"), span: SPAN }];
    };
    let mut graph = stack(&world, &[("a", 5, plain())]);
    import(&mut graph);
    let plan = world.settle(graph);
    assert_eq!(summary(&plan), ["update a (Config)"]);
    assert!(plan.state_changes.iter().any(|change| matches!(change, StateChange::Put(_))));
    assert_eq!(world.cloud.objects("tagged").unwrap().len(), 1);
}

#[test]
fn a_trigger_replaces() {
    let mut world = World::new();
    let graph = |world: &World, trigger: &str| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        let trigger = builder.graph.values.push_value(&Value::list([text(trigger)]));
        let decorators = Decorators { replace_when: Some(trigger), ..plain() };
        builder.object("a", "mock.tagged", mock, Value::map([("name", text("x"))]), decorators, &[]);
        builder.build()
    };
    world.settle(graph(&world, "one"));
    let plan = world.settle(graph(&world, "two"));
    assert_eq!(summary(&plan), ["delete a (ReplaceTriggered)", "create a (ReplaceTriggered)"]);
}

#[test]
fn ignored_paths_are_left_alone() {
    let mut world = World::new();
    let ignore = Decorators { ignore: vec![AttributePath::member("size")], ..plain() };
    world.settle(stack(&world, &[("a", 1, ignore.clone())]));
    let id = world.cloud.objects("tagged").unwrap()[0].id.clone();
    world.cloud.drift("tagged", &id, "size", Value::Int(9)).unwrap();
    let plan = world.plan(stack(&world, &[("a", 2, ignore)]));
    assert!(summary(&plan).is_empty(), "{:?}", summary(&plan));
    assert_eq!(plan.drift.len(), 1);
}

#[test]
fn decorators_are_recorded_without_a_change() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain())]));
    let plan = world.settle(stack(&world, &[("a", 1, Decorators { protect: true, ..plain() })]));
    assert!(summary(&plan).is_empty());
    assert!(world.state.rows.values().all(|row| row.lifecycle.protect));
}

#[test]
fn what_an_interrupted_run_left_is_cleared_up() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain()), ("b", 1, plain()), ("c", 1, plain()), ("d", 1, plain())]));
    let change = |world: &mut World, written: &str, role: Role, condition: Condition| {
        let row = world.state.rows.values_mut().find(|row| row.key.address == address(written)).unwrap();
        let row = Arc::make_mut(row);
        row.role = role;
        row.condition = condition;
    };
    change(&mut world, "a", Role::Deposed, Condition::Ready);
    change(&mut world, "b", Role::Current, Condition::Incomplete("it never became ready".into()));
    change(&mut world, "c", Role::Current, Condition::Dirty(vec![AttributePath::member("seed")]));
    change(&mut world, "d", Role::Current, Condition::Uncertain("the answer was lost".into()));
    let graph = stack(&world, &[("a", 1, plain()), ("b", 1, plain()), ("c", 1, plain()), ("d", 1, plain())]);
    let plan = world.plan(graph);
    assert_eq!(summary(&plan), ["delete a (Deposed)", "create a (Config)", "update b (Tainted)", "update c (Dirty)"]);
    assert!(!plan.header.complete);
    assert_eq!(codes(&plan.warnings), ["W1001"]);
    assert_eq!(plan.deferred[0].address, address("d"));
}

#[test]
fn of_several_current_rows_the_newest_counts() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain())]));
    let mut row = world.state.rows.values().next().unwrap().as_ref().clone();
    row.key.generation += 1;
    world.state.rows.insert(row.key.clone(), Arc::new(row));
    let plan = world.plan(stack(&world, &[("a", 1, plain())]));
    assert_eq!(summary(&plan), ["delete a (Deposed)"]);
    assert_eq!(
        plan.operations
            .iter()
            .find(|operation| operation.action == Action::Delete)
            .unwrap()
            .row
            .as_ref()
            .unwrap()
            .generation,
        1
    );
}

#[test]
fn a_selection_takes_what_it_needs() {
    let mut world = World::new();
    let graph = |world: &World| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        builder.resource("a", "mock.thing", mock, Value::map([("name", text("a"))]));
        builder.resource("b", "mock.thing", mock, Value::map([("name", text("b")), ("parent", attribute("a", "id"))]));
        builder.resource("c", "mock.thing", mock, Value::map([("name", text("c")), ("parent", attribute("b", "id"))]));
        builder.resource("d", "mock.thing", mock, Value::map([("name", text("d"))]));
        builder.build()
    };
    let target = PlanOptions { targets: vec![address("b")], ..PlanOptions::default() };
    let plan = world.try_plan(graph(&world), &target).unwrap();
    assert_eq!(summary(&plan), ["create a (Config)", "create b (Config)"]);
    assert_eq!(codes(&plan.warnings), ["W1004"]);
    assert_eq!(plan.header.selection, ["--target 'b'"]);
    let exclude = PlanOptions { excludes: vec![address("b")], ..PlanOptions::default() };
    let plan = world.try_plan(graph(&world), &exclude).unwrap();
    assert_eq!(summary(&plan), ["create a (Config)", "create d (Config)"]);

    world.settle(graph(&world));
    let replace = PlanOptions { replace: vec![address("d")], ..PlanOptions::default() };
    let plan = world.try_plan(graph(&world), &replace).unwrap();
    assert_eq!(summary(&plan), ["delete d (Requested)", "create d (Requested)"]);
    let destroy = PlanOptions { destroy: true, targets: vec![address("b")], ..PlanOptions::default() };
    let plan = world.try_plan(graph(&world), &destroy).unwrap();
    assert_eq!(summary(&plan), ["delete b (Destroy)", "delete c (Destroy)"]);
    assert!(comes_before(&plan, (Action::Delete, "c"), (Action::Delete, "b")));
    let destroy = PlanOptions { destroy: true, ..PlanOptions::default() };
    let plan = world.try_plan(graph(&world), &destroy).unwrap();
    assert_eq!(summary(&plan).len(), 4);
    world.apply(&plan);
    assert!(world.cloud.objects("thing").unwrap().is_empty());
}

/// The limit that the block says now counts, also where nothing else of it was applied since.
#[test]
fn a_delete_takes_as_long_as_its_block_says() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain()), ("b", 1, plain())]));
    let short = || Decorators { delete_timeout_ms: Some(4_000), ..plain() };
    let limits = |plan: &formwork_engine::plan::Plan| -> Vec<(String, u64)> {
        let deletes = plan.operations.iter().filter(|operation| operation.action == Action::Delete);
        deletes.map(|operation| (operation.address.to_string(), operation.timeout_ms)).collect()
    };
    let destroy = PlanOptions { destroy: true, ..PlanOptions::default() };
    let plan = world.try_plan(stack(&world, &[("a", 1, short()), ("b", 1, plain())]), &destroy).unwrap();
    let said = limits(&plan);
    assert_eq!(said.iter().find(|(name, _)| name == "a").map(|(_, limit)| *limit), Some(4_000));
    assert!(said.iter().any(|(name, limit)| name == "b" && *limit > 4_000));
    // A block that is gone said it at the last apply.
    world.settle(stack(&world, &[("a", 1, short()), ("b", 1, plain())]));
    let plan = world.try_plan(stack(&world, &[("b", 1, plain())]), &PlanOptions::default()).unwrap();
    assert_eq!(limits(&plan), [("a".to_owned(), 4_000)]);
}
