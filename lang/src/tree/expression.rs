//! Expressions, and the entries of bodies and records.

use super::{Iteration, Word};
use ecow::EcoString;
use formwork_model::{BinaryOperator, Span, UnaryOperator};

/// An expression as written.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where.
    pub span: Span,
}

/// Kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `10_000`
    Int(i64),
    /// `1.5`
    Float(f64),
    /// `1h30m`, in milliseconds.
    Duration(i64),
    /// A text without interpolation, escapes resolved.
    String(EcoString),
    /// A text with interpolation.
    Template(Vec<TemplatePart>),
    /// A name, also `self`.
    Name(EcoString),
    /// `a.b`, `a?.b`
    Member {
        /// Of what.
        base: Box<Expression>,
        /// Which.
        name: Word,
        /// `?.`
        optional: bool,
    },
    /// `a[k]`, `a?[k]`
    Index {
        /// Of what.
        base: Box<Expression>,
        /// Which.
        index: Box<Expression>,
        /// `?[`
        optional: bool,
    },
    /// `f(x, named = y)`
    Call {
        /// The function.
        function: Word,
        /// Its arguments, positional before named.
        arguments: Vec<Argument>,
    },
    /// `!a`, `-a`
    Unary {
        /// Which.
        operator: UnaryOperator,
        /// Of what.
        operand: Box<Expression>,
    },
    /// `a + b`
    Binary {
        /// Which.
        operator: BinaryOperator,
        /// Where the operator stands.
        operator_span: Span,
        /// On its left.
        left: Box<Expression>,
        /// On its right.
        right: Box<Expression>,
    },
    /// `if c then a else b`
    If {
        /// Condition.
        condition: Box<Expression>,
        /// When it holds.
        then: Box<Expression>,
        /// When not.
        otherwise: Box<Expression>,
    },
    /// `match x { "a" | "b" => 1, _ => 2 }`
    Match {
        /// What is looked at.
        subject: Box<Expression>,
        /// Its arms.
        arms: Vec<Arm>,
    },
    /// `[a, ...b]`
    List(Vec<ListItem>),
    /// `{ a = 1, ...b }`
    Record(Vec<Entry>),
    /// `[for x in xs if c => e]`, `{ for k, v in m if c => [k] = e }`
    For(Box<ForExpression>),
    /// `( a )`; kept for the formatter and for narrowing messages.
    Parenthesised(Box<Expression>),
    /// A broken expression whose error was reported; fits everything.
    Broken,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Plain text, escapes resolved, indentation stripped.
    Text(EcoString),
    /// `${expression}`
    Interpolation(Expression),
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name, when named.
    pub name: Option<Word>,
    /// Its value.
    pub value: Expression,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its patterns.
    pub patterns: Vec<Pattern>,
    /// What it gives.
    pub value: Expression,
    /// All of it.
    pub span: Span,
}

/// A pattern of a `match`.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it takes.
    pub kind: PatternKind,
    /// Where.
    pub span: Span,
}

/// Kinds of patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// A literal.
    Literal(formwork_model::Literal),
    /// `null`
    Null,
    /// `_`
    Any,
}

/// An item of a list.
#[derive(Clone, Debug)]
pub struct ListItem {
    /// `...`
    pub spread: bool,
    /// The item, or the list that is spread.
    pub value: Expression,
}

/// A comprehension.
#[derive(Clone, Debug)]
pub struct ForExpression {
    /// What is gone through.
    pub iteration: Iteration,
    /// `if C`
    pub condition: Option<Expression>,
    /// The key, for a map.
    pub key: Option<Expression>,
    /// The item.
    pub body: Expression,
}

/// An entry of a body or record.
#[derive(Clone, Debug)]
pub enum Entry {
    /// `key = value`
    Field {
        /// The key.
        key: Key,
        /// The value.
        value: Expression,
    },
    /// `name`, short for `name = name`
    Short(Word),
    /// `...value`
    Spread {
        /// What is spread.
        value: Expression,
        /// With the dots.
        span: Span,
    },
}

/// The key of an entry.
#[derive(Clone, Debug)]
pub enum Key {
    /// A word, or a text without interpolation; taken literally.
    Literal(Word),
    /// A text with interpolation, or `[expression]`.
    Computed(Box<Expression>),
}
