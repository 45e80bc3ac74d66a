//! What an expression refers to.

use crate::program::{BlockId, CallId, Expr, ExprKind, FunctionId, LetId, LocalId, ParamId, RecordEntry};
use formwork_model::Span;

/// Something that an expression refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference<'e> {
    Param(ParamId),
    Let(LetId),
    Function(FunctionId),
    Block(BlockId),
    /// An output of a call, or all.
    Call(CallId, Option<&'e str>),
}

/// Calls `visit` with each reference, and where it stands.
pub(crate) fn each_reference<'e>(expression: &'e Expr, visit: &mut dyn FnMut(Reference<'e>, Span)) {
    let span = expression.span;
    match &expression.kind {
        ExprKind::Param(id) => visit(Reference::Param(*id), span),
        ExprKind::Let(id) => visit(Reference::Let(*id), span),
        ExprKind::Block(id) => visit(Reference::Block(*id), span),
        ExprKind::Call(id) => visit(Reference::Call(*id, None), span),
        ExprKind::Member { base, name, .. } => match output_base(base) {
            Some((call, index)) => {
                visit(Reference::Call(call, Some(name)), span);
                if let Some(index) = index {
                    each_reference(index, visit);
                }
            }
            None => each_reference(base, visit),
        },
        ExprKind::Function { function, arguments } => {
            visit(Reference::Function(*function), span);
            arguments.iter().for_each(|argument| each_reference(argument, visit));
        }
        _ => each_child(expression, &mut |child| each_reference(child, visit)),
    }
}

/// The call (and key) whose output is taken by a member of `base`.
pub(crate) fn output_base(base: &Expr) -> Option<(CallId, Option<&Expr>)> {
    match &base.kind {
        ExprKind::Call(call) => Some((*call, None)),
        ExprKind::Index { base, index, .. } => match base.kind {
            ExprKind::Call(call) => Some((call, Some(index))),
            _ => None,
        },
        _ => None,
    }
}

/// The call that stands behind `after`.
pub(crate) fn called(expression: &Expr) -> Option<CallId> {
    output_base(expression).map(|(call, _)| call)
}

/// Whether an expression uses one of the enclosing declaration's first `count` locals.
pub(crate) fn uses_locals(expression: &Expr, count: u32) -> bool {
    if let ExprKind::Local(LocalId(id)) = expression.kind {
        return id < count;
    }
    let mut uses = false;
    each_child(expression, &mut |child| uses = uses || uses_locals(child, count));
    uses
}

/// Calls `visit` with each expression directly within this one.
pub(crate) fn each_child<'e>(expression: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    match &expression.kind {
        ExprKind::Constant(_)
        | ExprKind::Param(_)
        | ExprKind::Let(_)
        | ExprKind::Local(_)
        | ExprKind::Environment
        | ExprKind::Block(_)
        | ExprKind::Call(_)
        | ExprKind::Input(_)
        | ExprKind::Broken => {}
        ExprKind::Template(parts) => parts.iter().for_each(visit),
        ExprKind::Member { base, .. } => visit(base),
        ExprKind::Index { base, index, .. } => {
            visit(base);
            visit(index);
        }
        ExprKind::Chain(inner) | ExprKind::Unary(_, inner) | ExprKind::Coerce(inner) => visit(inner),
        ExprKind::Library { arguments, .. } | ExprKind::Function { arguments, .. } => arguments.iter().for_each(visit),
        ExprKind::Binary(_, left, right) => {
            visit(left);
            visit(right);
        }
        ExprKind::If(condition, then, otherwise) => {
            visit(condition);
            visit(then);
            visit(otherwise);
        }
        ExprKind::Match { subject, arms } => {
            visit(subject);
            arms.iter().for_each(|arm| visit(&arm.value));
        }
        ExprKind::List(items) => items.iter().for_each(|item| visit(&item.value)),
        ExprKind::Record(entries) => entries.iter().for_each(|entry| match entry {
            RecordEntry::Field(_, value) | RecordEntry::Spread(value) => visit(value),
            RecordEntry::Computed(entry) => {
                visit(&entry.0);
                visit(&entry.1);
            }
        }),
        ExprKind::For(inner) => {
            visit(&inner.source);
            inner.condition.iter().chain(&inner.key).for_each(&mut *visit);
            visit(&inner.body);
        }
    }
}
