//! Plans that are refused: every code.

use crate::lifecycle::{SPAN, plain, stack};
use crate::support::*;
use formwork_engine::plan::PlanOptions;
use formwork_engine::ports::GraphSource;
use formwork_lang::graph::{
    Check, Declared, Decorators, Deferred, Forget, Import, Known, MoveEnd, Moved, Place, ResourceGraph, Subject,
};
use formwork_model::{AttributePath, Diagnostic, InputSource, ModulePath, Residual, Value, ValueBuf};
use formwork_provider_mock::{Fault, FaultKind, MockCloud};
use std::sync::Arc;

fn protect() -> Decorators {
    Decorators { protect: true, ..plain() }
}

#[test]
fn a_circle_is_shown_as_a_path() {
    let world = World::new();
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    let a = builder.resource("a", "mock.thing", mock, Value::map([("name", text("a"))]));
    let b = builder.resource("b", "mock.thing", mock, Value::map([("name", attribute("a", "id"))]));
    builder.depend(a, b);
    let errors = world.errors(builder.build(), &PlanOptions::default());
    assert_eq!(codes(&errors), ["E1001"]);
    assert_eq!(errors[0].message, "these wait for each other: `a` -> `b` -> `a`");
    assert_eq!(errors[0].labels.len(), 1);
    assert_eq!(world.cloud.log().unwrap().len(), 0, "nothing is asked before");
}

#[test]
fn protected_objects_stay() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, protect())]));
    let replace = PlanOptions { replace: vec![address("a")], ..PlanOptions::default() };
    assert_eq!(codes(&world.errors(stack(&world, &[("a", 1, protect())]), &replace)), ["E1002"]);
    let destroy = PlanOptions { destroy: true, ..PlanOptions::default() };
    assert_eq!(codes(&world.errors(stack(&world, &[("a", 1, protect())]), &destroy)), ["E1002"]);
    assert_eq!(codes(&world.errors(stack(&world, &[]), &PlanOptions::default())), ["E1003"]);
    assert_eq!(codes(&world.errors(stack(&world, &[]), &destroy)), ["E1003"]);
}

#[test]
fn a_selection_that_names_nothing() {
    let world = World::new();
    let target = PlanOptions { targets: vec![address("vnt")], ..PlanOptions::default() };
    let errors = world.errors(stack(&world, &[("vnet", 1, plain())]), &target);
    assert_eq!(codes(&errors), ["E1004"]);
    assert_eq!(errors[0].help.as_deref(), Some("did you mean `vnet`?"));
}

#[test]
fn moves_that_cannot_be() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain()), ("b", 1, plain())]));
    let moved = |from: &str, to: &str| Moved {
        from: MoveEnd::Resource(address(from)),
        to: MoveEnd::Resource(address(to)),
        span: SPAN,
    };
    let codes_of = |moves: Vec<Moved>, objects: &[(&str, i64, Decorators)]| {
        let mut graph = stack(&world, objects);
        graph.moved = moves;
        codes(&world.errors(graph, &PlanOptions::default()))
    };
    assert_eq!(codes_of(vec![moved("a", "b")], &[("b", 1, plain())]), ["E1005"]);
    assert_eq!(codes_of(vec![moved("a", "c")], &[("a", 1, plain()), ("b", 1, plain())]), ["E1006"]);
    let circle = vec![moved("a", "c"), moved("c", "d"), moved("d", "c")];
    assert_eq!(codes_of(circle, &[("b", 1, plain()), ("c", 1, plain())]), ["E1007"]);
    let mut graph = stack(&world, &[("a", 1, plain()), ("b", 1, plain())]);
    graph.forgets = vec![Forget { address: MoveEnd::Resource(address("a")), span: SPAN }];
    assert_eq!(codes(&world.errors(graph, &PlanOptions::default())), ["E1008"]);
}

#[test]
fn imports_that_cannot_be() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain())]));
    let with = |id: &str, to: &str| {
        let mut graph = stack(&world, &[("a", 1, plain()), ("b", 1, plain())]);
        graph.imports = vec![Import { id: id.into(), to: address(to), span: SPAN }];
        codes(&world.errors(graph, &PlanOptions::default()))
    };
    assert_eq!(with("another", "a"), ["E1009"]);
    assert_eq!(with("any", "zzz"), ["E1010"]);
    assert_eq!(with("nothing-there", "b"), ["E4005"]);
}

/// Objects of one table, each with its destination.
fn keyed(world: &World, objects: &[(&str, &str)]) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    for (name, destination) in objects {
        let config = [("table", text("t")), ("destination", text(destination)), ("target", text(name))];
        builder.resource(name, "mock.keyed", mock, Value::map(config));
    }
    builder.build()
}

