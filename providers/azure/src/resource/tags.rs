//! Tags: the user's, the operation's stamp that nobody sees, and those that belong to the portal. Azure takes the whole map at
//! once and does not mind the case of a key.

use formwork_model::{Map, Value};
use serde_json::Value as Json;

/// The tag that says which operation made an object.
pub(crate) const STAMP: &str = "formwork-operation";

/// Tags that are not the user's unless the config says them: the stamp, and what the portal keeps for itself.
fn is_hidden(key: &str) -> bool {
    key.eq_ignore_ascii_case(STAMP) || key.to_lowercase().starts_with("hidden-")
}

/// The user's tags, in the spelling that is known.
pub(crate) fn shown(body: &Json, known: Option<&Value>) -> Value {
    let known = known.and_then(Value::as_map).cloned().unwrap_or_default();
    let mut tags = Map::new();
    for (key, value) in entries(body) {
        let spelling = known.keys().find(|other| other.eq_ignore_ascii_case(key)).cloned();
        if let Some(value) = value.as_str().filter(|_| spelling.is_some() || !is_hidden(key)) {
            tags.insert(spelling.unwrap_or_else(|| key.as_str().into()), Value::string(value));
        }
    }
    Value::Map(tags)
}

fn entries(body: &Json) -> impl Iterator<Item = (&String, &Json)> {
    body.get("tags").and_then(Json::as_object).into_iter().flatten()
}

/// The stamp of an object; none where it has none.
pub(crate) fn stamp(body: &Json) -> Option<&str> {
    entries(body).find(|(key, _)| key.eq_ignore_ascii_case(STAMP))?.1.as_str()
}

/// Adds to the wanted tags of a body what the user does not see: the stamp of a create, else what there is.
pub(crate) fn complete(body: &mut Json, operation: Option<&str>, current: Option<&Json>) {
    let mut tags = body.get("tags").and_then(Json::as_object).cloned().unwrap_or_default();
    if let Some(operation) = operation {
        tags.insert(STAMP.to_owned(), Json::from(operation));
    }
    for (key, value) in current.into_iter().flat_map(entries).filter(|(key, _)| is_hidden(key)) {
        if !tags.keys().any(|other| other.eq_ignore_ascii_case(key)) {
            tags.insert(key.clone(), value.clone());
        }
    }
    if let Some(object) = body.as_object_mut() {
        object.insert("tags".to_owned(), Json::Object(tags));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_stamp_is_kept_and_not_seen() {
        let current = json!({"tags": {"Env": "dev", STAMP: "op-1", "hidden-title": "x"}});
        let known = Value::map([("env", Value::string("dev"))]);
        assert_eq!(shown(&current, Some(&known)), known);
        assert_eq!(stamp(&current), Some("op-1"));
        let mut body = json!({"tags": {"env": "prod"}});
        complete(&mut body, None, Some(&current));
        assert_eq!(body, json!({"tags": {"env": "prod", STAMP: "op-1", "hidden-title": "x"}}));
        let mut body = json!({});
        complete(&mut body, Some("op-2"), None);
        assert_eq!(body, json!({"tags": {STAMP: "op-2"}}));
    }
}
