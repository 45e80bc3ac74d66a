//! What can be wrong with a manifest, each with its code, place and help.

use super::MANIFEST_FILE;
use ecow::EcoString;
use formwork_model::{Code, Diagnostic, Span};
use semver::{Version, VersionReq};

/// A mistake in a manifest or lock file.
pub(super) enum Problem {
    /// E0550
    Syntax { span: Span, message: String },
    /// E0551
    UnknownKey { span: Span, key: String, place: String, nearest: Option<String>, known: &'static [&'static str] },
    /// E0552
    WrongType { span: Span, setting: String, expected: &'static str, found: &'static str, example: &'static str },
    /// E0553
    MissingName { span: Span, table: &'static str },
    /// E0553
    MissingTable { span: Span },
    /// E0554
    StackAndModule { stack: Span, module: Span },
    /// E0555
    BadName { span: Span, setting: String, name: String },
    /// E0556
    BadVersion { span: Span, setting: String, text: String, reason: String, example: &'static str },
    /// E0557
    NotInModule { span: Span, table: String },
    /// E0558
    UnknownBackend { span: Span, backend: String },
    /// E0559
    FormworkVersion { span: Span, required: VersionReq, found: Version },
    /// E0560
    ModuleSource { span: Span, source: String },
    /// E0561
    BadEndpoint { span: Span, text: String, reason: String },
    /// E0562
    Lock { message: String },
    /// E0563
    NoManifest { directory: String },
    /// E0564
    UnknownProvider { span: Span, name: EcoString, nearest: Option<String> },
    /// E0565
    ProviderVersion { span: Span, name: EcoString, required: VersionReq, found: Version },
}

impl Problem {
    /// As it is reported.
    pub(super) fn into_diagnostic(self) -> Diagnostic {
        match self {
            Self::Syntax { span, message } => error("E0550", format!("this is not TOML: {message}"))
                .at(span, "here")
                .help("write `key = \"text\"` lines below `[table]` headings; texts stand in quotes"),
            Self::UnknownKey { span, key, place, nearest, known } => unknown_key(span, &key, &place, nearest, known),
            Self::WrongType { span, setting, expected, found, example } => {
                error("E0552", format!("`{setting}` takes {expected}, not {found}"))
                    .at(span, format!("this is {found}"))
                    .help(format!("write `{example}`"))
            }
            Self::MissingName { span, table } => error("E0553", format!("`[{table}]` has no name"))
                .at(span, "a name is missing")
                .help("add a line `name = \"shop\"`; state belongs to this name, so choose one that stays"),
            Self::MissingTable { span } => error("E0553", "the manifest says neither `[stack]` nor `[module]`")
                .at(span, "")
                .help(format!("begin it with\n{}", first_lines())),
            Self::StackAndModule { stack, module } => {
                error("E0554", "the manifest says both `[stack]` and `[module]`")
                    .at(module, "a module is called by others")
                    .label(stack, "a stack is planned itself")
                    .help("keep one; put the module into a directory of its own to have both")
            }
            Self::BadName { span, setting, name } => error("E0555", format!("`{name}` cannot be {setting}"))
                .at(span, "")
                .help("use 1-63 lower-case letters, digits, `-` and `_`, beginning with a letter, such as `shop-platform`"),
            Self::BadVersion { span, setting, text, reason, example } => {
                error("E0556", format!("`{setting}` is no version: {reason}"))
                    .at(span, format!("`{text}`"))
                    .help(format!("write `{example}`"))
            }
            Self::NotInModule { span, table } => error("E0557", format!("a module's manifest has no `[{table}]`"))
                .at(span, "only a stack decides this")
                .help(format!("move it to the {MANIFEST_FILE} of the stack that calls the module")),
            Self::UnknownBackend { span, backend } => error("E0558", format!("there is no state backend `{backend}`"))
                .at(span, "")
                .help("write `backend = \"local\"`, or leave `[state]` out: local is the default"),
            Self::FormworkVersion { span, required, found } => {
                error("E0559", format!("this needs Formwork {required}, and this is {found}"))
                    .at(span, "")
                    .help("use a Formwork version that fits, or widen the requirement")
            }
            Self::ModuleSource { span, source } => {
                error("E0560", format!("`{source}` is not a directory relative to this manifest"))
                    .at(span, "")
                    .help("write the path of a local directory such as `\"../modules/network\"`; modules from Git or a registry have to be checked out first")
            }
            Self::BadEndpoint { span, text, reason } => error("E0561", format!("`{text}` is no endpoint: {reason}"))
                .at(span, "")
                .help("write scheme and host, such as `\"https://ec2.internal.example.com\"`"),
            Self::Lock { message } => error("E0562", format!("formwork.lock cannot be used: {message}"))
                .help("restore it from version control, or delete it and run `formwork init` to write it anew"),
            Self::NoManifest { directory } => error("E0563", format!("there is no {MANIFEST_FILE} in {directory}"))
                .help(format!("run `formwork init`, or write\n{}", first_lines())),
            Self::UnknownProvider { span, name, nearest } => {
                error("E0564", format!("there is no provider `{name}`")).at(span, "").help(nearest.map_or_else(
                    || "remove the line; `formwork version` lists the providers of this build".to_owned(),
                    |nearest| format!("did you mean `{nearest}`?"),
                ))
            }
            Self::ProviderVersion { span, name, required, found } => {
                error("E0565", format!("provider `{name}` is {found}, and the manifest asks for {required}"))
                    .at(span, "")
                    .help(format!("write `{name} = \"{}\"`, or use a build of Formwork that has the version", found.major))
            }
        }
    }
}

fn unknown_key(span: Span, key: &str, place: &str, nearest: Option<String>, known: &[&str]) -> Diagnostic {
    error("E0551", format!("{place} has no `{key}`")).at(span, "").help(nearest.map_or_else(
        || format!("it takes {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        |nearest| format!("did you mean `{nearest}`?"),
    ))
}

fn error(code: &'static str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::new(code), message)
}

/// What the shortest manifest looks like.
fn first_lines() -> &'static str {
    "[stack]\nname = \"shop\"\nversion = \"0.1.0\""
}

/// The candidate that is most like `name`, if one is like enough.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let name = name.to_lowercase();
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}
