//! What is left of an expression whose value only the cloud, or the environment, can tell.
//!
//! Evaluation is symbolic: an operator with an unknown operand gives an unknown that remembers the operator and its
//! operands. A residual is closed (it needs no source, no scope), so a plan file carries all that `apply` needs, and
//! the leaves tell for every unknown what it waits for.

use crate::{Address, AttributePath, Span, Type, Value};
use ecow::{EcoString, EcoVec};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An expression that could not be evaluated yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Residual {
    /// An attribute (or with an empty path: all attributes) of an object of the graph.
    Attribute {
        /// Whose.
        object: Address,
        /// Which.
        path: AttributePath,
    },
    /// A value that the engine asks from the environment, never stored in the clear.
    Input(InputSource),
    /// A variable of an enclosing [`Residual::For`].
    Variable(u32),
    /// An operation on values of which at least one holds an unknown.
    Apply {
        /// What to do.
        operation: Operation,
        /// On what.
        arguments: EcoVec<Value>,
        /// Where it was written, for errors at apply.
        span: Option<Span>,
    },
    /// A comprehension over a collection that is not known.
    For(Arc<ForResidual>),
    /// The taken branch failed while the condition was not known: an error, should it be taken.
    Failure {
        /// The diagnostic's code.
        code: EcoString,
        /// Its message.
        message: EcoString,
        /// Where.
        span: Option<Span>,
    },
}

/// A comprehension that waits for its source.
#[derive(Clone, Debug, PartialEq)]
pub struct ForResidual {
    /// What is gone through.
    pub source: Value,
    /// Number of the variable for the key or index, used in the other fields as [`Residual::Variable`].
    pub key_variable: u32,
    /// Number of the variable for the item.
    pub item_variable: u32,
    /// `if`, when there is one.
    pub condition: Option<Value>,
    /// The key of the produced entry; none for a list.
    pub key: Option<Value>,
    /// The produced item.
    pub body: Value,
}

/// Where the engine finds a value that is not in any source file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum InputSource {
    /// `env_var("NAME")`.
    EnvironmentVariable(EcoString),
    /// `secret_from("scheme:rest")`.
    Secret(EcoString),
}

/// Why an input cannot be had: in words, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblem {
    /// What is wrong: not set, not allowed by the manifest, not to be read.
    pub reason: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

impl InputProblem {
    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl<T: Into<String>> From<T> for InputProblem {
    fn from(reason: T) -> Self {
        Self { reason: reason.into(), help: None }
    }
}

/// What a waiting operation does.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// A function of the standard library.
    Function(EcoString),
    /// An operator between two.
    Binary(BinaryOperator),
    /// An operator before one.
    Unary(UnaryOperator),
    /// The parts of a text, joined.
    Template,
    /// `.name` of the argument.
    Member(EcoString),
    /// `?.name`: null of null.
    OptionalMember(EcoString),
    /// `[key]`: of the first argument the second.
    Index,
    /// `?[key]`: null of null, and where there is no such key.
    OptionalIndex,
    /// `[key]` behind a `?.` or `?[` of the same chain: null of null, but the key must be there.
    ChainedIndex,
    /// The member of the first argument where it has one, else the second argument: a field with its default.
    Field(EcoString),
    /// Arguments: condition, then, else.
    If,
    /// `[...a, b]`: arguments are lists, joined.
    Concat,
    /// `{ ...a, b = 1 }`: arguments are maps or records, later ones win, shallow.
    Merge,
    /// A map with computed keys: arguments alternate key, value.
    MapOf,
    /// A map of a list of `[key, value]` pairs, each key once: a comprehension that produces entries.
    Entries,
    /// The value must fit the type; also turns an object into its identity, a list into a set, a text into a checked one.
    Coerce(Type),
    /// `where`: arguments are the value, the condition and the message; gives the value.
    Where,
    /// Whether the first argument is equal to one of the others, by the pattern rules of `match`.
    Matches,
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BinaryOperator {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `??`
    Coalesce,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl BinaryOperator {
    /// How it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Coalesce => "??",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }

    /// How tightly it binds; higher binds tighter. `if` and `match` bind weakest and are not here.
    #[must_use]
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Multiply | Self::Divide | Self::Remainder => 7,
            Self::Add | Self::Subtract => 6,
            Self::Coalesce => 5,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Equal | Self::NotEqual => 3,
            Self::And => 2,
            Self::Or => 1,
        }
    }

    /// All operators, tightest first.
    pub const ALL: [Self; 14] = [
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
        Self::Add,
        Self::Subtract,
        Self::Coalesce,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Equal,
        Self::NotEqual,
        Self::And,
        Self::Or,
    ];
}

/// Operators before one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnaryOperator {
    /// `!`
    Not,
    /// `-`
    Negate,
}

impl Residual {
    /// Calls `visit` with each attribute that the residual waits for, in the order of the expression.
    pub fn each_attribute(&self, visit: &mut dyn FnMut(&Address, &AttributePath)) {
        if let Self::Attribute { object, path } = self {
            visit(object, path);
        }
        self.each_operand(&mut |value| value.each_attribute(visit));
    }

    /// Calls `visit` with each input that the residual asks for, in the order of the expression.
    pub fn each_input(&self, visit: &mut dyn FnMut(&InputSource)) {
        if let Self::Input(source) = self {
            visit(source);
        }
        self.each_operand(&mut |value| value.each_input(visit));
    }

    /// Calls `visit` with the values that it is computed from.
    fn each_operand(&self, visit: &mut dyn FnMut(&Value)) {
        match self {
            Self::Attribute { .. } | Self::Input(_) | Self::Variable(_) | Self::Failure { .. } => {}
            Self::Apply { arguments, .. } => arguments.iter().for_each(visit),
            Self::For(inner) => {
                visit(&inner.source);
                inner.condition.iter().for_each(&mut *visit);
                inner.key.iter().for_each(&mut *visit);
                visit(&inner.body);
            }
        }
    }
}
