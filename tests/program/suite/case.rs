//! Reading and writing cases.

use std::fmt::Write as _;
use std::path::Path;

/// A case of a file.
pub(super) struct Case {
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
}

/// What is done, or expected of what was done before.
pub(super) enum Section {
    File { path: String, body: String },
    Faults { body: String },
    Example { page: String, heading: String, path: String },
    Run { page: Option<(String, String)>, body: String },
    Expect { code: i32, body: String },
}

/// The cases of a file.
pub(super) fn read_file(path: &Path) -> Result<Vec<Case>, String> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for part in text.split("=== CASE ").skip(1) {
        let (title, rest) = part.split_once('\n').unwrap();
        let mut case = Case { title: title.to_owned(), sections: Vec::new() };
        for section in rest.split("=== ").skip(1) {
            let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
            case.sections.push(read_section(heading, body).map_err(|error| format!("{title}: {error}"))?);
        }
        cases.push(case);
    }
    if cases.is_empty() { Err(format!("{}: no case", path.display())) } else { Ok(cases) }
}

fn read_section(heading: &str, body: &str) -> Result<Section, String> {
    let body = format!("{}\n", body.trim_end());
    let words: Vec<&str> = heading.split(' ').collect();
    Ok(match words.as_slice() {
        ["FILE", path] => Section::File { path: (*path).to_owned(), body },
        ["FAULTS"] => Section::Faults { body },
        ["EXAMPLE", page, heading @ .., path] => {
            Section::Example { page: (*page).to_owned(), heading: heading.join(" "), path: (*path).to_owned() }
        }
        ["RUN"] => Section::Run { page: None, body },
        ["RUN", page, heading @ ..] => Section::Run { page: Some(((*page).to_owned(), heading.join(" "))), body },
        ["EXPECT", code] => {
            let code = code.parse().map_err(|_| format!("`{code}` is no exit code"))?;
            Section::Expect { code, body: body.trim_end().to_owned() }
        }
        _ => return Err(format!("unknown section `{heading}`")),
    })
}

/// The file of cases.
pub(super) fn written(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let _ = writeln!(text, "=== CASE {}", case.title);
        for section in &case.sections {
            let (heading, body) = match section {
                Section::File { path, body } => (format!("FILE {path}"), body.as_str()),
                Section::Faults { body } => ("FAULTS".to_owned(), body.as_str()),
                Section::Example { page, heading, path } => (format!("EXAMPLE {page} {heading} {path}"), ""),
                Section::Run { page: None, body } => ("RUN".to_owned(), body.as_str()),
                Section::Run { page: Some((page, heading)), .. } => (format!("RUN {page} {heading}"), ""),
                Section::Expect { code, body } => (format!("EXPECT {code}"), body.as_str()),
            };
            let _ = writeln!(text, "=== {heading}");
            if !body.trim_end().is_empty() {
                let _ = writeln!(text, "{}", body.trim_end());
            }
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}
