//! Reading attributes of objects: what residuals ask for.

use formwork_model::{Address, AttributePath, Step, Value, ValueRef, View};
use formwork_state::record::State;

/// The value at a path of a recorded object.
#[must_use]
pub fn recorded(state: &State, address: &Address, path: &AttributePath) -> Option<Value> {
    state.current(address).map(|row| reach(row.values.view(), path.steps()))
}

/// Follows a path; what is absent is null. A secret on the way makes the result secret.
#[must_use]
pub fn reach(value: ValueRef<'_>, steps: &[Step]) -> Value {
    let Some((step, rest)) = steps.split_first() else { return value.to_value() };
    let secret = matches!(value.view(), View::Secret(_));
    let next = match step {
        Step::Member(name) | Step::Key(name) => value.get(name),
        Step::Index(index) => value.items().nth(*index as usize),
        Step::Each => None,
    };
    let found = next.map_or(Value::Null, |next| reach(next, rest));
    if secret { found.secret() } else { found }
}
