//! Long-running operations: begun with a write, told to those who poll, and ended by the clock.

use super::dress::Part;
use super::failure::Failure;
use super::id::Id;
use super::profile::{BodyForm, Profile, Verb};
use super::record::{Record, Work, WorkVerb};
use super::wire::{self, Header, Operation, Wire};
use super::{Arm, Call, DUE, Event, OPERATIONS, reference::Back, scope, unkept};
use crate::exchange::Response;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// What somebody begins.
pub(super) struct Begin<'a> {
    /// The resource.
    pub(super) id: &'a Id,
    /// Its profile.
    pub(super) profile: &'a Profile,
    /// What is done.
    pub(super) verb: WorkVerb,
    /// How it is answered.
    pub(super) answer: &'a Verb,
    /// How long it takes in the cloud, in milliseconds.
    pub(super) lasts: i64,
    /// The state meanwhile.
    pub(super) state: String,
}

/// The last segment of the type of peerings.
const PEERINGS: &str = "virtualNetworkPeerings";

impl Arm {
    /// How long so many milliseconds of the cloud take here.
    pub(super) fn scaled(&self, ms: i64) -> i64 {
        let real = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        i64::try_from(self.clock.scaled(real).as_millis()).unwrap_or(0)
    }

    /// Begins work and keeps its operation.
    pub(super) fn begin(&self, call: &Call<'_>, begin: &Begin<'_>) -> Result<Operation, Failure> {
        let now = self.clock.now_ms();
        let token = scope::guid(&format!("operation|{}|{now}|{}", begin.id.key(), uuid::Uuid::new_v4()));
        let noise = begin.profile.delete_noise.as_ref().filter(|_| begin.verb == WorkVerb::Delete);
        let operation = Operation {
            wire: begin.profile.wire,
            token,
            resource: begin.id.text(),
            kind: begin.id.type_name(),
            verb: begin.verb,
            start: now,
            end: now + self.scaled(begin.lasts),
            problem: call.fate.problem.clone(),
            poll: begin.answer.poll.or(begin.answer.retry.filter(|_| begin.profile.wire.repeats_retry())),
            version: call.version.clone(),
            location: self.location_of(begin.id),
            progress: if begin.verb == WorkVerb::Create { begin.profile.progress.clone() } else { Vec::new() },
            noise: noise.and_then(|text| text.split_once(": ")).map(|(code, text)| (code.to_owned(), text.to_owned())),
        };
        self.keep_operation(&operation)?;
        Ok(operation)
    }

    fn location_of(&self, id: &Id) -> String {
        let location = self.location_above(id);
        if location == "global" { "westeurope".to_owned() } else { location }
    }

    pub(super) fn keep_operation(&self, operation: &Operation) -> Result<(), Failure> {
        let document = serde_json::to_value(operation).map_err(|err| unkept(&err.to_string()))?;
        self.store.put(OPERATIONS, &operation.token, document).map_err(|err| unkept(&err.0))?;
        if operation.verb == WorkVerb::Delete {
            let key = format!("{:020}:{}", operation.end.max(0), operation.token);
            self.store.put(DUE, &key, json!(operation.token)).map_err(|err| unkept(&err.0))?;
        }
        Ok(())
    }

    /// Notes on a record that work on it or on a part of it has begun.
    pub(super) fn note(record: &mut Record, part: &str, operation: &Operation, state: &str) {
        let work = Work {
            operation: operation.token.clone(),
            verb: operation.verb,
            start: operation.start,
            end: operation.end,
            state: state.to_owned(),
            problem: operation.problem.clone(),
        };
        record.work.insert(part.to_owned(), work);
    }

    /// The operation that a path asks for, by the token at its end.
    pub(super) fn operation_of(&self, path: &str) -> Option<Operation> {
        let last = path.rsplit('/').next()?;
        let named = last.strip_prefix("registries-").or_else(|| last.strip_prefix("replications-")).unwrap_or(last);
        self.operation(named)
    }

    pub(super) fn operation(&self, token: &str) -> Option<Operation> {
        self.store.get(OPERATIONS, token).and_then(|document| serde_json::from_value(document).ok())
    }

    /// The answer to a poll.
    pub(super) fn poll(&self, call: &Call<'_>, operation: &Operation) -> Response {
        let now = self.clock.now_ms();
        let output = self.output(call, operation, now);
        let path = call.request.path.to_ascii_lowercase();
        let results = path.contains("results/") && operation.wire != Wire::Cdn || path.contains("profileresults/");
        let asked_for_result = results || call.request.parameter("monitor").is_some();
        if asked_for_result || operation.only_result() {
            operation.result(now, &call.base, output)
        } else {
            operation.poll(now, &call.base, output)
        }
    }

