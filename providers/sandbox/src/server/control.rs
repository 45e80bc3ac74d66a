//! `/sandbox/…`: what the command line asks of a running sandbox.

use super::route::error;
use super::{SETTINGS, Shared};
use crate::clock::Latency;
use crate::exchange::{Request, Response};
use crate::failure::{Rule, Standing};
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a running sandbox says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub process: u32,
    /// The program's version.
    pub version: String,
    /// Since when it runs, in milliseconds since the epoch.
    pub since_ms: i64,
    /// The port where it speaks plain HTTP; none where it does not.
    #[serde(default)]
    pub plain_port: Option<u16>,
    /// How long work takes.
    pub latency: Latency,
    /// Requests that it has answered since.
    pub requests: usize,
    /// How many there are of each type.
    pub objects: BTreeMap<String, usize>,
    /// Its Kubernetes clusters.
    pub clusters: Vec<String>,
    /// Its failure rules.
    pub failures: Vec<Standing>,
}

impl Shared {
    pub(super) fn control(&self, request: &Request) -> Response {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/sandbox/status") => answer(&self.status()),
            ("POST", "/sandbox/stop") => {
                self.stop.notify_one();
                Response::json(202, json!({}))
            }
            ("POST", "/sandbox/latency") => self.set_latency(request),
            ("POST", "/sandbox/clock") => self.skip(request),
            ("POST", "/sandbox/repositories") => self.set_repositories(request),
            ("POST", "/sandbox/failures") => self.add_failure(request),
            ("DELETE", path) => match path.strip_prefix("/sandbox/failures") {
                Some("") => self.remove_failures(None),
                Some(id) => match id.trim_start_matches('/').parse() {
                    Ok(id) => self.remove_failures(Some(id)),
                    Err(_) => error(404, "NotFound", "A failure rule has a number."),
                },
                None => error(404, "NotFound", "The sandbox has no such control."),
            },
            _ => error(404, "NotFound", "The sandbox has no such control."),
        }
    }

    fn status(&self) -> Status {
        let latency = self.store.get(SETTINGS, "latency").and_then(|latency| serde_json::from_value(latency).ok());
        Status {
            process: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since_ms: self.since_ms,
            plain_port: self.ports.lock().unwrap_or_else(PoisonError::into_inner).get(1).copied(),
            latency: latency.unwrap_or_default(),
            requests: self.answered.load(Ordering::Relaxed),
            objects: self.cloud.inventory(),
            clusters: self.cloud.clusters(),
            failures: self.failures.list(),
        }
    }

    fn set_latency(&self, request: &Request) -> Response {
        let asked = request.body.as_ref().and_then(|body| body.get("latency")).cloned().unwrap_or_default();
        let Ok(latency) = serde_json::from_value::<Latency>(asked.clone()) else {
            return error(400, "BadRequest", "latency is fast, real or none");
        };
        self.clock.set(latency);
        match self.store.put(SETTINGS, "latency", asked) {
            Ok(()) => Response::json(200, json!({})),
            Err(reason) => error(500, "NotKept", &reason.0),
        }
    }

    /// Lets time pass at once.
    fn skip(&self, request: &Request) -> Response {
        let asked = request.body.as_ref().and_then(|body| body.get("forward_ms")).and_then(serde_json::Value::as_u64);
        let Some(by) = asked else { return error(400, "BadRequest", "forward_ms is a number of milliseconds") };
        let ahead = self.clock.skip(Duration::from_millis(by));
        match self.store.put(SETTINGS, "ahead_ms", ahead.into()) {
            Ok(()) => Response::json(200, json!({ "ahead_ms": ahead })),
            Err(reason) => error(500, "NotKept", &reason.0),
        }
    }

    fn set_repositories(&self, request: &Request) -> Response {
        let asked = request.body.as_ref().and_then(|body| body.get("repositories")).cloned().unwrap_or_default();
        let Ok(directories) = serde_json::from_value::<BTreeMap<String, PathBuf>>(asked.clone()) else {
            return error(400, "BadRequest", "repositories are directories by name");
        };
        self.cloud.serve(directories);
        match self.store.put(SETTINGS, "repositories", asked) {
            Ok(()) => Response::json(200, json!({})),
            Err(reason) => error(500, "NotKept", &reason.0),
        }
    }

    fn add_failure(&self, request: &Request) -> Response {
        let text = request.body.as_ref().and_then(|body| body.get("rule")?.as_str()).unwrap_or_default();
        let added = text.parse::<Rule>().map_err(|problem: Problem| error(400, "BadRule", &problem.to_string()));
        let added = added.and_then(|rule| self.failures.add(rule).map_err(|reason| error(500, "NotKept", &reason.0)));
        added.map_or_else(|refused| refused, |id| Response::json(201, json!({ "id": id })))
    }

    fn remove_failures(&self, id: Option<u64>) -> Response {
        match self.failures.remove(id) {
            Ok(removed) => Response::json(200, json!({ "removed": removed })),
            Err(reason) => error(500, "NotKept", &reason.0),
        }
    }
}

fn answer(document: &impl Serialize) -> Response {
    match serde_json::to_value(document) {
        Ok(document) => Response::json(200, document),
        Err(reason) => error(500, "Internal", &reason.to_string()),
    }
}
