//! A rehearsal: what is recorded is made anew in a sandbox's cloud, and then the change is made there. This module has the
//! parts that know state and plans; who calls it owns the sandbox.
//!
//! ```text
//! State ─[`Recorded`]→ ResourceGraph ─plan, apply (sandbox)→ State of the sandbox ─plan, apply→ [`timeline`]
//! ```
//!
//! The recorded objects are made by the real providers, from the configs that were last applied: what a provider cannot
//! make again it could not have made. What only the real cloud could tell (a principal's id) differs in the sandbox, so
//! where a config holds such a value, by itself or within a text, it is a reference again, and the sandbox's own value is
//! put in.

mod elsewhere;
mod recorded;
mod stand_in;
mod timeline;
mod told;

pub use elsewhere::{Elsewhere, ReadElsewhere, StandInCloud, WithElsewhere};
pub use recorded::{LeftOut, Recorded};
pub use stand_in::StandIns;
pub use timeline::{Step, timeline};

use formwork_model::Value;

/// The same value with each part that `change` changes; a changed part is not looked into.
fn changed(value: &Value, change: &mut dyn FnMut(&Value) -> Option<Value>) -> Value {
    if let Some(changed) = change(value) {
        return changed;
    }
    match value {
        Value::List(items) => Value::list(items.iter().map(|item| changed(item, change))),
        Value::Set(items) => Value::set(items.iter().map(|item| changed(item, change))),
        Value::Map(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), changed(value, change)))),
        Value::Secret(inner) => changed(inner, change).secret(),
        other => other.clone(),
    }
}
