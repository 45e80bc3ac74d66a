//! Long operations: how an answer says that it goes on, how it is followed, when it is over.
//!
//! An answer's status says nothing of it. A header names where to ask; without one, a resource whose `provisioningState` is
//! not a final one is asked itself; else it is over. Every state but `Succeeded`, `Failed` and `Canceled` means that it runs.

use crate::arm::error::{is_not_found, of_operation};
use crate::arm::{Answer, ArmClient, ResourceId};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{Checkpoint, ErrorClass, OperationSink, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// Where a long operation is asked about. It is recorded before the first question, so that a resumed run goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handle {
    /// What is asked.
    pub(crate) kind: Kind,
    /// The address, verbatim; the resource's id for [`Kind::Resource`].
    pub(crate) address: String,
    /// The version with which a resource is asked.
    pub(crate) api_version: String,
    /// When to ask first, in seconds.
    pub(crate) first_s: Option<u64>,
}

/// What is asked about a long operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// An operation: its `status` decides.
    Status,
    /// A result: 202 until it is there.
    Result,
    /// The resource: its `provisioningState` decides.
    Resource,
    /// The resource, until it is gone.
    Gone,
}

impl Handle {
    /// What the answer to a PUT or PATCH says; none where it is over.
    pub(crate) fn of_change(answer: &Answer, id: &ResourceId, api_version: &str) -> Option<Self> {
        let named = Self::named(answer, id, api_version);
        let running = matches!(state(&answer.body), State::Running(_)) || answer.status == 202;
        named.or_else(|| running.then(|| Self::resource(Kind::Resource, id, api_version, answer.retry_after_s)))
    }

    /// What the answer to a DELETE says; none where it is over.
    pub(crate) fn of_delete(answer: &Answer, id: &ResourceId, api_version: &str) -> Option<Self> {
        let named = Self::named(answer, id, api_version);
        let running = answer.status == 202;
        named.or_else(|| running.then(|| Self::resource(Kind::Gone, id, api_version, answer.retry_after_s)))
    }

    /// Asks the resource itself.
    pub(crate) fn resource(kind: Kind, id: &ResourceId, api_version: &str, first_s: Option<u64>) -> Self {
        Self { kind, address: id.as_str().to_owned(), api_version: api_version.to_owned(), first_s }
    }

    fn named(answer: &Answer, id: &ResourceId, api_version: &str) -> Option<Self> {
        let with = |kind, address: &String| Self {
            kind,
            address: address.clone(),
            api_version: api_version.to_owned(),
            first_s: answer.retry_after_s,
        };
        if let Some(address) = &answer.async_operation {
            return Some(with(Kind::Status, address));
        }
        // With 201, and where it is the resource itself, `Location` names what was made and no operation.
        let location = answer.location.as_ref().filter(|_| answer.status == 202);
        location.filter(|location| !names_resource(location, id)).map(|location| with(Kind::Result, location))
    }

    /// As it is recorded.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was recorded.
    pub(crate) fn from_checkpoint(checkpoint: Option<&Checkpoint>) -> Option<Self> {
        serde_json::from_str(&checkpoint?.poll).ok()
    }
}

/// What is recorded of an object whose operation is under way.
pub(crate) fn checkpoint_of(id: &ResourceId, handle: Option<&Handle>) -> Checkpoint {
    let identity = ValueBuf::from(Value::map([("id", Value::string(id.as_str()))]));
    let poll = handle.map(Handle::to_text).unwrap_or_default();
    Checkpoint { identity, private: Vec::new(), poll }
}

/// Where the create of an object that was found is asked about: as it was recorded, else at the object itself.
pub(crate) fn under_way(recorded: Option<&Checkpoint>, id: &ResourceId, api_version: &str) -> Checkpoint {
    let handle =
        Handle::from_checkpoint(recorded).unwrap_or_else(|| Handle::resource(Kind::Resource, id, api_version, None));
    checkpoint_of(id, Some(&handle))
}

fn names_resource(location: &str, id: &ResourceId) -> bool {
    let path = location.split('?').next().unwrap_or_default().to_lowercase();
    path.ends_with(&id.key())
}

/// How far a resource or an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It ended well, or says nothing.
    Done,
    /// It ended badly.
    Failed,
    /// It goes on; in its own words.
    Running(String),
}

/// The state that a resource tells.
pub(crate) fn state(body: &Json) -> State {
    of_word(word(body))
}

/// The resource's own word for it.
pub(crate) fn word(body: &Json) -> Option<&str> {
    body.get("properties").unwrap_or(body).get("provisioningState").and_then(Json::as_str)
}

/// Whether a resource is on its way out.
pub(crate) fn is_deleting(body: &Json) -> bool {
    matches!(state(body), State::Running(word) if word.eq_ignore_ascii_case("deleting"))
}

/// Whether a resource is being made.
pub(crate) fn is_creating(body: &Json) -> bool {
    matches!(state(body), State::Running(word) if word.eq_ignore_ascii_case("creating"))
}

fn of_word(word: Option<&str>) -> State {
    match word.map(|word| (word, word.to_ascii_lowercase())) {
        None => State::Done,
        Some((_, lower)) if lower == "succeeded" || lower.is_empty() => State::Done,
        Some((_, lower)) if matches!(lower.as_str(), "failed" | "canceled" | "cancelled") => State::Failed,
        Some((word, _)) => State::Running(word.to_owned()),
    }
}

