//! Which names of a module an expression mentions, before it is checked: what the order of checking is made from.

use crate::tree::ProviderReference;
use crate::tree::{Body, Entry, Expression, ExpressionKind, Header, Iteration, Key, TemplatePart, With};
use ecow::EcoString;
use formwork_model::Span;

/// Something that an expression mentions.
#[derive(Clone, Copy)]
pub(crate) enum Mention<'a> {
    /// A value; with the member that is read of it right away, if there is one.
    Value(&'a str, Option<&'a str>, Span),
    /// A function that is called.
    Function(&'a str, Span),
    /// A provider instance.
    Provider(&'a ProviderReference),
}

/// Walks expressions and tells each mention that is no local variable.
pub(crate) struct Walk<'a, F: FnMut(Mention<'a>)> {
    locals: Vec<&'a EcoString>,
    tell: F,
}

impl<'a, F: FnMut(Mention<'a>)> Walk<'a, F> {
    /// A walk that tells `tell`.
    pub(crate) fn new(tell: F) -> Self {
        Self { locals: Vec::new(), tell }
    }

    /// Names that hide those of the module from now on.
    pub(crate) fn push_local(&mut self, name: &'a EcoString) {
        self.locals.push(name);
    }

    /// An expression.
    pub(crate) fn expression(&mut self, expression: &'a Expression) {
        match &expression.kind {
            ExpressionKind::Name(name) => self.name(name, None, expression.span),
            ExpressionKind::Member { base, name, .. } => self.member(base, &name.text),
            ExpressionKind::Index { base, index, .. } => {
                self.expression(base);
                self.expression(index);
            }
            ExpressionKind::Template(parts) => parts.iter().for_each(|part| match part {
                TemplatePart::Interpolation(inner) => self.expression(inner),
                TemplatePart::Text(_) => {}
            }),
            ExpressionKind::Call { function, arguments } => {
                (self.tell)(Mention::Function(&function.text, function.span));
                arguments.iter().for_each(|argument| self.expression(&argument.value));
            }
            ExpressionKind::Unary { operand: inner, .. } | ExpressionKind::Parenthesised(inner) => {
                self.expression(inner)
            }
            ExpressionKind::Binary { left, right, .. } => {
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
            ExpressionKind::Match { subject, arms } => {
                self.expression(subject);
                arms.iter().for_each(|arm| self.expression(&arm.value));
            }
            ExpressionKind::List(items) => items.iter().for_each(|item| self.expression(&item.value)),
            ExpressionKind::Record(entries) => self.entries(entries),
            ExpressionKind::For(inner) => {
                let before = self.iteration(&inner.iteration);
                inner.condition.iter().chain(&inner.key).for_each(|part| self.expression(part));
                self.expression(&inner.body);
                self.locals.truncate(before);
            }
            ExpressionKind::Null
            | ExpressionKind::Bool(_)
            | ExpressionKind::Int(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Duration(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Broken => {}
        }
    }

    /// `base.name`: of a module call, only that output is meant.
    fn member(&mut self, base: &'a Expression, name: &'a EcoString) {
        match &base.kind {
            ExpressionKind::Name(value) => self.name(value, Some(name), base.span),
            ExpressionKind::Index { base: inner, index, .. } => {
                if let ExpressionKind::Name(value) = &inner.kind {
                    self.name(value, Some(name), inner.span);
                } else {
                    self.expression(inner);
                }
                self.expression(index);
            }
            _ => self.expression(base),
        }
    }

    fn name(&mut self, name: &'a EcoString, member: Option<&'a EcoString>, span: Span) {
        if !self.locals.contains(&name) {
            (self.tell)(Mention::Value(name, member.map(EcoString::as_str), span));
        }
    }

    /// The entries of a record or body.
    pub(crate) fn entries(&mut self, entries: &'a [Entry]) {
        for entry in entries {
            match entry {
                Entry::Field { key, value } => {
                    if let Key::Computed(key) = key {
                        self.expression(key);
                    }
                    self.expression(value);
                }
                Entry::Short(word) => self.name(&word.text, None, word.span),
                Entry::Spread { value, .. } => self.expression(value),
            }
        }
    }

    /// `for`: its source, then its names are local. Gives how many were local before.
    pub(crate) fn iteration(&mut self, iteration: &'a Iteration) -> usize {
        self.expression(&iteration.source);
        let before = self.locals.len();
        self.locals.extend(iteration.names.iter().map(|name| &name.text));
        before
    }

    /// A header, whose names stay local for the body.
    pub(crate) fn header(&mut self, header: &'a Header) {
        if let Some(iteration) = &header.iteration {
            self.iteration(iteration);
        }
        header.condition.iter().chain(&header.after).for_each(|part| self.expression(part));
        match &header.with {
            Some(With::One(reference)) => self.provider(reference),
            Some(With::Many(references)) => references.iter().for_each(|(_, reference)| self.provider(reference)),
            None => {}
        }
    }

    fn provider(&mut self, reference: &'a ProviderReference) {
        (self.tell)(Mention::Provider(reference));
        reference.key.iter().for_each(|key| self.expression(key));
    }

    /// A header and the body under it.
    pub(crate) fn block(&mut self, header: &'a Header, body: &'a Body) {
        self.header(header);
        self.entries(&body.entries);
    }
}
