//! Evaluates the stacks of `tests/suite/evaluate` and holds the graph against what the case expects, to the letter.
//! `UPDATE_EXPECT=1` writes what is found.
//!
//! A file has several cases. `=== CASE title` begins one, `=== FILE path` a source of it; `=== ENV name` selects the
//! environment, `=== VARFILE path` is `--var-file`, `=== VAR name=text` and `=== VARIABLE name=text` are `--var` and `FORMWORK_VAR_name`, `=== KNOWN` has
//! lines `address.attribute = json` of what is known of objects (or `env_var NAME = json`). What is expected:
//!
//! - `=== EXPECT graph`: the graph while nothing is known, or what is reported,
//! - `=== EXPECT known`: the graph with what `KNOWN` says,
//! - `=== EXPECT resolved`: the outputs, once what `KNOWN` says is filled in,
//! - `=== EXPECT explain PATH`: where a value comes from,
//! - `=== EXPECT difference NAME`: what the environment `NAME` has else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "tests read files")]
#![allow(unreachable_pub, reason = "a test is no library")]

mod case;
mod coverage;
#[path = "../suite/providers.rs"]
mod providers;
mod run;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        Trial::test("every code of evaluation has a case and a page", coverage::every_code_is_tried),
        Trial::test("every operator and form of expression has a case", coverage::every_operator_is_tried),
        Trial::test("what is printed for debugging shows no secret", run::debugging_shows_no_secret),
    ];
    for path in files() {
        let name = format!("evaluate/{}", path.file_stem().unwrap().to_string_lossy());
        trials.push(Trial::test(name, move || run_file(&path).map_err(Failed::from)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files() -> Vec<PathBuf> {
    let directory = root().join("tests/suite/evaluate");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn run_file(path: &Path) -> Result<(), String> {
    let update = std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1");
    let mut cases = case::read_file(path)?;
    let mut failures = String::new();
    for case in &mut cases {
        for index in 0..case.expected.len() {
            let (what, expected) = case.expected[index].clone();
            let found = run::run(case, &what);
            if found.trim_end() != expected.trim_end() {
                failures.push_str(&format!("--- {}: {what}\nfound:\n{found}\nexpected:\n{expected}\n", case.title));
                case.expected[index].1 = found.trim_end().to_owned();
            }
        }
        if case.expected.is_empty() {
            failures.push_str(&format!("--- {}: expects nothing\n", case.title));
        }
    }
    if update && !failures.is_empty() {
        std::fs::write(path, case::written(&cases)).unwrap();
        return Ok(());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}
