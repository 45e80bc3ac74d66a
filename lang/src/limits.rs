//! What a schema says of values beyond their types: ranges, lengths and patterns. Constants are held against them when a
//! stack is checked, all other values when it is evaluated.

use crate::residual::nearest;
use formwork_model::Value;
use formwork_model::schema::{Attribute, AttributeType, Limit};
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    static PATTERNS: RefCell<HashMap<&'static str, Option<regex::Regex>>> = RefCell::default();
}

/// A limit that a value breaks, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// What was found; nothing of a secret.
    pub(crate) found: String,
    /// What fits.
    pub(crate) limit: String,
}

/// What of a limit a value breaks; nothing where it fits, is unknown, or is of another kind.
pub(crate) fn broken(limit: &Limit, value: &Value) -> Option<Broken> {
    match (limit, value) {
        (_, Value::Secret(inner)) => {
            broken(limit, inner).map(|broken| Broken { found: "this secret value".to_owned(), ..broken })
        }
        (Limit::Range(low, high), Value::Int(number)) if !(low..=high).contains(&number) => {
            Some(Broken { found: number.to_string(), limit: range(*low, *high) })
        }
        #[allow(clippy::cast_precision_loss)]
        (Limit::Range(low, high), Value::Float(number)) if *number < *low as f64 || *number > *high as f64 => {
            Some(Broken { found: number.to_string(), limit: range(*low, *high) })
        }
        (Limit::Length(low, high), Value::String(text)) => length(text.chars().count(), *low, *high, "characters"),
        (Limit::Length(low, high), Value::List(items) | Value::Set(items)) => length(items.len(), *low, *high, "items"),
        (Limit::Length(low, high), Value::Map(map)) => length(map.len(), *low, *high, "entries"),
        (Limit::Pattern(pattern, words), Value::String(text)) => {
            (!matches(pattern, text)).then(|| Broken { found: format!("{text:?}"), limit: (*words).to_owned() })
        }
        (Limit::OneOf(members, pattern, words), Value::String(text)) => {
            let known = members.iter().any(|member| member.eq_ignore_ascii_case(text));
            (!known && !matches(pattern, text)).then(|| {
                let near = nearest(text, members.iter().copied());
                let limit = near.map_or_else(|| (*words).to_owned(), |near| format!("`{near}`, or else {words}"));
                Broken { found: format!("{text:?}"), limit }
            })
        }
        _ => None,
    }
}

/// Whether there are limits on the attribute or within it.
pub(crate) fn has_limits(attribute: &Attribute) -> bool {
    !attribute.limits.is_empty() || holds_limits(&attribute.ty)
}

fn holds_limits(ty: &AttributeType) -> bool {
    match ty {
        AttributeType::Object(fields) => fields.iter().any(has_limits),
        AttributeType::List(item) | AttributeType::Set(item) | AttributeType::Map(item) => holds_limits(item),
        _ => false,
    }
}

/// That a collection or a text has `count` parts where `low` to `high` fit.
pub(crate) fn length(count: usize, low: u32, high: u32, parts: &str) -> Option<Broken> {
    let fits = (low as usize..=high as usize).contains(&count);
    let limit = match (low, high) {
        (low, u32::MAX) => format!("at least {low} {parts}"),
        (low, high) => format!("{low} to {high} {parts}"),
    };
    (!fits).then(|| Broken { found: format!("{count} {parts}"), limit })
}

fn range(low: i64, high: i64) -> String {
    match (low, high) {
        (low, i64::MAX) => format!("numbers from {low}"),
        (i64::MIN, high) => format!("numbers up to {high}"),
        (low, high) => format!("numbers from {low} to {high}"),
    }
}

/// Whether a text matches; a pattern that is none refuses nothing.
fn matches(pattern: &'static str, text: &str) -> bool {
    PATTERNS.with_borrow_mut(|patterns| {
        let compiled = patterns.entry(pattern).or_insert_with(|| regex::Regex::new(pattern).ok());
        compiled.as_ref().is_none_or(|pattern| pattern.is_match(text))
    })
}
