//! Applying the same plan again after an interruption: ids of operations are derived from the plan, so that what was
//! done is recognised and not done twice.

use super::Shared;
use crate::plan::{Action, Operation, OperationIndex, Plan, StateChange};
use formwork_state::record::{Move, OperationId, Record};

/// The id of a plan's operation: the same each time the plan is applied.
pub(crate) fn operation_id(plan: &Plan, index: OperationIndex) -> OperationId {
    let digest = blake3::Hasher::new().update(plan.header.id.as_bytes()).update(&index.0.to_le_bytes()).finalize();
    OperationId(digest.to_hex().chars().take(32).collect())
}

/// Whether an earlier apply of this plan has already done the operation.
pub(crate) fn is_done(shared: &Shared, index: OperationIndex, operation: &Operation) -> bool {
    match operation.action {
        Action::Create => shared
            .values
            .get(&operation.address)
            .and_then(|known| known.row)
            .is_some_and(|row| row.created_by == operation_id(&shared.plan, index)),
        Action::Delete | Action::Forget => operation.row.as_ref().is_some_and(|key| shared.values.row(key).is_none()),
        Action::NoOp | Action::Update | Action::Read | Action::Open => false,
    }
}

/// The changes of the state alone that an earlier apply of this plan has not made.
pub(crate) fn outstanding(shared: &Shared) -> Vec<&StateChange> {
    let changes = shared.plan.state_changes.iter();
    changes
        .filter(|change| match change {
            StateChange::Put(_) => true,
            StateChange::Remove(key, _) | StateChange::Move(key, _) => shared.values.row(key).is_some(),
        })
        .collect()
}

/// The records of changes of the state alone. Moves are one record, so that two rows may swap their addresses.
pub(crate) fn state_records(changes: &[&StateChange]) -> Vec<Record> {
    let mut records = Vec::with_capacity(changes.len());
    let mut moves = Vec::new();
    for change in changes {
        match change {
            StateChange::Put(row) => records.push(Record::Put(row.clone())),
            StateChange::Remove(key, reason) => {
                records.push(Record::Remove { key: key.clone(), reason: reason.clone() });
            }
            StateChange::Move(from, to) => moves.push(Move { from: from.clone(), to: to.clone() }),
        }
    }
    // Other changes name rows by the addresses that they have after the moves.
    if !moves.is_empty() {
        records.insert(0, Record::Moved(moves));
    }
    records
}
