//! What the suite as a whole has to try: every area has a runner, every code of the documentation has a case.

use super::{AREAS, root};
use libtest_mimic::{Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Areas that the tests of the language run.
const LANGUAGE: &[&str] = &["check", "evaluate", "format", "library", "overlay", "syntax"];

/// The suite never has fewer cases.
const FEWEST: usize = 300;

/// Codes that a test of another kind tries, and which.
const ELSEWHERE: &[(&str, &str)] = &[
    ("E0335", "lang/tests/check/reading.rs"),
    ("E0336", "lang/tests/check/reading.rs"),
    ("E0562", "lang/src/manifest/tests.rs"),
    ("E0599", "tests/program/signals.rs"),
    ("E0601", "lang/src/evaluate/tests_graph.rs"),
    ("E0611", "lang/src/evaluate/tests_graph.rs"),
    ("E0616", "lang/src/evaluate/tests_graph.rs"),
    ("E1001", "engine/tests/plan/refused.rs"),
    ("E1007", "engine/tests/plan/refused.rs"),
    ("E1015", "engine/tests/plan/refused.rs"),
    ("E1018", "engine/tests/plan/refused.rs"),
    ("E1019", "engine/tests/plan/refused.rs"),
    ("E1020", "engine/tests/plan/refused.rs"),
    ("E1022", "engine/tests/plan/refused.rs"),
    ("E1033", "engine/tests/plan/file.rs"),
    ("E1037", "engine/tests/plan/file.rs"),
    ("E1090", "lang/src/residual/tests.rs"),
    ("E2001", "engine/tests/apply/broken.rs"),
    ("E2002", "engine/tests/apply/broken.rs"),
    ("E2010", "engine/tests/apply/broken.rs"),
    ("E2011", "engine/tests/apply/broken.rs"),
    ("E3002", "state/tests/local.rs"),
    ("E3003", "state/tests/damage.rs"),
    ("E3005", "state/tests/damage.rs"),
    ("E3009", "state/src/codec/tests.rs"),
    ("E3010", "state/tests/processes/disk.rs"),
    ("E3011", "state/tests/processes/disk.rs"),
    ("E3013", "state/tests/local.rs"),
    ("E3014", "state/tests/local.rs"),
    ("E4106", "providers/api/tests/check.rs"),
    ("E4107", "providers/api/tests/check.rs"),
    ("E4109", "providers/api/tests/check.rs"),
    ("E4110", "providers/api/tests/check.rs"),
    ("E5001", "tests/program/sandbox/mod.rs"),
    ("E5002", "tests/program/sandbox/mod.rs"),
    ("E5003", "tests/program/sandbox/mod.rs"),
    ("E5004", "tests/program/sandbox/mod.rs"),
    ("E5005", "tests/program/sandbox/mod.rs"),
    ("E5006", "tests/program/sandbox/mod.rs"),
    ("E5007", "tests/program/sandbox/mod.rs"),
    ("E5008", "tests/program/sandbox/mod.rs"),
    ("E5009", "tests/program/sandbox/mod.rs"),
    ("E5010", "tests/program/sandbox/mod.rs"),
    ("W3001", "state/tests/damage.rs"),
    ("W3002", "state/tests/damage.rs"),
];

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("suite::every area has a runner, and cases enough", || {
            every_area_has_a_runner().map_err(Failed::from)
        }),
        Trial::test("suite::every code has a case", || every_code_has_a_case().map_err(Failed::from)),
    ]
}

fn cases() -> BTreeMap<PathBuf, String> {
    let mut cases = BTreeMap::new();
    for area in std::fs::read_dir(root().join("tests/suite")).unwrap() {
        for entry in std::fs::read_dir(area.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            cases.insert(path.clone(), std::fs::read_to_string(path).unwrap());
        }
    }
    cases
}

fn every_area_has_a_runner() -> Result<(), String> {
    let mut count = 0;
    for (path, text) in cases() {
        let area = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        if !AREAS.contains(&area.as_str()) && !LANGUAGE.contains(&area.as_str()) {
            return Err(format!("nobody runs {}", path.display()));
        }
        count += text.lines().filter(|line| line.starts_with("=== CASE ")).count().max(1);
    }
    if count < FEWEST { Err(format!("only {count} cases")) } else { Ok(()) }
}

/// Words of the expectations: what follows `=== EXPECT`, up to the next section.
fn expected(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split("\n=== EXPECT").skip(1).map(|behind| behind.split("\n=== ").next().unwrap_or(""));
    behind.flat_map(|body| body.split(|character: char| !character.is_ascii_alphanumeric()))
}

fn every_code_has_a_case() -> Result<(), String> {
    let cases = cases();
    let tried: BTreeSet<&str> = cases.values().flat_map(|text| expected(text)).collect();
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(root().join("docs/diagnostics")).unwrap() {
        let page = entry.unwrap().path();
        let code = page.file_stem().unwrap().to_string_lossy().into_owned();
        let elsewhere = ELSEWHERE.iter().find(|(known, _)| *known == code);
        match (tried.contains(code.as_str()), elsewhere) {
            (true, None) => {}
            (true, Some(_)) => problems.push(format!("{code} has a case: take it off the list")),
            (false, None) => problems.push(format!("{code} has no case")),
            (false, Some((_, test))) => {
                let text = std::fs::read_to_string(root().join(test)).unwrap_or_default();
                if !text.contains(&code) {
                    problems.push(format!("{code} is not tried by {test}"));
                }
            }
        }
    }
    problems.sort();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
