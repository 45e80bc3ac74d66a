//! How each service tells of its long-running operations: URLs, headers and the bodies of polls.

use super::record::{Problem, WorkVerb};
use super::scope;
use crate::exchange::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// A service's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wire {
    /// As most services do.
    #[default]
    General,
    /// Network.
    Network,
    /// Network's appliances.
    Appliance,
    /// Virtual machines and scale sets.
    Compute,
    /// Disks.
    Disk,
    /// AKS.
    Cluster,
    /// Storage.
    Storage,
    /// Private DNS.
    PrivateDns,
    /// Public DNS.
    Dns,
    /// Cdn.
    Cdn,
    /// Log Analytics.
    Workspace,
    /// Container registry.
    Registry,
    /// Replications of a registry.
    Replication,
    /// Resource groups.
    Group,
    /// Vaults.
    Vault,
    /// Machine Learning.
    Learning,
}

/// An operation header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Header {
    /// `Azure-AsyncOperation`.
    Async,
    /// `Location`, of the operation's result.
    Location,
    /// `Azure-AsyncNotification`.
    Notify,
    /// `Location` of the resource itself, as an absolute URL.
    Own,
    /// `Location` of the resource itself, as a path.
    Path,
}

impl Wire {
    /// Polls carry the same `Retry-After` as the answer that began the work.
    pub(crate) const fn repeats_retry(self) -> bool {
        matches!(self, Self::Network | Self::Group)
    }
}

impl Header {
    /// The header of a word in a profile.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "async" => Some(Self::Async),
            "location" => Some(Self::Location),
            "notify" => Some(Self::Notify),
            "own" => Some(Self::Own),
            "path" => Some(Self::Path),
            _ => None,
        }
    }
}

/// An operation, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Operation {
    /// The service's way.
    pub(crate) wire: Wire,
    /// Its token.
    pub(crate) token: String,
    /// The resource worked on.
    pub(crate) resource: String,
    /// Its type, canonical.
    pub(crate) kind: String,
    /// What is done.
    pub(crate) verb: WorkVerb,
    /// When it was accepted.
    pub(crate) start: i64,
    /// When it is over.
    pub(crate) end: i64,
    /// How it ends, if not well.
    #[serde(default)]
    pub(crate) problem: Option<Problem>,
    /// `Retry-After` of polls.
    #[serde(default)]
    pub(crate) poll: Option<u32>,
    /// The API version of the request.
    pub(crate) version: String,
    /// Where it is done.
    pub(crate) location: String,
    /// Words of progress.
    #[serde(default)]
    pub(crate) progress: Vec<String>,
    /// An error told beside the status although all is well.
    #[serde(default)]
    pub(crate) noise: Option<(String, String)>,
}

/// The headers that a service gives where a profile says nothing else.
pub(crate) const fn usual(wire: Wire, verb: WorkVerb) -> &'static [Header] {
    use Header::{Async, Location, Notify, Own};
    match (wire, verb) {
        (Wire::Network | Wire::Compute, WorkVerb::Create | WorkVerb::Update) => &[Async, Notify],
        (Wire::Network | Wire::Compute, _) => &[Async, Location, Notify],
        (Wire::Storage | Wire::Group | Wire::Vault, _) | (Wire::Registry, WorkVerb::Delete | WorkVerb::Act) => {
            &[Location]
        }
        (Wire::Replication, WorkVerb::Delete) => &[Location],
        (Wire::Workspace, WorkVerb::Create | WorkVerb::Update) => &[Async, Own],
        (Wire::Disk | Wire::PrivateDns | Wire::Dns | Wire::Learning, _) => &[Async, Location],
        (Wire::Cdn, WorkVerb::Update) => &[Async, Location],
        (_, WorkVerb::Create | WorkVerb::Update) => &[Async],
        (_, WorkVerb::Delete | WorkVerb::Act) => &[Async, Location],
    }
}

impl Operation {
    fn scope(&self) -> String {
        let word = |at: usize| self.resource.split('/').filter(|part| !part.is_empty()).nth(at).unwrap_or_default();
        format!("/subscriptions/{}", word(1))
    }

    fn group_scope(&self, keyword: &str, lower: bool) -> String {
        let word = |at: usize| self.resource.split('/').filter(|part| !part.is_empty()).nth(at).unwrap_or_default();
        let group = if lower { word(3).to_lowercase() } else { word(3).to_owned() };
        format!("/subscriptions/{}/{keyword}/{group}", word(1))
    }

    fn namespace(&self) -> &str {
        self.kind.split('/').next().unwrap_or_default()
    }

