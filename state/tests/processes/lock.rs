//! Two processes at once.

use crate::child::start;
use crate::files::{keys, open, read};
use crate::samples::row;
use formwork_state::LocalStore;
use formwork_state::record::Record;
use libtest_mimic::Failed;
use std::time::{Duration, Instant};

pub(crate) fn second_is_refused() -> Result<Option<String>, Failed> {
    let directory = tempfile::tempdir()?;
    let store = open(directory.path());
    let lines = start("try 0", directory.path(), &[]).rest();
    let start = format!("E3001 the state is locked by me@here (process {}) running apply since ", std::process::id());
    assert!(lines.len() == 1 && lines[0].starts_with(&start), "{lines:?}");
    let lines = self::start("try 300", directory.path(), &[]).rest();
    assert!(lines.len() == 2 && lines[0] == "waiting for me@here" && lines[1].starts_with(&start), "{lines:?}");
    assert_eq!(store.state().serial, 0);
    Ok(None)
}

pub(crate) fn second_waits() -> Result<Option<String>, Failed> {
    let directory = tempfile::tempdir()?;
    let store = open(directory.path());
    let mut second = start("try 20000", directory.path(), &[]);
    assert_eq!(second.line(), "waiting for me@here");
    store.append_and_wait(vec![Record::Put(Box::new(row("first")))]).map_err(|error| error.to_string())?;
    store.close().map_err(|error| error.to_string())?;
    assert_eq!(second.rest(), ["got it, wrote 2"]);
    assert_eq!(read(directory.path()).unwrap().state.rows.len(), 2);
    Ok(None)
}

pub(crate) fn dead_holder() -> Result<Option<String>, Failed> {
    let directory = tempfile::tempdir()?;
    for _ in 0..3 {
        let mut holder = start("hold", directory.path(), &[]);
        assert_eq!(holder.line(), "held");
        let process = LocalStore::holder(directory.path()).map(|holder| holder.process);
        assert_eq!(process, Some(holder.child.0.id()));
        holder.child.kill();
        assert_eq!(LocalStore::holder(directory.path()), None);
        let begun = Instant::now();
        drop(open(directory.path()));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    Ok(None)
}

pub(crate) fn readers() -> Result<Option<String>, Failed> {
    let directory = tempfile::tempdir()?;
    let mut writer = start("append", directory.path(), &[]);
    let (mut newest, mut reads) = (0, 0);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        let known = acknowledged_so_far(&mut writer);
        let reader = LocalStore::open_reader(directory.path(), keys());
        let state = formwork_state::store::Reader::read(&reader).map_err(|error| format!("{error:?}"))?.state;
        assert!(state.serial >= known && state.serial >= newest, "{} {known} {newest}", state.serial);
        newest = state.serial;
        reads += 1;
    }
    writer.child.kill();
    eprintln!("{reads} reads while {newest} records were written");
    assert!(reads > 20 && newest > 100);
    Ok(None)
}

/// Reads what the writer says up to the next acknowledgement.
fn acknowledged_so_far(writer: &mut crate::child::Speaking) -> u64 {
    loop {
        if let Some(serial) = writer.line().strip_prefix("acknowledged ") {
            return serial.parse().unwrap();
        }
    }
}