    /// The resource that an operation brought about.
    fn output(&self, call: &Call<'_>, operation: &Operation, now: i64) -> Option<Json> {
        let made = matches!(operation.verb, WorkVerb::Create | WorkVerb::Update) && !operation.runs(now);
        let id = Id::parse(&operation.resource).filter(|_| made)?;
        let found = self.find(&id)?;
        let back = Back::default();
        let mut view = self.view(call, &id, &back, false);
        view.version.clone_from(&operation.version);
        Some(self.dressed(&found, &view))
    }

    /// The answer to a write, with the headers of its operation.
    pub(super) fn answer(
        &self,
        call: &Call<'_>,
        answer: &Verb,
        operation: Option<&Operation>,
        body: Option<Json>,
    ) -> Response {
        let body = match answer.body {
            BodyForm::Resource | BodyForm::Echo => body,
            BodyForm::Braces => Some(json!({})),
            BodyForm::Nothing => None,
        };
        let response = body.map_or_else(|| Response::empty(answer.status), |body| Response::json(answer.status, body));
        let Some(operation) = operation else { return response };
        let usual = wire::usual(operation.wire, operation.verb);
        operation.headers(response, answer.headers.as_deref().unwrap_or(usual), &call.base)
    }

    /// A header that points to the resource itself.
    pub(super) fn own_location(response: Response, answer: &Verb, shown: &str) -> Response {
        let path = answer.headers.as_deref().is_some_and(|headers| headers.contains(&Header::Path));
        if path { response.header("location", shown) } else { response }
    }

    /// Ends the deletions whose time has come.
    pub(super) fn do_what_is_due(&self) {
        let now = self.clock.now_ms();
        for (key, token) in self.store.scan(DUE, "") {
            let due = key.split(':').next().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
            if due > now {
                break;
            }
            if let Some(operation) = token.as_str().and_then(|token| self.operation(token)) {
                self.end_deletion(&operation);
            }
            if let Err(err) = self.store.delete(DUE, &key) {
                tracing::warn!(key, error = err.0, "work that is done could not be crossed out");
            }
        }
    }

    fn end_deletion(&self, operation: &Operation) {
        if operation.problem.is_some() {
            return;
        }
        if operation.wire == Wire::Group {
            return self.end_group(operation);
        }
        let Some(id) = Id::parse(&operation.resource) else { return };
        let Some(found) = self.find(&id) else { return };
        let ours = found.record.work.get(&found.work_key()).is_some_and(|work| work.operation == operation.token);
        if ours {
            self.erase(&id, found.record, found.part.as_ref());
        }
    }

    /// Takes a resource and everything below it out.
    pub(super) fn erase(&self, id: &Id, mut record: Record, part: Option<&Part>) {
        if let Some(part) = part {
            if let Some(peering) = part.take(&record.body).filter(|_| part.kind.eq_ignore_ascii_case(PEERINGS)) {
                self.peering_gone(id, &peering);
            }
            part.put(&mut record.body, None);
            record.work.remove(&part.key());
            record.revision += 1;
            if let Err(failure) = self.keep(&record) {
                tracing::warn!(?failure, "a part could not be taken out");
            }
            return;
        }
        let key = id.key();
        self.after_erasure(&record, id);
        for below in self.records(&format!("{key}/")) {
            if let Some(id) = Id::parse(&below.id) {
                self.after_erasure(&below, &id);
            }
            self.forget(&below.id.to_lowercase());
        }
        self.forget(&key);
    }

    /// What follows from a resource's going.
    fn after_erasure(&self, record: &Record, id: &Id) {
        match id.type_name().to_lowercase().as_str() {
            "microsoft.containerservice/managedclusters" => {
                self.cluster_gone(record, id);
                self.tell(&Event::ClusterGone { id: record.id.clone() });
            }
            "microsoft.managedidentity/userassignedidentities" => self.principal_gone(record),
            "microsoft.network/privateendpoints" => self.endpoint_gone(record),
            "microsoft.network/privateendpoints/privatednszonegroups" => self.names_gone(id),
            "microsoft.network/virtualnetworks" => self.network_gone(id),
            _ => (),
        }
    }
}
