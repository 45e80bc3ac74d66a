//! Providers that are configured by resources, blocks that become rows, and phases.

use crate::support::*;
use formwork_engine::plan::{Action, PlanOptions, Reason};
use formwork_engine::ports::GraphSource;
use formwork_lang::graph::{Deferred, Known, ResourceGraph};
use formwork_model::{AttributePath, Diagnostic, Value};
use formwork_provider_mock::MockCloud;

/// A cluster, a provider that reaches into it, and an object in it.
fn cluster(world: &World, zone: &str, token_version: &str, objects: &[&str]) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    let config = Value::map([("name", text("c")), ("zone", text(zone)), ("token_version", text(token_version))]);
    builder.resource("cluster", "mock.cluster", mock, config);
    let mut configuration = world.cloud.configuration().as_map().unwrap().clone();
    configuration.insert("endpoint", attribute("cluster", "endpoint"));
    configuration.insert("token", attribute("cluster", "token"));
    let inside = builder.provider("inside", "mock", Value::Map(configuration));
    for name in objects {
        let config = Value::map([("kind", text("item")), ("name", text(name))]);
        builder.resource(name, "mock.object", inside, config);
    }
    builder.build()
}

#[test]
fn objects_are_planned_before_their_cluster_exists() {
    let mut world = World::new();
    let graph = cluster(&world, "a", "1", &["one", "two"]);
    let plan = world.settle(graph);
    assert_eq!(summary(&plan), ["create cluster (Config)", "create one (Config)", "create two (Config)"]);
    assert!(comes_before(&plan, (Action::Create, "cluster"), (Action::Create, "one")));
    assert!(plan.header.complete);
    let inside = plan.providers.iter().find(|provider| provider.address == address("provider.inside")).unwrap();
    assert!(inside.account.is_none());
    assert_eq!(inside.depends_on.len(), 1);
}

#[test]
fn a_rotated_token_leaves_the_objects_alone() {
    let mut world = World::new();
    world.settle(cluster(&world, "a", "1", &["one"]));
    let plan = world.settle(cluster(&world, "a", "2", &["one"]));
    assert_eq!(summary(&plan), ["update cluster (Config)"]);
}

#[test]
fn a_replaced_cluster_takes_its_objects_along() {
    let mut world = World::new();
    world.settle(cluster(&world, "a", "1", &["one"]));
    let plan = world.settle(cluster(&world, "b", "1", &["one"]));
    let expected = [
        "delete cluster (CannotUpdate)",
        "create cluster (CannotUpdate)",
        "delete one (ProviderReplaced)",
        "create one (ProviderReplaced)",
    ];
    assert_eq!(summary(&plan), expected);
    assert!(comes_before(&plan, (Action::Delete, "one"), (Action::Delete, "cluster")));
    assert!(comes_before(&plan, (Action::Create, "cluster"), (Action::Create, "one")));
    assert_eq!(plan.providers.iter().filter(|provider| provider.recorded).count(), 1);
}

#[test]
fn a_cluster_that_is_gone_takes_its_objects_along() {
    let mut world = World::new();
    let graph = cluster(&world, "a", "1", &["one"]);
    world.settle(graph.clone());
    let id = world.cloud.objects("cluster").unwrap()[0].id.clone();
    world.cloud.remove("cluster", &id).unwrap();
    let plan = world.plan(graph);
    let created: Vec<_> = plan.operations.iter().filter(|operation| operation.action == Action::Create).collect();
    assert_eq!(created.len(), 2, "{:?}", summary(&plan));
    assert_eq!(created[0].reason, Reason::Gone);
}

#[test]
fn all_blocks_removed_at_once() {
    let mut world = World::new();
    world.settle(cluster(&world, "a", "1", &["one"]));
    let plan = world.settle(Builder::default().build());
    assert_eq!(summary(&plan), ["delete cluster (BlockRemoved)", "delete one (BlockRemoved)"]);
    assert!(comes_before(&plan, (Action::Delete, "one"), (Action::Delete, "cluster")));
    assert!(world.cloud.objects("object").unwrap().is_empty());
}

#[test]
fn destroy_takes_objects_before_their_cluster() {
    let mut world = World::new();
    let graph = cluster(&world, "a", "1", &["one"]);
    world.settle(graph.clone());
    let destroy = PlanOptions { destroy: true, ..PlanOptions::default() };
    let plan = world.try_plan(graph, &destroy).unwrap();
    assert!(comes_before(&plan, (Action::Delete, "one"), (Action::Delete, "cluster")));
    world.apply(&plan);
    assert!(world.state.rows.is_empty());
}

