//! Every code of the checker has a case that reports it, and a page that explains it.

use crate::{SUITES, case, files, root};
use libtest_mimic::Failed;
use std::collections::BTreeSet;

pub(crate) fn every_code_is_tried() -> Result<(), Failed> {
    let mut tried: BTreeSet<String> = crate::reading::CODES.iter().map(|code| (*code).to_owned()).collect();
    for suite in SUITES {
        for path in files(suite) {
            for case in case::read_file(&path) {
                tried.extend(case.expected.lines().filter_map(|line| line.split(' ').nth(1)).map(str::to_owned));
            }
        }
    }
    let pages = root().join("docs/diagnostics");
    let untried: Vec<&str> =
        formwork_lang::check::CODES.iter().copied().flatten().copied().filter(|code| !tried.contains(*code)).collect();
    let unexplained: Vec<&str> = formwork_lang::check::CODES
        .iter()
        .copied()
        .flatten()
        .copied()
        .filter(|code| !pages.join(format!("{code}.md")).exists())
        .collect();
    if untried.is_empty() && unexplained.is_empty() {
        return Ok(());
    }
    Err(format!("without a case: {untried:?}\nwithout a page: {unexplained:?}").into())
}

/// Every rule of the reference that says what fits where is the title of a case.
pub(crate) fn every_rule_is_tried() -> Result<(), Failed> {
    let page = std::fs::read_to_string(root().join("docs/language.md"))?;
    let section = page.split_once("### What fits where").and_then(|(_, behind)| behind.split_once("\n### ")).unwrap().0;
    let cells =
        |line: &str| line.replace("\\|", "/").split('|').map(|cell| cell.trim().replace('`', "")).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = section.lines().filter(|line| line.starts_with("| ")).skip(1).map(cells).collect();
    let cases = case::read_file(&root().join("tests/suite/check/subtyping.test"));
    let is_tried = |rule: &String| cases.iter().any(|case| case.title == *rule);
    let rules = rows.iter().map(|cells| format!("{} to {}", cells[1], cells[2]));
    let untried: Vec<String> = rules.filter(|rule| !is_tried(rule)).collect();
    if rows.len() > 10 && untried.is_empty() {
        Ok(())
    } else {
        Err(format!("{} rules, without a case: {untried:#?}", rows.len()).into())
    }
}
