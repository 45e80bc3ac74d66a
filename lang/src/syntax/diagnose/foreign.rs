//! What other tools write: their blocks, bodies where there are none, and paths in quotes.

use super::Diagnosis;
use crate::syntax::error::SyntaxError;
use crate::syntax::foreign;
use crate::syntax::recover::{Fill, Repair};
use crate::syntax::scan::Kind;

impl Diagnosis<'_> {
    /// `variable "x" {`, `resource "aws_vpc" "x" {`.
    pub(super) fn foreign(&self, index: usize) -> Option<Repair> {
        let token = self.token(index).or_else(|| self.before(index))?;
        if token.parent.is_some() {
            return None;
        }
        let range = self.scan.statement_at(token.start);
        let first = self.scan.token_at(range.start);
        let (word, label) = (self.token(first)?, self.token(first + 1)?);
        let instead = foreign::instead_of(self.word_of(word), self.labels(first + 1))?;
        let unlabelled = foreign::is_unlabelled(self.word_of(word)) && self.word_of(label) == "{";
        // `import "ID" -> ADDRESS` is ours.
        let labelled = label.kind == Kind::Text && !matches!(self.word_of(word), "moved" | "import");
        if !unlabelled && !labelled {
            return None;
        }
        let error = SyntaxError::ForeignBlock { span: self.span_of(word), word: self.word_of(word).into(), instead };
        Some(Repair { error, range, fill: Fill::Blank })
    }

    /// `param x: string {`, `output x {`.
    pub(super) fn body_of_value(&self, index: usize) -> Option<Repair> {
        let brace = self.token(index).filter(|token| token.parent.is_none() && self.word_of(*token) == "{")?;
        let range = self.scan.statement_at(brace.start);
        let first = self.scan.token_at(range.start);
        let (word, name) = (self.token(first)?, self.token(first + 1)?);
        let between = self.scan.tokens.get(first..index).unwrap_or(&[]);
        if between.iter().any(|token| token.parent.is_none() && self.word_of(*token) == "=") {
            return None;
        }
        let word = self.word_of(word);
        let instead = foreign::instead_of_body(word, self.word_of(name))?;
        let error = SyntaxError::BodyOfValue { span: self.span_of(brace), word: word.into(), instead };
        // A param is whole without it.
        let start = if word == "param" { brace.start } else { range.start };
        Some(Repair { error, range: start..range.end, fill: Fill::Blank })
    }

    /// `@ignore("tags")`: a path is written without quotes.
    pub(super) fn text_for_path(&self, index: usize) -> Option<Repair> {
        let text = self.token(index).filter(|token| token.kind == Kind::Text)?;
        let open = text.parent?;
        let is_decorator = self.token(open.checked_sub(2)?).is_some_and(|token| token.decorator);
        let ends = self.token(index + 1).is_some_and(|next| matches!(next.kind, Kind::Comma | Kind::Close));
        (is_decorator && ends).then(|| self.damaging(SyntaxError::NotAPath { span: self.span_of(text) }, index))
    }

    fn labels(&self, index: usize) -> Vec<&str> {
        let behind = self.scan.tokens.get(index..).unwrap_or(&[]);
        let texts = behind.iter().take_while(|token| token.kind == Kind::Text);
        texts.map(|token| self.word_of(*token).trim_matches('"')).collect()
    }
}
