//! A YAML stream as manifests.

use formwork_provider_api::ProviderError;
use serde::Deserialize;
use serde_json::Value as Json;

/// The objects of a stream, in order; a `List` gives its items, empty documents nothing. `from` names it in errors.
pub(crate) fn objects(text: &str, from: &str) -> Result<Vec<Json>, ProviderError> {
    let mut objects = Vec::new();
    for (number, document) in serde_norway::Deserializer::from_str(text).enumerate() {
        let value = Json::deserialize(document).map_err(|error| {
            let place = error.location().map(|place| format!(", line {}", place.line())).unwrap_or_default();
            ProviderError::invalid(format!("{from}{place}: document {} is no YAML", number + 1))
        })?;
        gather(value, &mut objects);
    }
    for (number, object) in objects.iter_mut().enumerate() {
        read_modes(object);
        complete(object, from, number + 1)?;
    }
    Ok(objects)
}

fn gather(mut value: Json, objects: &mut Vec<Json>) {
    match value.get("kind").and_then(Json::as_str) {
        Some(kind) if kind.ends_with("List") && value.get("items").is_some_and(Json::is_array) => {
            if let Some(Json::Array(items)) = value.get_mut("items").map(Json::take) {
                items.into_iter().for_each(|item| gather(item, objects));
            }
        }
        _ if value.is_null() => {}
        _ => objects.push(value),
    }
}

fn complete(object: &Json, from: &str, number: usize) -> Result<(), ProviderError> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str);
    let name = text("/metadata/name").map(|name| format!(" `{name}`")).unwrap_or_default();
    if text("/apiVersion").is_some() && text("/kind").is_some() && text("/metadata/name").is_some() {
        return Ok(());
    }
    let kind = text("/kind").map_or_else(|| "the object".to_owned(), |kind| format!("the {kind}"));
    Err(match text("/metadata/generateName") {
        Some(prefix) => {
            ProviderError::invalid(format!("{from}, object {number}: {kind} `{prefix}…` has no name of its own"))
                .help("give it `metadata.name`: what is managed has to be found again")
        }
        None => {
            let missing = ["apiVersion", "kind", "metadata.name"]
                .into_iter()
                .find(|field| text(&format!("/{}", field.replace('.', "/"))).is_none())
                .unwrap_or("metadata.name");
            ProviderError::invalid(format!("{from}, object {number}: {kind}{name} has no `{missing}`"))
        }
    })
}

/// File modes are written as in YAML 1.1 (`0644`), which newer readers take for a text.
fn read_modes(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(read_modes),
        Json::Object(object) => {
            for (key, value) in object.iter_mut() {
                match value {
                    Json::String(text) if matches!(key.as_str(), "mode" | "defaultMode") => {
                        if let Some(mode) = octal(text) {
                            *value = Json::from(mode);
                        }
                    }
                    other => read_modes(other),
                }
            }
        }
        _ => {}
    }
}

fn octal(text: &str) -> Option<i64> {
    i64::from_str_radix(text.strip_prefix("0o").or_else(|| text.strip_prefix('0'))?, 8).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn streams_lists_and_modes_are_read() {
        let text = "# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {defaultMode: 0644, x: 0644}}\n---\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n";
        let objects = objects(text, "t").unwrap();
        let names: Vec<&Json> = objects.iter().map(|object| &object["metadata"]["name"]).collect();
        assert_eq!(names, [&json!("a"), &json!("b")]);
        assert_eq!(objects[0]["spec"]["defaultMode"], json!(420));
    }

    #[test]
    fn what_cannot_be_found_again_is_refused() {
        let error = objects("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", "t").unwrap_err();
        assert!(error.message.contains("`a-…`"), "{error}");
        assert!(objects("a: [b", "t").unwrap_err().message.contains("document 1"));
    }
}
