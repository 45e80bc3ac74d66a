//! Which types fit which: the subtype rules of the language, one function, and the smallest type that two share.

use formwork_model::{Field, Literal, RecordType, Type};
use std::sync::Arc;

/// How a value of one type becomes one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is one already.
    Same,
    /// It has to be made one: [`crate::program::ExprKind::Coerce`].
    Coerce,
    /// It is none.
    No,
}

impl Fit {
    /// Whether it fits at all.
    pub(crate) fn is_fit(self) -> bool {
        self != Self::No
    }

    /// Both.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Same => other(),
            Self::Coerce => match other() {
                Self::No => Self::No,
                Self::Same | Self::Coerce => Self::Coerce,
            },
        }
    }

    fn coerced(self) -> Self {
        self.and(|| Self::Coerce)
    }
}

/// Whether secrets may go where the type does not say `secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// No: `secret<T>` fits only `secret<T>` and `any`.
    Kept,
    /// Yes: the value carries its mark on (attributes of blocks).
    Carried,
}

/// Whether a value of `from` can stand where `to` is expected.
pub(crate) fn fits(from: &Type, to: &Type, secrets: Secrets) -> Fit {
    match (from, to) {
        (Type::Error, _) | (_, Type::Error | Type::Any) => Fit::Same,
        (Type::Secret(from), Type::Secret(to)) => fits(from, to, secrets),
        (_, Type::Secret(to)) => fits(from, to, secrets).coerced(),
        (Type::Secret(from), _) => match secrets {
            Secrets::Carried => fits(from, to, secrets),
            Secrets::Kept => Fit::No,
        },
        (Type::Any, _) => Fit::Coerce,
        (Type::Null, Type::Null | Type::Optional(_)) => Fit::Same,
        (Type::Optional(from), Type::Optional(to)) => fits(from, to, secrets),
        (_, Type::Optional(to)) => fits(from, to, secrets),
        (Type::Bool, Type::Bool)
        | (Type::Int, Type::Int)
        | (Type::Float, Type::Float)
        | (Type::String, Type::String | Type::Reference(_))
        | (Type::Duration, Type::Duration)
        | (Type::Cidr, Type::Cidr | Type::String)
        | (Type::Ip, Type::Ip | Type::String)
        | (Type::Url, Type::Url | Type::String) => Fit::Same,
        (Type::Int, Type::Float) => Fit::Coerce,
        (Type::Literal(literal), _) => literal_fits(literal, to),
        (Type::Union(members), _) => all(members.iter(), |member| literal_fits(member, to)),
        (Type::List(from), Type::List(to)) | (Type::Set(from), Type::Set(to)) | (Type::Map(from), Type::Map(to)) => {
            fits(from, to, secrets)
        }
        (Type::Record(from), Type::Record(to)) => record_fits(from, to, secrets),
        (Type::Record(from), Type::Map(to)) => all(from.fields.iter(), |field| fits(&field.ty, to, secrets)),
        (Type::Module(from), Type::Module(to) | Type::Record(to)) => record_fits(from, to, secrets),
        (Type::Object(from), Type::Object(to)) if from.kind == to.kind && from.name == to.name => Fit::Same,
        (Type::Object(from), Type::Reference(targets)) if targets.contains(&from.name) => Fit::Coerce,
        (Type::Reference(from), Type::Reference(to)) if from.iter().all(|target| to.contains(target)) => Fit::Same,
        _ => Fit::No,
    }
}

fn all<T>(mut items: impl Iterator<Item = T>, fit: impl Fn(T) -> Fit) -> Fit {
    items
        .try_fold(Fit::Same, |sum, item| match sum.and(|| fit(item)) {
            Fit::No => Err(()),
            fine => Ok(fine),
        })
        .unwrap_or(Fit::No)
}

fn literal_fits(literal: &Literal, to: &Type) -> Fit {
    let fine = match (literal, to) {
        (_, Type::Literal(other)) => literal == other,
        (_, Type::Union(members)) => members.contains(literal),
        (Literal::String(_), Type::String | Type::Reference(_)) | (Literal::Int(_), Type::Int) => true,
        (Literal::Bool(_), Type::Bool) => true,
        (Literal::Int(_), Type::Float) => return Fit::Coerce,
        (Literal::String(text), Type::Cidr | Type::Ip | Type::Url) => super::texts::check_text(text, to).is_ok(),
        _ => false,
    };
    if fine { Fit::Same } else { Fit::No }
}

