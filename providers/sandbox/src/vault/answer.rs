//! The service's errors.

use super::Table;
use crate::exchange::Response;
use serde_json::json;

pub(super) fn refused(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, json!({ "error": { "code": code, "message": message } }))
}

fn refused_inner(status: u16, code: &str, message: &str, inner: &str) -> Response {
    Response::json(status, json!({ "error": { "code": code, "message": message, "innererror": { "code": inner } } }))
}

pub(super) fn bad_parameter(message: &str) -> Response {
    refused(400, "BadParameter", message)
}

pub(super) fn wrong_name(table: Table) -> Response {
    let one = table.one().to_ascii_lowercase();
    bad_parameter(&format!(
        "The request URI contains an invalid name: the {one}'s name has 1 to 127 letters, digits and dashes."
    ))
}

pub(super) fn not_found(table: Table, name: &str) -> Response {
    let (one, code) = (table.one().to_ascii_lowercase(), format!("{}NotFound", table.one()));
    let message = format!(
        "A {one} with (name/id) {name} was not found in this key vault. If you recently deleted this {one} you may be \
         able to recover it using the correct recovery command."
    );
    refused(404, &code, &message)
}

pub(super) fn not_deleted(table: Table, name: &str) -> Response {
    let message = format!("Deleted {} not found: {name}", table.one());
    refused(404, &format!("{}NotFound", table.one()), &message)
}

pub(super) fn deleted_but_recoverable(table: Table, name: &str) -> Response {
    let one = table.one();
    let message = format!(
        "{one} {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the \
         {} can only be recovered or purged.",
        one.to_ascii_lowercase()
    );
    refused_inner(409, "Conflict", &message, "ObjectIsDeletedButRecoverable")
}

pub(super) fn disabled() -> Response {
    refused_inner(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
}

pub(super) fn purge_protected(table: Table) -> Response {
    let one = table.one().to_ascii_lowercase();
    let message = format!("Operation \"purge\" is not allowed on this {one}: the vault has purge protection.");
    refused_inner(403, "Forbidden", &message, "ForbiddenByPolicy")
}
