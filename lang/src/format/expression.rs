//! Expressions, entries, arguments.

use super::lines::{Brackets, CALL, Entries, LIST, RECORD};
use super::printer::Printer;
use crate::tree::{Argument, Arm, Entry, Expression, ExpressionKind, ForExpression, Iteration, Key, ListItem, Word};
use formwork_model::{BinaryOperator, Span, UnaryOperator};

pub(super) fn entry_span(printer: &Printer<'_>, entry: &Entry) -> Span {
    match entry {
        Entry::Field { key, value } => key_span(printer, key).to(value.span),
        Entry::Short(word) => word.span,
        Entry::Spread { span, .. } => *span,
    }
}

fn key_span(printer: &Printer<'_>, key: &Key) -> Span {
    match key {
        Key::Literal(word) => word.span,
        Key::Computed(expression) => match printer.find_before("[", expression.span.start) {
            Some(start) => Span { start, ..expression.span },
            None => expression.span,
        },
    }
}

fn item_span(printer: &Printer<'_>, item: &ListItem) -> Span {
    let spread = if item.spread { printer.find_before("...", item.value.span.start) } else { None };
    Span { start: spread.unwrap_or(item.value.span.start), ..item.value.span }
}

pub(super) fn argument_span(_: &Printer<'_>, argument: &Argument) -> Span {
    argument.name.as_ref().map_or(argument.value.span, |name| name.span.to(argument.value.span))
}

