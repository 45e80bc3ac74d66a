//! Checks the stacks of `tests/suite/check` and `tests/suite/overlay` and holds what is reported against what the case
//! expects, to the letter. `UPDATE_EXPECT=1` writes what is found.
//!
//! A file has several cases. `=== CASE title` begins one, `=== FILE path` a source of it (`formwork.toml` may be left
//! out), `=== EXPECT diagnostics` what is reported:
//!
//! ```text
//! main.fw:3:9 E0301 nothing is called `projct` here
//!   at: not found in this module
//!   label main.fw:1:7: declared here
//!   help: did you mean `project`?
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod case;
mod coverage;
mod page_schema;
mod pages;
#[path = "../suite/providers.rs"]
mod providers;
mod reading;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};

const SUITES: &[&str] = &["check", "overlay"];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        Trial::test("every diagnostic code has a case and a page", coverage::every_code_is_tried),
        Trial::test("every subtype rule has a case", coverage::every_rule_is_tried),
        Trial::test("every file of the suite has cases", no_file_is_forgotten),
        Trial::test("the pages show what is so", pages::show_what_is_so),
        Trial::test("what cannot be read is told", reading::what_cannot_be_read_is_told),
        Trial::test("what is no UTF-8 is told", reading::what_is_no_utf8_is_told),
    ];
    for suite in SUITES {
        for path in files(suite) {
            let name = format!("{suite}/{}", path.file_stem().unwrap().to_string_lossy());
            trials.push(Trial::test(name, move || case::run_file(&path).map_err(Failed::from)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(suite: &str) -> Vec<PathBuf> {
    let directory = root().join("tests/suite").join(suite);
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn no_file_is_forgotten() -> Result<(), Failed> {
    for suite in SUITES {
        for path in files(suite) {
            if path.extension().is_none_or(|extension| extension != "test") || case::read_file(&path).is_empty() {
                return Err(format!("{} has no cases", path.display()).into());
            }
        }
    }
    Ok(())
}
