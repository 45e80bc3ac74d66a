//! Words that are values: names, numbers, durations. Texts are in `text`.

use super::error::SyntaxError;
use crate::tree::ExpressionKind;
use formwork_model::Span;

/// Words that cannot name a value.
pub(super) const RESERVED: [&str; 9] = ["if", "then", "else", "match", "for", "in", "true", "false", "null"];

pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

pub(super) fn starts_like_a_number(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit())
}

/// What a word means as a value.
pub(super) fn word(text: &str, span: Span) -> Result<ExpressionKind, SyntaxError> {
    if starts_like_a_number(text) {
        return number(text, span);
    }
    Ok(match text {
        "null" => ExpressionKind::Null,
        "true" => ExpressionKind::Bool(true),
        "false" => ExpressionKind::Bool(false),
        _ if is_reserved(text) => return Err(SyntaxError::ReservedWord { span, word: text.into() }),
        _ => ExpressionKind::Name(text.into()),
    })
}

/// `10_000`, `1.5`, `2e6`, `1h30m`.
fn number(text: &str, span: Span) -> Result<ExpressionKind, SyntaxError> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return integer(text, span);
    }
    if let Some(result) = duration(text) {
        return result.map(ExpressionKind::Duration).map_err(|why| SyntaxError::BadDuration {
            span,
            text: text.into(),
            why,
        });
    }
    if is_float(text) {
        return float(text, span);
    }
    Err(SyntaxError::NumberWithLetters { span, text: text.into() })
}

fn integer(text: &str, span: Span) -> Result<ExpressionKind, SyntaxError> {
    let digits: String = text.chars().filter(|character| *character != '_').collect();
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(SyntaxError::LeadingZero { span, text: text.into() });
    }
    digits.parse().map(ExpressionKind::Int).map_err(|_| SyntaxError::NumberTooLarge { span })
}

fn is_float(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && !text.ends_with(['e', 'E', '_'])
}

fn float(text: &str, span: Span) -> Result<ExpressionKind, SyntaxError> {
    let digits: String = text.chars().filter(|character| *character != '_').collect();
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(ExpressionKind::Float(number)),
        _ => Err(SyntaxError::NumberTooLarge { span }),
    }
}

/// Units of durations from the largest to the smallest, in milliseconds.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// The milliseconds of `1h30m`; none when it does not look like a duration.
fn duration(text: &str) -> Option<Result<i64, &'static str>> {
    let mut rest = text;
    let mut total: Option<i64> = Some(0);
    let mut units = UNITS.iter();
    let mut in_order = true;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').len();
        let (amount, behind) = rest.split_at_checked(digits).filter(|(amount, _)| !amount.is_empty())?;
        let letters = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, behind) = behind.split_at_checked(letters)?;
        let milliseconds = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        in_order &= units.any(|(name, _)| *name == unit);
        let amount = amount.replace('_', "").parse::<i64>().ok();
        total = total.and_then(|sum| sum.checked_add(amount?.checked_mul(milliseconds)?));
        rest = behind;
    }
    Some(match (in_order, total) {
        (false, _) => Err("units go from large to small, each at most once"),
        (true, None) => Err("it is too long to count in milliseconds"),
        (true, Some(total)) => Ok(total),
    })
}
