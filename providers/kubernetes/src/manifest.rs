//! A manifest: what the config says of an object, in Kubernetes' own form; and what is sent of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formwork_model::{Map, Value};
use formwork_provider_api::ProviderError;
use serde_json::{Map as JsonMap, Value as Json, json};

/// The annotation that says which operation made an object.
pub(crate) const STAMP: &str = "formwork-operation";

/// Which object it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    /// None for objects that lie in no namespace.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Identity {
    /// `apps/Deployment/shop/web`; `core/Namespace/shop`. The version is left out: it may change while the object stays.
    pub(crate) fn id(&self) -> String {
        let group = match crate::discovery::group_of(&self.api_version) {
            "" => "core",
            group => group,
        };
        match &self.namespace {
            Some(namespace) => format!("{group}/{}/{namespace}/{}", self.kind, self.name),
            None => format!("{group}/{}/{}", self.kind, self.name),
        }
    }

    /// How people call it.
    pub(crate) fn text(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }
}

/// The text at a path of a manifest, when it is known.
pub(crate) fn text_at<'a>(manifest: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(manifest, |value, key| value.as_map()?.get(key))?.as_str()
}

/// The JSON that is sent for a value: nothing for null, durations as Kubernetes writes them. None for null and for what
/// is not known.
pub(crate) fn wire(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null | Value::Unknown(_) | Value::Object(_) => return None,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Value::String(text) => Json::from(text.as_str()),
        Value::Duration(milliseconds) => Json::String(duration(*milliseconds)),
        Value::List(items) | Value::Set(items) => items.iter().filter_map(wire).collect(),
        Value::Map(map) => map.iter().filter_map(|(key, value)| Some((key.to_string(), wire(value)?))).collect(),
        Value::Secret(inner) => return wire(inner),
    })
}

/// A duration as Go writes it: `1h30m`, `45s`, `250ms`.
fn duration(milliseconds: i64) -> String {
    if milliseconds % 1000 != 0 {
        return format!("{milliseconds}ms");
    }
    let seconds = milliseconds / 1000;
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let text: String =
        parts.iter().filter(|(count, _)| *count != 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// What is sent of a manifest. The clear texts of a Secret go with the encoded ones: owned separately, a key that is taken
/// out of `stringData` would stay.
pub(crate) fn sent(manifest: &Value) -> Result<Json, ProviderError> {
    let mut json = wire(manifest).unwrap_or(Json::Null);
    let Some(object) = json.as_object_mut() else {
        return Err(ProviderError::invalid("a manifest is a map with `apiVersion`, `kind` and `metadata`"));
    };
    give_protocols(object);
    if is_secret(manifest)
        && let Some(Json::Object(plain)) = object.shift_remove("stringData")
    {
        let data = object.entry("data").or_insert_with(|| json!({}));
        if let Some(data) = data.as_object_mut() {
            data.extend(plain.into_iter().map(|(key, value)| (key, encoded(&value))));
        }
    }
    Ok(json)
}

/// A Service's ports are told apart by number and protocol, and servers before 1.21 do not know the protocol's default when
/// they merge.
fn give_protocols(object: &mut JsonMap<String, Json>) {
    let text = |name: &str| object.get(name).and_then(Json::as_str);
    if text("kind") != Some("Service") || text("apiVersion") != Some("v1") {
        return;
    }
    let ports = object.get_mut("spec").and_then(|spec| spec.get_mut("ports")).and_then(Json::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Json::as_object_mut) {
        port.entry("protocol").or_insert_with(|| Json::from("TCP"));
    }
}

fn encoded(value: &Json) -> Json {
    Json::String(STANDARD.encode(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
}

/// Whether it is a Secret.
pub(crate) fn is_secret(manifest: &Value) -> bool {
    text_at(manifest, &["kind"]) == Some("Secret") && text_at(manifest, &["apiVersion"]) == Some("v1")
}

/// A live Secret seen as the manifest writes it: keys that it writes in the clear are in the clear.
pub(crate) fn unfolded(manifest: &Value, mut live: Json) -> Json {
    let plain = manifest.as_map().and_then(|map| map.get("stringData")).and_then(Value::as_map);
    let Some(plain) = plain.filter(|_| is_secret(manifest)) else { return live };
    let Some(object) = live.as_object_mut() else { return live };
    let mut clear = JsonMap::new();
    if let Some(data) = object.get_mut("data").and_then(Json::as_object_mut) {
        for key in plain.keys() {
            let decoded = data.get(key.as_str()).and_then(Json::as_str).and_then(|text| STANDARD.decode(text).ok());
            if let Some(text) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
                data.shift_remove(key.as_str());
                clear.insert(key.to_string(), Json::String(text));
            }
        }
    }
    object.insert("stringData".to_owned(), Json::Object(clear));
    live
}

/// The manifest with what is secret in it marked.
pub(crate) fn marked(manifest: Value) -> Value {
    if !is_secret(&manifest) {
        return manifest;
    }
    let Some(map) = manifest.as_map() else { return manifest };
    Value::Map(map.iter().map(|(key, value)| (key.clone(), marked_member(key, value))).collect::<Map>())
}

fn marked_member(key: &str, value: &Value) -> Value {
    if matches!(key, "data" | "stringData") && !value.is_null() { value.clone().secret() } else { value.clone() }
}

/// The object as it is sent, with the stamp; and with the id that it has, so that no other object of its name is changed.
pub(crate) fn stamped(mut object: Json, operation: &str, uid: Option<&str>) -> Json {
    if let Some(map) = object.as_object_mut() {
        let metadata = map.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.insert(STAMP.to_owned(), Json::from(operation));
            }
            if let Some(uid) = uid {
                metadata.insert("uid".to_owned(), Json::from(uid));
            }
        }
    }
    object
}

/// The stamp on an object.
pub(crate) fn stamp(live: &Json) -> Option<&str> {
    live.get("metadata")?.get("annotations")?.get(STAMP)?.as_str()
}

/// An object as a manifest, without what the server keeps in it.
pub(crate) fn cleaned(mut live: Json) -> Json {
    if let Some(object) = live.as_object_mut() {
        object.shift_remove("status");
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
            for name in SERVERS_OWN {
                metadata.shift_remove(name);
            }
        }
    }
    without_bookkeeping(live)
}

