//! What is reported to people: a stable code, a message, where, why, and what to write instead.

use crate::Span;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The stable name of a kind of diagnostic, such as `E0312`. Never reused; each has a page under `docs/diagnostics`.
///
/// Ranges: E01 lexical, E02 syntax, E03 names, E04 types, E05 overlays, E06 evaluation, E1 plan, E2 apply, E3 state,
/// E4 provider classes; warnings likewise with `W`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code(pub Cow<'static, str>);

impl Code {
    /// A code known when the program is built.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The command fails.
    Error,
    /// The command goes on; exit code unchanged.
    Warning,
}

/// A place that the message speaks of, with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be seen there; may be empty.
    pub text: String,
}

/// One thing to tell. It never contains the text of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence without a full stop: what is wrong.
    pub message: String,
    /// The place it is about; none for what has no place in a source (state, network).
    pub primary: Option<Label>,
    /// Places it conflicts with.
    pub labels: Vec<Label>,
    /// What to write or do instead.
    pub help: Option<String>,
    /// Further facts, one a line (why, which address, which endpoint).
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error without place.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A warning without place.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            primary: None,
            labels: Vec::new(),
            help: None,
            notes: Vec::new(),
        }
    }

    /// Says where, with the words that stand under the mark (may be empty).
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Adds a place that it conflicts with.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to write or do instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Whether the command must fail.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The order of a report: by file, then by place, then by code; what has no place comes first.
    #[must_use]
    pub fn sort_key(&self) -> (Option<Span>, &Code, &str) {
        (self.primary.as_ref().map(|label| label.span), &self.code, &self.message)
    }
}

/// Sorts a report by place and drops exact repetitions.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
    diagnostics.dedup();
}
