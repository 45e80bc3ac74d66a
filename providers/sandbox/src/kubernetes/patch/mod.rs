//! The patches other than server-side apply.

mod json_patch;
mod strategic;

pub(crate) use json_patch::json_patch;
pub(crate) use strategic::strategic_merge;

use super::json::object;
use serde_json::Value as Json;

/// The media types of patches of custom kinds.
pub(crate) const CUSTOM: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

/// JSON merge patch: objects are merged, null removes, all else replaces.
pub(crate) fn merge_patch(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    let target = object(target);
    for (name, value) in patch {
        if value.is_null() {
            target.shift_remove(name);
        } else {
            merge_patch(target.entry(name.clone()).or_insert(Json::Null), value);
        }
    }
}

#[cfg(test)]
mod tests;
