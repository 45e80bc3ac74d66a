//! The vocabulary that every crate of Formwork shares: where something stands ([`Span`]), what it is called
//! ([`Address`]), what it may be ([`Type`], [`schema`]), what it is ([`Value`], [`ValueBuf`]) and what is wrong
//! with it ([`Diagnostic`]).
//!
//! This crate knows no other crate of the workspace, does no input or output and reads no clock.

pub mod address;
pub mod diagnostic;
pub mod path;
pub mod residual;
pub mod schema;
pub mod span;
pub mod types;
pub mod value;

pub use address::{Address, AddressError, ModulePath, ModuleStep, ObjectKind, TypeName};
pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use path::{AttributePath, Step};
pub use residual::{BinaryOperator, InputProblem, InputSource, Operation, Residual, UnaryOperator};
pub use span::{FileId, Span};
pub use types::{Field, Literal, ObjectType, RecordType, Type};
pub use value::{
    Entries, Items, Malformed, Map, Milliseconds, ObjectReference, Redacted, SetOf, Value, ValueArena, ValueBuf,
    ValueId, ValueRef, View,
};
