//! The generated parser. Nothing outside of this folder sees a type of it.
#![allow(missing_docs, reason = "the derive makes items without docs")]

use pest::Parser;

#[derive(pest_derive::Parser)]
#[grammar = "syntax/grammar.pest"]
pub(super) struct Grammar;

pub(super) type Tokens<'i> = pest::iterators::Tokens<'i, Rule>;

/// Where reading stopped, as an offset in the text that was read, and what would have fitted there.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) offset: usize,
    pub(super) expected: Vec<Rule>,
}

/// Reads `text` as `rule`.
pub(super) fn read(rule: Rule, text: &str) -> Result<Tokens<'_>, Failure> {
    Grammar::parse(rule, text).map(pest::iterators::Pairs::tokens).map_err(|error| failure(&error))
}

fn failure(error: &pest::error::Error<Rule>) -> Failure {
    let offset = match error.location {
        pest::error::InputLocation::Pos(offset) | pest::error::InputLocation::Span((offset, _)) => offset,
    };
    let expected = match &error.variant {
        pest::error::ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        pest::error::ErrorVariant::CustomError { .. } => Vec::new(),
    };
    Failure { offset, expected }
}