    /// The URL of the operation (`result` false) or of its result.
    pub(crate) fn url(&self, base: &str, result: bool) -> String {
        let token = &self.token;
        let location = &self.location;
        let local = |word: &str| format!("{}/providers/{}/locations/{location}/{word}", self.scope(), self.namespace());
        let (path, version, more) = match self.wire {
            Wire::Appliance => {
                (format!("{}/{token}", local(if result { "nfvOperationResults" } else { "nfvOperations" })), None, "")
            }
            Wire::Compute | Wire::Disk => {
                let word = if self.wire == Wire::Disk { "DiskOperations" } else { "operations" };
                (format!("{}/{token}", local(word)), None, if result { "&monitor=true" } else { "" })
            }
            Wire::Cluster => {
                let word = if result { "operationresults" } else { "operations" };
                (format!("{}/{token}", local(word)), Some(cluster_version(&self.version)), "")
            }
            Wire::Storage => (format!("{}/{token}", local("asyncoperations")), None, "&monitor=true"),
            Wire::PrivateDns | Wire::Dns => {
                let prefix = if self.wire == Wire::Dns { "dns" } else { "privateDns" };
                let word = if result { "OperationResults" } else { "OperationStatuses" };
                let group = self.group_scope("resourceGroups", self.wire == Wire::PrivateDns);
                (format!("{group}/providers/Microsoft.Network/{prefix}{word}/{token}"), None, "")
            }
            Wire::Cdn => {
                let group = self.group_scope("resourcegroups", false);
                let word = if result { "profileresults" } else { "operationresults" };
                (format!("{group}/providers/Microsoft.Cdn/{word}/{token}"), None, "")
            }
            Wire::Workspace => (format!("{}/{token}", local("operationstatuses")), Some("2015-11-01-preview"), ""),
            Wire::Registry => (format!("{}/registries-{token}", local("operationResults")), None, ""),
            Wire::Replication => {
                let word = if result { "operationResults" } else { "operationStatuses" };
                (format!("{}/{word}/replications-{token}", self.resource), None, "")
            }
            Wire::Group => (format!("{}/operationresults/{token}", self.scope()), None, ""),
            Wire::Learning => (
                format!("{}/{token}", local("workspaceOperationsStatus")),
                None,
                if result { "&type=location" } else { "&type=async" },
            ),
            Wire::Network | Wire::Vault | Wire::General => {
                let word = if result { "operationResults" } else { "operations" };
                (format!("{}/{token}", local(word)), None, "")
            }
        };
        let version = version.unwrap_or(&self.version);
        let partition = if matches!(self.wire, Wire::Compute | Wire::Disk) {
            format!("p={}&", scope::guid(&self.scope()))
        } else {
            String::new()
        };
        format!("{base}{path}?{partition}api-version={version}{more}&{}", signature(token))
    }

    /// The operation headers of an answer.
    pub(crate) fn headers(&self, response: Response, headers: &[Header], base: &str) -> Response {
        headers.iter().fold(response, |response, header| match header {
            Header::Async => response.header("azure-asyncoperation", self.url(base, false)),
            Header::Location => response.header("location", self.url(base, true)),
            Header::Notify => response.header("azure-asyncnotification", "Enabled"),
            Header::Own => response.header("location", format!("{base}{}?api-version={}", self.resource, self.version)),
            Header::Path => response.header("location", self.resource.clone()),
        })
    }

    /// It is not over.
    pub(crate) const fn runs(&self, now: i64) -> bool {
        now < self.end
    }

    fn status(&self, now: i64) -> String {
        match &self.problem {
            Some(problem) if !self.runs(now) => problem.state.clone(),
            _ if !self.runs(now) => "Succeeded".to_owned(),
            _ => self.step(now),
        }
    }

    /// The word of progress at this moment; services that have none say `InProgress`.
    fn step(&self, now: i64) -> String {
        let whole = (self.end - self.start).max(1);
        let count = i64::try_from(self.progress.len()).unwrap_or(0);
        let at = usize::try_from((now - self.start) * count / whole).unwrap_or(0);
        let usual = if self.wire == Wire::Replication { "Creating" } else { "InProgress" };
        self.progress.get(at).cloned().unwrap_or_else(|| usual.to_owned())
    }

    fn error(&self, now: i64) -> Option<Json> {
        let told = |code: &str, message: &str| json!({"code": code, "message": message});
        match &self.problem {
            Some(problem) if !self.runs(now) => Some(told(&problem.code, &problem.message)),
            _ => self.noise.as_ref().map(|(code, message)| told(code, message)),
        }
    }

    /// The answer to a poll of the operation's own URL.
    pub(crate) fn poll(&self, now: i64, base: &str, output: Option<Json>) -> Response {
        let mut body = Map::new();
        body.insert("status".into(), self.status(now).into());
        let over = !self.runs(now);
        match self.wire {
            Wire::Compute | Wire::Disk | Wire::Cluster | Wire::General => self.times(&mut body, now),
            Wire::Workspace => {
                self.times(&mut body, now);
                body.insert("id".into(), self.url("", false).split('?').next().unwrap_or_default().into());
                if over {
                    body.insert("properties".into(), json!({}));
                }
            }
            Wire::Cdn => {
                body.insert("error".into(), json!({"code": "None", "message": null}));
            }
            Wire::Learning if over => {
                body.insert("percentComplete".into(), json!(100.0));
            }
            Wire::Vault if over => {
                body.insert("createdDateTime".into(), scope::instant(self.start).into());
                body.insert("lastActionDateTime".into(), scope::instant(self.end).into());
            }
            _ => (),
        }
        if let Some(error) = self.error(now) {
            body.insert("error".into(), error);
        }
        if let Some(output) = output.filter(|_| over && self.wire == Wire::Disk && self.problem.is_none()) {
            body.insert("properties".into(), json!({"output": output}));
        }
        let running_dns = !over && matches!(self.wire, Wire::PrivateDns | Wire::Dns);
        let response = Response::json(if running_dns { 202 } else { 200 }, Json::Object(body));
        self.poll_headers(response, now, base)
    }

