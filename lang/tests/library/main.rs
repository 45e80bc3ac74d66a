//! Holds the standard library against its cases in `tests/suite/library` and its examples, and `docs/functions.md`
//! against its table. `UPDATE_EXPECT=1` writes what is found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod evaluate;
mod files;
mod reference;
mod write;

use evaluate::Failure;
use formwork_lang::library::{self, FUNCTIONS};
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        Trial::test("every function has cases, and every case file a function", no_file_is_forgotten),
        Trial::test("docs/functions.md is the table of functions", reference::is_current),
    ];
    for function in FUNCTIONS {
        trials.push(Trial::test(format!("examples of {}", function.name), || check_examples(function)));
        trials.push(Trial::test(format!("cases of {}", function.name), || check_cases(function.name)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn suite() -> PathBuf {
    root().join("tests/suite/library")
}

fn updates() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1")
}

fn no_file_is_forgotten() -> Result<(), Failed> {
    let mut found: Vec<String> =
        fs::read_dir(suite())?.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    let expected: Vec<String> = FUNCTIONS.iter().map(|function| format!("{}.test", function.name)).collect();
    if found == expected { Ok(()) } else { Err(format!("files: {found:?}\nfunctions: {expected:?}").into()) }
}

fn check_examples(function: &library::LibraryFunction) -> Result<(), Failed> {
    for (call, value) in function.examples {
        let found = result_of(call);
        let expected = result_of(value);
        if found != expected {
            return Err(format!("{call}\n  found    {found}\n  expected {expected}").into());
        }
    }
    Ok(())
}

/// The value as it is written, or `error(PARAMETER): message | help`.
fn result_of(expression: &str) -> String {
    match evaluate::text(expression) {
        Ok(value) => write::value(&value),
        Err(Failure { parameter, message, help }) => {
            let place = parameter.map(|name| format!("({name})")).unwrap_or_default();
            let help = help.map(|help| format!(" | {help}")).unwrap_or_default();
            format!("error{place}: {message}{help}").replace('\n', "\\n")
        }
    }
}

fn check_cases(name: &str) -> Result<(), Failed> {
    let path = suite().join(format!("{name}.test"));
    let text = fs::read_to_string(&path)?;
    let cases = text.strip_prefix("=== CASES\n").ok_or("a case file begins with `=== CASES`")?;
    let calls: Vec<&str> = cases.lines().filter(|line| !line.is_empty()).map(call_of).collect();
    if calls.len() < 3 || !calls.iter().any(|call| call.contains(&format!("{name}("))) {
        return Err(format!("{name}.test needs at least three cases that call it").into());
    }
    let found: String = calls.iter().map(|call| format!("{call} => {}\n", result_of(call))).collect();
    let found = format!("=== CASES\n{found}");
    if updates() {
        fs::write(&path, &found)?;
        return Ok(());
    }
    let difference = found.lines().zip(text.lines()).find(|(found, expected)| found != expected);
    match difference {
        Some((found, expected)) => Err(format!("  found    {found}\n  expected {expected}").into()),
        None if found == text => Ok(()),
        None => Err("lines are missing, or there are too many".into()),
    }
}

/// What stands before ` => `.
fn call_of(line: &str) -> &str {
    line.split_once(" => ").map_or(line, |(call, _)| call)
}