#[test]
fn addresses_that_mean_one_object() {
    let mut world = World::new();
    let twice = keyed(&world, &[("b", "10.0.0.0/8"), ("a", "10.0.0.0/8"), ("c", "11.0.0.0/8")]);
    let errors = world.errors(twice, &PlanOptions::default());
    assert_eq!(codes(&errors), ["E1021"]);
    assert_eq!(errors[0].message, "`a` and `b` are one and the same object, `t/10.0.0.0/8`");
    assert_eq!(world.cloud.log().unwrap().len(), 0, "nothing is made");
    // What is there already is not imported under a second address.
    world.settle(keyed(&world, &[("a", "10.0.0.0/8")]));
    let mut graph = keyed(&world, &[("a", "10.0.0.0/8"), ("b", "10.0.0.0/8")]);
    graph.imports = vec![Import { id: "t/10.0.0.0/8".into(), to: address("b"), span: SPAN }];
    assert_eq!(codes(&world.errors(graph, &PlanOptions::default())), ["E1021"]);
}

#[test]
fn an_object_of_another_address_is_not_deleted() {
    let mut world = World::new();
    world.settle(keyed(&world, &[("a", "10.0.0.0/8")]));
    // As an earlier version recorded it.
    let (key, row) = world.state.rows.iter().next().map(|(key, row)| (key.clone(), row.as_ref().clone())).unwrap();
    let key = formwork_state::record::RowKey { address: address("b"), ..key };
    world.state.rows.insert(key.clone(), Arc::new(formwork_state::record::Row { key, ..row }));
    let errors = world.errors(keyed(&world, &[("a", "10.0.0.0/8")]), &PlanOptions::default());
    assert_eq!(codes(&errors), ["E1022"]);
    assert!(errors[0].help.as_deref().is_some_and(|help| help.contains("forget b")), "{:?}", errors[0]);
    let mut graph = keyed(&world, &[("a", "10.0.0.0/8")]);
    graph.forgets = vec![Forget { address: MoveEnd::Resource(address("b")), span: SPAN }];
    world.try_plan(graph, &PlanOptions::default()).unwrap();
    // Where all of it goes, it goes once.
    let destroy = PlanOptions { destroy: true, ..PlanOptions::default() };
    world.try_plan(keyed(&world, &[("a", "10.0.0.0/8")]), &destroy).unwrap();
}

#[test]
fn unreachable_is_not_gone() {
    let mut world = World::new();
    let graph = stack(&world, &[("a", 1, plain()), ("b", 1, plain())]);
    world.settle(graph.clone());
    world.cloud.script(vec![Fault::new(FaultKind::Unreachable).call("read")]).unwrap();
    let errors = world.errors(graph.clone(), &PlanOptions::default());
    assert_eq!(codes(&errors), ["E1011"]);
    assert!(errors[0].message.contains("provider.mock"), "{}", errors[0].message);
    let unread = PlanOptions { refresh: false, ..PlanOptions::default() };
    assert!(summary(&world.try_plan(graph, &unread).unwrap()).is_empty());
}

#[test]
fn a_read_that_leaves_an_object_out() {
    let mut world = World::new();
    let graph = stack(&world, &[("a", 1, plain()), ("b", 1, plain())]);
    world.settle(graph.clone());
    world.cloud.script(vec![Fault::new(FaultKind::WrongCount).call("read")]).unwrap();
    let errors = world.errors(graph, &PlanOptions::default());
    assert_eq!(codes(&errors), ["E4108"]);
    assert!(errors[0].message.ends_with("expected 2 answers, got 1"), "{}", errors[0].message);
}

/// Blocks that decide about each other without end: each evaluation knows of one more.
struct Endless(MockCloud);

