//! Shapes of library functions: type variables are bound by arguments, and stand for types in the result.

use super::fits::{self, Secrets, join, widened};
use crate::library::{LibraryFunction, Shape};
use formwork_model::Type;

/// What type variables of a call stand for.
pub(crate) type Bindings = [Option<Type>; 8];

/// The type of a shape without variables that is a single type.
pub(crate) fn concrete(shape: &Shape) -> Option<Type> {
    Some(match shape {
        Shape::Any => Type::Any,
        Shape::Bool => Type::Bool,
        Shape::Int => Type::Int,
        Shape::Float => Type::Float,
        Shape::String => Type::String,
        Shape::Duration => Type::Duration,
        Shape::Cidr => Type::Cidr,
        Shape::Ip => Type::Ip,
        Shape::Url => Type::Url,
        Shape::Optional(inner) => concrete(inner)?.optional(),
        Shape::List(inner) => Type::list(concrete(inner)?),
        Shape::Set(inner) => Type::set(concrete(inner)?),
        Shape::Map(inner) => Type::map(concrete(inner)?),
        Shape::Variable(_) | Shape::Scalar | Shape::Items(_) | Shape::OneOf(_) => return None,
    })
}

/// Of a shape with a choice, the type that is chosen for an argument.
pub(crate) fn chosen(shape: &Shape, ty: &Type) -> Option<Type> {
    let Shape::OneOf(shapes) = shape else { return None };
    shapes.iter().filter_map(concrete).find(|candidate| fits::fits(ty, candidate, Secrets::Carried).is_fit())
}

/// Holds a type against a shape and binds its variables.
pub(crate) fn unify(shape: &Shape, ty: &Type, bindings: &mut Bindings) -> bool {
    match (shape, ty) {
        (_, Type::Error) => true,
        (Shape::Variable(number), _) => bind(*number, ty, bindings),
        (_, Type::Any) => bind_all(shape, bindings),
        (Shape::Optional(_), Type::Null) => true,
        (Shape::Optional(inner), _) => unify(inner, &ty.without_null(), bindings),
        (Shape::List(inner) | Shape::Items(inner), Type::List(item)) => unify(inner, item, bindings),
        (Shape::Set(inner) | Shape::Items(inner), Type::Set(item)) => unify(inner, item, bindings),
        (Shape::Map(inner), Type::Map(entry)) => unify(inner, entry, bindings),
        (Shape::Map(inner), Type::Record(record) | Type::Module(record)) => {
            record.fields.iter().all(|field| unify(inner, &field.ty, bindings))
        }
        (Shape::OneOf(shapes), _) => shapes.iter().any(|shape| unify(shape, ty, bindings)),
        (Shape::Scalar, _) => matches!(
            widened(ty),
            Type::String
                | Type::Int
                | Type::Float
                | Type::Bool
                | Type::Duration
                | Type::Cidr
                | Type::Ip
                | Type::Url
                | Type::Union(_)
        ),
        _ => concrete(shape).is_some_and(|target| fits::fits(ty, &target, Secrets::Carried).is_fit()),
    }
}

fn bind(number: u8, ty: &Type, bindings: &mut Bindings) -> bool {
    let Some(binding) = bindings.get_mut(usize::from(number)) else { return false };
    let joined = match binding.as_ref() {
        None => Some(ty.clone()),
        Some(before) => join(before, ty),
    };
    match joined {
        Some(joined) => {
            *binding = Some(joined);
            true
        }
        None => false,
    }
}

/// Of `any`, everything in it is `any`.
fn bind_all(shape: &Shape, bindings: &mut Bindings) -> bool {
    match shape {
        Shape::Variable(number) => bind(*number, &Type::Any, bindings),
        Shape::Optional(inner) | Shape::List(inner) | Shape::Set(inner) | Shape::Items(inner) | Shape::Map(inner) => {
            bind_all(inner, bindings)
        }
        _ => true,
    }
}

/// The type of a shape, with what its variables stand for.
pub(crate) fn substituted(shape: &Shape, bindings: &Bindings) -> Type {
    match shape {
        Shape::Variable(number) => match bindings.get(usize::from(*number)).and_then(Option::as_ref) {
            Some(Type::Error) | None => Type::Any,
            Some(ty) => ty.clone(),
        },
        Shape::Optional(inner) => substituted(inner, bindings).optional(),
        Shape::List(inner) => Type::list(substituted(inner, bindings)),
        Shape::Set(inner) => Type::set(substituted(inner, bindings)),
        Shape::Map(inner) => Type::map(substituted(inner, bindings)),
        Shape::Items(_) | Shape::OneOf(_) | Shape::Scalar => Type::Any,
        other => concrete(other).unwrap_or(Type::Any),
    }
}

/// A shape as it is shown to people.
pub(crate) fn written(shape: &Shape, bindings: Option<&Bindings>) -> String {
    let inner = |inner: &Shape| written(inner, bindings);
    match shape {
        Shape::Variable(number) => {
            match bindings.and_then(|bindings| bindings.get(usize::from(*number))).and_then(Option::as_ref) {
                Some(ty) if *ty != Type::Error => widened(ty).to_string(),
                _ => ["T", "U", "V", "W"].get(usize::from(*number)).copied().unwrap_or("X").to_owned(),
            }
        }
        Shape::Optional(of) => format!("{}?", inner(of)),
        Shape::List(of) => format!("list<{}>", inner(of)),
        Shape::Set(of) => format!("set<{}>", inner(of)),
        Shape::Items(of) => format!("list<{0}> or set<{0}>", inner(of)),
        Shape::Map(of) => format!("map<{}>", inner(of)),
        Shape::OneOf(shapes) => shapes.iter().map(inner).collect::<Vec<_>>().join(" or "),
        Shape::Scalar => "text, number, bool or duration".to_owned(),
        other => concrete(other).map_or_else(String::new, |ty| ty.to_string()),
    }
}

/// `name(a: T, b: U = 1) -> T`
pub(crate) fn signature(function: &LibraryFunction) -> String {
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| {
            let dots = if parameter.variadic { "..." } else { "" };
            let default = parameter.default.map_or_else(String::new, |default| format!(" = {default}"));
            format!("{dots}{}: {}{default}", parameter.name, written(&parameter.shape, None))
        })
        .collect();
    format!("`{}({})`", function.name, parameters.join(", "))
}
