//! What two environments differ in, as values.

use super::Inputs;
use crate::program::Program;
use ecow::EcoString;
use formwork_model::{AttributePath, Map, Step, Value};

/// A place in which two environments differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The param.
    pub param: EcoString,
    /// Path within it.
    pub path: AttributePath,
    /// What the first says; none where it says nothing.
    pub left: Option<Value>,
    /// What the second says.
    pub right: Option<Value>,
}

/// The smallest parts in which the values of two environments differ, in the order of the params: as the params' types
/// make them, so that what one says and the other leaves to a default is no difference where it is the same.
#[must_use]
pub fn difference(program: &Program, left: &Inputs, right: &Inputs) -> Vec<Difference> {
    let params = program.modules.first().map_or(&[][..], |module| &module.params);
    let mut found = Vec::new();
    for (index, param) in params.iter().enumerate() {
        let mut compare = |path: AttributePath, left: Option<&Value>, right: Option<&Value>| {
            let (left, right) = (left.cloned(), right.cloned());
            found.push(Difference { param: param.name.clone(), path, left, right });
        };
        let (left, right) =
            (super::resolve::fitted(program, left, index), super::resolve::fitted(program, right, index));
        parts(&AttributePath::root(), left.as_ref(), right.as_ref(), &mut compare);
    }
    found
}

type Report<'r> = &'r mut dyn FnMut(AttributePath, Option<&Value>, Option<&Value>);

fn parts(path: &AttributePath, left: Option<&Value>, right: Option<&Value>, report: Report<'_>) {
    match (left, right) {
        (Some(Value::Map(one)), Some(Value::Map(two))) => entries(path, one, two, report),
        (one, two) if one == two => {}
        (one, two) => report(path.clone(), one, two),
    }
}

fn entries(path: &AttributePath, left: &Map, right: &Map, report: Report<'_>) {
    let mut keys: Vec<&EcoString> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        parts(&path.then(Step::Member(key.clone())), left.get(key), right.get(key), report);
    }
}
