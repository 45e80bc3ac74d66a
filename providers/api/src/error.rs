//! Classified errors. Providers classify, the engine decides what to do.

use formwork_model::{AttributePath, ValueBuf};
use serde::{Deserialize, Serialize};

/// What kind of failure it is; decides retries and the advice that people get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Try again: throttled, busy, a passing fault. Nothing was changed, or repeating is harmless.
    Retryable,
    /// The connection was lost after the request may have been sent: whether it was done is not known.
    AnswerLost,
    /// Nothing answers at the endpoint, or TLS fails: nothing was sent.
    Unreachable,
    /// An object of that name exists, or another change is in progress.
    Conflict,
    /// There is no such object.
    NotFound,
    /// Credentials are missing, wrong or too weak.
    Forbidden,
    /// A limit of the account is reached.
    Quota,
    /// The request can never work as it is.
    Invalid,
    /// The provider cannot do this.
    Unsupported,
    /// It took longer than its time limit.
    Timeout,
    /// The run was cancelled while it waited.
    Cancelled,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// Whether asking again may help, where asking changes nothing.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Retryable | Self::AnswerLost | Self::Unreachable)
    }

    /// The class of a vendor's code: by the code itself, in whatever case, else by the first of the words that occurs in it.
    #[must_use]
    pub fn of_code(code: &str, exact: &[(&str, Self)], words: &[(&str, Self)]) -> Option<Self> {
        let exact = exact.iter().find(|(name, _)| name.eq_ignore_ascii_case(code));
        exact.or_else(|| words.iter().find(|(word, _)| code.contains(word))).map(|(_, class)| *class)
    }
}

/// A failed call. Its texts hold no secrets; the engine scrubs them by value once more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What kind.
    pub class: ErrorClass,
    /// What happened, in the vendor's words where there are any.
    pub message: String,
    /// The vendor's code, such as `DependencyViolation`; empty for none.
    pub code: String,
    /// The vendor's request id; empty for none.
    pub request_id: String,
    /// The attribute that it is about.
    pub path: Option<AttributePath>,
    /// When to try again, in milliseconds, if the cloud said so.
    pub retry_after_ms: Option<u64>,
    /// What to do about it, where the provider knows better than the engine.
    pub help: Option<String>,
    /// The object as far as it got, when a create or update failed half-way.
    pub partial: Option<Box<crate::StoredObject>>,
}

impl ProviderError {
    /// An error with class and message.
    #[must_use]
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            code: String::new(),
            request_id: String::new(),
            path: None,
            retry_after_ms: None,
            help: None,
            partial: None,
        }
    }

    /// The request can never work as it is.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Invalid, message)
    }

    /// The provider cannot do this.
    #[must_use]
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Unsupported, message)
    }

    /// The vendor's code and request id.
    #[must_use]
    pub fn vendor(mut self, code: impl Into<String>, request_id: impl Into<String>) -> Self {
        self.code = code.into();
        self.request_id = request_id.into();
        self
    }

    /// The attribute that it is about.
    #[must_use]
    pub fn at(mut self, path: AttributePath) -> Self {
        self.path = Some(path);
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// When to try again.
    #[must_use]
    pub const fn retry_after_ms(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }

    /// The object as far as it got.
    #[must_use]
    pub fn partial(mut self, object: crate::StoredObject) -> Self {
        self.partial = Some(Box::new(object));
        self
    }
}

/// Makes an error that says "not there" into `None`.
///
/// # Errors
/// Every other one.
pub fn found<T>(result: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl From<formwork_model::value::DecodeError> for ProviderError {
    /// The engine gave a value that the schema does not allow, or a stored one is damaged.
    fn from(error: formwork_model::value::DecodeError) -> Self {
        Self::invalid(error.message).at(error.path)
    }
}

impl From<formwork_model::value::EncodeError> for ProviderError {
    fn from(error: formwork_model::value::EncodeError) -> Self {
        Self::new(ErrorClass::Other, error.to_string())
    }
}

/// Shorthand for values that are not there.
#[must_use]
pub fn null() -> ValueBuf {
    ValueBuf::null()
}