    fn poll_headers(&self, response: Response, now: i64, base: &str) -> Response {
        let response = match self.wire {
            Wire::PrivateDns | Wire::Dns if self.runs(now) => {
                self.headers(response, &[Header::Async, Header::Location], base)
            }
            Wire::Replication => self.headers(response, &[Header::Async], base).header("retry-after", "10"),
            _ => response,
        };
        match self.poll.filter(|_| self.runs(now)) {
            Some(seconds) => response.header("retry-after", seconds.to_string()),
            None => response,
        }
    }

    /// The answer to a poll of the URL of its result; `output` is the resource where it came to be.
    pub(crate) fn result(&self, now: i64, base: &str, output: Option<Json>) -> Response {
        if self.runs(now) {
            let response = self.headers(Response::empty(202), &[Header::Location], base);
            return match self.poll {
                Some(seconds) => response.header("retry-after", seconds.to_string()),
                None => response,
            };
        }
        if let Some(problem) = &self.problem {
            let error = json!({"error": {"code": problem.code, "message": problem.message}});
            return Response::json(if problem.state == "Canceled" { 409 } else { 400 }, error);
        }
        match (self.wire, self.verb, output) {
            (Wire::Vault, _, _) => self.poll(now, base, None),
            (Wire::Registry, WorkVerb::Act, _) => Response::json(200, json!({"status": "Succeeded"})),
            (_, _, Some(output)) => Response::json(200, output),
            (Wire::Group | Wire::Registry, _, None) => Response::empty(200),
            (_, _, None) => Response::empty(204),
        }
    }

    fn times(&self, body: &mut Map<String, Json>, now: i64) {
        body.insert("name".into(), self.token.clone().into());
        body.insert("startTime".into(), scope::instant(self.start).into());
        if !self.runs(now) {
            body.insert("endTime".into(), scope::instant(self.end).into());
        }
    }

    /// The poll is answered in the form of a result: only `Location` leads to it.
    pub(crate) const fn only_result(&self) -> bool {
        matches!(self.wire, Wire::Storage | Wire::Group | Wire::Registry | Wire::Vault)
    }
}

/// AKS's operations have an API version of their own.
fn cluster_version(version: &str) -> &'static str {
    if version >= "2025-08-01" {
        "2025-03-01"
    } else if version >= "2025-01-01" {
        "2017-08-31"
    } else {
        "2016-03-30"
    }
}

/// The opaque tail of an operation's URL.
fn signature(token: &str) -> String {
    let part = |what: &str, length: usize| scope::token(&format!("{token}|{what}"), length);
    format!("t={}&c={}&s={}&h={}", part("t", 18), part("c", 24), part("s", 40), part("h", 20))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    fn operation(wire: Wire) -> Operation {
        Operation {
            wire,
            token: "0".into(),
            resource: "/subscriptions/s/resourceGroups/G/providers/Microsoft.Network/x/y".into(),
            kind: "Microsoft.Network/x".into(),
            verb: WorkVerb::Create,
            start: 0,
            end: 1000,
            problem: None,
            poll: Some(10),
            version: "2024-01-01".into(),
            location: "westus".into(),
            progress: vec!["One".into(), "Two".into()],
            noise: None,
        }
    }

    #[test]
    fn progress_goes_on_with_the_time_until_it_is_over() {
        let operation = operation(Wire::Cluster);
        let told = |now| operation.poll(now, "", None).body.and_then(|body| body["status"].as_str().map(str::to_owned));
        assert_eq!([told(0), told(600), told(1000)].map(Option::unwrap), ["One", "Two", "Succeeded"]);
    }

    #[test]
    fn a_failed_operation_is_still_answered_with_200() {
        let problem = Problem { state: "Failed".into(), code: "Boom".into(), message: "m".into() };
        let answer = Operation { problem: Some(problem), ..operation(Wire::Network) }.poll(2000, "", None);
        let body = answer.body.expect("a body");
        assert_eq!((answer.status, body["status"].as_str()), (200, Some("Failed")));
        assert_eq!(body["error"]["code"], "Boom");
    }

    #[test]
    fn private_dns_answers_202_while_it_works() {
        let answer = operation(Wire::PrivateDns).poll(1, "https://h", None);
        assert_eq!(answer.status, 202);
        assert!(answer.headers.iter().any(|(name, _)| name == "azure-asyncoperation"));
    }
}
