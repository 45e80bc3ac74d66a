//! What the layers of an environment come to, as far as it is written out: finds records that miss a field when all
//! layers are laid over each other.

use super::names::Names;
use super::report::OverlayProblem;
use crate::tree::{Entry, Expression, ExpressionKind, Key, OverlayAction, OverlayEntry, PathStep};
use ecow::EcoString;
use formwork_model::{RecordType, Span, Type};
use std::collections::BTreeMap;

/// What is known of a value.
#[derive(Clone)]
enum Known {
    /// Only when it is evaluated.
    Opaque,
    /// Its entries, and where it was set last.
    Entries(BTreeMap<EcoString, Known>, Span),
}

/// A field that is missing: the place, the path, the field.
pub(crate) type Missing = (Span, String, EcoString);

/// The fields that are missing in the params of the stack under the entries of all layers.
pub(crate) fn missing(root: &Names<'_>, types: &[Type], entries: &[&OverlayEntry]) -> Vec<Missing> {
    let mut values: BTreeMap<EcoString, Known> = BTreeMap::new();
    for param in &root.params {
        if let Some(default) = &param.what.default {
            values.insert(param.what.name.text.clone(), known(default));
        }
    }
    let mut touched = std::collections::BTreeSet::new();
    for entry in entries {
        touched.extend(entry.path.first().and_then(name_of));
        apply(&mut values, entry);
    }
    let mut found = Vec::new();
    for (param, ty) in root.params.iter().zip(types) {
        let name = &param.what.name.text;
        // What no layer touches was checked with its default.
        if let Some(value) = values.get(name).filter(|_| touched.contains(name)) {
            hold(value, ty, name.to_string(), &mut found);
        }
    }
    found
}

/// Tells what is missing, each once, with the environments in which it is.
pub(crate) fn problems(found: BTreeMap<Missing, Vec<EcoString>>) -> impl Iterator<Item = OverlayProblem> {
    found.into_iter().map(|((span, path, field), environments)| OverlayProblem::Incomplete {
        environments: super::report::listed(environments),
        path,
        field,
        span,
    })
}

fn name_of(step: &PathStep) -> Option<EcoString> {
    match step {
        PathStep::Member(word) | PathStep::Key(word) => Some(word.text.clone()),
        PathStep::Index(..) | PathStep::Each(_) => None,
    }
}

fn known(expression: &Expression) -> Known {
    match &expression.kind {
        ExpressionKind::Parenthesised(inner) => known(inner),
        ExpressionKind::Record(entries) => {
            let entries = entries.iter().map(|entry| match entry {
                Entry::Field { key: Key::Literal(word), value } => Some((word.text.clone(), known(value))),
                Entry::Short(word) => Some((word.text.clone(), Known::Opaque)),
                Entry::Field { .. } | Entry::Spread { .. } => None,
            });
            entries
                .collect::<Option<BTreeMap<_, _>>>()
                .map_or(Known::Opaque, |entries| Known::Entries(entries, expression.span))
        }
        _ => Known::Opaque,
    }
}

fn apply(values: &mut BTreeMap<EcoString, Known>, entry: &OverlayEntry) {
    let Some(names) = entry.path.iter().map(name_of).collect::<Option<Vec<_>>>() else { return };
    let Some((last, before)) = names.split_last() else { return };
    let mut values = values;
    for name in before {
        let next = values.entry(name.clone()).or_insert_with(|| Known::Entries(BTreeMap::new(), entry.span));
        match next {
            Known::Entries(entries, span) => {
                *span = entry.span;
                values = entries;
            }
            Known::Opaque => return,
        }
    }
    let new = entry.value.as_ref().map_or(Known::Opaque, known);
    match entry.action {
        OverlayAction::Remove => {
            values.remove(last);
        }
        OverlayAction::Append => {
            values.insert(last.clone(), Known::Opaque);
        }
        OverlayAction::Replace => {
            values.insert(last.clone(), new);
        }
        OverlayAction::Set => {
            let merged = merged(values.remove(last), new);
            values.insert(last.clone(), merged);
        }
    }
}

fn merged(old: Option<Known>, new: Known) -> Known {
    match (old, new) {
        (Some(Known::Entries(mut old, _)), Known::Entries(new, span)) => {
            for (name, value) in new {
                let value = merged(old.remove(&name), value);
                old.insert(name, value);
            }
            Known::Entries(old, span)
        }
        (Some(Known::Opaque), Known::Entries(..)) => Known::Opaque,
        (_, new) => new,
    }
}

fn hold(value: &Known, ty: &Type, path: String, found: &mut Vec<Missing>) {
    let Known::Entries(entries, span) = value else { return };
    match ty {
        Type::Optional(inner) | Type::Secret(inner) => hold(value, inner, path, found),
        Type::Map(inner) => {
            for (name, entry) in entries {
                hold(entry, inner, format!("{path}.{name}"), found);
            }
        }
        Type::Record(record) => hold_record(entries, *span, record, &path, found),
        _ => {}
    }
}

fn hold_record(
    entries: &BTreeMap<EcoString, Known>,
    span: Span,
    record: &RecordType,
    path: &str,
    found: &mut Vec<Missing>,
) {
    for field in &record.fields {
        match entries.get(&field.name) {
            Some(value) => hold(value, &field.ty, format!("{path}.{}", field.name), found),
            None if !field.optional => found.push((span, path.to_owned(), field.name.clone())),
            None => {}
        }
    }
}
