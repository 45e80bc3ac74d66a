//! Entries of `*.fwvars` files.

use super::build::Builder;
use super::error::SyntaxError;
use super::grammar::Rule;
use super::nodes::Node;
use crate::tree::{ExpressionKind, OverlayAction, OverlayEntry, OverlayTree, PathStep, Word};
use formwork_model::Span;

impl Builder<'_> {
    /// Adds all entries that were read to `tree`.
    pub(super) fn overlay(&mut self, tree: &mut OverlayTree) {
        let Some(file) = self.take(Rule::overlay) else { return };
        while let Some(node) = self.peek().filter(|_| self.inside(file)) {
            self.at += 1;
            self.overlay_entry(node, tree);
            self.leave(node);
        }
    }

    fn overlay_entry(&mut self, node: Node, tree: &mut OverlayTree) {
        let span = self.span(node);
        match node.rule {
            Rule::overlay_abstract => self.mark_abstract(span, tree),
            Rule::overlay_extends => self.extends(span, tree),
            Rule::overlay_replace => self.push_entry(OverlayAction::Replace, span, tree),
            Rule::overlay_remove => self.push_entry(OverlayAction::Remove, span, tree),
            _ => self.push_entry(OverlayAction::Set, span, tree),
        }
    }

    fn mark_abstract(&mut self, span: Span, tree: &mut OverlayTree) {
        if let Some(first) = tree.is_abstract {
            self.report(SyntaxError::SaidTwice { span, first, word: "abstract" });
        } else if let Some(first) = tree.extends.as_ref().map(|word| word.span).or(tree.first_entry()) {
            self.report(SyntaxError::NotFirst { span, first, word: "abstract" });
        }
        tree.is_abstract.get_or_insert(span);
    }

    fn extends(&mut self, span: Span, tree: &mut OverlayTree) {
        let Some(string) = self.peek() else { return };
        let name = self.string(string);
        let word = match name.kind {
            ExpressionKind::String(text) => Word { text, span: name.span },
            _ => {
                return self
                    .report(SyntaxError::TemplateNotAllowed { span: name.span, what: "the name behind `extends`" });
            }
        };
        if let Some(first) = &tree.extends {
            return self.report(SyntaxError::SaidTwice { span, first: first.span, word: "extends" });
        }
        if let Some(first) = tree.first_entry() {
            self.report(SyntaxError::NotFirst { span, first, word: "extends" });
        }
        tree.extends = Some(word);
    }

    fn push_entry(&mut self, action: OverlayAction, span: Span, tree: &mut OverlayTree) {
        let (path, path_span) = self.path();
        let each = path.iter().find(|step| matches!(step, PathStep::Each(_) | PathStep::Index(..)));
        if let Some(step) = each {
            self.report(SyntaxError::NotAnOverlayPath { span: step.span() });
        }
        let action = if self.take(Rule::append).is_some() { OverlayAction::Append } else { action };
        let value = (action != OverlayAction::Remove).then(|| {
            self.overlay_mark(path_span);
            self.expression()
        });
        tree.entries.push(OverlayEntry { action, path, value, span });
    }

    /// Reports what stands where `=` is meant.
    fn overlay_mark(&mut self, path: Span) {
        match self.peek() {
            Some(mark) if matches!(mark.rule, Rule::colon | Rule::double_equals) => {
                self.at += 1;
                self.report_wrong_equals(mark, path);
            }
            Some(value) if value.rule == Rule::record && !self.between(path, value).contains('=') => {
                let key = self.slice(path).into();
                self.report(SyntaxError::BlockForValue { span: path, key, label: None });
            }
            _ => {}
        }
    }

    fn between(&self, path: Span, value: Node) -> &str {
        self.slice(self.span_of(path.end, value.start))
    }
}

impl OverlayTree {
    fn first_entry(&self) -> Option<Span> {
        self.entries.first().map(|entry| entry.span)
    }
}
