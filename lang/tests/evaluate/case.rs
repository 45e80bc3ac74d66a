//! Reading and writing cases.

use std::fmt::Write as _;
use std::path::Path;

/// A case of a file.
#[derive(Clone, Default)]
pub struct Case {
    pub title: String,
    /// Path and text, in the order written.
    pub files: Vec<(String, String)>,
    pub environment: Option<String>,
    /// `--var-file`
    pub variable_files: Vec<String>,
    /// `--var`
    pub flags: Vec<String>,
    /// `FORMWORK_VAR_name`
    pub variables: Vec<String>,
    pub known: String,
    /// What is asked, and what is expected.
    pub expected: Vec<(String, String)>,
}

/// The cases of a file.
pub fn read_file(path: &Path) -> Result<Vec<Case>, String> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut cases = Vec::new();
    for part in text.split("=== CASE ").skip(1) {
        let (title, rest) = part.split_once('\n').unwrap();
        let mut case = Case { title: title.to_owned(), ..Case::default() };
        for section in rest.split("=== ").skip(1) {
            let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
            let body = body.trim_end().to_owned();
            match heading.split_once(' ').unwrap_or((heading, "")) {
                ("FILE", name) => case.files.push((name.to_owned(), format!("{body}\n"))),
                ("ENV", name) => case.environment = Some(name.to_owned()),
                ("VARFILE", path) => case.variable_files.push(path.to_owned()),
                ("VAR", text) => case.flags.push(text.to_owned()),
                ("VARIABLE", text) => case.variables.push(text.to_owned()),
                ("KNOWN", _) => case.known = body,
                ("EXPECT", what) => case.expected.push((what.to_owned(), body)),
                _ => return Err(format!("{}: unknown section `{heading}`", path.display())),
            }
        }
        cases.push(case);
    }
    if cases.is_empty() { Err(format!("{}: no case", path.display())) } else { Ok(cases) }
}

/// The file of cases.
pub fn written(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let _ = writeln!(text, "=== CASE {}", case.title);
        for (name, body) in &case.files {
            let _ = writeln!(text, "=== FILE {name}\n{}", body.trim_end());
        }
        if let Some(name) = &case.environment {
            let _ = writeln!(text, "=== ENV {name}");
        }
        for path in &case.variable_files {
            let _ = writeln!(text, "=== VARFILE {path}");
        }
        for flag in &case.flags {
            let _ = writeln!(text, "=== VAR {flag}");
        }
        for variable in &case.variables {
            let _ = writeln!(text, "=== VARIABLE {variable}");
        }
        if !case.known.is_empty() {
            let _ = writeln!(text, "=== KNOWN\n{}", case.known);
        }
        for (what, body) in &case.expected {
            let _ = writeln!(text, "=== EXPECT {what}");
            if !body.is_empty() {
                let _ = writeln!(text, "{body}");
            }
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}
