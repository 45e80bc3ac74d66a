//! Operators: what they work on and what they give.

use super::context::ModuleChecker;
use super::expression::{What, bare, coerced, described, spread_secret};
use super::fits::{self, Secrets, join, literals, widened};
use super::narrow::is_null;
use super::report::{NameProblem, TypeProblem, nearest};
use crate::program::{Expr, ExprKind};
use crate::tree::{Expression, ExpressionKind};
use ecow::EcoString;
use formwork_model::{BinaryOperator, Literal, Span, Type, UnaryOperator, Value};

impl<'a> ModuleChecker<'_, 'a> {
    /// `!a`, `-a`
    pub(crate) fn unary(&mut self, operator: UnaryOperator, operand: &'a Expression, span: Span) -> Expr {
        match operator {
            UnaryOperator::Not => {
                let operand = self.check_condition(operand);
                let ty = if operand.ty == Type::Error { Type::Error } else { spread_secret(Type::Bool, &operand.ty) };
                Expr { kind: ExprKind::Unary(operator, Box::new(operand)), ty, span }
            }
            UnaryOperator::Negate => {
                let operand = self.infer(operand);
                self.negated(operand, span)
            }
        }
    }

    fn negated(&mut self, operand: Expr, span: Span) -> Expr {
        match operand.kind {
            ExprKind::Constant(Value::Int(number)) => {
                let number = number.wrapping_neg();
                return Expr {
                    kind: ExprKind::Constant(Value::Int(number)),
                    ty: Type::Literal(Literal::Int(number)),
                    span,
                };
            }
            ExprKind::Constant(Value::Float(number)) => {
                return Expr { kind: ExprKind::Constant(Value::Float(-number)), ty: Type::Float, span };
            }
            _ => {}
        }
        let ty = match widened(operand.ty.exposed()) {
            ty @ (Type::Int | Type::Float | Type::Duration | Type::Any | Type::Error) => ty,
            other => {
                let found = described(&other);
                let help = match &other {
                    Type::String => {
                        "negate numbers and durations only; items of a list stand between `[` and `]`, without `-`"
                    }
                    _ => "negate numbers and durations only; for bools write `!`",
                };
                return self.broken(span, TypeProblem::BadOperand { operator: "-", found, span, help });
            }
        };
        let ty = spread_secret(ty, &operand.ty);
        Expr { kind: ExprKind::Unary(UnaryOperator::Negate, Box::new(operand)), ty, span }
    }

    /// `a + b`
    pub(crate) fn binary(
        &mut self,
        operator: BinaryOperator,
        operator_span: Span,
        left: &'a Expression,
        right: &'a Expression,
        span: Span,
    ) -> Expr {
        match operator {
            BinaryOperator::And | BinaryOperator::Or => return self.logical(operator, left, right, span),
            BinaryOperator::Coalesce => return self.coalesce(left, right, None, span),
            _ => {}
        }
        if let Some(text) = self.unquoted(operator, left, right) {
            return self.broken(span, NameProblem::Unquoted { text, span });
        }
        let (left, right) = (self.infer(left), self.infer(right));
        let secret = left.ty.is_secret() || right.ty.is_secret();
        let (one, other) = (left.ty.exposed(), right.ty.exposed());
        if *one == Type::Error || *other == Type::Error {
            return super::context::error(span);
        }
        let result = match operator {
            BinaryOperator::Equal | BinaryOperator::NotEqual => {
                self.equality(&left, &right, operator_span).then_some(Type::Bool)
            }
            BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual => ordered(one, other).then_some(Type::Bool),
            _ => arithmetic(operator, one, other),
        };
        let Some(ty) = result else {
            if !matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual) {
                self.bad_operands(operator, &left, &right, operator_span);
            }
            return super::context::error(span);
        };
        let ty = if secret { ty.secret() } else { ty };
        Expr { kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)), ty, span }
    }

    /// `web-frontend`, without blanks and with a name that there is not.
    fn unquoted(&self, operator: BinaryOperator, left: &Expression, right: &Expression) -> Option<EcoString> {
        let mut all_known = true;
        let text = self.dashed(operator, left, right, &mut all_known)?;
        (!all_known).then(|| text.into())
    }

    fn dashed(
        &self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        all_known: &mut bool,
    ) -> Option<String> {
        if operator != BinaryOperator::Subtract || left.span.end + 1 != right.span.start {
            return None;
        }
        let ExpressionKind::Name(last) = &right.kind else { return None };
        let first = match &left.kind {
            ExpressionKind::Name(name) => {
                *all_known &= self.has_meaning(name);
                name.to_string()
            }
            ExpressionKind::Binary { operator, left, right, .. } => self.dashed(*operator, left, right, all_known)?,
            _ => return None,
        };
        *all_known &= self.has_meaning(last);
        Some(format!("{first}-{last}"))
    }

    fn bad_operands(&mut self, operator: BinaryOperator, left: &Expr, right: &Expr, span: Span) {
        for operand in [left, right] {
            if operand.ty.holds_null() && !matches!(operand.ty, Type::Any | Type::Error) {
                let help =
                    "give a value for that case, `(x ?? …)`, or test it first: `if x != null then … else …`".to_owned();
                let what = format!("an operand of `{}`", operator.symbol());
                return self.tell(TypeProblem::MayBeNull {
                    what,
                    ty: operand.ty.to_string(),
                    span: operand.span,
                    help,
                });
            }
        }
        let (one, other) = (widened(left.ty.exposed()), widened(right.ty.exposed()));
        let help = match (operator, &one, &other) {
            (BinaryOperator::Add, Type::String, _) | (BinaryOperator::Add, _, Type::String) => {
                "put texts together by interpolation: `\"${a}${b}\"`"
            }
            (BinaryOperator::Add, Type::List(_) | Type::Set(_), _) => "put lists together by spreading: `[...a, ...b]`",
            (BinaryOperator::Add, Type::Map(_) | Type::Record(_), _) => {
                "put records together by spreading: `{ ...a, ...b }`"
            }
            (_, Type::String, Type::Int | Type::Float) | (_, Type::Int | Type::Float, Type::String) => {
                "convert the text: `to_int(x)`"
            }
            _ => "numbers go with numbers, durations with durations",
        };
        self.tell(TypeProblem::BadOperands {
            operator: operator.symbol(),
            left: described(&one),
            right: described(&other),
            span,
            help: help.to_owned(),
        });
    }

    fn logical(&mut self, operator: BinaryOperator, left: &'a Expression, right: &'a Expression, span: Span) -> Expr {
        let left = self.check_condition(left);
        let mark = self.enter();
        self.assume(&left, operator == BinaryOperator::And);
        let right = self.check_condition(right);
        self.leave(mark);
        let secret = left.ty.is_secret() || right.ty.is_secret();
        let broken = left.ty == Type::Error || right.ty == Type::Error;
        let ty = match (broken, secret) {
            (true, _) => Type::Error,
            (false, true) => Type::secret(Type::Bool),
            (false, false) => Type::Bool,
        };
        Expr { kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)), ty, span }
    }

    /// `a ?? b`
    pub(crate) fn coalesce(
        &mut self,
        left: &'a Expression,
        right: &'a Expression,
        expected: Option<(&Type, What<'_>)>,
        span: Span,
    ) -> Expr {
        let mut left = self.infer(left);
        if !left.ty.holds_null() && !self.is_written_out(&left) {
            let ty = described(&left.ty);
            let help = "leave out `??` and what follows".to_owned();
            self.tell(TypeProblem::NeverNull { operator: "??", ty, span: left.span, help });
        }
        let present = if is_null(&left) { Type::Error } else { left.ty.without_null() };
        let mut other = match expected {
            Some((ty, what)) => {
                left = self.fit_present(left, ty, what);
                self.check(right, ty, what)
            }
            None if super::expression::is_empty_literal(right) && !matches!(present, Type::Any | Type::Error) => {
                self.check(right, &present, What::Item)
            }
            None => self.infer(right),
        };
        if left.ty == Type::Error && !is_null(&left) {
            return super::context::error(span);
        }
        let present = if is_null(&left) { Type::Error } else { left.ty.without_null() };
        let Some(ty) = join(&present, &other.ty) else {
            self.tell(TypeProblem::Branches {
                construct: "`??`",
                first: described(&present),
                first_span: left.span,
                other: described(&other.ty),
                span: other.span,
            });
            return super::context::error(span);
        };
        if fits::fits(&present, &ty, Secrets::Kept) == fits::Fit::Coerce {
            left = coerced(left, &ty.clone().optional());
        }
        if fits::fits(&other.ty, &ty, Secrets::Kept) == fits::Fit::Coerce {
            other = coerced(other, &ty);
        }
        Expr { kind: ExprKind::Binary(BinaryOperator::Coalesce, Box::new(left), Box::new(other)), ty, span }
    }

    /// The left of `??` may be null whatever is expected.
    fn fit_present(&mut self, left: Expr, expected: &Type, what: What<'_>) -> Expr {
        if is_null(&left) {
            return left;
        }
        self.fit(left, &expected.clone().optional(), what)
    }

    /// Reports where two things are never equal.
    fn equality(&mut self, left: &Expr, right: &Expr, span: Span) -> bool {
        if comparable(&left.ty, &right.ty) {
            return true;
        }
        for (one, other) in [(left, right), (right, left)] {
            if is_null(one) {
                let ty = described(&other.ty);
                let help = "leave the comparison out".to_owned();
                self.tell(TypeProblem::NeverEqual {
                    left: ty,
                    right: "null".to_owned(),
                    span,
                    nearest: None::<String>,
                    help,
                });
                return false;
            }
        }
        let near = nearest_member(&left.ty, &right.ty).or_else(|| nearest_member(&right.ty, &left.ty));
        let help = match (literals(bare(&left.ty)), literals(bare(&right.ty))) {
            (Some(members), Some(_)) => format!("the left one is {}", super::report::listed(members)),
            _ => "compare values of the same type; convert one of them first".to_owned(),
        };
        let (left, right) = (described(&left.ty), described(&right.ty));
        self.tell(TypeProblem::NeverEqual { left, right, span, nearest: near, help });
        false
    }
}

