//! What a client asks for: path, query, headers and body of a request, read once.

use super::super::access::Attempt;
use super::super::status::{Answer, Refusal};
use super::super::write::{FieldValidation, Options};
use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value as Json;

/// A request to one cluster.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) method: String,
    /// The decoded parts of the path below the cluster's root.
    pub(crate) path: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

/// The resource that a path names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: String,
    pub(crate) plural: String,
    pub(crate) name: String,
    pub(crate) subresource: String,
}

impl Form {
    pub(crate) fn new(method: &str, path: &str, query: &str, headers: HeaderMap, body: Bytes) -> Self {
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        let path = path.split('/').filter(|one| !one.is_empty()).map(decode).collect();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { method: method.to_owned(), path, query, headers, body }
    }

    /// A query parameter; empty when absent.
    pub(crate) fn query(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Whether a query parameter is set to anything but false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query.iter().any(|(key, value)| key == name && !matches!(value.as_str(), "false" | "0"))
    }

    /// A header; empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The bearer token.
    pub(crate) fn token(&self) -> Option<&str> {
        self.header("authorization").strip_prefix("Bearer ").map(str::trim)
    }

    /// The body's media type.
    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type").split(';').next().unwrap_or_default().trim()
    }

    /// The body, JSON or YAML; null when there is none.
    pub(crate) fn body(&self) -> Answer<Json> {
        if self.body.is_empty() {
            return Ok(Json::Null);
        }
        let kind = self.content_type();
        if kind.contains("protobuf") {
            return super::super::protobuf::read(&self.body)
                .ok_or_else(|| Refusal::unsupported_media_type(&super::TAKEN));
        }
        if kind.contains("yaml") && self.body.first() != Some(&b'{') {
            return serde_norway::from_slice(&self.body)
                .map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::bad_request(format!("error decoding JSON: {error}")))
    }

    /// A body that has to be there.
    pub(crate) fn object(&self) -> Answer<Json> {
        match self.body()? {
            Json::Object(map) => Ok(Json::Object(map)),
            _ => Err(Refusal::bad_request("the body of the request holds no object")),
        }
    }

    /// How the client wants something written.
    pub(crate) fn options(&self) -> Answer<Options> {
        let dry_run = match self.query("dryRun") {
            "" => false,
            "All" => true,
            other => {
                return Err(Refusal::bad_request(format!(
                    "Invalid value: {other:?}: dryRun: Unsupported value: supported values: \"All\""
                )));
            }
        };
        let field_validation = match self.query("fieldValidation") {
            "Ignore" => FieldValidation::Ignore,
            "" | "Warn" => FieldValidation::Warn,
            "Strict" => FieldValidation::Strict,
            other => {
                let allowed = "supported values: \"Ignore\", \"Strict\", \"Warn\"";
                return Err(Refusal::bad_request(format!("fieldValidation: Unsupported value: {other:?}: {allowed}")));
            }
        };
        Ok(Options { manager: self.manager(), dry_run, force: self.flag("force"), field_validation })
    }

    /// The field manager: as named, or the first word of the user agent.
    fn manager(&self) -> String {
        match self.query("fieldManager") {
            "" if self.content_type() == "application/apply-patch+yaml" => String::new(),
            "" => self.header("user-agent").split('/').next().unwrap_or("unknown").to_owned(),
            name => name.to_owned(),
        }
    }

    /// The resource that the path names; none if it names something else.
    pub(crate) fn place(&self) -> Option<Place> {
        let parts: Vec<_> = self.path.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let place = |namespace: &str, rest: &[&str]| {
            let part = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
            Some(Place {
                group: group.to_owned(),
                version: version.to_owned(),
                namespace: namespace.to_owned(),
                plural: part(0),
                name: part(1),
                subresource: rest.get(2..).unwrap_or_default().join("/"),
            })
        };
        match rest {
            [] => None,
            ["namespaces", _, "status" | "finalize"] => place("", rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => place(namespace, rest),
            rest => place("", rest),
        }
    }

    /// The verb of a request for a resource.
    pub(crate) fn verb(&self, place: &Place) -> &'static str {
        match (self.method.as_str(), place.name.is_empty()) {
            ("GET", true) if self.flag("watch") => "watch",
            ("GET", true) => "list",
            ("GET" | "HEAD", _) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "deletecollection",
            ("DELETE", false) => "delete",
            _ => "",
        }
    }
}

impl Place {
    /// What access rules are asked about; `resource` is the plural name with the subresource.
    pub(crate) fn attempt<'a>(&'a self, verb: &'a str, resource: &'a str) -> Attempt<'a> {
        Attempt { verb, group: &self.group, resource, namespace: &self.namespace, name: &self.name, path: "" }
    }

    /// The plural name, with the subresource behind it.
    pub(crate) fn resource(&self) -> String {
        let Self { plural, subresource, .. } = self;
        if subresource.is_empty() { plural.clone() } else { format!("{plural}/{subresource}") }
    }
}
