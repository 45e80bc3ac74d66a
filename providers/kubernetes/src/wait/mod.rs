//! Waiting for what the config asks for: rollouts, definitions, conditions, fields. A wait that runs out says why, with the
//! pods' reasons and the events.

mod reasons;
mod rollout;

use crate::discovery::Served;
use crate::manifest::Identity;
use crate::object::is_deleting;
use crate::session::Session;
use formwork_model::{AttributePath, Milliseconds, Step, ValueRef};
use formwork_provider_api::{ErrorClass, Finding, OperationSink, ProviderError};
use rollout::Rollout;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// The first and the longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// What takes longer than this is explained while it is waited for, which costs a look at the pods each time.
const EXPLAINED_AFTER: Duration = Duration::from_secs(2);

/// Time that an operation has. The sink may not sleep in earnest (tests): its pauses count as if it had.
pub(crate) struct Patience {
    started: Instant,
    slept: Mutex<Duration>,
    limit: Duration,
}

impl Patience {
    pub(crate) fn new(limit_ms: u64) -> Self {
        Self { started: Instant::now(), slept: Mutex::default(), limit: Duration::from_millis(limit_ms) }
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    pub(crate) fn slept(&self) -> Duration {
        *self.slept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passed(&self) -> Duration {
        self.started.elapsed().max(self.slept())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.passed() >= self.limit
    }

    pub(crate) async fn pause(&self, sink: &dyn OperationSink, pause: Duration) -> Result<(), ProviderError> {
        sink.sleep(pause).await?;
        *self.slept.lock().unwrap_or_else(PoisonError::into_inner) += pause;
        Ok(())
    }
}

/// What is waited for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    rollout: bool,
    established: bool,
    condition: BTreeMap<String, String>,
    field: BTreeMap<String, String>,
    timeout: Option<Milliseconds>,
}

/// How far an object is.
pub(crate) enum Progress {
    /// As wanted.
    Ready,
    /// Not yet, and why.
    Waiting(String),
    /// It will not get there by itself, and why.
    Stuck(String),
}

impl Wanted {
    /// What values ask for.
    ///
    /// # Errors
    /// When `wait` has not the form of its schema.
    pub(crate) fn of(values: ValueRef<'_>) -> Result<Self, ProviderError> {
        match values.get("wait").filter(|wait| !wait.is_null()) {
            Some(wait) => Ok(wait.decode()?),
            None => Ok(Self::default()),
        }
    }

    /// Whether nothing is waited for.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.rollout && !self.established && self.condition.is_empty() && self.field.is_empty()
    }

    fn timeout(&self) -> Duration {
        let milliseconds = self.timeout.map_or(600_000, |timeout| timeout.0);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
    }

    /// How far an object is from it.
    fn judge(&self, identity: &Identity, live: &Json) -> Result<Progress, ProviderError> {
        let mut waiting = Vec::new();
        if self.rollout {
            let rollout = Rollout::of(&identity.kind).ok_or_else(|| no_rollout(identity))?;
            match rollout.judge(live) {
                Progress::Ready => {}
                Progress::Waiting(reason) => waiting.push(reason),
                stuck => return Ok(stuck),
            }
        }
        let established = self.established.then(|| ("Established".to_owned(), "True".to_owned()));
        let conditions = self.condition.iter().map(|(name, status)| (name.clone(), status.clone())).chain(established);
        waiting.extend(conditions.filter_map(|(name, status)| unmet(live, &name, &status)));
        waiting.extend(self.field.iter().filter_map(|(path, text)| unequal(identity, live, path, text)));
        Ok(if waiting.is_empty() { Progress::Ready } else { Progress::Waiting(waiting.join("; ")) })
    }
}

const OTHER_WAITS: &str = "wait for a condition or a field, such as `wait = { condition = { Ready = \"True\" } }`";

fn rollout_path() -> AttributePath {
    AttributePath::member("wait").then(Step::Member("rollout".into()))
}

