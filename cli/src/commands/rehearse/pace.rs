//! How far a rehearsal is, for people who wait: a line once in a while.

use crate::logging;
use crate::output;
use crate::render::progress::duration;
use formwork_engine::event::Event;
use formwork_model::Address;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A line is told this often.
const PAUSE: Duration = Duration::from_secs(10);

/// Counts what is done.
pub(super) struct Pace {
    /// How many changes there are; none where nobody wants to hear.
    of: Option<usize>,
    standing: Mutex<Standing>,
}

struct Standing {
    told: Instant,
    ended: usize,
    /// What is being done, since when, and what was said of it last.
    running: BTreeMap<Address, (Instant, String)>,
}

impl Pace {
    /// Of so many changes.
    pub(super) fn new(of: Option<usize>) -> Self {
        Self { of, standing: Mutex::new(Standing { told: Instant::now(), ended: 0, running: BTreeMap::new() }) }
    }

    /// Takes note, and tells how far it is where the last word was some time ago.
    pub(super) fn emit(&self, event: &Event) {
        let Some(of) = self.of else { return };
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.note(event);
        if standing.told.elapsed() >= PAUSE {
            standing.told = Instant::now();
            let line = standing.line(of);
            drop(standing);
            output::tell(&logging::secrets().scrub(&line));
        }
    }
}

impl Standing {
    fn note(&mut self, event: &Event) {
        match event {
            Event::OperationStarted { address, .. } => {
                self.running.insert(address.clone(), (Instant::now(), String::new()));
            }
            Event::OperationProgress { address, message } => {
                if let Some((_, said)) = self.running.get_mut(address) {
                    said.clone_from(message);
                }
            }
            Event::OperationFinished { address, .. } | Event::OperationFailed { address, .. } => {
                self.running.remove(address);
                self.ended += 1;
            }
            Event::OperationSkipped { .. } => self.ended += 1,
            _ => {}
        }
    }

    /// How many are done, and what takes the longest of those that are not.
    fn line(&self, of: usize) -> String {
        let longest = self.running.iter().min_by_key(|(_, (since, _))| *since);
        let waits = longest.map_or_else(String::new, |(address, (since, said))| {
            let elapsed = duration(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            format!("; {address} takes {elapsed} now{said}")
        });
        format!("  … {} of {of} done{waits}\n", self.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formwork_engine::event::ChangeKind;

    #[test]
    fn it_says_how_many_are_done_and_what_it_waits_for() {
        let mut standing = Standing { told: Instant::now(), ended: 0, running: BTreeMap::new() };
        for name in ["a", "b"] {
            let (address, type_name) = (Address::resource(name), formwork_model::TypeName::new("mock", "thing"));
            standing.note(&Event::OperationStarted { address, type_name, change: ChangeKind::Create, expected_s: 1 });
        }
        let (address, change) = (Address::resource("a"), ChangeKind::Create);
        standing.note(&Event::OperationFinished { address, change, elapsed_ms: 1, id: String::new() });
        let address = Address::resource("b");
        standing.note(&Event::OperationProgress { address, message: "waits for its namespace".into() });
        let line = standing.line(2);
        assert!(line.starts_with("  … 1 of 2 done; b takes "), "{line}");
        assert!(line.ends_with("now: waits for its namespace\n"), "{line}");
        standing.running.clear();
        assert_eq!(standing.line(2), "  … 1 of 2 done\n");
    }
}
