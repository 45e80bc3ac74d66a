//! Data sources, outputs, junctions, write-only attributes: what plans say of values.

use crate::support::*;
use formwork_engine::plan::Action;
use formwork_lang::graph::{Output, ResourceGraph};
use formwork_model::Value;

#[test]
fn data_is_read_when_nothing_stands_in_the_way() {
    let mut world = World::new();
    let graph = |world: &World, size: i64| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        let config = Value::map([("name", text("x")), ("size", Value::Int(size))]);
        builder.resource("a", "mock.thing", mock, config);
        let config = Value::map([("name", attribute("a", "name"))]);
        builder.resource("data.found", "mock.lookup", mock, config);
        let value = Value::attribute(address("data.found"), formwork_model::AttributePath::member("id"));
        builder.resource("b", "mock.thing", mock, Value::map([("name", value)]));
        builder.build()
    };
    let plan = world.plan(graph(&world, 1));
    let expected = ["create a (Config)", "create b (Config)", "read data.found (DependencyChanges)"];
    assert_eq!(summary(&plan), expected);
    assert!(comes_before(&plan, (Action::Create, "a"), (Action::Read, "data.found")));
    assert!(comes_before(&plan, (Action::Read, "data.found"), (Action::Create, "b")));
    world.apply(&plan);
    assert!(summary(&world.plan(graph(&world, 1))).is_empty());
}

#[test]
fn outputs_tell_what_changes() {
    let mut world = World::new();
    let graph = |world: &World, outputs: &[(&str, Value)]| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        builder.resource("a", "mock.named", mock, Value::map([("name", text("x"))]));
        let mut graph = builder.build();
        graph.outputs = outputs
            .iter()
            .map(|(name, value)| Output { name: (*name).into(), value: value.clone(), span: crate::lifecycle::SPAN })
            .collect();
        graph
    };
    let plan = world.settle(graph(&world, &[("id", attribute("a", "id")), ("zone", attribute("a", "zone"))]));
    assert_eq!(plan.outputs[1].planned, Some(text("a")));
    assert!(!plan.outputs[0].planned.as_ref().unwrap().is_known());
    let plan = world.plan(graph(&world, &[("zone", text("b"))]));
    assert!(plan.has_changes());
    assert_eq!(plan.outputs[0].planned, None);
    assert_eq!(plan.outputs[1].prior, Some(text("a")));
}

#[test]
fn a_write_only_value_is_sent_when_it_changed() {
    let mut world = World::new();
    let graph = |world: &World, seed: &str| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        let config = Value::map([("name", text("x")), ("seed", text(seed).secret())]);
        builder.resource("a", "mock.thing", mock, config);
        builder.build()
    };
    world.settle(graph(&world, "one"));
    let plan = world.settle(graph(&world, "two"));
    assert_eq!(summary(&plan), ["update a (Config)"]);
}

/// Many things that need many others, through one point.
fn many(world: &World, count: usize, extra: &str) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    let below: Vec<_> = (0..count)
        .map(|index| {
            let config = Value::map([("name", text(&format!("a{index}"))), ("tags", Value::map([("x", text(extra))]))]);
            builder.resource(&format!("a[\"{index}\"]"), "mock.named", mock, config)
        })
        .collect();
    let all = builder.junction("a", below);
    for index in 0..count {
        let config = Value::map([("name", text(&format!("b{index}")))]);
        builder.object(&format!("b[\"{index}\"]"), "mock.named", mock, config, Default::default(), &[all]);
    }
    builder.build()
}

#[test]
fn edges_stay_linear() {
    let mut world = World::new();
    let edges = |plan: &formwork_engine::plan::Plan| -> usize {
        plan.operations.iter().map(|operation| operation.depends_on.len()).sum()
    };
    let plan = world.plan(many(&world, 200, "x"));
    assert!(edges(&plan) <= 3 * 400, "{}", edges(&plan));
    assert!(comes_before(&plan, (Action::Create, r#"a["7"]"#), (Action::Create, r#"b["3"]"#)));
    let listed: usize = plan.operations.iter().map(|operation| operation.dependencies.len()).sum();
    assert!(listed <= 400, "{listed}");
    world.apply(&plan);
    let destroyed = world.plan(Builder::default().build());
    assert!(edges(&destroyed) <= 3 * 400, "{}", edges(&destroyed));
    assert!(comes_before(&destroyed, (Action::Delete, r#"b["3"]"#), (Action::Delete, r#"a["7"]"#)));
}
