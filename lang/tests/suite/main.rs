//! Runs the cases of `tests/suite`: each is a file with sources and what is expected of them.
//!
//! `=== FILE path` begins a source, `=== EXPECT stage` what a stage makes of the sources; what stands before the first
//! section says what the case is about. `UPDATE_EXPECT=1` rewrites the expectations. One trial a file, so no case can be
//! forgotten; files of an area that has a runner of its own are left to it.
#![allow(clippy::disallowed_methods, reason = "tests read and write their cases")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod case;
mod render;
mod same;
mod syntax;

use case::{Case, Section};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};

/// Areas whose cases are no sources, and have a runner of their own.
const OTHER_RUNNERS: [&str; 6] = ["check", "command", "evaluate", "library", "overlay", "plan"];

/// What the stages make of a case. Each gives the text that is held against the expectation.
fn stage(name: &str, case: &Case) -> Option<Result<String, String>> {
    Some(match name {
        "syntax" => Ok(syntax::diagnostics(case)),
        "tree" => syntax::tree(case),
        "format" => syntax::format(case),
        _ => return None,
    })
}

fn main() {
    let arguments = Arguments::from_args();
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/suite"));
    let mut trials = Vec::new();
    for area in list(&root) {
        let name = area.file_name().unwrap().to_string_lossy().into_owned();
        if !OTHER_RUNNERS.contains(&name.as_str()) {
            trials.extend(list(&area).into_iter().map(|path| trial(&name, path)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn trial(area: &str, path: PathBuf) -> Trial {
    let name = format!("{area}/{}", path.file_stem().unwrap().to_string_lossy());
    Trial::test(name, move || run(&path).map_err(Failed::from))
}

fn run(path: &Path) -> Result<(), String> {
    if path.extension().is_none_or(|extension| extension != "test") {
        return Err(format!("{} is no case: cases end in .test", path.display()));
    }
    let mut case = Case::parse(&std::fs::read_to_string(path).unwrap())?;
    let expected: Vec<Section> = case.expectations().cloned().collect();
    if expected.is_empty() {
        return Err("the case expects nothing".to_owned());
    }
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut problems = Vec::new();
    for section in expected {
        let found =
            stage(&section.argument, &case).ok_or_else(|| format!("there is no stage `{}`", section.argument))??;
        if found.trim_end() == section.body.trim_end() {
            continue;
        }
        if update {
            case.replace(&section.argument, found);
        } else {
            problems.push(difference(&section, &found));
        }
    }
    if update {
        std::fs::write(path, case.text()).unwrap();
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn difference(section: &Section, found: &str) -> String {
    let diff = similar::TextDiff::from_lines(section.body.trim_end(), found.trim_end());
    format!("{}:\n{}", section.argument, diff.unified_diff().header("expected", "found"))
}
