//! Limits that keep evaluation total in practice: of depth, of size and of steps.

use crate::residual::{Fault, FaultKind};
use formwork_model::{Residual, Value};

/// Nested calls and expressions.
pub(super) const MAXIMUM_NESTING: u32 = 400;
/// Steps of the whole evaluation.
pub(super) const MAXIMUM_STEPS: u64 = 50_000_000;
/// Parts of one value.
const MAXIMUM_PARTS: usize = 4 << 20;
/// Levels of the canonical bytes; more are refused when they are read back.
const MAXIMUM_DEPTH: u32 = 240;
/// Levels that one operation of a residual takes in the canonical bytes.
const RESIDUAL_LEVELS: u32 = 3;

/// Refuses values that are too deep or too large.
pub(super) fn check(value: &Value) -> Result<(), Fault> {
    let mut parts = 0;
    measure(value, 0, &mut parts)
}

fn measure(value: &Value, depth: u32, parts: &mut usize) -> Result<(), Fault> {
    *parts += 1;
    if depth > MAXIMUM_DEPTH {
        return Err(FaultKind::TooLarge { what: "it is nested too deeply" }.into());
    }
    if *parts > MAXIMUM_PARTS {
        return Err(FaultKind::TooLarge { what: "it has more than four million parts" }.into());
    }
    match value {
        Value::List(items) | Value::Set(items) => items.iter().try_for_each(|item| measure(item, depth + 1, parts)),
        Value::Map(map) => map.values().try_for_each(|value| measure(value, depth + 1, parts)),
        Value::Secret(inner) => measure(inner, depth + 1, parts),
        Value::Unknown(residual) => measure_residual(residual, depth + RESIDUAL_LEVELS, parts),
        _ => Ok(()),
    }
}

fn measure_residual(residual: &Residual, depth: u32, parts: &mut usize) -> Result<(), Fault> {
    match residual {
        Residual::Apply { arguments, .. } => arguments.iter().try_for_each(|argument| measure(argument, depth, parts)),
        Residual::For(inner) => std::iter::once(&inner.source)
            .chain(&inner.condition)
            .chain(&inner.key)
            .chain(std::iter::once(&inner.body))
            .try_for_each(|part| measure(part, depth, parts)),
        Residual::Attribute { .. } | Residual::Input(_) | Residual::Variable(_) | Residual::Failure { .. } => Ok(()),
    }
}
