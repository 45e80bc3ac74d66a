//! What can be wrong with a stack as a whole when it is evaluated, beyond faults of single values.

use formwork_model::{Code, Diagnostic, Span};

/// A mistake that evaluation finds.
pub(super) enum Problem {
    /// E0609
    Assert { span: Span, message: String },
    /// E0611
    SecretKeys { span: Span, what: &'static str },
    /// E0613
    NoProviderInstance { span: Span, provider: String, key: Option<String>, known: Vec<String> },
    /// E0613
    ProviderAbsent { span: Span, provider: String },
    /// E0614
    TooManyCalls,
    /// E0617
    UnknownAddress { span: Span, what: &'static str },
    /// E0619
    BadKey { span: Span, found: String },
    /// E0590
    NoValue { span: Span, name: String, ty: String },
}

impl Problem {
    /// As it is reported.
    pub(super) fn into_diagnostic(self) -> Diagnostic {
        match self {
            Self::Assert { span, message } => error("E0609", message)
                .at(span, "this does not hold")
                .help("change the values that it speaks of, or the condition"),
            Self::SecretKeys { span, what } => {
                error("E0611", format!("the keys of {what} are secret, but they would stand in every plan"))
                    .at(span, "this is secret")
                    .help("go through something that is not secret, and look the secret values up by key")
            }
            Self::NoProviderInstance { span, provider, key, known } => no_instance(span, &provider, key, &known),
            Self::ProviderAbsent { span, provider } => {
                error("E0613", format!("the provider `{provider}` is not configured here: its `if` does not hold"))
                    .at(span, "needs the provider")
                    .help("give this block the same `if`")
            }
            Self::TooManyCalls => error("E0614", "modules call each other more than 100,000 times")
                .help("call a module once with `for` instead of many times"),
            Self::UnknownAddress { span, what } => {
                error("E0617", format!("{what} must be known before anything is created"))
                    .at(span, "waits for the cloud")
                    .help("use a literal, a param or a `let` that does not depend on a resource")
            }
            Self::BadKey { span, found } => error("E0619", format!("an instance cannot have {found} as its key"))
                .at(span, "keys are texts, and not empty")
                .help("go through a map, or a set of strings"),
            Self::NoValue { span, name, ty } => error("E0590", format!("the param `{name}` has no value"))
                .at(span, "needs a value")
                .help(format!("write `{name} = …` ({ty}) into the environment's overlay, or give it a default")),
        }
    }
}

fn error(code: &'static str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::new(code), message)
}

fn no_instance(span: Span, provider: &str, key: Option<String>, known: &[String]) -> Diagnostic {
    let (message, help) = match key {
        Some(key) => (
            format!("the provider `{provider}` has no instance {key:?}"),
            if known.is_empty() { "its `for` gives none".into() } else { format!("there is {}", known.join(", ")) },
        ),
        None => (
            format!("no instance of the provider `{provider}` reaches this module"),
            format!("add `provider {provider} {{ … }}`, or pass one: `with {{ {provider} = … }}`"),
        ),
    };
    error("E0613", message).at(span, "needs the provider").help(help)
}
