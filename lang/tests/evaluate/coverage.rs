//! Every code that evaluation and the merging of inputs report has a case and a page.

use crate::{case, files, root};
use libtest_mimic::Failed;
use std::collections::BTreeSet;

/// Codes of what the checker finds first in a stack of text; unit tests try them.
const ELSEWHERE: &[&str] = &["E0601", "E0611", "E0616"];

pub fn every_code_is_tried() -> Result<(), Failed> {
    let mut tried = BTreeSet::new();
    for path in files() {
        for case in case::read_file(&path)? {
            for (_, expected) in case.expected {
                tried.extend(expected.split(|character: char| !character.is_alphanumeric()).map(str::to_owned));
            }
        }
    }
    let codes = reported();
    let pages = root().join("docs/diagnostics");
    let untried: Vec<&String> =
        codes.iter().filter(|code| !tried.contains(*code) && !ELSEWHERE.contains(&code.as_str())).collect();
    let unexplained: Vec<&String> = codes.iter().filter(|code| !pages.join(format!("{code}.md")).exists()).collect();
    if codes.len() > 20 && untried.is_empty() && unexplained.is_empty() {
        return Ok(());
    }
    Err(format!("{} codes\nwithout a case: {untried:?}\nwithout a page: {unexplained:?}", codes.len()).into())
}

/// The codes in the sources.
fn reported() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for folder in ["evaluate", "residual", "inputs", "explain"] {
        let directory = root().join("lang/src").join(folder);
        for entry in std::fs::read_dir(directory).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let quoted = text.split('"').skip(1).step_by(2);
            let is_code = |word: &&str| {
                word.len() == 5
                    && (word.starts_with("E0") || word.starts_with("W0"))
                    && word.bytes().skip(1).all(|byte| byte.is_ascii_digit())
            };
            codes.extend(quoted.filter(is_code).map(str::to_owned));
        }
    }
    codes
}
