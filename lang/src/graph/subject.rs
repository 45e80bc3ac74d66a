//! What conditions belong to.

use formwork_model::{Address, TypeName};
use serde::{Deserialize, Serialize};

/// What a condition belongs to: where it says something of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Its module instance and name. An assert has no name: its place stands for it, `main.fw:3`. Of a block with `for`
    /// it is not told which instance.
    pub address: Address,
    /// The type, of an object.
    pub type_name: Option<TypeName>,
}

/// Kinds of what has conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SubjectKind {
    /// An assert.
    Assert,
    /// A param: its own conditions, and those of its type.
    Param,
    /// A let, in which a value is made to fit a type.
    Let,
    /// An output.
    Output,
    /// A resource, data or ephemeral block.
    Object,
    /// A provider block.
    Provider,
    /// A module call: its `for` or `if`.
    Call,
}

impl SubjectKind {
    /// Its keyword, as it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Assert => "assert",
            Self::Param => "param",
            Self::Let => "let",
            Self::Output => "output",
            Self::Object => "resource",
            Self::Provider => "provider",
            Self::Call => "module",
        }
    }
}
