//! Runs the cases of `tests/suite/plan` and `tests/suite/command` with the built program: offline, on `std` and `mock`.
//! `UPDATE_EXPECT=1` writes what is found. Each plan of an area `plan` is written to a file and read as well.
//!
//! A file has several cases, and a case is a sequence. `=== FILE path` writes a file of the stack (`formwork.toml` may be
//! left out), `=== FAULTS` the faults of the mock cloud, `=== RUN` runs lines of a shell, which have to succeed unless
//! `=== EXPECT code` says with what they end and what people see. `=== EXAMPLE code heading path` writes what a page
//! below `docs/diagnostics` shows under a heading into a file; `=== RUN code heading` runs it. Cases that read JSON with
//! `jq` are skipped where that is not installed.

mod bench;
mod case;
mod coverage;
mod normal;

use case::{Case, Section};
use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};

/// The areas of the suite that are run here.
const AREAS: &[&str] = &["plan", "command"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = coverage::trials();
    for area in AREAS {
        for path in files(area) {
            let name = format!("suite::{area}/{}", path.file_stem().unwrap().to_string_lossy());
            if !has_jq() && std::fs::read_to_string(&path).unwrap().contains(JQ) {
                let skipped = Trial::test(format!("{name}, cases with jq (jq is not installed)"), || Ok(()));
                trials.push(skipped.with_ignored_flag(true));
            }
            trials.push(Trial::test(name, move || run_file(area, &path).map_err(Failed::from)));
        }
    }
    trials
}

/// How cases call it.
const JQ: &str = "jq -";

fn has_jq() -> bool {
    let found = std::process::Command::new("jq").arg("--version").output();
    found.is_ok_and(|output| output.status.success())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(area: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("tests/suite").join(area)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn run_file(area: &str, path: &Path) -> Result<(), String> {
    if path.extension().is_none_or(|extension| extension != "test") {
        return Err(format!("{} is no case: cases end in .test", path.display()));
    }
    let update = std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1");
    let mut cases = case::read_file(path)?;
    let mut failures = String::new();
    let has_jq = has_jq();
    for case in cases.iter_mut().filter(|case| has_jq || !needs_jq(case)) {
        if let Err(failure) = run(area, case) {
            failures.push_str(&format!("--- {}\n{failure}\n", case.title));
        }
    }
    if update {
        std::fs::write(path, case::written(&cases)).unwrap();
        return Ok(());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

fn needs_jq(case: &Case) -> bool {
    case.sections.iter().any(|section| matches!(section, Section::Run { body, .. } if body.contains(JQ)))
}

/// Runs a case; what was found replaces what was expected.
fn run(area: &str, case: &mut Case) -> Result<(), String> {
    let bench = bench::Bench::new(area == "plan");
    let mut failure = String::new();
    let mut expects = false;
    for index in 0..case.sections.len() {
        let (section, rest) = case.sections[index..].split_first_mut().unwrap();
        match section {
            Section::File { path, body } => bench.write(path, body),
            Section::Faults { body } => bench.write("../cloud/faults.json", body),
            Section::Example { page, heading, path } => bench.write(path, &example(page, heading)?),
            Section::Run { page, body } => {
                let script = match page {
                    Some((page, heading)) => example(page, heading)?,
                    None => body.clone(),
                };
                let (code, found) = bench.shell(&script);
                match rest.first_mut() {
                    Some(Section::Expect { code: expected_code, body: expected }) => {
                        expects = true;
                        if *expected_code != code || expected.trim_end() != found.trim_end() {
                            let diff = similar::TextDiff::from_lines(expected.trim_end(), found.trim_end());
                            let diff = diff.unified_diff().header("expected", "found").to_string();
                            failure.push_str(&format!("{script}ended with {code}, not {expected_code}\n{diff}\n"));
                        }
                        (*expected_code, *expected) = (code, found);
                    }
                    _ if code != 0 => return Err(format!("{script}ended with {code}\n{found}")),
                    _ => {}
                }
            }
            Section::Expect { .. } => {}
        }
    }
    if !expects {
        failure.push_str("it expects nothing\n");
    }
    if failure.is_empty() { Ok(()) } else { Err(failure) }
}

/// What a page shows under a heading.
fn example(page: &str, heading: &str) -> Result<String, String> {
    let path = root().join(format!("docs/diagnostics/{page}.md"));
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let headings = [format!("\n## {heading}\n"), format!("\n{heading}:\n")];
    let behind = headings.iter().find_map(|heading| text.split_once(heading.as_str()));
    let fenced = behind.and_then(|(_, behind)| behind.split_once("\n```")).and_then(|(_, text)| text.split_once('\n'));
    let body = fenced.and_then(|(_, text)| text.split_once("```")).map(|(body, _)| body.to_owned());
    body.ok_or_else(|| format!("{page} shows nothing under `{heading}`"))
}
