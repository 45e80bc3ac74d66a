//! Texts of several lines and documents (JSON), compared line by line.

use crate::render::harmless::harmless;
use crate::render::paint::{Meaning, Paint};
use crate::render::value::Writer;
use formwork_model::{ValueRef, View};
use similar::{ChangeTag, TextDiff};

/// Lines are indented by so much.
const INDENT: &str = "          ";
/// Unchanged lines around a change that are shown.
const CONTEXT: usize = 2;
/// Collections that together are longer than this are compared item by item.
const LONG_LINE: usize = 120;

/// The lines of a value that is a document; none for an ordinary one.
fn lines(value: ValueRef<'_>) -> Option<String> {
    let View::String(text) = value.view() else { return None };
    let opens = text.trim_start().starts_with(['{', '[']);
    if opens && let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        let pretty = serde_json::to_string_pretty(&json).ok()?;
        return pretty.contains('\n').then(|| harmless(&pretty).into_owned() + "\n");
    }
    let whole = text.trim_end_matches('\n');
    whole.contains('\n').then(|| format!("{}\n", harmless(whole)))
}

/// A new document.
pub(super) fn added(value: ValueRef<'_>) -> Option<String> {
    let lines = lines(value)?;
    let indented: Vec<String> = lines.lines().map(|line| format!("{INDENT}{line}")).collect();
    Some(format!("\"\"\"\n{}\n{INDENT}\"\"\"", indented.join("\n")))
}

/// A changed document: the lines that change, with some around them.
pub(super) fn changed(before: ValueRef<'_>, after: ValueRef<'_>, paint: Paint) -> Option<String> {
    Some(format!("\"\"\"{}\n{INDENT}\"\"\"", compared(&lines(before)?, &lines(after)?, paint)))
}

/// A collection that is too long to be written twice on one line: the items that change, with some around them.
pub(super) fn changed_items(
    writer: Writer<'_>,
    before: ValueRef<'_>,
    after: ValueRef<'_>,
    paint: Paint,
) -> Option<String> {
    let (one, other) = (writer.by_items(before)?, writer.by_items(after)?);
    let is_long = writer.line(before).len() + writer.line(after).len() > LONG_LINE;
    let compared = is_long.then(|| compared(&one, &other, paint));
    compared.filter(|lines| !lines.is_empty())
}

/// The lines in which two texts differ, with some around them; each begins with a line break.
fn compared(before: &str, after: &str, paint: Paint) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut out = String::new();
    for (position, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if position > 0 {
            out.push_str(&format!("\n{INDENT}…"));
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (mark, meaning) = match change.tag() {
                ChangeTag::Delete => ("- ", Meaning::Removed),
                ChangeTag::Insert => ("+ ", Meaning::Added),
                ChangeTag::Equal => ("  ", Meaning::Dim),
            };
            let line = format!("{mark}{}", change.value().trim_end_matches('\n'));
            out.push_str(&format!("\n{}", &INDENT[2..]));
            paint.push(&mut out, meaning, &line);
        }
    }
    out
}
