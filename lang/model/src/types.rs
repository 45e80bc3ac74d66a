//! Types of the language.

use crate::{Span, TypeName};
use ecow::EcoString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A literal that is a type of its own in unions: `"dev" | "prod"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Literal {
    /// A text.
    String(EcoString),
    /// A whole number.
    Int(i64),
    /// `true` or `false`.
    Bool(bool),
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(formatter, "{text:?}"),
            Self::Int(number) => write!(formatter, "{number}"),
            Self::Bool(truth) => write!(formatter, "{truth}"),
        }
    }
}

/// One field of a record type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: EcoString,
    /// Its type; for `name?: T` this is `T?`.
    pub ty: Type,
    /// Whether a value may leave it out (it has a default, or is `name?`).
    pub optional: bool,
    /// The text of its doc comment.
    pub docs: EcoString,
    /// Where it was declared; none for fields that come from a provider schema.
    pub span: Option<Span>,
}

impl PartialEq for Field {
    /// Documentation and place do not count.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.ty == other.ty && self.optional == other.optional
    }
}

/// The fields of a record. Records are closed: an unknown key is an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordType {
    /// The name of a named type; none for one written in place.
    pub name: Option<EcoString>,
    /// Where the named type stands in the program (so that defaults and `where` clauses are found); none for one
    /// written in place or from a schema.
    pub declaration: Option<u32>,
    /// Fields in the order of declaration.
    pub fields: Vec<Field>,
}

impl RecordType {
    /// The field called `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A type of the language. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Type {
    /// Anything; members are looked up when evaluated.
    Any,
    /// Already reported; agrees with everything, so that one mistake is told once.
    Error,
    /// Only `null`.
    Null,
    /// `bool`
    Bool,
    /// `int`, 64 bits.
    Int,
    /// `float`, 64 bits.
    Float,
    /// `string`
    String,
    /// `duration`, in whole milliseconds.
    Duration,
    /// `cidr`: an address range such as `10.0.0.0/16`; a checked text.
    Cidr,
    /// `ip`: an address; a checked text.
    Ip,
    /// `url`: a checked text.
    Url,
    /// One literal.
    Literal(Literal),
    /// One of several literals (never nested, at least two, in the order written).
    Union(Arc<[Literal]>),
    /// `T?`; never nested.
    Optional(Arc<Type>),
    /// `list<T>`
    List(Arc<Type>),
    /// `set<T>`
    Set(Arc<Type>),
    /// `map<T>`, keys are texts.
    Map(Arc<Type>),
    /// A record.
    Record(Arc<RecordType>),
    /// `secret<T>`; never nested, and outside of `Optional`: `secret<T?>`.
    Secret(Arc<Type>),
    /// An object of a provider: a resource, data source or ephemeral value.
    Object(Arc<ObjectType>),
    /// The outputs of a module call: a record whose fields are the outputs.
    Module(Arc<RecordType>),
    /// What an attribute takes that refers to objects of one of these types: such an object, or the text of an identity.
    Reference(Arc<[TypeName]>),
}

/// The type of a reference to a block of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectType {
    /// `Resource`, `Data` or `Ephemeral`.
    pub kind: crate::ObjectKind,
    /// Which type.
    pub name: TypeName,
    /// The type of `output` where a schema says that it is that of `input` (`std.value`).
    pub same_as: Option<Arc<Type>>,
}

impl Type {
    /// `T?`, which is `T` where `T` already holds null.
    #[must_use]
    pub fn optional(self) -> Self {
        match self {
            Self::Any | Self::Error | Self::Null | Self::Optional(_) => self,
            Self::Secret(inner) => Self::secret(inner.as_ref().clone().optional()),
            other => Self::Optional(Arc::new(other)),
        }
    }

    /// `secret<T>`, which is `T` where `T` is already secret.
    #[must_use]
    pub fn secret(self) -> Self {
        match self {
            Self::Secret(_) | Self::Error => self,
            other => Self::Secret(Arc::new(other)),
        }
    }

    /// `list<T>`
    #[must_use]
    pub fn list(item: Self) -> Self {
        Self::List(Arc::new(item))
    }

    /// `set<T>`
    #[must_use]
    pub fn set(item: Self) -> Self {
        Self::Set(Arc::new(item))
    }

    /// `map<T>`
    #[must_use]
    pub fn map(entry: Self) -> Self {
        Self::Map(Arc::new(entry))
    }

    /// The type without `?`.
    #[must_use]
    pub fn without_null(&self) -> Self {
        match self {
            Self::Optional(inner) => inner.as_ref().clone(),
            Self::Secret(inner) => Self::secret(inner.without_null()),
            other => other.clone(),
        }
    }

    /// The type without `secret`.
    #[must_use]
    pub fn exposed(&self) -> &Self {
        match self {
            Self::Secret(inner) => inner,
            other => other,
        }
    }

    /// Whether null is a value of it.
    #[must_use]
    pub fn holds_null(&self) -> bool {
        match self {
            Self::Any | Self::Error | Self::Null | Self::Optional(_) => true,
            Self::Secret(inner) => inner.holds_null(),
            _ => false,
        }
    }

    /// Whether it is `secret<…>`.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any"),
            Self::Error => formatter.write_str("<error>"),
            Self::Null => formatter.write_str("null"),
            Self::Bool => formatter.write_str("bool"),
            Self::Int => formatter.write_str("int"),
            Self::Float => formatter.write_str("float"),
            Self::String => formatter.write_str("string"),
            Self::Duration => formatter.write_str("duration"),
            Self::Cidr => formatter.write_str("cidr"),
            Self::Ip => formatter.write_str("ip"),
            Self::Url => formatter.write_str("url"),
            Self::Literal(literal) => write!(formatter, "{literal}"),
            Self::Union(members) => write_joined(formatter, members, " | "),
            Self::Optional(inner) if matches!(**inner, Self::Union(_)) => write!(formatter, "({inner})?"),
            Self::Optional(inner) => write!(formatter, "{inner}?"),
            Self::List(item) => write!(formatter, "list<{item}>"),
            Self::Set(item) => write!(formatter, "set<{item}>"),
            Self::Map(entry) => write!(formatter, "map<{entry}>"),
            Self::Record(record) => write_record(formatter, record),
            Self::Secret(inner) => write!(formatter, "secret<{inner}>"),
            Self::Object(object) => write!(formatter, "{}", object.name),
            Self::Module(_) => formatter.write_str("module"),
            Self::Reference(targets) => write_joined(formatter, targets, " | "),
        }
    }
}

fn write_joined<T: fmt::Display>(formatter: &mut fmt::Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            formatter.write_str(separator)?;
        }
        write!(formatter, "{item}")?;
    }
    Ok(())
}

fn write_record(formatter: &mut fmt::Formatter<'_>, record: &RecordType) -> fmt::Result {
    if let Some(name) = &record.name {
        return formatter.write_str(name);
    }
    formatter.write_str("{ ")?;
    for (position, field) in record.fields.iter().enumerate() {
        if position > 0 {
            formatter.write_str(", ")?;
        }
        let (mark, ty) = match &field.ty {
            Type::Optional(inner) if field.optional => ("?", inner.as_ref()),
            other => ("", other),
        };
        write!(formatter, "{}{mark}: {ty}", field.name)?;
    }
    formatter.write_str(" }")
}
