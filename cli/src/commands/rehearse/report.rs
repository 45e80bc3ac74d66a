//! What a rehearsal found: order and times, what became known, what failed, what a second plan would change.

use super::phase::Phase;
use crate::render::diagnostics;
use crate::render::progress::duration;
use crate::render::value::Writer;
use formwork_engine::rehearsal::{LeftOut, ReadElsewhere};
use formwork_lang::source::FileTable;
use formwork_model::value::{Masking, to_json};
use formwork_model::{Diagnostic, ValueBuf};
use formwork_sandbox::failure::Standing;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The whole report.
pub(super) struct Report {
    environment: String,
    /// Whether clouds and vaults may have been asked.
    asks: bool,
    pub(super) restored: usize,
    pub(super) left_out: Vec<LeftOut>,
    could_restore: bool,
    pub(super) phases: Vec<Phase>,
    /// As they would be; empty where the change did not go through.
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

    /// The recorded objects could not be made: what would become of the change cannot be told. No source says what is wrong
    /// there.
    pub(super) fn cannot_restore(&mut self, mut diagnostics: Vec<Diagnostic>) {
        self.could_restore = false;
        for diagnostic in &mut diagnostics {
            diagnostic.primary = None;
            diagnostic.labels.clear();
        }
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
        self.phases.iter().any(|phase| !phase.is_empty())
    }

    /// Whether there was a plan at all.
    fn is_planned(&self) -> bool {
        !self.phases.is_empty()
    }

    fn takes_s(&self) -> u64 {
        self.phases.iter().map(|phase| phase.takes_s).sum()
    }

    pub(super) fn json(&self, files: &FileTable) -> Json {
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
            "takes_s": self.went_through.then(|| self.takes_s()),
            "phases": self.phases.iter().map(Phase::json).collect::<Vec<_>>(),
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
            let _ = writeln!(text, "\n{}", self.totals());
        }
        if self.has_changes() && self.went_through {
            let _ = writeln!(text, "It would take about {} in the real cloud.", duration(self.takes_s() * 1000));
        } else if !self.has_changes() && self.is_planned() {
            text.push_str("There is nothing to change.\n");
        }
        self.known(&mut text);
        self.failures(&mut text);
        self.conclusion(&mut text);
        text
    }

    fn phase(&self, text: &mut String, number: usize, phase: &Phase) {
        if phase.is_empty() {
            return;
        }
        if self.phases.len() > 1 {
            let _ = writeln!(text, "\nPhase {number}:");
        } else {
            text.push('\n');
        }
        text.push_str(&phase.text());
    }

    /// How many objects change in which way, and what of it was not done.
    fn totals(&self) -> String {
        let mut totals = BTreeMap::new();
        for phase in &self.phases {
            phase.count(&mut totals);
        }
        let counted = |words: &[(&str, &str)]| -> Vec<String> {
            let counts = words.iter().filter_map(|(word, said)| Some(format!("{} {said}", totals.get(word)?)));
            counts.collect()
        };
        let changes =
            [("create", "to create"), ("update", "to change"), ("replace", "to replace"), ("delete", "to delete")];
        let (changes, rest) = (counted(&changes), counted(&[("failed", "failed"), ("skipped", "skipped")]));
        let rest = if rest.is_empty() { String::new() } else { format!(" Of the steps {}.", rest.join(", ")) };
        format!("Objects: {}.{rest}", changes.join(", "))
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