/// Where `kubectl apply` keeps all that it applied: of a Secret, all its texts once more, in the clear or in base64.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object without what those who apply it note on it for themselves: kubectl's copy of it, our stamp, who owns what.
/// Everything that is shown or stored of a live object goes through here.
pub(crate) fn without_bookkeeping(mut live: Json) -> Json {
    if let Some(metadata) = live.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.shift_remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
            annotations.shift_remove(STAMP);
            annotations.shift_remove(LAST_APPLIED);
            if annotations.is_empty() {
                metadata.shift_remove("annotations");
            }
        }
    }
    live
}

/// What the server keeps in `metadata`.
pub(crate) const SERVERS_OWN: [&str; 8] = [
    "managedFields",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn value(json: Json) -> Value {
        formwork_model::value::from_json(&json)
    }

    #[test]
    fn clear_texts_of_a_secret_go_encoded_and_come_back_clear() {
        let manifest = value(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" },
            "data": { "a": "YQ==" }, "stringData": { "b": "hunter2" },
        }));
        let sent = sent(&manifest).unwrap();
        assert_eq!(sent["data"], json!({ "a": "YQ==", "b": "aHVudGVyMg==" }));
        assert!(sent.get("stringData").is_none());
        let seen = unfolded(&manifest, sent);
        assert_eq!((&seen["data"], &seen["stringData"]), (&json!({ "a": "YQ==" }), &json!({ "b": "hunter2" })));
        assert!(!format!("{:?}", marked(manifest)).contains("hunter2"));
    }

    #[test]
    fn nulls_are_not_sent_and_durations_are_texts() {
        let map = Value::map([("a", Value::Null), ("b", Value::Duration(5_400_000)), ("c", Value::Duration(250))]);
        assert_eq!(wire(&map).unwrap(), json!({ "b": "1h30m", "c": "250ms" }));
    }

    #[test]
    fn what_appliers_note_is_not_part_of_an_object() {
        let note = r#"{"kind":"Secret","stringData":{"password":"hunter2"}}"#;
        let noted = |more: Json| {
            let mut live = json!({ "kind": "Secret", "metadata": { "name": "s", "uid": "1", "managedFields": [], "annotations": more } });
            live["metadata"]["annotations"][STAMP] = json!("o");
            live["metadata"]["annotations"][LAST_APPLIED] = json!(note);
            live
        };
        let bare = json!({ "kind": "Secret", "metadata": { "name": "s", "uid": "1" } });
        assert_eq!(without_bookkeeping(noted(json!({}))), bare);
        let kept = without_bookkeeping(noted(json!({ "team": "a" })));
        assert_eq!(kept["metadata"]["annotations"], json!({ "team": "a" }));
        assert_eq!(cleaned(noted(json!({}))), json!({ "kind": "Secret", "metadata": { "name": "s" } }));
    }

    #[test]
    fn ids_have_no_version() {
        let mut identity = Identity {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            namespace: Some("shop".into()),
            name: "web".into(),
        };
        assert_eq!(identity.id(), "apps/Deployment/shop/web");
        identity =
            Identity { api_version: "v1".into(), kind: "Namespace".into(), namespace: None, name: "shop".into() };
        assert_eq!(identity.id(), "core/Namespace/shop");
    }
}
