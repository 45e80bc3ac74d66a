//! One request, from its head to its answer: let in or not, struck by a failure rule or not, answered, logged.

use super::{Scheme, Shared};
use crate::clock::Clock as _;
use crate::exchange::Response;
use crate::failure::Effect;
use crate::kind::Kind;
use crate::requests::Line;
use crate::vault::name;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{HeaderMap, Uri};
use serde_json::{Value as Json, json};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Instead of an answer, the connection ends.
#[derive(Debug)]
pub(super) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("cut by a failure rule")
    }
}

impl std::error::Error for Cut {}

/// Something is in flight while this lives.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.open.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    /// The answer; none where the connection is to be cut.
    pub(super) async fn answer(
        &self,
        mut request: hyper::Request<Incoming>,
        scheme: Scheme,
    ) -> Option<hyper::Response<Body>> {
        let began = Instant::now();
        let _in_flight = InFlight::new(self);
        name_way(&mut request, scheme);
        place_vault(&mut request);
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let kind = Kind::of(&path);
        let api_version = api_version(request.uri());
        let (answer, failure) = self.judge(request, &method, &path, &kind).await;
        self.answered.fetch_add(1, Ordering::Relaxed);
        if kind.name() != "sandbox" {
            self.requests.add(&Line {
                at_ms: self.clock.now_ms(),
                method,
                path,
                api_version,
                type_name: kind.name().to_owned(),
                status: answer.as_ref().map_or(0, |answer| answer.status().as_u16()),
                took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
                failure,
            });
        }
        answer
    }

    async fn judge(
        &self,
        request: hyper::Request<Incoming>,
        method: &str,
        path: &str,
        kind: &Kind,
    ) -> (Option<hyper::Response<Body>>, Option<u64>) {
        if !self.is_at_home(&request) {
            return (Some(hyper_response(stranger())), None);
        }
        if !is_open(path) && !self.admits(request.headers()) {
            return (Some(hyper_response(self.unauthorized(path, host(request.headers())))), None);
        }
        let struck = if kind.name() == "sandbox" { None } else { self.failures.strike(method, path, kind) };
        let (id, effect) = struck.unzip();
        match effect {
            Some(Effect::CutBefore) => (None, id),
            Some(Effect::CutAfter) => {
                let answer = self.route(request).await;
                tracing::debug!(status = answer.status().as_u16(), "the answer is cut off");
                (None, id)
            }
            Some(effect) => (Some(hyper_response(failed(effect, path))), id),
            None => (Some(self.route(request).await), None),
        }
    }

    /// Whether it was addressed to this machine: a page that was led here by its own name is not.
    fn is_at_home(&self, request: &hyper::Request<Incoming>) -> bool {
        let Some((name, port)) = host(request.headers()).rsplit_once(':') else { return false };
        let ports = self.ports.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_ours = matches!(name, "127.0.0.1" | "localhost") || name::of_host(name).is_some();
        is_ours && port.parse().is_ok_and(|port| ports.contains(&port))
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.tokens.admits(authorization, self.clock.now_ms())
    }

    /// Says where tokens are to be had, as the real services do.
    fn unauthorized(&self, path: &str, host: &str) -> Response {
        let authority = format!("{}/{}", self.identity.url(), crate::token::TENANT);
        if path.starts_with("/vaults/") {
            let resource = name::audience(host).unwrap_or_else(|| "https://vault.azure.net".to_owned());
            let challenge = format!("Bearer authorization=\"{authority}\", resource=\"{resource}\"");
            let message = "AKV10000: Request is missing a Bearer or PoP token.";
            let body = json!({ "error": { "code": "Unauthorized", "message": message } });
            return Response::json(401, body).header("www-authenticate", challenge);
        }
        let challenge = format!("Bearer authorization_uri=\"{authority}\", error=\"invalid_token\"");
        let message = "Authentication failed. The sandbox's token is missing, wrong or expired.";
        let body = json!({ "error": { "code": "AuthenticationFailed", "message": message } });
        Response::json(401, body).header("www-authenticate", challenge)
    }
}

