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
