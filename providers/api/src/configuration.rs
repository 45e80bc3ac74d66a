//! A provider block of which not everything is known yet.

use crate::ProviderError;
use formwork_model::{AttributePath, Map, Value, ValueBuf, ValueRef, View};

/// What is known of a block; attributes that hold an unknown are left out, unless they are among those that decide.
///
/// # Errors
/// When one of `deciding` waits for something.
pub fn known(configuration: ValueRef<'_>, deciding: &[&str]) -> Result<ValueBuf, ProviderError> {
    let View::Map(entries) = configuration.view() else { return Ok(ValueBuf::empty_map()) };
    let mut known = Map::new();
    for (name, value) in entries {
        if value.is_known() {
            known.insert(name, value.to_value());
        } else if deciding.contains(&name) {
            return Err(undecided(name, value));
        }
    }
    Ok(ValueBuf::from(Value::Map(known)))
}

fn undecided(name: &str, value: ValueRef<'_>) -> ProviderError {
    let mut waits_for = None;
    value.each_attribute(&mut |object, path| {
        waits_for.get_or_insert_with(|| format!("{object}.{path}"));
    });
    let reason = waits_for.map(|what| format!(": it waits for `{what}`")).unwrap_or_default();
    ProviderError::invalid(format!("`{name}` of the provider's block is not known yet{reason}"))
        .at(AttributePath::member(name))
        .help(
            "secrets are read before anything is made: write it out, or give the block a name, so that the environment says who \
             reads them",
        )
}