/// The member of a union that is most like a literal which is none of them.
fn nearest_member(union: &Type, literal: &Type) -> Option<String> {
    let Type::Literal(Literal::String(text)) = bare(literal) else { return None };
    let texts = literals(bare(union))?.iter().filter_map(|member| match member {
        Literal::String(text) => Some(text.as_str()),
        _ => None,
    });
    nearest(text, texts).map(|text| format!("{text:?}"))
}

/// Whether two values may be equal.
fn comparable(left: &Type, right: &Type) -> bool {
    let (one, other) = (left.exposed(), right.exposed());
    if matches!(one, Type::Any | Type::Error) || matches!(other, Type::Any | Type::Error) {
        return true;
    }
    if (*one == Type::Null && other.holds_null()) || (*other == Type::Null && one.holds_null()) {
        return true;
    }
    let (one, other) = (one.without_null(), other.without_null());
    if let (Some(left), Some(right)) = (literals(&one), literals(&other)) {
        return left.iter().any(|literal| right.contains(literal));
    }
    let (one, other) = (&one, &other);
    match (one, other) {
        (Type::Null, _) | (_, Type::Null) => false,
        (Type::Object(one), Type::Object(other)) => one.name == other.name,
        // Read back, such a text is an address: a plain text may be equal.
        (Type::Cidr | Type::Ip | Type::Url, _) => widened(other) == Type::String || one == other,
        (_, Type::Cidr | Type::Ip | Type::Url) => widened(one) == Type::String,
        _ => join(one, other).is_some(),
    }
}

