//! The rows that the plan works on: a shallow copy of the state's, moved, forgotten and read again as the plan says.

use super::{Removal, StateChange};
use formwork_model::Address;
use formwork_provider_api::StoredObject;
use formwork_state::record::{Condition, Role, Row, RowKey, State};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What the refresh found out about a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Observed {
    /// Not asked; what is recorded counts.
    #[default]
    Unread,
    /// It is there (and perhaps changed).
    Present,
    /// It is being deleted.
    Deleting,
    /// It is deleted, its name is taken.
    SoftDeleted,
    /// It is gone.
    Gone,
    /// It could not be read; the plan fails.
    Failed,
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// As it is now.
    pub(crate) row: Arc<Row>,
    /// As it was recorded, where the refresh found it changed.
    pub(crate) recorded: Option<Arc<Row>>,
    /// What was found.
    pub(crate) observed: Observed,
    /// It is forgotten, or was imported over: no longer part of the stack.
    pub(crate) dropped: bool,
    /// It is not in the state yet: imported, or found by recovery.
    pub(crate) fresh: bool,
    /// What is recorded besides the values changed.
    pub(crate) changed: bool,
}

/// The rows, by address and generation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    held: Vec<Held>,
    current: HashMap<Address, u32>,
    /// Moved and forgotten rows, in order.
    pub(crate) changes: Vec<StateChange>,
    /// New addresses of moved ones, for the dependencies that other rows list.
    pub(crate) renamed: HashMap<Address, Address>,
}

impl Rows {
    /// The rows of a state.
    pub(crate) fn new(state: &State) -> Self {
        let held = state.rows.values().map(|row| Held::of(Arc::clone(row))).collect();
        let mut rows = Self { held, ..Self::default() };
        rows.index();
        rows
    }

    /// Takes rows as they are: their operations go on, and reading them would tell less than what was planned.
    pub(crate) fn presume(&mut self, keys: &BTreeSet<RowKey>) {
        for held in self.held.iter_mut().filter(|held| keys.contains(&held.row.key)) {
            held.observed = Observed::Present;
        }
    }

    /// Finds the current row of each address again: of several the highest generation.
    pub(crate) fn index(&mut self) {
        self.current.clear();
        self.current.reserve(self.held.len());
        for (position, held) in (0_u32..).zip(&self.held) {
            if held.row.role == Role::Current && !held.dropped {
                // Sorted by generation: the last wins.
                self.current.insert(held.row.key.address.clone(), position);
            }
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> u32 {
        self.held.len() as u32
    }

    /// A row.
    pub(crate) fn get(&self, row: u32) -> Option<&Held> {
        self.held.get(row as usize)
    }

    pub(crate) fn get_mut(&mut self, row: u32) -> Option<&mut Held> {
        self.held.get_mut(row as usize)
    }

    /// All rows that are part of the stack.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &Held)> + Clone {
        (0_u32..).zip(&self.held).filter(|(_, held)| !held.dropped)
    }

    /// The current row of an address.
    pub(crate) fn current(&self, address: &Address) -> Option<u32> {
        self.current.get(address).copied()
    }

    /// Adds a row that the state does not hold yet.
    pub(crate) fn add(&mut self, row: Row) -> u32 {
        let position = self.len();
        if row.role == Role::Current {
            self.current.insert(row.key.address.clone(), position);
        }
        self.held.push(Held { fresh: true, ..Held::of(Arc::new(row)) });
        position
    }

    /// Takes rows out that the stack says to forget.
    pub(crate) fn forget_all(&mut self, rows: &[u32]) {
        for row in rows {
            if let Some(held) = self.held.get_mut(*row as usize) {
                held.dropped = true;
                self.changes.push(StateChange::Remove(Box::new(held.row.as_ref().clone()), Removal::Forgotten));
            }
        }
        self.index();
    }

    /// Gives a row a new address.
    pub(crate) fn rename(&mut self, row: u32, address: &Address) {
        let Some(held) = self.held.get_mut(row as usize) else { return };
        let from = Box::new(held.row.as_ref().clone());
        let to = RowKey { address: address.clone(), generation: from.key.generation };
        held.row = Arc::new(Row { key: to.clone(), ..from.as_ref().clone() });
        self.renamed.insert(from.key.address.clone(), address.clone());
        self.changes.push(StateChange::Move(from, to));
    }

    /// The addresses that a row depends on, by their names of today.
    pub(crate) fn dependencies<'r>(&'r self, row: &'r Row) -> impl Iterator<Item = &'r Address> {
        row.dependencies.iter().map(|address| self.renamed.get(address).unwrap_or(address))
    }
}

impl Held {
    fn of(row: Arc<Row>) -> Self {
        Self { row, recorded: None, observed: Observed::Unread, dropped: false, fresh: false, changed: false }
    }

    /// Takes what was read; an object that did not change stays as it is.
    pub(crate) fn observe(&mut self, object: StoredObject) {
        self.observed = Observed::Present;
        if object.values == self.row.values && object.private == self.row.private {
            return;
        }
        let mut row = self.row.as_ref().clone();
        row.values = object.values;
        row.private = object.private;
        self.recorded = Some(std::mem::replace(&mut self.row, Arc::new(row)));
    }

    /// Takes values that were raised to a newer schema.
    pub(crate) fn upgrade(&mut self, object: StoredObject, version: u32) {
        let mut row = self.row.as_ref().clone();
        row.values = object.values;
        row.private = object.private;
        row.schema_version = version;
        self.row = Arc::new(row);
        self.changed = true;
    }

    /// Takes a row of which only what is recorded beside the values changed.
    pub(crate) fn note(&mut self, row: Row) {
        self.row = Arc::new(row);
        self.changed = true;
    }

    /// Whether there is an object in the cloud, as far as is known.
    pub(crate) fn exists(&self) -> bool {
        !matches!(self.observed, Observed::Gone | Observed::SoftDeleted)
    }

    /// Whether it cannot be told that the object exists.
    pub(crate) fn uncertain(&self) -> Option<&str> {
        match &self.row.condition {
            Condition::Uncertain(reason) => Some(reason),
            Condition::Ready | Condition::Incomplete(_) | Condition::Dirty(_) => None,
        }
    }

    /// As the contract wants it.
    pub(crate) fn stored(&self) -> StoredObject {
        StoredObject { values: self.row.values.clone(), private: self.row.private.clone() }
    }
}
