//! Sends a recording to the sandbox, pair by pair, moving the clock as the recorded client let time pass.

use super::compare::{self, Ignored};
use super::recording::{Pair, Recording};
use super::service::Service;
use formwork_sandbox::exchange::{Request, Response};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// Under which names a recording is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// As they were recorded.
    AsRecorded,
    /// Groups, resources, locations and the subscription are called otherwise.
    Others,
}

/// A pair that was replayed.
pub(crate) struct Replayed {
    pub(crate) kind: String,
    pub(crate) label: String,
    pub(crate) outcome: Outcome,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Agrees,
    Differs(Vec<String>),
}

struct Session<'a> {
    service: &'a dyn Service,
    urls: BTreeMap<String, String>,
    kinds: BTreeMap<String, String>,
    guids: BTreeMap<String, String>,
    repeats: Vec<(Pair, usize)>,
    ignored: &'a Ignored,
    without_retry: bool,
}

/// Replays a recording against a service in which nothing exists yet.
pub(crate) fn replay(recording: &Recording, names: Names, ignored: &Ignored, service: &dyn Service) -> Vec<Replayed> {
    let renamed = Renamed::of(recording, names);
    let recording = renamed.apply(recording);
    let mut session = Session {
        service,
        urls: BTreeMap::new(),
        kinds: BTreeMap::new(),
        guids: BTreeMap::new(),
        repeats: Vec::new(),
        ignored,
        without_retry: recording.without_retry,
    };
    session.set_up(&recording);
    let mut replayed = Vec::new();
    for (at, pair) in recording.pairs.iter().enumerate() {
        if repeats_a_wait(&recording.pairs, at) {
            continue;
        }
        replayed.push(session.one(at, pair));
    }
    replayed
}

/// A poll that says "not yet" right after one that said so of the same operation.
fn repeats_a_wait(pairs: &[Pair], at: usize) -> bool {
    let waits = |pair: &Pair| pair.method == "GET" && is_operation(&pair.url) && not_yet(pair);
    let Some(pair) = pairs.get(at).filter(|pair| waits(pair)) else { return false };
    pairs[..at].iter().rev().find(|before| before.url == pair.url).is_some_and(waits)
}

fn not_yet(pair: &Pair) -> bool {
    pair.status == 202 || compare::state(pair.response_body.as_ref()).as_deref() == Some("not yet")
}

fn is_operation(url: &str) -> bool {
    let url = url.to_lowercase();
    url.contains("operation") && !url.contains("/microsoft.operationalinsights/workspaces")
}

/// What tells URLs apart: the path, and whether it asks for a result or for a further page.
fn key(url: &str) -> String {
    let url = url.trim_start_matches("https://management.azure.com").to_lowercase();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let page = if query.contains("skiptoken") { "?page" } else { "" };
    let result = if query.contains("monitor=true") { "?monitor" } else { "" };
    format!("{path}{page}{result}")
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.chars().filter(|one| *one == '-').count() == 4 && !text.ends_with("0000-000000000000")
}

/// The type that a URL speaks of.
fn kind_of(url: &str) -> String {
    let path = url.split('?').next().unwrap_or_default();
    let Some((_, rest)) = path.rsplit_once("/providers/") else {
        return "Microsoft.Resources/resourceGroups".to_owned();
    };
    let segments: Vec<&str> = rest.split('/').collect();
    let kinds: Vec<&str> = segments.iter().skip(1).step_by(2).copied().collect();
    format!("{}/{}", segments[0], kinds.join("/"))
}

