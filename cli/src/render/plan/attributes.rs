//! The attributes of one object in a plan: aligned, one a line, documents line by line.

use super::{Detail, document};
use crate::render::paint::{Meaning, Paint};
use crate::render::value::{Writer, pad, push_key};
use formwork_model::schema::ResourceSchema;
use formwork_model::{AttributePath, ValueRef, View};
use formwork_provider_api::difference::differences;

/// Collects lines, then writes them with their `=` under each other.
pub(super) struct Attributes<'a> {
    writer: Writer<'a>,
    paint: Paint,
    schema: Option<&'static ResourceSchema>,
    replace: &'a [AttributePath],
    lines: Vec<Line>,
}

struct Line {
    meaning: Meaning,
    mark: char,
    name: String,
    text: String,
    note: &'static str,
}

impl<'a> Attributes<'a> {
    pub(super) const fn new(
        writer: Writer<'a>,
        paint: Paint,
        schema: Option<&'static ResourceSchema>,
        replace: &'a [AttributePath],
    ) -> Self {
        Self { writer, paint, schema, replace, lines: Vec::new() }
    }

    fn add(&mut self, mark: char, meaning: Meaning, name: String, text: String, note: &'static str) {
        self.lines.push(Line { meaning, mark, name, text, note });
    }

    /// All attributes of a new object; those that are not set are left out.
    pub(super) fn added(&mut self, planned: ValueRef<'_>, detail: Detail) {
        let order = |name: &str| {
            let attributes = self.schema.map_or(&[][..], |schema| schema.attributes);
            attributes.iter().position(|attribute| attribute.name == name).unwrap_or(usize::MAX)
        };
        let mut entries: Vec<_> = planned.entries().filter(|(_, value)| !is_nothing(*value)).collect();
        entries.sort_by_key(|(name, _)| order(name));
        for (name, value) in entries {
            let mut text = String::new();
            match document::added(value) {
                Some(document) => text = document,
                None => self.writer.push(&mut text, value, 8),
            }
            if detail == Detail::Folded {
                fold(&mut text);
            }
            let mut key = String::new();
            push_key(&mut key, name);
            self.add('+', Meaning::Added, key, text, "");
        }
    }

    /// What changes.
    pub(super) fn changed(&mut self, prior: ValueRef<'_>, planned: ValueRef<'_>) {
        let Some(schema) = self.schema else { return };
        for difference in differences(schema, prior, planned) {
            let view = |value: &'_ Option<formwork_model::ValueBuf>| {
                value.as_ref().map(|value| self.writer.line(value.view()))
            };
            let alone = |value: &'_ Option<formwork_model::ValueBuf>| {
                let mut text = String::new();
                value.iter().for_each(|value| self.writer.push(&mut text, value.view(), 8));
                text
            };
            // What is only known again once the new object is there is a consequence, not a cause.
            let note = if self.replace.contains(&difference.path) { "forces replacement" } else { "" };
            let name = difference.path.to_string();
            let document = match (&difference.before, &difference.after) {
                (Some(before), Some(after)) => self.by_lines(before.view(), after.view()),
                _ => None,
            };
            let (mark, meaning, text) = match (view(&difference.before), view(&difference.after)) {
                (None, Some(_)) => ('+', Meaning::Added, alone(&difference.after)),
                (Some(_), None) => ('-', Meaning::Removed, alone(&difference.before)),
                (Some(before), Some(after)) => {
                    let text = document.unwrap_or_else(|| format!("{before} → {after}"));
                    ('~', Meaning::Changed, text)
                }
                (None, None) => continue,
            };
            self.add(mark, meaning, name, text, note);
        }
    }

    /// What changes in a document, or in a collection that is too long to be written twice on one line.
    fn by_lines(&self, before: ValueRef<'_>, after: ValueRef<'_>) -> Option<String> {
        let document = document::changed(before, after, self.paint);
        document.or_else(|| document::changed_items(self.writer, before, after, self.paint))
    }

    /// Which object it is.
    pub(super) fn identity(&mut self, prior: ValueRef<'_>) {
        let Some(schema) = self.schema else { return };
        for name in schema.identity {
            if let Some(value) = prior.get(name) {
                self.add(' ', Meaning::Dim, (*name).to_owned(), self.writer.line(value), "");
            }
        }
    }

    pub(super) fn write(self, out: &mut String, indent: usize) {
        let width = self.lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0).min(32);
        for line in &self.lines {
            pad(out, indent);
            if line.mark != ' ' {
                self.paint.push(out, line.meaning, &line.mark.to_string());
                out.push(' ');
            }
            out.push_str(&line.name);
            pad(out, width.saturating_sub(line.name.chars().count()));
            out.push_str(" = ");
            out.push_str(&line.text);
            if !line.note.is_empty() {
                self.paint.push(out, Meaning::Removed, &format!("  # {}", line.note));
            }
            out.push('\n');
        }
    }
}

/// Values of more lines are folded.
const LONG: usize = 24;
/// So many lines stand for a folded value.
const SHOWN: usize = 10;

/// Cuts a long text behind its first lines, and says so.
fn fold(text: &mut String) {
    let count = text.lines().count();
    if count <= LONG {
        return;
    }
    let end = text.match_indices('\n').nth(SHOWN - 1).map_or(text.len(), |(position, _)| position);
    text.truncate(end);
    text.push_str(&format!("\n          … {} more lines; --full shows them", count - SHOWN));
}

fn is_nothing(value: ValueRef<'_>) -> bool {
    match value.view() {
        View::Null => true,
        View::List(items) | View::Set(items) => items.len() == 0,
        View::Map(entries) => entries.len() == 0,
        _ => false,
    }
}
