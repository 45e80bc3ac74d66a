//! Applying the same plan again after an interruption: ids of operations are derived from the plan, so that what was
//! done is recognised and not done twice.

use super::Shared;
use crate::plan::{Action, Operation, OperationIndex, Plan, StateChange};
use formwork_model::Address;
use formwork_state::record::{Condition, Move, OperationId, Record, Row, State};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The id of a plan's operation: the same each time the plan is applied.
#[must_use]
pub fn operation_id(plan: &Plan, index: OperationIndex) -> OperationId {
    let digest = blake3::Hasher::new().update(plan.header.id.as_bytes()).update(&index.0.to_le_bytes()).finalize();
    OperationId(digest.to_hex().chars().take(32).collect())
}

/// Whether an earlier apply of this plan has already done the operation.
pub(crate) fn is_done(shared: &Shared, index: OperationIndex, operation: &Operation) -> bool {
    match operation.action {
        Action::Create => made_before(shared, index, operation)
            .is_some_and(|row| !matches!(row.condition, Condition::Incomplete(_) | Condition::Uncertain(_))),
        Action::Delete | Action::Forget => operation.row.as_ref().is_some_and(|key| shared.values.row(key).is_none()),
        Action::NoOp | Action::Update | Action::Read | Action::Open => false,
    }
}

/// The object that an earlier apply of this plan made by this operation, be it only half.
pub(crate) fn made_before(shared: &Shared, index: OperationIndex, operation: &Operation) -> Option<Arc<Row>> {
    let row = shared.values.get(&operation.address)?.row?;
    (row.created_by == operation_id(&shared.plan, index)).then_some(row)
}

/// The changes of the state alone that an earlier apply of this plan has not made. What an open operation is about stays
/// where it is: the next plan moves it.
pub(crate) fn outstanding(shared: &Shared) -> Vec<&StateChange> {
    let state = shared.journal.store().state();
    let is_older = shared.plan.header.serial < state.serial;
    let stay = busy(&shared.plan, &state);
    let changes = shared.plan.state_changes.iter();
    changes
        .filter(|change| match change {
            StateChange::Put(row) => !(stay.contains(&row.key.address) || is_older && is_outlived(shared, row)),
            StateChange::Move(from, to) => {
                let from = &from.key;
                shared.values.row(from).is_some() && !stay.contains(&from.address) && !stay.contains(&to.address)
            }
            StateChange::Remove(row, _) => shared.values.row(&row.key).is_some() && !stay.contains(&row.key.address),
        })
        .collect()
}

/// Addresses with an operation of an earlier run that could not be resolved: nothing is done about them, nor about those that
/// their objects would move to.
pub(crate) fn busy(plan: &Plan, state: &State) -> BTreeSet<Address> {
    staying(&plan.state_changes, state.open.values().map(|open| open.begin.key.address.clone()).collect())
}

/// Whether what a plan read of a row is out of date: an earlier apply of the plan has replaced or deleted its object.
fn is_outlived(shared: &Shared, row: &Row) -> bool {
    let known = shared.values.row(&row.key);
    let is_deleted =
        |operation: &Operation| operation.row.as_ref() == Some(&row.key) && operation.action == Action::Delete;
    match known {
        Some(known) => known.role != row.role,
        None => shared.plan.operations.iter().any(is_deleted),
    }
}

/// Addresses whose objects cannot be moved, removed or replaced now: those of open operations, and those that a move would
/// bring into the place of one of them.
fn staying(changes: &[StateChange], mut stay: BTreeSet<Address>) -> BTreeSet<Address> {
    if stay.is_empty() {
        return stay;
    }
    loop {
        let before = stay.len();
        for change in changes {
            if let StateChange::Move(from, to) = change
                && (stay.contains(&from.key.address) || stay.contains(&to.address))
            {
                stay.extend([from.key.address.clone(), to.address.clone()]);
            }
        }
        if stay.len() == before {
            return stay;
        }
    }
}

/// The records of changes of the state alone. Moves are one record, so that two rows may swap their addresses.
pub(crate) fn state_records(changes: &[&StateChange]) -> Vec<Record> {
    let mut records = Vec::with_capacity(changes.len());
    let mut moves = Vec::new();
    for change in changes {
        match change {
            StateChange::Put(row) => records.push(Record::Put(row.clone())),
            StateChange::Remove(row, removal) => {
                records.push(Record::Remove { key: row.key.clone(), reason: removal.words().to_owned() });
            }
            StateChange::Move(from, to) => moves.push(Move { from: from.key.clone(), to: to.clone() }),
        }
    }
    // Other changes name rows by the addresses that they have after the moves.
    if !moves.is_empty() {
        records.insert(0, Record::Moved(moves));
    }
    records
}
