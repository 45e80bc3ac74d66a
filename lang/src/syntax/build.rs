//! From the flat nodes of the grammar to the tree. The grammar has already said yes: what is reported here are habits
//! of other languages that it reads on purpose, and rules that a grammar says badly (escapes, numbers, chains).

use super::error::SyntaxError;
use super::grammar::Rule;
use super::literal;
use super::nodes::{Node, Nodes};
use crate::tree::{Comment, CommentKind, Expression, ExpressionKind, Word};
use ecow::EcoString;
use formwork_model::{FileId, Span};

/// Walks the nodes of one piece of a file.
pub(super) struct Builder<'t> {
    /// The text of the whole file; nodes count from its start.
    pub(super) text: &'t str,
    pub(super) file: FileId,
    pub(super) nodes: Vec<Node>,
    pub(super) comments: Vec<Comment>,
    pub(super) at: usize,
    pub(super) errors: Vec<SyntaxError>,
    /// How deep the expression that was built last is.
    pub(super) height: u32,
    /// Doc comments that start before this offset are taken.
    docs_from: u32,
    /// Where recovery put something that fits everything.
    damaged: Vec<Span>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, file: FileId, nodes: Nodes) -> Self {
        let errors = nodes.semicolons.iter().map(|span| SyntaxError::Semicolon { span: *span }).collect();
        let mut builder = Self {
            text,
            file,
            nodes: nodes.nodes,
            comments: nodes.comments,
            at: 0,
            errors,
            height: 0,
            docs_from: 0,
            damaged: Vec::new(),
        };
        builder.report_hash_comments();
        builder
    }

    /// Of a block that was repaired.
    pub(super) fn with_damage(mut self, damaged: Vec<Span>) -> Self {
        self.damaged = damaged;
        self
    }

    /// Whether recovery put this there.
    pub(super) fn is_damaged(&self, span: Span) -> bool {
        self.damaged.iter().any(|damage| damage.contains(span) && span.start < span.end)
    }

    fn report_hash_comments(&mut self) {
        for comment in &self.comments {
            if self.text.as_bytes().get(comment.span.start as usize) == Some(&b'#') {
                self.errors.push(SyntaxError::HashComment { span: comment.span });
            }
        }
    }

    // ---- moving -------------------------------------------------------------------------------------------------

    pub(super) fn peek(&self) -> Option<Node> {
        self.nodes.get(self.at).copied()
    }

    pub(super) fn peek_rule(&self) -> Option<Rule> {
        self.nodes.get(self.at).map(|node| node.rule)
    }

    pub(super) fn is(&self, rule: Rule) -> bool {
        self.peek_rule() == Some(rule)
    }

    /// Steps into (or over, for a leaf) the next node if it is a `rule`.
    pub(super) fn take(&mut self, rule: Rule) -> Option<Node> {
        let node = self.peek().filter(|node| node.rule == rule)?;
        self.at += 1;
        Some(node)
    }

    /// Whether a node of `parent` is left to read.
    pub(super) fn inside(&self, parent: Node) -> bool {
        self.at + 1 < parent.next as usize
    }

    /// Goes behind a node and its children.
    pub(super) fn leave(&mut self, node: Node) {
        self.at = node.next as usize;
    }

    pub(super) fn leave_if(&mut self, node: Option<Node>) {
        if let Some(node) = node {
            self.leave(node);
        }
    }

    // ---- text ---------------------------------------------------------------------------------------------------

    pub(super) fn span(&self, node: Node) -> Span {
        Span::new(self.file, node.start, node.end)
    }

    pub(super) fn span_of(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub(super) fn node_text(&self, node: Node) -> &'t str {
        self.slice(self.span(node))
    }

    pub(super) fn report(&mut self, error: SyntaxError) {
        self.errors.push(error);
    }

    /// The place of the last token that was read.
    pub(super) fn last_span(&self) -> Span {
        match self.at.checked_sub(1).and_then(|index| self.nodes.get(index)) {
            Some(node) => self.span(*node),
            None => self.span_of(0, 0),
        }
    }

    // ---- words --------------------------------------------------------------------------------------------------

    /// A name: anything but a number.
    pub(super) fn name(&mut self) -> Word {
        let word = self.any_word();
        if self.is_damaged(word.span) {
            return word;
        }
        if literal::starts_like_a_number(&word.text) {
            self.report(SyntaxError::NumberAsName { span: word.span });
        }
        word
    }

    /// A name that stands for a value, and so cannot be one of the reserved words.
    pub(super) fn value_name(&mut self) -> Word {
        let word = self.name();
        if !self.is_damaged(word.span) && literal::is_reserved(&word.text) {
            self.report(SyntaxError::ReservedWord { span: word.span, word: word.text.clone() });
        }
        word
    }

    pub(super) fn any_word(&mut self) -> Word {
        match self.take(Rule::word) {
            Some(node) => Word { text: self.node_text(node).into(), span: self.span(node) },
            None => self.missing_word(),
        }
    }

    fn missing_word(&mut self) -> Word {
        let span = self.last_span().after();
        self.report(SyntaxError::Expected { span, expected: vec!["a name"], found: None });
        Word { text: EcoString::new(), span }
    }

    // ---- docs ---------------------------------------------------------------------------------------------------

    /// The text of the doc comments between the last boundary and `start`.
    pub(super) fn docs_before(&mut self, start: u32) -> EcoString {
        let from = self.comments.partition_point(|comment| comment.span.start < self.docs_from);
        let to = self.comments.partition_point(|comment| comment.span.start < start);
        self.docs_from = start;
        let mut docs = EcoString::new();
        for comment in self.comments.get(from..to).unwrap_or(&[]) {
            if comment.kind == CommentKind::Doc {
                let line = self.slice(comment.span).trim_start_matches('/');
                if !docs.is_empty() {
                    docs.push('\n');
                }
                docs.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
            }
        }
        docs
    }

    /// Doc comments before `offset` belong to nothing that follows.
    pub(super) fn end_docs(&mut self, offset: u32) {
        self.docs_from = self.docs_from.max(offset);
    }

    // ---- heights ------------------------------------------------------------------------------------------------

    /// Makes an expression one level higher than `height`, the height of its highest part.
    pub(super) fn raise(&mut self, kind: ExpressionKind, span: Span, height: u32) -> Expression {
        self.height = height + 1;
        if self.height > super::MAX_NESTING {
            self.height = 0;
            self.report_too_deep(span);
            return Expression { kind: ExpressionKind::Broken, span };
        }
        Expression { kind, span }
    }

    /// Once for a chain: its parts begin or end at the same place.
    fn report_too_deep(&mut self, span: Span) {
        let known = |error: &SyntaxError| match error {
            SyntaxError::TooDeep { span: other } => other.start == span.start || other.end == span.end,
            _ => false,
        };
        if !self.errors.last().is_some_and(known) {
            self.report(SyntaxError::TooDeep { span });
        }
    }

    pub(super) fn leaf(&mut self, kind: ExpressionKind, span: Span) -> Expression {
        self.height = 1;
        Expression { kind, span }
    }

    /// Stands in for what could not be read; its error was reported.
    pub(super) fn broken(&mut self, span: Span) -> Expression {
        self.leaf(ExpressionKind::Broken, span)
    }
}