/// Each field that is there fits, each that must be there is there, and there are no others.
fn record_fits(from: &Arc<RecordType>, to: &Arc<RecordType>, secrets: Secrets) -> Fit {
    if Arc::ptr_eq(from, to) || (from.declaration.is_some() && from.declaration == to.declaration) {
        return Fit::Same;
    }
    let index = Fields::of(to);
    let mut present = 0;
    let mut sum = if to.declaration.is_some() { Fit::Coerce } else { Fit::Same };
    for field in &from.fields {
        let Some(target) = index.get(&field.name) else { return Fit::No };
        present += usize::from(!target.optional);
        sum = sum.and(|| field_fits(field, target, secrets));
        if sum == Fit::No {
            return Fit::No;
        }
    }
    if present < to.fields.iter().filter(|field| !field.optional).count() { Fit::No } else { sum }
}

/// A field that may be absent does not fit one that must be there.
fn field_fits(from: &Field, to: &Field, secrets: Secrets) -> Fit {
    fits(&from.ty, &to.ty, secrets)
}

/// Finds fields by name: by hash where there are many.
pub(crate) struct Fields<'a> {
    record: &'a RecordType,
    by_name: Option<std::collections::HashMap<&'a str, &'a Field>>,
}

impl<'a> Fields<'a> {
    const MANY: usize = 12;

    /// An index over the fields of `record`.
    pub(crate) fn of(record: &'a RecordType) -> Self {
        let many = record.fields.len() > Self::MANY;
        let by_name = many.then(|| record.fields.iter().map(|field| (field.name.as_str(), field)).collect());
        Self { record, by_name }
    }

    /// The field called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Field> {
        match &self.by_name {
            Some(by_name) => by_name.get(name).copied(),
            None => self.record.field(name),
        }
    }
}

/// The type without literals: `"a" | "b"` is a string.
pub(crate) fn widened(ty: &Type) -> Type {
    match ty {
        Type::Literal(literal) => literal_base(literal),
        Type::Union(members) => {
            let first = members.first().map_or(Type::Error, literal_base);
            if members.iter().all(|member| literal_base(member) == first) { first } else { ty.clone() }
        }
        Type::Optional(inner) => widened(inner).optional(),
        Type::Secret(inner) => Type::secret(widened(inner)),
        other => other.clone(),
    }
}

fn literal_base(literal: &Literal) -> Type {
    match literal {
        Literal::String(_) => Type::String,
        Literal::Int(_) => Type::Int,
        Literal::Bool(_) => Type::Bool,
    }
}

/// Literals of a type that is made of nothing else.
pub(crate) fn literals(ty: &Type) -> Option<&[Literal]> {
    match ty {
        Type::Literal(literal) => Some(std::slice::from_ref(literal)),
        Type::Union(members) => Some(members),
        _ => None,
    }
}

/// A union keeps no more members than this when it is inferred; beyond, it is the plain type.
const INFERRED_UNION: usize = 16;

/// The smallest type that values of both have; none where they have nothing in common.
pub(crate) fn join(one: &Type, other: &Type) -> Option<Type> {
    match (one, other) {
        (Type::Error, ty) | (ty, Type::Error) => Some(ty.clone()),
        _ if one == other => Some(one.clone()),
        (Type::Any, _) | (_, Type::Any) => {
            Some(if one.is_secret() || other.is_secret() { Type::secret(Type::Any) } else { Type::Any })
        }
        (Type::Secret(one), other) | (other, Type::Secret(one)) => Some(join(one, other.exposed())?.secret()),
        (Type::Null, ty) | (ty, Type::Null) => Some(ty.clone().optional()),
        (Type::Optional(one), other) | (other, Type::Optional(one)) => {
            Some(join(one, &other.without_null())?.optional())
        }
        (Type::List(one), Type::List(other)) => Some(Type::list(join(one, other)?)),
        (Type::Set(one), Type::Set(other)) => Some(Type::set(join(one, other)?)),
        (Type::Map(one), Type::Map(other)) => Some(Type::map(join(one, other)?)),
        (Type::Map(entry), Type::Record(record)) | (Type::Record(record), Type::Map(entry)) => {
            record.fields.iter().try_fold(entry.as_ref().clone(), |sum, field| join(&sum, &field.ty)).map(Type::map)
        }
        (Type::Record(one), Type::Record(other)) => join_records(one, other),
        _ => join_plain(one, other),
    }
}

