//! What is left to do of an expression, and doing it: the operations of the language on values, and [`resolve`], which
//! the engine uses to turn configs that wait for the cloud into concrete ones.

mod access;
mod call;
mod coerce;
mod collect;
mod comprehension;
mod fault;
mod operate;
mod resolve;

#[cfg(test)]
mod tests;

pub use resolve::{InputLookup, ObjectLookup, resolve, resolve_view};

pub(crate) use resolve::{condition_fault, decides};

pub(crate) use access::{Missing, index, member};
pub(crate) use call::call;
pub(crate) use coerce::{coerce, without_objects};
pub(crate) use collect::{concat, map_of, merge, pairs};
pub(crate) use comprehension::Gathered;
pub(crate) use fault::{Fault, FaultKind, nearest};
pub(crate) use operate::{Outcome, binary, expected, is_unknown, kind_name, marked, matches, template, unary};

use crate::library::{FunctionError, LibraryFunction};
use formwork_model::{Map, ObjectReference, Operation, Residual, Span, Value};
use std::sync::Arc;

/// What operations need from whoever runs them: the evaluator, which has the program, or the resolver, which has the
/// values of objects.
pub(crate) trait Host {
    /// An attribute of an object.
    fn member(&mut self, object: &ObjectReference, name: &str) -> Value;
    /// All attributes of an object.
    fn whole(&mut self, object: &ObjectReference) -> Value;
    /// What identifies an object to others.
    fn identity(&mut self, object: &ObjectReference) -> Value;
    /// The default of a field of a declared record, given the fields before it.
    fn default(&mut self, declaration: u32, field: usize, before: &Map) -> Result<Option<Value>, Fault>;
    /// Checks the conditions of a declared record; gives the record, or what waits for the conditions.
    fn conditions(&mut self, declaration: u32, record: Map, span: Option<Span>) -> Result<Value, Fault>;
    /// Runs a function whose arguments are ready.
    fn library(&mut self, function: &LibraryFunction, arguments: &[Value]) -> Result<Value, FunctionError>;
    /// Takes two numbers for the variables of a comprehension; gives the first.
    fn open_variables(&mut self) -> u32;
    /// Gives them back.
    fn close_variables(&mut self);
}

/// The operation as an unknown value.
pub(crate) fn wait(operation: Operation, arguments: impl IntoIterator<Item = Value>, span: Option<Span>) -> Value {
    let arguments: ecow::EcoVec<Value> = arguments.into_iter().collect();
    let secret = arguments.iter().any(|argument| matches!(argument, Value::Secret(_)));
    marked(Value::Unknown(Arc::new(Residual::Apply { operation, arguments, span })), secret)
}

/// A branch that failed although it may not be taken.
pub(crate) fn failure(fault: &Fault) -> Value {
    Value::Unknown(Arc::new(Residual::Failure {
        code: fault.kind().code().to_string().into(),
        message: fault.message().into(),
        span: fault.span(),
    }))
}

/// Runs a strict operation on resolved arguments; none while it still waits.
fn run(host: &mut dyn Host, operation: &Operation, arguments: &[Value], span: Option<Span>) -> Outcome {
    const NULL: &Value = &Value::Null;
    let first = arguments.first().unwrap_or(NULL);
    let second = arguments.get(1).unwrap_or(NULL);
    match operation {
        Operation::Function(name) => match crate::library::find(name) {
            Some(function) => call(host, function, arguments),
            None => Err(unknown_function(name)),
        },
        Operation::Binary(operator) => binary(*operator, first, second),
        Operation::Unary(operator) => unary(*operator, first),
        Operation::Template => template(arguments),
        Operation::Member(name) => member(host, first, name, Missing::Fails),
        Operation::OptionalMember(name) => member(host, first, name, Missing::Null),
        Operation::Field(name) => access::field(host, first, name, second),
        Operation::Index => index(host, first, second, Missing::Fails),
        Operation::OptionalIndex => index(host, first, second, Missing::Null),
        Operation::ChainedIndex => index(host, first, second, Missing::NullOfNull),
        Operation::Concat => concat(arguments),
        Operation::Merge => merge(arguments),
        Operation::MapOf => map_of(arguments),
        Operation::Entries => collect::entries(first),
        Operation::Coerce(ty) => coerce(host, first.clone(), ty, span).map(Some),
        Operation::Matches => {
            let secret = first.holds_secret();
            Ok(matches(first, arguments.get(1..).unwrap_or_default()).map(|truth| marked(Value::Bool(truth), secret)))
        }
        // These choose which argument is looked at; the resolver does them itself.
        Operation::If | Operation::Where => Ok(None),
    }
}

fn unknown_function(name: &str) -> Fault {
    FaultKind::Function {
        name: name.to_owned(),
        message: "this version has no such function".into(),
        help: Some("apply the plan with the version of Formwork that made it".into()),
    }
    .into()
}
