//! Random graphs with random edits: the plan's actions are those of a slow, obviously right implementation, and doing
//! them in the worst allowed order leaves what the graph asks for.

use crate::support::*;
use formwork_engine::plan::{Action, Plan};
use formwork_lang::graph::{Decorators, ResourceGraph};
use formwork_model::Value;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One object of a stack. `needs` are objects of lower numbers, by their position.
#[derive(Clone, Debug)]
struct Thing {
    size: i64,
    zone: bool,
    create_first: bool,
    needs: Vec<usize>,
    through_name: bool,
}

type Stack = BTreeMap<usize, Thing>;

fn name(number: usize) -> String {
    format!("t{number:02}")
}

fn thing() -> impl Strategy<Value = Thing> {
    let needs = prop::collection::vec(0_usize..12, 0..3);
    (0_i64..3, any::<bool>(), prop::bool::weighted(0.2), needs, prop::bool::weighted(0.3)).prop_map(
        |(size, zone, create_first, needs, through_name)| Thing { size, zone, create_first, needs, through_name },
    )
}

fn stack() -> impl Strategy<Value = Stack> {
    prop::collection::btree_map(0_usize..12, thing(), 0..12)
}

/// Needs that there are, without repetition.
fn needs(stack: &Stack, number: usize) -> Vec<usize> {
    let listed: BTreeSet<usize> = stack[&number].needs.iter().copied().collect();
    listed.into_iter().filter(|need| *need < number && stack.contains_key(need)).collect()
}

fn graph(world: &World, stack: &Stack) -> ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    for (number, thing) in stack {
        let list = needs(stack, *number);
        // The name is create-only: an object named after a replaced one is replaced.
        let given = match list.first() {
            Some(first) if thing.through_name => attribute(&name(*first), "id"),
            _ => text(&name(*number)),
        };
        let tags = list.iter().map(|need| (name(*need), attribute(&name(*need), "id")));
        let config = Value::map([
            ("name", given),
            ("size", Value::Int(thing.size)),
            ("zone", text(if thing.zone { "a" } else { "b" })),
            ("tags", Value::map(tags.collect::<Vec<_>>())),
        ]);
        let decorators = Decorators { create_first: thing.create_first, ..Decorators::default() };
        builder.object(&name(*number), "mock.tagged", mock, config, decorators, &[]);
    }
    builder.build()
}

/// What happens to each object, by going through all of them again and again until nothing changes.
fn expected(before: &Stack, after: &Stack) -> BTreeMap<usize, &'static str> {
    let mut actions: BTreeMap<usize, &'static str> = BTreeMap::new();
    for number in before.keys().filter(|number| !after.contains_key(number)) {
        actions.insert(*number, "delete");
    }
    for number in after.keys().filter(|number| !before.contains_key(number)) {
        actions.insert(*number, "create");
    }
    loop {
        let known = actions.clone();
        for number in after.keys().filter(|number| before.contains_key(number)) {
            let (old, new) = (&before[number], &after[number]);
            let (old_needs, new_needs) = (needs(before, *number), needs(after, *number));
            let fresh = |need: &usize| matches!(actions.get(need), Some(&"create" | &"replace"));
            let named = |thing: &Thing, needs: &[usize]| needs.first().copied().filter(|_| thing.through_name);
            let (old_name, new_name) = (named(old, &old_needs), named(new, &new_needs));
            let action = if old.zone != new.zone || old_name != new_name || new_name.is_some_and(|need| fresh(&need)) {
                "replace"
            } else if old.size != new.size || old_needs != new_needs || new_needs.iter().any(fresh) {
                "update"
            } else {
                continue;
            };
            actions.insert(*number, action);
        }
        if actions == known {
            return actions;
        }
    }
}

fn planned(plan: &Plan) -> BTreeMap<usize, &'static str> {
    let number = |written: String| written.trim_start_matches('t').parse::<usize>().unwrap();
    let mut actions = BTreeMap::new();
    for operation in &plan.operations {
        let action = match operation.action {
            Action::Create if operation.counterpart.is_some() => "replace",
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete if operation.counterpart.is_none() => "delete",
            _ => continue,
        };
        actions.insert(number(operation.address.to_string()), action);
    }
    actions
}

/// Every pair of objects of which one needs the other: made after it, deleted before it.
fn order_holds(plan: &Plan, before: &Stack, after: &Stack) {
    let has = |action: Action, number: usize| {
        plan.operations
            .iter()
            .any(|operation| operation.action == action && operation.address == address(&name(number)))
    };
    for number in after.keys() {
        for need in needs(after, *number) {
            for (first, second) in
                [(Action::Create, Action::Create), (Action::Create, Action::Update), (Action::Update, Action::Create)]
            {
                if has(first, need) && has(second, *number) {
                    assert!(comes_before(plan, (first, &name(need)), (second, &name(*number))));
                }
            }
        }
    }
    for number in before.keys() {
        for need in needs(before, *number) {
            if has(Action::Delete, *number) && has(Action::Delete, need) {
                assert!(comes_before(plan, (Action::Delete, &name(*number)), (Action::Delete, &name(need))));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn plans_are_those_of_the_oracle(stacks in prop::collection::vec(stack(), 1..4)) {
        let mut world = World::new();
        let mut before = Stack::new();
        for after in stacks {
            let next = graph(&world, &after);
            let plan = world.plan(next.clone());
            prop_assert_eq!(planned(&plan), expected(&before, &after));
            order_holds(&plan, &before, &after);
            world.apply(&plan);
            prop_assert_eq!(world.state.rows.len(), after.len());
            prop_assert_eq!(world.cloud.objects("tagged").unwrap().len(), after.len());
            let again = world.plan(next);
            prop_assert_eq!(summary(&again), Vec::<String>::new());
            before = after;
        }
    }
}
