//! What conditions belong to.

use ecow::EcoString;
use formwork_model::{Address, ModulePath, ObjectKind, TypeName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a condition belongs to: where it says something of a value. Written `net["east"].size`, an assert as its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The module instance.
    pub module: ModulePath,
    /// What is declared there.
    pub declared: Declared,
}

/// A declaration that has conditions. Of a block with `for` it is not told which instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Declared {
    /// An assert. It has no name: its place stands for it.
    Assert(Place),
    /// A param: its own conditions, and those of its type.
    Param(EcoString),
    /// A let, in which a value is made to fit a type.
    Let(EcoString),
    /// An output.
    Output(EcoString),
    /// A resource, data or ephemeral block.
    Object {
        /// Which of them.
        kind: ObjectKind,
        /// Its name.
        name: EcoString,
        /// Its type.
        type_name: TypeName,
    },
    /// A provider block, by its provider.
    Provider(EcoString),
    /// A module call: its `for` or `if`.
    Call(EcoString),
}

/// Where something without a name stands: `main.fw:3`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, as sources name it.
    pub path: EcoString,
    /// From 1; 0 where it is not known.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.path, self.line)
    }
}

impl Declared {
    /// Its keyword, as it is written.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Assert(_) => "assert",
            Self::Param(_) => "param",
            Self::Let(_) => "let",
            Self::Output(_) => "output",
            Self::Object { .. } => "resource",
            Self::Provider(_) => "provider",
            Self::Call(_) => "module",
        }
    }

    /// Its name; the place of an assert.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Assert(place) => place.to_string(),
            Self::Param(name) | Self::Let(name) | Self::Output(name) => name.to_string(),
            Self::Object { name, .. } | Self::Provider(name) | Self::Call(name) => name.to_string(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.declared {
            Declared::Assert(place) => return place.fmt(formatter),
            Declared::Object { kind, .. } => *kind,
            Declared::Param(_) | Declared::Let(_) | Declared::Output(_) | Declared::Provider(_) | Declared::Call(_) => {
                ObjectKind::Resource
            }
        };
        Address::new(self.module.clone(), kind, self.declared.name()).fmt(formatter)
    }
}
