//! Marks: what lists tell of objects that they do not show in full. It is kept beside an object when it is read by itself; a
//! list that tells the same proves that nobody changed the object since, and one call does for many. Of other objects the state
//! is kept, where it is not the usual one.

use crate::arm::operation::{State, state, word};
use crate::resource::path;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What a body tells at these vendor paths, as it is kept; none where the first one is missing, since that proves nothing. A
/// later version of Formwork may read more out of an object, and reads it anew.
pub(crate) fn of(places: &[&str], body: &Json) -> Option<Vec<u8>> {
    at(body, places.first()?)?;
    let told: Vec<Option<Json>> = places.iter().map(|place| at(body, place)).collect();
    serde_json::to_vec(&(env!("CARGO_PKG_VERSION"), told)).ok()
}

/// The state of an object with which Azure is not done well, as it is kept; empty where there is nothing to say.
pub(crate) fn of_state(body: &Json) -> Vec<u8> {
    match state(body) {
        State::Done => Vec::new(),
        State::Failed | State::Running(_) => json!({ "state": word(body) }).to_string().into_bytes(),
    }
}

/// That state.
pub(crate) fn state_of(private: &[u8]) -> Option<(State, String)> {
    let kept: Json = serde_json::from_slice(private).ok()?;
    let word = kept.get("state")?.as_str()?.to_owned();
    Some((state(&json!({ "provisioningState": word })), word))
}

/// What stands there. Lists and single reads differ in what they leave out when it is empty, and in the order of keys.
fn at(body: &Json, place: &str) -> Option<Json> {
    match path::get(body, place)? {
        Json::Null => None,
        Json::String(text) if text.is_empty() => None,
        Json::Object(entries) if entries.is_empty() => None,
        Json::Object(entries) => serde_json::to_value(entries.into_iter().collect::<BTreeMap<_, _>>()).ok(),
        told => Some(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_is_told_in_several_ways() {
        let places = ["etag", "properties.note", "tags"];
        let one = json!({"etag": "1", "properties": {"note": ""}, "tags": {"a": "x", "b": "y"}});
        let same = json!({"tags": {"b": "y", "a": "x"}, "etag": "1"});
        assert!(of(&places, &one).is_some());
        assert_eq!(of(&places, &one), of(&places, &same));
        for other in [json!({"etag": "2"}), json!({"etag": "1"}), json!({"etag": "1", "tags": {"a": "x", "b": "z"}})] {
            assert_ne!(of(&places, &one), of(&places, &other), "{other}");
        }
        assert_eq!(of(&places, &json!({"tags": {"a": "x"}})), None);
    }
}
