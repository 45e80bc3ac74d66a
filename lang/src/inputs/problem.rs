//! What can be wrong with the values that a stack is given.

use formwork_model::{AttributePath, Code, Diagnostic, Span};

/// A mistake in a layer.
#[derive(Debug)]
pub(crate) enum Problem {
    /// E0591
    NoSuchParam { layer: String, name: String, nearest: Option<String> },
    /// E0592
    SecretFlag { name: String },
    /// E0593
    NotAnExpression { layer: String, ty: String, reason: String },
    /// E0594: something stands below a value that has no parts.
    NotBelow { path: AttributePath },
    /// E0594
    NoItem { path: AttributePath, index: u32, length: usize },
    /// E0595
    NotAList { path: AttributePath, found: &'static str },
    /// W0596
    NothingToRemove,
    /// E0597
    NoSuchEnvironment { name: String, nearest: Option<String>, known: Vec<String> },
}

impl Problem {
    /// As it is reported.
    pub(crate) fn into_diagnostic(self, span: Option<Span>) -> Diagnostic {
        let diagnostic = self.bare();
        match span {
            Some(span) => diagnostic.at(span, ""),
            None => diagnostic,
        }
    }

    fn bare(self) -> Diagnostic {
        match self {
            Self::NoSuchParam { layer, name, nearest } => {
                let help = match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => "declare it with `param NAME: TYPE`, or leave it out".into(),
                };
                error("E0591", format!("{layer}: the stack has no param `{name}`")).help(help)
            }
            Self::SecretFlag { name } => {
                error("E0592", format!("`--var` takes no secrets, and the param `{name}` is secret")).help(format!(
                    "process listings and shell history would show it; write `{name} = secret_from(\"env:NAME\")` \
                         into the overlay, or set `FORMWORK_VAR_{name}`"
                ))
            }
            Self::NotAnExpression { layer, ty, reason } => error("E0593", format!("{layer}: {reason}"))
                .help(format!("the param takes {ty}; quote texts within it, as in `[\"a\", \"b\"]`")),
            Self::NotBelow { path } => {
                let what = if path.steps().is_empty() { "the param".into() } else { format!("`{path}`") };
                error("E0594", format!("{what} has no parts that could be set"))
                    .help("set the whole value, or use `replace`")
            }
            Self::NoItem { path, index, length } => {
                error("E0594", format!("`{path}` has no item {index}: it has {length}"))
                    .help("items count from 0; `+=` appends")
            }
            Self::NotAList { path, found } => {
                let what = if path.steps().is_empty() { "the param".into() } else { format!("`{path}`") };
                error("E0595", format!("`+=` appends lists, but {what} is {found}"))
                    .help("write `+= [ … ]` for a list or set, `=` for anything else")
            }
            Self::NothingToRemove => {
                Diagnostic::warning(Code::new("W0596"), "there is nothing to remove: no earlier layer sets it")
                    .help("take the line out")
            }
            Self::NoSuchEnvironment { name, nearest, known } => {
                let help = match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("there is {}", known.join(", ")),
                };
                error("E0597", format!("there is no environment `{name}`")).help(help)
            }
        }
    }
}

fn error(code: &'static str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::new(code), message)
}