fn no_rollout(identity: &Identity) -> ProviderError {
    ProviderError::invalid(format!("a {} has no rollout", identity.kind)).at(rollout_path()).help(OTHER_WAITS)
}

/// What is wrong with a `wait`, offline: a rollout of what has none.
pub(crate) fn finding(kind: &str, config: ValueRef<'_>) -> Option<Finding> {
    let rollout = config.get("wait")?.get("rollout")?;
    let wanted = matches!(rollout.view(), formwork_model::View::Bool(true)) && Rollout::of(kind).is_none();
    wanted.then(|| Finding {
        warning: false,
        path: rollout_path(),
        message: format!("a {kind} has no rollout"),
        help: Some(OTHER_WAITS.to_owned()),
    })
}

/// Why a condition does not hold.
fn unmet(live: &Json, name: &str, wanted: &str) -> Option<String> {
    let conditions = live.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
    let text = |condition: &Json, name: &str| condition.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let found = conditions.into_iter().find(|condition| text(condition, "type") == name);
    let Some(found) = found else { return Some(format!("there is no condition {name} yet")) };
    let status = text(found, "status");
    // A condition that speaks of an older version of the object says nothing of this one.
    let generation = live.pointer("/metadata/generation").and_then(Json::as_i64);
    let observed = found.get("observedGeneration").and_then(Json::as_i64);
    if observed.is_some() && observed < generation {
        return Some(format!("the condition {name} is of an older version"));
    }
    if status.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let (reason, message) = (text(found, "reason"), text(found, "message"));
    Some(format!("{name} is {status}{}", joined(&reason, &message)))
}

/// ` (reason: message)`, as far as there is one.
fn joined(reason: &str, message: &str) -> String {
    match (reason.is_empty(), message.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!(" ({reason})"),
        (true, false) => format!(" ({message})"),
        (false, false) => format!(" ({reason}: {message})"),
    }
}

/// Why a field has not the text that it must have. What is in a Secret is not told.
fn unequal(identity: &Identity, live: &Json, path: &str, wanted: &str) -> Option<String> {
    let pointer: String = path.split('.').map(|part| format!("/{part}")).collect();
    let found = live.pointer(&pointer).filter(|value| !value.is_null());
    let text = match found {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => return Some(format!("there is no {path} yet")),
    };
    let told = || match identity.kind == "Secret" {
        true => format!("{path} is not the text that is wanted"),
        false => format!("{path} is {text}, not {wanted}"),
    };
    (wanted != "*" && text != wanted).then(told)
}

/// Waits until an object is as wanted; gives the reason when it is not in time.
pub(crate) async fn until(
    session: &Session,
    served: &Served,
    identity: &Identity,
    wanted: &Wanted,
    patience: &Patience,
    sink: &dyn OperationSink,
) -> Result<Option<String>, ProviderError> {
    if wanted.is_nothing() {
        return Ok(None);
    }
    let own = Patience::new(u64::try_from(wanted.timeout().as_millis()).unwrap_or(u64::MAX));
    let path = served.object(identity.namespace.as_deref(), &identity.name);
    let mut pause = PAUSES.0;
    loop {
        let (reason, live) = match session.get(path.clone(), &format!("reading {}", identity.text())).await {
            Ok(None) => return Err(vanished(identity)),
            Ok(Some(live)) if is_deleting(&live) => return Err(vanished(identity)),
            Ok(Some(live)) => match wanted.judge(identity, &live)? {
                Progress::Ready => return Ok(None),
                Progress::Waiting(reason) => (reason, Some(live)),
                Progress::Stuck(reason) => return Ok(Some(told(session, identity, &live, reason).await)),
            },
            // A look changes nothing: when it fails in passing, look again.
            Err(error) if error.class.is_passing() => (error.message, None),
            Err(error) => return Err(error),
        };
        match &live {
            Some(live) if own.passed() >= EXPLAINED_AFTER => {
                let more = reasons::first(session, identity, live).await;
                let more = more.map(|text| format!("; {text}")).unwrap_or_default();
                sink.progress(&format!("{reason}{more}"));
            }
            _ => sink.progress(&reason),
        }
        if own.is_over() || patience.is_over() {
            let seconds = own.limit().min(patience.limit()).as_secs();
            let reason = format!("not as wanted after {seconds} s: {reason}");
            return Ok(Some(match live {
                Some(live) => told(session, identity, &live, reason).await,
                None => reason,
            }));
        }
        own.pause(sink, pause).await?;
        pause = (pause * 3 / 2).min(PAUSES.1);
    }
}

