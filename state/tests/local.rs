//! The local backend, in one process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/samples.rs"]
mod samples;

use formwork_state::record::Record;
use formwork_state::store::{Reader as _, Store};
use formwork_state::{Keys, LocalStore, LockOptions};
use samples::{create, each_kind, finish, run};
use std::path::Path;

fn keys() -> Keys {
    Keys::from_text("test", "A".repeat(43))
}

fn open(directory: &Path) -> Box<dyn Store> {
    LocalStore::lock_and_open(directory, LockOptions::new("me@here", "apply"), &keys()).unwrap()
}

#[test]
fn what_was_never_written_is_empty() {
    let directory = tempfile::tempdir().unwrap();
    let reader = LocalStore::open_reader(directory.path().join("absent"), keys());
    let published = reader.read().unwrap();
    assert_eq!((published.as_of_ms, published.state.lineage.as_str()), (0, ""));
    assert!(published.holder.is_none() && reader.history().unwrap().is_empty());
    assert!(!directory.path().join("absent").exists());
}

#[test]
fn records_come_back_from_the_journal_alone_and_from_a_checkpoint() {
    for many in [0, 400] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let mut records = each_kind();
        records.extend((0..many).flat_map(|index| create(&format!("thing_{index}"))));
        let count = records.len() as u64;
        assert_eq!(store.append_and_wait(records).unwrap(), count);
        let state = store.state();
        assert_eq!(state.serial, count);
        store.close().unwrap();
        assert_eq!(directory.path().join("snapshot").exists(), many > 0);
        let published = LocalStore::open_reader(directory.path(), keys()).read().unwrap();
        assert_eq!(published.state, state);
        assert!(published.as_of_ms > 0 && published.warnings.is_empty());
        let again = open(directory.path());
        assert_eq!(again.state(), state);
        assert!(again.warnings().is_empty());
    }
}

#[test]
fn readers_see_a_writer_and_its_holder() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append_and_wait(create("one").to_vec()).unwrap();
    let reader = LocalStore::open_reader(directory.path(), keys());
    let published = reader.read().unwrap();
    assert_eq!(published.state.rows.len(), 1);
    let holder = published.holder.unwrap();
    assert_eq!((holder.who.as_str(), holder.process), ("me@here", std::process::id()));
    let options = LockOptions::new("you@there", "destroy");
    let refused = LocalStore::lock_and_open(directory.path(), options, &keys()).err().unwrap();
    assert_eq!(refused.0.code.to_string(), "E3001");
    assert!(refused.0.message.starts_with("the state is locked by me@here (process "), "{}", refused.0.message);
    store.close().unwrap();
    assert!(reader.read().unwrap().holder.is_none());
}

#[test]
fn an_illegal_record_is_refused_and_the_store_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let [begin, done] = create("one");
    let error = store.append_and_wait(vec![done.clone()]).unwrap_err();
    assert_eq!(error.0.code.to_string(), "E3013");
    assert_eq!(store.append_and_wait(vec![begin, done]).unwrap(), 2);
    drop(store);
    assert_eq!(open(directory.path()).state().rows.len(), 1);
}

#[test]
fn a_closed_store_releases_the_lock_and_accepts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append_and_wait(create("one").to_vec()).unwrap();
    store.close().unwrap();
    let codes = [
        store.append_and_wait(create("two").to_vec()).unwrap_err(),
        store.assert_held(1).unwrap_err(),
        store.close().unwrap_err(),
    ];
    assert!(codes.iter().all(|error| error.0.code.to_string() == "E3014"), "{codes:?}");
    assert_eq!(open(directory.path()).state().rows.len(), 1);
}

#[test]
fn a_lock_file_that_is_taken_away_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.assert_held(1_000).unwrap();
    std::fs::remove_file(directory.path().join("lock")).unwrap();
    assert_eq!(store.assert_held(1_000).unwrap_err().0.code.to_string(), "E3002");
}

#[test]
fn many_tasks_share_flushes_and_a_held_state_does_not_change() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let before = store.state();
    std::thread::scope(|scope| {
        for thread in 0..20 {
            let store = &store;
            scope.spawn(move || {
                for index in 0..25 {
                    for record in create(&format!("thing_{thread}_{index}")) {
                        store.append_and_wait(vec![record]).unwrap();
                    }
                }
            });
        }
    });
    let statistics = store.statistics();
    assert_eq!(statistics.records, 1_000);
    assert!(statistics.flushes <= 200, "{statistics:?}");
    assert!(before.rows.is_empty() && before.serial == 0);
    assert_eq!(store.state().rows.len(), 500);
}

#[test]
fn history_is_newest_first_and_has_killed_and_running_ones() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append_and_wait(vec![Record::RunStarted(run("a")), finish("a"), Record::RunStarted(run("b"))]).unwrap();
    store.append_and_wait(vec![Record::RunStarted(run("c"))]).unwrap();
    let runs = LocalStore::open_reader(directory.path(), keys()).history().unwrap();
    let shown: Vec<_> = runs.iter().map(|run| (run.id.0.as_str(), run.finished.is_some())).collect();
    assert_eq!(shown, [("c", false), ("b", false), ("a", true)]);
}
