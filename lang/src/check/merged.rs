//! What the layers of an environment come to, as far as it is written out: finds records that miss a field when all
//! layers are laid over each other.

use super::names::Names;
use super::report::OverlayProblem;
use crate::inputs::{below, record};
use crate::program::{Expr, ExprKind, RecordDeclaration, RecordEntry};
use crate::tree::{Entry, Expression, ExpressionKind, Key, OverlayAction, OverlayEntry, PathStep};
use ecow::EcoString;
use formwork_model::{RecordType, Span, Type, Value};
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
pub(crate) fn missing(
    root: &Names<'_>,
    types: &[Type],
    records: &[RecordDeclaration],
    entries: &[&OverlayEntry],
) -> Vec<Missing> {
    let types: BTreeMap<&str, &Type> =
        root.params.iter().zip(types).map(|(param, ty)| (param.what.name.text.as_str(), ty)).collect();
    let mut values: BTreeMap<EcoString, Known> = BTreeMap::new();
    for param in &root.params {
        if let Some(default) = &param.what.default {
            values.insert(param.what.name.text.clone(), known(default));
        }
    }
    let mut touched = std::collections::BTreeSet::new();
    for entry in entries {
        touched.extend(entry.path.first().and_then(name_of));
        Merge { records, entry }.apply(&mut values, &types);
    }
    let mut found = Vec::new();
    for param in &root.params {
        let name = &param.what.name.text;
        // What no layer touches was checked with its default.
        if let (Some(value), Some(ty)) = (values.get(name).filter(|_| touched.contains(name)), types.get(name.as_str()))
        {
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

/// As [`known`], of an expression that was checked.
fn known_default(default: &Expr) -> Known {
    match &default.kind {
        ExprKind::Coerce(inner) => known_default(inner),
        ExprKind::Record(entries) => {
            let entries = entries.iter().map(|entry| match entry {
                RecordEntry::Field(name, value) => Some((name.clone(), known_default(value))),
                RecordEntry::Computed(_) | RecordEntry::Spread(_) => None,
            });
            entries
                .collect::<Option<BTreeMap<_, _>>>()
                .map_or(Known::Opaque, |entries| Known::Entries(entries, default.span))
        }
        _ => Known::Opaque,
    }
}

/// Lays an entry over what earlier ones say, as [`crate::inputs`] does with values.
struct Merge<'m> {
    records: &'m [RecordDeclaration],
    entry: &'m OverlayEntry,
}

impl Merge<'_> {
    fn apply(&self, values: &mut BTreeMap<EcoString, Known>, types: &BTreeMap<&str, &Type>) {
        let Some(names) = self.entry.path.iter().map(name_of).collect::<Option<Vec<_>>>() else { return };
        let Some((first, rest)) = names.split_first() else { return };
        let old = values.remove(first);
        if let Some(new) = self.descend(old, types.get(first.as_str()).copied(), rest) {
            values.insert(first.clone(), new);
        }
    }

    /// What there is then; none where it was removed.
    fn descend(&self, old: Option<Known>, ty: Option<&Type>, names: &[EcoString]) -> Option<Known> {
        let Some((name, rest)) = names.split_first() else { return self.finish(old, ty) };
        let mut entries = match old {
            Some(Known::Opaque) => return Some(Known::Opaque),
            Some(Known::Entries(entries, _)) => entries,
            None => BTreeMap::new(),
        };
        let is_removed = self.entry.action == OverlayAction::Remove && rest.is_empty();
        let old = entries.remove(name).or_else(|| if is_removed { None } else { self.default(ty, name) });
        if let Some(new) = self.descend(old, below(ty, name), rest) {
            entries.insert(name.clone(), new);
        }
        Some(Known::Entries(entries, self.entry.span))
    }

    fn finish(&self, old: Option<Known>, ty: Option<&Type>) -> Option<Known> {
        let new = self.entry.value.as_ref().map_or(Known::Opaque, known);
        match self.entry.action {
            OverlayAction::Remove => None,
            OverlayAction::Append => Some(Known::Opaque),
            OverlayAction::Replace => Some(new),
            OverlayAction::Set => Some(self.merged(old, ty, new)),
        }
    }

    fn merged(&self, old: Option<Known>, ty: Option<&Type>, new: Known) -> Known {
        let Known::Entries(new, span) = new else { return new };
        let mut merged = match old {
            Some(Known::Opaque) => return Known::Opaque,
            Some(Known::Entries(old, _)) => old,
            None => BTreeMap::new(),
        };
        for (name, value) in new {
            let old = merged.remove(&name).or_else(|| self.default(ty, &name));
            let value = self.merged(old, below(ty, &name), value);
            merged.insert(name, value);
        }
        Known::Entries(merged, span)
    }

    /// What a field is that no layer sets: its default.
    fn default(&self, ty: Option<&Type>, name: &str) -> Option<Known> {
        let record = record(ty?)?;
        let position = record.fields.iter().position(|field| field.name == name)?;
        let declared = self.records.get(record.declaration? as usize)?;
        let default = declared.fields.get(position)?.default.as_ref()?;
        // Null is merged into as if nothing were there.
        (!matches!(default.kind, ExprKind::Constant(Value::Null))).then(|| known_default(default))
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
