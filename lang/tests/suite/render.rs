//! Diagnostics as they stand in cases.

use formwork_lang::source::FileTable;
use formwork_model::{Diagnostic, Span};
use std::fmt::Write as _;

/// One line `path:line:column-line:column CODE message` each, then its labels (`|`), notes (`=`) and help (`?`).
pub(crate) fn diagnostics(files: &FileTable, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic.primary.as_ref().map_or_else(String::new, |label| place(files, label.span) + " ");
        let _ = writeln!(text, "{place}{} {}", diagnostic.code, diagnostic.message);
        if let Some(label) = diagnostic.primary.as_ref().filter(|label| !label.text.is_empty()) {
            let _ = writeln!(text, "  ^ {}", label.text);
        }
        for label in &diagnostic.labels {
            let _ = writeln!(text, "  | {} {}", place_without_path(files, label.span), label.text);
        }
        for note in &diagnostic.notes {
            let _ = writeln!(text, "  = {note}");
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(text, "  ? {help}");
        }
    }
    text
}

fn place(files: &FileTable, span: Span) -> String {
    let path = files.get(span.file).map_or("?", |file| &file.path);
    format!("{path}:{}", place_without_path(files, span))
}

/// `line:column-line:column`. A span that is not within its file, or cuts a character, fails the case.
fn place_without_path(files: &FileTable, span: Span) -> String {
    assert!(span.start <= span.end, "{span:?} ends before it begins");
    let start = files.location(span).expect("a span begins within its file, between two characters");
    let end = files.location(span.after()).expect("a span ends within its file, between two characters");
    format!("{}:{}-{}:{}", start.line, start.column, end.line, end.column)
}
