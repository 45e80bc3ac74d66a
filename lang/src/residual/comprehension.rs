//! What a `for` produces, also while some of its conditions or keys are unknown.

use super::collect::{concat, map_of};
use super::fault::{Fault, FaultKind};
use super::operate::{MAXIMUM_ITEMS, marked};
use super::wait;
use formwork_model::{Operation, Span, Value};

/// Gathers the items of a comprehension.
#[derive(Default)]
pub(crate) struct Gathered {
    items: Vec<Item>,
    has_unknown_condition: bool,
    secret: bool,
}

struct Item {
    /// None where the item is there for certain.
    condition: Option<Value>,
    key: Option<Value>,
    body: Value,
}

impl Gathered {
    /// Whatever is gathered is secret.
    pub(crate) fn mark(&mut self, secret: bool) {
        self.secret |= secret;
    }

    /// Adds an item that is there if `condition` (an unknown), or for certain.
    pub(crate) fn add(&mut self, condition: Option<Value>, key: Option<Value>, body: Value) -> Result<(), Fault> {
        if self.items.len() >= MAXIMUM_ITEMS {
            return Err(FaultKind::TooLarge { what: "a list or map has at most a million items" }.into());
        }
        self.has_unknown_condition |= condition.is_some();
        self.items.push(Item { condition, key, body });
        Ok(())
    }

    /// The list, or the map where there are keys.
    pub(crate) fn finish(self, keyed: bool, span: Option<Span>) -> Result<Value, Fault> {
        let secret = self.secret;
        let value = match (keyed, self.has_unknown_condition) {
            (false, false) => Value::list(self.items.into_iter().map(|item| item.body)),
            (true, false) => {
                let parts: Vec<Value> =
                    self.items.into_iter().filter_map(|item| Some([item.key?, item.body])).flatten().collect();
                map_of(&parts)?.unwrap_or_else(|| wait(Operation::MapOf, parts, span))
            }
            (_, true) => self.conditional(keyed, span)?,
        };
        Ok(marked(value, secret))
    }

    fn conditional(self, keyed: bool, span: Option<Span>) -> Result<Value, Fault> {
        let parts: Vec<Value> = self.items.into_iter().map(|item| item.optional(span)).collect();
        let list = concat(&parts)?.unwrap_or_else(|| wait(Operation::Concat, parts, span));
        Ok(if keyed { wait(Operation::Entries, [list], span) } else { list })
    }
}

impl Item {
    /// A list of the item, or an empty one.
    fn optional(self, span: Option<Span>) -> Value {
        let item = match self.key {
            Some(key) => Value::list([key, self.body]),
            None => self.body,
        };
        let one = Value::list([item]);
        match self.condition {
            Some(condition) => wait(Operation::If, [condition, one, Value::list([])], span),
            None => one,
        }
    }
}