impl Printer<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) {
        if self.is_done() {
            return;
        }
        if self.gap_breaks(expression.span.start) {
            return self.indented(|printer| {
                printer.gap_at_indent(expression.span.start);
                printer.expression_kind(expression);
            });
        }
        self.expression_kind(expression);
    }

    /// Writes the comments before what starts at `start`, on lines that stand no further in.
    pub(super) fn gap_at_indent(&mut self, start: u32) {
        self.trailing(self.cursor);
        self.leading(start, &mut true);
        self.newline();
    }

    fn expression_kind(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Member { base, name, optional } => self.member(base, name, *optional),
            ExpressionKind::Index { base, index, optional } => {
                self.expression(base);
                self.token(if *optional { "?[" } else { "[" });
                self.expression(index);
                self.token("]");
            }
            ExpressionKind::Call { function, arguments } => self.call(expression.span, function, arguments),
            ExpressionKind::Unary { operator, operand } => {
                self.token(if *operator == UnaryOperator::Not { "!" } else { "-" });
                self.expression(operand);
            }
            ExpressionKind::Binary { .. } => self.binary(expression),
            ExpressionKind::If { .. } => self.if_expression(expression),
            ExpressionKind::Match { subject, arms } => self.match_expression(expression.span, subject, arms),
            ExpressionKind::List(items) => self.list(expression.span, items),
            ExpressionKind::Record(entries) => self.record(expression.span, entries),
            ExpressionKind::For(comprehension) => self.comprehension(expression.span, comprehension),
            ExpressionKind::Parenthesised(inner) => {
                self.token("(");
                self.expression(inner);
                self.token(")");
            }
            ExpressionKind::Null
            | ExpressionKind::Bool(_)
            | ExpressionKind::Int(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Duration(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::Broken => self.verbatim(expression.span),
        }
    }

    fn member(&mut self, base: &Expression, name: &Word, optional: bool) {
        self.expression(base);
        let dot = if optional { "?." } else { "." };
        if self.broke(base.span.end, name.span.start) {
            self.indented(|printer| {
                printer.continue_on_next_line(base.span.end, name.span.start);
                printer.token(dot);
                printer.token(&name.text);
            });
        } else {
            self.token(dot);
            self.token(&name.text);
        }
    }

    /// Prints something one step further in than the line it stands on.
    pub(super) fn indented(&mut self, print: impl FnOnce(&mut Self)) {
        self.indent += 2;
        print(self);
        self.indent -= 2;
    }

    fn call(&mut self, span: Span, function: &Word, arguments: &[Argument]) {
        self.token(&function.text);
        let list = Span { start: self.find("(").unwrap_or(span.start), ..span };
        match arguments {
            [only] if is_bracketed(&only.value) && !self.has_comment_around(list, argument_span(self, only)) => {
                self.token("(");
                self.argument(only);
                self.token(")");
            }
            _ => self.arguments(list, arguments),
        }
    }

    /// Whether a comment stands in a pair of brackets before or behind the only thing there.
    fn has_comment_around(&self, brackets: Span, only: Span) -> bool {
        self.has_comment(brackets.start, only.start) || self.has_comment(only.end, brackets.end)
    }

    fn has_comment(&self, from: u32, to: u32) -> bool {
        self.comments.iter().any(|comment| from <= comment.span.start && comment.span.start < to)
    }

    pub(super) fn arguments(&mut self, span: Span, arguments: &[Argument]) {
        let entries =
            Entries { items: arguments, span_of: argument_span, print: |printer, item| printer.argument(item) };
        self.group(span, &CALL, entries);
    }

    fn argument(&mut self, argument: &Argument) {
        if let Some(name) = &argument.name {
            self.token(&name.text);
            self.token(" = ");
        }
        self.expression(&argument.value);
    }

    // ---- operators ----------------------------------------------------------------------------------------------

    /// A chain of operators; the author's line breaks stay, before the operator (behind it for `-`, which may not begin
    /// a line).
    fn binary(&mut self, expression: &Expression) {
        let ExpressionKind::Binary { operator, operator_span, left, right } = &expression.kind else { return };
        self.expression(left);
        if !self.broke(left.span.end, right.span.start) {
            self.write(" ");
            self.token(operator.symbol());
            self.write(" ");
            return self.expression(right);
        }
        self.indented(|printer| {
            if *operator == BinaryOperator::Subtract {
                printer.token(" -");
                printer.continue_on_next_line(operator_span.end, right.span.start);
            } else {
                printer.operator_on_next_line(left.span.end, operator.symbol(), right.span.start);
            }
            printer.expression(right);
        });
    }

    fn if_expression(&mut self, expression: &Expression) {
        let breaks = self.breaks_before_else(expression) || !self.fits(|printer| printer.branches(expression, false));
        if breaks {
            self.begin();
            self.indented(|printer| printer.branches(expression, true));
        } else {
            self.branches(expression, false);
        }
    }

    fn breaks_before_else(&self, expression: &Expression) -> bool {
        let mut next = expression;
        while let ExpressionKind::If { condition, then, otherwise } = &next.kind {
            if self.broke(condition.span.end, then.span.start) || self.broke(then.span.end, otherwise.span.start) {
                return true;
            }
            next = otherwise;
        }
        false
    }

    fn branches(&mut self, expression: &Expression, broken: bool) {
        let mut next = expression;
        while let ExpressionKind::If { condition, then, otherwise } = &next.kind {
            self.token("if ");
            self.expression(condition);
            self.branch("then ", condition.span.end, broken && self.broke(condition.span.end, then.span.start));
            self.expression(then);
            self.branch("else ", then.span.end, broken);
            next = otherwise;
        }
        self.expression(next);
    }

    /// `then` or `else` behind what ends at `end`.
    fn branch(&mut self, keyword: &str, end: u32, on_next_line: bool) {
        if on_next_line {
            self.continue_on_next_line(end, self.find(keyword.trim_end()).unwrap_or(end));
        } else {
            self.write(" ");
        }
        self.token(keyword);
    }

    fn match_expression(&mut self, span: Span, subject: &Expression, arms: &[Arm]) {
        self.token("match ");
        self.expression(subject);
        self.write(" ");
        let start = self.find("{").unwrap_or(span.start);
        let entries = Entries { items: arms, span_of: |_, arm: &Arm| arm.span, print: |printer, arm| printer.arm(arm) };
        self.group(Span { start, ..span }, &RECORD, entries);
    }

    fn arm(&mut self, arm: &Arm) {
        for (index, pattern) in arm.patterns.iter().enumerate() {
            if index > 0 {
                self.token(" | ");
            }
            self.verbatim(pattern.span);
        }
        self.token(" => ");
        self.expression(&arm.value);
    }

    // ---- lists and records --------------------------------------------------------------------------------------

    fn list(&mut self, span: Span, items: &[ListItem]) {
        match items {
            [only]
                if is_bracketed(&only.value)
                    && !self.broke_after(span.start + 1)
                    && !self.has_comment_around(span, item_span(self, only)) =>
            {
                self.token("[");
                self.item(only);
                self.token("]");
            }
            _ => {
                let entries = Entries { items, span_of: item_span, print: |printer, item| printer.item(item) };
                self.group(span, &LIST, entries);
            }
        }
    }

    fn item(&mut self, item: &ListItem) {
        if item.spread {
            self.token("...");
        }
        self.expression(&item.value);
    }

    pub(super) fn record(&mut self, span: Span, entries: &[Entry]) {
        let entries = Entries { items: entries, span_of: entry_span, print: |printer, entry| printer.entry(entry) };
        self.group(span, &RECORD, entries);
    }

    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::Short(word) => self.token(&word.text),
            Entry::Spread { value, .. } => {
                self.token("...");
                self.expression(value);
            }
            Entry::Field { key, value } => {
                self.key(key);
                self.token(" = ");
                self.expression(value);
            }
        }
    }

    fn key(&mut self, key: &Key) {
        match key {
            Key::Literal(word) => self.verbatim(word.span),
            Key::Computed(expression) => self.computed_key(expression),
        }
    }

    /// In brackets, if it is not a text that interpolates and stands without them.
    fn computed_key(&mut self, key: &Expression) {
        let bracketed = self.find_before("[", key.span.start).is_some();
        if bracketed {
            self.token("[");
        }
        self.expression(key);
        if bracketed {
            self.token("]");
        }
    }

    // ---- comprehensions -----------------------------------------------------------------------------------------

    fn comprehension(&mut self, span: Span, comprehension: &ForExpression) {
        let of_record = self.slice(span).starts_with('{');
        let value = comprehension_start(self, comprehension);
        let (iteration, condition) = (&comprehension.iteration, &comprehension.condition);
        let behind = condition.as_ref().map_or(iteration.span.end, |condition| condition.span.end);
        let force = self.broke(iteration.span.start, iteration.source.span.start)
            || condition.as_ref().is_some_and(|condition| self.broke(iteration.span.end, condition.span.start))
            || self.broke(behind, value);
        let brackets = Brackets { suffix: "", force, ..if of_record { RECORD } else { LIST } };
        let entries = Entries {
            items: std::slice::from_ref(comprehension),
            span_of: |_, item: &ForExpression| item.iteration.span.to(item.body.span),
            print: |printer, item| printer.comprehension_inside(item),
        };
        self.group(span, &brackets, entries);
    }

    fn comprehension_inside(&mut self, comprehension: &ForExpression) {
        self.iteration(&comprehension.iteration);
        let mut end = comprehension.iteration.span.end;
        if let Some(condition) = &comprehension.condition {
            self.token(" if ");
            self.expression(condition);
            end = condition.span.end;
        }
        self.token(" =>");
        let start = comprehension_start(self, comprehension);
        let too_long = !self.is_measuring()
            && !self.fits(|printer| {
                printer.write(" ");
                printer.comprehension_key(comprehension);
            });
        if too_long || self.broke(end, start) {
            self.indented(|printer| {
                printer.continue_on_next_line(printer.cursor, start);
                printer.comprehension_value(comprehension);
            });
        } else {
            self.write(" ");
            self.comprehension_value(comprehension);
        }
    }

    fn comprehension_value(&mut self, comprehension: &ForExpression) {
        self.comprehension_key(comprehension);
        self.expression(&comprehension.body);
    }

    fn comprehension_key(&mut self, comprehension: &ForExpression) {
        if let Some(key) = &comprehension.key {
            self.computed_key(key);
            self.token(" = ");
        }
    }

    pub(super) fn iteration(&mut self, iteration: &Iteration) {
        self.token("for ");
        for (index, name) in iteration.names.iter().enumerate() {
            self.write(if index > 0 { ", " } else { "" });
            self.token(&name.text);
        }
        self.token(" in ");
        self.expression(&iteration.source);
    }
}

/// Where the key or value of a comprehension begins.
fn comprehension_start(printer: &Printer<'_>, comprehension: &ForExpression) -> u32 {
    match &comprehension.key {
        Some(key) => printer.find_before("[", key.span.start).unwrap_or(key.span.start),
        None => comprehension.body.span.start,
    }
}

/// Whether brackets are all there is to it, so that they can be broken in place.
fn is_bracketed(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::List(_) | ExpressionKind::Record(_) | ExpressionKind::For(_))
}
