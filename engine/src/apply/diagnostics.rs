//! E2xxx: what can go wrong while applying, apart from what providers answer.

use formwork_model::{Address, AttributePath, Code, Diagnostic, Span};

/// A failure of an apply.
#[derive(Clone, Debug)]
pub enum ApplyError {
    /// A config still holds unknowns although all that it depends on is done.
    StillUnknown {
        /// Whose.
        address: Address,
        /// What it waits for.
        waits_for: Vec<(Address, AttributePath)>,
        /// Where the block stands.
        span: Option<Span>,
    },
    /// The row that an operation works on is not in state any more.
    RowMissing {
        /// Whose.
        address: Address,
    },
    /// Whether an object exists cannot be told.
    Uncertain {
        /// Whose.
        address: Address,
        /// Why.
        reason: String,
    },
    /// An object of that name exists that this stack did not make.
    Foreign {
        /// Whose.
        address: Address,
        /// What was found.
        found: String,
        /// By which it can be imported, where that is known.
        id: Option<String>,
        /// The address has an object already: it may be that one.
        replaces: bool,
    },
    /// An assert failed at apply.
    CheckFailed {
        /// What it says.
        message: String,
        /// Where.
        span: Span,
    },
    /// The object was made, but is not as wanted yet.
    Incomplete {
        /// Whose.
        address: Address,
        /// Why.
        reason: String,
    },
}

impl ApplyError {
    /// As it is shown.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::StillUnknown { address, waits_for, span } => still_unknown(address, waits_for, *span),
            Self::RowMissing { address } => error("E2002", format!("`{address}` is not in the state any more"))
                .help("another run changed the state; make a new plan"),
            Self::Uncertain { address, reason } => {
                error("E2004", format!("whether `{address}` was created cannot be told: {reason}")).help(format!(
                    "look in the cloud, then run `formwork state resolve '{address}' --adopt ID` or `… --absent`"
                ))
            }
            Self::Foreign { address, found, replaces: true, .. } => {
                error("E2005", format!("the new `{address}` cannot have its name: {found}")).help(
                    "the object that it replaces may have that name: choose another one, or remove `@create_first`",
                )
            }
            Self::Foreign { address, found, id, replaces: false } => {
                let id = id.as_deref().unwrap_or("ID");
                error("E2005", format!("`{address}` exists already and was not made by this stack: {found}"))
                    .help(format!("choose another name, or take it over with `import {id:?} -> {address}`"))
            }
            Self::CheckFailed { message, span } => error("E2006", message.clone()).at(*span, "this does not hold"),
            Self::Incomplete { address, reason } => {
                error("E2008", format!("`{address}` exists but is not ready: {reason}"))
                    .help("remove the cause, or correct its block, then run the same command again: that repairs the object instead of making \
                     another")
            }
        }
    }
}

fn error(code: &'static str, message: String) -> Diagnostic {
    Diagnostic::error(Code::new(code), message)
}

fn still_unknown(address: &Address, waits_for: &[(Address, AttributePath)], span: Option<Span>) -> Diagnostic {
    let waits: Vec<String> = waits_for.iter().map(|(object, path)| format!("`{object}.{path}`")).collect();
    let message = format!("the config of `{address}` is still not known; it waits for {}", waits.join(", "));
    let diagnostic = error("E2001", message)
        .help("the provider did not tell these values when it created the objects; please report this");
    match span {
        Some(span) => diagnostic.at(span, ""),
        None => diagnostic,
    }
}

/// The provider warns of an object that it made or changed.
pub(crate) fn warned(address: &Address, message: &str) -> Diagnostic {
    Diagnostic::warning(Code::new("W1005"), format!("`{address}`: {message}"))
}

/// The store's writer has ended without an answer.
pub(crate) fn writer_gone() -> Diagnostic {
    error("E2010", "the state can no longer be written: its writer has ended".into())
        .help("run the same command again; everything that was acknowledged is recorded")
}

/// A task of the engine has broken down.
pub(crate) fn task_broke_down(message: &str) -> Diagnostic {
    error("E2011", format!("an internal task broke down: {message}"))
        .help("run the same command again: it goes on where it stopped; please report this")
}
