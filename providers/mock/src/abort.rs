//! Ends the process at a chosen place of a call, for crash tests: `FORMWORK_MOCK_ABORT=create:web:after_send`.
//!
//! Several places are separated by `,`; `*` stands for any name. It is an abort, not a panic: nothing is unwound,
//! nothing is flushed, as with `kill -9`.

use std::sync::OnceLock;

/// Name of the variable.
pub const VARIABLE: &str = "FORMWORK_MOCK_ABORT";

/// A place in a call; those that change nothing have only the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The engine has asked; the cloud has heard nothing.
    BeforeSend,
    /// The cloud has done it; the provider has not read the answer.
    AfterSend,
    /// The identity is recorded.
    AfterCheckpoint,
    /// Everything is done; the engine has not heard of it.
    BeforeAnswer,
}

impl Window {
    /// How the variable writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BeforeSend => "before_send",
            Self::AfterSend => "after_send",
            Self::AfterCheckpoint => "after_checkpoint",
            Self::BeforeAnswer => "before_answer",
        }
    }
}

/// Aborts the process if the variable names this place.
pub(crate) fn here(call: &str, name: &str, window: Window) {
    static PLACES: OnceLock<String> = OnceLock::new();
    let places = PLACES.get_or_init(|| std::env::var(VARIABLE).unwrap_or_default());
    if !places.is_empty() && names(places, call, name, window) {
        std::process::abort();
    }
}

fn names(places: &str, call: &str, name: &str, window: Window) -> bool {
    places.split(',').any(|place| {
        let matched = place.split_once(':').and_then(|(wanted, rest)| Some((wanted, rest.rsplit_once(':')?)));
        matched.is_some_and(|(wanted_call, (wanted_name, wanted_window))| {
            wanted_call == call && (wanted_name == "*" || wanted_name == name) && wanted_window == window.word()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let places = "create:web:after_send,delete:*:before_answer";
        assert!(names(places, "create", "web", Window::AfterSend));
        assert!(!names(places, "create", "web", Window::BeforeSend));
        assert!(!names(places, "create", "api", Window::AfterSend));
        assert!(names(places, "delete", "kind/a:b", Window::BeforeAnswer));
    }
}
