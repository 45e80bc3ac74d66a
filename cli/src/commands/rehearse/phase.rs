//! One phase of a rehearsed change: what is done when, and what became of it.

use super::pace::Pace;
use formwork_engine::event::{ChangeKind, Event};
use formwork_engine::plan::{Action, Operation, Plan};
use formwork_engine::ports::EventSink;
use formwork_engine::rehearsal::timeline;
use formwork_model::value::{Masking, to_json};
use formwork_model::{Address, ValueRef, View};
use formwork_state::record::State;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// One phase of the change.
pub(super) struct Phase {
    steps: Vec<Step>,
    pub(super) takes_s: u64,
}

/// One change.
struct Step {
    address: Address,
    type_name: String,
    change: &'static str,
    /// Whether it is one half of a replacement.
    replaces: bool,
    begins_s: u64,
    ends_s: u64,
    outcome: &'static str,
    took_ms: u64,
    /// Attributes that nobody knew before, with their values.
    known: BTreeMap<String, Json>,
    unknown: Vec<String>,
}

/// What happened to changes, by address and kind.
pub(super) struct Recorder {
    ends: Mutex<Ends>,
    pace: Pace,
}

/// Outcome and duration of each change.
type Ends = BTreeMap<(Address, &'static str), (&'static str, u64)>;

impl Recorder {
    /// Of nothing yet; how far it is, it tells by this.
    pub(super) fn new(pace: Pace) -> Self {
        Self { ends: Mutex::default(), pace }
    }
}

impl EventSink for Recorder {
    fn emit(&self, event: Event) {
        self.pace.emit(&event);
        let (address, change, outcome, took_ms) = match event {
            Event::OperationFinished { address, change, elapsed_ms, .. } => (address, change, "done", elapsed_ms),
            Event::OperationFailed { address, change, elapsed_ms, .. } => (address, change, "failed", elapsed_ms),
            Event::OperationSkipped { address, change, .. } => (address, change, "skipped", 0),
            _ => return,
        };
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.insert((address, word(change)), (outcome, took_ms));
    }
}

const fn word(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Create => "create",
        ChangeKind::Update => "update",
        ChangeKind::Delete => "delete",
        ChangeKind::Read => "read",
        ChangeKind::Open => "open",
        ChangeKind::State => "state",
    }
}

const fn action(action: Action) -> Option<&'static str> {
    match action {
        Action::Create => Some("create"),
        Action::Update => Some("update"),
        Action::Delete => Some("delete"),
        Action::NoOp | Action::Read | Action::Open | Action::Forget => None,
    }
}

impl Phase {
    /// The phase as it is planned.
    pub(super) fn new(plan: &Plan, parallelism: usize) -> Self {
        let steps = timeline(plan, parallelism).into_iter().filter_map(|step| {
            let operation = plan.operation(step.operation)?;
            Some(Step {
                address: operation.address.clone(),
                type_name: operation.type_name.to_string(),
                change: action(operation.action)?,
                replaces: operation.counterpart.is_some(),
                begins_s: step.begins_s,
                ends_s: step.ends_s,
                outcome: "skipped",
                took_ms: 0,
                known: BTreeMap::new(),
                unknown: unknown(plan, operation),
            })
        });
        let steps: Vec<Step> = steps.collect();
        let takes_s = steps.iter().map(|step| step.ends_s).max().unwrap_or(0);
        Self { steps, takes_s }
    }

    /// How many changes it has.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What became of it.
    pub(super) fn ended(&mut self, events: &Recorder, state: &State) {
        let ends = events.ends.lock().unwrap_or_else(PoisonError::into_inner);
        for step in &mut self.steps {
            if let Some((outcome, took_ms)) = ends.get(&(step.address.clone(), step.change)) {
                (step.outcome, step.took_ms) = (outcome, *took_ms);
            }
            let is_there = step.outcome == "done" && step.change != "delete";
            let Some(row) = state.current(&step.address).filter(|_| is_there) else { continue };
            for name in &step.unknown {
                if let Some(value) = row.values.view().get(name) {
                    step.known.insert(name.clone(), to_json(value, Masking::Masked));
                }
            }
        }
    }

