//! The state: records into the journal, the journal read again, and the snapshot.

use criterion::{BatchSize, Criterion, Throughput};
use formwork_model::{Address, ModulePath, ObjectKind, TypeName, Value, ValueBuf};
use formwork_state::record::{
    Begin, Change, Condition, Lifecycle, OperationId, Record, Role, Row, RowKey, Run, RunId, State,
};
use formwork_state::store::{Reader, Store};
use formwork_state::{Keys, LocalStore, LockOptions};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Twelve attributes, about 500 bytes.
fn row(index: usize) -> Row {
    let name = format!("r{index}");
    let attributes =
        (0..11).map(|number| (format!("attribute_{number}"), Value::string(format!("value {number} of {name}"))));
    let values = ValueBuf::from(&Value::map(attributes.chain([("size".to_owned(), Value::Int(3))])));
    Row {
        key: RowKey { address: Address::resource(name.as_str()), generation: 0 },
        role: Role::Current,
        condition: Condition::Ready,
        type_name: TypeName::new("std", "value"),
        provider: Address::new(ModulePath::root(), ObjectKind::Provider, "std"),
        hosts: Vec::new(),
        schema_version: 1,
        config: values.clone(),
        values,
        write_only: BTreeMap::new(),
        private: Vec::new(),
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        created_by: OperationId(name),
    }
}

/// What an apply of so many creates records.
fn records(count: usize) -> Vec<Record> {
    let run = RunId("run".to_owned());
    let mut records = vec![Record::RunStarted(Run {
        id: run.clone(),
        command: "apply".to_owned(),
        who: "me@here".to_owned(),
        at_ms: 0,
        commit: String::new(),
        plan: String::new(),
        version: "0.1.0".to_owned(),
        finished: None,
    })];
    for index in 0..count {
        let row = row(index);
        let operation = row.created_by.clone();
        records.push(Record::Begin(Box::new(Begin {
            operation: operation.clone(),
            run: run.clone(),
            at_ms: 0,
            change: Change::Create,
            key: row.key.clone(),
            planned: row.values.clone(),
            row: row.clone(),
            absence_checked: true,
            write_only_paths: Vec::new(),
        })));
        records.push(Record::Done { operation, row: Some(Box::new(row)) });
    }
    records
}

/// A key, not a passphrase: those are slow on purpose.
fn keys() -> Keys {
    Keys::from_text("the bench", format!("{}=", "A".repeat(43)))
}

fn open(directory: &Path) -> Box<dyn Store> {
    LocalStore::lock_and_open(directory, LockOptions::new("me@here", "apply"), &keys()).unwrap()
}

fn read(directory: &Path) -> usize {
    LocalStore::open_reader(directory, keys()).read().unwrap().state.rows.len()
}

/// A state that an apply of so many has just left: all of it in the journal.
fn journaled(count: usize) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append_and_wait(records(count)).unwrap();
    // Dropped, not closed: a checkpoint would cut the journal.
    drop(store);
    directory
}

/// Records to durable journal; the files' system decides how long its flushes take.
pub(crate) fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal append");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64 * 2));
        group.bench_function(format!("{size} creates"), |bencher| {
            let prepare = || {
                let directory = tempfile::tempdir().unwrap();
                (open(directory.path()), directory, records(size))
            };
            let append = |(store, directory, records): (Box<dyn Store>, TempDir, Vec<Record>)| {
                store.append_and_wait(records).unwrap();
                (store, directory)
            };
            bencher.iter_batched(prepare, append, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// The pure replay in memory, and the journal read from its file.
pub(crate) fn replay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64 * 2));
        group.bench_function(format!("in memory, {size} creates"), |bencher| {
            let replay = |records: Vec<Record>| {
                let mut state = State { lineage: "speed".into(), ..State::default() };
                for (serial, record) in (1..).zip(records) {
                    state.apply(serial, record).unwrap();
                }
                state
            };
            bencher.iter_batched(|| records(size), replay, BatchSize::PerIteration);
        });
        let directory = journaled(size);
        group.bench_function(format!("journal, {size} creates"), |bencher| {
            bencher.iter(|| assert_eq!(read(directory.path()), size));
        });
    }
    group.finish();
}

/// A checkpoint (snapshot and rows), and the snapshot read.
pub(crate) fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(format!("checkpoint, {size} rows"), |bencher| {
            let prepare = || {
                let directory = tempfile::tempdir().unwrap();
                let store = open(directory.path());
                store.append_and_wait(records(size)).unwrap();
                (store, directory)
            };
            let close = |(store, directory): (Box<dyn Store>, TempDir)| {
                store.close().unwrap();
                directory
            };
            bencher.iter_batched(prepare, close, BatchSize::PerIteration);
        });
        let directory = journaled(size);
        open(directory.path()).close().unwrap();
        group.bench_function(format!("read, {size} rows"), |bencher| {
            bencher.iter(|| assert_eq!(read(directory.path()), size));
        });
    }
    group.finish();
}
