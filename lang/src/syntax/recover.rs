//! What is done with a block that cannot be read: say what is wrong, replace the smallest stretch that is spoiled by
//! something that fits everything, and read again. Offsets never move, so all places stay true.

use super::brackets;
use super::diagnose;
use super::error::SyntaxError;
use super::grammar::{self, Rule};
use super::heredoc;
use super::indented::{self, Nested};
use super::nodes::{self, Nodes};
use super::scan::{Kind, Scan, Token, scan};
use super::split::KEYWORDS;
use crate::tree::Word;
use formwork_model::{FileId, Span};
use std::ops::Range;

/// How often a block is read again.
const ATTEMPTS: usize = 20;

/// How many broken characters and texts of a block are told.
const LEXICAL: usize = 100;

/// What a spoiled stretch is replaced with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// An entry that fits everything: a spread of a broken value.
    Entry,
    /// A value that fits everything.
    Value,
    /// Nothing.
    Blank,
    /// A single character.
    Character(char),
}

/// What is to be said and done about an error.
#[derive(Debug)]
pub(super) struct Repair {
    pub(super) error: SyntaxError,
    pub(super) range: Range<usize>,
    pub(super) fill: Fill,
}

/// A stretch that was replaced.
#[derive(Clone, Debug)]
struct Damage {
    range: Range<usize>,
    fill: Fill,
}

/// What could be saved of a block.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// What could be read.
    pub(super) nodes: Option<Nodes>,
    /// What is wrong.
    pub(super) errors: Vec<SyntaxError>,
    /// Where values stand that fit everything.
    pub(super) damaged: Vec<Span>,
    /// Names of declarations that were lost.
    pub(super) lost: Vec<Word>,
}

/// Reads a broken stretch of a file as `rule`.
pub(super) fn recover(rule: Rule, file: FileId, whole: &str, range: Range<usize>) -> Recovered {
    let original = whole.get(range.clone()).unwrap_or("");
    let mut recovery = Recovery {
        rule,
        file,
        base: range.start,
        original,
        text: original.to_owned(),
        damages: Vec::new(),
        result: Recovered::default(),
    };
    recovery.run(whole);
    recovery.result
}

pub(super) struct Recovery<'t> {
    rule: Rule,
    file: FileId,
    base: usize,
    original: &'t str,
    /// The text with what was spoiled replaced.
    text: String,
    damages: Vec<Damage>,
    result: Recovered,
}