    pub(super) fn json(&self) -> Json {
        let steps = self.steps.iter().map(|step| {
            json!({
                "address": step.address.to_string(), "type": step.type_name, "change": step.change,
                "replaces": step.replaces, "begins_s": step.begins_s, "ends_s": step.ends_s, "outcome": step.outcome,
                "took_ms": step.took_ms, "known": step.known,
            })
        });
        json!({ "takes_s": self.takes_s, "steps": steps.collect::<Vec<_>>() })
    }

    /// A line for each object that changes, by when it begins to: a replacement's delete and create are one.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut told: BTreeSet<&Address> = BTreeSet::new();
        let mut halves: BTreeMap<&Address, Vec<&Step>> = BTreeMap::new();
        for step in self.steps.iter().filter(|step| step.replaces) {
            halves.entry(&step.address).or_default().push(step);
        }
        for step in &self.steps {
            // The create of a replacement's delete, and the other way round.
            let of_address = halves.get(&step.address).filter(|_| step.replaces);
            let other = of_address.and_then(|halves| halves.iter().copied().find(|half| half.change != step.change));
            if other.is_some() && !told.insert(&step.address) {
                continue;
            }
            let change = if other.is_some() { "replace" } else { step.change };
            let begins = other.map_or(step.begins_s, |other| other.begins_s.min(step.begins_s));
            let ends = other.map_or(step.ends_s, |other| other.ends_s.max(step.ends_s));
            let time = format!("{} – {}", at(begins), at(ends));
            let (address, type_name) = (&step.address, &step.type_name);
            // Writing to a text cannot fail.
            let _ = writeln!(text, "  {time:>13}  {change:<7}  {address} ({type_name}){}", outcome(step, other));
            for (name, value) in step.known.iter().chain(other.into_iter().flat_map(|other| &other.known)) {
                let _ = writeln!(text, "  {:>24}{name} = {}", "", shortened(&value.to_string()));
            }
        }
        text
    }

    /// Adds its changes to these counts: of objects by what is done with them, and of steps that were not done.
    pub(super) fn count(&self, totals: &mut BTreeMap<&'static str, usize>) {
        for step in &self.steps {
            let change = match (step.replaces, step.change) {
                (true, "delete") => None,
                (true, _) => Some("replace"),
                (false, change) => Some(change),
            };
            for counted in change.into_iter().chain(Some(step.outcome).filter(|outcome| *outcome != "done")) {
                *totals.entry(counted).or_default() += 1;
            }
        }
    }
}

/// What did not become of a change; of a replacement, of which half.
fn outcome(step: &Step, other: Option<&Step>) -> String {
    match other.filter(|other| other.outcome != step.outcome) {
        None if step.outcome == "done" => String::new(),
        None => format!("  {}", step.outcome.to_uppercase()),
        Some(other) => {
            let of = |step: &Step| format!("{} {}", step.change, step.outcome.to_uppercase());
            format!("  {}, {}", of(step), of(other)).replace(" DONE", " done")
        }
    }
}

fn at(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Attributes of a change that only the cloud can tell: those that refer to what another object is told say nothing new.
fn unknown(plan: &Plan, operation: &Operation) -> Vec<String> {
    let config = operation.config.map(|config| plan.values.get(config));
    let is_said = |name: &str| config.and_then(|config| config.get(name)).is_some_and(|value| !value.is_null());
    let planned = operation.planned.map(|planned| plan.values.get(planned));
    let entries = planned.map(ValueRef::view).into_iter().flat_map(|view| match view {
        View::Map(entries) => Some(entries).into_iter().flatten(),
        _ => None.into_iter().flatten(),
    });
    let told = entries.filter(|(name, value)| !value.is_known() && !is_said(name));
    told.map(|(name, _)| name.to_owned()).collect()
}

/// The beginning of what is too long for a line.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What a plan would change, in words.
pub(super) fn changes(plan: &Plan) -> Vec<String> {
    let acts = plan.operations.iter().filter_map(|operation| Some((action(operation.action)?, &operation.address)));
    let mut changes: Vec<String> = acts.map(|(word, address)| format!("{word} {address}")).collect();
    changes.extend(plan.deferred.iter().map(|deferral| format!("wait for {}", deferral.address)));
    changes
}
