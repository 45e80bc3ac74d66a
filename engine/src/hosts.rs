//! What objects live in whose provider is configured by a resource: a cluster, say. Each row keeps which one it was, so
//! that while two of them stand side by side (the old one and the one in its place) no object is looked for, changed or
//! deleted in the wrong one.

use crate::connections::Connections;
use formwork_model::{Value, ValueBuf};
use formwork_state::record::{Host, Row};

/// A row as what others live in.
pub(crate) fn of(row: &Row, connections: &Connections) -> Host {
    let identity = identity(row, connections);
    Host { address: row.key.address.clone(), created_by: row.created_by.clone(), identity }
}

/// Whether a row is of the object that a host was. An object that was taken out of the state and imported again is the
/// same one: two that exist at the same time have different identities.
pub(crate) fn is(host: &Host, row: &Row, connections: &Connections) -> bool {
    let was_made = !host.created_by.0.is_empty() && host.created_by == row.created_by;
    was_made || (!host.identity.view().is_null() && host.identity == identity(row, connections))
}

/// The identity that a row's values hold; null where its type is not known, or a part of it is missing.
fn identity(row: &Row, connections: &Connections) -> ValueBuf {
    let provider = connections.provider(&row.type_name.provider).ok();
    let schema = provider.as_ref().and_then(|provider| provider.schema().resource(&row.type_name.name));
    let names = schema.map_or(&[][..], |schema| schema.identity);
    let parts = names.iter().map(|name| row.values.view().get(name).filter(|part| part.is_known()));
    match parts.map(|part| part.map(|part| part.to_value())).collect::<Option<Vec<Value>>>() {
        Some(parts) if !parts.is_empty() => ValueBuf::from(Value::list(parts)),
        _ => ValueBuf::null(),
    }
}