impl Session<'_> {
    /// What a recording takes for granted: groups and resources that are read or updated before they are created.
    fn set_up(&mut self, recording: &Recording) {
        let mut known: Vec<String> = Vec::new();
        for (at, pair) in recording.pairs.iter().enumerate() {
            let path = pair.url.split('?').next().unwrap_or_default().to_lowercase();
            if is_operation(&pair.url) || known.contains(&path) {
                continue;
            }
            let later = || {
                recording.pairs[at..].iter().find(|later| {
                    later.method == "PUT" && later.url.split('?').next().unwrap_or_default().to_lowercase() == path
                })
            };
            let existed = match pair.method.as_str() {
                "PUT" => pair.status == 200 && !created_with_200(pair),
                "GET" => pair.status == 200 && pair.response_body.as_ref().is_some_and(|body| body.get("id").is_some()),
                _ => false,
            };
            if path.contains("/deletedvaults/") && pair.status == 200 && pair.method == "GET" {
                self.soft_deleted(recording, at);
            } else if existed && (pair.method == "PUT" || later().is_some()) {
                self.exists(recording, at, &path);
            }
            known.push(path);
        }
    }

    /// Makes a resource that is there before the recording begins: with the body of the first PUT that follows, to which
    /// what the first answer shows beyond it is added where a client could have sent it.
    fn exists(&mut self, recording: &Recording, at: usize, path: &str) {
        let same = |pair: &&Pair| pair.url.split('?').next().unwrap_or_default().to_lowercase() == *path;
        let Some(put) = recording.pairs[at..].iter().filter(same).find(|pair| pair.method == "PUT") else { return };
        let mut body = put.request_body.clone().unwrap_or_default();
        let shown = recording.pairs[at].response_body.clone().unwrap_or_default();
        for key in ["sku", "tags"] {
            if let (Some(map), Some(value)) = (body.as_object_mut(), shown.get(key)) {
                map.entry(key).or_insert_with(|| value.clone());
            }
        }
        if let Some(group) = path.split("/providers/").next().filter(|_| path.contains("/providers/")) {
            let group = put.url.get(..group.len()).unwrap_or(group).to_owned();
            let location = body.get("location").cloned().unwrap_or_else(|| json!("westus2"));
            let request =
                self.request("PUT", &format!("{group}?api-version=2021-04-01"), Some(json!({"location": location})));
            let _ = self.service.handle(&request);
        }
        let request = self.request("PUT", &put.url, Some(body));
        let _ = self.service.handle(&request);
        if recording.pairs[at].method == "GET" {
            // It has a history: it was written more than once.
            self.service.advance(Duration::from_secs(3600));
            let _ = self.service.handle(&request);
        }
        let works = recording.pairs[at].method == "PUT" && not_yet(&recording.pairs[at]);
        if !works {
            self.service.advance(Duration::from_secs(3600));
        }
    }

    /// Makes a vault and deletes it, so that it is found among the deleted ones.
    fn soft_deleted(&mut self, recording: &Recording, at: usize) {
        let name = recording.pairs[at]
            .url
            .split('?')
            .next()
            .unwrap_or_default()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let ours = |pair: &&Pair| {
            let path = pair.url.split('?').next().unwrap_or_default().to_lowercase();
            pair.method == "PUT" && path.ends_with(&format!("/vaults/{name}"))
        };
        let Some(put) = recording.pairs[at..].iter().find(ours) else { return };
        let mut body = put.request_body.clone().unwrap_or_default();
        if let Some(properties) = body.get_mut("properties").and_then(Json::as_object_mut) {
            properties.remove("createMode");
        }
        let group = put.url.split("/providers/").next().unwrap_or_default().to_owned();
        let location = body.get("location").cloned().unwrap_or_default();
        let group_url = format!("{group}?api-version=2021-04-01");
        let steps = [
            ("PUT", group_url.clone(), Some(json!({"location": location}))),
            ("PUT", put.url.clone(), Some(body)),
            ("DELETE", put.url.clone(), None),
            ("DELETE", group_url, None),
        ];
        for (method, url, body) in steps {
            let _ = self.service.handle(&self.request(method, &url, body));
            self.service.advance(Duration::from_secs(3600));
        }
    }

    fn request(&self, method: &str, url: &str, body: Option<Json>) -> Request {
        let whole = if url.starts_with('/') { format!("https://management.azure.com{url}") } else { url.to_owned() };
        let parsed = Url::parse(&whole).expect("a URL");
        Request {
            method: method.to_owned(),
            path: parsed.path().to_owned(),
            query: parsed.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            headers: Vec::new(),
            body,
        }
    }

    /// Sends one pair. Time passes while the answer is not yet the recorded one and may become it.
    fn one(&mut self, at: usize, pair: &Pair) -> Replayed {
        self.service.advance(Duration::from_millis(500));
        let kind = self.kind(pair);
        let label = format!("{at} {} {}", pair.method, pair.url.split('?').next().unwrap_or_default());
        if is_operation(&pair.url) && !self.urls.contains_key(&key(&pair.url)) {
            self.repeat(&key(&pair.url));
        }
        let url = self.urls.get(&key(&pair.url)).cloned().unwrap_or_else(|| self.told(&pair.url));
        let mut request = self.request(&pair.method, &url, pair.request_body.as_ref().map(|body| self.mapped(body)));
        request.headers =
            pair.request_headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
        let mut answer = self.service.handle(&request);
        for _ in 0..400 {
            if !self.may_become(pair, &answer) {
                break;
            }
            self.service.advance(Duration::from_secs(5));
            answer = self.service.handle(&request);
        }
        self.remember(pair, &answer, &kind);
        if pair.method != "GET" && pair.occurrences > 1 {
            self.repeats.push((pair.clone(), pair.occurrences - 1));
        }
        let differences = compare::differences(&kind, pair, &answer, self.without_retry, self.ignored);
        let outcome = if differences.is_empty() { Outcome::Agrees } else { Outcome::Differs(differences) };
        Replayed { kind, label, outcome }
    }

    /// The operation belongs to a repeat that was folded into its first: it is sent now.
    fn repeat(&mut self, operation: &str) {
        let Some((pair, left)) = self.repeats.iter_mut().rev().find(|(_, left)| *left > 0) else { return };
        *left -= 1;
        let pair = pair.clone();
        let request = self.request(&pair.method, &pair.url, pair.request_body.as_ref().map(|body| self.mapped(body)));
        let mut answer = self.service.handle(&request);
        for _ in 0..400 {
            if !self.may_become(&pair, &answer) {
                break;
            }
            self.service.advance(Duration::from_secs(5));
            answer = self.service.handle(&request);
        }
        if let Some((_, url)) = answer.headers.iter().find(|(name, _)| name == "azure-asyncoperation") {
            self.urls.insert(operation.to_owned(), url.clone());
            self.kinds.insert(operation.to_owned(), kind_of(&pair.url));
        }
    }

    /// A URL with our names in the place of those that the recorded client had been told.
    fn told(&self, url: &str) -> String {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let segments: Vec<&str> = path.split('/').map(|one| self.guids.get(one).map_or(one, String::as_str)).collect();
        format!("{}?{query}", segments.join("/"))
    }

    /// A body with our guids in the place of those that the recorded client had been told.
    fn mapped(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.guids.get(text).unwrap_or(text).clone()),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.mapped(item)).collect()),
            Json::Object(map) => {
                Json::Object(map.iter().map(|(key, value)| (key.clone(), self.mapped(value))).collect())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
        }
    }

    /// Keeps which of our guids stands for a recorded one.
    fn learn(&mut self, theirs: &Json, ours: &Json) {
        match (theirs, ours) {
            (Json::String(theirs), Json::String(ours)) if is_guid(theirs) && is_guid(ours) && theirs != ours => {
                self.guids.insert(theirs.replace('-', ""), ours.clone());
                self.guids.insert(theirs.clone(), ours.clone());
            }
            (Json::String(theirs), Json::String(ours)) if theirs.starts_with('/') && theirs != ours => {
                for (theirs, ours) in theirs.split('/').zip(ours.split('/')) {
                    if theirs.len() > 36 && theirs != ours {
                        self.guids.insert(theirs.to_owned(), ours.to_owned());
                    }
                }
            }
            (Json::Array(theirs), Json::Array(ours)) => {
                theirs.iter().zip(ours).for_each(|(theirs, ours)| self.learn(theirs, ours))
            }
            (Json::Object(theirs), Json::Object(ours)) => {
                for (key, value) in theirs {
                    if let Some(own) = ours.get(key) {
                        self.learn(value, own);
                    }
                }
            }
            _ => (),
        }
    }

    /// Our answer is one that time changes: work under way, where the recorded one is over; or a refusal that was none.
    fn may_become(&self, pair: &Pair, ours: &Response) -> bool {
        let ended = |state: Option<String>| state.is_some_and(|state| state != "not yet");
        if pair.method == "GET" {
            let theirs = compare::state(pair.response_body.as_ref());
            let own = compare::state(ours.body.as_ref());
            let wait = own.as_deref() == Some("not yet") || ours.status == 202;
            let done = ended(theirs) || pair.status != ours.status && !not_yet(pair);
            return wait && done || pair.status == 404 && ours.status == 200;
        }
        let refused = ours.status >= 400 && pair.status < 400;
        let busy = matches!(ours.status, 409 | 429 | 400);
        refused && busy || pair.status == 404 && ours.status == 202
    }

    /// Keeps which of our URLs stands for a recorded one.
    fn remember(&mut self, pair: &Pair, ours: &Response, kind: &str) {
        for header in ["azure-asyncoperation", "location"] {
            let theirs =
                pair.response_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header)).map(|(_, url)| url);
            let own = ours.headers.iter().find(|(name, _)| name == header).map(|(_, url)| url);
            let (Some(theirs), Some(own)) = (theirs.filter(|url| is_operation(url)), own) else { continue };
            self.urls.insert(key(theirs), own.clone());
            self.kinds.entry(key(theirs)).or_insert_with(|| kind.to_owned());
        }
        if let (Some(theirs), Some(own)) = (&pair.response_body, &ours.body) {
            self.learn(theirs, own);
            let link = |body: &Json| body.get("nextLink").and_then(Json::as_str).map(str::to_owned);
            if let (Some(theirs), Some(own)) = (link(theirs), link(own)) {
                self.urls.insert(key(&theirs), own);
            }
        }
    }

    /// The type of the pair: that of the resource, also for its operations.
    fn kind(&self, pair: &Pair) -> String {
        self.kinds.get(&key(&pair.url)).cloned().unwrap_or_else(|| kind_of(&pair.url))
    }
}

