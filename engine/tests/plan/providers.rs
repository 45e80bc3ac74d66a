//! Providers that are configured by resources, blocks that become rows, and phases.

use crate::support::*;
use formwork_engine::plan::{Action, Operation, Plan, PlanOptions, PlannedProvider, Reason};
use formwork_engine::ports::GraphSource;
use formwork_lang::graph::{Decorators, Deferred, Known, ResourceGraph};
use formwork_model::{AttributePath, Diagnostic, Value, ValueBuf};
use formwork_provider_mock::MockCloud;
use formwork_state::record::{OperationId, Role};
use std::sync::Arc;

/// A cluster, a provider that reaches into it, and an object in it.
fn cluster(world: &World, zone: &str, token_version: &str, objects: &[&str]) -> ResourceGraph {
    cluster_with(world, zone, token_version, objects, &Decorators::default())
}

fn cluster_with(
    world: &World,
    zone: &str,
    token_version: &str,
    objects: &[&str],
    decorators: &Decorators,
) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    let config = Value::map([("name", text("c")), ("zone", text(zone)), ("token_version", text(token_version))]);
    builder.object("cluster", "mock.cluster", mock, config, decorators.clone(), &[]);
    let mut configuration = world.cloud.configuration().as_map().unwrap().clone();
    configuration.insert("endpoint", attribute("cluster", "endpoint"));
    configuration.insert("token", attribute("cluster", "token"));
    let inside = builder.provider("inside", "mock", Value::Map(configuration));
    for name in objects {
        let config = Value::map([("kind", text("item")), ("name", text(name))]);
        builder.object(name, "mock.object", inside, config, decorators.clone(), &[]);
    }
    builder.build()
}

/// A cluster with an object, both replaced by others that are made first; the replacement is cut off before the first
/// operation of this kind on this object. Gives the world, and the graph that was being applied.
fn cut_off(before: Action, object: &str) -> (World, ResourceGraph) {
    let mut world = World::new();
    let decorators = Decorators { create_first: true, ..Decorators::default() };
    world.settle(cluster_with(&world, "a", "1", &["one"], &decorators));
    let graph = cluster_with(&world, "b", "1", &["one"], &decorators);
    let plan = world.plan(graph.clone());
    assert_eq!(summary(&plan).len(), 4, "{:?}", summary(&plan));
    world.apply_until(&plan, |operation| operation.action == before && operation.address == address(object));
    assert_eq!(world.cloud.objects("cluster").unwrap().len(), 2, "old and new stand side by side");
    (world, graph)
}

/// What a plan reaches the object of an operation through.
fn through<'p>(plan: &'p Plan, action: Action, object: &str) -> &'p PlannedProvider {
    let is_it = |operation: &&Operation| operation.action == action && operation.address == address(object);
    let operation = plan.operations.iter().find(is_it).unwrap();
    &plan.providers[operation.provider.0 as usize]
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
    let plan = world.settle(graph);
    assert!(
        summary(&plan).contains(&"forget one (ProviderReplaced)".to_owned()),
        "it went along: {:?}",
        summary(&plan)
    );
    let created: Vec<_> = plan.operations.iter().filter(|operation| operation.action == Action::Create).collect();
    assert_eq!(created.len(), 2, "{:?}", summary(&plan));
    assert_eq!(created[0].reason, Reason::Gone);
}

#[test]
fn a_replacement_cut_off_before_its_deletes_takes_the_old_objects_only() {
    let (mut world, graph) = cut_off(Action::Delete, "one");
    let plan = world.plan(graph.clone());
    assert_eq!(summary(&plan), ["delete cluster (Deposed)", "delete one (Deposed)"]);
    assert!(comes_before(&plan, (Action::Delete, "one"), (Action::Delete, "cluster")));
    let old = through(&plan, Action::Delete, "one");
    assert!(old.recorded && plan.values.get(old.configuration).is_known());
    world.apply(&plan);
    let (clusters, objects) = (world.cloud.objects("cluster").unwrap(), world.cloud.objects("object").unwrap());
    assert_eq!((clusters.len(), objects.len()), (1, 1), "the new object stays: {objects:?}");
    assert!(!world.plan(graph).has_changes());
}

