//! Each lexical and syntactic code has a page, whose wrong example gives the code and whose right example is fine.
#![allow(clippy::disallowed_methods, reason = "tests read and write their cases")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use formwork_lang::syntax;
use formwork_model::{Diagnostic, FileId};
use std::collections::BTreeSet;

const SOURCES: [&str; 2] = [include_str!("../src/syntax/error.rs"), include_str!("../src/syntax/explain.rs")];

/// The codes that the sources name.
fn codes() -> BTreeSet<String> {
    let quoted = SOURCES.iter().flat_map(|source| source.split('"'));
    let is_code = |text: &&str| {
        text.len() == 5 && (text.starts_with("E01") || text.starts_with("E02")) && text[1..].parse::<u32>().is_ok()
    };
    quoted.filter(is_code).map(str::to_owned).collect()
}

fn page(code: &str) -> String {
    let path = format!("{}/../docs/diagnostics/{code}.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path} is missing"))
}

/// The example behind `heading`.
fn read_example(page: &str, heading: &str) -> Vec<Diagnostic> {
    let behind = page.split_once(&format!("\n{heading}:\n\n```")).expect("the example").1;
    let (language, behind) = behind.split_once('\n').unwrap();
    let text = behind.split_once("\n```").unwrap().0;
    match language {
        "fwvars" => syntax::parse_overlay(FileId(0), text).1,
        _ => syntax::parse(FileId(0), text).1,
    }
}

#[test]
fn every_code_has_a_page_that_holds() {
    let mut problems = Vec::new();
    for code in codes() {
        let page = page(&code);
        if !page.starts_with(&format!("# {code}: ")) {
            problems.push(format!("{code}: its heading is not its own"));
        }
        let wrong = read_example(&page, "Wrong");
        if !wrong.iter().any(|diagnostic| diagnostic.code.0 == code) {
            problems.push(format!("{code}: the wrong example gives {wrong:?}"));
        }
        let right = read_example(&page, "Right");
        if !right.is_empty() {
            problems.push(format!("{code}: the right example gives {right:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Every code has a case in the suite that gives it.
#[test]
fn every_code_has_a_case() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/suite/syntax");
    let mut cases = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        cases.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let missing: Vec<String> = codes().into_iter().filter(|code| !cases.contains(&format!(" {code} "))).collect();
    assert!(missing.is_empty(), "no case gives {missing:?}");
}
