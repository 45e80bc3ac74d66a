//! Which service answers: by the path's first part.

use super::Shared;
use super::answer::hyper_response;
use crate::clock::Clock as _;
use crate::exchange::{Request, Response};
use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::json;

/// More than any service takes.
const LARGEST_BODY: usize = 32 << 20;

impl Shared {
    /// The answer of the service that the path is about.
    pub(super) async fn route(&self, request: hyper::Request<Incoming>) -> hyper::Response<Body> {
        let path = request.uri().path();
        if path.starts_with("/kubernetes/") || path.starts_with("/git/") {
            return self.stream(request).await;
        }
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(Body::new(body), LARGEST_BODY).await else {
            return hyper_response(error(
                413,
                "RequestTooLarge",
                "The request is larger than 32 MB, or ended too soon.",
            ));
        };
        let path = head.uri.path();
        let form = |bytes: &[u8]| url::form_urlencoded::parse(bytes).into_owned().collect::<Vec<_>>();
        if let Some(answer) = self.directory(path, || form(&body)) {
            return hyper_response(answer);
        }
        let parsed = if body.is_empty() { Ok(None) } else { serde_json::from_slice(&body).map(Some) };
        let Ok(body) = parsed else {
            let message = "The request content was invalid and could not be deserialized.";
            return hyper_response(error(400, "InvalidRequestContent", message));
        };
        let headers = head.headers.iter();
        let request = Request {
            method: head.method.to_string(),
            path: path.to_owned(),
            query: form(head.uri.query().unwrap_or_default().as_bytes()),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            body,
        };
        hyper_response(self.service(&request))
    }

    fn service(&self, request: &Request) -> Response {
        match request.path.split('/').nth(1) {
            Some("sandbox") => self.control(request),
            Some("vaults") => self.cloud.vaults.handle(request),
            _ => self.cloud.arm(request),
        }
    }

    /// Azure AD's answers; none where the path is not about it.
    fn directory(&self, path: &str, form: impl FnOnce() -> Vec<(String, String)>) -> Option<Response> {
        let tenant = path.split('/').nth(1).unwrap_or_default();
        if path.ends_with("/oauth2/v2.0/token") || path.ends_with("/oauth2/token") {
            return Some(self.tokens.issue(tenant, &form(), self.clock.now_ms()));
        }
        if path.ends_with("/.well-known/openid-configuration") {
            return Some(self.tokens.openid(tenant));
        }
        match path {
            "/common/discovery/instance" => Some(self.tokens.instances()),
            "/metadata/endpoints" => Some(self.tokens.cloud()),
            _ => None,
        }
    }

    /// Services that answer piece by piece.
    async fn stream(&self, request: hyper::Request<Incoming>) -> hyper::Response<Body> {
        let service = TowerToHyperService::new(self.cloud.streams.clone());
        match service.call(request.map(Body::new)).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// An error in ARM's form.
pub(super) fn error(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, json!({ "error": { "code": code, "message": message } }))
}
