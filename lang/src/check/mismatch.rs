//! Why a value does not fit: the most telling of several ways to say it, and what to write instead.

use super::context::ModuleChecker;
use super::expression::{What, bare, described};
use super::fits::{self, widened};
use super::report::{TypeProblem, listed, nearest};
use crate::program::{Expr, ExprKind};
use ecow::EcoString;
use formwork_model::{Field, Literal, RecordType, Span, Type, Value};

impl ModuleChecker<'_, '_> {
    /// Says why `found` does not fit, in the most telling way.
    pub(crate) fn mismatch(&mut self, found: &Expr, expected: &Type, what: What<'_>) {
        let span = found.span;
        if fits::holds_error(&found.ty) {
            return;
        }
        let problem = match (&found.ty, bare(expected)) {
            (Type::Secret(_), _) => secret_problem(found, what),
            (ty @ (Type::Optional(_) | Type::Null), _)
                if fits::fits(&ty.without_null(), expected, self.frame.secrets).is_fit() =>
            {
                TypeProblem::MayBeNull {
                    what: what_found(found, what),
                    ty: ty.to_string(),
                    span,
                    help: null_help(&ty.without_null()),
                }
            }
            (Type::Literal(literal), target) if fits::literals(target).is_some() => {
                not_in_union(literal, target, what, span)
            }
            (Type::Literal(Literal::String(text)), target @ (Type::Cidr | Type::Ip | Type::Url)) => {
                super::texts::bad_text(text, target, span)
            }
            (Type::Object(_), Type::Reference(_)) => TypeProblem::WrongReference {
                what: what.to_string(),
                expected: format!("{} or its id as text", bare(expected)),
                found: found.ty.to_string(),
                span,
                help: "name a block of that type, or write the id of an object that nobody here manages".to_owned(),
            },
            (Type::Record(record), target @ (Type::Record(_) | Type::Map(_))) => {
                return self.record_mismatch(found, record, target, expected, what);
            }
            (ty, target) => TypeProblem::Mismatch {
                what: what.to_string(),
                expected: described(&expected.without_null()),
                found: described(ty),
                span,
                help: self.bare_value_help(found, expected).or_else(|| conversion_help(ty, target)),
            },
        };
        self.tell(problem);
    }

    /// `"${x}"` makes a text of what would fit as it is.
    fn bare_value_help(&self, found: &Expr, expected: &Type) -> Option<String> {
        if let (ExprKind::Constant(Value::Float(_) | Value::Bool(_)), Type::String) = (&found.kind, bare(expected)) {
            return Some("put it in quotes, as it is written".to_owned());
        }
        let ExprKind::Template(parts) = &found.kind else { return None };
        let [only] = parts.as_slice() else { return None };
        let fits = fits::fits(&only.ty, expected, self.frame.secrets).is_fit();
        fits.then(|| "`\"${x}\"` makes a text of it: write the value alone, `x`".to_owned())
    }

    /// Names the first field that is to blame.
    fn record_mismatch(&mut self, found: &Expr, record: &RecordType, target: &Type, expected: &Type, what: What<'_>) {
        let span = found.span;
        let fallback = TypeProblem::Mismatch {
            what: what.to_string(),
            expected: described(expected),
            found: described(&found.ty),
            span,
            help: conversion_help(&found.ty, target),
        };
        let Type::Record(wanted) = target else { return self.tell(fallback) };
        for field in &record.fields {
            match wanted.field(&field.name) {
                None => return self.tell(unknown_field(wanted, &field.name, span)),
                Some(target) if !fits::fits(&field.ty, &target.ty, self.frame.secrets).is_fit() => {
                    return self.tell(TypeProblem::Mismatch {
                        what: format!("`{}` of {what}", field.name),
                        expected: described(&target.ty),
                        found: described(&field.ty),
                        span,
                        help: conversion_help(&field.ty, &target.ty),
                    });
                }
                Some(_) => {}
            }
        }
        let missing = wanted.fields.iter().find(|field| !field.optional && record.field(&field.name).is_none());
        self.tell(match missing {
            Some(field) => missing_field(wanted, field, span),
            None => fallback,
        });
    }
}