fn join_plain(one: &Type, other: &Type) -> Option<Type> {
    if let (Some(left), Some(right)) = (literals(one), literals(other))
        && widened(one) == widened(other)
    {
        let mut members = left.to_vec();
        members.extend(right.iter().filter(|literal| !left.contains(literal)).cloned());
        return Some(if members.len() > INFERRED_UNION { widened(one) } else { union_of(members) });
    }
    let plain = (widened(one), widened(other));
    if plain.0 == plain.1 {
        return Some(plain.0);
    }
    [(one, other), (other, one)]
        .into_iter()
        .find(|(from, to)| fits(from, to, Secrets::Kept).is_fit())
        .map(|(_, to)| widened(to))
        .or_else(|| fits(&plain.0, &plain.1, Secrets::Kept).is_fit().then(|| plain.1.clone()))
        .or_else(|| fits(&plain.1, &plain.0, Secrets::Kept).is_fit().then(|| plain.0.clone()))
}

/// The type of literals: one, or a union.
pub(crate) fn union_of(members: Vec<Literal>) -> Type {
    match <[Literal; 1]>::try_from(members) {
        Ok([only]) => Type::Literal(only),
        Err(members) => Type::Union(members.into()),
    }
}

/// Fields that only one has may be absent.
fn join_records(one: &Arc<RecordType>, other: &Arc<RecordType>) -> Option<Type> {
    if one.declaration.is_some() && one.declaration == other.declaration {
        return Some(Type::Record(one.clone()));
    }
    for (from, to) in [(one, other), (other, one)] {
        if to.name.is_some() && record_fits(from, to, Secrets::Kept).is_fit() {
            return Some(Type::Record(to.clone()));
        }
    }
    let (left, right) = (Fields::of(one), Fields::of(other));
    let mut fields = Vec::with_capacity(one.fields.len());
    for field in &one.fields {
        fields.push(match right.get(&field.name) {
            Some(same) => {
                Field { ty: join(&field.ty, &same.ty)?, optional: field.optional || same.optional, ..field.clone() }
            }
            None => absent(field),
        });
    }
    fields.extend(other.fields.iter().filter(|field| left.get(&field.name).is_none()).map(absent));
    Some(Type::Record(Arc::new(RecordType { name: None, declaration: None, fields })))
}

fn absent(field: &Field) -> Field {
    Field { ty: field.ty.clone().optional(), optional: true, ..field.clone() }
}

/// Whether a mistake that was told is in the type, at any depth.
pub(crate) fn holds_error(ty: &Type) -> bool {
    match ty {
        Type::Error => true,
        Type::Secret(inner) | Type::Optional(inner) | Type::List(inner) | Type::Set(inner) | Type::Map(inner) => {
            holds_error(inner)
        }
        Type::Record(record) | Type::Module(record) => record.fields.iter().any(|field| holds_error(&field.ty)),
        _ => false,
    }
}

/// The type without literals, at any depth, for people.
pub(crate) fn shown(ty: &Type) -> Type {
    match ty {
        Type::List(item) => Type::list(shown(item)),
        Type::Set(item) => Type::set(shown(item)),
        Type::Map(entry) => Type::map(shown(entry)),
        Type::Optional(inner) => shown(inner).optional(),
        Type::Secret(inner) => shown(inner).secret(),
        Type::Literal(_) => widened(ty),
        Type::Record(record) if record.name.is_none() => {
            let fields = record.fields.iter().map(|field| Field { ty: shown(&field.ty), ..field.clone() });
            Type::Record(Arc::new(RecordType { name: None, declaration: None, fields: fields.collect() }))
        }
        other => other.clone(),
    }
}

/// Whether a secret is in the type, at any depth.
pub(crate) fn holds_secret(ty: &Type) -> bool {
    match ty {
        Type::Secret(_) => true,
        Type::Optional(inner) | Type::List(inner) | Type::Set(inner) | Type::Map(inner) => holds_secret(inner),
        Type::Record(record) | Type::Module(record) => record.fields.iter().any(|field| holds_secret(&field.ty)),
        _ => false,
    }
}

/// The type without secrets, at any depth.
pub(crate) fn without_secrets(ty: &Type) -> Type {
    if !holds_secret(ty) {
        return ty.clone();
    }
    match ty {
        Type::Secret(inner) => without_secrets(inner),
        Type::Optional(inner) => without_secrets(inner).optional(),
        Type::List(inner) => Type::list(without_secrets(inner)),
        Type::Set(inner) => Type::set(without_secrets(inner)),
        Type::Map(inner) => Type::map(without_secrets(inner)),
        Type::Record(record) => {
            let fields = record.fields.iter().map(|field| Field { ty: without_secrets(&field.ty), ..field.clone() });
            Type::Record(Arc::new(RecordType { name: None, declaration: None, fields: fields.collect() }))
        }
        other => other.clone(),
    }
}
