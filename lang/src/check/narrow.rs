//! What a condition tells about null: after `x != null`, `x` is there. For names and paths of members.

use super::context::ModuleChecker;
use crate::program::{BlockId, CallId, Expr, ExprKind, LetId, LocalId, ParamId};
use crate::tree::{Entry, Expression, ExpressionKind, Key};
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

/// The block that an expression is, or an instance of.
fn block_of(expression: &Expr) -> Option<BlockId> {
    match &expression.kind {
        ExprKind::Block(id) => Some(*id),
        ExprKind::Index { base, .. } => match base.kind {
            ExprKind::Block(id) => Some(id),
            _ => None,
        },
        _ => None,
    }
}

/// What a body or a record says of a name; nothing where a spread might say something else.
fn field<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Expression> {
    if entries.iter().any(|entry| matches!(entry, Entry::Spread { .. })) {
        return None;
    }
    entries.iter().find_map(|entry| match entry {
        Entry::Field { key: Key::Literal(word), value } if word.text == name => Some(value),
        _ => None,
    })
}

impl<'a> ModuleChecker<'_, 'a> {
    /// The expression, typed without null where a condition around it says so, or the block that it reads writes it out.
    pub(crate) fn narrowed(&self, mut expression: Expr) -> Expr {
        if expression.ty.holds_null() && (self.is_assumed(&expression) || self.is_written_out(&expression)) {
            expression.ty = expression.ty.without_null();
        }
        expression
    }

    fn is_assumed(&self, expression: &Expr) -> bool {
        !self.frame.facts.is_empty()
            && Path::of(expression).is_some_and(|path| self.frame.facts.iter().any(|fact| fact.path == path))
    }

    /// Whether this reads an attribute of a block, or what is within it, for which the block itself writes out a list,
    /// a record, a text or a number: the schema may call it optional, here it is there.
    pub(crate) fn is_written_out(&self, expression: &Expr) -> bool {
        self.written(expression).is_some_and(|written| {
            matches!(
                written.kind,
                ExpressionKind::List(_)
                    | ExpressionKind::Record(_)
                    | ExpressionKind::For(_)
                    | ExpressionKind::String(_)
                    | ExpressionKind::Template(_)
                    | ExpressionKind::Bool(_)
                    | ExpressionKind::Int(_)
                    | ExpressionKind::Float(_)
                    | ExpressionKind::Duration(_)
            )
        })
    }

    /// What the block that an expression reads writes at this place.
    fn written(&self, expression: &Expr) -> Option<&'a Expression> {
        let mut written = match &expression.kind {
            ExprKind::Chain(inner) => return self.written(inner),
            ExprKind::Member { base, name, .. } => match block_of(base) {
                Some(id) => field(&self.names.blocks.get(id.index())?.what.body.entries, name)?,
                None => match &self.written(base)?.kind {
                    ExpressionKind::Record(entries) => field(entries, name)?,
                    _ => return None,
                },
            },
            ExprKind::Index { base, index, .. } => {
                let (ExprKind::Constant(Value::Int(at)), ExpressionKind::List(items)) =
                    (&index.kind, &self.written(base)?.kind)
                else {
                    return None;
                };
                let at = usize::try_from(*at).ok()?;
                let plain = items.iter().take(at + 1).all(|item| !item.spread);
                &items.get(at).filter(|_| plain)?.value
            }
            _ => return None,
        };
        while let ExpressionKind::Parenthesised(inner) = &written.kind {
            written = inner;
        }
        Some(written)
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
