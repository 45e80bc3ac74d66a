//! Texts: quotes, escapes, interpolation, the indentation of texts over several lines.

use super::build::Builder;
use super::error::SyntaxError;
use super::grammar::Rule;
use super::nodes::Node;
use crate::tree::{Expression, ExpressionKind, TemplatePart};
use ecow::EcoString;
use formwork_model::Span;

/// A part of a text before its indentation is stripped.
enum Piece {
    Raw(Span),
    Value(Expression),
}

impl Builder<'_> {
    /// A text in any quotes.
    pub(super) fn string(&mut self, node: Node) -> Expression {
        self.at += 1;
        let span = self.span(node);
        let written = self.slice(span);
        if written.starts_with('\'') {
            self.leave(node);
            return self.raw_text(written, span);
        }
        let quotes = if written.starts_with("\"\"\"") { 3 } else { 1 };
        let simple = node.next as usize == self.at && quotes == 1;
        let inner = Span { start: span.start + quotes, end: span.end - quotes, ..span };
        if simple && !self.slice(inner).contains(['\\', '%']) {
            let text = self.slice(inner).into();
            return self.leaf(ExpressionKind::String(text), span);
        }
        let (pieces, height) = self.pieces(node, inner);
        let indentation = if quotes == 3 { self.block_indentation(inner) } else { None };
        if quotes == 1 && written.contains('\n') {
            self.report(SyntaxError::LineBreakInText { span });
        }
        let kind = self.assemble(pieces, inner, indentation);
        self.raise(kind, span, height)
    }

    fn raw_text(&mut self, written: &str, span: Span) -> Expression {
        let text = match written.strip_prefix("'''") {
            None => written.trim_matches('\'').into(),
            Some(_) => {
                let inner = Span { start: span.start + 3, end: span.end - 3, ..span };
                let indentation = self.block_indentation(inner);
                let mut text = EcoString::new();
                self.push_lines(&mut text, inner, inner, indentation, false);
                text
            }
        };
        self.leaf(ExpressionKind::String(text), span)
    }

    fn pieces(&mut self, node: Node, inner: Span) -> (Vec<Piece>, u32) {
        let mut pieces = Vec::new();
        let mut height = 0;
        let mut from = inner.start;
        while let Some(value) = self.peek().filter(|next| self.inside(node) && next.rule == Rule::interpolation) {
            self.at += 1;
            pieces.push(Piece::Raw(Span { start: from, end: value.start, ..inner }));
            pieces.push(Piece::Value(self.expression()));
            height = height.max(self.height);
            self.leave(value);
            from = value.end;
        }
        self.leave(node);
        self.drop_comments(inner);
        pieces.push(Piece::Raw(Span { start: from, end: inner.end, ..inner }));
        (pieces, height)
    }

    /// Comments inside of a text are part of it: the formatter leaves texts as they are.
    fn drop_comments(&mut self, text: Span) {
        let from = self.comments.partition_point(|comment| comment.span.start < text.start);
        let to = self.comments.partition_point(|comment| comment.span.start < text.end);
        self.comments.drain(from..to);
    }

    /// The blanks before the closing quotes, when these stand on a line of their own.
    fn block_indentation(&self, inner: Span) -> Option<Span> {
        let text = self.slice(inner);
        let line_start = text.rfind('\n')? + 1;
        let last = text.get(line_start..)?;
        let blank = last.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
        blank.then(|| Span { start: inner.start + line_start as u32, ..inner })
    }

    fn assemble(&mut self, pieces: Vec<Piece>, inner: Span, indentation: Option<Span>) -> ExpressionKind {
        let mut parts = Vec::new();
        let mut text = EcoString::new();
        let multi_line = self.text.as_bytes().get(inner.start as usize - 1..inner.start as usize) == Some(b"\"")
            && inner.start >= 3
            && self.text.as_bytes().get(inner.start as usize - 3..inner.start as usize) == Some(b"\"\"\"");
        for piece in pieces {
            match piece {
                Piece::Raw(span) if multi_line => self.push_lines(&mut text, span, inner, indentation, true),
                Piece::Raw(span) => self.push_unescaped(&mut text, span),
                Piece::Value(value) => {
                    if !text.is_empty() {
                        parts.push(TemplatePart::Text(std::mem::take(&mut text)));
                    }
                    parts.push(TemplatePart::Interpolation(value));
                }
            }
        }
        if parts.is_empty() {
            return ExpressionKind::String(text);
        }
        if !text.is_empty() {
            parts.push(TemplatePart::Text(text));
        }
        ExpressionKind::Template(parts)
    }

    /// Adds a stretch of a `"""` or `'''` text: without the first and last line break and the indentation.
    fn push_lines(&mut self, out: &mut EcoString, span: Span, inner: Span, indentation: Option<Span>, escapes: bool) {
        let mut span = span;
        let starts_line = self.slice(span).strip_prefix("\r\n").or_else(|| self.slice(span).strip_prefix('\n'));
        let mut at_line_start = false;
        if let Some(rest) = starts_line.filter(|_| span.start == inner.start) {
            span.start = span.end - rest.len() as u32;
            at_line_start = true;
        }
        if let Some(last) = indentation.filter(|_| span.end == inner.end) {
            let cut = last.start.saturating_sub(1).max(span.start);
            span.end = if self.slice(Span { end: cut, ..span }).ends_with('\r') { cut - 1 } else { cut };
        }
        let mut start = span.start;
        for line in self.slice(span).split_inclusive('\n') {
            let line_span = Span { start, end: start + line.len() as u32, ..span };
            start = line_span.end;
            let line_span = if at_line_start { self.strip(line_span, indentation) } else { line_span };
            at_line_start = true;
            self.push_line(out, line_span, escapes);
        }
    }

    /// `\r\n` counts as `\n`, so that a text does not depend on how its file was checked out.
    fn push_line(&mut self, out: &mut EcoString, line: Span, escapes: bool) {
        let ends = if self.slice(line).ends_with("\r\n") { 2 } else { 0 };
        let body = Span { end: line.end - ends, ..line };
        if escapes {
            self.push_unescaped(out, body);
        } else {
            out.push_str(self.slice(body));
        }
        if ends == 2 {
            out.push('\n');
        }
    }

    fn strip(&mut self, line: Span, indentation: Option<Span>) -> Span {
        let Some(indentation) = indentation else { return line };
        let (written, prefix) = (self.slice(line), self.slice(indentation));
        if written.starts_with(prefix) {
            return Span { start: line.start + prefix.len() as u32, ..line };
        }
        let blanks = written.len() - written.trim_start_matches([' ', '\t']).len();
        let start = line.start + blanks as u32;
        if !written.trim().is_empty() {
            self.report(SyntaxError::TooLittleIndentation { span: Span { end: start, ..line }, quotes: indentation });
        }
        Span { start, ..line }
    }

    /// Adds a stretch with its escapes resolved.
    fn push_unescaped(&mut self, out: &mut EcoString, span: Span) {
        let mut rest = self.slice(span);
        let mut at = span.start;
        self.report_directives(rest, span);
        while let Some(position) = rest.find('\\') {
            let (before, escape) = rest.split_at(position);
            out.push_str(before);
            at += position as u32;
            let length = self.push_escape(out, escape, at);
            rest = escape.get(length..).unwrap_or("");
            at += length as u32;
        }
        out.push_str(rest);
    }

    /// Adds what an escape stands for; gives its length.
    fn push_escape(&mut self, out: &mut EcoString, escape: &str, at: u32) -> usize {
        let mut characters = escape.chars().skip(1);
        let second = characters.next();
        match second {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(same @ ('\\' | '"' | '$')) => out.push(same),
            Some('u') => return self.push_code_point(out, escape, at),
            _ => {
                let length = 1 + second.map_or(0, char::len_utf8);
                let span = self.span_of(at, at + length as u32);
                self.report(SyntaxError::UnknownEscape { span, text: self.slice(span).into() });
                return length;
            }
        }
        2
    }

    fn push_code_point(&mut self, out: &mut EcoString, escape: &str, at: u32) -> usize {
        let braces = escape.strip_prefix("\\u{").and_then(|rest| rest.split_once('}'));
        if let Some((digits, _)) = braces {
            let length = digits.len() + 4;
            let hexadecimal = !digits.starts_with('+') && digits.len() <= 6;
            match u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal).and_then(char::from_u32) {
                Some(character) => out.push(character),
                None => {
                    let span = self.span_of(at, at + length as u32);
                    self.report(SyntaxError::BadCodePoint { span });
                }
            }
            return length;
        }
        let span = self.span_of(at, at + 2);
        self.report(SyntaxError::BadCodePoint { span });
        2
    }

    /// `%{ if … }` of Terraform's templates.
    fn report_directives(&mut self, text: &str, span: Span) {
        for (position, _) in text.match_indices("%{") {
            let inside = text.get(position + 2..).unwrap_or("").trim_start_matches(['~', ' ']);
            let word = inside.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
            if matches!(word, "if" | "for" | "else" | "endif" | "endfor") {
                let start = span.start + position as u32;
                let span = self.span_of(start, start + 2);
                self.report(SyntaxError::TemplateDirective { span, word: word.into() });
            }
        }
    }
}
