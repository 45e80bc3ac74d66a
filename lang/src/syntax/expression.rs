//! Expressions: precedence, postfix chains, calls, conditionals.

use super::build::Builder;
use super::error::SyntaxError;
use super::grammar::Rule;
use super::literal;
use super::nodes::Node;
use crate::tree::{Argument, Arm, Expression, ExpressionKind, Pattern, PatternKind, Word};
use formwork_model::{BinaryOperator, Literal, Span, UnaryOperator};

/// What stands between its operands binds them as strongly as this says.
const fn strength(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Or => 1,
        BinaryOperator::And => 2,
        BinaryOperator::Equal | BinaryOperator::NotEqual => 3,
        BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual => 4,
        BinaryOperator::Coalesce => 5,
        BinaryOperator::Add | BinaryOperator::Subtract => 6,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => 7,
    }
}

fn binary_operator(text: &str) -> Option<BinaryOperator> {
    Some(match text {
        "||" => BinaryOperator::Or,
        "&&" => BinaryOperator::And,
        "==" => BinaryOperator::Equal,
        "!=" => BinaryOperator::NotEqual,
        "<" => BinaryOperator::Less,
        "<=" => BinaryOperator::LessOrEqual,
        ">" => BinaryOperator::Greater,
        ">=" => BinaryOperator::GreaterOrEqual,
        "??" => BinaryOperator::Coalesce,
        "+" => BinaryOperator::Add,
        "-" => BinaryOperator::Subtract,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "%" => BinaryOperator::Remainder,
        _ => return None,
    })
}

/// `if condition then …`
struct Branch {
    start: Span,
    condition: Expression,
    then: Expression,
    height: u32,
}

