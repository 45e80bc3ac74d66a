//! `explain CODE`: the page of a diagnostic. `explain ADDRESS.path` is in `provenance`.

use super::DONE;
use crate::arguments::{ExplainArguments, Global};
use crate::output;
use crate::project::{Answer, refusal};

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

pub(super) fn run(global: &Global, arguments: &ExplainArguments) -> Answer {
    let subject = arguments.subject.trim();
    if !is_code(subject) {
        return super::provenance::run(global, arguments);
    }
    let code = subject.to_ascii_uppercase();
    let page = PAGES.iter().find(|(known, _)| *known == code);
    let (_, page) = page.ok_or_else(|| {
        let message = format!("there is no diagnostic `{code}`");
        refusal("E0584", message, "codes look like E0312; they stand at the head of each message")
    })?;
    output::print(page);
    Ok(DONE)
}

/// `E0312`, `W0301`.
fn is_code(text: &str) -> bool {
    let mut characters = text.chars();
    matches!(characters.next(), Some('E' | 'e' | 'W' | 'w'))
        && text.len() == 5
        && characters.all(|character| character.is_ascii_digit())
}
