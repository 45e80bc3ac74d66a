//! The API over HTTP: who asks, for what, and how the answer is shown.

mod form;
mod resources;
mod reviews;
mod watch;

use super::access::{self, Attempt, Identity};
use super::json::set;
use super::resource::Resource;
use super::status::{About, Answer, Refusal};
use super::{Cluster, Clusters, autoscaling, discovery, meta, openapi, table};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use form::Form;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The media types of an object that is sent whole.
const TAKEN: [&str; 2] = ["application/json", "application/yaml"];

/// More than any object that fits into a cluster.
const BODY_LIMIT: usize = 8 << 20;

/// The routes of all clusters.
pub(crate) fn router(clusters: Arc<Clusters>) -> axum::Router {
    axum::Router::new()
        .route("/kubernetes/{cluster}", any(at_root))
        .route("/kubernetes/{cluster}/", any(at_root))
        .route("/kubernetes/{cluster}/{*path}", any(below_root))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(clusters)
}

async fn at_root(clusters: State<Arc<Clusters>>, Path(cluster): Path<String>, request: Request) -> Response {
    handle(clusters, cluster, request).await
}

async fn below_root(
    clusters: State<Arc<Clusters>>,
    Path((cluster, _)): Path<(String, String)>,
    request: Request,
) -> Response {
    handle(clusters, cluster, request).await
}

async fn handle(State(clusters): State<Arc<Clusters>>, cluster: String, request: Request) -> Response {
    let reply = match clusters.by_uid(&cluster) {
        Some(cluster) => match read(&cluster, request).await {
            Ok(form) => answer(&cluster, &form),
            Err(refusal) => Err(refusal),
        },
        None => Err(Refusal::no_path()),
    };
    reply.unwrap_or_else(|refusal| Reply::new(refusal.code, refusal.body())).into_response()
}

async fn read(cluster: &Cluster, request: Request) -> Answer<Form> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(|error| Refusal::bad_request(error.to_string()))?;
    let root = format!("/kubernetes/{}", cluster.uid);
    let path = parts.uri.path().strip_prefix(&root).unwrap_or_default();
    Ok(Form::new(parts.method.as_str(), path, parts.uri.query().unwrap_or_default(), parts.headers, body))
}

/// How objects are shown.
#[derive(Clone, Debug)]
pub(crate) struct View {
    kind: ViewKind,
    include: String,
    now_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ViewKind {
    Whole,
    Table,
    Partial,
}

impl View {
    fn of(form: &Form, now_ms: i64) -> Self {
        let accept = form.header("accept");
        let kind = if accept.contains("as=Table")
            && accept.contains("v=v1;") | accept.contains("v=v1,") | accept.ends_with("v=v1")
        {
            ViewKind::Table
        } else if accept.contains("as=PartialObjectMetadata") {
            ViewKind::Partial
        } else {
            ViewKind::Whole
        };
        Self { kind, include: form.query("includeObject").to_owned(), now_ms }
    }

    /// One object.
    pub(crate) fn show(&self, resource: &Resource, object: &Json) -> Json {
        let object = self.at_version(resource, object);
        match self.kind {
            ViewKind::Whole => object,
            ViewKind::Partial => table::partial(&object),
            ViewKind::Table => {
                let version = super::json::text(&object, &["metadata", "resourceVersion"]).to_owned();
                table::table(resource, std::slice::from_ref(&object), &version, self.now_ms, &self.include)
            }
        }
    }

    /// All versions of a custom kind have the same fields: only the name of the version differs. Tables know kinds as they are kept.
    fn at_version(&self, resource: &Resource, object: &Json) -> Json {
        if autoscaling::is_old(resource) && self.kind != ViewKind::Table {
            return autoscaling::old(object);
        }
        let mut object = object.clone();
        if meta::api_version(&object) != resource.api_version() {
            set(&mut object, &["apiVersion"], resource.api_version());
        }
        object
    }

    /// A list; `metadata` holds its version and where it goes on.
    pub(crate) fn show_list(&self, resource: &Resource, objects: &[Arc<Json>], metadata: Json) -> Json {
        let objects: Vec<_> = objects.iter().map(|one| self.at_version(resource, one)).collect();
        match self.kind {
            ViewKind::Table => {
                let mut table = table::table(resource, &objects, "", self.now_ms, &self.include);
                set(&mut table, &["metadata"], metadata);
                table
            }
            ViewKind::Partial => {
                let items: Vec<_> = objects.iter().map(table::partial).collect();
                json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                       "items": items})
            }
            ViewKind::Whole => {
                let mut objects = objects;
                // What a list of a built-in kind holds needs no telling.
                for object in objects.iter_mut().filter(|_| !resource.is_custom()) {
                    super::json::remove(object, &["apiVersion"]);
                    super::json::remove(object, &["kind"]);
                }
                json!({
                    "kind": resource.list_kind, "apiVersion": resource.api_version(), "metadata": metadata,
                    "items": objects,
                })
            }
        }
    }
}