fn ordered(left: &Type, right: &Type) -> bool {
    matches!(
        (widened(left), widened(right)),
        (Type::Any, _)
            | (_, Type::Any)
            | (Type::Int | Type::Float, Type::Int | Type::Float)
            | (Type::Duration, Type::Duration)
            | (Type::String, Type::String)
    )
}

/// What `* / % + -` give; none where they do not work.
fn arithmetic(operator: BinaryOperator, left: &Type, right: &Type) -> Option<Type> {
    Some(match (widened(left), widened(right), operator) {
        (Type::Any, Type::Any | Type::Int | Type::Float | Type::Duration, _) => Type::Any,
        (Type::Int | Type::Float | Type::Duration, Type::Any, _) => Type::Any,
        (Type::Int, Type::Int, _) => Type::Int,
        (Type::Int | Type::Float, Type::Int | Type::Float, _) => Type::Float,
        (Type::Duration, Type::Duration, BinaryOperator::Add | BinaryOperator::Subtract) => Type::Duration,
        (Type::Duration, Type::Duration, BinaryOperator::Divide) => Type::Float,
        (Type::Duration, Type::Int, BinaryOperator::Multiply | BinaryOperator::Divide) => Type::Duration,
        (Type::Int, Type::Duration, BinaryOperator::Multiply) => Type::Duration,
        _ => return None,
    })
}
