//! A plan for people: grouped, aligned, with what forces a replacement, and a line that sums it up.

mod attributes;
mod document;
mod markdown;
mod summary;

pub(crate) use markdown::markdown;
pub(crate) use summary::summary;

use super::paint::{Meaning, Paint};
use super::value::Writer;
use attributes::Attributes;
use formwork_engine::plan::{Action, Imported, Operation, Plan, Reason, Resolution, StateChange};
use formwork_engine::ports::Providers;
use formwork_model::schema::ResourceSchema;
use formwork_model::{ObjectKind, TypeName, ValueBuf, ValueRef};

/// How much of a long new value is shown. A custom resource definition has thousands of lines, and nobody reads a plan of
/// fifty of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Its first lines stand for it.
    Folded,
    /// All of it.
    Full,
}

/// Writes a plan.
pub(crate) struct PlanText<'a> {
    plan: &'a Plan,
    providers: &'a dyn Providers,
    paint: Paint,
    detail: Detail,
    out: String,
}

/// The plan as text, without its summary.
pub(crate) fn text(plan: &Plan, providers: &dyn Providers, paint: Paint, detail: Detail) -> String {
    let mut text = PlanText { plan, providers, paint, detail, out: String::new() };
    text.recoveries();
    text.drift();
    text.state_changes();
    for operation in &plan.operations {
        text.operation(operation);
    }
    text.outputs();
    text.deferred();
    text.out
}

impl PlanText<'_> {
    fn heading(&mut self, heading: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.paint.push(&mut self.out, Meaning::Strong, heading);
        self.out.push_str("\n\n");
    }

    fn recoveries(&mut self) {
        if self.plan.recoveries.is_empty() {
            return;
        }
        self.heading("An earlier run was interrupted. Before anything else:");
        for recovery in &self.plan.recoveries {
            let words = match recovery.resolution {
                Resolution::Adopt => "was done; it will be recorded",
                Resolution::Repeat => "did not finish; what is left of it is planned",
                Resolution::Resume => "is still going on; it will be waited for",
                Resolution::Uncertain => "cannot be told; see `formwork state resolve`",
            };
            self.paint.push(&mut self.out, Meaning::Moved, "  ↺ ");
            self.out.push_str(&format!("{}: {words}\n", recovery.address));
        }
    }

    fn drift(&mut self) {
        if self.plan.drift.is_empty() {
            return;
        }
        self.heading("Changed outside of Formwork since the last apply:");
        for drift in &self.plan.drift {
            let (mark, meaning, words) = match (drift.observed, drift.contradicts) {
                (None, _) => ("  - ", Meaning::Removed, "is gone"),
                (Some(_), true) => ("  ~ ", Meaning::Changed, "was changed"),
                (Some(_), false) => ("  ~ ", Meaning::Changed, "was changed where the stack leaves it to the cloud"),
            };
            self.paint.push(&mut self.out, meaning, mark);
            self.out.push_str(&format!("{} ({}) {words}\n", drift.address, drift.type_name));
            if let Some(observed) = drift.observed {
                let schema = self.schema(&drift.type_name, drift.address.kind);
                let writer = Writer { own: Some(&drift.address) };
                let mut attributes = Attributes::new(writer, self.paint, schema, &[]);
                attributes.changed(self.plan.values.get(drift.recorded), self.plan.values.get(observed));
                attributes.write(&mut self.out, 6);
            }
        }
    }

    fn state_changes(&mut self) {
        let plan = self.plan;
        let shown = |change: &&StateChange| !matches!(change, StateChange::Put(_));
        if !plan.state_changes.iter().any(|change| shown(&change)) && plan.imported.is_empty() {
            return;
        }
        self.heading("Only in the state:");
        for Imported { address, .. } in &plan.imported {
            self.paint.push(&mut self.out, Meaning::Moved, "  ← ");
            self.out.push_str(&format!("{address} is imported\n"));
        }
        for change in plan.state_changes.iter().filter(shown) {
            let line = match change {
                StateChange::Move(from, to) => format!("{} → {}", from.key.address, to.address),
                StateChange::Remove(row, removal) => format!("{} is forgotten: {}", row.key.address, removal.words()),
                StateChange::Put(_) => continue,
            };
            self.paint.push(&mut self.out, Meaning::Moved, "  → ");
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }

    fn operation(&mut self, operation: &Operation) {
        let replacement = operation.counterpart.and_then(|index| self.plan.operation(index));
        let (mark, meaning, words) = match (operation.action, replacement) {
            (Action::NoOp | Action::Open, _) => return,
            // Shown together with its create.
            (Action::Delete, Some(_)) => return,
            (Action::Create, Some(old)) if self.comes_before(operation, old) => {
                ("+/-", Meaning::Changed, "will be replaced, the new one first")
            }
            (Action::Create, Some(_)) => ("-/+", Meaning::Changed, "will be replaced"),
            (Action::Create, None) => ("+", Meaning::Added, "will be created"),
            (Action::Update, _) => ("~", Meaning::Changed, "will be changed"),
            (Action::Delete, None) => ("-", Meaning::Removed, "will be deleted"),
            (Action::Read, _) => ("<=", Meaning::Moved, "will be read"),
            (Action::Forget, _) => ("×", Meaning::Moved, "will be forgotten, and stays"),
        };
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str("  ");
        self.paint.push(&mut self.out, meaning, mark);
        self.out.push(' ');
        self.paint.push(&mut self.out, Meaning::Strong, &operation.address.to_string());
        self.paint.push(&mut self.out, Meaning::Dim, &format!(" ({})", operation.type_name));
        self.out.push_str(&format!(" {words}{}\n", reason(operation)));
        self.attributes(operation, replacement);
    }

    /// Whether the new object of a replacement is made before the old one is deleted.
    fn comes_before(&self, create: &Operation, delete: &Operation) -> bool {
        let index = delete.counterpart;
        !create
            .depends_on
            .iter()
            .any(|needed| self.plan.operation(*needed).is_some_and(|needed| std::ptr::eq(needed, delete)))
            && index.is_some()
    }

    fn attributes(&mut self, operation: &Operation, replaced: Option<&Operation>) {
        let schema = self.schema(&operation.type_name, operation.address.kind);
        let writer = Writer { own: Some(&operation.address) };
        let mut attributes = Attributes::new(writer, self.paint, schema, &operation.replace_paths);
        let value = |id: Option<formwork_model::ValueId>| id.map(|id| self.plan.values.get(id));
        let prior = value(operation.prior).or_else(|| value(replaced.and_then(|old| old.prior)));
        match (operation.action, prior, value(operation.planned)) {
            (Action::Delete | Action::Forget, Some(prior), _) => attributes.identity(prior),
            (Action::Read, _, _) => {
                attributes.added(value(operation.config).unwrap_or_else(ValueRef::null), self.detail);
            }
            (_, Some(prior), Some(planned)) => attributes.changed(prior, planned),
            (_, None, Some(planned)) => attributes.added(planned, self.detail),
            _ => {}
        }
        attributes.write(&mut self.out, 6);
    }

    fn schema(&self, type_name: &TypeName, kind: ObjectKind) -> Option<&'static ResourceSchema> {
        let provider = self.providers.provider(&type_name.provider)?;
        match kind {
            ObjectKind::Data => provider.schema().data_source(&type_name.name),
            ObjectKind::Ephemeral => provider.schema().ephemeral(&type_name.name),
            ObjectKind::Resource | ObjectKind::Provider => provider.schema().resource(&type_name.name),
        }
    }

    fn outputs(&mut self) {
        let plan = self.plan;
        let changed: Vec<_> = plan.outputs.iter().filter(|output| output.is_changed()).collect();
        if changed.is_empty() {
            return;
        }
        self.heading("Outputs:");
        let width = changed.iter().map(|output| output.name.len()).max().unwrap_or(0);
        let writer = Writer { own: None };
        for output in changed {
            let alone = |value: &formwork_model::Value| {
                let mut text = String::new();
                writer.push(&mut text, ValueBuf::from(value).view(), 4);
                text
            };
            let (mark, meaning, text) = match (&output.prior, &output.planned) {
                (None, Some(planned)) => ("+", Meaning::Added, alone(planned)),
                (Some(prior), Some(planned)) => {
                    let (prior, planned) = (ValueBuf::from(prior), ValueBuf::from(planned));
                    let by_items = document::changed_items(writer, prior.view(), planned.view(), self.paint);
                    let line = |value: &ValueBuf| writer.line(value.view());
                    let text = by_items.unwrap_or_else(|| format!("{} → {}", line(&prior), line(&planned)));
                    ("~", Meaning::Changed, text)
                }
                (Some(prior), None) => ("-", Meaning::Removed, alone(prior)),
                (None, None) => continue,
            };
            self.out.push_str("  ");
            self.paint.push(&mut self.out, meaning, mark);
            self.out.push_str(&format!(" {:width$} = {text}\n", output.name));
        }
    }

    fn deferred(&mut self) {
        let values = "Waits for values that only this apply will tell; planned in the next phase:";
        let resolved = "Waits until `formwork state resolve` says what became of an object:";
        for (heading, uncertain) in [(values, false), (resolved, true)] {
            let plan = self.plan;
            let deferred: Vec<_> = plan.deferred.iter().filter(|deferral| deferral.uncertain == uncertain).collect();
            if deferred.is_empty() {
                continue;
            }
            self.heading(heading);
            for deferral in deferred {
                self.paint.push(&mut self.out, Meaning::Moved, "  … ");
                self.out.push_str(&format!("{}: {}\n", deferral.address, deferral.reason));
            }
        }
    }
}

