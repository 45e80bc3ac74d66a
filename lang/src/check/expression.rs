//! Expressions, in both directions: [`ModuleChecker::infer`] finds the type of an expression, [`ModuleChecker::check`]
//! holds it against the type that is expected and makes it fit.

use super::context::{ModuleChecker, error};
use super::fits::{self, Fit, join, widened};
use super::mismatch::{condition_help, null_help};
use super::report::TypeProblem;
use crate::program::{Expr, ExprKind};
use crate::tree::{Expression, ExpressionKind, TemplatePart};
use formwork_model::{Literal, Type, Value};
use std::fmt;

/// What a value is for, in messages.
#[derive(Clone, Copy)]
pub(crate) enum What<'w> {
    /// An attribute of a block.
    Attribute(&'w str),
    /// A field of a record.
    Field(&'w str),
    /// An entry of a map.
    Entry,
    /// An item of a list or set.
    Item,
    /// A param, set or defaulted.
    Param(&'w str),
    /// A let or output with a written type.
    Declared(&'w str),
    /// An argument of a function: the function and the argument.
    Argument(&'w str, &'w str),
    /// The result of a function.
    Result(&'w str),
    /// The message of a condition.
    Message,
    /// A key.
    Key,
    /// An id to import.
    Id,
    /// Something in an overlay.
    Path(&'w str),
}

impl fmt::Display for What<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) | Self::Field(name) | Self::Param(name) | Self::Declared(name) | Self::Path(name) => {
                write!(formatter, "`{name}`")
            }
            Self::Entry => formatter.write_str("an entry of this map"),
            Self::Item => formatter.write_str("an item of this list"),
            Self::Argument(function, name) => write!(formatter, "`{name}` of `{function}`"),
            Self::Result(name) => write!(formatter, "the result of `{name}`"),
            Self::Message => formatter.write_str("a message"),
            Self::Key => formatter.write_str("a key"),
            Self::Id => formatter.write_str("an id"),
        }
    }
}

impl<'a> ModuleChecker<'_, 'a> {
    /// The expression with the type that it has by itself.
    pub(crate) fn infer(&mut self, expression: &'a Expression) -> Expr {
        let span = expression.span;
        let constant = |value, ty| Expr { kind: ExprKind::Constant(value), ty, span };
        match &expression.kind {
            ExpressionKind::Null => constant(Value::Null, Type::Null),
            ExpressionKind::Bool(truth) => constant(Value::Bool(*truth), Type::Bool),
            ExpressionKind::Int(number) => constant(Value::Int(*number), Type::Literal(Literal::Int(*number))),
            ExpressionKind::Float(number) => constant(Value::Float(*number), Type::Float),
            ExpressionKind::Duration(milliseconds) => constant(Value::Duration(*milliseconds), Type::Duration),
            ExpressionKind::String(text) => {
                constant(Value::String(text.clone()), Type::Literal(Literal::String(text.clone())))
            }
            ExpressionKind::Template(parts) => self.template(parts, expression),
            ExpressionKind::Name(name) => {
                let named = self.name(name, span);
                self.narrowed(named)
            }
            ExpressionKind::Member { .. } | ExpressionKind::Index { .. } => self.chain(expression),
            ExpressionKind::Call { function, arguments } => self.call(function, arguments, span),
            ExpressionKind::Unary { operator, operand } => self.unary(*operator, operand, span),
            ExpressionKind::Binary { operator, operator_span, left, right } => {
                self.binary(*operator, *operator_span, left, right, span)
            }
            ExpressionKind::If { condition, then, otherwise } => {
                self.conditional(condition, then, otherwise, None, span)
            }
            ExpressionKind::Match { subject, arms } => self.matching(subject, arms, None, span),
            ExpressionKind::List(items) => self.infer_list(items, span),
            ExpressionKind::Record(entries) => self.infer_record(entries, span),
            ExpressionKind::For(inner) => self.comprehension(inner, None, span),
            ExpressionKind::Parenthesised(inner) => self.infer(inner),
            ExpressionKind::Broken => error(span),
        }
    }

    /// The expression, made to fit `expected`; reports where it does not.
    pub(crate) fn check(&mut self, expression: &'a Expression, expected: &Type, what: What<'_>) -> Expr {
        let span = expression.span;
        let target = bare(expected);
        let found = match (&expression.kind, target) {
            (ExpressionKind::Parenthesised(inner), _) => return self.check(inner, expected, what),
            (ExpressionKind::List(items), Type::List(item) | Type::Set(item)) => {
                self.check_list(items, target, item, span)
            }
            (ExpressionKind::Record(entries), Type::Record(record)) if self.frame.partial => {
                return self.check_record(entries, record, span);
            }
            (ExpressionKind::Record(entries), Type::Record(record)) => self.check_record(entries, record, span),
            (ExpressionKind::Record(entries), Type::Map(entry)) => self.check_map(entries, entry, span),
            (ExpressionKind::For(inner), Type::List(_) | Type::Map(_)) => self.comprehension(inner, Some(target), span),
            (ExpressionKind::For(inner), Type::Set(item)) => {
                let list = self.comprehension(inner, Some(target), span);
                if list.ty == Type::Error { list } else { as_set(list, item) }
            }
            (ExpressionKind::If { condition, then, otherwise }, _) => {
                return self.conditional(condition, then, otherwise, Some((expected, what)), span);
            }
            (ExpressionKind::Match { subject, arms }, _) => {
                return self.matching(subject, arms, Some((expected, what)), span);
            }
            (ExpressionKind::Binary { operator: formwork_model::BinaryOperator::Coalesce, left, right, .. }, _) => {
                return self.coalesce(left, right, Some((expected, what)), span);
            }
            (ExpressionKind::Name(name), _) if self.is_unquoted(name, target) => {
                return self.broken(span, super::report::NameProblem::Unquoted { text: name.clone(), span });
            }
            (ExpressionKind::Bool(truth), _) if fits::literals(target).is_some() => {
                let ty = Type::Literal(Literal::Bool(*truth));
                Expr { kind: ExprKind::Constant(Value::Bool(*truth)), ty, span }
            }
            (_, Type::Any) => self.infer_open(expression),
            _ => self.infer(expression),
        };
        self.fit(found, expected, what)
    }

    /// By itself, where anything may stand: items need not have a common type.
    fn infer_open(&mut self, expression: &'a Expression) -> Expr {
        let open = std::mem::replace(&mut self.frame.open, true);
        let found = self.infer(expression);
        self.frame.open = open;
        found
    }

    /// Makes `found` fit `expected`, or reports that it does not.
    pub(crate) fn fit(&mut self, found: Expr, expected: &Type, what: What<'_>) -> Expr {
        match fits::fits(&found.ty, expected, self.frame.secrets) {
            Fit::Same => retyped(found, expected),
            Fit::Coerce => coerced(found, expected),
            Fit::No => {
                let span = found.span;
                self.mismatch(&found, expected, what);
                error(span)
            }
        }
    }

    fn template(&mut self, parts: &'a [TemplatePart], expression: &Expression) -> Expr {
        let span = expression.span;
        let mut secret = false;
        let mut checked = Vec::with_capacity(parts.len());
        for part in parts {
            checked.push(match part {
                TemplatePart::Text(text) => {
                    Expr { kind: ExprKind::Constant(Value::String(text.clone())), ty: Type::String, span }
                }
                TemplatePart::Interpolation(inner) => {
                    let inner = self.infer(inner);
                    secret |= inner.ty.is_secret();
                    self.interpolated(inner)
                }
            });
        }
        if checked.iter().any(|part| part.ty == Type::Error) {
            return error(span);
        }
        let ty = if secret { Type::secret(Type::String) } else { Type::String };
        Expr { kind: ExprKind::Template(checked), ty, span }
    }

    /// Whether a name that there is not is one of the texts that are expected.
    fn is_unquoted(&self, name: &ecow::EcoString, expected: &Type) -> bool {
        let texts = fits::literals(expected).unwrap_or(&[]);
        texts.contains(&Literal::String(name.clone())) && !self.has_meaning(name)
    }

    /// What stands in `${ }` has a text of its own.
    fn interpolated(&mut self, inner: Expr) -> Expr {
        let span = inner.span;
        match widened(inner.ty.exposed()) {
            Type::Error | Type::Any | Type::Bool | Type::Int | Type::Float | Type::String => inner,
            Type::Duration | Type::Cidr | Type::Ip | Type::Url | Type::Union(_) => inner,
            ty @ (Type::Optional(_) | Type::Null) => {
                let help = null_help(&ty.without_null());
                self.broken(span, TypeProblem::MayBeNull { what: "this".to_owned(), ty: ty.to_string(), span, help })
            }
            ty => {
                let help = match &ty {
                    Type::Object(_) => "name one of its attributes, such as its id".to_owned(),
                    Type::List(_) | Type::Set(_) => {
                        "join its items, for instance with `join(x, \", \")`, or use `json_encode(x)`".to_owned()
                    }
                    _ => "name one of its fields, or use `json_encode(x)`".to_owned(),
                };
                self.broken(span, TypeProblem::NotInterpolated { found: described(&ty), span, help })
            }
        }
    }

    /// A condition: a bool, known whole.
    pub(crate) fn check_condition(&mut self, expression: &'a Expression) -> Expr {
        let condition = self.infer(expression);
        let span = condition.span;
        match condition.ty.exposed() {
            Type::Bool | Type::Error | Type::Literal(Literal::Bool(_)) => condition,
            Type::Any => coerced(condition, &Type::Bool),
            Type::Union(members) if members.iter().all(|member| matches!(member, Literal::Bool(_))) => condition,
            other => {
                let help = condition_help(other);
                let found = described(other);
                self.broken(span, TypeProblem::NotBool { found, span, help })
            }
        }
    }

    fn conditional(
        &mut self,
        condition: &'a Expression,
        then: &'a Expression,
        otherwise: &'a Expression,
        expected: Option<(&Type, What<'_>)>,
        span: formwork_model::Span,
    ) -> Expr {
        let condition = self.check_condition(condition);
        let mark = self.enter();
        self.assume(&condition, true);
        let mut one = self.branch(then, expected);
        self.leave(mark);
        self.assume(&condition, false);
        let mut other = self.branch(otherwise, expected);
        self.leave(mark);
        let ty = match expected {
            Some((ty, _)) => branches_type(ty, &[&one, &other]),
            None => {
                if is_empty_literal(then) {
                    one = self.again(then, &other.ty, one);
                } else if is_empty_literal(otherwise) {
                    other = self.again(otherwise, &one.ty, other);
                }
                self.common("`if`", &mut [&mut one, &mut other])
            }
        };
        let ty = spread_secret(ty, &condition.ty);
        Expr { kind: ExprKind::If(Box::new(condition), Box::new(one), Box::new(other)), ty, span }
    }

    /// One of several branches: against what is expected of all, or by itself.
    pub(crate) fn branch(&mut self, expression: &'a Expression, expected: Option<(&Type, What<'_>)>) -> Expr {
        match expected {
            Some((ty, what)) => self.check(expression, ty, what),
            None => self.infer(expression),
        }
    }

    /// An empty `[]` or `{}` takes the type of what it stands beside, where it can.
    pub(crate) fn again(&mut self, expression: &'a Expression, beside: &Type, first: Expr) -> Expr {
        let fits_beside = matches!(
            (&expression.kind, bare(beside)),
            (ExpressionKind::List(_), Type::List(_) | Type::Set(_)) | (ExpressionKind::Record(_), Type::Map(_))
        );
        if fits_beside { self.check(expression, &beside.without_null(), What::Item) } else { first }
    }

    /// Makes all branches of one type, the smallest that they share.
    pub(crate) fn common(&mut self, construct: &'static str, branches: &mut [&mut Expr]) -> Type {
        let Some((first, rest)) = branches.split_first() else { return Type::Error };
        let mut sum = first.ty.clone();
        for branch in rest {
            let Some(joined) = join(&sum, &branch.ty) else {
                if self.frame.open {
                    return Type::Any;
                }
                if fits::holds_error(&sum) || fits::holds_error(&branch.ty) {
                    return Type::Error;
                }
                self.tell(TypeProblem::Branches {
                    construct,
                    first: described(&sum),
                    first_span: first.span,
                    other: described(&branch.ty),
                    span: branch.span,
                });
                return Type::Error;
            };
            sum = joined;
        }
        for branch in branches.iter_mut() {
            if fits::fits(&branch.ty, &sum, self.frame.secrets) == Fit::Coerce {
                let span = branch.span;
                let old = std::mem::replace(*branch, error(span));
                **branch = coerced(old, &sum);
            }
        }
        sum
    }
}

