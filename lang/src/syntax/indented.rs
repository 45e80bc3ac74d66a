//! What is nested by indentation, as in YAML. It is looked for before anything else is: each of its lines would be an
//! error of its own.

use super::error::{Indented, SyntaxError};
use super::recover::Fill;
use super::scan::{Kind, Scan, Token};
use ecow::EcoString;
use formwork_model::Span;
use std::ops::Range;

/// A stretch that is replaced; of several only the first is told.
pub(super) struct Nested {
    pub(super) error: Option<Told>,
    pub(super) range: Range<usize>,
    pub(super) fill: Fill,
}

/// What is told of it, and where.
pub(super) struct Told {
    range: Range<usize>,
    what: Indented,
    key: EcoString,
}

impl Told {
    pub(super) fn at(self, span: impl FnOnce(Range<usize>) -> Span) -> SyntaxError {
        SyntaxError::Indented { span: span(self.range), what: self.what, key: self.key }
    }
}

/// All that is nested by indentation. At the top of a file of declarations there is none.
pub(super) fn find(text: &str, scan: &Scan, is_overlay: bool) -> Vec<Nested> {
    let look = Look { text, tokens: &scan.tokens, is_overlay };
    let mut found: Vec<Nested> = Vec::new();
    let mut index = 0;
    while let Some(token) = look.token(index) {
        index += 1;
        if found.last().is_some_and(|last| token.start < last.range.end) {
            continue;
        }
        if let Some(nested) = look.entry(index - 1).or_else(|| look.document(index - 1)) {
            found.push(nested);
        } else if let Some(items) = look.items(index - 1) {
            found.extend(items);
        }
    }
    found
}

struct Look<'t> {
    text: &'t str,
    tokens: &'t [Token],
    is_overlay: bool,
}

impl Look<'_> {
    fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    fn is(&self, token: Option<Token>, text: &str) -> bool {
        token.is_some_and(|token| self.text.get(token.start..token.end) == Some(text))
    }

    /// `key:` or `key =` with nothing behind it but lines that are indented deeper.
    fn entry(&self, index: usize) -> Option<Nested> {
        let key = self.token(index).filter(|key| key.first && key.kind == Kind::Word)?;
        let mark = self.token(index + 1).filter(|mark| !mark.first)?;
        if (key.parent.is_none() && !self.is_overlay) || !(self.is(Some(mark), ":") || self.is(Some(mark), "=")) {
            return None;
        }
        let line_end = self.text.get(mark.end..)?.find('\n').map(|length| mark.end + length)?;
        let is_text = is_text_mark(self.text.get(mark.end..line_end)?.trim());
        let rest = self.tokens.get(index + 2..)?.iter();
        let first = index + 2 + rest.into_iter().position(|token| token.start > line_end)?;
        if !is_text && first != index + 2 {
            return None;
        }
        let nested = self.nested(key, first)?;
        let what = if is_text { Indented::Text } else { self.kind_of(first)? };
        let key_text = self.text.get(key.start..key.end)?;
        let fill = if key.parent.is_none() { Fill::Blank } else { Fill::Entry };
        let error = Told { range: mark.start..mark.end, what, key: key_text.into() };
        Some(Nested { error: Some(error), range: key.start..nested, fill })
    }

    /// `---` on a line of its own.
    fn document(&self, index: usize) -> Option<Nested> {
        let first = self.token(index).filter(|first| first.first && first.parent.is_none())?;
        let line = self.text.get(first.start..)?.lines().next()?.trim_end();
        let range = first.start..first.start + line.len();
        let error = Told { range: range.clone(), what: Indented::Document, key: EcoString::new() };
        (line == "---").then_some(Nested { error: Some(error), range, fill: Fill::Blank })
    }

    /// The end of the lines from token `first` on that are indented deeper than `key`.
    fn nested(&self, key: Token, first: usize) -> Option<usize> {
        let behind = self.tokens.get(first..)?.iter();
        let deeper = behind.take_while(|token| token.indentation > key.indentation);
        deeper.last().map(|last| last.end)
    }

    /// Whether lines that begin with a token are a record or a list of YAML's.
    fn kind_of(&self, first: usize) -> Option<Indented> {
        if self.is_item(first) {
            return Some(Indented::List);
        }
        let is_key = self.token(first).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Text));
        (is_key && self.is(self.token(first + 1), ":")).then_some(Indented::Record)
    }

    /// `- "text"`, `- name: x`, `- word` followed by another such line: no negative number.
    fn is_item(&self, index: usize) -> bool {
        let Some(dash) = self.token(index).filter(|dash| dash.first && self.is(Some(*dash), "-")) else { return false };
        let Some(item) = self.token(index + 1).filter(|item| !item.first && item.start > dash.end) else {
            return false;
        };
        let is_number =
            self.text.get(item.start..).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        let is_pair = self.is(self.token(index + 2), ":") || self.is(self.token(index + 2), "=");
        item.kind == Kind::Text || is_pair || (item.kind == Kind::Word && !is_number && self.follows(dash, index + 2))
    }

    /// Whether another line with a `-` at the same place comes next.
    fn follows(&self, dash: Token, from: usize) -> bool {
        let next = self.tokens.get(from..).unwrap_or(&[]).iter().find(|token| token.first);
        next.is_some_and(|next| self.is(Some(*next), "-") && next.indentation == dash.indentation)
    }

    /// `[`, and lines with `- item` in it: the dashes go.
    fn items(&self, index: usize) -> Option<Vec<Nested>> {
        let open = self.token(index).filter(|open| self.is(Some(*open), "["))?;
        let first = self.token(index + 1).filter(|first| first.first && self.is_item(index + 1))?;
        let dashes = self.tokens.iter().skip(index + 1).take_while(|token| token.start >= open.end);
        let of_list = dashes.filter(|token| token.parent == first.parent && token.first && self.is(Some(**token), "-"));
        let mut found: Vec<Nested> = of_list
            .map(|dash| Nested { error: None, range: dash.start..dash.end, fill: Fill::Character(' ') })
            .collect();
        let told = Told { range: first.start..first.end, what: Indented::Items, key: EcoString::new() };
        found.first_mut()?.error = Some(told);
        Some(found)
    }
}

/// `|`, `>`, `|-` and their like.
fn is_text_mark(behind: &str) -> bool {
    let mut characters = behind.chars();
    matches!(characters.next(), Some('|' | '>'))
        && characters.all(|character| matches!(character, '-' | '+' | '0'..='9'))
}
