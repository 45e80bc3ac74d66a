//! Which records may follow which, as a table; and that a refused record changes nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::record::{Condition, Host, OperationCheckpoint};
use crate::samples::{begin, create, done, each_kind, finish, key, operation, row, run};
use formwork_model::{Address, ValueBuf};

fn replay(records: impl IntoIterator<Item = Record>) -> State {
    let mut state = State::default();
    for record in records {
        state.apply(state.serial + 1, record).unwrap();
    }
    state
}

fn failed(name: &str, row: Option<Row>) -> Record {
    Record::Failed { operation: operation(name), error: "no".to_owned(), row: row.map(Box::new) }
}

fn ended(name: &str, row: Option<Row>) -> Record {
    Record::Done { operation: operation(name), row: row.map(Box::new) }
}

/// What stands before, a record, and why it is refused (empty where it is not).
fn cases() -> Vec<(&'static str, Vec<Record>, Record, &'static str)> {
    let [begin_a, done_a] = create("a");
    let there = || create("a").to_vec();
    let row_a = || row("a");
    let role = |role| Row { role, ..row("a") };
    let newer = Row { key: RowKey { generation: 1, ..key("a") }, created_by: operation("newer"), ..row("a") };
    let deleting = || [there(), vec![begin(Change::Delete, &row_a())]].concat();
    let updating = || [there(), vec![begin(Change::Update, &row_a())]].concat();
    let creating = || vec![begin_a.clone()];
    let checkpoint = || Record::Checkpoint {
        operation: operation("a"),
        checkpoint: OperationCheckpoint { identity: ValueBuf::null(), private: Vec::new(), poll: String::new() },
    };
    let moved = |from: &str, to: &str| Record::Moved(vec![Move { from: key(from), to: key(to) }]);
    let put = |row: Row| Record::Put(Box::new(row));
    let other = Begin { key: key("b"), row: Row { created_by: operation("a"), ..row("b") }, ..begin_of(&begin_a) };
    let lying = Begin { key: key("b"), ..begin_of(&begin_a) };
    let remove = || Record::Remove { key: key("a"), reason: String::new() };
    let second = [there(), vec![begin(Change::Create, &newer), done(&newer)]].concat();
    vec![
        ("create what is not there", vec![], begin_a.clone(), ""),
        ("create what is there", there(), begin_a.clone(), "exists already"),
        ("create a newer one beside", there(), begin(Change::Create, &newer), ""),
        ("create again as recorded", creating(), begin_a.clone(), ""),
        ("another change by the same operation", creating(), Record::Begin(Box::new(other)), "began as another"),
        ("a row of another key", vec![], Record::Begin(Box::new(lying)), "it holds the row of a"),
        ("update what is not there", vec![], begin(Change::Update, &row_a()), "there is no row a"),
        ("update", there(), begin(Change::Update, &row_a()), ""),
        ("update a deposed one", vec![put(role(Role::Deposed))], begin(Change::Update, &row_a()), ""),
        ("update what is being deleted", vec![put(role(Role::Deleting))], begin(Change::Update, &row_a()), "deleted"),
        ("delete", there(), begin(Change::Delete, &row_a()), ""),
        ("delete again", vec![put(role(Role::Deleting))], begin(Change::Delete, &row_a()), ""),
        ("delete what is not there", vec![], begin(Change::Delete, &row_a()), "there is no row a"),
        ("end what has not begun", vec![], done_a.clone(), "has not begun"),
        ("end a create", creating(), done_a.clone(), ""),
        ("end twice", there(), done_a.clone(), "has not begun"),
        ("end a create without a row", creating(), ended("a", None), "holds no row"),
        ("end a create with another row", creating(), ended("a", Some(row("b"))), "ends on b"),
        ("fail a create with nothing there", creating(), failed("a", None), ""),
        ("fail a create with half of it there", creating(), failed("a", Some(row_a())), ""),
        ("end an update", updating(), done_a.clone(), ""),
        ("end an update without a row", updating(), ended("a", None), "holds no row"),
        ("fail an update", updating(), failed("a", Some(row_a())), ""),
        ("end a delete", deleting(), ended("a", None), ""),
        ("end a delete with a row", deleting(), done_a.clone(), "deleted but holds a row"),
        ("fail a delete", deleting(), failed("a", Some(row_a())), ""),
        ("checkpoint", creating(), checkpoint(), ""),
        ("checkpoint of nothing", vec![], checkpoint(), "has not begun"),
        ("put", vec![], put(row_a()), ""),
        ("put over", there(), put(role(Role::Deposed)), ""),
        ("put a second current one", there(), put(newer.clone()), "is the current object"),
        ("put the deposed one back", second, put(row_a()), "is the current object"),
        ("remove", there(), remove(), ""),
        ("remove what is not there", vec![], remove(), "there is no row a"),
        ("move", there(), moved("a", "b"), ""),
        ("move what is not there", vec![], moved("a", "b"), "there is no row a"),
        ("move onto another", [there(), create("b").to_vec()].concat(), moved("a", "b"), "b (generation 0) exists"),
        ("move during an operation", updating(), moved("a", "b"), "has not ended"),
        ("finish", vec![Record::RunStarted(run("r"))], finish("r"), ""),
        ("finish another run", vec![Record::RunStarted(run("r"))], finish("s"), "not running"),
        ("finish none", vec![], finish("r"), "not running"),
    ]
}