impl Recovery<'_> {
    fn run(&mut self, whole: &str) {
        for repair in heredoc::find(&self.text, self.file, self.base) {
            self.apply(repair);
        }
        for Nested { error, range, fill } in indented::find(&self.text, &self.scan(), self.rule == Rule::overlay) {
            self.result.errors.extend(error.map(|error| error.at(|range| self.span(range))));
            self.damage(range, fill);
        }
        self.repair_lexical();
        let scan = self.scan();
        if scan.depth > super::MAX_NESTING as usize {
            return self.give_up_too_deep(&scan);
        }
        let fixed = brackets::repairs(&scan, &self.text, self.file, self.base);
        for repair in fixed.repairs {
            self.apply(repair);
        }
        self.text.push_str(&fixed.closers);
        self.result.errors.extend(fixed.errors);
        self.read(whole);
    }

    fn scan(&self) -> Scan {
        scan(&self.text, self.file, self.base)
    }

    fn repair_lexical(&mut self) {
        for (error, start, end) in self.scan().lexical.into_iter().take(LEXICAL) {
            let fill = match error {
                SyntaxError::UnexpectedCharacter { .. } if stands_for_a_value(&self.text, start, end) => Fill::Value,
                SyntaxError::UnexpectedCharacter { .. } | SyntaxError::UnclosedComment { .. } => Fill::Blank,
                _ => Fill::Value,
            };
            self.apply(Repair { error, range: start..end, fill });
        }
    }

    fn give_up_too_deep(&mut self, scan: &Scan) {
        let deepest = scan.tokens.iter().find(|token| token.kind == Kind::Open);
        let range = deepest.map_or(0..0, |token| token.start..token.end);
        self.result.errors.push(SyntaxError::TooDeep { span: self.span(range) });
        self.lose(scan, 0..self.text.len());
    }

    fn read(&mut self, whole: &str) {
        // Twice as often as errors are reported: some repairs take a second step.
        for _ in 0..ATTEMPTS * 2 {
            let failure = match grammar::read(self.rule, &self.text) {
                Ok(tokens) => {
                    self.result.nodes =
                        Some(nodes::flatten(tokens, whole, self.file, self.base as u32, self.original.len()));
                    return;
                }
                Err(failure) => failure,
            };
            let scan = self.scan();
            if self.escalate(&scan, failure.offset) {
                continue;
            }
            if self.result.errors.len() >= ATTEMPTS {
                break;
            }
            let diagnosis = diagnose::Diagnosis {
                rule: self.rule,
                text: &self.text,
                scan: &scan,
                file: self.file,
                base: self.base,
                length: self.original.len(),
                offset: failure.offset,
                expected: &failure.expected,
            };
            let repair = diagnosis.repair();
            if repair.range.is_empty() {
                self.result.errors.push(repair.error);
                break;
            }
            if repair.fill == Fill::Blank {
                self.lose(&scan, repair.range.clone());
            }
            self.apply(repair);
        }
        let scan = self.scan();
        self.lose(&scan, 0..self.text.len());
    }

    fn apply(&mut self, repair: Repair) {
        self.result.errors.push(repair.error);
        self.damage(repair.range, repair.fill);
    }

    /// Replaces a stretch. Line breaks stay, and with them what they separate.
    fn damage(&mut self, range: Range<usize>, fill: Fill) {
        let Some(old) = self.text.get(range.clone()) else { return };
        let new = filling(old, fill);
        self.text.replace_range(range.clone(), &new);
        let span = self.span(range.clone());
        self.result.damaged.push(span);
        self.damages.push(Damage { range, fill });
    }

    /// When reading stops where something was replaced, the replacement did not fit: take the next larger one.
    fn escalate(&mut self, scan: &Scan, offset: usize) -> bool {
        let Some(index) = self.damages.iter().rposition(|damage| touches(&damage.range, offset, &self.text)) else {
            return false;
        };
        let damage = self.damages.remove(index);
        let at_top = |range: &Range<usize>| scan.statement_at(range.start) == *range;
        let (range, fill) = match damage.fill {
            Fill::Entry | Fill::Value => (damage.range, Fill::Blank),
            Fill::Blank if at_top(&damage.range) => return false,
            Fill::Blank | Fill::Character(_) => scan.around(&damage.range),
        };
        if fill == Fill::Blank {
            self.lose(scan, range.clone());
        }
        self.damage(range, fill);
        true
    }

    /// Remembers the names of declarations that a blanked stretch takes with it.
    fn lose(&mut self, scan: &Scan, range: Range<usize>) {
        for (index, token) in scan.tokens.iter().enumerate() {
            let starts =
                token.first && token.parent.is_none() && token.kind == Kind::Word && range.contains(&token.start);
            if starts && KEYWORDS.contains(&self.token_text(token)) {
                self.lose_name(scan.tokens.get(index + 1..).unwrap_or(&[]));
            }
        }
    }

    fn lose_name(&mut self, behind: &[Token]) {
        if let Some(token) = behind.first().filter(|token| token.kind == Kind::Word) {
            let span = self.span(token.start..token.end);
            let text = self.token_text(token).into();
            self.result.lost.push(Word { text, span });
        }
    }

    fn token_text(&self, token: &Token) -> &str {
        self.original.get(token.start..token.end).unwrap_or("")
    }

    fn span(&self, range: Range<usize>) -> Span {
        let end = range.end.min(self.original.len());
        Span::new(self.file, (self.base + range.start.min(end)) as u32, (self.base + end) as u32)
    }
}

/// Whether nothing but blanks lies between a stretch and `offset`, or `offset` lies in it.
fn touches(range: &Range<usize>, offset: usize, text: &str) -> bool {
    if range.start <= offset && offset <= range.end {
        return true;
    }
    text.get(range.end..offset).is_some_and(|between| between.bytes().all(|byte| matches!(byte, b' ' | b'\t')))
}

/// Whether a value would stand here.
pub(super) fn stands_for_a_value(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or("").trim_end_matches([' ', '\t']);
    let behind = text.get(end..).unwrap_or("").trim_start_matches([' ', '\t', '\r']);
    before.ends_with(['=', '(', '[', ',', '+', '-', '*', '/', '<', '>', '|', '&', '?'])
        && (behind.is_empty() || behind.starts_with(['\n', ',', ')', ']', '}']))
}

/// As many bytes as `old` has.
fn filling(old: &str, fill: Fill) -> String {
    match fill {
        Fill::Character(character) => character.to_string(),
        Fill::Entry if old.len() > 3 => format!("...{}", "_".repeat(old.len() - 3)),
        Fill::Value | Fill::Entry if !old.is_empty() => "_".repeat(old.len()),
        _ => old.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect(),
    }
}
