//! Tags: the provider's default tags, the operation's stamp that nobody sees, and the difference between two sets.

use formwork_model::{Map, Value};
use std::collections::BTreeMap;

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// The tag that says which operation made an object. Invisible in values and diffs.
pub(crate) const STAMP: &str = "formwork-operation";

/// The default tags with an object's own; its own win.
pub(crate) fn merged(defaults: &Tags, own: &Tags) -> Tags {
    let mut all = defaults.clone();
    all.extend(own.clone());
    all
}

/// The tags that a create sends: all of them and the stamp.
pub(crate) fn stamped(all: Tags, operation: &str) -> Tags {
    let mut all = all;
    all.insert(STAMP.to_owned(), operation.to_owned());
    all
}

/// What has to be set and which keys have to go.
pub(crate) struct TagChange {
    /// New or changed.
    pub(crate) set: Tags,
    /// No longer wanted.
    pub(crate) remove: Vec<String>,
}

impl TagChange {
    /// From what there is to what is wanted. The stamp and AWS's own tags stay.
    pub(crate) fn between(present: &Tags, wanted: &Tags) -> Self {
        let set = wanted.iter().filter(|(key, value)| present.get(*key) != Some(value));
        let remove = present.keys().filter(|key| !wanted.contains_key(*key) && !is_hidden(key));
        Self { set: set.map(|(key, value)| (key.clone(), value.clone())).collect(), remove: remove.cloned().collect() }
    }
}

/// Tags that are not the user's: the stamp, and what AWS itself writes and lets nobody change.
fn is_hidden(key: &str) -> bool {
    key == STAMP || key.starts_with("aws:")
}

/// Splits what was read into `tags_all` (without hidden ones) and `tags` (without default tags that the object does not
/// say itself).
pub(crate) fn show(values: &mut Map, own: &Tags, defaults: &Tags) {
    let Some(Value::Map(all)) = values.get("tags_all").cloned() else { return };
    let visible: Map =
        all.iter().filter(|(key, _)| !is_hidden(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    let tags: Map = visible
        .iter()
        .filter(|(key, value)| {
            own.contains_key(key.as_str()) || defaults.get(key.as_str()).map(String::as_str) != value.as_str()
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    values.insert("tags_all", Value::Map(visible));
    values.insert("tags", Value::Map(tags));
}

/// `tags_all` as a plan tells it; none where `tags` is not known.
pub(crate) fn planned(values: &Map, defaults: &Tags) -> Option<Value> {
    let own = match values.get("tags") {
        Some(Value::Map(own)) if own.values().all(Value::is_known) => own.clone(),
        None | Some(Value::Null) => Map::new(),
        Some(_) => return None,
    };
    let mut all: Map =
        defaults.iter().map(|(key, value)| (key.as_str().into(), Value::string(value.as_str()))).collect();
    for (key, value) in own.iter() {
        all.insert(key.clone(), value.clone());
    }
    Some(Value::Map(all))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_change_leaves_hidden_tags_alone() {
        let present = tags(&[("a", "1"), ("b", "2"), (STAMP, "op"), ("aws:cloudformation:stack", "x")]);
        let change = TagChange::between(&present, &tags(&[("a", "9"), ("c", "3")]));
        assert_eq!(change.set, tags(&[("a", "9"), ("c", "3")]));
        assert_eq!(change.remove, ["b"]);
    }

    #[test]
    fn default_tags_are_shown_only_where_they_differ() {
        let read: Map = [(
            "tags_all".into(),
            Value::map([("team", Value::string("x")), ("own", Value::string("y")), (STAMP, Value::string("op"))]),
        )]
        .into_iter()
        .collect();
        let mut values = read.clone();
        show(&mut values, &Tags::new(), &tags(&[("team", "x")]));
        assert_eq!(values.get("tags"), Some(&Value::map([("own", Value::string("y"))])));
        let mut values = read.clone();
        show(&mut values, &tags(&[("team", "x")]), &tags(&[("team", "x")]));
        assert_eq!(values.get("tags"), Some(&Value::map([("team", Value::string("x")), ("own", Value::string("y"))])));
        let mut values = read;
        show(&mut values, &Tags::new(), &tags(&[("team", "other")]));
        assert_eq!(values.get("tags").and_then(Value::as_map).map(Map::len), Some(2));
    }
}
