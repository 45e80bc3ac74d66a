//! One case: its files, what is reported of them, and what was expected.

use crate::providers::PROVIDERS;
use formwork_lang::check::{Options, check};
use formwork_lang::load::load;
use formwork_lang::source::{FileTable, SourceError, Sources};
use formwork_model::schema::ProviderSchema;
use formwork_model::{Diagnostic, Span};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// A case of a file.
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) expected: String,
}

const MANIFEST: &str = "[stack]\nname = \"suite\"\n";

/// The cases of a file.
pub(crate) fn read_file(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for part in text.split("=== CASE ").skip(1) {
        let (title, rest) = part.split_once('\n').unwrap();
        let mut case = Case { title: title.to_owned(), files: BTreeMap::new(), expected: String::new() };
        for section in rest.split("=== ").skip(1) {
            let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
            match heading.split_once(' ') {
                Some(("FILE", name)) => {
                    case.files.insert(name.to_owned(), format!("{}\n", body.trim_end()));
                }
                Some(("EXPECT", "diagnostics")) => body.trim_end().clone_into(&mut case.expected),
                _ => panic!("{}: unknown section `{heading}`", path.display()),
            }
        }
        cases.push(case);
    }
    cases
}

/// Runs the cases of a file.
pub(crate) fn run_file(path: &Path) -> Result<(), String> {
    let update = std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1");
    let mut failures = String::new();
    let mut cases = read_file(path);
    for case in &mut cases {
        let (found, is_right) = report(&case.files, PROVIDERS);
        for message in helpless(&found) {
            let _ = writeln!(failures, "--- {}: says not what to do: {message}", case.title);
        }
        if !is_right {
            let _ = writeln!(failures, "--- {}: a program must come out exactly where there is no error", case.title);
        }
        if found != case.expected {
            let _ = writeln!(failures, "--- {}\nfound:\n{found}\nexpected:\n{}\n", case.title, case.expected);
            case.expected = found;
        }
    }
    if update && !failures.is_empty() {
        std::fs::write(path, written(&cases)).unwrap();
        return Ok(());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Messages that no line of help follows.
fn helpless(report: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in report.lines() {
        if !line.starts_with("  ") {
            found.push(line);
        } else if line.starts_with("  help: ") {
            found.pop();
        }
    }
    found
}

fn written(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let _ = writeln!(text, "=== CASE {}", case.title);
        for (name, body) in &case.files {
            let _ = writeln!(text, "=== FILE {name}\n{}", body.trim_end());
        }
        let _ = writeln!(
            text,
            "=== EXPECT diagnostics\n{}{}",
            case.expected,
            if case.expected.is_empty() { "" } else { "\n" }
        );
    }
    text
}

/// What checking a stack and its values reports, and whether a program came out exactly where its types are right.
pub(crate) fn report(files: &BTreeMap<String, String>, providers: &[&'static ProviderSchema]) -> (String, bool) {
    let sources = Texts::of(files);
    let loaded = load(&sources, "");
    let checked = check(&loaded, &providers, Options::default());
    let of_values = checked.check_values(&sources);
    let mut diagnostics = checked.diagnostics;
    let is_right = checked.program.is_some() != diagnostics.iter().any(Diagnostic::is_error);
    diagnostics.extend(of_values);
    formwork_model::diagnostic::sort(&mut diagnostics);
    let mut text = String::new();
    for diagnostic in &diagnostics {
        write_diagnostic(&mut text, &loaded.files, diagnostic);
    }
    (text.trim_end().to_owned(), is_right)
}

fn write_diagnostic(text: &mut String, files: &FileTable, diagnostic: &Diagnostic) {
    let place = |span: Span| files.location(span).map_or_else(|| "?".to_owned(), |location| location.to_string());
    let primary = diagnostic.primary.as_ref();
    let at = primary.map_or_else(|| "-".to_owned(), |label| place(label.span));
    let _ = writeln!(text, "{at} {} {}", diagnostic.code, diagnostic.message);
    if let Some(label) = primary.filter(|label| !label.text.is_empty()) {
        let _ = writeln!(text, "  at: {}", label.text);
    }
    for label in &diagnostic.labels {
        let _ = writeln!(text, "  label {}: {}", place(label.span), label.text);
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(text, "  help: {}", help.replace('\n', "\n        "));
    }
    for note in &diagnostic.notes {
        let _ = writeln!(text, "  note: {note}");
    }
}

/// Sources in memory; the stack is in `stack/`, so that modules can lie beside it.
struct Texts(BTreeMap<String, Arc<[u8]>>);

impl Texts {
    fn of(files: &BTreeMap<String, String>) -> Self {
        let mut texts: BTreeMap<String, Arc<[u8]>> =
            files.iter().map(|(name, text)| (name.clone(), Arc::from(text.as_bytes()))).collect();
        texts.entry("formwork.toml".to_owned()).or_insert_with(|| Arc::from(MANIFEST.as_bytes()));
        Self(texts)
    }
}

impl Sources for Texts {
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut names: Vec<String> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .filter(|rest| !rest.starts_with("../"))
            .map(|rest| rest.split_once('/').map_or_else(|| rest.to_owned(), |(folder, _)| format!("{folder}/")))
            .collect();
        names.dedup();
        if names.is_empty() {
            return Err(missing(directory));
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        self.0.get(path).cloned().ok_or_else(|| missing(path))
    }
}

fn missing(path: &str) -> SourceError {
    SourceError { path: path.to_owned(), not_found: true, reason: "it does not exist".to_owned() }
}