impl GraphSource for Endless {
    fn graph(&self, known: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>> {
        let mut builder = Builder::default();
        let mock = builder.mock(&self.0);
        let name = |number: u32| format!("block_{number}");
        let mut number = 0;
        loop {
            builder.resource(&name(number), "mock.named", mock, Value::map([("name", text(&name(number)))]));
            let decides = AttributePath::member("name");
            if known.attribute(&address(&name(number)), &decides).is_none() {
                let value = attribute(&name(number), "name");
                let address = address(&name(number + 1));
                builder.graph.deferred.push(Deferred { address, is_module: false, value, span: SPAN });
                return Ok(builder.build());
            }
            number += 1;
        }
    }
}

#[test]
fn blocks_that_decide_about_each_other_without_end() {
    let world = World::new();
    let errors = world.try_plan_with(&Endless(world.cloud.clone()), &PlanOptions::default()).unwrap_err();
    assert_eq!(codes(&errors), ["E1020"]);
}

#[test]
fn a_provider_that_is_gone_and_unknown() {
    let mut world = World::new();
    world.settle(stack(&world, &[("a", 1, plain())]));
    let unknown = Value::map([("memory", attribute("cluster", "endpoint"))]);
    world.state.providers.insert(address("provider.mock"), ValueBuf::from(&unknown));
    let graph = Builder::default().build();
    assert_eq!(codes(&world.errors(graph.clone(), &PlanOptions::default())), ["E1012"]);
    let forget = PlanOptions { forget_unreachable: true, ..PlanOptions::default() };
    let plan = world.try_plan(graph, &forget).unwrap();
    assert_eq!(summary(&plan), ["forget a (BlockRemoved)"]);
    assert_eq!(codes(&plan.warnings), ["W1003"]);
}

#[test]
fn what_the_provider_finds_wrong() {
    let world = World::new();
    let thing = |size: i64| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        let config = Value::map([("name", text("x")), ("size", Value::Int(size))]);
        builder.resource("a", "mock.thing", mock, config);
        builder.build()
    };
    assert_eq!(codes(&world.errors(thing(13), &PlanOptions::default())), ["E1014"]);
    assert_eq!(codes(&world.plan(thing(666)).warnings), ["W1005"]);
    for lie in ["plan_contradicts_config", "plan_changes_type"] {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        builder.resource("a", "mock.wrong", mock, Value::map([("name", text("x")), ("lie", text(lie))]));
        let errors = world.errors(builder.build(), &PlanOptions::default());
        assert!(errors[0].message.contains("provider mock"), "{}", errors[0].message);
    }
}

#[test]
fn rows_of_a_newer_schema_and_of_unknown_types() {
    let mut world = World::new();
    let graph = stack(&world, &[("a", 1, plain())]);
    world.settle(graph.clone());
    let change = |world: &mut World, change: &dyn Fn(&mut formwork_state::record::Row)| {
        change(Arc::make_mut(world.state.rows.values_mut().next().unwrap()));
    };
    change(&mut world, &|row| row.schema_version = 99);
    assert_eq!(codes(&world.errors(graph.clone(), &PlanOptions::default())), ["E1015"]);
    change(&mut world, &|row| {
        row.schema_version = 1;
        row.type_name = formwork_model::TypeName::new("gone", "thing");
    });
    assert_eq!(codes(&world.errors(graph, &PlanOptions::default())), ["E1018"]);
}

#[test]
fn conditions_and_inputs() {
    let world = World::new();
    let mut graph = stack(&world, &[("a", 1, plain())]);
    let subject = || Subject { module: ModulePath::root(), declared: Declared::Assert(Place::default()) };
    let check = |condition| Check { subject: subject(), condition, message: text("too small"), span: SPAN };
    graph.checks = vec![check(Value::Bool(false)), check(attribute("a", "id")), check(Value::Bool(true))];
    let errors = world.errors(graph.clone(), &PlanOptions::default());
    assert_eq!(codes(&errors), ["E1016"]);
    assert_eq!(errors[0].message, "too small");
    graph.checks.remove(0);
    assert_eq!(world.plan(graph).checks.len(), 1);

    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    let input = Value::Unknown(Arc::new(Residual::Input(InputSource::EnvironmentVariable("NAME".into()))));
    builder.resource("a", "mock.named", mock, Value::map([("name", input)]));
    assert_eq!(codes(&world.errors(builder.build(), &PlanOptions::default())), ["E1017"]);
}

#[test]
fn a_block_that_cannot_be_expanded() {
    let world = World::new();
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    builder.resource("a", "mock.bundle", mock, Value::map([("items", Value::Int(3))]));
    assert_eq!(codes(&world.errors(builder.build(), &PlanOptions::default())), ["E1019"]);
}

#[test]
fn every_code_has_a_page() {
    let sources = [include_str!("../../src/plan/problem.rs"), include_str!("../../src/plan_file.rs")];
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics");
    let mut count = 0;
    for code in sources.iter().flat_map(|source| source.split('"')) {
        let is_code =
            code.len() == 5 && code.starts_with(['E', 'W']) && code[1..].chars().all(|digit| digit.is_ascii_digit());
        if is_code {
            count += 1;
            let page = std::fs::read_to_string(pages.join(format!("{code}.md"))).expect(code);
            assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        }
    }
    assert!(count >= 33, "{count}");
}

#[test]
fn what_a_provider_quotes_is_scrubbed() {
    let mut world = World::new();
    let graph = |world: &World| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        let config = Value::map([("name", text("x")), ("password", text("hunter2-hunter2").secret())]);
        builder.resource("a", "mock.thing", mock, config);
        builder.build()
    };
    world.settle(graph(&world));
    let fault =
        Fault { message: Some("bad password hunter2-hunter2".into()), ..Fault::new(FaultKind::Forbidden).call("read") };
    world.cloud.script(vec![fault]).unwrap();
    let errors = world.errors(graph(&world), &PlanOptions::default());
    assert_eq!(codes(&errors), ["E4006"]);
    assert!(!format!("{errors:?}").contains("hunter2"), "{errors:?}");
}
