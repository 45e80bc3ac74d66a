//! What is known of objects while applying: state rows, over them what this run made or read.

use crate::lookup;
use crate::plan::StateChange;
use formwork_model::{Address, AttributePath, Value, ValueBuf};
use formwork_state::record::{Role, Row, RowKey, State};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Values by address. `None` in the overlay: the object is gone.
pub(crate) struct Values {
    state: Arc<State>,
    overlay: RwLock<HashMap<Address, Option<Known>>>,
    /// Rows of the state that are not there any more.
    gone: RwLock<HashSet<RowKey>>,
    /// Rows that this run has moved, by their new keys: they may be replaced after that.
    moved: RwLock<HashMap<RowKey, Arc<Row>>>,
}

/// What is known of an object; a row where it has one.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) values: ValueBuf,
    pub(crate) row: Option<Arc<Row>>,
}

impl Values {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state, overlay: RwLock::default(), gone: RwLock::default(), moved: RwLock::default() }
    }

    /// All values of an object.
    pub(crate) fn get(&self, address: &Address) -> Option<Known> {
        let overlay = self.overlay.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = overlay.get(address) {
            return known.clone();
        }
        drop(overlay);
        let row = self.state.current(address)?;
        Some(Known { values: row.values.clone(), row: Some(Arc::clone(row)) })
    }

    /// The value at a path of an object: what residuals ask for.
    pub(crate) fn attribute(&self, address: &Address, path: &AttributePath) -> Option<Value> {
        let known = self.get(address)?;
        Some(lookup::reach(known.values.view(), path.steps()))
    }

    /// The row of a key, as this run left it or as it was before.
    pub(crate) fn row(&self, key: &RowKey) -> Option<Arc<Row>> {
        let known = self.get(&key.address).and_then(|known| known.row).filter(|row| row.key == *key);
        if known.is_some() || self.gone.read().unwrap_or_else(PoisonError::into_inner).contains(key) {
            return known;
        }
        let moved = self.moved.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        moved.or_else(|| self.state.rows.get(key).cloned())
    }

    /// The row of a key, in the role that it has by now: this run may have put another object in its place.
    pub(crate) fn row_in_role(&self, key: &RowKey) -> Option<Arc<Row>> {
        let row = self.row(key)?;
        let current = self.get(&key.address).and_then(|known| known.row);
        let is_deposed = row.role == Role::Current && current.is_some_and(|current| current.key != *key);
        Some(if is_deposed { Arc::new(Row { role: Role::Deposed, ..row.as_ref().clone() }) } else { row })
    }

    /// Whether the state had a configuration of this provider instance when the run began.
    pub(crate) fn has_provider(&self, address: &Address) -> bool {
        self.state.providers.contains_key(address)
    }

    /// The number that a new object of the address gets.
    pub(crate) fn next_generation(&self, address: &Address) -> u32 {
        let made = self.get(address).and_then(|known| known.row).map_or(0, |row| row.key.generation + 1);
        self.state.next_generation(address).max(made)
    }

    /// Takes what was made or read.
    pub(crate) fn set(&self, address: Address, known: Option<Known>) {
        self.overlay.write().unwrap_or_else(PoisonError::into_inner).insert(address, known);
    }

    /// Takes a row that is now the address's object.
    pub(crate) fn set_row(&self, row: &Row) {
        let known = Known { values: row.values.clone(), row: Some(Arc::new(row.clone())) };
        self.set(row.key.address.clone(), Some(known));
    }

    /// The object of a key is not there any more; nothing changes where the address means another one.
    pub(crate) fn gone(&self, key: &RowKey) {
        self.gone.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        let current = self.get(&key.address).and_then(|known| known.row);
        if current.is_some_and(|row| row.key == *key) {
            self.set(key.address.clone(), None);
        }
    }

    /// Takes changes of the state alone: all moves at once, so that two objects may swap their addresses, then the rest.
    pub(crate) fn note(&self, changes: &[&StateChange]) {
        let moves = changes.iter().filter_map(|change| match change {
            StateChange::Move(from, to) => Some((&from.key, to, self.row(&from.key)?)),
            StateChange::Put(_) | StateChange::Remove(..) => None,
        });
        let moves: Vec<_> = moves.collect();
        moves.iter().for_each(|(from, ..)| self.gone(from));
        for (_, to, row) in moves {
            let row = Row { key: to.clone(), ..row.as_ref().clone() };
            self.gone.write().unwrap_or_else(PoisonError::into_inner).remove(to);
            self.moved.write().unwrap_or_else(PoisonError::into_inner).insert(to.clone(), Arc::new(row.clone()));
            if row.role == Role::Current {
                self.set_row(&row);
            }
        }
        for change in changes {
            match change {
                StateChange::Put(row) if row.role == Role::Current => self.set_row(row),
                StateChange::Put(_) | StateChange::Move(..) => {}
                StateChange::Remove(row, _) => self.gone(&row.key),
            }
        }
    }
}
