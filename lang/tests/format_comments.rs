//! A comment in any gap between two tokens of the sources that there are: formatting keeps the meaning, and the comment
//! in its gap, and doing it twice is doing it once. `FORMWORK_FUZZ` takes every gap, else it is a sample.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "suite/same.rs"]
mod same;

use formwork_lang::{format, syntax};
use formwork_model::{Diagnostic, FileId};
use same::without_places;
use std::path::{Path, PathBuf};

/// What is put into a gap: behind what it follows, before what it precedes, and on lines of its own.
const COMMENTS: [&str; 6] =
    [" /* @@ */ ", " // @@\n", "\n// @@\n", "\n/* @@ */ ", " /* @@ */\n", " // @@\n\n/* @@ */ /* @@ */\n"];

/// Every so many gaps are tried, a different one of each source. A prime, so that all kinds of gaps come.
const STEP: usize = 59;

/// What an operator that ends its line may take along: it goes to the next line, its comment stays.
const OPERATORS: [&str; 14] = ["+", "*", "/", "%", "??", "<", "<=", ">", ">=", "==", "!=", "&&", "||", "|"];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Stack,
    Overlay,
}

impl Kind {
    /// The tree without places, where nothing is wrong.
    fn meaning(self, text: &str) -> Option<String> {
        let has_errors = |diagnostics: &[Diagnostic]| diagnostics.iter().any(Diagnostic::is_error);
        match self {
            Self::Stack => {
                let (tree, diagnostics) = syntax::parse(FileId(0), text);
                (!has_errors(&diagnostics)).then(|| without_places(&tree.items))
            }
            Self::Overlay => {
                let (tree, diagnostics) = syntax::parse_overlay(FileId(0), text);
                let extends = tree.extends.as_ref().map(|word| &word.text);
                (!has_errors(&diagnostics))
                    .then(|| without_places(&(tree.is_abstract.is_some(), extends, tree.entries)))
            }
        }
    }

    fn format(self, text: &str) -> Result<String, String> {
        let result = match self {
            Self::Stack => format::format(FileId(0), text),
            Self::Overlay => format::format_overlay(FileId(0), text),
        };
        result.map_err(|diagnostics| format!("it cannot be read: {diagnostics:?}\n{text}"))
    }
}

// ---- tokens -----------------------------------------------------------------------------------------------------

/// The tokens and comments of a text, with where they end.
fn tokens(text: &str) -> Vec<(&str, usize)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let length = token_length(&text[at..], first);
        if !first.is_whitespace() {
            tokens.push((text[at..at + length].trim_end(), at + length));
        }
        at += length;
    }
    tokens
}

fn token_length(rest: &str, first: char) -> usize {
    let up_to = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |length| from + length + end.len());
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        up_to("*/", 2)
    } else if rest.starts_with("'''") {
        up_to("'''", 3)
    } else if first == '\'' {
        up_to("'", 1)
    } else if first == '"' {
        text_length(rest)
    } else if is_word(first) {
        let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        // `1.5`
        let number = first.is_ascii_digit() && rest[length..].starts_with('.');
        if number && rest[length + 1..].starts_with(|next: char| next.is_ascii_digit()) {
            length + 1 + token_length(&rest[length + 1..], '0')
        } else {
            length
        }
    } else {
        let marks = ["...", "?.", "?[", "??", "==", "=>", "!=", "<=", ">=", "&&", "||", "->", "+="];
        marks.iter().find(|mark| rest.starts_with(**mark)).map_or(first.len_utf8(), |mark| mark.len())
    }
}

/// A text with its interpolations.
fn text_length(rest: &str) -> usize {
    let quotes = if rest.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
    let mut at = quotes.len();
    while at < rest.len() {
        if rest[at..].starts_with(quotes) {
            return at + quotes.len();
        }
        if rest[at..].starts_with("${") {
            at += 2;
            let mut depth = 1;
            while depth > 0 {
                let Some(first) = rest[at..].chars().next() else { return rest.len() };
                depth = match first {
                    '{' => depth + 1,
                    '}' => depth - 1,
                    _ => depth,
                };
                at += token_length(&rest[at..], first);
            }
            continue;
        }
        at += rest[at..]
            .chars()
            .take(if rest[at..].starts_with('\\') { 2 } else { 1 })
            .map(char::len_utf8)
            .sum::<usize>();
    }
    rest.len()
}

fn is_comment(token: &str) -> bool {
    token.starts_with("//") || token.starts_with("/*")
}

/// The comments in order, each with the length of the tokens before it and the one right before it. The style decides
/// over commas, and over parentheses around types and nothing.
fn comments(text: &str) -> Vec<(String, usize, &str)> {
    let mut comments = Vec::new();
    let (mut length, mut last) = (0, "");
    for (token, _) in tokens(text) {
        if is_comment(token) {
            comments.push((token.replace('\r', ""), length, last));
        } else if !matches!(token, "," | "(" | ")") {
            (length, last) = (length + token.len(), token);
        }
    }
    comments
}

