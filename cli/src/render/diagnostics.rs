//! Diagnostics: for people by miette, with the source beside the message; for programs as JSON and SARIF.

use crate::logging;
use crate::output::{self, Output};
use crate::render::crop::{self, Cropped};
use crate::render::harmless::{harmless, same_length};
use formwork_lang::source::FileTable;
use formwork_model::{Diagnostic, Label, Severity, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Writes a report to standard error (or as JSON to standard output), with a line that counts.
pub(crate) fn report(output: &Output, files: &FileTable, diagnostics: &[Diagnostic]) {
    if output.json {
        let all: Vec<Json> = diagnostics.iter().map(|diagnostic| to_json(files, diagnostic)).collect();
        output::data(&format!("{}\n", json!({ "diagnostics": all })));
        return;
    }
    output::tell(&text(output, files, diagnostics));
}

/// The report as text.
pub(crate) fn text(output: &Output, files: &FileTable, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&one(output, files, diagnostic));
        text.push('\n');
    }
    if let Some(counts) = counts(diagnostics) {
        text.push_str(&counts);
        text.push('\n');
    }
    logging::secrets().scrub(&text)
}

fn counts(diagnostics: &[Diagnostic]) -> Option<String> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let word = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => None,
        (0, warnings) => Some(word(warnings, "warning")),
        (errors, 0) => Some(word(errors, "error")),
        (errors, warnings) => Some(format!("{}, {}", word(errors, "error"), word(warnings, "warning"))),
    }
}

fn one(output: &Output, files: &FileTable, diagnostic: &Diagnostic) -> String {
    let theme = if output.error_color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_links(false).with_width(output.width).with_context_lines(1);
    let mut text = String::new();
    let report = Report::new(files, diagnostic, output.room);
    // Only a broken formatter fails; the plain message is better than nothing.
    if handler.render_report(&mut text, &report).is_err() {
        return format!("{}: {}\n", diagnostic.code, diagnostic.message);
    }
    text
}

/// A diagnostic as miette wants it.
#[derive(Debug)]
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    message: Cow<'a, str>,
    help: Option<String>,
    source: Option<Cropped>,
    labels: Vec<LabeledSpan>,
}

impl<'a> Report<'a> {
    fn new(files: &FileTable, diagnostic: &'a Diagnostic, room: usize) -> Self {
        let message = harmless(&diagnostic.message);
        let primary = diagnostic.primary.as_ref();
        let file = primary.and_then(|label| files.get(label.span.file));
        let mut shown: Vec<&Label> = primary.into_iter().filter(|_| file.is_some()).collect();
        let mut elsewhere = Vec::new();
        for label in &diagnostic.labels {
            if primary.is_some_and(|primary| primary.span.file == label.span.file) {
                shown.push(label);
            } else if let Some(location) = files.location(label.span) {
                elsewhere.push(format!("{location}: {}", label.text));
            }
        }
        let lines = diagnostic.help.iter().cloned().chain(diagnostic.notes.iter().cloned()).chain(elsewhere);
        let help = lines.collect::<Vec<_>>().join("\n");
        let (source, labels) = match file {
            Some(file) => {
                let (source, labels) = labelled(&file.path, &file.shown(), &shown, room);
                (Some(source), labels)
            }
            None => (None, Vec::new()),
        };
        Self { diagnostic, message, help: some(&help), source, labels }
    }
}

/// The source as far as it fits, with its labels, the first of which is the primary one.
fn labelled(path: &str, text: &str, labels: &[&Label], room: usize) -> (Cropped, Vec<LabeledSpan>) {
    let measured: Vec<crop::Label> = labels
        .iter()
        .map(|label| crop::Label { place: place(label.span), columns: harmless(&label.text).chars().count() })
        .collect();
    let (source, places) = crop::crop(&harmless(path), &same_length(text), &measured, room);
    let spans = labels.iter().zip(places).enumerate().map(|(position, (label, place))| {
        let span = (place.start, place.len());
        match position {
            0 => LabeledSpan::new_primary_with_span(some(&label.text), span),
            _ => LabeledSpan::new_with_span(some(&label.text), span),
        }
    });
    (source, spans.collect())
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| harmless(text).into_owned())
}

fn place(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(&self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// One diagnostic for programs.
pub(crate) fn to_json(files: &FileTable, diagnostic: &Diagnostic) -> Json {
    let secrets = logging::secrets();
    let label = |label: &formwork_model::Label| {
        let mut value = span(files, label.span);
        if let Json::Object(map) = &mut value {
            map.insert("text".into(), Json::from(secrets.scrub(&label.text)));
        }
        value
    };
    json!({
        "code": diagnostic.code.to_string(),
        "severity": diagnostic.severity,
        "message": secrets.scrub(&diagnostic.message),
        "primary": diagnostic.primary.as_ref().map(label),
        "labels": diagnostic.labels.iter().map(label).collect::<Vec<_>>(),
        "help": diagnostic.help.as_deref().map(|help| secrets.scrub(help)),
        "notes": diagnostic.notes.iter().map(|note| secrets.scrub(note)).collect::<Vec<_>>(),
    })
}

fn span(files: &FileTable, span: Span) -> Json {
    let start = files.location(span);
    let end = files.location(span.after());
    json!({
        "file": start.map(|location| location.path),
        "line": start.map(|location| location.line),
        "column": start.map(|location| location.column),
        "end_line": end.map(|location| location.line),
        "end_column": end.map(|location| location.column),
    })
}

/// A SARIF 2.1.0 log, for code scanning (schema: OASIS sarif-v2.1.0).
pub(crate) fn sarif(files: &FileTable, diagnostics: &[Diagnostic]) -> Json {
    let secrets = logging::secrets();
    let results: Vec<Json> = diagnostics
        .iter()
        .map(|diagnostic| {
            let level = if diagnostic.is_error() { "error" } else { "warning" };
            let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("\n{help}"));
            json!({
                "ruleId": diagnostic.code.to_string(),
                "level": level,
                "message": { "text": secrets.scrub(&format!("{}{help}", diagnostic.message)) },
                "locations": diagnostic.primary.iter().filter_map(|label| region(files, label.span)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let driver = json!({ "name": "formwork", "version": env!("CARGO_PKG_VERSION") });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "results": results }],
    })
}

fn region(files: &FileTable, span: Span) -> Option<Json> {
    let start = files.location(span)?;
    let end = files.location(span.after())?;
    Some(json!({ "physicalLocation": {
        "artifactLocation": { "uri": start.path },
        "region": {
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        },
    }}))
}
