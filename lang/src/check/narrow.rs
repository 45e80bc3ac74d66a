//! What a condition tells about null: after `x != null`, `x` is there. For names and paths of members.

use super::context::ModuleChecker;
use crate::program::{BlockId, CallId, Expr, ExprKind, LetId, LocalId, ParamId};
use ecow::EcoString;
use formwork_model::{BinaryOperator, Type, UnaryOperator, Value};

/// A path that is known not to be null.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    path: Path,
}

/// A name and members, as far as they can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    root: Root,
    steps: Vec<EcoString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Local(LocalId),
    Param(ParamId),
    Let(LetId),
    Block(BlockId),
    Call(CallId),
}

impl Path {
    /// The path that an expression is, if it is one.
    pub(crate) fn of(expression: &Expr) -> Option<Self> {
        let root = |root| Some(Self { root, steps: Vec::new() });
        match &expression.kind {
            ExprKind::Local(id) => root(Root::Local(*id)),
            ExprKind::Param(id) => root(Root::Param(*id)),
            ExprKind::Let(id) => root(Root::Let(*id)),
            ExprKind::Block(id) => root(Root::Block(*id)),
            ExprKind::Call(id) => root(Root::Call(*id)),
            ExprKind::Member { base, name, .. } => Some(Self::of(base)?.then(name.clone())),
            ExprKind::Index { base, index, .. } => match &index.kind {
                ExprKind::Constant(Value::String(key)) => Some(Self::of(base)?.then(key.clone())),
                _ => None,
            },
            ExprKind::Chain(inner) => Self::of(inner),
            _ => None,
        }
    }

    fn then(mut self, step: EcoString) -> Self {
        self.steps.push(step);
        self
    }
}

impl ModuleChecker<'_, '_> {
    /// The expression, typed without null where a condition around it says so.
    pub(crate) fn narrowed(&self, mut expression: Expr) -> Expr {
        if !self.frame.facts.is_empty()
            && expression.ty.holds_null()
            && let Some(path) = Path::of(&expression)
            && self.frame.facts.iter().any(|fact| fact.path == path)
        {
            expression.ty = expression.ty.without_null();
        }
        expression
    }

    /// From now on (until the scope is left) what follows from `condition` being `truth` holds.
    pub(crate) fn assume(&mut self, condition: &Expr, truth: bool) {
        match &condition.kind {
            ExprKind::Unary(UnaryOperator::Not, inner) => self.assume(inner, !truth),
            ExprKind::Binary(BinaryOperator::And, left, right) if truth => {
                self.assume(left, true);
                self.assume(right, true);
            }
            ExprKind::Binary(BinaryOperator::Or, left, right) if !truth => {
                self.assume(left, false);
                self.assume(right, false);
            }
            ExprKind::Binary(BinaryOperator::NotEqual, left, right) => self.compared(left, right, !truth),
            ExprKind::Binary(BinaryOperator::Equal, left, right) => self.compared(left, right, truth),
            _ => {}
        }
    }

    /// Both are equal, or both are not.
    fn compared(&mut self, left: &Expr, right: &Expr, equal: bool) {
        for (one, other) in [(left, right), (right, left)] {
            let there = if equal { !other.ty.holds_null() } else { is_null(other) };
            if there {
                self.is_there(one);
            }
        }
    }

    /// `expression` is not null, and neither is what its `?.` steps went through.
    pub(crate) fn is_there(&mut self, expression: &Expr) {
        if let Some(path) = Path::of(expression) {
            self.frame.facts.push(Fact { path });
        }
        let mut step = expression;
        loop {
            match &step.kind {
                ExprKind::Chain(inner) => step = inner,
                ExprKind::Member { base, optional, .. } | ExprKind::Index { base, optional, .. } => {
                    if *optional && let Some(path) = Path::of(base) {
                        self.frame.facts.push(Fact { path });
                    }
                    step = base;
                }
                _ => return,
            }
        }
    }
}

/// Whether an expression is the literal `null`.
pub(crate) fn is_null(expression: &Expr) -> bool {
    matches!(expression.kind, ExprKind::Constant(Value::Null)) && expression.ty == Type::Null
}
