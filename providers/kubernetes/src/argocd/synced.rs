//! `argocd.synced`: waits until an application is Synced and Healthy. It makes nothing, and deleting it does nothing.

use super::{API, parent};
use crate::registry::Special;
use crate::session::Session;
use crate::wait::Patience;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Capabilities, Default as Preset, Recognition, ResourceSchema};
use formwork_model::{Milliseconds, Value, ValueBuf};
use formwork_provider_api::{
    Applied, CreateRequest, ErrorClass, OperationSink, PlanRequest, PlanResponse, ProviderError, StoredObject,
    UpdateRequest, settled,
};
use serde::Deserialize;
use serde_json::Value as Json;
use std::time::Duration;

pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "synced",
    "Waits until an application is Synced and Healthy, so that what depends on it comes afterwards. It is waited for again when \
     `triggers` change. Deleting it does nothing.",
)
.attributes(&[
    Attribute::reference("application", &["argocd.application"], "The application.").required().create_only(),
    Attribute::reference("namespace", &["kubernetes.namespace"], "Its namespace.").default_string("argocd").create_only(),
    Attribute::reference(
        "parent",
        &["argocd.application"],
        "The application of applications that it is a child of: what that one says of it now must have reached it.",
    ),
    Attribute::boolean("healthy", "Whether it must be Healthy, too.").default_bool(true),
    Attribute::new("timeout", AttributeType::Duration, "How long to wait; then it is recorded as incomplete.")
        .default(Preset::Duration(900_000)),
    Attribute::new("triggers", AttributeType::Any, "It is waited for again when these values change."),
    Attribute::string("id", "`namespace/name` of the application.").computed(),
    Attribute::string("revision", "The revision that was synced; several are joined by commas.").computed(),
    Attribute::string("sync_status", "Its sync status.").computed(),
    Attribute::string("health_status", "Its health.").computed(),
    Attribute::strings("conditions", "What it warned of: where sources are only simulated, it says so here.").computed(),
])
.recognised_by(Recognition::Repeatable)
.usually_takes_s(60)
.capabilities(Capabilities { update: true, find: false, batch_read: false, list: false, import: false, expand: false, repair: true });

/// The computed attributes that a new look may change.
const VOLATILE: [&str; 4] = ["revision", "sync_status", "health_status", "conditions"];

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    application: String,
    namespace: Option<String>,
    parent: Option<String>,
    healthy: Option<bool>,
    timeout: Option<Milliseconds>,
}

/// The type.
pub(crate) struct Synced;

#[async_trait]
impl Special for Synced {
    /// What a new wait may find is not known before.
    fn plan(&self, request: &PlanRequest) -> PlanResponse {
        let mut response = PlanResponse::as_proposed(request);
        let Some(prior) = &request.prior else { return response };
        if formwork_provider_api::differences(&SCHEMA, prior.values.view(), request.proposed.view()).is_empty() {
            return response;
        }
        let mut planned = request.proposed.to_value().as_map().cloned().unwrap_or_default();
        for name in VOLATILE {
            planned.insert(name, request.unknown(name));
        }
        response.planned = ValueBuf::from(Value::Map(planned));
        response
    }

    async fn create(
        &self,
        session: &Session,
        request: &CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let said = settled(&SCHEMA, &request.address, request.config.view(), request.planned.view());
        wait(session, &said, request.timeout_ms, sink).await
    }

    async fn update(
        &self,
        session: &Session,
        request: &UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let said = settled(&SCHEMA, &request.address, request.config.view(), request.planned.view());
        wait(session, &said, request.timeout_ms, sink).await
    }
}

async fn wait(
    session: &Session,
    said: &ValueBuf,
    timeout_ms: u64,
    sink: &dyn OperationSink,
) -> Result<Applied, ProviderError> {
    // What only the application can tell is not known yet, and not asked for here.
    let known = said.view().entries().filter(|(_, value)| value.is_known());
    let known = ValueBuf::from(Value::map(known.map(|(name, value)| (name, value.to_value()))));
    let config: Config = known.view().decode()?;
    let namespace = config.namespace.as_deref().unwrap_or("argocd");
    let own = config.timeout.map_or(900_000, |timeout| u64::try_from(timeout.0).unwrap_or_default());
    let patience = Patience::new(own.min(timeout_ms));
    let text = format!("application {namespace}/{}", config.application);
    let served = session.served(API, "Application").await?.ok_or_else(|| {
        ProviderError::new(
            ErrorClass::NotFound,
            format!("{} has no applications: Argo CD is not installed", session.server()),
        )
    })?;
    let path = served.object(Some(namespace), &config.application);
    let parent = config.parent.as_deref().map(|name| (name, served.object(Some(namespace), name)));
    loop {
        // First the parent: what it hands down after that look is seen in the child.
        let held = match &parent {
            Some((name, path)) => {
                let live = session.get(path.clone(), &format!("reading application {namespace}/{name}")).await?;
                parent::held(live.as_ref(), name, &config.application)
            }
            None => None,
        };
        let live = session.get(path.clone(), &format!("reading {text}")).await?;
        let state = State::of(live.as_ref(), config.healthy.unwrap_or(true)).under(held);
        if state.missing.is_empty() {
            for simulated in state.simulated() {
                sink.warn(&format!("{text}: {simulated}"));
            }
            return Ok(state.applied(said, &config, namespace, None));
        }
        sink.progress(&format!("{text}: {}", state.missing));
        if patience.is_over() {
            let reason =
                format!("{text} is not as wanted after {} s: {}", patience.limit().as_secs(), state.explained());
            match (&live, &parent) {
                (None, None) => {
                    let help = "who makes it: this stack, an application set, or an application of applications? Come `after` that, and name it exactly";
                    return Err(ProviderError::new(ErrorClass::NotFound, reason).help(help));
                }
                (None, Some((name, _))) => {
                    let help = format!("does the source of {name} hold it, and does {name} get to its wave?");
                    return Err(ProviderError::new(ErrorClass::Timeout, reason).help(help));
                }
                (Some(_), _) => {}
            }
            return Ok(state.applied(said, &config, namespace, Some(reason)));
        }
        patience.pause(sink, Duration::from_secs(2)).await?;
    }
}