fn what_found(found: &Expr, what: What<'_>) -> String {
    match &found.kind {
        ExprKind::Member { name, .. } => format!("`{name}`"),
        ExprKind::Chain(_) => "this".to_owned(),
        _ => format!("the value of {what}"),
    }
}

pub(crate) fn null_help(inner: &Type) -> String {
    let example = match widened(inner) {
        Type::String => "\"…\"",
        Type::Int => "0",
        Type::Bool => "false",
        Type::List(_) => "[]",
        Type::Map(_) => "{}",
        _ => "…",
    };
    format!("give a value for that case, `x ?? {example}`, or test it first: `if x != null then … else …`")
}

fn secret_problem(found: &Expr, what: What<'_>) -> TypeProblem {
    let help = match what {
        What::Declared(name) => format!("declare `{name}` as `{}`", found.ty),
        What::Param(name) | What::Path(name) => format!("declare the param as `{name}: {}`", found.ty),
        What::Key => "keys stand in addresses, which are seen everywhere: use a text that is no secret".to_owned(),
        What::Message => "a message is shown to everybody: leave the secret out of it".to_owned(),
        _ => format!("declare it as `{}`, or leave the secret out", found.ty),
    };
    TypeProblem::SecretExposed { what: what.to_string(), found: found.ty.to_string(), span: found.span, help }
}

fn not_in_union(literal: &Literal, target: &Type, what: What<'_>, span: Span) -> TypeProblem {
    let members = fits::literals(target).unwrap_or(&[]);
    let texts = members.iter().filter_map(|member| match member {
        Literal::String(text) => Some(text.as_str()),
        _ => None,
    });
    let near = match literal {
        Literal::String(text) => nearest(text, texts).map(|text| format!("{text:?}")),
        _ => None,
    };
    TypeProblem::NotInUnion {
        what: what.to_string(),
        literal: literal.to_string(),
        members: listed(members),
        span,
        nearest: near,
    }
}

pub(crate) fn unknown_field(record: &RecordType, name: &EcoString, span: Span) -> TypeProblem {
    let names = || record.fields.iter().map(|field| field.name.as_str());
    TypeProblem::UnknownField {
        ty: record_name(record),
        name: name.clone(),
        span,
        nearest: nearest(name, names()).map(EcoString::from),
        known: listed(names()),
    }
}

pub(crate) fn missing_field(record: &RecordType, field: &Field, span: Span) -> TypeProblem {
    TypeProblem::MissingField {
        ty: record_name(record),
        name: field.name.clone(),
        field: described(&field.ty),
        span,
        declared: field.span,
    }
}

/// The name of a record type, or what it is.
pub(crate) fn record_name(record: &RecordType) -> String {
    record.name.as_ref().map_or_else(|| "this record".to_owned(), |name| format!("`{name}`"))
}

pub(crate) fn condition_help(found: &Type) -> String {
    match widened(found) {
        Type::Optional(inner) if *inner == Type::Bool => {
            "null is neither true nor false: write `x ?? false`, or `x == true`".to_owned()
        }
        Type::Optional(_) | Type::Null | Type::Object(_) => "compare it: `x != null`".to_owned(),
        Type::String => "compare it: `x == \"…\"`, or `x != \"\"`".to_owned(),
        Type::Int | Type::Float => "compare it: `x > 0`".to_owned(),
        Type::List(_) | Type::Set(_) | Type::Map(_) => "ask for its size: `length(x) > 0`".to_owned(),
        _ => "write a comparison".to_owned(),
    }
}

/// What a value of a type looks like.
const fn written_form(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "write true or false",
        Type::Int => "write a whole number, such as 3",
        Type::Float => "write a number, such as 0.5",
        Type::String => "write a text in quotes",
        Type::Duration => "write a duration, such as 30s, 5m or 1h30m",
        Type::Cidr => "write an address range in quotes, such as \"10.0.0.0/16\"",
        Type::Ip => "write an address in quotes, such as \"10.0.0.4\"",
        Type::Url => "write an address of the web in quotes, such as \"https://example.com\"",
        Type::List(_) | Type::Set(_) => "write a list: `[…, …]`",
        Type::Map(_) | Type::Record(_) => "write it with braces: `{ key = value }`",
        Type::Object(_) => "name a block of that type",
        Type::Any
        | Type::Error
        | Type::Null
        | Type::Literal(_)
        | Type::Union(_)
        | Type::Optional(_)
        | Type::Secret(_)
        | Type::Module(_)
        | Type::Reference(_) => "",
    }
}

