//! Failures of providers as diagnostics: what, where, why, and what to do.

use formwork_model::{Address, Code, Diagnostic, Span, TypeName};
use formwork_provider_api::{ErrorClass, ProviderError};

/// What a call was about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What was tried, as it reads behind "cannot": "create", "read".
    pub verb: &'a str,
    /// The object.
    pub address: &'a Address,
    /// Its type.
    pub type_name: &'a TypeName,
    /// Where its block stands, if it still does.
    pub span: Option<Span>,
}

/// The stable code of a class; each has a page.
#[must_use]
pub const fn class_code(class: ErrorClass) -> Code {
    Code::new(match class {
        ErrorClass::Retryable => "E4001",
        ErrorClass::AnswerLost => "E4002",
        ErrorClass::Unreachable => "E4003",
        ErrorClass::Conflict => "E4004",
        ErrorClass::NotFound => "E4005",
        ErrorClass::Forbidden => "E4006",
        ErrorClass::Quota => "E4007",
        ErrorClass::Invalid => "E4008",
        ErrorClass::Unsupported => "E4009",
        ErrorClass::Timeout => "E4010",
        ErrorClass::Cancelled => "E4011",
        ErrorClass::Other => "E4012",
    })
}

/// What people can do about a class, when the provider does not know better.
const fn advice(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Retryable => {
            "the service kept refusing; run the same command again later, it goes on where it stopped"
        }
        ErrorClass::AnswerLost => "run the same command again: it finds out first what was done",
        ErrorClass::Unreachable => {
            "check the endpoint, the network, HTTPS_PROXY and the CA bundle (FORMWORK_CA_BUNDLE)"
        }
        ErrorClass::Conflict => {
            "an object of that name exists or is being changed; rename yours, or write `import \"ID\" -> ADDRESS`"
        }
        ErrorClass::NotFound => "check the name, the account and the region; something may have been deleted by hand",
        ErrorClass::Forbidden => "check which credentials are used and what they are allowed to do",
        ErrorClass::Quota => "raise the account's limit, or delete what is not needed",
        ErrorClass::Invalid => "change the attribute that the message names",
        ErrorClass::Unsupported => "see the provider's page for what the type can do",
        ErrorClass::Timeout => "it may still be going on: run the same command again, or raise `@timeout(…)`",
        ErrorClass::Cancelled => "run the same command again: it goes on where it stopped",
        ErrorClass::Other => "run again with FORMWORK_LOG=debug to see the requests and answers",
    }
}

/// The diagnostic of a failed call.
#[must_use]
pub fn diagnostic(subject: Subject<'_>, error: &ProviderError) -> Diagnostic {
    // A provider's own block has no type.
    let type_name = match subject.type_name.name.as_str() {
        "" => String::new(),
        _ => format!(" ({})", subject.type_name),
    };
    let path = error.path.as_ref().filter(|path| !path.steps().is_empty());
    let place = path.map_or_else(String::new, |path| format!(", attribute `{path}`"));
    let message = format!("cannot {} `{}`{type_name}{place}: {}", subject.verb, subject.address, error.message);
    let mut diagnostic = Diagnostic::error(class_code(error.class), message)
        .help(error.help.clone().unwrap_or_else(|| advice(error.class).to_owned()));
    if let Some(span) = subject.span {
        diagnostic = diagnostic.at(span, format!("cannot {} this", subject.verb));
    }
    if !error.code.is_empty() {
        diagnostic = diagnostic.note(format!("the service's code: {}", error.code));
    }
    if !error.request_id.is_empty() {
        diagnostic = diagnostic.note(format!("request id: {}", error.request_id));
    }
    diagnostic
}