/// What an application says of itself.
#[derive(Debug, Default)]
struct State {
    sync: String,
    health: String,
    revision: String,
    conditions: Vec<String>,
    /// What the last sync and its unhealthy objects say.
    details: Vec<String>,
    /// What is missing; empty when it is as wanted.
    missing: String,
}

pub(super) fn text(live: &Json, pointer: &str) -> String {
    live.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned()
}

pub(super) fn items<'a>(live: &'a Json, pointer: &str) -> &'a [Json] {
    live.pointer(pointer).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

impl State {
    fn of(live: Option<&Json>, healthy: bool) -> Self {
        let Some(live) = live else { return Self { missing: "it does not exist".to_owned(), ..Self::default() } };
        let revisions: Vec<&str> = items(live, "/status/sync/revisions").iter().filter_map(Json::as_str).collect();
        let revision = if revisions.is_empty() { text(live, "/status/sync/revision") } else { revisions.join(",") };
        let mut state = Self {
            sync: text(live, "/status/sync/status"),
            health: text(live, "/status/health/status"),
            revision,
            conditions: conditions(live),
            details: details(live),
            missing: String::new(),
        };
        state.missing = state.judged(live, healthy);
        state
    }

    /// It is not as wanted before its parent has handed everything down.
    fn under(mut self, held: Option<parent::Held>) -> Self {
        if let Some(held) = held {
            self.details.extend(held.details);
            self.missing = match self.missing.as_str() {
                "" => held.reason,
                missing => format!("{missing}; {}", held.reason),
            };
        }
        self
    }

    fn judged(&self, live: &Json, healthy: bool) -> String {
        if self.sync.is_empty() {
            return "it was not looked at yet".to_owned();
        }
        if is_outdated(live) {
            return "its last change was not looked at yet".to_owned();
        }
        if text(live, "/status/operationState/phase") == "Running" {
            return "a sync is running".to_owned();
        }
        let mut missing = Vec::new();
        if self.sync != "Synced" {
            missing.push(format!("it is {}", self.sync));
        }
        if healthy && self.health != "Healthy" {
            let health = if self.health.is_empty() { "not known" } else { self.health.as_str() };
            missing.push(format!("its health is {health}"));
        }
        missing.join(", ")
    }

    /// Sources that a sandbox does not reach: what is Synced and Healthy is then only a picture of them.
    fn simulated(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(String::as_str).filter(|condition| condition.starts_with("SimulatedSource"))
    }

    fn explained(&self) -> String {
        let more = self.conditions.iter().chain(&self.details);
        std::iter::once(&self.missing).chain(more).cloned().collect::<Vec<_>>().join("\n  ")
    }

    fn applied(&self, said: &ValueBuf, config: &Config, namespace: &str, incomplete: Option<String>) -> Applied {
        let mut values = said.to_value().as_map().cloned().unwrap_or_default();
        let found = [
            ("id", Value::string(format!("{namespace}/{}", config.application))),
            ("revision", Value::string(self.revision.as_str())),
            ("sync_status", Value::string(self.sync.as_str())),
            ("health_status", Value::string(self.health.as_str())),
            ("conditions", Value::list(self.conditions.iter().map(|text| Value::string(text.as_str())))),
        ];
        for (name, value) in found {
            if values.get(name).is_none_or(|planned| !planned.is_known()) {
                values.insert(name, value);
            }
        }
        let values = ValueBuf::from(Value::Map(values));
        Applied { object: StoredObject { values, private: Vec::new() }, incomplete }
    }
}

/// Whether its status speaks of an older specification.
pub(super) fn is_outdated(live: &Json) -> bool {
    ["source", "sources"].iter().any(|field| {
        let part = |place: &str| live.pointer(&format!("{place}/{field}")).filter(|value| !value.is_null());
        let (compared, wanted) = (part("/status/sync/comparedTo"), part("/spec"));
        compared.zip(wanted).is_some_and(|(compared, wanted)| said(compared) != said(wanted))
    })
}

