//! Values as they are written in the language; secrets masked, unknowns with what they wait for.

use formwork_model::value::MASK;
use formwork_model::{Address, ValueRef, View};
use std::fmt::Write;

/// Longer values are broken over several lines.
const LINE: usize = 80;

/// Writes values of one object.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    /// Its own unknown attributes need no origin.
    pub(crate) own: Option<&'a Address>,
}

impl Writer<'_> {
    /// Appends the value; lines after the first are indented by `indent`.
    pub(crate) fn push(self, out: &mut String, value: ValueRef<'_>, indent: usize) {
        let start = out.len();
        self.inline(out, value);
        let is_collection = matches!(value.view(), View::List(_) | View::Set(_) | View::Map(_));
        if is_collection && out.len() - start > LINE {
            out.truncate(start);
            self.broken(out, value, indent);
        }
    }

    /// On one line.
    pub(crate) fn line(self, value: ValueRef<'_>) -> String {
        let mut out = String::new();
        self.inline(&mut out, value);
        out
    }

    /// A collection with each of its items on a line of its own; none of anything else, or of an empty one.
    pub(crate) fn by_items(self, value: ValueRef<'_>) -> Option<String> {
        let has_items = match value.view() {
            View::List(items) | View::Set(items) => items.len() > 0,
            View::Map(entries) => entries.len() > 0,
            _ => false,
        };
        let mut out = String::new();
        self.broken(&mut out, value, 0);
        out.push('\n');
        has_items.then_some(out)
    }

    fn inline(self, out: &mut String, value: ValueRef<'_>) {
        match value.view() {
            View::List(items) | View::Set(items) => {
                out.push('[');
                for (position, item) in items.enumerate() {
                    out.push_str(if position > 0 { ", " } else { "" });
                    self.inline(out, item);
                }
                out.push(']');
            }
            View::Map(entries) if entries.len() == 0 => out.push_str("{}"),
            View::Map(entries) => {
                out.push_str("{ ");
                for (position, (key, value)) in entries.enumerate() {
                    out.push_str(if position > 0 { ", " } else { "" });
                    push_key(out, key);
                    out.push_str(" = ");
                    self.inline(out, value);
                }
                out.push_str(" }");
            }
            _ => self.scalar(out, value),
        }
    }

    fn broken(self, out: &mut String, value: ValueRef<'_>, indent: usize) {
        let inner = indent + 2;
        match value.view() {
            View::List(items) | View::Set(items) => {
                out.push_str("[\n");
                for item in items {
                    pad(out, inner);
                    self.push(out, item, inner);
                    out.push_str(",\n");
                }
                pad(out, indent);
                out.push(']');
            }
            View::Map(entries) => {
                out.push_str("{\n");
                for (key, value) in entries {
                    pad(out, inner);
                    push_key(out, key);
                    out.push_str(" = ");
                    self.push(out, value, inner);
                    out.push('\n');
                }
                pad(out, indent);
                out.push('}');
            }
            _ => self.scalar(out, value),
        }
    }

    fn scalar(self, out: &mut String, value: ValueRef<'_>) {
        // Writing to a string cannot fail.
        let written = match value.view() {
            View::Null => write!(out, "null"),
            View::Bool(truth) => write!(out, "{truth}"),
            View::Int(number) => write!(out, "{number}"),
            View::Float(number) => write!(out, "{number:?}"),
            View::Duration(milliseconds) => write!(out, "{}", duration(milliseconds)),
            View::String(text) => write!(out, "{text:?}"),
            View::Secret(inner) if inner.is_unknown() => write!(out, "(secret, known after apply)"),
            View::Secret(_) | View::Sealed(_) => write!(out, "{MASK}"),
            View::Unknown(_) => {
                self.unknown(out, value);
                Ok(())
            }
            View::List(_) | View::Set(_) | View::Map(_) => Ok(()),
        };
        debug_assert!(written.is_ok());
    }

    fn unknown(self, out: &mut String, value: ValueRef<'_>) {
        let mut origins: Vec<String> = Vec::new();
        value.each_attribute(&mut |address, path| {
            if self.own.is_none_or(|own| own != address) {
                let dot = if path.steps().is_empty() { "" } else { "." };
                origins.push(format!("{address}{dot}{path}"));
            }
        });
        origins.sort();
        origins.dedup();
        out.push_str("(known after apply");
        match origins.as_slice() {
            [] => {}
            [one] => {
                out.push_str(": ");
                out.push_str(one);
            }
            [one, rest @ ..] => {
                out.push_str(": ");
                out.push_str(one);
                out.push_str(&format!(" and {} more", rest.len()));
            }
        }
        out.push(')');
    }
}

/// A key, quoted where it is no word.
pub(crate) fn push_key(out: &mut String, key: &str) {
    let is_word = key.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && key.chars().all(|character| character.is_alphanumeric() || character == '_');
    if is_word {
        out.push_str(key);
    } else {
        out.push_str(&format!("{key:?}"));
    }
}

/// Appends spaces.
pub(crate) fn pad(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// A duration as it is written: `1h30m`.
pub(crate) fn duration(milliseconds: i64) -> String {
    let mut rest = milliseconds.unsigned_abs();
    let mut text = if milliseconds < 0 { "-".to_owned() } else { String::new() };
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}