impl Builder<'_> {
    /// An expression. Leaves its height in `self.height`.
    pub(super) fn expression(&mut self) -> Expression {
        match self.peek_rule() {
            Some(Rule::if_expression) => self.if_expression(),
            Some(Rule::match_expression) => self.match_expression(),
            _ => {
                let expression = self.binary(0);
                if self.is(Rule::ternary) { self.ternary(expression) } else { expression }
            }
        }
    }

    // ---- operators ----------------------------------------------------------------------------------------------

    fn next_operator(&self) -> Option<(BinaryOperator, Span)> {
        let node = self.peek().filter(|node| node.rule == Rule::operator)?;
        Some((binary_operator(self.node_text(node))?, self.span(node)))
    }

    pub(super) fn binary(&mut self, weakest: u8) -> Expression {
        let mut left = self.operand();
        let mut height = self.height;
        while let Some((operator, operator_span)) = self.next_operator().filter(|(next, _)| strength(*next) >= weakest)
        {
            self.at += 1;
            let right = self.binary(strength(operator) + 1);
            self.check_chain(&left, operator, operator_span);
            height = height.max(self.height);
            let span = left.span.to(right.span);
            let kind = ExpressionKind::Binary { operator, operator_span, left: Box::new(left), right: Box::new(right) };
            left = self.raise(kind, span, height);
            height = self.height;
        }
        self.height = height;
        left
    }

    /// `a < b < c` and `a == b == c` mean nothing that anybody wants.
    fn check_chain(&mut self, left: &Expression, operator: BinaryOperator, operator_span: Span) {
        let ExpressionKind::Binary { operator: first, operator_span: first_span, .. } = &left.kind else { return };
        let level = strength(operator);
        if matches!(level, 3 | 4) && strength(*first) == level {
            self.report(SyntaxError::ChainedComparison { span: operator_span, first: *first_span });
        }
    }

    fn operand(&mut self) -> Expression {
        let Some(node) = self.take(Rule::unary) else { return self.postfix() };
        let operator_span = self.span(node);
        let operator = if self.slice(operator_span) == "!" { UnaryOperator::Not } else { UnaryOperator::Negate };
        let mut outer = vec![(operator, operator_span)];
        while let Some(node) = self.take(Rule::unary) {
            let operator = if self.node_text(node) == "!" { UnaryOperator::Not } else { UnaryOperator::Negate };
            outer.push((operator, self.span(node)));
        }
        let mut expression = self.postfix();
        for (operator, operator_span) in outer.into_iter().rev() {
            let span = operator_span.to(expression.span);
            let kind = ExpressionKind::Unary { operator, operand: Box::new(expression) };
            expression = self.raise(kind, span, self.height);
        }
        expression
    }

    fn postfix(&mut self) -> Expression {
        let mut expression = self.primary();
        while let Some(node) = self.peek() {
            expression = match node.rule {
                Rule::member => self.member(expression, node),
                Rule::index => self.index(expression, node),
                Rule::method_arguments => self.method_call(expression, node),
                _ => break,
            };
        }
        expression
    }

    fn member(&mut self, base: Expression, node: Node) -> Expression {
        let is_number = matches!(base.kind, ExpressionKind::Int(_) | ExpressionKind::Float(_));
        if (is_number || matches!(base.kind, ExpressionKind::Broken))
            && self.node_text(node).trim_start_matches(['.', ' ']).starts_with(|digit: char| digit.is_ascii_digit())
        {
            return self.more_numbers(base.span, is_number, node);
        }
        self.at += 1;
        let (name, optional) = self.member_name(node);
        let span = base.span.to(name.span);
        self.raise(ExpressionKind::Member { base: Box::new(base), name, optional }, span, self.height)
    }

    /// `10.0.0.0`, `1.2.3`: a text that misses its quotes.
    fn more_numbers(&mut self, base: Span, is_first: bool, node: Node) -> Expression {
        self.at += 1;
        let span = base.to(self.span(node));
        if is_first {
            self.report(SyntaxError::UnquotedNumbers { span, text: self.slice(span).into() });
        }
        self.broken(span)
    }

    /// The name behind the dot of a `member`.
    pub(super) fn member_name(&mut self, node: Node) -> (Word, bool) {
        let written = self.node_text(node);
        let optional = written.starts_with('?');
        let name = written.trim_start_matches(['?', '.', ' ']);
        let span = self.span_of(node.end - name.len() as u32, node.end);
        if name == "*" {
            self.report(SyntaxError::Splat { span });
        } else if name.starts_with(|first: char| first.is_ascii_digit()) {
            self.report(SyntaxError::IndexByDot { span: self.span(node), index: name.into() });
        }
        (Word { text: name.into(), span }, optional)
    }

    fn index(&mut self, base: Expression, node: Node) -> Expression {
        let height = self.height;
        self.at += 1;
        let index = match self.take(Rule::splat) {
            Some(splat) => {
                self.report(SyntaxError::Splat { span: self.span(splat) });
                self.broken(self.span(splat))
            }
            None => self.expression(),
        };
        self.leave(node);
        let optional = self.node_text(node).starts_with('?');
        let span = base.span.to(self.span(node));
        let kind = ExpressionKind::Index { base: Box::new(base), index: Box::new(index), optional };
        self.raise(kind, span, height.max(self.height))
    }

    /// `a.b(x)`, the habit.
    fn method_call(&mut self, method: Expression, node: Node) -> Expression {
        let span = method.span.to(self.span(node));
        if let ExpressionKind::Member { name, .. } = &method.kind {
            self.report(SyntaxError::MethodCall { span: name.span, name: name.text.clone() });
        }
        self.leave(node);
        self.broken(span)
    }

    // ---- primaries ----------------------------------------------------------------------------------------------

    pub(super) fn primary(&mut self) -> Expression {
        let Some(node) = self.peek() else { return self.missing_expression() };
        match node.rule {
            Rule::word => self.word_expression(node),
            Rule::string => self.string(node),
            Rule::list => self.list(node),
            Rule::record => self.record(node),
            Rule::parenthesised => self.parenthesised(node),
            _ => self.missing_expression(),
        }
    }

    pub(super) fn missing_expression(&mut self) -> Expression {
        let span = self.last_span().after();
        self.report(SyntaxError::MissingValue { span, what: "a value" });
        self.broken(span)
    }

    fn word_expression(&mut self, node: Node) -> Expression {
        self.at += 1;
        let span = self.span(node);
        let text = self.slice(span);
        if self.is_damaged(span) {
            return self.broken(span);
        }
        if let Some(arguments) = self.peek().filter(|node| node.rule == Rule::arguments) {
            return self.call(Word { text: text.into(), span }, arguments);
        }
        match literal::word(text, span) {
            Ok(kind) => self.leaf(kind, span),
            Err(error) => {
                self.report(error);
                self.broken(span)
            }
        }
    }

    fn parenthesised(&mut self, node: Node) -> Expression {
        self.at += 1;
        let inner = self.expression();
        self.leave(node);
        self.raise(ExpressionKind::Parenthesised(Box::new(inner)), self.span(node), self.height)
    }

    fn call(&mut self, function: Word, node: Node) -> Expression {
        if literal::is_reserved(&function.text) || literal::starts_like_a_number(&function.text) {
            self.report(SyntaxError::NotAFunction { span: function.span, word: function.text.clone() });
        }
        let (arguments, height) = self.arguments(node);
        let span = function.span.to(self.span(node));
        self.raise(ExpressionKind::Call { function, arguments }, span, height)
    }

    fn arguments(&mut self, node: Node) -> (Vec<Argument>, u32) {
        self.at += 1;
        let mut arguments: Vec<Argument> = Vec::new();
        let mut height = 0;
        while self.inside(node) {
            let name = self.call_argument_name();
            let value = self.expression();
            let value = self.without_mark(value);
            height = height.max(self.height);
            let last_name = arguments.iter().rev().find_map(|argument| argument.name.as_ref());
            let broken = matches!(value.kind, ExpressionKind::Broken);
            if let (None, Some(named)) = (&name, last_name.filter(|_| !broken)) {
                let named = named.span;
                self.report(SyntaxError::PositionalAfterNamed { span: value.span, named });
            }
            arguments.push(Argument { name, value });
        }
        self.leave(node);
        (arguments, height)
    }

    /// `a.b = 1` is no named argument.
    fn without_mark(&mut self, value: Expression) -> Expression {
        let mark = self.peek().filter(|node| matches!(node.rule, Rule::argument_equals | Rule::argument_colon));
        let Some(_) = mark else { return value };
        self.at += 1;
        let found = Some(ecow::eco_format!("`{}`", self.slice(value.span)));
        self.report(SyntaxError::Expected { span: value.span, expected: vec!["a name"], found });
        self.expression()
    }

    /// `name =` before an argument's value. The grammar takes any expression before the mark.
    fn call_argument_name(&mut self) -> Option<Word> {
        let mark = |node: &Node| matches!(node.rule, Rule::argument_equals | Rule::argument_colon);
        let node = self.nodes.get(self.at + 1).copied().filter(mark);
        let node = node.filter(|_| self.is(Rule::word))?;
        let name = self.name();
        self.at += 1;
        if node.rule == Rule::argument_colon {
            self.report(SyntaxError::ColonForEquals { span: self.span(node), key: name.clone() });
        }
        Some(name)
    }

    pub(super) fn argument_name(&mut self) -> Option<Word> {
        let node = self.take(Rule::argument_name)?;
        let name = self.name();
        if let Some(colon) = self.take(Rule::argument_colon) {
            self.report(SyntaxError::ColonForEquals { span: self.span(colon), key: name.clone() });
        }
        self.leave(node);
        Some(name)
    }

    // ---- conditionals -------------------------------------------------------------------------------------------

    /// `if a then b else if c then d else e`: the chain lies flat in the nodes, and is nested here from its end.
    fn if_expression(&mut self) -> Expression {
        let Some(node) = self.take(Rule::if_expression) else { return self.missing_expression() };
        let mut branches = Vec::new();
        while let Some(keyword) = self.take(Rule::kw_if) {
            let condition = self.binary(0);
            let height = self.height;
            self.take(Rule::kw_then);
            let then = self.branch();
            branches.push(Branch { start: self.span(keyword), condition, then, height: height.max(self.height) });
            self.take(Rule::kw_else);
        }
        let mut expression = if self.inside(node) { self.expression() } else { self.missing_else(node, &branches) };
        self.leave(node);
        for Branch { start, condition, then, height } in branches.into_iter().rev() {
            let span = start.to(expression.span);
            let height = height.max(self.height);
            let kind = ExpressionKind::If {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(expression),
            };
            expression = self.raise(kind, span, height);
        }
        expression
    }

    fn missing_else(&mut self, node: Node, branches: &[Branch]) -> Expression {
        let span = self.span(node).after();
        let keyword = branches.last().map_or(span, |branch| branch.start);
        self.report(SyntaxError::MissingElse { span, keyword });
        self.broken(span)
    }

    fn branch(&mut self) -> Expression {
        if self.is(Rule::match_expression) { self.match_expression() } else { self.binary(0) }
    }

    /// `a ? b : c`, the habit.
    fn ternary(&mut self, condition: Expression) -> Expression {
        let Some(node) = self.take(Rule::ternary) else { return condition };
        let (then_span, otherwise_span) = (self.branch().span, self.branch().span);
        let span = condition.span.to(self.span(node));
        let (c, a, b) = (self.slice(condition.span), self.slice(then_span), self.slice(otherwise_span));
        let more = if self.inside(node) { " …" } else { "" };
        self.report(SyntaxError::Ternary { span, fixed: format!("if {c} then {a} else {b}{more}") });
        self.leave(node);
        self.broken(span)
    }

    fn match_expression(&mut self) -> Expression {
        let Some(node) = self.take(Rule::match_expression) else { return self.missing_expression() };
        self.take(Rule::kw_match);
        let subject = Box::new(self.binary(0));
        let mut height = self.height;
        let mut arms = Vec::new();
        self.take(Rule::match_start);
        while let Some(arm) = self.take(Rule::arm) {
            let mut patterns = Vec::new();
            while let Some(pattern) = self.take(Rule::pattern) {
                patterns.push(self.pattern(pattern));
            }
            self.wrong_gives();
            let value = self.expression();
            height = height.max(self.height);
            arms.push(Arm { patterns, value, span: self.span(arm) });
            self.leave(arm);
        }
        self.leave(node);
        self.raise(ExpressionKind::Match { subject, arms }, self.span(node), height)
    }

    fn pattern(&mut self, node: Node) -> Pattern {
        let span = self.span(node);
        let kind = if self.is(Rule::word) && self.node_text(node) == "_" {
            PatternKind::Any
        } else {
            match self.literal(span) {
                Some(Some(literal)) => PatternKind::Literal(literal),
                Some(None) => PatternKind::Null,
                None => {
                    self.report(SyntaxError::PatternNotLiteral { span, text: self.slice(span).into() });
                    PatternKind::Any
                }
            }
        };
        self.leave(node);
        Pattern { kind, span }
    }

    /// A literal as a type or pattern: `Some(None)` is null, `None` something else. Errors in it were reported.
    pub(super) fn literal(&mut self, span: Span) -> Option<Option<Literal>> {
        let negative = self.take(Rule::unary);
        let value = self.primary();
        if let Some(node) = negative {
            return match value.kind {
                ExpressionKind::Int(number) if self.node_text(node) == "-" => Some(Some(Literal::Int(-number))),
                _ => None,
            };
        }
        match value.kind {
            ExpressionKind::Null => Some(None),
            ExpressionKind::Bool(truth) => Some(Some(Literal::Bool(truth))),
            ExpressionKind::Int(number) => Some(Some(Literal::Int(number))),
            ExpressionKind::String(text) => Some(Some(Literal::String(text))),
            ExpressionKind::Broken => Some(Some(Literal::String(self.slice(span).into()))),
            _ => None,
        }
    }
}
