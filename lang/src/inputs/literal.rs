//! Values written in a shell: literals of the language.

use crate::syntax;
use crate::tree::{Entry, Expression, ExpressionKind, Key};
use ecow::EcoString;
use formwork_model::{FileId, Map, UnaryOperator, Value};

/// The value of a text that holds an expression of literals.
pub(super) fn value(text: &str) -> Result<Value, String> {
    // No file of the stack: its places are not reported.
    let parsed = syntax::parse_expression(FileId(u32::MAX), text);
    let expression = parsed.map_err(|mistakes| {
        mistakes.into_iter().next().map_or_else(|| "this is no expression".into(), |mistake| mistake.message)
    })?;
    literal(&expression)
}

fn literal(expression: &Expression) -> Result<Value, String> {
    Ok(match &expression.kind {
        ExpressionKind::Null => Value::Null,
        ExpressionKind::Bool(truth) => Value::Bool(*truth),
        ExpressionKind::Int(number) => Value::Int(*number),
        ExpressionKind::Float(number) => Value::Float(*number),
        ExpressionKind::Duration(milliseconds) => Value::Duration(*milliseconds),
        ExpressionKind::String(text) => Value::String(text.clone()),
        ExpressionKind::Parenthesised(inner) => literal(inner)?,
        ExpressionKind::Unary { operator: UnaryOperator::Negate, operand } => {
            let operand = literal(operand)?;
            let result = crate::residual::unary(UnaryOperator::Negate, &operand);
            result.ok().flatten().ok_or("`-` stands before numbers and durations")?
        }
        ExpressionKind::List(items) => {
            let values = items.iter().map(|item| if item.spread { Err(not_literal()) } else { literal(&item.value) });
            Value::List(values.collect::<Result<_, _>>()?)
        }
        ExpressionKind::Record(entries) => Value::Map(record(entries)?),
        ExpressionKind::Name(name) => return Err(format!("`{name}` is a name; quote texts: `\"{name}\"`")),
        _ => return Err(not_literal()),
    })
}

fn record(entries: &[Entry]) -> Result<Map, String> {
    let pairs = entries.iter().map(|entry| match entry {
        Entry::Field { key: Key::Literal(word), value } => Ok((word.text.clone(), literal(value)?)),
        Entry::Field { .. } | Entry::Short(_) | Entry::Spread { .. } => Err(not_literal()),
    });
    pairs.collect::<Result<Vec<(EcoString, Value)>, String>>().map(|pairs| pairs.into_iter().collect())
}

fn not_literal() -> String {
    "values given in a shell are literals: numbers, texts, lists, records".into()
}
