//! What a program can check of the repository itself: a page for each code, a first line for each file, no path of a
//! machine.

use super::trial;
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("tidy::each_code_has_a_page_and_each_page_a_code", each_code_has_a_page_and_each_page_a_code),
        trial("tidy::each_file_says_what_it_owns", each_file_says_what_it_owns),
        trial("tidy::no_file_names_a_machine", no_file_names_a_machine),
    ]
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files below the sources' folders with one of these endings.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["cli", "lang", "engine", "state", "providers", "tests", "benches", "docs", "examples", "modules"] {
        collect(&root().join(folder), endings, &mut found);
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            collect(&path, endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// Codes between double quotes in a text, or declared in it.
fn codes(text: &str) -> BTreeSet<String> {
    let is_code = |word: &str| {
        word.len() == 5 && word.starts_with(['E', 'W']) && word.bytes().skip(1).all(|byte| byte.is_ascii_digit())
    };
    // The checker declares its own as `E0302 error UnknownType { … }`.
    let declared = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let code = words.next()?;
        matches!(words.next(), Some("error" | "warning")).then_some(code)
    });
    text.split('"').chain(declared).filter(|word| is_code(word)).map(str::to_owned).collect()
}

fn each_code_has_a_page_and_each_page_a_code() {
    let used: BTreeSet<String> =
        files(&[".rs"]).iter().flat_map(|path| codes(&fs::read_to_string(path).unwrap())).collect();
    let mut pages = BTreeSet::new();
    for entry in fs::read_dir(root().join("docs/diagnostics")).unwrap() {
        let path = entry.unwrap().path();
        let code = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("# {code}")), "{code}: the heading names another code");
        pages.insert(code);
    }
    let without_page: Vec<_> = used.difference(&pages).collect();
    let without_code: Vec<_> = pages.difference(&used).collect();
    assert!(without_page.is_empty() && without_code.is_empty(), "no page: {without_page:?}; no code: {without_code:?}");
}

fn each_file_says_what_it_owns() {
    let silent: Vec<_> =
        files(&[".rs"]).into_iter().filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!")).collect();
    assert!(silent.is_empty(), "without `//!` on the first line: {silent:?}");
}

fn no_file_names_a_machine() {
    // Written in two parts, so that this file does not name one either.
    let machine = [concat!("/", "work/"), concat!("/", "root/")];
    let mut naming = Vec::new();
    for path in files(&[".rs", ".md", ".toml", ".fw", ".fwvars"]) {
        let text = fs::read_to_string(&path).unwrap();
        let names = |line: &&str| machine.iter().any(|place| line.contains(place));
        naming.extend(text.lines().filter(names).map(|line| format!("{}: {line}", path.display())));
    }
    assert!(naming.is_empty(), "{naming:#?}");
}
