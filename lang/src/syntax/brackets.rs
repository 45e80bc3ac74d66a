//! Brackets that do not match. Which one is wrong is told by indentation: a bracket that closes a line's bracket stands
//! as far in as that line.

use super::error::SyntaxError;
use super::recover::{Fill, Repair};
use super::scan::{Kind, Scan, Token};
use formwork_model::{FileId, Span};

/// What to do about the brackets of a block.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    pub(super) repairs: Vec<Repair>,
    /// Errors that need no replacement, because closers are added at the end.
    pub(super) errors: Vec<SyntaxError>,
    /// What closes all that is still open at the end.
    pub(super) closers: String,
}

/// Looks for brackets that do not match.
pub(super) fn repairs(scan: &Scan, text: &str, file: FileId, base: usize) -> Fixed {
    let mut matcher = Matcher { scan, text, file, base, open: Vec::new(), fixed: Fixed::default() };
    for (index, token) in scan.tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => matcher.open.push(index),
            Kind::Close => matcher.close(index, *token),
            _ => {}
        }
    }
    matcher.finish();
    matcher.fixed
}

struct Matcher<'s> {
    scan: &'s Scan,
    text: &'s str,
    file: FileId,
    base: usize,
    open: Vec<usize>,
    fixed: Fixed,
}

fn closer(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

impl Matcher<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, (self.base + start) as u32, (self.base + end) as u32)
    }

    fn character(&self, token: Token) -> char {
        self.text.get(token.start..).and_then(|rest| rest.chars().next()).unwrap_or(' ')
    }

    fn opener(&self, level: usize) -> Option<Token> {
        self.scan.tokens.get(*self.open.get(level)?).copied()
    }

    fn close(&mut self, index: usize, token: Token) {
        let character = self.character(token);
        let Some(top) = self.open.len().checked_sub(1).and_then(|level| self.opener(level)) else {
            let span = self.span(token.start, token.end);
            let error = SyntaxError::StrayBracket { span, bracket: character, open: None };
            let value = super::recover::stands_for_a_value(self.text, token.start, token.end);
            let fill = if value { Fill::Value } else { Fill::Blank };
            return self.fixed.repairs.push(Repair { error, range: token.start..token.end, fill });
        };
        let fits = closer(self.character(top)) == character;
        let outdented = token.first && token.indentation < top.indentation;
        if let Some(level) = self.outer(token, character).filter(|_| !fits || outdented) {
            self.close_outer(level, None);
        } else if fits {
            self.open.pop();
        } else if let Some(level) = self.outer_on_line(token, character) {
            self.close_outer(level, Some(index));
        } else {
            self.replace(token, character, top);
        }
    }

    /// The level of an outer bracket that this one closes, judged by indentation.
    fn outer(&self, token: Token, character: char) -> Option<usize> {
        let levels = 0..self.open.len().saturating_sub(1);
        levels.rev().find(|level| {
            token.first
                && self.opener(*level).is_some_and(|opener| {
                    closer(self.character(opener)) == character && opener.indentation == token.indentation
                })
        })
    }

    /// The level of an outer bracket on the same line that this one closes.
    fn outer_on_line(&self, token: Token, character: char) -> Option<usize> {
        let levels = 0..self.open.len().saturating_sub(1);
        levels.rev().find(|level| {
            self.opener(*level).is_some_and(|opener| {
                let between = self.text.get(opener.start..token.start).unwrap_or("\n");
                closer(self.character(opener)) == character && !between.contains('\n')
            })
        })
    }

    /// What was opened inside of `level` was never closed; it ends before the token `closer`, or where indentation
    /// says.
    fn close_outer(&mut self, level: usize, closer: Option<usize>) {
        let end = closer.and_then(|index| self.scan.tokens.get(index.checked_sub(1)?)).map(|token| token.end);
        for inner in self.open.split_off(level + 1) {
            self.unclosed(inner, end);
        }
        self.open.pop();
    }

    fn replace(&mut self, token: Token, character: char, top: Token) {
        let opened = self.character(top);
        let error = SyntaxError::StrayBracket {
            span: self.span(token.start, token.end),
            bracket: character,
            open: Some((self.span(top.start, top.end), opened)),
        };
        let fill = Fill::Character(closer(opened));
        self.fixed.repairs.push(Repair { error, range: token.start..token.end, fill });
        self.open.pop();
    }

    /// An opener whose end is told by the next line that is indented no further.
    fn unclosed(&mut self, index: usize, end: Option<usize>) {
        let Some(token) = self.scan.tokens.get(index).copied() else { return };
        let already = self.fixed.repairs.iter().any(|repair| repair.range.contains(&token.start));
        if already {
            return;
        }
        let end = end.or_else(|| self.end_by_indentation(index)).unwrap_or(self.text.len());
        let start = self.scan.entry_start(index);
        let error = self.unclosed_error(token, end);
        let fill = self.scan.fill_at(index);
        self.fixed.repairs.push(Repair { error, range: start..end, fill });
    }

    fn unclosed_error(&self, token: Token, end: usize) -> SyntaxError {
        let open = self.span(token.start, token.end);
        SyntaxError::Unclosed { open, bracket: self.character(token), span: self.span(end, end) }
    }

    /// The end of the last token before the first line behind `index` that is indented no further than its own.
    fn end_by_indentation(&self, index: usize) -> Option<usize> {
        let opener = self.scan.tokens.get(index)?;
        let behind = self.scan.tokens.get(index + 1..)?;
        let length = behind.iter().position(|token| token.first && token.indentation <= opener.indentation)?;
        let last = self.scan.tokens.get(index + length)?;
        Some(last.end)
    }

    fn finish(&mut self) {
        let end = self.scan.tokens.last().map_or(0, |token| token.end);
        for index in std::mem::take(&mut self.open).into_iter().rev() {
            let Some(token) = self.scan.tokens.get(index).copied() else { continue };
            if self.end_by_indentation(index).is_some() {
                self.unclosed(index, None);
            } else {
                self.fixed.errors.push(self.unclosed_error(token, end));
                self.fixed.closers.push(closer(self.character(token)));
            }
        }
        if !self.fixed.closers.is_empty() {
            // On a line of its own, so that it closes nothing in a comment.
            self.fixed.closers.insert(0, '\n');
        }
    }
}