fn vanished(identity: &Identity) -> ProviderError {
    let error =
        ProviderError::new(ErrorClass::NotFound, format!("{} was deleted while it was waited for", identity.text()));
    match identity.kind.as_str() {
        "Job" => error.help("if it has `ttlSecondsAfterFinished`: a minute leaves time to see how it ended"),
        _ => error,
    }
}

/// The reason with what pods and events say.
async fn told(session: &Session, identity: &Identity, live: &Json, reason: String) -> String {
    let more = reasons::of(session, identity, live).await;
    if more.is_empty() { reason } else { format!("{reason}\n  {}", more.join("\n  ")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn waiting(wanted: &Wanted, kind: &str, live: &Json) -> String {
        let identity = Identity { api_version: "v1".into(), kind: kind.into(), namespace: None, name: "a".into() };
        match wanted.judge(&identity, live).unwrap() {
            Progress::Ready => "ready".to_owned(),
            Progress::Waiting(reason) => format!("waiting: {reason}"),
            Progress::Stuck(reason) => format!("stuck: {reason}"),
        }
    }

    #[test]
    fn conditions_and_fields_are_judged() {
        let wanted = Wanted {
            condition: [("Ready".to_owned(), "True".to_owned())].into(),
            field: [("status.ports.0.port".to_owned(), "80".to_owned()), ("status.ip".to_owned(), "*".to_owned())]
                .into(),
            ..Wanted::default()
        };
        let live = json!({ "metadata": { "generation": 2 }, "status": {
            "conditions": [{ "type": "Ready", "status": "False", "reason": "Slow", "message": "soon" }], "ports": [{ "port": 81 }],
        } });
        let text = waiting(&wanted, "Thing", &live);
        assert!(text.contains("Ready is False (Slow: soon)"), "{text}");
        assert!(text.contains("status.ports.0.port is 81, not 80") && text.contains("no status.ip yet"), "{text}");
        let live = json!({ "metadata": { "generation": 2 }, "status": {
            "conditions": [{ "type": "Ready", "status": "True", "observedGeneration": 1 }], "ports": [{ "port": 80 }], "ip": "::1",
        } });
        assert!(waiting(&wanted, "Thing", &live).contains("older version"));
    }

    #[test]
    fn texts_of_a_secret_are_not_told() {
        let wanted =
            Wanted { field: [("data.password".to_owned(), "b3RoZXI=".to_owned())].into(), ..Wanted::default() };
        let text = waiting(&wanted, "Secret", &json!({ "data": { "password": "aHVudGVyMg==" } }));
        assert!(text.contains("data.password") && !text.contains("aHVudGVyMg") && !text.contains("b3RoZXI"), "{text}");
    }

    #[test]
    fn what_has_no_rollout_says_so() {
        let wanted = Wanted { rollout: true, ..Wanted::default() };
        let identity =
            Identity { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: None, name: "a".into() };
        assert_eq!(wanted.judge(&identity, &json!({})).err().unwrap().class, ErrorClass::Invalid);
        let config = formwork_model::value::from_json(&json!({ "wait": { "rollout": true } }));
        let config = formwork_model::ValueBuf::from(config);
        assert!(finding("ConfigMap", config.view()).is_some() && finding("Deployment", config.view()).is_none());
    }
}
