//! `[for x in xs if c => e]`, `{ for k, v in m => [k] = e }`, and what a `for` may go through.

use super::context::{ModuleChecker, error};
use super::expression::{What, described};
use super::report::TypeProblem;
use crate::program::{Expr, ExprKind, ForExpr};
use crate::tree::{ForExpression, Iteration};
use formwork_model::{Span, Type};

impl<'a> ModuleChecker<'_, 'a> {
    /// A comprehension; `expected` is a list, set or map type, or nothing is expected.
    pub(crate) fn comprehension(&mut self, written: &'a ForExpression, expected: Option<&Type>, span: Span) -> Expr {
        let source = self.infer(&written.iteration.source);
        let mark = self.enter();
        let Some((first_type, second_type)) = self.items_of(&source, &written.iteration) else {
            for name in &written.iteration.names {
                self.add_local(name, Type::Error);
            }
            written.condition.iter().chain(&written.key).for_each(|part| {
                self.infer(part);
            });
            self.infer(&written.body);
            self.leave(mark);
            return error(span);
        };
        let mut names = written.iteration.names.iter();
        let Some(first) = names.next().map(|name| self.add_local(name, first_type)) else { return error(span) };
        let second = names.next().map(|name| self.add_local(name, second_type));
        let condition = written.condition.as_ref().map(|condition| self.check_condition(condition));
        if let Some(condition) = &condition {
            self.assume(condition, true);
        }
        let key = written.key.as_ref().map(|key| self.comprehension_key(key));
        let item = match (expected, &key) {
            (Some(Type::List(item) | Type::Set(item)), None) | (Some(Type::Map(item)), Some(_)) => Some(item.as_ref()),
            _ => None,
        };
        let body = match item {
            Some(ty) => self.check(&written.body, ty, if key.is_some() { What::Entry } else { What::Item }),
            None => self.infer(&written.body),
        };
        self.leave(mark);
        let secret = source.ty.is_secret() || condition.as_ref().is_some_and(|condition| condition.ty.is_secret());
        let broken = body.ty == Type::Error || key.as_ref().is_some_and(|key| key.ty == Type::Error);
        let item_type = item.filter(|ty| !matches!(ty, Type::Any)).cloned().unwrap_or_else(|| body.ty.clone());
        let ty = match (broken, key.is_some()) {
            (true, _) => Type::Error,
            (false, true) => Type::map(item_type),
            (false, false) => Type::list(item_type),
        };
        let ty = if secret { ty.secret() } else { ty };
        let inner = ForExpr { first, second, source, condition, key, body };
        Expr { kind: ExprKind::For(Box::new(inner)), ty, span }
    }

    fn comprehension_key(&mut self, key: &'a crate::tree::Expression) -> Expr {
        let found = self.infer(key);
        if found.ty.is_secret() {
            let help = "keys are shown in plans and addresses: use something that may be seen".to_owned();
            let problem = TypeProblem::SecretExposed {
                what: "a key".to_owned(),
                found: found.ty.to_string(),
                span: found.span,
                help,
            };
            return self.broken(found.span, problem);
        }
        self.fit(found, &Type::String, What::Key)
    }

    /// The types of a comprehension's variables.
    fn items_of(&mut self, source: &Expr, iteration: &Iteration) -> Option<(Type, Type)> {
        let two = iteration.names.len() == 2;
        let secret = source.ty.is_secret();
        let mark = |ty: Type| if secret { ty.secret() } else { ty };
        let types = match source.ty.exposed() {
            Type::Error => return None,
            Type::Any => (Type::Any, Type::Any),
            Type::List(item) if two => (Type::Int, mark(item.as_ref().clone())),
            Type::List(item) | Type::Set(item) if !two => (mark(item.as_ref().clone()), Type::Error),
            Type::Map(entry) if two => (Type::String, mark(entry.as_ref().clone())),
            Type::Map(entry) => (mark(entry.as_ref().clone()), Type::Error),
            Type::Record(record) | Type::Module(record) => {
                let joined =
                    record.fields.iter().try_fold(Type::Error, |sum, field| super::fits::join(&sum, &field.ty));
                let entry = mark(if record.fields.is_empty() { Type::Any } else { joined.unwrap_or(Type::Any) });
                if two { (Type::String, entry) } else { (entry, Type::Error) }
            }
            Type::Set(_) => {
                let help = "write one name: `for x in …`".to_owned();
                self.tell(TypeProblem::ForNames {
                    expected: "a set takes one name, its items have no keys",
                    span: iteration.span,
                    help,
                });
                return None;
            }
            other => {
                let help = iterable_help(other);
                let found = described(other);
                self.tell(TypeProblem::NotIterable { found, span: source.span, help });
                return None;
            }
        };
        Some(types)
    }

    /// `for` of a declaration: over a map or a set of texts, with known keys that may be seen.
    pub(crate) fn iteration(&mut self, iteration: &'a Iteration) -> Option<crate::program::Iteration> {
        let source = self.infer(&iteration.source);
        let types = self.instances_of(&source, iteration);
        let (first_type, second_type) = types.clone().unwrap_or((Type::Error, Type::Error));
        let mut names = iteration.names.iter();
        let first = names.next().map(|name| self.add_local(name, first_type))?;
        let second = names.next().map(|name| self.add_local(name, second_type));
        types?;
        Some(crate::program::Iteration { first, second, source })
    }

    fn instances_of(&mut self, source: &Expr, iteration: &Iteration) -> Option<(Type, Type)> {
        let two = iteration.names.len() == 2;
        let names =
            |expected, help: &str| TypeProblem::ForNames { expected, span: iteration.span, help: help.to_owned() };
        match &source.ty {
            Type::Error => None,
            Type::Any => Some((Type::String, Type::Any)),
            Type::Secret(_) => {
                let help = "instances are named by their keys, which are seen everywhere: go through something that may be seen, such as a param with the names".to_owned();
                let what = "`for` on a declaration".to_owned();
                self.tell(TypeProblem::SecretExposed { what, found: source.ty.to_string(), span: source.span, help });
                None
            }
            Type::Map(entry) if two => Some((Type::String, entry.as_ref().clone())),
            Type::Record(record) if two => {
                let joined =
                    record.fields.iter().try_fold(Type::Error, |sum, field| super::fits::join(&sum, &field.ty));
                Some((Type::String, if record.fields.is_empty() { Type::Any } else { joined.unwrap_or(Type::Any) }))
            }
            Type::Map(_) | Type::Record(_) => {
                self.tell(names(
                    "a map takes two names, the key and the value",
                    "write `for key, value in …`, or go through `to_set(keys(x))`",
                ));
                None
            }
            Type::Set(item) if super::fits::fits(item, &Type::String, super::fits::Secrets::Kept).is_fit() => {
                if two {
                    self.tell(names("a set takes one name, its items have no keys", "write `for x in …`"));
                    return None;
                }
                Some((item.as_ref().clone(), Type::Error))
            }
            other => {
                let help = instances_help(other);
                let found = described(other);
                let reason =
                    if matches!(other, Type::List(_)) { "a list has no stable keys" } else { "this has no keys" };
                self.tell(TypeProblem::ForOverList { found, reason, span: source.span, help });
                None
            }
        }
    }
}

