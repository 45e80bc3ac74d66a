//! Parameters of `ApplicationSets` and the places where they are put in: `{{name}}`, or with `goTemplate` fields, `index` and
//! a few functions of Go's templates. What more a template asks for is an error, never left out in silence.

use serde_json::{Map, Value as Json};

/// The parameters of one Application.
pub(super) type Parameters = Map<String, Json>;

/// Puts parameters into all texts of a value.
///
/// # Errors
/// In words, when a template asks for what there is not, or for more than is understood here.
pub(super) fn fill(value: &mut Json, parameters: &Parameters, go: bool) -> Result<(), String> {
    match value {
        Json::String(text) => *text = filled(text, parameters, go)?,
        Json::Array(list) => list.iter_mut().try_for_each(|one| fill(one, parameters, go))?,
        Json::Object(map) => map.values_mut().try_for_each(|one| fill(one, parameters, go))?,
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
    Ok(())
}

/// Puts in what is known, and leaves the rest for later: a generator of a matrix may name what the other one gives.
pub(super) fn fill_known(value: &mut Json, parameters: &Parameters, go: bool) {
    match value {
        Json::String(text) => {
            if let Ok(known) = filled(text, parameters, go) {
                *text = known;
            }
        }
        Json::Array(list) => list.iter_mut().for_each(|one| fill_known(one, parameters, go)),
        Json::Object(map) => map.values_mut().for_each(|one| fill_known(one, parameters, go)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn filled(text: &str, parameters: &Parameters, go: bool) -> Result<String, String> {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}").ok_or_else(|| format!("{text:?} has no closing braces"))?;
        let expression = expression.trim();
        if go {
            // `{{-` and `-}}` take the white space beside them away.
            let before = if expression.starts_with("- ") { before.trim_end() } else { before };
            written.push_str(before);
            let inner = expression.strip_prefix("- ").unwrap_or(expression);
            let inner = inner.strip_suffix(" -").unwrap_or(inner).trim();
            written.push_str(&piped(parameters, inner)?);
            rest = if expression.ends_with(" -") { after.trim_start() } else { after };
            continue;
        }
        written.push_str(before);
        match lookup(parameters, expression) {
            Some(value) => written.push_str(&plain(value)),
            // What is not known stays as it is written, as Argo CD leaves it.
            None => written.push_str(&format!("{{{{{expression}}}}}")),
        }
        rest = after;
    }
    written.push_str(rest);
    Ok(written)
}

/// A value as Argo CD writes it into a text.
pub(super) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A parameter by its whole name, or by a path of names.
pub(super) fn lookup<'a>(parameters: &'a Parameters, expression: &str) -> Option<&'a Json> {
    if let Some(value) = parameters.get(expression) {
        return Some(value);
    }
    let mut parts = expression.split('.');
    let first = parameters.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// `.path.basename | lower | quote`.
fn piped(parameters: &Parameters, expression: &str) -> Result<String, String> {
    let unknown = || format!("{{{{{expression}}}}} is no parameter, or more of Go's templates than the sandbox knows");
    let mut steps = expression.split('|').map(str::trim);
    let mut value = field(parameters, steps.next().unwrap_or_default()).ok_or_else(unknown)?;
    for step in steps {
        let text = plain(&value);
        value = Json::String(match step {
            "toJson" => value.to_string(),
            "toYaml" => serde_norway::to_string(&value).map_err(|error| error.to_string())?.trim_end().to_owned(),
            "quote" => format!("{text:?}"),
            "lower" => text.to_lowercase(),
            "upper" => text.to_uppercase(),
            "trim" => text.trim().to_owned(),
            "normalize" => normalized(&text),
            _ => return Err(unknown()),
        });
    }
    Ok(plain(&value))
}

/// `.path.basename`, or `index .metadata.labels "a.b/c"`.
fn field(parameters: &Parameters, expression: &str) -> Option<Json> {
    if let Some(rest) = expression.strip_prefix("index ") {
        let (path, keys) = rest.trim().split_once(' ')?;
        let mut value = field(parameters, path)?;
        for key in keys.split_whitespace() {
            value = match key.parse::<usize>() {
                Ok(position) => value.get(position)?.clone(),
                Err(_) => value.get(key.strip_prefix('"')?.strip_suffix('"')?)?.clone(),
            };
        }
        return Some(value);
    }
    match expression {
        "." => Some(Json::Object(parameters.clone())),
        _ => lookup(parameters, expression.strip_prefix('.')?).cloned(),
    }
}

/// A name as Kubernetes takes it: lower case, with `-` for what names may not hold (Argo CD, "Git Generator", `basenameNormalized`).
pub(super) fn normalized(name: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '.');
    let name: String =
        name.to_lowercase().chars().map(|letter| if allowed(letter) { letter } else { '-' }).take(253).collect();
    name.trim_matches(['-', '.']).to_owned()
}

/// Nested parameters as one level, names with dots between: what plain templates and selectors know.
pub(super) fn flat(parameters: &Parameters) -> Parameters {
    fn into(found: &mut Parameters, name: &str, value: &Json) {
        let inner = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        match value {
            Json::Object(map) if !map.is_empty() => {
                map.iter().for_each(|(key, value)| into(found, &inner(key), value));
            }
            Json::Array(list) if !list.is_empty() => {
                list.iter().enumerate().for_each(|(key, value)| into(found, &inner(&key.to_string()), value));
            }
            value => drop(found.insert(name.to_owned(), Json::String(plain(value)))),
        }
    }
    let mut found = Parameters::new();
    parameters.iter().for_each(|(name, value)| into(&mut found, name, value));
    found
}

/// Puts one value over another: maps by key, everything else as a whole; what is empty says nothing.
pub(super) fn laid_over(below: &mut Json, above: &Json) {
    match (below, above) {
        (Json::Object(below), Json::Object(above)) => {
            for (key, value) in above {
                laid_over(below.entry(key.clone()).or_insert(Json::Null), value);
            }
        }
        (below, above) if !says_nothing(above) => *below = above.clone(),
        _ => {}
    }
}

fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_are_filled_or_refused() {
        let parameters =
            json!({ "path": { "basename": "One_Two" }, "labels": { "a.b/c": "x" }, "list": [1, 2], "n": 3 });
        let parameters = parameters.as_object().unwrap().clone();
        let go = |text: &str| filled(text, &parameters, true);
        assert_eq!(go("a {{ .path.basename | normalize }} {{- .n }}").unwrap(), "a one-two3");
        assert_eq!(go(r#"{{ index .labels "a.b/c" }} {{ index .list 1 }}"#).unwrap(), "x 2");
        assert_eq!(go("{{ .list | toJson }}").unwrap(), "[1,2]");
        for unknown in ["{{ .missing }}", "{{ if .n }}", "{{ .n | sha256sum }}", "{{ range .list }}"] {
            assert!(go(unknown).is_err(), "{unknown}");
        }
        let flat = flat(&parameters);
        assert_eq!(filled("{{path.basename}} {{list.1}} {{other}}", &flat, false).unwrap(), "One_Two 2 {{other}}");
    }
}
