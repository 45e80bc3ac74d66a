//! A snapshot at any cut, and the records after it, give the same state as all records.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::journal::{Appender, Batch, Journal, encode};
use super::ledger::{Changes, Ledger};
use super::{rows, snapshot};
use crate::codec::Seal;
use crate::record::{Change, Move, Record, Role, Row, RowKey, State};
use crate::samples::{begin, finish, operation, rich_row, row, run};
use crate::seal::Keys;
use proptest::prelude::*;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

fn keys() -> Keys {
    Keys::from_text("test", "A".repeat(43))
}

fn seal() -> Seal {
    Seal { sealer: keys().sealer().unwrap(), lineage: "lineage".to_owned() }
}

fn empty() -> Ledger {
    let state = State { lineage: "lineage".to_owned(), ..State::default() };
    Ledger { state: Arc::new(state), ..Ledger::default() }
}

fn apply(ledger: &mut Ledger, changes: &mut Changes, record: Record) -> bool {
    ledger.apply(ledger.state.serial + 1, 1_000, record, changes).is_ok()
}

/// Something that might be done to one of a few objects. Not all of it fits: what does not is left out.
fn record(choice: u8, which: u8, generation: u32) -> Record {
    let name = format!("thing_{which}");
    let base = if which == 0 { rich_row(&name) } else { row(&name) };
    let id = operation(&format!("{name}-{generation}"));
    let key = RowKey { generation, ..base.key.clone() };
    let row = Row { key: key.clone(), role: Role::Current, created_by: id.clone(), ..base };
    let boxed = || Some(Box::new(row.clone()));
    match choice {
        0 => begin(Change::Create, &row),
        1 => begin(Change::Update, &row),
        2 => begin(Change::Delete, &row),
        3 => Record::Done { operation: id, row: boxed() },
        4 => Record::Done { operation: id, row: None },
        5 => Record::Failed { operation: id, error: "no".to_owned(), row: boxed() },
        6 => Record::Put(Box::new(Row { role: Role::Deposed, ..row })),
        7 => Record::Remove { key, reason: "gone".to_owned() },
        8 => Record::Moved(vec![Move { to: RowKey { generation: generation + 7, ..key.clone() }, from: key }]),
        9 => Record::RunStarted(run(&name)),
        10 => finish(&name),
        11 => Record::Provider { address: row.provider, configuration: row.values },
        _ => Record::Outputs(row.values),
    }
}

/// Records that fit an empty state, one after the other.
fn fitting(choices: Vec<(u8, u8, u32)>) -> Vec<Record> {
    let mut ledger = empty();
    let records = choices.into_iter().map(|(choice, which, generation)| record(choice, which, generation));
    records.filter(|record| apply(&mut ledger, &mut Changes::default(), record.clone())).collect()
}

fn write_journal(path: &Path, start: &Ledger, records: &[Record], group: usize) {
    let mut appender = Appender::create(path, &snapshot::head(start, &seal())).unwrap();
    let mut serial = start.state.serial;
    for group in records.chunks(group) {
        let mut batch = Batch::new(serial + 1);
        group.iter().for_each(|record| batch.push(&encode(record, &seal()).unwrap()));
        appender.append(&batch, 1_000).unwrap();
        serial += group.len() as u64;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_state(
        choices in prop::collection::vec((0_u8..13, 0_u8..3, 0_u32..3), 1..60),
        cut in 0.0..1.0_f64,
        group in 1_usize..5,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let records = fitting(choices);
        let cut = (records.len() as f64 * cut) as usize;
        let mut all = empty();
        let mut before = empty();
        let mut changes = Changes::default();
        for (index, record) in records.iter().enumerate() {
            prop_assert!(apply(&mut all, &mut changes, record.clone()));
            if index < cut {
                prop_assert!(apply(&mut before, &mut Changes::default(), record.clone()));
            }
        }
        let path = directory.path().join("snapshot");
        snapshot::write(&path, &before, &seal()).unwrap();
        let mut after = snapshot::read(&path, &keys()).unwrap().unwrap().ledger;
        prop_assert_eq!(&after, &before);
        // The journal still holds records that the snapshot has, as after a crash between the two.
        let path = directory.path().join("journal");
        write_journal(&path, &empty(), &records, group);
        let journal = Journal::read(&path, &File::open(&path).unwrap()).unwrap().unwrap();
        journal.replay(&mut after, &seal(), &mut Changes::default()).unwrap();
        prop_assert_eq!(after, all);
    }

}

proptest! {
    // Each step opens sled: fewer cases.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_row_store_follows_in_steps(
        choices in prop::collection::vec((0_u8..13, 0_u8..3, 0_u32..3), 1..40),
        step in 1_usize..12,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows");
        let (mut ledger, mut changes, mut base) = (empty(), Changes::default(), 0);
        for name in ["x", "y", "z", "u", "v", "w"] {
            prop_assert!(apply(&mut ledger, &mut changes, Record::Put(Box::new(row(name)))));
        }
        for group in fitting(choices).chunks(step) {
            let mut touched = false;
            for record in group {
                touched |= apply(&mut ledger, &mut changes, record.clone());
            }
            if touched {
                prop_assert_eq!(rows::save(&path, &ledger, &seal(), base, &changes), Ok(None));
                (base, changes) = (ledger.state.serial, Changes::default());
                prop_assert_eq!(&rows::load(&path, &keys()).unwrap().0, &ledger);
            }
        }
    }
}

#[test]
fn a_large_row_survives_the_row_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows");
    let (mut ledger, mut changes) = (empty(), Changes::default());
    for size in [300_000, 60_000, 59_998, 10] {
        let row = Row { private: vec![7; size], ..row("large") };
        for name in ["a", "b", "c"] {
            assert!(apply(&mut ledger, &mut changes, Record::Put(Box::new(self::row(name)))));
        }
        assert!(apply(&mut ledger, &mut changes, Record::Put(Box::new(row))));
        let base = if size == 300_000 { 0 } else { ledger.state.serial - 4 };
        changes.rows.retain(|key| key.address.name == "large");
        rows::save(&path, &ledger, &seal(), base, &changes).unwrap();
        changes = Changes::default();
        assert_eq!(rows::load(&path, &keys()).unwrap().0, ledger, "{size}");
    }
}
