//! Types as written.

use super::{Expression, Where, Word};
use ecow::EcoString;
use formwork_model::Span;

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeExpression {
    /// What it is.
    pub kind: TypeExpressionKind,
    /// Where.
    pub span: Span,
}

/// Kinds of written types.
#[derive(Clone, Debug)]
pub enum TypeExpressionKind {
    /// `string`, `Network`, `list<T>`, `map<T>`, `set<T>`, `secret<T>`
    Named {
        /// The name.
        name: Word,
        /// What stands in `< >`.
        arguments: Vec<TypeExpression>,
    },
    /// `azure.subnet`, `module.NAME`
    Qualified(Word, Word),
    /// A literal as a type.
    Literal(formwork_model::Literal),
    /// `null`
    Null,
    /// `T | U | …`
    Union(Vec<TypeExpression>),
    /// `T?`
    Optional(Box<TypeExpression>),
    /// `{ a: T, b?: U = default where … }`
    Record(Vec<TypeField>),
}

/// A field of a written record type.
#[derive(Clone, Debug)]
pub struct TypeField {
    /// Its doc comment.
    pub docs: EcoString,
    /// Its name.
    pub name: Word,
    /// `name?: T`
    pub optional: bool,
    /// Its type.
    pub ty: TypeExpression,
    /// Its default.
    pub default: Option<Expression>,
    /// Its conditions, where `self` is the value.
    pub conditions: Vec<Where>,
    /// All of it, without docs.
    pub span: Span,
}
