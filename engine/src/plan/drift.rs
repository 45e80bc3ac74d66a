//! What the cloud changed behind our back, and whether it contradicts what was last applied.

use super::Drift;
use super::ignore::with_ignored;
use super::rows::{Held, Observed};
use super::walk::Walk;
use formwork_model::schema::ResourceSchema;
use formwork_model::{AttributePath, ValueBuf};
use formwork_provider_api::{Difference, differences, proposed};
use formwork_state::record::Row;
use std::sync::Arc;

impl Walk<'_> {
    /// Of all rows, by address.
    pub(super) fn drift(&mut self) -> Vec<Drift> {
        let mut drift = Vec::new();
        for number in 0..self.memory.rows.len() {
            let Some(held) = self.memory.rows.get(number).filter(|held| !held.dropped) else { continue };
            let gone = matches!(held.observed, Observed::Gone | Observed::SoftDeleted);
            let found = match &held.recorded {
                _ if gone => self.gone(number),
                Some(recorded) => {
                    let (recorded, held) = (Arc::clone(recorded), held.clone());
                    self.changed(&recorded, &held)
                }
                None => None,
            };
            drift.extend(found);
        }
        drift.sort_by(|left, right| left.address.cmp(&right.address));
        drift
    }

    fn gone(&mut self, number: u32) -> Option<Drift> {
        let held = self.memory.rows.get(number)?;
        let row = held.recorded.as_ref().unwrap_or(&held.row).clone();
        let (address, type_name) = (row.key.address.clone(), row.type_name.clone());
        let recorded = self.values.push(row.values.view());
        Some(Drift { address, type_name, recorded, observed: None, contradicts: true })
    }

    fn changed(&mut self, recorded: &Row, held: &Held) -> Option<Drift> {
        let row = &held.row;
        let (address, type_name) = (row.key.address.clone(), row.type_name.clone());
        let schema = self.schema_of(&address, &type_name)?;
        let changed = differences(schema, recorded.values.view(), row.values.view());
        if changed.is_empty() {
            return None;
        }
        let source = self.item(&address).and_then(|item| self.source(item));
        let ignored = source.map_or(&[][..], |source| source.decorators().ignore.as_slice());
        let contradicts = contradicts(schema, recorded, row, &changed, ignored);
        let recorded = self.values.push(recorded.values.view());
        let observed = Some(self.values.push(row.values.view()));
        Some(Drift { address, type_name, recorded, observed, contradicts })
    }
}

/// Whether applying once more what was last applied would change any of it back. What only the cloud says (a count that an
/// autoscaler sets, a state that a peer brings about) it would not.
fn contradicts(
    schema: &ResourceSchema,
    recorded: &Row,
    row: &Row,
    changed: &[Difference],
    ignored: &[AttributePath],
) -> bool {
    let observed = row.values.view();
    let config = if ignored.is_empty() {
        recorded.config.clone()
    } else {
        ValueBuf::from(&with_ignored(&recorded.config.to_value(), &observed.to_value(), ignored))
    };
    let again = proposed(schema, &row.key.address, config.view(), Some(observed));
    let back = differences(schema, observed, again.view());
    let meet = |one: &AttributePath, other: &AttributePath| one.covers(other) || other.covers(one);
    changed.iter().any(|change| back.iter().any(|back| meet(&back.path, &change.path)))
}
