//! What a rehearsal found: order and times, what became known, what failed, what a second plan would change.

use crate::render::diagnostics;
use crate::render::progress::duration;
use crate::render::value::Writer;
use formwork_engine::event::{ChangeKind, Event};
use formwork_engine::plan::{Action, Operation, Plan};
use formwork_engine::ports::EventSink;
use formwork_engine::rehearsal::{LeftOut, ReadElsewhere, timeline};
use formwork_lang::source::FileTable;
use formwork_model::value::{Masking, to_json};
use formwork_model::{Address, Diagnostic, ValueBuf, ValueRef, View};
use formwork_sandbox::failure::Standing;
use formwork_state::record::{Role, State};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// The whole report.
pub(super) struct Report {
    environment: String,
    /// Whether clouds and vaults may have been asked.
    asks: bool,
    pub(super) restored: usize,
    pub(super) left_out: Vec<LeftOut>,
    could_restore: bool,
    pub(super) phases: Vec<Phase>,
    pub(super) outputs: ValueBuf,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What could not be rehearsed, or was in another way.
    pub(super) limits: Vec<String>,
    /// Data sources that were read where an apply reads them.
    pub(super) read: Vec<ReadElsewhere>,
    /// What went wrong because it was asked for, and how often.
    pub(super) failures: Vec<Standing>,
    /// Whether all of the change was made.
    pub(super) went_through: bool,
    /// What a second plan would change; none where there was no second plan.
    pub(super) left: Option<Vec<String>>,
}

/// One phase of the change.
pub(super) struct Phase {
    steps: Vec<Step>,
    takes_s: u64,
}

/// One change.
struct Step {
    address: Address,
    type_name: String,
    change: &'static str,
    begins_s: u64,
    ends_s: u64,
    outcome: &'static str,
    took_ms: u64,
    /// Attributes that nobody knew before, with their values.
    known: BTreeMap<String, Json>,
    unknown: Vec<String>,
}

/// What happened to changes, by address and kind.
#[derive(Default)]
pub(super) struct Recorder {
    ends: Mutex<Ends>,
}

/// Outcome and duration of each change.
type Ends = BTreeMap<(Address, &'static str), (&'static str, u64)>;

