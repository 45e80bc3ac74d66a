//! What makes two answers the same.

use super::recording::Pair;
use formwork_sandbox::exchange::Response;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::Path;

/// What is passed over: lines of `where what  # reason`, where `where` is a type (or `*`) and `what` is a path of the
/// body, `header NAME`, or a path with `/type` to pass over only its type.
pub(crate) struct Ignored {
    lines: Vec<(String, String)>,
}

impl Ignored {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the list of what is passed over");
        let lines = text.lines().filter_map(|line| {
            let line = line.split('#').next().unwrap_or_default().trim();
            let (place, what) = line.split_once(' ')?;
            Some((place.to_lowercase(), what.trim().to_owned()))
        });
        Self { lines: lines.collect() }
    }

    fn holds(&self, kind: &str, what: &str) -> bool {
        self.lines.iter().any(|(place, ignored)| {
            (place == "*" || place == &kind.to_lowercase())
                && (what == ignored
                    || what.starts_with(&format!("{ignored}."))
                    || what.starts_with(&format!("{ignored}[")))
        })
    }
}

const HEADERS: [&str; 5] =
    ["azure-asyncoperation", "location", "retry-after", "azure-asyncnotification", "x-ms-failure-cause"];

/// What differs between a recorded answer and ours.
pub(crate) fn differences(
    kind: &str,
    pair: &Pair,
    ours: &Response,
    without_retry: bool,
    ignored: &Ignored,
) -> Vec<String> {
    let mut differences = Vec::new();
    if pair.status != ours.status {
        let body = ours.body.as_ref().map(ToString::to_string).unwrap_or_default();
        let told: String = body.chars().take(220).collect();
        differences.push(format!("status {} instead of {} {told}", ours.status, pair.status));
        return differences;
    }
    for header in HEADERS {
        let theirs = pair.response_headers.keys().any(|name| name.eq_ignore_ascii_case(header));
        let own = ours.headers.iter().any(|(name, _)| name == header);
        let dropped = without_retry && header == "retry-after";
        if theirs != own && !dropped && !ignored.holds(kind, &format!("header {header}")) {
            let which = if own { "too much" } else { "missing" };
            differences.push(format!("header {header} {which}"));
        }
    }
    differences.extend(error_codes(pair.response_body.as_ref(), ours.body.as_ref()));
    differences.extend(states(pair.response_body.as_ref(), ours.body.as_ref()));
    let (theirs, own) = (paths(pair.response_body.as_ref()), paths(ours.body.as_ref()));
    for path in theirs.difference(&own).filter(|path| !passes(kind, path, ignored)) {
        differences.push(format!("missing {path}"));
    }
    for path in own.difference(&theirs).filter(|path| !passes(kind, path, ignored)) {
        differences.push(format!("too much {path}"));
    }
    differences
}

fn passes(kind: &str, path: &str, ignored: &Ignored) -> bool {
    let plain = path.rsplit_once(':').map_or(path, |(plain, _)| plain);
    ignored.holds(kind, plain)
}

fn code(body: Option<&Json>) -> Option<&str> {
    let body = body?;
    let error = body.get("error").unwrap_or(body);
    error.get("code").and_then(Json::as_str)
}

fn error_codes(theirs: Option<&Json>, ours: Option<&Json>) -> Option<String> {
    let (theirs, ours) = (code(theirs), code(ours));
    (theirs != ours).then(|| format!("code {ours:?} instead of {theirs:?}"))
}

/// The state that an answer tells; every word that is not an end means "not yet".
pub(crate) fn state(body: Option<&Json>) -> Option<String> {
    let body = body?;
    let state =
        body.get("status").or_else(|| body.get("properties")?.get("provisioningState")).and_then(Json::as_str)?;
    let ended = ["Succeeded", "Failed", "Canceled"].iter().any(|end| end.eq_ignore_ascii_case(state));
    Some(if ended { state.to_lowercase() } else { "not yet".to_owned() })
}

fn states(theirs: Option<&Json>, ours: Option<&Json>) -> Option<String> {
    let (theirs, ours) = (state(theirs), state(ours));
    (theirs != ours).then(|| format!("state {ours:?} instead of {theirs:?}"))
}

/// The set of (path, type) of a body.
pub(crate) fn paths(body: Option<&Json>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(body) = body.filter(|body| !body.is_null() && body.as_str() != Some("")) {
        walk(body, String::new(), &mut found);
    }
    found
}

fn walk(value: &Json, path: String, found: &mut BTreeSet<String>) {
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    found.insert(format!("{path}:{kind}"));
    match value {
        Json::Array(items) => items.iter().for_each(|item| walk(item, format!("{path}[]"), found)),
        Json::Object(map) => {
            for (key, item) in map {
                let key = if key.starts_with('/') { "{id}" } else { key };
                let inner = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                walk(item, inner, found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => (),
    }
}
