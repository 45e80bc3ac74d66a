//! The pages of the checker's codes: what is shown as wrong is reported with the code, what is shown as right is not
//! reported at all.

use crate::{case, page_schema, root};
use formwork_lang::check::CODES;
use libtest_mimic::Failed;
use std::collections::BTreeMap;

/// The files that a section of a page shows, by name.
fn examples(page: &str, heading: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let Some((_, section)) = page.split_once(&format!("\n{heading}:\n")) else { return files };
    let section = if heading == "Wrong" { section.split("\nRight:\n").next().unwrap_or("") } else { section };
    let mut name = "main.fw".to_owned();
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if let Some(other) = line.strip_prefix('`').and_then(|rest| rest.strip_suffix("`:")) {
            other.clone_into(&mut name);
        } else if line.starts_with("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            files.insert(std::mem::replace(&mut name, "main.fw".to_owned()), body.join("\n") + "\n");
        }
    }
    files
}

/// The codes that are reported of what a section shows.
fn reported(page: &str, heading: &str) -> Vec<String> {
    let (report, _) = case::report(&examples(page, heading), page_schema::PROVIDERS);
    let diagnostics = report.lines().filter(|line| !line.starts_with("  "));
    diagnostics.filter_map(|line| line.split(' ').find(|word| is_code(word))).map(str::to_owned).collect()
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with(['E', 'W']) && word[1..].chars().all(|character| character.is_ascii_digit())
}

pub(crate) fn show_what_is_so() -> Result<(), Failed> {
    let mut mistakes = Vec::new();
    for code in CODES.iter().copied().flatten() {
        let page = std::fs::read_to_string(root().join(format!("docs/diagnostics/{code}.md")))?;
        if examples(&page, "Wrong").is_empty() {
            continue;
        }
        let wrong = reported(&page, "Wrong");
        if wrong.iter().any(|found| found != code) || wrong.is_empty() {
            mistakes.push(format!("{code}: what is wrong reports {wrong:?}"));
        }
        let right = reported(&page, "Right");
        // What stays deprecated is told of as long as it is declared and set, not where it is avoided.
        if !right.is_empty() {
            mistakes.push(format!("{code}: what is right reports {right:?}"));
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("\n").into()) }
}