impl EventSink for Recorder {
    fn emit(&self, event: Event) {
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

    /// What became of it.
    pub(super) fn ended(&mut self, events: &Recorder, state: &State) {
        let ends = events.ends.lock().unwrap_or_else(PoisonError::into_inner);
        for step in &mut self.steps {
            if let Some((outcome, took_ms)) = ends.get(&(step.address.clone(), step.change)) {
                (step.outcome, step.took_ms) = (outcome, *took_ms);
            }
            let row = state.rows.values().find(|row| row.key.address == step.address && row.role == Role::Current);
            let Some(row) = row.filter(|_| step.outcome == "done" && step.change != "delete") else { continue };
            for name in &step.unknown {
                if let Some(value) = row.values.view().get(name) {
                    step.known.insert(name.clone(), to_json(value, Masking::Masked));
                }
            }
        }
    }
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

impl Report {
    /// A report of nothing yet; `asks` says whether clouds and vaults may be asked.
    pub(super) fn new(environment: &str, asks: bool) -> Self {
        Self {
            environment: environment.to_owned(),
            asks,
            restored: 0,
            left_out: Vec::new(),
            could_restore: true,
            phases: Vec::new(),
            outputs: ValueBuf::empty_map(),
            diagnostics: Vec::new(),
            limits: Vec::new(),
            read: Vec::new(),
            failures: Vec::new(),
            went_through: false,
            left: None,
        }
    }

    /// The recorded objects could not be made: what would become of the change cannot be told.
    pub(super) fn cannot_restore(&mut self, diagnostics: Vec<Diagnostic>) {
        self.could_restore = false;
        self.diagnostics.extend(diagnostics);
    }

    /// Whether everything went well, and nothing is left to do.
    pub(super) fn is_well(&self) -> bool {
        self.could_restore
            && !self.diagnostics.iter().any(Diagnostic::is_error)
            && self.left.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether there was something to change.
    pub(super) fn has_changes(&self) -> bool {
        self.phases.iter().any(|phase| !phase.steps.is_empty())
    }

    /// Whether there was a plan at all.
    fn is_planned(&self) -> bool {
        !self.phases.is_empty()
    }

    fn takes_s(&self) -> u64 {
        self.phases.iter().map(|phase| phase.takes_s).sum()
    }

    pub(super) fn json(&self, files: &FileTable) -> Json {
        let step = |step: &Step| {
            json!({
                "address": step.address.to_string(), "type": step.type_name, "change": step.change,
                "begins_s": step.begins_s, "ends_s": step.ends_s, "outcome": step.outcome, "took_ms": step.took_ms,
                "known": step.known,
            })
        };
        let phases = self.phases.iter().map(
            |phase| json!({ "takes_s": phase.takes_s, "steps": phase.steps.iter().map(step).collect::<Vec<_>>() }),
        );
        let left_out =
            self.left_out.iter().map(|one| json!({ "address": one.address.to_string(), "reason": one.reason }));
        let read = self.read.iter().map(|one| json!({ "type": one.type_name, "object": one.object }));
        let diagnostics = self.diagnostics.iter().map(|one| diagnostics::to_json(files, one));
        json!({
            "environment": self.environment,
            "well": self.is_well(),
            "restored": self.could_restore.then_some(self.restored),
            "left_out": left_out.collect::<Vec<_>>(),
            "limits": self.limits,
            "read": read.collect::<Vec<_>>(),
            "takes_s": self.takes_s(),
            "phases": phases.collect::<Vec<_>>(),
            "outputs": to_json(self.outputs.view(), Masking::Masked),
            "failures": self.failures,
            "second_plan": self.left,
            "diagnostics": diagnostics.collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self) -> String {
        let real = if self.asks { "changed" } else { "contacted" };
        let mut text =
            format!("Rehearsal of `{}` in a private sandbox; nothing real was {real}.\n\n", self.environment);
        for one in &self.left_out {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "Left out: {}, because {}.", one.address, one.reason);
        }
        for limit in &self.limits {
            let _ = writeln!(text, "{limit}.");
        }
        for one in &self.read {
            let _ = writeln!(text, "Not recorded, so read where an apply reads it: {} {}", one.type_name, one.object);
        }
        if !self.could_restore {
            text.push_str("The recorded objects could not be made there, so nothing can be said of the change:\n");
            return text;
        }
        let _ = writeln!(text, "{} recorded objects were made there, with placeholders for secrets.", self.restored);
        for (number, phase) in (1..).zip(&self.phases) {
            self.phase(&mut text, number, phase);
        }
        if self.has_changes() {
            let _ = writeln!(text, "\nIt would take about {} in the real cloud.", duration(self.takes_s() * 1000));
        } else if self.is_planned() {
            text.push_str("There is nothing to change.\n");
        }
        self.known(&mut text);
        self.failures(&mut text);
        self.conclusion(&mut text);
        text
    }

    fn phase(&self, text: &mut String, number: usize, phase: &Phase) {
        if phase.steps.is_empty() {
            return;
        }
        if self.phases.len() > 1 {
            let _ = writeln!(text, "\nPhase {number}:");
        } else {
            text.push('\n');
        }
        let at = |seconds: u64| format!("{}:{:02}", seconds / 60, seconds % 60);
        for step in &phase.steps {
            let time = format!("{} – {}", at(step.begins_s), at(step.ends_s));
            let outcome =
                if step.outcome == "done" { String::new() } else { format!("  {}", step.outcome.to_uppercase()) };
            let _ = writeln!(text, "  {time:>13}  {:<6}  {} ({}){outcome}", step.change, step.address, step.type_name);
            for (name, value) in &step.known {
                let _ = writeln!(text, "  {:>23}{name} = {}", "", shortened(&value.to_string()));
            }
        }
    }

    /// Values that only the cloud could tell: in the sandbox they are these.
    fn known(&self, text: &mut String) {
        if self.outputs.view().entries().len() > 0 {
            text.push_str("\nOutputs would be, with the sandbox's values:\n");
        }
        for (name, value) in self.outputs.view().entries() {
            let _ = writeln!(text, "  {name} = {}", Writer { own: None }.line(value));
        }
    }

    fn failures(&self, text: &mut String) {
        if !self.failures.is_empty() {
            text.push_str("\nWhat was to go wrong:\n");
        }
        for rule in &self.failures {
            let _ = writeln!(text, "  {rule}");
        }
    }

    fn conclusion(&self, text: &mut String) {
        match &self.left {
            Some(left) if left.is_empty() => text.push_str("\nA second plan is clean.\n"),
            Some(left) => {
                text.push_str("\nA second plan is not clean; it would\n");
                for change in left {
                    let _ = writeln!(text, "  {change}");
                }
            }
            None if self.went_through => text.push_str("\nThe change went through, but there is no second plan:\n"),
            None => text.push_str("\nThe change did not go through; there was no second plan.\n"),
        }
    }
}
