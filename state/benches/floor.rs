//! What the state costs: CPU (of the whole process) and wall-clock time, in milliseconds, for growing numbers of rows.
//!
//! `cargo bench -p formwork-state --bench floor -- 20000`

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/support/samples.rs"]
mod samples;

use formwork_state::record::Record;
use formwork_state::store::{Reader as _, Store};
use formwork_state::{Keys, LocalStore, LockOptions};
use rustix::time::{ClockId, clock_gettime};
use samples::{create, row};
use std::path::Path;
use std::sync::mpsc;
use std::time::Instant;

fn keys() -> Keys {
    Keys::from_text("bench", "A".repeat(43))
}

fn open(directory: &Path) -> Box<dyn Store> {
    LocalStore::lock_and_open(directory, LockOptions::new("me@here", "apply"), &keys()).unwrap()
}

/// Prints what `work` costs.
fn measure<T>(what: &str, count: usize, work: impl FnOnce() -> T) -> T {
    let cpu = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
    };
    let (start, before) = (Instant::now(), cpu());
    let result = work();
    let after = cpu();
    println!("{count:>7} {what:<44} CPU {:>8.1} wall {:>8.1}", after - before, start.elapsed().as_secs_f64() * 1e3);
    result
}

/// Appends the two records of each row with 50 in flight, as tasks of an apply do.
fn apply(store: &dyn Store, count: usize) {
    let (sender, receiver) = mpsc::channel();
    let mut next = 0;
    let mut in_flight = 0;
    let mut ends: Vec<Record> = Vec::new();
    while next < count || in_flight > 0 || !ends.is_empty() {
        while in_flight < 50 && (next < count || !ends.is_empty()) {
            let (record, end) = match ends.pop() {
                Some(end) => (end, None),
                None => {
                    let [begin, done] = create(&format!("thing_{next}"));
                    next += 1;
                    (begin, Some(done))
                }
            };
            let sender = sender.clone();
            store.append(record, Box::new(move |appended| sender.send((appended.unwrap(), end)).unwrap()));
            in_flight += 1;
        }
        let (_, end) = receiver.recv().unwrap();
        in_flight -= 1;
        ends.extend(end);
    }
}

fn measure_all(count: usize) {
    let directory = tempfile::tempdir_in(".").unwrap();
    let store = measure("open a new one", count, || open(directory.path()));
    measure("(making the records: not the state's)", count, || {
        (0..count).map(|index| create(&format!("thing_{index}")).len()).sum::<usize>()
    });
    measure("append Begin and Done, 50 in flight", count, || apply(store.as_ref(), count));
    println!("{count:>7} {:?}", store.statistics());
    measure("close with a checkpoint of all", count, || store.close().unwrap());
    let reader = LocalStore::open_reader(directory.path(), keys());
    let state = measure("read", count, || reader.read().unwrap().state);
    measure("drop the state", count, || drop(state));
    let store = measure("open", count, || open(directory.path()));
    measure("put one row, and close without checkpoint", count, || {
        store.append_and_wait(vec![Record::Put(Box::new(row("thing_1")))]).unwrap();
        store.close().unwrap();
    });
    let store = open(directory.path());
    let some = (0..count / 3).map(|index| Record::Put(Box::new(row(&format!("thing_{index}"))))).collect();
    store.append_and_wait(some).unwrap();
    measure("close with a checkpoint of a third", count, || store.close().unwrap());
}

fn main() {
    let counts: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![1_000, 20_000] } else { counts };
    counts.into_iter().for_each(measure_all);
}