/// Types whose creation is answered with 200.
fn created_with_200(pair: &Pair) -> bool {
    let kind = kind_of(&pair.url).to_lowercase();
    let always = [
        "microsoft.keyvault/",
        "microsoft.containerregistry/registries",
        "microsoft.compute/availabilitysets",
        "microsoft.storage/",
        "maintenanceconfigurations",
    ];
    always.iter().any(|part| kind.contains(part)) && !kind.ends_with("/replications")
        || kind == "microsoft.storage/storageaccounts"
}

/// Other names for what a recording names.
#[derive(Clone, Debug, Default)]
struct Renamed {
    words: Vec<(String, String)>,
}

impl Renamed {
    fn of(recording: &Recording, names: Names) -> Self {
        if names == Names::AsRecorded {
            return Self::default();
        }
        let mut words: BTreeMap<String, String> = BTreeMap::new();
        for pair in &recording.pairs {
            let path = pair.url.split('?').next().unwrap_or_default();
            let segments: Vec<&str> = path.split('/').collect();
            for pair in segments.windows(2) {
                let renames = matches!(
                    pair[0].to_lowercase().as_str(),
                    "resourcegroups"
                        | "virtualnetworks"
                        | "subnets"
                        | "publicipaddresses"
                        | "loadbalancers"
                        | "networkinterfaces"
                        | "virtualmachines"
                        | "virtualmachinescalesets"
                        | "managedclusters"
                        | "natgateways"
                        | "routetables"
                        | "routes"
                        | "networksecuritygroups"
                        | "securityrules"
                        | "userassignedidentities"
                        | "bastionhosts"
                        | "privateendpoints"
                        | "vaults"
                        | "deletedvaults"
                        | "registries"
                        | "storageaccounts"
                        | "disks"
                        | "virtualnetworkpeerings"
                        | "profiles"
                        | "afdendpoints"
                        | "workspaces"
                );
                let fixed = pair[1].is_empty()
                    || pair[1].to_lowercase().contains("subnet")
                        && pair[1].starts_with(['A', 'a'])
                        && pair[1].to_lowercase().starts_with("azure");
                if renames && !fixed && pair[1].len() > 3 {
                    words.entry(pair[1].to_owned()).or_insert_with(|| other(pair[1]));
                }
            }
        }
        let lower: Vec<_> = words.iter().map(|(from, to)| (from.to_lowercase(), to.to_lowercase())).collect();
        for (from, to) in lower {
            words.entry(from).or_insert(to);
        }
        let mut words: Vec<(String, String)> = words.into_iter().collect();
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        for (from, to) in [
            ("westus2", "northeurope"),
            ("eastus2", "uksouth"),
            ("westus3", "swedencentral"),
            ("westeurope", "francecentral"),
        ] {
            words.push((from.to_owned(), to.to_owned()));
        }
        words.push((
            "/subscriptions/00000000-0000-0000-0000-000000000000".into(),
            "/subscriptions/9b1c2d3e-4f50-4a6b-8c7d-0123456789ab".into(),
        ));
        Self { words }
    }

