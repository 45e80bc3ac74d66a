//! Whether the rows that a provider made of one block can be: keys, types and order.

use super::{Breach, CheckError, Report, Subject};
use crate::ExpandedRow;
use formwork_model::AttributePath;
use formwork_model::schema::ProviderSchema;
use std::collections::BTreeMap;

/// Checks the rows of an expanded block.
#[must_use]
pub fn expanded(subject: &Subject<'_>, schema: &ProviderSchema, rows: &[ExpandedRow]) -> Vec<CheckError> {
    let mut report = Report::new(subject);
    let mut positions = BTreeMap::new();
    for (position, row) in rows.iter().enumerate() {
        if positions.insert(row.key.as_str(), position).is_some() {
            add(&mut report, Breach::RepeatedKey, "keys that differ", format!("{:?} twice", row.key));
        }
        if schema.resource(&row.type_name).is_none() {
            add(&mut report, Breach::UnknownRowType, "a resource type of the provider", format!("{:?}", row.type_name));
        }
    }
    for row in rows {
        for before in row.after.iter().filter(|before| !positions.contains_key(before.as_str())) {
            let came = format!("{:?} after {before:?}, which is no row", row.key);
            add(&mut report, Breach::ImpossibleOrder, "rows to come after rows", came);
        }
    }
    if let Some(key) = in_cycle(rows, &positions) {
        add(&mut report, Breach::ImpossibleOrder, "an order without cycles", format!("{key:?} after itself"));
    }
    report.breaches
}

fn add(report: &mut Report<'_>, breach: Breach, promised: &str, came: String) {
    report.add(breach, AttributePath::root(), promised.to_owned(), came);
}

/// A row that can never be next, when rows are taken in order of their dependencies; none where all can be taken.
fn in_cycle<'a>(rows: &'a [ExpandedRow], positions: &BTreeMap<&str, usize>) -> Option<&'a str> {
    let mut waiting: Vec<usize> = vec![0; rows.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    for (position, row) in rows.iter().enumerate() {
        for before in row.after.iter().filter_map(|key| positions.get(key.as_str())) {
            followers.get_mut(*before)?.push(position);
            *waiting.get_mut(position)? += 1;
        }
    }
    let mut ready: Vec<usize> = (0..rows.len()).filter(|position| waiting.get(*position) == Some(&0)).collect();
    while let Some(position) = ready.pop() {
        for follower in followers.get(position)? {
            let count = waiting.get_mut(*follower)?;
            *count -= 1;
            if *count == 0 {
                ready.push(*follower);
            }
        }
    }
    let left = waiting.iter().position(|count| *count > 0)?;
    rows.get(left).map(|row| row.key.as_str())
}
