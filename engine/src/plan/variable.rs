//! Values of params in a plan: for those who read it, nothing is done with them.

use formwork_lang::graph::{self, ResourceGraph};
use formwork_model::value::MASK;
use formwork_model::{Map, Value, ValueBuf};
use serde::{Deserialize, Serialize};

/// The value of a param of the stack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variable {
    /// The param's name.
    pub name: String,
    /// Its value without what is not known; none where nothing is. In the place of secrets stands a mask.
    pub value: Option<ValueBuf>,
    /// Whether there is a secret in it.
    pub sensitive: bool,
}

impl Variable {
    /// Those of a graph of which nothing is known yet: what comes from `env_var` and `secret_from` is not in it.
    pub(super) fn all(graph: &ResourceGraph) -> Vec<Self> {
        graph.variables.iter().map(Self::of).collect()
    }

    fn of(variable: &graph::Variable) -> Self {
        let value = shown(&variable.value).map(ValueBuf::from);
        Self { name: variable.name.to_string(), value, sensitive: variable.value.holds_secret() }
    }
}

fn shown(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Secret(_) => Value::string(MASK),
        Value::Unknown(_) | Value::Object(_) => return None,
        Value::List(items) | Value::Set(items) => {
            Value::list(items.iter().map(|item| shown(item).unwrap_or(Value::Null)))
        }
        Value::Map(map) => {
            let known = map.iter().filter_map(|(name, value)| Some((name.clone(), shown(value)?)));
            Value::Map(known.collect::<Map>())
        }
        plain => plain.clone(),
    })
}
