//! The one line that sums a plan up.

use formwork_engine::plan::{Action, Plan, StateChange};

/// Numbers of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// New objects.
    pub(crate) create: usize,
    /// Changed in place.
    pub(crate) update: usize,
    /// Replaced.
    pub(crate) replace: usize,
    /// Deleted.
    pub(crate) delete: usize,
    /// Imported.
    pub(crate) import: usize,
    /// Forgotten or moved.
    pub(crate) state_only: usize,
    /// Blocks that wait for another phase.
    pub(crate) deferred: usize,
    /// Blocks that wait for a person.
    pub(crate) uncertain: usize,
}

impl Counts {
    /// Of a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let uncertain = plan.deferred.iter().filter(|deferral| deferral.uncertain).count();
        let mut counts = Self { deferred: plan.deferred.len() - uncertain, uncertain, ..Self::default() };
        let shown = plan.state_changes.iter().filter(|change| !matches!(change, StateChange::Put(_)));
        counts.state_only = shown.count();
        counts.import = plan.imported.len();
        for operation in &plan.operations {
            match (operation.action, operation.counterpart) {
                (Action::Create, Some(_)) => counts.replace += 1,
                (Action::Create, None) => counts.create += 1,
                (Action::Update, _) => counts.update += 1,
                (Action::Delete, None) => counts.delete += 1,
                (Action::Forget, _) => counts.state_only += 1,
                (Action::Delete, Some(_)) | (Action::NoOp | Action::Read | Action::Open, _) => {}
            }
        }
        counts
    }
}

/// "Plan: 3 to create, 1 to change."
pub(crate) fn summary(plan: &Plan) -> String {
    let counts = Counts::of(plan);
    let parts = [
        (counts.create, "to create"),
        (counts.update, "to change"),
        (counts.replace, "to replace"),
        (counts.delete, "to delete"),
        (counts.import, "to import"),
        (counts.state_only, "to change in the state only"),
        (counts.deferred, "waiting for the next phase"),
        (counts.uncertain, "waiting for `formwork state resolve`"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    let count = plan.drifted();
    if parts.is_empty() && count > 0 {
        let objects = if count == 1 { "1 object was".to_owned() } else { format!("{count} objects were") };
        return format!("Drift: {objects} changed outside of Formwork.");
    }
    if parts.is_empty() {
        return if plan.has_changes() {
            "Plan: only outputs change.".into()
        } else {
            "No changes: everything is as the stack says.".into()
        };
    }
    format!("Plan: {}.", parts.join(", "))
}
