//! Scripted faults: which call fails, and how.

use formwork_provider_api::{ErrorClass, ProviderError};
use serde::{Deserialize, Serialize};

/// A scripted fault. What is left out matches anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fault {
    /// `create`, `update`, `delete`, `read`, `find`, `list`, `plan`, `import`, `poll`, `read_data`, `open`, `renew`,
    /// `close` or `configure`.
    pub call: Option<String>,
    /// The type's name.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// Only the nth matching call, counted from 1, over all processes.
    pub nth: Option<u64>,
    /// Only the first so many matching calls.
    pub times: Option<u64>,
    /// Of a read: the call is answered, and says of its first object alone that it could not be read.
    pub first_row: bool,
    /// What happens; none for a delay alone.
    pub class: Option<FaultKind>,
    /// Waits so long before the cloud does anything.
    pub delay_ms: u64,
    /// Waits so long after the cloud has done it, before the provider has the answer.
    pub answer_delay_ms: u64,
    /// What an error says when to try again.
    pub retry_after_ms: Option<u64>,
    /// The error's text; may hold anything that a careless cloud would say.
    pub message: Option<String>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is refused with class [`ErrorClass::Retryable`]; nothing is done.
    Retryable,
    /// Nothing is done, and the connection is lost before the answer.
    #[serde(alias = "answer_lost")]
    AnswerLostBefore,
    /// It is done, and the connection is lost before the answer.
    AnswerLostAfter,
    /// Nothing answers.
    Unreachable,
    /// Another change is in progress.
    Conflict,
    /// There is no such object.
    NotFound,
    /// The credentials are too weak.
    Forbidden,
    /// A limit is reached.
    Quota,
    /// The request can never work.
    Invalid,
    /// The provider cannot do this.
    Unsupported,
    /// It took too long.
    Timeout,
    /// The run was cancelled.
    Cancelled,
    /// Anything else.
    Other,
    /// It is done half-way: a create leaves a broken object, an update changes one attribute.
    Partial,
    /// A wait for readiness ran out: the object is there, incomplete.
    Incomplete,
    /// The provider panics.
    Panic,
    /// The answer contradicts what was planned, or changes a type.
    WrongAnswer,
    /// One entry of a read is missing.
    WrongCount,
}

impl FaultKind {
    /// The class of the error that it gives before anything is done; none where it gives none, or only afterwards.
    #[must_use]
    pub const fn refusal(self) -> Option<ErrorClass> {
        Some(match self {
            Self::Retryable => ErrorClass::Retryable,
            Self::AnswerLostBefore => ErrorClass::AnswerLost,
            Self::Unreachable => ErrorClass::Unreachable,
            Self::Conflict => ErrorClass::Conflict,
            Self::NotFound => ErrorClass::NotFound,
            Self::Forbidden => ErrorClass::Forbidden,
            Self::Quota => ErrorClass::Quota,
            Self::Invalid => ErrorClass::Invalid,
            Self::Unsupported => ErrorClass::Unsupported,
            Self::Timeout => ErrorClass::Timeout,
            Self::Cancelled => ErrorClass::Cancelled,
            Self::Other => ErrorClass::Other,
            Self::AnswerLostAfter
            | Self::Partial
            | Self::Incomplete
            | Self::Panic
            | Self::WrongAnswer
            | Self::WrongCount => return None,
        })
    }
}

impl Fault {
    /// A fault of this kind for every call; narrow it with the other methods.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { class: Some(kind), ..Self::default() }
    }

    /// Only this call.
    #[must_use]
    pub fn call(mut self, call: &str) -> Self {
        self.call = Some(call.to_owned());
        self
    }

    /// Only objects of this type.
    #[must_use]
    pub fn of_type(mut self, type_name: &str) -> Self {
        self.type_name = Some(type_name.to_owned());
        self
    }

    /// Only objects of this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only the nth matching call, counted from 1.
    #[must_use]
    pub const fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Only the first so many matching calls.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only the first object of a read: the call itself does not fail.
    #[must_use]
    pub const fn first_row(mut self) -> Self {
        self.first_row = true;
        self
    }

    /// Whether it is about this call, its count apart.
    #[must_use]
    pub fn matches(&self, call: &str, type_name: &str, name: &str) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        fits(&self.call, call) && fits(&self.type_name, type_name) && fits(&self.name, name)
    }

    /// Whether the `count`th matching call is hit.
    #[must_use]
    pub fn hits(&self, count: u64) -> bool {
        self.nth.is_none_or(|nth| nth == count) && self.times.is_none_or(|times| count <= times)
    }

    /// What names it among others, for counting its calls.
    #[must_use]
    pub fn key(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The error of `class` that it gives.
    #[must_use]
    pub fn error(&self, class: ErrorClass) -> ProviderError {
        let message = self.message.clone().unwrap_or_else(|| format!("scripted fault: {class:?}"));
        let mut error = ProviderError::new(class, message).vendor("ScriptedFault", "mock-request");
        error.retry_after_ms = self.retry_after_ms;
        error
    }
}