// ---- the check --------------------------------------------------------------------------------------------------

fn check(kind: Kind, text: &str) -> Result<(), String> {
    let Some(meaning) = kind.meaning(text) else { return Ok(()) };
    let formatted = kind.format(text)?;
    let told = |what: &str, more: &str| Err(format!("{what}\n--- from\n{text}\n--- to\n{formatted}\n{more}"));
    let Ok(again) = kind.format(&formatted) else { return told("it cannot be read any more", "") };
    if kind.meaning(&formatted).as_ref() != Some(&meaning) {
        return told("the meaning changed", "");
    }
    if formatted != again {
        return told("formatting twice differs", &format!("--- then\n{again}"));
    }
    let (before, after) = (comments(text), comments(&formatted));
    let written =
        |comments: &[(String, usize, &str)]| comments.iter().map(|(text, ..)| text.clone()).collect::<Vec<_>>();
    if written(&before) != written(&after) {
        return told("comments were lost or changed their order", "");
    }
    for ((comment, from, last), (_, to, _)) in before.iter().zip(&after) {
        let went_down = *from == to + last.len() && OPERATORS.contains(last);
        if from != to && !went_down {
            return told(&format!("`{comment}` behind `{last}` moved"), "");
        }
    }
    Ok(())
}

/// The declarations of a source: what is between them needs no other declarations around.
fn pieces(kind: Kind, text: &str) -> Vec<String> {
    if kind == Kind::Overlay {
        return vec![text.to_owned()];
    }
    let (tree, _) = syntax::parse(FileId(0), text);
    let mut pieces = Vec::new();
    let mut start = 0;
    for item in &tree.items {
        let end = item.span.end as usize;
        pieces.push(format!("{}\n", &text[start..end]));
        start = end;
    }
    pieces
}

fn check_source(name: &str, kind: Kind, text: &str, step: usize, problems: &mut Vec<String>) -> usize {
    if kind.meaning(text).is_none() {
        return 0;
    }
    let mut number = name.len();
    let mut checked = 0;
    for piece in pieces(kind, text) {
        for (_, end) in std::iter::once(("", 0)).chain(tokens(&piece)) {
            for comment in COMMENTS {
                number += 1;
                if !number.is_multiple_of(step) {
                    continue;
                }
                checked += 1;
                let (before, behind) = piece.split_at(end);
                if let Err(problem) = check(kind, &format!("{before}{}{behind}", numbered(comment))) {
                    problems.push(format!("{name}: {problem}"));
                }
            }
        }
    }
    checked
}

/// Gives each comment a name of its own.
fn numbered(comment: &str) -> String {
    let mut parts = comment.split("@@");
    let first = parts.next().unwrap_or("").to_owned();
    parts.enumerate().fold(first, |text, (number, part)| format!("{text}new{number}{part}"))
}

// ---- the sources ------------------------------------------------------------------------------------------------

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The sources in a file: itself, or those of a case.
fn sources(path: &Path) -> Vec<(Kind, String)> {
    let kind = |name: &str| match name.rsplit('.').next() {
        Some("fw") => Some(Kind::Stack),
        Some("fwvars") => Some(Kind::Overlay),
        _ => None,
    };
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let name = path.to_string_lossy();
    if !name.ends_with(".test") {
        return kind(&name).map(|kind| (kind, text)).into_iter().collect();
    }
    let sections = text.split("\n=== ").filter_map(|section| section.strip_prefix("FILE "));
    let named = sections.filter_map(|section| section.split_once('\n'));
    named.filter_map(|(name, text)| kind(name.trim()).map(|kind| (kind, format!("{text}\n")))).collect()
}

fn check_folders(folders: &[&str]) {
    let step = if std::env::var_os("FORMWORK_FUZZ").is_some() { 1 } else { STEP };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = Vec::new();
    folders.iter().for_each(|folder| files(&root.join(folder), &mut paths));
    let (mut problems, mut checked) = (Vec::new(), 0);
    for path in paths {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        for (kind, text) in sources(&path) {
            checked += check_source(&name, kind, &text, step, &mut problems);
        }
    }
    assert!(checked > 200, "only {checked} gaps were found");
    let first = problems.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(problems.is_empty(), "{} of {checked}:\n{first}", problems.len());
}

#[test]
fn comments_stay_in_their_gaps_in_examples_and_modules() {
    check_folders(&["examples", "modules"]);
}

#[test]
fn comments_stay_in_their_gaps_in_all_forms_of_the_language() {
    check_folders(&["tests/suite/syntax", "tests/suite/format"]);
}
