//! What `docs/language.md` shows is read without complaint.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use formwork_lang::{manifest, syntax};
use formwork_model::{Diagnostic, FileId};

/// The examples fenced as `language`, each with the line it begins on.
fn examples(page: &str, language: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == format!("```{language}") {
            let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            found.push((number + 1, body.join("\n") + "\n"));
        }
    }
    found
}

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md")).unwrap()
}

fn assert_clean(line: usize, diagnostics: &[Diagnostic]) {
    let messages: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    assert!(messages.is_empty(), "docs/language.md, example on line {line}: {messages:?}");
}

#[test]
fn modules_are_read() {
    let examples = examples(&page(), "fw");
    assert!(examples.len() > 10);
    for (line, text) in examples {
        assert_clean(line, &syntax::parse(FileId(0), &text).1);
    }
}

#[test]
fn overlays_are_read() {
    let examples = examples(&page(), "fwvars");
    assert!(examples.len() >= 2);
    for (line, text) in examples {
        assert_clean(line, &syntax::parse_overlay(FileId(0), &text).1);
    }
}

#[test]
fn manifests_are_read() {
    for (line, text) in examples(&page(), "toml") {
        assert_clean(line, &manifest::parse(FileId(0), &text).1);
    }
}

#[test]
fn links_within_the_page_lead_somewhere() {
    let page = page();
    let anchor = |heading: &str| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|character| character.is_alphanumeric() || *character == '-').collect::<String>()
    };
    let anchors: Vec<String> = page
        .lines()
        .filter(|line| line.starts_with("##"))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();
    for link in page.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(anchors.iter().any(|anchor| anchor == link), "#{link} is not among {anchors:?}");
    }
}
