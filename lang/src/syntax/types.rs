//! Types as they are written.

use super::build::Builder;
use super::error::SyntaxError;
use super::grammar::Rule;
use super::nodes::Node;
use crate::tree::{Expression, TypeExpression, TypeExpressionKind, TypeField, Where, Word};
use formwork_model::Span;

impl Builder<'_> {
    /// A type, with its alternatives.
    pub(super) fn type_expression(&mut self) -> TypeExpression {
        let Some(node) = self.take(Rule::type_expression) else { return self.missing_type() };
        let mut alternatives = Vec::new();
        while self.inside(node) {
            alternatives.push(self.type_operand());
        }
        self.leave(node);
        let span = self.span(node);
        match alternatives.len() {
            1 => alternatives.pop().unwrap_or_else(|| self.missing_type()),
            _ => TypeExpression { kind: TypeExpressionKind::Union(alternatives), span },
        }
    }

    fn missing_type(&mut self) -> TypeExpression {
        let span = self.last_span().after();
        self.report(SyntaxError::MissingValue { span, what: "a type" });
        let name = Word { text: "any".into(), span };
        TypeExpression { kind: TypeExpressionKind::Named { name, arguments: Vec::new() }, span }
    }

    fn type_operand(&mut self) -> TypeExpression {
        let ty = self.type_primary();
        let Some(mark) = self.take(Rule::optional_mark) else { return ty };
        let span = ty.span.to(self.span(mark));
        let mut more: Option<Span> = None;
        while let Some(mark) = self.take(Rule::optional_mark) {
            more = Some(more.map_or(self.span(mark), |first| first.to(self.span(mark))));
        }
        if let Some(span) = more {
            self.report(SyntaxError::DoubleOptional { span });
        }
        TypeExpression { kind: TypeExpressionKind::Optional(Box::new(ty)), span }
    }

    fn type_primary(&mut self) -> TypeExpression {
        let Some(node) = self.peek() else { return self.missing_type() };
        match node.rule {
            Rule::type_literal => self.type_literal(node),
            Rule::type_record => self.type_record(node),
            Rule::type_group => {
                self.at += 1;
                let inner = self.type_expression();
                self.leave(node);
                inner
            }
            Rule::type_name => self.type_name(node),
            _ => {
                self.leave(node);
                self.missing_type()
            }
        }
    }

    fn type_literal(&mut self, node: Node) -> TypeExpression {
        self.at += 1;
        let span = self.span(node);
        let kind = match self.literal(span) {
            Some(Some(literal)) => TypeExpressionKind::Literal(literal),
            Some(None) => TypeExpressionKind::Null,
            None => {
                self.report(SyntaxError::NotAType { span, text: self.slice(span).into() });
                TypeExpressionKind::Null
            }
        };
        self.leave(node);
        TypeExpression { kind, span }
    }

    /// `string`, `azure.subnet`, `list<T>`; also the words `null`, `true`, `8080`.
    fn type_name(&mut self, node: Node) -> TypeExpression {
        self.at += 1;
        let span = self.span(node);
        let text = self.slice(span);
        if matches!(text, "null" | "true" | "false") || super::literal::starts_like_a_number(text) {
            self.at -= 1;
            return self.type_literal(node);
        }
        let name = self.value_name();
        if self.inside(node) {
            let member = self.name();
            self.leave(node);
            return TypeExpression { kind: TypeExpressionKind::Qualified(name, member), span };
        }
        self.leave(node);
        let (arguments, span) = match self.peek() {
            Some(list) if matches!(list.rule, Rule::type_arguments | Rule::type_call) => {
                (self.type_arguments(&name, list), span.to(self.span(list)))
            }
            _ => (Vec::new(), span),
        };
        TypeExpression { kind: TypeExpressionKind::Named { name, arguments }, span }
    }

    fn type_arguments(&mut self, name: &Word, list: Node) -> Vec<TypeExpression> {
        self.at += 1;
        let mut arguments = Vec::new();
        while self.is(Rule::type_expression) && self.inside(list) {
            arguments.push(self.type_expression());
        }
        self.leave(list);
        if list.rule == Rule::type_call {
            let inside = self.slice(self.span(list)).trim_matches(['(', ')']).to_owned();
            let fixed = match name.text.as_str() {
                "object" => inside,
                "optional" => format!("{inside}?"),
                other => format!("{other}<{inside}>"),
            };
            self.report(SyntaxError::TypeCall { span: name.span.to(self.span(list)), fixed });
        }
        arguments
    }

    fn type_record(&mut self, node: Node) -> TypeExpression {
        self.at += 1;
        self.end_docs(node.start);
        let mut fields = Vec::new();
        while let Some(field) = self.take(Rule::type_field) {
            fields.push(self.type_field(field));
            self.leave(field);
        }
        self.leave(node);
        TypeExpression { kind: TypeExpressionKind::Record(fields), span: self.span(node) }
    }

    fn type_field(&mut self, node: Node) -> TypeField {
        let docs = self.docs_before(node.start);
        let name = self.name();
        let optional = self.take(Rule::question).is_some();
        self.take(Rule::colon);
        let ty = self.type_expression();
        let default = self.default();
        let conditions = self.conditions();
        self.end_docs(node.end);
        TypeField { docs, name, optional, ty, default, conditions, span: self.span(node) }
    }

    /// `= value`, where it is written.
    pub(super) fn default(&mut self) -> Option<Expression> {
        let node = self.take(Rule::default)?;
        if let Some(mark) = self.take(Rule::double_equals) {
            self.report(SyntaxError::DoubleEquals {
                span: self.span(mark),
                key: Word { text: "NAME".into(), span: self.span(mark) },
            });
        }
        let value = self.expression();
        self.leave(node);
        Some(value)
    }

    /// All `where … else …` that follow.
    pub(super) fn conditions(&mut self) -> Vec<Where> {
        let mut conditions = Vec::new();
        while let Some(node) = self.take(Rule::condition) {
            conditions.push(self.condition(node));
        }
        conditions
    }

    /// What stands behind `where` or `assert`.
    pub(super) fn condition(&mut self, node: Node) -> Where {
        if !self.is(Rule::kw_where) {
            self.take(Rule::kw_assert);
        } else {
            self.at += 1;
        }
        let condition = self.expression();
        let message = self.take(Rule::kw_else).map(|_| self.expression());
        self.leave(node);
        Where { condition, message, span: self.span(node) }
    }
}
