//! Objects that pass: a Job with `ttlSecondsAfterFinished` is deleted by the cluster itself some time after its end. That it is
//! gone is what its manifest asks for, so it is no drift, and it does not run again until its manifest changes.

use super::{ObjectType, Private};
use formwork_model::Value;
use formwork_provider_api::StoredObject;

/// Whether a manifest is one of a Job that the cluster takes away.
pub(crate) fn passes(manifest: &Value) -> bool {
    let at = |path: &[&str]| path.iter().try_fold(manifest, |value, key| value.as_map()?.get(key));
    at(&["kind"]).and_then(Value::as_str) == Some("Job")
        && at(&["spec", "ttlSecondsAfterFinished"]).is_some_and(|time| !time.is_null())
}

impl ObjectType {
    /// Whether an object that is not there any more has done what it was for.
    pub(super) fn has_passed(&self, stored: &StoredObject) -> bool {
        Private::read(&stored.private).is_through
            && self.says_config(stored.values.view())
            && passes(&self.manifest(stored.values.view(), None))
    }
}