/// What a value says: Argo CD leaves out what is empty, and so do we to compare.
fn said(value: &Json) -> Option<Json> {
    match value {
        Json::Null | Json::Bool(false) => None,
        Json::String(text) if text.is_empty() => None,
        Json::Array(items) if items.is_empty() => None,
        Json::Array(items) => Some(items.iter().map(|item| said(item).unwrap_or_default()).collect()),
        Json::Object(object) => {
            let said: serde_json::Map<_, _> =
                object.iter().filter_map(|(name, value)| Some((name.clone(), said(value)?))).collect();
            (!said.is_empty()).then_some(Json::Object(said))
        }
        other => Some(other.clone()),
    }
}

pub(super) fn conditions(live: &Json) -> Vec<String> {
    items(live, "/status/conditions")
        .iter()
        .map(|condition| format!("{}: {}", text(condition, "/type"), text(condition, "/message")))
        .collect()
}

/// At most so many objects are told.
const MOST: usize = 5;

pub(super) fn details(live: &Json) -> Vec<String> {
    let message = text(live, "/status/operationState/message");
    let phase = text(live, "/status/operationState/phase");
    let last = (!message.is_empty() && phase != "Succeeded").then(|| format!("last sync: {phase}: {message}"));
    let sick = items(live, "/status/resources").iter().filter(|object| {
        let health = text(object, "/health/status");
        !matches!(health.as_str(), "" | "Healthy") || text(object, "/status") == "OutOfSync"
    });
    let told = sick.take(MOST).map(|object| {
        let (kind, name) = (text(object, "/kind"), text(object, "/name"));
        let what = [text(object, "/status"), text(object, "/health/status"), text(object, "/health/message")];
        let what: Vec<String> = what.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{kind} {name}: {}", what.join(", "))
    });
    last.into_iter().chain(told).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_child_waits_for_what_its_parent_says_now() {
        let parent = |wanted: &str, compared: &str, resources: Json| {
            json!({
                "spec": { "source": { "repoURL": "r", "kustomize": { "patches": [{ "patch": wanted, "options": {} }] } } },
                "status": {
                    "sync": { "comparedTo": { "source": { "repoURL": "r", "kustomize": { "patches": [{ "patch": compared }] } } } },
                    "resources": resources,
                    "conditions": [{ "type": "ComparisonError", "message": "no matches for the patch" }],
                },
            })
        };
        let child = |status: &str| json!([{ "kind": "Application", "name": "web", "status": status }]);
        let missing = |live: Option<&Json>| {
            let synced = json!({ "status": { "sync": { "status": "Synced" }, "health": { "status": "Healthy" } } });
            State::of(Some(&synced), true).under(parent::held(live, "root", "web"))
        };
        assert_eq!(missing(None).missing, "its parent root does not exist");
        let cases = [
            (parent("new", "old", child("Synced")), "its parent root has not looked at its last change yet"),
            (parent("new", "new", child("OutOfSync")), "its parent root has not handed its last change down yet"),
            (parent("new", "new", json!([])), "its parent root does not have it"),
            (parent("new", "new", child("Synced")), ""),
        ];
        for (live, wanted) in cases {
            let state = missing(Some(&live));
            assert_eq!(state.missing, wanted);
            assert_eq!(state.explained().contains("root: ComparisonError: no matches"), !wanted.is_empty());
        }
    }

    #[test]
    fn an_application_is_judged_by_what_it_says() {
        let with = |status: Json| json!({ "spec": { "source": { "repoURL": "r", "path": "new" } }, "status": status });
        let missing = |status: Json| State::of(Some(&with(status)), true).missing;
        assert_eq!(State::of(None, true).missing, "it does not exist");
        assert_eq!(missing(json!({})), "it was not looked at yet");
        let old = json!({ "sync": { "status": "Synced", "comparedTo": { "source": { "repoURL": "r", "path": "old" } } }, "health": { "status": "Healthy" } });
        assert_eq!(missing(old), "its last change was not looked at yet");
        assert_eq!(
            missing(json!({ "sync": { "status": "OutOfSync" }, "health": { "status": "Missing" } })),
            "it is OutOfSync, its health is Missing"
        );
        assert_eq!(
            missing(json!({ "sync": { "status": "Synced" }, "operationState": { "phase": "Running" } })),
            "a sync is running"
        );
        assert_eq!(missing(json!({ "sync": { "status": "Synced" }, "health": { "status": "Healthy" } })), "");
        let sick = with(json!({
            "sync": { "status": "Unknown" },
            "conditions": [{ "type": "ComparisonError", "message": "app path does not exist" }],
            "resources": [{ "kind": "Deployment", "name": "web", "status": "Synced", "health": { "status": "Degraded", "message": "m" } }],
        }));
        let told = State::of(Some(&sick), true).explained();
        assert!(
            told.contains("ComparisonError: app path") && told.contains("Deployment web: Synced, Degraded, m"),
            "{told}"
        );
    }
}
