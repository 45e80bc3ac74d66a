//! What a snapshot and the journal add up to: the state, the runs of the past, and which rows changed since when.

use crate::problem::Problem;
use crate::record::{Finished, Record, RowKey, Run, State};
use crate::replay::Touched;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many past runs are kept.
const KEPT_RUNS: usize = 500;

/// The state with its history.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ledger {
    pub(super) state: Arc<State>,
    /// Runs that are over, oldest first. One without an end was killed.
    pub(super) runs: Vec<Run>,
    /// When the last record was written, in Unix milliseconds.
    pub(super) as_of_ms: i64,
}

impl Ledger {
    /// Takes in the next record. On an error nothing has changed.
    pub(super) fn apply(
        &mut self,
        serial: u64,
        at_ms: i64,
        record: Record,
        changes: &mut Changes,
    ) -> Result<(), Problem> {
        let over = self.run_that_ends(&record);
        let touched = Arc::make_mut(&mut self.state).apply(serial, record)?;
        self.as_of_ms = at_ms;
        changes.note(touched);
        if let Some(run) = over {
            self.runs.push(run);
            let surplus = self.runs.len().saturating_sub(KEPT_RUNS);
            self.runs.drain(..surplus);
        }
        Ok(())
    }

    fn run_that_ends(&self, record: &Record) -> Option<Run> {
        let running = self.state.running.as_ref()?;
        match record {
            Record::RunStarted(_) => Some(running.clone()),
            Record::RunFinished { run, at_ms, outcome, summary } if *run == running.id => {
                let finished = Finished { at_ms: *at_ms, outcome: *outcome, summary: summary.clone() };
                Some(Run { finished: Some(finished), ..running.clone() })
            }
            _ => None,
        }
    }

    /// Runs, newest first, with the one that is running.
    pub(super) fn history(&self) -> Vec<Run> {
        self.state.running.iter().chain(self.runs.iter().rev()).cloned().collect()
    }
}

/// What changed since the last checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Rows, unless `many`.
    pub(super) rows: BTreeSet<RowKey>,
    /// Any row may have changed.
    pub(super) many: bool,
}

impl Changes {
    fn note(&mut self, touched: Touched) {
        match touched {
            Touched::Nothing => {}
            Touched::Row(key) => drop(self.rows.insert(key)),
            Touched::Pair(older, newer) => self.rows.extend([older, newer]),
            Touched::Many => self.many = true,
        }
    }
}
