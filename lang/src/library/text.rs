//! Values as text and back, as interpolation, `to_string` and `to_duration` do it.

use ecow::{EcoString, eco_format};
use formwork_model::Value;

const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The text of what can be interpolated: texts, numbers, bools, durations; none for anything else. A secret is written
/// in the clear: the caller marks the result.
#[must_use]
pub fn scalar(value: &Value) -> Option<EcoString> {
    match value.exposed() {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(if *truth { "true".into() } else { "false".into() }),
        Value::Int(number) => Some(eco_format!("{number}")),
        Value::Float(number) => Some(format_float(*number)),
        Value::Duration(milliseconds) => Some(format_duration(*milliseconds)),
        _ => None,
    }
}

/// A float as text: the shortest that reads back the same, without a fraction where it has none.
#[must_use]
pub fn format_float(number: f64) -> EcoString {
    let magnitude = number.abs();
    if number == 0.0 {
        "0".into()
    } else if (1e-6..1e21).contains(&magnitude) {
        eco_format!("{number}")
    } else {
        eco_format!("{number:e}")
    }
}

/// A duration as it is written: `1h30m`, `500ms`, `0s`, `-2d`.
#[must_use]
pub fn format_duration(milliseconds: i64) -> EcoString {
    if milliseconds == 0 {
        return "0s".into();
    }
    let mut text = EcoString::from(if milliseconds < 0 { "-" } else { "" });
    let mut rest = milliseconds.unsigned_abs();
    for (unit, size) in UNITS {
        let count = rest / size.unsigned_abs();
        if count > 0 {
            text.push_str(&eco_format!("{count}{unit}"));
        }
        rest %= size.unsigned_abs();
    }
    text
}

/// Reads a duration: numbers with `d`, `h`, `m`, `s`, `ms`, largest unit first, each once; `-` in front. None for
/// anything else, and for what does not fit 64 bits of milliseconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut total: i64 = 0;
    let mut last_size = i64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let unit_end = behind.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(unit_end)?;
        let (_, size) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        if size >= last_size {
            return None;
        }
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(size)?)?;
        last_size = size;
        rest = behind;
    }
    Some(sign * total)
}