#[test]
fn a_block_becomes_rows() {
    let mut world = World::new();
    let graph = |world: &World, names: &[&str]| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        builder.resource("cluster", "mock.cluster", mock, Value::map([("name", text("c"))]));
        let mut configuration = world.cloud.configuration().as_map().unwrap().clone();
        configuration.insert("endpoint", attribute("cluster", "endpoint"));
        configuration.insert("token", attribute("cluster", "token"));
        let inside = builder.provider("inside", "mock", Value::Map(configuration));
        let items = names.iter().map(|name| {
            let after = if *name == "b" { vec![text("a")] } else { Vec::new() };
            (*name, Value::map([("after", Value::list(after))]))
        });
        let items = Value::map(items.collect::<Vec<_>>());
        let bundle = builder.resource("bundle", "mock.bundle", inside, Value::map([("items", items)]));
        let config = Value::map([("name", text("last"))]);
        builder.object("last", "mock.thing", mock, config, Default::default(), &[bundle]);
        builder.build()
    };
    let plan = world.settle(graph(&world, &["a", "b"]));
    let expected = [
        r#"create bundle["a"] (Config)"#,
        r#"create bundle["b"] (Config)"#,
        "create cluster (Config)",
        "create last (Config)",
    ];
    assert_eq!(summary(&plan), expected);
    assert!(comes_before(&plan, (Action::Create, r#"bundle["a"]"#), (Action::Create, r#"bundle["b"]"#)));
    assert!(comes_before(&plan, (Action::Create, r#"bundle["b"]"#), (Action::Create, "last")));
    assert!(comes_before(&plan, (Action::Create, "cluster"), (Action::Create, r#"bundle["a"]"#)));
    let plan = world.settle(graph(&world, &["a"]));
    assert_eq!(summary(&plan), [r#"delete bundle["b"] (KeyRemoved)"#]);
}

/// A block whose instances are decided by an attribute of another one.
struct Staged {
    cloud: MockCloud,
    /// Which attribute of `first` decides.
    decides: &'static str,
    /// Whether another object refers to the block.
    refers: bool,
}

impl GraphSource for Staged {
    fn graph(&self, known: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>> {
        let mut builder = Builder::default();
        let mock = builder.mock(&self.cloud);
        builder.resource("first", "mock.named", mock, Value::map([("name", text("x"))]));
        let path = AttributePath::member(self.decides);
        match known.attribute(&address("first"), &path) {
            Some(value) => {
                let key = value.as_str().unwrap().to_owned();
                builder.resource(&format!("second[{key:?}]"), "mock.named", mock, Value::map([("name", text(&key))]));
            }
            None => builder.graph.deferred.push(Deferred {
                address: address("second"),
                is_module: false,
                value: attribute("first", self.decides),
                span: crate::lifecycle::SPAN,
            }),
        }
        if self.refers {
            // As the evaluator writes it: the whole block, as an unknown.
            let block = Value::attribute(address("second"), AttributePath::root());
            let data = Value::map([("name", text("third")), ("data", block)]);
            builder.resource("third", "mock.thing", mock, data);
        }
        Ok(builder.build())
    }
}

#[test]
fn what_is_known_decides_in_the_same_plan() {
    let mut world = World::new();
    let by_zone = Staged { cloud: world.cloud.clone(), decides: "zone", refers: false };
    let plan = world.try_plan_with(&by_zone, &PlanOptions::default()).unwrap();
    assert_eq!(summary(&plan), ["create first (Config)", r#"create second["a"] (Config)"#]);
    assert!(plan.header.complete);

    let by_id = Staged { cloud: world.cloud.clone(), decides: "id", refers: false };
    let plan = world.try_plan_with(&by_id, &PlanOptions::default()).unwrap();
    assert_eq!(summary(&plan), ["create first (Config)"]);
    assert!(!plan.header.complete);
    assert!(plan.deferred[0].reason.contains("`first.id`"), "{}", plan.deferred[0].reason);
    world.apply(&plan);
    let plan = world.try_plan_with(&by_id, &PlanOptions { phase: 2, ..PlanOptions::default() }).unwrap();
    assert_eq!(summary(&plan).len(), 1);
    assert!(plan.header.complete);
    world.apply(&plan);
    // Instances of a block that waits again are not deleted.
    let id = world.cloud.objects("named").unwrap().into_iter().find(|object| object.name == "x").unwrap().id;
    world.cloud.remove("named", &id).unwrap();
    let plan = world.try_plan_with(&by_id, &PlanOptions::default()).unwrap();
    assert_eq!(summary(&plan), ["create first (Gone)"]);
}

#[test]
fn what_refers_to_a_block_that_waits_waits_too() {
    let world = World::new();
    let staged = Staged { cloud: world.cloud.clone(), decides: "id", refers: true };
    let plan = world.try_plan_with(&staged, &PlanOptions::default()).unwrap();
    assert_eq!(summary(&plan), ["create first (Config)"]);
    let deferred: Vec<String> = plan.deferred.iter().map(|deferred| deferred.address.to_string()).collect();
    assert_eq!(deferred, ["second", "third"]);
}

#[test]
fn an_ephemeral_token_is_opened_to_plan_with_and_given_back() {
    let world = World::new();
    let graph = |world: &World, names: &[&str]| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        builder.resource("ephemeral.token", "mock.lease", mock, Value::map([("name", text("t"))]));
        let mut configuration = world.cloud.configuration().as_map().unwrap().clone();
        let token = Value::attribute(address("ephemeral.token"), AttributePath::member("token"));
        configuration.insert("token", token);
        let other = builder.provider("other", "mock", Value::Map(configuration));
        for name in names {
            builder.resource(name, "mock.named", other, Value::map([("name", text(name))]));
        }
        builder.build()
    };
    let plan = world.plan(graph(&world, &["a"]));
    assert_eq!(summary(&plan), ["create a (Config)", "open ephemeral.token (Config)"]);
    let other = plan.providers.iter().find(|provider| provider.address == address("provider.other")).unwrap();
    assert!(other.account.is_some(), "it was connected to");
    assert_eq!(other.depends_on.len(), 1);
    assert!(comes_before(&plan, (Action::Open, "ephemeral.token"), (Action::Create, "a")));
    assert_eq!(world.cloud.count("open", "lease").unwrap(), 1);
    assert_eq!(world.cloud.count("close", "lease").unwrap(), 1);
}