fn begin_of(record: &Record) -> Begin {
    match record {
        Record::Begin(begin) => begin.as_ref().clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_record_is_taken_or_refused() {
    for (what, before, record, reason) in cases() {
        let mut state = replay(before);
        let unchanged = state.clone();
        let name = record.name();
        match state.apply(state.serial + 1, record) {
            Ok(_) => assert_eq!(reason, "", "{what}: was taken"),
            Err(problem) => {
                let message = problem.diagnostic().message;
                assert!(!reason.is_empty() && message.contains(reason), "{what}: {message}");
                assert!(message.contains(&name), "{what}: {message}");
                assert_eq!(state, unchanged, "{what}");
            }
        }
    }
}

#[test]
fn records_must_follow_each_other() {
    let mut state = replay(create("a"));
    for serial in [0, 2, 4] {
        let refused = state.apply(serial, Record::Outputs(ValueBuf::null()));
        assert!(matches!(refused, Err(Problem::Illegal { .. })), "{serial}");
    }
}

#[test]
fn a_delete_that_began_shows_in_the_row() {
    let state = replay([create("a").to_vec(), vec![begin(Change::Delete, &row("a"))]].concat());
    assert_eq!(state.rows[&key("a")].role, Role::Deleting);
    let state = replay([create("a").to_vec(), vec![begin(Change::Delete, &row("a")), ended("a", None)]].concat());
    assert!(state.rows.is_empty() && state.open.is_empty());
}

#[test]
fn a_new_object_deposes_the_current_one_by_the_same_record() {
    let newer = Row { key: RowKey { generation: 1, ..key("a") }, created_by: operation("newer"), ..row("a") };
    let half = Row { condition: Condition::Incomplete("wait".to_owned()), ..newer.clone() };
    for end in [done(&newer), failed("newer", Some(half))] {
        let state = replay([create("a").to_vec(), vec![begin(Change::Create, &newer), end]].concat());
        assert_eq!(state.rows[&key("a")].role, Role::Deposed);
        assert_eq!(state.current(&Address::resource("a")).unwrap().key, newer.key);
        assert_eq!(state.next_generation(&Address::resource("a")), 2);
    }
}

#[test]
fn moves_are_simultaneous_and_dependencies_follow() {
    let host =
        |name: &str| Host { address: key(name).address, created_by: operation(name), identity: ValueBuf::null() };
    let dependencies = vec![key("a").address, key("b").address];
    let dependent = Row { dependencies, hosts: vec![host("a")], ..row("c") };
    let moves = [("a", "b"), ("b", "a")].map(|(from, to)| Move { from: key(from), to: key(to) });
    let before = [create("a").to_vec(), create("b").to_vec(), vec![Record::Put(Box::new(dependent))]].concat();
    let state = replay([before, vec![Record::Moved(moves.to_vec())]].concat());
    assert_eq!(state.rows[&key("b")].created_by, operation("a"));
    assert_eq!(state.rows[&key("a")].key, key("a"));
    assert_eq!(state.rows[&key("c")].dependencies, [key("b").address, key("a").address]);
    assert_eq!(state.rows[&key("c")].hosts, [Host { address: key("b").address, ..host("a") }]);
}

#[test]
fn a_finished_run_drops_providers_without_objects() {
    let provider = |name: &str| Record::Provider { address: Address::resource(name), configuration: ValueBuf::null() };
    let used = Row { provider: Address::resource("used"), ..row("a") };
    let records = [Record::RunStarted(run("r")), provider("used"), provider("unused"), Record::Put(Box::new(used))];
    let state = replay(records.into_iter().chain([finish("r")]));
    assert_eq!(state.providers.keys().collect::<Vec<_>>(), [&Address::resource("used")]);
}

#[test]
fn each_kind_fits() {
    assert_eq!(replay(each_kind()).serial, each_kind().len() as u64);
}
