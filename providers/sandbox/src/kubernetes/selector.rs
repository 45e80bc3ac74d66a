//! Label and field selectors, as text in queries and as objects in specs.

use super::json::{at, get, list, map, text};
use super::resource::Resource;
use super::status::{Answer, Refusal};
use serde_json::Value as Json;

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Need {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Need {
    fn key(&self) -> &str {
        match self {
            Self::In(key, _) | Self::NotIn(key, _) | Self::Exists(key) | Self::Absent(key) => key,
        }
    }

    fn holds(&self, value: impl Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.contains(&value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| !values.contains(&value)),
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

/// What a list or watch asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Need>,
    fields: Vec<Need>,
}

impl Selector {
    /// Reads both parameters.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(crate) fn parse(labels: &str, fields: &str) -> Answer<Self> {
        let fields = Self { labels: Vec::new(), fields: parse(fields)? }.fields;
        Ok(Self { labels: parse(labels)?, fields })
    }

    /// Looks that a kind's objects can be told apart by these fields.
    ///
    /// # Errors
    /// When there is one by which they cannot.
    pub(crate) fn check_fields(&self, resource: &Resource) -> Answer<()> {
        let own = own_fields(&resource.table());
        let known = |path: &str| matches!(path, "metadata.name" | "metadata.namespace") || own.contains(&path);
        let Some(unknown) = self.fields.iter().map(Need::key).find(|path| !known(path)) else { return Ok(()) };
        Err(Refusal::bad_request(match own {
            [] => format!("{unknown:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
            _ => format!("field label not supported: {unknown}"),
        }))
    }

    /// A selector from a spec: `matchLabels` and `matchExpressions`.
    pub(crate) fn of_object(selector: &Json) -> Self {
        let mut labels = Vec::new();
        for (key, value) in map(selector, &["matchLabels"]).into_iter().flatten() {
            labels.push(Need::In(key.clone(), vec![value.as_str().unwrap_or_default().to_owned()]));
        }
        for expression in list(selector, &["matchExpressions"]) {
            let key = text(expression, &["key"]).to_owned();
            let values = list(expression, &["values"]).iter().filter_map(Json::as_str).map(str::to_owned).collect();
            labels.push(match text(expression, &["operator"]) {
                "In" => Need::In(key, values),
                "NotIn" => Need::NotIn(key, values),
                "Exists" => Need::Exists(key),
                _ => Need::Absent(key),
            });
        }
        Self { labels, fields: Vec::new() }
    }

    /// Whether the object is asked for.
    pub(crate) fn matches(&self, object: &Json) -> bool {
        self.matches_labels(get(object, &["metadata", "labels"]))
            && self.fields.iter().all(|need| need.holds(|path| Some(field(object, path))))
    }

    /// Whether the labels fit.
    pub(crate) fn matches_labels(&self, labels: &Json) -> bool {
        let label = |key: &str| labels.get(key).and_then(Json::as_str).map(str::to_owned);
        self.labels.iter().all(|need| need.holds(label))
    }
}

/// The fields, besides name and namespace, by which a kind's objects can be asked for (Kubernetes, "Field Selectors").
fn own_fields(table: &str) -> &'static [&'static str] {
    match table {
        "/pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        "/events" | "events.k8s.io/events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "reportingComponent",
            "reportingController",
            "source",
            "type",
        ],
        "/secrets" => &["type"],
        "/namespaces" => &["status.phase"],
        "/nodes" => &["spec.unschedulable"],
        "/services" => &["spec.clusterIP", "spec.type"],
        "/replicationcontrollers" | "apps/replicasets" => &["status.replicas"],
        "batch/jobs" => &["status.successful"],
        "certificates.k8s.io/certificatesigningrequests" => &["spec.signerName"],
        _ => &[],
    }
}

/// A field's text; absent fields are empty.
fn field(object: &Json, path: &str) -> String {
    let path: Vec<_> = path.split('.').collect();
    match at(object, &path) {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn parse(text: &str) -> Answer<Vec<Need>> {
    let parts = split(text);
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(need).collect()
}

/// At commas outside of brackets.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

fn need(part: &str) -> Answer<Need> {
    let owned = |text: &str| text.trim().to_owned();
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Need::NotIn(owned(key), vec![owned(value)]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Need::In(owned(key), vec![owned(value)]));
    }
    if let Some(key) = part.strip_prefix('!') {
        return Ok(Need::Absent(owned(key)));
    }
    let Some((key, rest)) = part.split_once(char::is_whitespace) else { return Ok(Need::Exists(owned(part))) };
    let values = |word: &str| {
        let inner = rest.trim().strip_prefix(word)?.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(owned).collect::<Vec<_>>())
    };
    match (values("in"), values("notin")) {
        (Some(values), _) => Ok(Need::In(owned(key), values)),
        (_, Some(values)) => Ok(Need::NotIn(owned(key), values)),
        _ => Err(Refusal::bad_request(format!("unable to parse requirement: {part:?} is no selector"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_pick_objects() {
        let object = json!({"metadata": {"name": "x", "labels": {"app": "web", "tier": "front"}}, "status": {"phase": "Running"}});
        let cases = [
            ("app=web", "", true),
            ("app==web,tier!=back", "", true),
            ("app in (api, web),tier", "", true),
            ("app notin (web)", "", false),
            ("!app", "", false),
            ("", "metadata.name=x,status.phase!=Failed", true),
            ("", "metadata.name=y", false),
        ];
        for (labels, fields, wanted) in cases {
            assert_eq!(Selector::parse(labels, fields).unwrap().matches(&object), wanted, "{labels} {fields}");
        }
        assert!(Selector::parse("app is web", "").is_err());
    }
}