    fn apply(&self, recording: &Recording) -> Recording {
        if self.words.is_empty() {
            return recording.clone();
        }
        let pairs = recording.pairs.iter().map(|pair| Pair {
            method: pair.method.clone(),
            url: self.text(&pair.url),
            status: pair.status,
            occurrences: pair.occurrences,
            request_headers: pair.request_headers.clone(),
            request_body: pair.request_body.as_ref().map(|body| self.json(body)),
            response_headers: pair
                .response_headers
                .iter()
                .map(|(name, value)| (name.clone(), self.text(value)))
                .collect(),
            response_body: pair.response_body.as_ref().map(|body| self.json(body)),
        });
        Recording { pairs: pairs.collect(), ..recording.clone() }
    }

    fn text(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from.as_str(), to))
    }

    fn json(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.text(text)),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.json(item)).collect()),
            Json::Object(map) => {
                Json::Object(map.iter().map(|(key, value)| (self.text(key), self.json(value))).collect())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
        }
    }
}

/// Another name of the same kind: lengths and letters stay within the rules of every type.
fn other(name: &str) -> String {
    let turned: String = name
        .chars()
        .map(|one| match one {
            'a'..='y' | 'A'..='Y' => char::from_u32(u32::from(one) + 1).unwrap_or(one),
            'z' => 'a',
            'Z' => 'A',
            other => other,
        })
        .collect();
    turned.replace(".dpn", ".net")
}