/// An answer on its way out.
pub(crate) struct Reply {
    status: u16,
    body: ReplyBody,
    content_type: &'static str,
    warnings: Vec<String>,
}

enum ReplyBody {
    Json(Json),
    Text(&'static str),
    Stream(Body),
}

impl Reply {
    pub(crate) const fn new(status: u16, body: Json) -> Self {
        Self { status, body: ReplyBody::Json(body), content_type: "application/json", warnings: Vec::new() }
    }

    pub(crate) const fn stream(body: Body) -> Self {
        let content_type = "application/json";
        Self { status: 200, body: ReplyBody::Stream(body), content_type, warnings: Vec::new() }
    }

    pub(crate) fn warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    /// With one warning more.
    pub(crate) fn warn(mut self, warning: &str) -> Self {
        self.warnings.push(warning.to_owned());
        self
    }

    fn into_response(self) -> Response {
        let body = match self.body {
            ReplyBody::Json(json) => Body::from(Bytes::from(json.to_string())),
            ReplyBody::Text(text) => Body::from(text),
            ReplyBody::Stream(body) => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
        for warning in self.warnings {
            if let Ok(value) = HeaderValue::from_str(&format!("299 - {warning:?}")) {
                headers.append(HeaderName::from_static("warning"), value);
            }
        }
        response
    }
}

const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

fn answer(cluster: &Arc<Cluster>, form: &Form) -> Answer<Reply> {
    let parts: Vec<_> = form.path.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["version"] => return Ok(Reply::new(200, discovery::version(&cluster.version()))),
        ["healthz" | "livez" | "readyz", ..] => {
            let body = ReplyBody::Text("ok");
            return Ok(Reply { status: 200, body, content_type: "text/plain", warnings: Vec::new() });
        }
        _ => {}
    }
    let who = identify(cluster, form)?;
    if let Some(place) = form.place() {
        return resources::answer(cluster, form, &place, &who);
    }
    check_path(cluster, form, &who)?;
    describe(cluster, form, &parts)
}

/// Discovery and schemas.
fn describe(cluster: &Cluster, form: &Form, parts: &[&str]) -> Answer<Reply> {
    let objects = cluster.objects();
    let catalog = &objects.catalog;
    let accept = form.header("accept");
    let aggregated = accept.contains("as=APIGroupDiscoveryList") && accept.contains("v=v2;");
    let found = match parts {
        [] => Some(json!({"paths": ["/api", "/apis", "/healthz", "/openapi/v3", "/version"]})),
        [root @ ("api" | "apis")] if aggregated => {
            let body = ReplyBody::Json(discovery::aggregated(catalog, *root == "api"));
            return Ok(Reply { status: 200, body, content_type: DISCOVERY, warnings: Vec::new() });
        }
        ["api"] => Some(discovery::core_versions()),
        ["api", version] => discovery::resource_list(catalog, "", version),
        ["apis"] => Some(discovery::group_list(catalog)),
        ["apis", group] => discovery::one_group(catalog, group),
        ["apis", group, version] => discovery::resource_list(catalog, group, version),
        ["openapi", "v3"] => {
            let root = format!("/kubernetes/{}", cluster.uid);
            Some(openapi::index(catalog, &root, catalog.revision()))
        }
        ["openapi", "v3", "api", version] => openapi::document(catalog, "", version),
        ["openapi", "v3", "apis", group, version] => openapi::document(catalog, group, version),
        _ => None,
    };
    found.map(|body| Reply::new(200, body)).ok_or_else(Refusal::no_path)
}

fn identify(cluster: &Cluster, form: &Form) -> Answer<Identity> {
    let token = form.token().ok_or_else(Refusal::unauthorized)?;
    cluster.identity(token).ok_or_else(Refusal::unauthorized)
}

fn check_path(cluster: &Cluster, form: &Form, who: &Identity) -> Answer<()> {
    let verb = form.method.to_lowercase();
    let path = format!("/{}", form.path.join("/"));
    let attempt = Attempt { verb: &verb, path: &path, ..Attempt::default() };
    if access::is_allowed(&cluster.objects(), who, attempt) {
        return Ok(());
    }
    let about = About { group: "", plural: "", kind: "" };
    Err(Refusal::forbidden(about, "", &format!("User {:?} cannot {verb} path {path:?}", who.user)))
}
