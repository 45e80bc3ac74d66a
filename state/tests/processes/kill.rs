//! kill -9 at random moments of a process that appends, opens and closes without pause.

use crate::child::start;
use crate::files::{Dice, copy, open, read, times};
use formwork_model::Address;
use formwork_state::record::State;
use libtest_mimic::Failed;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What a killed process has said.
#[derive(Clone, Default)]
pub(crate) struct Said {
    pub(crate) acknowledged: u64,
    pub(crate) begun: Vec<String>,
    /// `opening`, `open` or `closing`.
    pub(crate) phase: &'static str,
}

impl Said {
    pub(crate) fn hear(&mut self, line: &str) {
        match line {
            "opening" => self.phase = "opening",
            "open" => self.phase = "open",
            "closing" => self.phase = "closing",
            other => match other.split_once(' ') {
                Some(("acknowledged", serial)) => {
                    self.acknowledged = self.acknowledged.max(serial.parse().unwrap());
                }
                Some(("begun", name)) => self.begun.push(name.to_owned()),
                _ => panic!("{other}"),
            },
        }
    }

    /// Everything that was acknowledged is there.
    pub(crate) fn check(&self, state: &State, what: &str) {
        assert!(state.serial >= self.acknowledged, "{what}: {} of {}", state.serial, self.acknowledged);
        for name in &self.begun {
            let address = Address::resource(name.as_str());
            let open = || state.open.values().any(|open| open.begin.key.address == address);
            assert!(state.current(&address).is_some() || open(), "{what}: {name} is gone");
        }
    }
}

pub(crate) fn kill() -> Result<Option<String>, Failed> {
    let directory = tempfile::tempdir()?;
    let mut dice = Dice(u64::from(std::process::id()) << 20 | 0x5bd1_e995);
    let mut phases: BTreeMap<&str, usize> = BTreeMap::new();
    let mut acknowledged = 0;
    for round in 0..times("FORMWORK_STATE_KILLS", 30) {
        let mut child = start("append", directory.path(), &[]);
        let mut said = Said::default();
        while said.phase != "open" {
            said.hear(&child.line());
        }
        std::thread::sleep(Duration::from_micros(dice.below(120_000) as u64));
        child.child.kill();
        child.rest().iter().for_each(|line| said.hear(line));
        *phases.entry(said.phase).or_default() += 1;
        assert!(said.acknowledged >= acknowledged || said.begun.is_empty());
        acknowledged = acknowledged.max(said.acknowledged);
        check_all(directory.path(), &said, round);
    }
    eprintln!("killed while {phases:?}; {acknowledged} records acknowledged, none lost");
    Ok(None)
}

/// As a reader sees it, as the next writer does, and from the row store alone.
fn check_all(directory: &Path, said: &Said, round: usize) {
    let state = read(directory).unwrap().state;
    said.check(&state, &format!("reader {round}"));
    let bare = copy(directory);
    if std::fs::remove_file(bare.path().join("snapshot")).is_ok()
        && let Ok(published) = read(bare.path())
    {
        assert_eq!(published.state, state, "row store {round}");
    }
    if round.is_multiple_of(5) {
        let store = open(directory);
        assert!(store.warnings().is_empty(), "{:?}", store.warnings());
        assert_eq!(store.state(), state, "writer {round}");
    }
}