/// How to turn one type into another, where there is a usual way.
/// `{ a = …, b = … }` with the fields that must be there, or with all where none must.
fn record_help(record: &RecordType) -> String {
    const SHOWN: usize = 6;
    let required: Vec<&Field> = record.fields.iter().filter(|field| !field.optional).collect();
    let told = if required.is_empty() { record.fields.iter().collect() } else { required };
    let fields: Vec<String> = told.iter().take(SHOWN).map(|field| format!("{} = …", field.name)).collect();
    let more = if told.len() > SHOWN { ", …" } else { "" };
    if fields.is_empty() {
        "write it with braces: `{}`".to_owned()
    } else {
        format!("write `{{ {}{more} }}`", fields.join(", "))
    }
}

fn conversion_help(from: &Type, to: &Type) -> Option<String> {
    if let (Type::Literal(literal @ (Literal::Int(_) | Literal::Bool(_))), Type::String) = (from, to) {
        return Some(format!("put it in quotes: `\"{literal}\"`"));
    }
    let text = match (&widened(from), to) {
        (Type::Int | Type::Float | Type::Bool | Type::Duration | Type::Cidr | Type::Ip | Type::Url, Type::String) => {
            "write it as a text: `\"${x}\"`"
        }
        (Type::String, Type::Int) => "write a number without quotes, or convert a text: `to_int(x)`",
        (Type::String, Type::Float) => "write a number without quotes, or convert a text: `to_float(x)`",
        (Type::String, Type::Bool) => "write true or false without quotes, or convert a text: `to_bool(x)`",
        (Type::String, Type::Duration) => "write a duration without quotes, such as 30s, 5m or 1h30m",
        (Type::Int, Type::Duration) => "say the unit: 30s, 5m, 1h30m",
        (Type::Float, Type::Int) => "round it: `floor(x)`, `ceil(x)` or `round(x)`",
        (Type::Int | Type::Float | Type::Bool, Type::Literal(_) | Type::Union(_)) => "",
        (Type::String, Type::Cidr) => "declare it as cidr where it comes from, or convert it: `to_cidr(x)`",
        (Type::String, Type::Ip) => "declare it as ip where it comes from, or convert it: `to_ip(x)`",
        (Type::String, Type::Url) => "declare it as url where it comes from, or convert it: `to_url(x)`",
        (Type::String, Type::Union(_) | Type::Literal(_)) => {
            "declare the value with that type where it comes from, or choose with `match`"
        }
        (Type::List(_), Type::Set(_)) => "write `to_set(x)`",
        (Type::Set(_), Type::List(_)) => "write `to_list(x)`",
        (Type::Object(_), Type::String) => "name one of its attributes, such as its id",
        (Type::Map(inner), Type::Reference(_) | Type::Object(_)) if matches!(**inner, Type::Object(_)) => {
            "the block has instances: choose one, such as x[\"key\"]"
        }
        (Type::Map(inner), Type::List(_)) if matches!(**inner, Type::Object(_)) => {
            "the block has instances: `values(x)` is the list of them"
        }
        (Type::Map(_), Type::Record(_)) => "the keys of a map are not known: write a record, `{ a = m[\"a\"] }`",
        (Type::Map(_) | Type::Record(_), Type::List(_)) => "write `values(x)`, or a list, `[…]`",
        (Type::List(_), Type::Map(_)) => "write it with braces: `{ key = value }`",
        (_, Type::Reference(_)) => {
            "name the block itself, or write the id of an object that nobody here manages, as a text"
        }
        (one, Type::List(item) | Type::Set(item)) if fits::fits(one, item, fits::Secrets::Kept).is_fit() => {
            "put it in brackets: `[x]`"
        }
        (Type::List(item), one) if fits::fits(item, one, fits::Secrets::Kept).is_fit() => "choose one item: `x[0]`",
        (_, Type::Record(record)) => return Some(record_help(record)),
        (_, target) => written_form(target),
    };
    (!text.is_empty()).then(|| text.to_owned())
}