#[test]
fn a_replacement_cut_off_before_the_new_objects_goes_on() {
    let (mut world, graph) = cut_off(Action::Create, "one");
    let plan = world.plan(graph.clone());
    let expected = ["delete cluster (Deposed)", "delete one (ProviderReplaced)", "create one (ProviderReplaced)"];
    assert_eq!(summary(&plan), expected);
    assert!(through(&plan, Action::Delete, "one").recorded && !through(&plan, Action::Create, "one").recorded);
    assert!(comes_before(&plan, (Action::Create, "one"), (Action::Delete, "one")));
    assert!(comes_before(&plan, (Action::Delete, "one"), (Action::Delete, "cluster")));
    world.apply(&plan);
    let (clusters, objects) = (world.cloud.objects("cluster").unwrap(), world.cloud.objects("object").unwrap());
    assert_eq!((clusters.len(), objects.len()), (1, 1), "{objects:?}");
    assert!(!world.plan(graph).has_changes());
}

#[test]
fn a_cut_off_replacement_whose_blocks_are_removed_takes_all_objects() {
    let (mut world, _) = cut_off(Action::Delete, "one");
    let plan = world.plan(Builder::default().build());
    assert_eq!(summary(&plan).len(), 4, "{:?}", summary(&plan));
    world.apply(&plan);
    assert!(world.cloud.objects("object").unwrap().is_empty() && world.cloud.objects("cluster").unwrap().is_empty());
    assert!(world.state.rows.is_empty());
}

#[test]
fn an_old_object_is_never_looked_for_in_the_new_cluster() {
    let (mut world, graph) = cut_off(Action::Delete, "one");
    world.state.rows.retain(|key, row| key.address != address("cluster") || row.role == Role::Current);
    let errors = world.errors(graph.clone(), &PlanOptions::default());
    assert_eq!(codes(&errors), ["E1012"]);
    assert!(errors[0].message.contains("`cluster.token` is not known any more"), "{}", errors[0].message);
    let forget = PlanOptions { forget_unreachable: true, ..PlanOptions::default() };
    let plan = world.try_plan(graph, &forget).unwrap();
    assert_eq!(summary(&plan), ["forget one (Deposed)"]);
}

fn by_lease(world: &World) -> Value {
    let mut configuration = world.cloud.configuration().as_map().unwrap().clone();
    configuration.insert("endpoint", attribute("cluster", "endpoint"));
    configuration.insert("token", Value::attribute(address("ephemeral.token"), AttributePath::member("token")));
    Value::Map(configuration)
}

/// A cluster with an object, whose provider gets its token from an ephemeral value that is opened for this cluster.
fn leased(world: &World, zone: &str) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    builder.resource("cluster", "mock.cluster", mock, Value::map([("name", text("c")), ("zone", text(zone))]));
    builder.resource("ephemeral.token", "mock.lease", mock, Value::map([("name", attribute("cluster", "id"))]));
    let inside = builder.provider("inside", "mock", by_lease(world));
    builder.resource("one", "mock.object", inside, Value::map([("kind", text("item")), ("name", text("one"))]));
    builder.build()
}

#[test]
fn an_old_object_without_a_way_to_it_is_not_looked_for_in_the_new_cluster() {
    let mut world = World::new();
    let created = world.plan(leased(&world, "a"));
    assert_eq!(summary(&created).len(), 3, "{:?}", summary(&created));
    world.settle(cluster(&world, "a", "1", &["one"]));
    world.state.providers.insert(address("provider.inside"), ValueBuf::from(&by_lease(&world)));
    for refresh in [true, false] {
        let options = PlanOptions { refresh, ..PlanOptions::default() };
        let errors = world.errors(leased(&world, "b"), &options);
        assert_eq!(codes(&errors), ["E1012"], "{errors:?}");
        assert!(errors[0].message.contains("`ephemeral.token.token` is not known"), "{}", errors[0].message);
    }
    let forget = PlanOptions { forget_unreachable: true, ..PlanOptions::default() };
    let plan = world.try_plan(leased(&world, "b"), &forget).unwrap();
    let deletes: Vec<_> = plan.operations.iter().filter(|operation| operation.action == Action::Delete).collect();
    assert_eq!(deletes.len(), 1, "the old cluster alone is deleted: {:?}", summary(&plan));
    assert_eq!(deletes[0].address, address("cluster"));
    assert!(summary(&plan).contains(&"forget one (ProviderReplaced)".to_owned()), "{:?}", summary(&plan));
    assert!(summary(&plan).contains(&"create one (ProviderReplaced)".to_owned()), "{:?}", summary(&plan));
}

#[test]
fn a_cluster_that_is_imported_again_is_the_same_one() {
    let mut world = World::new();
    let graph = cluster(&world, "a", "1", &["one"]);
    world.settle(graph.clone());
    let row = world.state.rows.values_mut().find(|row| row.key.address == address("cluster")).unwrap();
    Arc::make_mut(row).created_by = OperationId(String::new());
    let plan = world.settle(graph);
    assert_eq!(summary(&plan), Vec::<String>::new());
    assert!(plan.has_notes(), "its objects keep what it is now");
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
