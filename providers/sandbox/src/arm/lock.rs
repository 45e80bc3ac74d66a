//! Locks: resources of their own, which keep others from being deleted or written.

use super::Arm;
use super::failure::{self, Failure};
use super::id::Id;
use super::path;

const LOCKS: &str = "/providers/microsoft.authorization/locks/";

impl Arm {
    /// Refuses a write or a deletion that a lock on the resource, its group or its subscription forbids.
    pub(super) fn check_locks(&self, id: &Id, delete: bool) -> Result<(), Failure> {
        if id.type_name().eq_ignore_ascii_case("Microsoft.Authorization/locks") {
            return Ok(());
        }
        let key = id.key();
        match self.locks().into_iter().find(|(scope, level)| forbids(&key, scope, level, delete)) {
            Some((scope, _)) => Err(failure::locked(&id.text(), &scope, delete)),
            None => Ok(()),
        }
    }

    /// Refuses the deletion of a group that is locked, or in which anything is.
    pub(super) fn check_group_locks(&self, group: &str) -> Result<(), Failure> {
        let key = group.to_lowercase();
        let within = |scope: &str| {
            scope == key || scope.starts_with(&format!("{key}/")) || key.starts_with(&format!("{scope}/"))
        };
        match self.locks().into_iter().find(|(scope, _)| within(scope)) {
            Some((scope, _)) => Err(failure::locked(group, &scope, true)),
            None => Ok(()),
        }
    }

    /// Scopes and levels of all locks.
    fn locks(&self) -> Vec<(String, String)> {
        let known = self.known();
        let locks = known.locks.iter().filter_map(|key| known.records.get(key));
        locks
            .filter_map(|record| {
                let scope = Id::parse(&record.id)?.scope.to_lowercase();
                Some((scope, path::text(&record.body, "properties.level").unwrap_or_default().to_owned()))
            })
            .collect()
    }
}

/// The key is that of a lock.
pub(super) fn is_lock(key: &str) -> bool {
    key.contains(LOCKS)
}

fn forbids(key: &str, scope: &str, level: &str, delete: bool) -> bool {
    let covers = key == scope || key.starts_with(&format!("{scope}/"));
    covers && (level.eq_ignore_ascii_case("ReadOnly") || delete && level.eq_ignore_ascii_case("CanNotDelete"))
}
