//! Conditions: `where` and `assert`.

use super::Evaluator;
use crate::graph::Check;
use crate::program::Condition;
use crate::residual::{Fault, condition_fault, expected, wait};
use formwork_model::{BinaryOperator, Operation, Span, UnaryOperator, Value};

/// What is known of a condition.
pub(super) enum Verdict {
    Holds,
    Fails(Fault),
    /// Condition, message, and where the condition stands.
    Waits((Value, Value, Span)),
}

impl<'p> Evaluator<'p> {
    /// Looks at a condition in a frame of its own.
    pub(super) fn verdict(
        &mut self,
        condition: &'p Condition,
        locals: impl IntoIterator<Item = Value>,
    ) -> Result<Verdict, Fault> {
        self.with_frame(condition.locals, locals, |this| {
            let holds = this.expression(&condition.condition)?;
            match holds.exposed() {
                Value::Bool(true) => Ok(Verdict::Holds),
                Value::Bool(false) => Ok(Verdict::Fails(condition_fault(&this.message(condition)))),
                Value::Unknown(_) => {
                    let message = this.message(condition);
                    Ok(Verdict::Waits((holds, message, condition.span)))
                }
                other => Err(expected("bool", other).at(condition.condition.span)),
            }
        })
    }

    /// The message of a condition, or the condition itself as it was written.
    fn message(&mut self, condition: &'p Condition) -> Value {
        let written = match &condition.message {
            Some(message) => self.expression(message).ok(),
            None => None,
        };
        written.unwrap_or_else(|| {
            let text = self.program.files.text(condition.condition.span);
            let one_line: Vec<&str> = text.split_whitespace().collect();
            Value::string(format!("`{}` does not hold", one_line.join(" ")))
        })
    }

    /// Keeps a condition that cannot be decided yet: apart, so that what is known of the value stays known; or, where
    /// the value is one of many that are not known yet, with the value.
    pub(super) fn guard(&mut self, value: Value, check: (Value, Value, Span), place: Span) -> Value {
        let (condition, message, span) = check;
        if self.symbolic > 0 {
            return wait(Operation::Where, [value, condition, message], Some(place));
        }
        let condition = self.under_assumptions(condition, span);
        let subject = self.subject(span);
        self.checks.push(Check { subject, condition, message, span });
        value
    }

    /// In a branch that may not be taken, a condition counts only if it is.
    fn under_assumptions(&self, condition: Value, span: Span) -> Value {
        self.assumptions.iter().rev().fold(condition, |condition, assumption| {
            wait(Operation::If, [assumption.clone(), condition, Value::Bool(true)], Some(span))
        })
    }

    /// Evaluates in a branch that is taken if `assumption`; what fails there is kept until it is taken.
    pub(super) fn assuming(
        &mut self,
        assumption: Value,
        work: impl FnOnce(&mut Self) -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        self.assumptions.push(assumption);
        let result = work(self);
        self.assumptions.pop();
        match result {
            Err(fault) if !fault.is_reported() => Ok(crate::residual::failure(&fault)),
            other => other,
        }
    }
}

/// The opposite of an unknown condition.
pub(super) fn not(condition: &Value) -> Value {
    wait(Operation::Unary(UnaryOperator::Not), [condition.clone()], None)
}

/// Whether an unknown value is null.
pub(super) fn is_null(value: &Value) -> Value {
    wait(Operation::Binary(BinaryOperator::Equal), [value.clone(), Value::Null], None)
}