/// What waits for a long operation.
pub(crate) struct Waiting<'a> {
    /// Sleeps, and tells people.
    pub(crate) sink: &'a dyn OperationSink,
    /// Time limit.
    pub(crate) timeout: Duration,
    /// What is being done, for people: `creating the subnet aks`.
    pub(crate) what: String,
}

/// The pause where the service does not say: it begins so long and grows by half up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// A service that says "in an hour" is asked earlier.
const LONGEST_TOLD: u64 = 180;

impl Waiting<'_> {
    /// Follows an operation to its end.
    ///
    /// # Errors
    /// What the operation ended with, classified; `Timeout` when the time limit passes; `Cancelled`.
    pub(crate) async fn until_done(&self, client: &ArmClient, handle: Handle) -> Result<(), ProviderError> {
        let mut handle = handle;
        let (started, mut slept) = (Instant::now(), Duration::ZERO);
        let mut own = FIRST_PAUSE;
        let mut told = handle.first_s;
        loop {
            // The sink may not sleep in earnest (tests): its pauses count as if it had.
            let spent = started.elapsed().max(slept);
            if spent >= self.timeout {
                return Err(self.too_long());
            }
            let pause = told.map_or(own, |seconds| Duration::from_secs(seconds.clamp(1, LONGEST_TOLD)));
            let pause = pause.min(self.timeout.saturating_sub(spent));
            self.sink.sleep(pause).await?;
            slept += pause;
            own = (own * 3 / 2).min(LONGEST_PAUSE);
            let (looked, next) = match self.look(client, &mut handle).await {
                Ok(looked) => looked,
                // A look changes nothing: when it fails in passing, look again.
                Err(error) if error.class.is_passing() => {
                    (State::Running(error.message), error.retry_after_ms.map(|ms| ms / 1000))
                }
                Err(error) => return Err(error),
            };
            told = next;
            match looked {
                State::Running(word) => self.sink.progress(&format!("{}: {word}", self.what)),
                State::Done | State::Failed => return Ok(()),
            }
        }
    }

    fn too_long(&self) -> ProviderError {
        let seconds = self.timeout.as_secs();
        ProviderError::new(ErrorClass::Timeout, format!("{}: not finished after {seconds} s", self.what))
            .help("raise the limit with `@timeout(…)`")
    }

    /// One look. A failed operation is an error.
    async fn look(&self, client: &ArmClient, handle: &mut Handle) -> Result<(State, Option<u64>), ProviderError> {
        match handle.kind {
            Kind::Status => self.look_at_status(client, handle).await,
            Kind::Result => self.look_for_result(client, handle).await,
            Kind::Resource | Kind::Gone => self.look_at_resource(client, handle).await,
        }
    }

    async fn look_at_status(&self, client: &ArmClient, handle: &Handle) -> Result<(State, Option<u64>), ProviderError> {
        let answer = match client.follow(&handle.address).await {
            Ok(answer) => answer,
            // The service forgets operations that ended long ago: the caller reads the resource anyway.
            Err(error) if is_not_found(&error) => return Ok((State::Done, None)),
            Err(error) => return Err(error),
        };
        let word = answer.body.get("status").and_then(Json::as_str);
        // Without a word only the HTTP status is left.
        let looked = match word {
            None if answer.status == 202 => State::Running("in progress".to_owned()),
            word => of_word(word),
        };
        match looked {
            // The word decides: some services put an `error` beside a success.
            State::Failed => Err(of_operation(&answer.body, &self.what)),
            looked => Ok((looked, answer.retry_after_s)),
        }
    }

    async fn look_for_result(
        &self,
        client: &ArmClient,
        handle: &mut Handle,
    ) -> Result<(State, Option<u64>), ProviderError> {
        let answer = match client.follow(&handle.address).await {
            Ok(answer) => answer,
            Err(error) if is_not_found(&error) => return Ok((State::Done, None)),
            Err(error) => return Err(error),
        };
        if let Some(address) = answer.location.filter(|_| answer.status == 202) {
            handle.address = address;
        }
        let running = || State::Running("in progress".to_owned());
        let looked =
            if answer.status == 202 { running() } else { of_word(answer.body.get("status").and_then(Json::as_str)) };
        match looked {
            State::Failed => Err(of_operation(&answer.body, &self.what)),
            looked => Ok((looked, answer.retry_after_s)),
        }
    }

    async fn look_at_resource(
        &self,
        client: &ArmClient,
        handle: &Handle,
    ) -> Result<(State, Option<u64>), ProviderError> {
        let id = ResourceId::expect(&handle.address)?;
        let Some(answer) = client.get(&id, &handle.api_version).await? else {
            let not_shown = State::Running("not shown yet".to_owned());
            return Ok((if handle.kind == Kind::Gone { State::Done } else { not_shown }, None));
        };
        let looked = match (handle.kind, state(&answer.body)) {
            (Kind::Gone, State::Done) => State::Running("still there".to_owned()),
            (_, looked) => looked,
        };
        match looked {
            State::Failed => Err(ended_badly(&answer.body, &self.what)),
            looked => Ok((looked, answer.retry_after_s)),
        }
    }
}

fn ended_badly(body: &Json, what: &str) -> ProviderError {
    let word = word(body).unwrap_or("Failed");
    ProviderError::new(ErrorClass::Other, format!("{what}: it ended as {word}, without a reason"))
        .help("the activity log of the resource in the portal has the reason")
}
