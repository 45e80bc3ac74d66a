//! What must hold, checked the slow and obvious way: every object against every row.

use crate::stack::Stack;
use crate::world::World;
use formwork_engine::event::Event;
use formwork_engine::plan::{Action, Plan};
use formwork_engine::ports::Interruption;
use formwork_model::{Address, Value};
use formwork_provider_mock::CloudObject;
use formwork_state::record::{Change, Condition, Row};
use std::collections::BTreeSet;

/// Whether a row is about an object.
fn is_of(row: &Row, object: &CloudObject) -> bool {
    let attribute = |name: &str| row.values.view().get(name).and_then(|value| value.as_str()).map(str::to_owned);
    if row.type_name.name != object.type_name {
        return false;
    }
    if object.type_name == "keyed" {
        let key = attribute("table").zip(attribute("destination"));
        return key.is_some_and(|(table, destination)| format!("{table}/{destination}") == object.name);
    }
    attribute("id").as_deref() == Some(object.id.as_str())
}

/// Each object in the cloud is recorded exactly once, and no row stands for nothing.
pub(crate) fn check(world: &World) {
    let (state, objects) = (world.state(), world.objects());
    for object in &objects {
        let certain = |row: &&std::sync::Arc<Row>| !matches!(row.condition, Condition::Uncertain(_));
        let rows = state.rows.values().filter(certain).filter(|row| is_of(row, object)).count();
        let uncertain = state.rows.values().filter(|row| !certain(row) && row.created_by.0 == object.operation).count();
        let open = state
            .open
            .values()
            .filter(|open| open.begin.change == Change::Create && open.begin.operation.0 == object.operation);
        let owners = rows + uncertain + open.count();
        let heard =
            || world.cloud.log().unwrap().into_iter().filter(|entry| entry.name == object.name).collect::<Vec<_>>();
        assert_eq!(owners, 1, "{object:#?} has {owners} records in {state:#?}; the cloud heard {:#?}", heard());
    }
    for (key, row) in &state.rows {
        let deleting = state.open.values().any(|open| open.begin.change == Change::Delete && open.begin.key == *key);
        let excused = deleting || world.doubtful.contains(key) || matches!(row.condition, Condition::Uncertain(_));
        let exists = objects.iter().any(|object| is_of(row, object));
        assert!(exists || excused, "{row:#?} stands for nothing");
    }
}

/// Exactly what depends on a failure is skipped.
pub(crate) fn check_skipped(plan: &Plan, events: &[Event], interruption: Interruption) {
    let mut failed = BTreeSet::new();
    let mut skipped = BTreeSet::new();
    for event in events {
        match event {
            Event::OperationFailed { address, change, .. } => drop(failed.insert((address, word(*change)))),
            Event::OperationSkipped { address, change, .. } => drop(skipped.insert((address, word(*change)))),
            _ => {}
        }
    }
    let name = |index: usize| (&plan.operations[index].address, action(plan.operations[index].action));
    // An operation is doomed when it needs one that failed, or one that is doomed: again and again until nothing changes.
    let mut doomed: BTreeSet<usize> = BTreeSet::new();
    loop {
        let before = doomed.len();
        for (index, operation) in plan.operations.iter().enumerate() {
            let falls = |need: usize| failed.contains(&name(need)) || doomed.contains(&need);
            if operation.depends_on.iter().any(|need| falls(need.0 as usize)) {
                doomed.insert(index);
            }
        }
        if doomed.len() == before {
            break;
        }
    }
    let acts = |index: &usize| plan.operations[*index].action != Action::NoOp;
    let doomed: BTreeSet<(&Address, &str)> = doomed.into_iter().filter(acts).map(name).collect();
    if interruption == Interruption::None {
        assert_eq!(skipped, doomed, "{failed:?}");
    } else {
        assert!(doomed.is_subset(&skipped), "{failed:?}");
    }
}

fn word(change: formwork_engine::event::ChangeKind) -> &'static str {
    use formwork_engine::event::ChangeKind as Kind;
    match change {
        Kind::Create => "create",
        Kind::Update => "update",
        Kind::Delete => "delete",
        Kind::Read => "read",
        Kind::Open => "open",
        Kind::State => "forget",
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Read => "read",
        Action::Open => "open",
        Action::Forget => "forget",
        Action::NoOp => "keep",
    }
}

/// The cloud holds what the stack asks for, and nothing else.
pub(crate) fn check_values(world: &World, stack: &Stack) {
    let objects = world.objects();
    assert_eq!(objects.len(), stack.items.len());
    let made = |number: usize| {
        let item = &stack.items[&number];
        let name = if item.kind == "keyed" { format!("main/{}", item.name(number)) } else { item.name(number) };
        let found = objects.iter().find(|object| object.type_name == item.kind && object.name == name);
        found.unwrap_or_else(|| panic!("{item:#?} is not in {objects:#?}"))
    };
    let id = |number: &usize| {
        let item = &stack.items[number];
        if item.kind == "keyed" { item.name(*number) } else { made(*number).id.clone() }
    };
    for (number, item) in &stack.items {
        let object = made(*number);
        let values = object.values();
        let needs = stack.needs(*number);
        assert_eq!(object.polls_left, 0, "{object:#?}");
        if item.kind == "keyed" {
            let target = needs.first().map_or_else(|| format!("gateway-{}", item.size), id);
            assert_eq!(values.get("target"), Some(&Value::string(target)), "{object:#?}");
            continue;
        }
        let tags = Value::map(needs.iter().map(|need| (format!("t{need}"), Value::string(id(need)))));
        assert_eq!(values.get("size"), Some(&Value::Int(item.size)), "{object:#?}");
        assert_eq!(values.get("tags"), Some(&tags), "{object:#?}");
        if item.kind == "thing" {
            let seed = item.seed.map(|seed| format!("{:016x}", digest(&format!("seed-{seed}"))));
            assert_eq!(object.write_only.get("seed"), seed.as_ref(), "{object:#?}");
        }
    }
}

/// As the mock keeps what cannot be read back.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