/// Why, behind a colon, where it is not just that the config says so.
fn reason(operation: &Operation) -> String {
    let paths = || {
        let paths: Vec<String> = operation.replace_paths.iter().map(|path| format!("`{path}`")).collect();
        paths.join(", ")
    };
    let words = match operation.reason {
        Reason::Config | Reason::Destroy => return String::new(),
        Reason::CannotUpdate if operation.replace_paths.is_empty() => "it cannot be changed in place".into(),
        Reason::CannotUpdate => format!("{} cannot be changed in place", paths()),
        Reason::Requested => "you asked for it".into(),
        Reason::ReplaceTriggered => "a value of `@replace_when` changed".into(),
        Reason::Tainted if operation.action == Action::Update => "its create did not finish; it is repaired".into(),
        Reason::Tainted => "its create did not finish and cannot be repaired".into(),
        Reason::Dirty => "an interrupted change is sent again".into(),
        Reason::Gone => "it is gone from the cloud".into(),
        Reason::BlockRemoved => "its block is gone".into(),
        Reason::KeyRemoved => "its key is gone".into(),
        Reason::Deposed => "it was replaced before".into(),
        Reason::ProviderReplaced => "what its provider connects to is replaced".into(),
        Reason::UnknownInputs => "its inputs are known at apply only".into(),
        Reason::DependencyChanges => "something that it depends on changes".into(),
        Reason::Retained => "its block, which had `@retain`, is gone".into(),
    };
    format!(": {words}")
}
