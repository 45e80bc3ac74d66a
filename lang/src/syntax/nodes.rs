//! The parser's pairs as one flat array in the order of the text: small, quick to walk, without a type of pest's.

use super::grammar::{Rule, Tokens};
use crate::tree::{Comment, CommentKind};
use formwork_model::{FileId, Span};
use pest::Token;

/// The mark behind the children of a node.
pub(super) const END: Rule = Rule::EOI;

/// One pair. Its children follow it directly, up to `next`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) rule: Rule,
    pub(super) start: u32,
    /// Behind its last token (not behind the blanks that it may have eaten).
    pub(super) end: u32,
    /// Index of the first node behind it and its children.
    pub(super) next: u32,
}

/// What the builder reads.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    pub(super) comments: Vec<Comment>,
    /// `;` that were read as separators.
    pub(super) semicolons: Vec<Span>,
}

/// Lays the pairs of a text of `length` bytes that starts at `base` of `file` out flat. Comments and `;` go to lists of their own.
pub(super) fn flatten(tokens: Tokens<'_>, text: &str, file: FileId, base: u32, length: usize) -> Nodes {
    // What recovery added behind the end lies at the end.
    let place = |position: usize| base + position.min(length) as u32;
    let mut result = Nodes { nodes: Vec::with_capacity(tokens.len() / 2), ..Nodes::default() };
    let mut open: Vec<usize> = Vec::new();
    let mut last_end = 0;
    let mut noise_start = 0;
    for token in tokens {
        match token {
            Token::Start { rule, pos } if is_noise(rule) => noise_start = place(pos.pos()),
            Token::End { rule, pos } if is_noise(rule) => {
                let span = Span::new(file, noise_start, place(pos.pos()));
                result.add_noise(rule, span, text);
            }
            Token::Start { rule, pos } => {
                open.push(result.nodes.len());
                result.nodes.push(Node { rule, start: place(pos.pos()), end: 0, next: 0 });
            }
            Token::End { rule, pos } => {
                if !eats_blanks(rule) {
                    last_end = place(pos.pos());
                }
                result.close(open.pop().unwrap_or(0), rule, last_end);
            }
        }
    }
    result
}

impl Nodes {
    /// Says where a node ends. Behind the children of one that may have some stands a mark, so that nobody who reads
    /// on reaches what stands behind their parent.
    fn close(&mut self, index: usize, rule: Rule, end: u32) {
        if self.nodes.len() > index + 1 || !is_leaf(rule) {
            let next = self.nodes.len() as u32 + 1;
            self.nodes.push(Node { rule: END, start: end, end, next });
        }
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(index) {
            node.end = end.max(node.start);
            node.next = next;
        }
    }

    fn add_noise(&mut self, rule: Rule, span: Span, text: &str) {
        match rule {
            Rule::semicolon => self.semicolons.push(span),
            Rule::line_behind | Rule::block_behind | Rule::hash_behind => {
                // The grammar leaves out a comment's first character.
                let span = Span { start: span.start - 1, ..span };
                let written = text.get(span.start as usize..span.end as usize).unwrap_or("");
                let written = written.trim_end_matches('\r');
                let kind = if written.starts_with("///") && !written.starts_with("////") {
                    CommentKind::Doc
                } else if written.starts_with("/*") {
                    CommentKind::Block
                } else {
                    CommentKind::Line
                };
                let span = Span { end: span.start + written.len() as u32, ..span };
                self.comments.push(Comment { span, kind });
            }
            _ => {}
        }
    }
}

fn is_noise(rule: Rule) -> bool {
    matches!(rule, Rule::line_behind | Rule::block_behind | Rule::hash_behind | Rule::semicolon | Rule::EOI)
}

/// Whether a pair has no children, or (texts) rarely has.
fn is_leaf(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::word
            | Rule::string
            | Rule::operator
            | Rule::unary
            | Rule::member
            | Rule::splat
            | Rule::colon
            | Rule::double_equals
            | Rule::spread
            | Rule::kw_if
            | Rule::kw_then
            | Rule::kw_else
            | Rule::kw_match
            | Rule::kw_for
            | Rule::kw_in
            | Rule::kw_with
            | Rule::kw_after
            | Rule::kw_where
            | Rule::kw_assert
            | Rule::kw_abstract
            | Rule::arrow
            | Rule::optional_mark
            | Rule::question
            | Rule::match_end
            | Rule::object_keyword
            | Rule::append
            | Rule::argument_colon
            | Rule::argument_equals
            | Rule::match_start
            | Rule::stands_for
            | Rule::type_end
            | Rule::dot
            | Rule::wrong_gives
            | Rule::fat_arrow
            | Rule::wrong_equals
            | Rule::wrong_arrow
    )
}

/// Whether a pair's end may lie behind blanks.
fn eats_blanks(rule: Rule) -> bool {
    !is_leaf(rule)
        && !matches!(
            rule,
            Rule::interpolation
                | Rule::index
                | Rule::arguments
                | Rule::parenthesised
                | Rule::list
                | Rule::record
                | Rule::computed_key
                | Rule::type_arguments
                | Rule::type_call
                | Rule::type_group
                | Rule::type_record
                | Rule::parameters
                | Rule::with_many
                | Rule::decorator_arguments
                | Rule::path_index
        )
}
