//! JSON patch: a list of operations on paths.

use serde_json::Value as Json;

/// Applies the operations in turn.
///
/// # Errors
/// When one of them cannot be done; the text says which and why.
pub(crate) fn json_patch(target: &mut Json, patch: &Json) -> Result<(), String> {
    let Some(operations) = patch.as_array() else { return Err("a JSON patch is a list of operations".into()) };
    operations.iter().try_for_each(|operation| apply(target, operation))
}

fn apply(target: &mut Json, operation: &Json) -> Result<(), String> {
    let word = |name: &str| operation.get(name).and_then(Json::as_str);
    let path = word("path").ok_or("an operation has no path")?;
    let value = || operation.get("value").cloned().ok_or_else(|| format!("the operation on {path} has no value"));
    let from = || word("from").ok_or_else(|| format!("the operation on {path} has no from"));
    match word("op").unwrap_or_default() {
        "add" => add(target, path, value()?),
        "remove" => remove(target, path).map(drop),
        "replace" => {
            let value = value()?;
            remove(target, path)
                .map_err(|_| format!("replace operation does not apply: doc is missing key: {path}"))?;
            add(target, path, value)
        }
        "move" => {
            let value = remove(target, from()?)?;
            add(target, path, value)
        }
        "copy" => {
            let value = target.pointer(from()?).cloned().ok_or_else(|| missing("copy", path))?;
            add(target, path, value)
        }
        "test" if target.pointer(path) == Some(&value()?) => Ok(()),
        "test" => Err(format!("testing value {path} failed: test failed")),
        other => Err(format!("unexpected kind of operation: {other:?}")),
    }
}

fn missing(operation: &str, path: &str) -> String {
    format!("{operation} operation does not apply: doc is missing path: {path:?}: missing value")
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, name) = path.rsplit_once('/')?;
    Some((parent, name.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Json, path: &str, value: Json) -> Result<(), String> {
    let Some((parent, name)) = split(path) else {
        *target = value;
        return Ok(());
    };
    match target.pointer_mut(parent) {
        Some(Json::Object(map)) => drop(map.insert(name, value)),
        Some(Json::Array(list)) if name == "-" => list.push(value),
        Some(Json::Array(list)) => {
            let index = name.parse().ok().filter(|index| *index <= list.len()).ok_or_else(|| missing("add", path))?;
            list.insert(index, value);
        }
        _ => return Err(missing("add", path)),
    }
    Ok(())
}

fn remove(target: &mut Json, path: &str) -> Result<Json, String> {
    let (parent, name) = split(path).ok_or_else(|| missing("remove", path))?;
    let removed = match target.pointer_mut(parent) {
        Some(Json::Object(map)) => map.shift_remove(&name),
        Some(Json::Array(list)) => {
            name.parse().ok().filter(|index: &usize| *index < list.len()).map(|index| list.remove(index))
        }
        _ => None,
    };
    removed.ok_or_else(|| missing("remove", path))
}