/// What is expected, without `?` and `secret`: the form that a literal takes.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) | Type::Secret(inner) => bare(inner),
        other => other,
    }
}

/// A literal is of the type that is expected of it; all else keeps its own, which is at least as telling.
fn retyped(mut found: Expr, expected: &Type) -> Expr {
    if matches!(found.kind, ExprKind::Constant(_)) && found.ty != Type::Error && !matches!(found.ty, Type::Null) {
        let target = bare(expected);
        if !matches!(target, Type::Any) {
            found.ty = target.clone();
        }
    }
    found
}

/// Wraps what has to be made to fit; a whole number where a float is expected becomes one at once.
pub(crate) fn coerced(found: Expr, expected: &Type) -> Expr {
    let span = found.span;
    if let (ExprKind::Constant(Value::Int(number)), Type::Float) = (&found.kind, expected) {
        #[allow(clippy::cast_precision_loss)]
        let number = *number as f64;
        return Expr { kind: ExprKind::Constant(Value::Float(number)), ty: Type::Float, span };
    }
    let secret = found.ty.is_secret() && !expected.is_secret();
    let ty = if secret { expected.clone().secret() } else { expected.clone() };
    let ty = if found.ty.holds_null() || !expected.holds_null() || matches!(expected, Type::Any) {
        ty
    } else {
        ty.without_null()
    };
    Expr { kind: ExprKind::Coerce(Box::new(found)), ty, span }
}

