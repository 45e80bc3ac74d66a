//! Lists, records, the entries of bodies, comprehensions.

use super::build::Builder;
use super::error::SyntaxError;
use super::grammar::Rule;
use super::literal;
use super::nodes::Node;
use crate::tree::{Entry, Expression, ExpressionKind, ForExpression, Iteration, Key, ListItem, Word};
use formwork_model::Span;

impl Builder<'_> {
    // ---- lists and records --------------------------------------------------------------------------------------

    pub(super) fn list(&mut self, node: Node) -> Expression {
        self.at += 1;
        if let Some(comprehension) = self.take(Rule::list_for) {
            let kind = self.comprehension(false);
            self.leave(comprehension);
            self.leave(node);
            return self.raise(kind, self.span(node), self.height);
        }
        let mut items = Vec::new();
        let mut height = 0;
        while self.inside(node) {
            let spread = self.take(Rule::spread).is_some();
            let value = self.expression();
            height = height.max(self.height);
            items.push(ListItem { spread, value });
        }
        self.leave(node);
        self.raise(ExpressionKind::List(items), self.span(node), height)
    }

    pub(super) fn record(&mut self, node: Node) -> Expression {
        self.at += 1;
        if let Some(comprehension) = self.take(Rule::record_for) {
            let kind = self.comprehension(true);
            self.leave(comprehension);
            self.leave(node);
            return self.raise(kind, self.span(node), self.height);
        }
        let (entries, height) = self.entries(node);
        self.raise(ExpressionKind::Record(entries), self.span(node), height)
    }

    /// The entries of a record or body that was stepped into.
    pub(super) fn entries(&mut self, parent: Node) -> (Vec<Entry>, u32) {
        let mut entries = Vec::new();
        let mut height = 0;
        while let Some(node) = self.peek().filter(|_| self.inside(parent)) {
            self.at += 1;
            let entry = if node.rule == Rule::spread_entry { self.spread_entry(node) } else { self.field(node) };
            height = height.max(self.height);
            entries.push(entry);
            self.leave(node);
        }
        self.leave(parent);
        (entries, height)
    }

    fn spread_entry(&mut self, node: Node) -> Entry {
        self.at += 1;
        let value = self.expression();
        Entry::Spread { value, span: self.span(node) }
    }

    fn field(&mut self, node: Node) -> Entry {
        let (key, key_span) = self.key();
        let key_height = self.height;
        let mark = self.peek().filter(|mark| {
            self.inside(node) && matches!(mark.rule, Rule::colon | Rule::double_equals | Rule::fat_arrow)
        });
        if let Some(mark) = mark {
            self.at += 1;
            self.report_wrong_equals(mark, key_span);
        }
        if self.is_damaged(key_span) && !self.inside(node) {
            let value = self.broken(key_span);
            return Entry::Spread { value, span: key_span };
        }
        if !self.inside(node) {
            return self.short_entry(key, key_span);
        }
        let value = match self.peek().filter(|node| node.rule == Rule::block) {
            Some(block) => self.block_entry(block, key_span),
            None => self.expression(),
        };
        self.height = self.height.max(key_height);
        Entry::Field { key, value }
    }

    pub(super) fn report_wrong_equals(&mut self, mark: Node, key_span: Span) {
        let key = Word { text: self.slice(key_span).into(), span: key_span };
        let span = self.span(mark);
        self.report(match mark.rule {
            Rule::colon => SyntaxError::ColonForEquals { span, key },
            Rule::fat_arrow => SyntaxError::WrongArrow { span, written: "=>", instead: "set an entry with `=`" },
            _ => SyntaxError::DoubleEquals { span, key },
        });
    }

    fn short_entry(&mut self, key: Key, span: Span) -> Entry {
        self.height = 1;
        match key {
            Key::Literal(word) if self.slice(span) == word.text => {
                if literal::is_reserved(&word.text) {
                    self.report(SyntaxError::KeyWithoutValue { span, key: self.slice(span).into() });
                }
                Entry::Short(word)
            }
            key => {
                self.report(SyntaxError::KeyWithoutValue { span, key: self.slice(span).into() });
                Entry::Field { key, value: Expression { kind: ExpressionKind::Broken, span: span.after() } }
            }
        }
    }

    /// `identity { … }`: read as if `=` stood before the brace.
    fn block_entry(&mut self, node: Node, key_span: Span) -> Expression {
        self.at += 1;
        let label = self.peek().filter(|node| node.rule == Rule::string).map(|node| {
            let text = self.node_text(node).trim_matches('"').into();
            Word { text, span: self.span(node) }
        });
        while let Some(string) = self.take(Rule::string) {
            self.leave(string);
        }
        self.report(SyntaxError::BlockForValue { span: key_span, key: self.slice(key_span).into(), label });
        let told = self.errors.len();
        let value = self.primary();
        self.leave(node);
        if super::foreign::is_steering(self.slice(key_span)) {
            // What stands in it goes elsewhere, in another form.
            self.errors.truncate(told);
            return self.broken(value.span);
        }
        value
    }

    fn key(&mut self) -> (Key, Span) {
        self.height = 0;
        match self.peek() {
            Some(node) if node.rule == Rule::string_key => {
                self.at += 1;
                let value = self.primary();
                self.leave(node);
                (Self::key_of(value), self.span(node))
            }
            Some(node) if node.rule == Rule::computed_key => {
                self.at += 1;
                let value = self.expression();
                self.leave(node);
                (Key::Computed(Box::new(value)), self.span(node))
            }
            _ => {
                let word = self.name();
                let span = word.span;
                (Key::Literal(word), span)
            }
        }
    }

    fn key_of(value: Expression) -> Key {
        match value.kind {
            ExpressionKind::String(text) => Key::Literal(Word { text, span: value.span }),
            _ => Key::Computed(Box::new(value)),
        }
    }

    // ---- comprehensions -----------------------------------------------------------------------------------------

    /// What stands in `[for …]` or `{ for … }`. The height that it leaves is that of its highest part.
    fn comprehension(&mut self, of_record: bool) -> ExpressionKind {
        let iteration = self.iteration();
        let mut height = self.height;
        let condition = self.take(Rule::for_condition).map(|node| {
            self.take(Rule::kw_if);
            let condition = self.binary(0);
            self.leave(node);
            condition
        });
        height = height.max(if condition.is_some() { self.height } else { 0 });
        let told = self.errors.len();
        self.wrong_gives();
        let key = if of_record { self.comprehension_key(told) } else { None };
        height = height.max(if key.is_some() { self.height } else { 0 });
        let body = self.expression();
        height = height.max(self.height);
        let condition = condition.or_else(|| self.late_condition());
        self.height = self.height.max(height);
        ExpressionKind::For(Box::new(ForExpression { iteration, condition, key, body }))
    }

    /// `[for x in xs => x if c]`: the `if` stands before the arrow.
    fn late_condition(&mut self) -> Option<Expression> {
        let node = self.take(Rule::late_condition)?;
        let keyword = self.take(Rule::kw_if).map_or_else(|| self.span(node), |keyword| self.span(keyword));
        self.report(SyntaxError::LateCondition { span: keyword });
        let condition = self.binary(0);
        self.leave(node);
        Some(condition)
    }

    /// The key; an arrow behind it is told instead of what was told since `told`.
    fn comprehension_key(&mut self, told: usize) -> Option<Expression> {
        let node = self.peek()?;
        let key = if matches!(node.rule, Rule::computed_key | Rule::string_key) {
            self.at += 1;
            let key = self.expression();
            self.leave(node);
            key
        } else {
            self.bare_key(node)
        };
        if let Some(mark) = self.take(Rule::fat_arrow) {
            let span = self.span(mark);
            self.errors.truncate(told);
            self.report(SyntaxError::WrongArrow {
                span,
                written: "=>",
                instead: "write `{ for k, v in m => [k] = v }`",
            });
        }
        Some(key)
    }

    /// A word as the key of a comprehension would be the same key each time.
    fn bare_key(&mut self, node: Node) -> Expression {
        let word = self.any_word();
        if self.is(Rule::fat_arrow) {
            return self.leaf(ExpressionKind::Name(word.text), word.span);
        }
        self.report(SyntaxError::BareKey { span: self.span(node), key: word.text });
        self.broken(word.span)
    }

    /// `:` or `->` where `=>` is meant.
    pub(super) fn wrong_gives(&mut self) {
        let Some(node) = self.peek().filter(|node| matches!(node.rule, Rule::wrong_gives | Rule::wrong_equals)) else {
            return;
        };
        self.at += 1;
        let written = match self.node_text(node) {
            ":" => ":",
            "=" => "=",
            _ => "->",
        };
        self.report(SyntaxError::WrongArrow { span: self.span(node), written, instead: "write `=>`" });
    }

    pub(super) fn iteration(&mut self) -> Iteration {
        let Some(node) = self.take(Rule::iteration) else {
            let source = Box::new(self.missing_expression());
            return Iteration { names: Vec::new(), span: source.span, source };
        };
        self.take(Rule::kw_for);
        let mut names = vec![self.value_name()];
        if self.is(Rule::word) {
            names.push(self.value_name());
        }
        self.take(Rule::kw_in);
        let source = Box::new(self.binary(0));
        self.leave(node);
        Iteration { names, source, span: self.span(node) }
    }
}