fn iterable_help(ty: &Type) -> String {
    match ty {
        Type::Optional(_) => "give a value for null: `for x in xs ?? []`",
        Type::Int | Type::Literal(formwork_model::Literal::Int(_)) => "write `range(n)` for the numbers from 0 to n-1",
        Type::String | Type::Literal(_) | Type::Union(_) => "split the text first: `split(\",\", x)`",
        Type::Object(_) => "the block has no `for`, so it is one object: use it directly",
        _ => "`for` goes through lists, sets, maps and records",
    }
    .to_owned()
}

fn instances_help(ty: &Type) -> String {
    match ty {
        Type::List(item) if super::fits::fits(item, &Type::String, super::fits::Secrets::Kept).is_fit() => {
            "make it a set, so that no instance moves when another goes: `for x in to_set(xs)`"
        }
        Type::List(_) => "make it a map with keys of your own, so that no instance moves when another goes: `for key, x in { for x in xs => [x.name] = x }`",
        Type::Optional(_) => "give a value for null: `x ?? {}`",
        Type::Int | Type::Literal(formwork_model::Literal::Int(_)) => "there is no count: write a set of names, `for name in to_set([\"a\", \"b\"])`",
        Type::Bool => "for one instance or none write `if` instead of `for`",
        Type::Set(_) => "the items have to be texts, since they name the instances",
        _ => "go through a map with two names, or a set of texts with one",
    }
    .to_owned()
}