/// Says in headers how the client came in, for services that name addresses: HTTP/2 has no `Host`, and what a client says
/// of a proxy is not true here.
fn name_way(request: &mut hyper::Request<Incoming>, scheme: Scheme) {
    let authority = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(authority) = authority {
        request.headers_mut().insert(HOST, authority);
    }
    let scheme = if scheme == Scheme::Https { "https" } else { "http" };
    request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static(scheme));
}

/// The host that was asked for.
fn host(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// A request to a vault's own host is one for its path.
fn place_vault(request: &mut hyper::Request<Incoming>) {
    let Some(vault) = name::of_host(host(request.headers())) else { return };
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    if let Ok(placed) = Uri::try_from(format!("/vaults/{vault}{asked}")) {
        *request.uri_mut() = placed;
    }
}

/// Paths that ask for no token: where tokens are had, and those whose services ask themselves.
fn is_open(path: &str) -> bool {
    path.starts_with("/kubernetes/")
        || path.starts_with("/git/")
        || path.ends_with("/oauth2/v2.0/token")
        || path.ends_with("/oauth2/token")
        || path.ends_with("/.well-known/openid-configuration")
        || path == "/common/discovery/instance"
        || path == "/metadata/endpoints"
}

fn stranger() -> Response {
    let message = "The sandbox answers to 127.0.0.1, localhost and NAME.vault.localhost only.";
    Response::json(421, json!({ "error": { "code": "MisdirectedRequest", "message": message } }))
}

/// The query's API version: it says what was asked, and is no secret.
fn api_version(uri: &Uri) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("api-version")).map(|(_, value)| value.into_owned())
}

/// The error of a rule, in the words of the service.
fn failed(effect: Effect, path: &str) -> Response {
    let (status, code, message) = match effect {
        Effect::Throttled => (429, "TooManyRequests", "The request is being throttled."),
        Effect::Unavailable => (503, "ServiceUnavailable", "The service is unavailable now, please retry."),
        Effect::Conflict => {
            (409, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress.")
        }
        Effect::Quota => {
            (409, "QuotaExceeded", "Operation could not be completed as it results in exceeding approved quota.")
        }
        Effect::Forbidden => {
            (403, "AuthorizationFailed", "The client does not have authorization to perform this action.")
        }
        Effect::Internal | Effect::CutBefore | Effect::CutAfter => {
            (500, "InternalServerError", "Encountered internal server error.")
        }
    };
    // As recorded, managed identity has a word of its own for it, and another time to wait.
    let is_identity = path.to_ascii_lowercase().contains("/providers/microsoft.managedidentity/");
    let (code, wait) = if is_identity && status == 429 { ("429", "2") } else { (code, "1") };
    let message = format!("{message} (A failure rule of the sandbox.)");
    let body = if path.starts_with("/kubernetes/") {
        kubernetes_status(status, &message)
    } else {
        let code = if path.starts_with("/vaults/") { code_of_vault(status) } else { code };
        json!({ "error": { "code": code, "message": message } })
    };
    let answer = Response::json(status, body);
    if matches!(status, 429 | 503) { answer.header("retry-after", wait) } else { answer }
}

fn code_of_vault(status: u16) -> &'static str {
    match status {
        429 => "Throttled",
        503 => "ServiceUnavailable",
        409 => "Conflict",
        403 => "Forbidden",
        _ => "InternalServerError",
    }
}

fn kubernetes_status(code: u16, message: &str) -> Json {
    let reason = match code {
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        409 => "Conflict",
        403 => "Forbidden",
        _ => "InternalError",
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
        "code": code,
    })
}

/// A service's answer, for the wire.
pub(super) fn hyper_response(answer: Response) -> hyper::Response<Body> {
    let mut builder = hyper::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    let body = match answer.body {
        Some(body) => {
            builder = builder.header("content-type", "application/json; charset=utf-8");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    builder.body(body).unwrap_or_else(|error| {
        tracing::warn!(%error, "an answer could not be written");
        let mut broken = hyper::Response::new(Body::empty());
        *broken.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}
