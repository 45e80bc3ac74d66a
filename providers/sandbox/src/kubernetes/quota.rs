//! Quotas of a namespace: how many objects there may be. Amounts of CPU and memory are shown and never used up, since nothing runs.

use super::json::{list, map};
use super::meta;
use super::objects::Objects;
use super::resource::Resource;
use super::status::{Answer, Refusal};
use serde_json::Value as Json;

/// Kinds of the core that a quota counts by their plain name.
const PLAIN: [&str; 7] =
    ["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"];

/// The table whose objects an entry of a quota counts; none if it is an amount.
pub(crate) fn counted(entry: &str) -> Option<String> {
    match entry.strip_prefix("count/") {
        Some(counted) => Some(match counted.split_once('.') {
            Some((plural, group)) => format!("{group}/{plural}"),
            None => format!("/{counted}"),
        }),
        None => PLAIN.contains(&entry).then(|| format!("/{entry}")),
    }
}

/// Why there may be no further object in a table, as quota admission says it.
pub(crate) fn exceeded(objects: &Objects, table: &str, namespace: &str) -> Option<String> {
    let used = objects.list(table, namespace).count();
    objects.list("/resourcequotas", namespace).find_map(|quota| {
        // One with scopes counts some pods only, which is not done here.
        if !list(quota, &["spec", "scopes"]).is_empty() || map(quota, &["spec", "scopeSelector"]).is_some() {
            return None;
        }
        let mut hard = map(quota, &["spec", "hard"])?.iter();
        let (entry, limit) =
            hard.find(|(entry, limit)| counted(entry).as_deref() == Some(table) && !allows(limit, used))?;
        let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
        let name = meta::name(quota);
        Some(format!("exceeded quota: {name}, requested: {entry}=1, used: {entry}={used}, limited: {entry}={limit}"))
    })
}

/// Whether one more than these is within a limit. What is no plain number is no limit of objects.
fn allows(limit: &Json, used: usize) -> bool {
    let most = limit.as_u64().or_else(|| limit.as_str()?.parse().ok());
    most.is_none_or(|most| u64::try_from(used).is_ok_and(|used| used < most))
}

/// Refuses a new object that a quota does not allow.
pub(crate) fn check(objects: &Objects, resource: &Resource, namespace: &str, name: &str) -> Answer<()> {
    if namespace.is_empty() {
        return Ok(());
    }
    match exceeded(objects, &resource.table(), namespace) {
        Some(detail) => Err(Refusal::forbidden(resource.about(), name, &detail)),
        None => Ok(()),
    }
}
