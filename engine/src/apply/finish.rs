//! What is left when all operations have ended: asserts that waited, and the stack's outputs.

use super::{ApplyError, ApplyReport, Shared};
use formwork_lang::graph::Check;
use formwork_lang::residual;
use formwork_model::{Address, AttributePath, Diagnostic, Map, Value, ValueBuf};
use formwork_state::record::Record;

impl Shared {
    /// What residuals of configs ask for.
    pub(crate) fn lookup(&self, address: &Address, path: &AttributePath) -> Option<Value> {
        self.values.attribute(address, path)
    }

    /// A value with everything known put in.
    pub(crate) fn resolve(&self, value: &Value) -> Result<Value, Box<Diagnostic>> {
        let lookup = |address: &Address, path: &AttributePath| self.lookup(address, path);
        residual::resolve(value, &lookup, &|source| Some(self.inputs.resolve(source))).map_err(Box::new)
    }
}

/// Decides checks and records outputs. What waits for something that failed is left as it was.
pub(super) async fn finish(shared: &Shared, report: &mut ApplyReport) {
    for check in &shared.plan.checks {
        if let Some(diagnostic) = decide(shared, check) {
            report.diagnostics.push(diagnostic);
        }
    }
    let recorded = shared.journal.store().state().outputs.to_value();
    let before = recorded.as_map().cloned().unwrap_or_default();
    let outputs = outputs(shared, &before, report);
    if outputs != before {
        let record = Record::Outputs(ValueBuf::from(Value::Map(outputs)));
        if let Err(diagnostic) = shared.journal.append(record).await {
            report.diagnostics.push(diagnostic);
        }
    }
}

fn outputs(shared: &Shared, before: &Map, report: &mut ApplyReport) -> Map {
    let mut after = before.clone();
    for output in &shared.plan.outputs {
        let Some(planned) = &output.planned else {
            after.remove(&output.name);
            continue;
        };
        match shared.resolve(planned) {
            Ok(value) if value.is_known() => {
                after.insert(output.name.as_str(), value);
            }
            // It waits for what failed or was skipped, which was told.
            Ok(_) => {}
            Err(diagnostic) => report.diagnostics.push(*diagnostic),
        }
    }
    after
}

fn decide(shared: &Shared, check: &Check) -> Option<Diagnostic> {
    match shared.resolve(&check.condition) {
        Ok(Value::Bool(true)) => None,
        Ok(value) if matches!(value.exposed(), Value::Bool(false)) => {
            let message = shared.resolve(&check.message).ok();
            let message = message.as_ref().filter(|message| !message.holds_secret()).and_then(Value::as_str);
            let message = message.unwrap_or("an assert does not hold").to_owned();
            Some(ApplyError::CheckFailed { message, span: check.span }.diagnostic())
        }
        Ok(_) => None,
        Err(diagnostic) => Some(*diagnostic),
    }
}