/// Of branches that were checked against a type: that type, secret if one of them is.
pub(crate) fn branches_type(expected: &Type, branches: &[&Expr]) -> Type {
    if matches!(expected, Type::Any) {
        let joined = branches.iter().try_fold(Type::Error, |sum, branch| join(&sum, &branch.ty));
        return joined.unwrap_or(Type::Any);
    }
    let secret = branches.iter().any(|branch| branch.ty.is_secret());
    let null = branches.iter().any(|branch| branch.ty.holds_null() && branch.ty != Type::Error);
    let ty = if null { expected.clone() } else { expected.without_null() };
    if secret { ty.secret() } else { ty }
}

/// `ty`, secret if what it was made from is.
pub(crate) fn spread_secret(ty: Type, from: &Type) -> Type {
    if from.is_secret() { ty.secret() } else { ty }
}

/// `[]` and `{}`.
pub(crate) fn is_empty_literal(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::List(items) => items.is_empty(),
        ExpressionKind::Record(entries) => entries.is_empty(),
        ExpressionKind::Parenthesised(inner) => is_empty_literal(inner),
        _ => false,
    }
}

/// A type in a sentence; long unions are cut.
pub(crate) fn described(ty: &Type) -> String {
    match ty {
        Type::Literal(Literal::String(text)) => format!("the text {text:?}"),
        Type::Literal(Literal::Int(number)) => format!("the number {number}"),
        Type::Literal(Literal::Bool(truth)) => format!("{truth}"),
        Type::Record(record) if record.name.is_none() && record.fields.len() > 6 => "a record".to_owned(),
        other => {
            let text = fits::shown(other).to_string();
            if text.len() > LONGEST_TYPE { outline(other) } else { text }
        }
    }
}

/// Longer types are told in outline.
const LONGEST_TYPE: usize = 240;

/// A type without what its fields are; of many fields only those that must be there.
fn outline(ty: &Type) -> String {
    match ty {
        Type::Record(record) => {
            let many = record.fields.len() > 8;
            let told = record.fields.iter().filter(|field| !many || !field.optional);
            let fields: Vec<String> = told
                .map(|field| format!("{}{}: …", field.name, if field.optional { "?" } else { "" }))
                .chain(many.then(|| "…".to_owned()))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Type::List(item) => format!("list<{}>", outline(item)),
        Type::Set(item) => format!("set<{}>", outline(item)),
        Type::Map(entry) => format!("map<{}>", outline(entry)),
        Type::Secret(inner) => format!("secret<{}>", outline(inner)),
        Type::Optional(inner) => format!("{}?", outline(inner)),
        other => fits::shown(other).to_string(),
    }
}

/// A comprehension where a set is expected.
fn as_set(list: Expr, item: &Type) -> Expr {
    let set = Type::set(item.clone());
    let ty = if list.ty.is_secret() { set.secret() } else { set };
    coerced(list, &ty)
}
