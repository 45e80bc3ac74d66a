//! What can go wrong while planning: one variant for each kind, with its code, message and advice.

use formwork_model::{Address, AttributePath, Code, Diagnostic, InputProblem, Span};

/// A mistake, or a refusal, of the plan stage. Each code has a page under `docs/diagnostics`.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// Blocks wait for each other.
    Circle(Vec<(Address, Span)>),
    /// A protected object would be destroyed or replaced.
    Protected { address: Address, replaced: bool, paths: Vec<AttributePath> },
    /// A protected object's block is gone.
    ProtectedBlockGone { address: Address },
    /// `--target` and its like name nothing.
    NothingSelected { flag: &'static str, address: Address, nearest: Option<Address> },
    /// A move's target is taken.
    MoveTargetTaken { from: Address, to: Address },
    /// The block that something moves away from is still there.
    MoveSourceDeclared { from: Address },
    /// Moves lead round in a circle.
    MoveCircle { from: Address },
    /// A forgotten block is still there.
    ForgetDeclared { address: Address },
    /// Another object is imported to an address that has one.
    ImportTaken { address: Address, id: String },
    /// `import` names no resource of the stack.
    ImportUnknown { address: Address, meant: Vec<Address> },
    /// Nothing answers at a provider's endpoint.
    Unreachable { provider: Address, reason: String, objects: usize },
    /// A provider cannot be configured any more as it was for its objects: its block is gone, or what they live in.
    RecordedProvider { provider: Address, objects: usize, missing: String, replaced: bool },
    /// The provider says that the config is wrong.
    Invalid { address: Address, path: AttributePath, message: String, help: Option<String>, warning: bool },
    /// The row was written by a newer provider.
    NewerSchema { address: Address, stored: u32, known: u32 },
    /// A condition does not hold.
    CheckFailed { message: String },
    /// A value of the environment could not be had.
    Input { name: String, problem: InputProblem },
    /// The type or provider of a row is not in this build.
    UnknownType { address: Address, type_name: String },
    /// An identity that dependents need is on an address whose object is uncertain.
    Uncertain { address: Address, reason: String },
    /// The object is deleted but its name is still taken.
    SoftDeleted { address: Address },
    /// An object makes room for the one in its place while others go on using it.
    Held { address: Address, users: Vec<Address> },
    /// Objects are forgotten because their provider does not answer.
    ForgetsUnreachable { provider: Address, objects: usize },
    /// Only a part of the stack is planned.
    Partial { selection: Vec<String> },
    /// Blocks that are removed wait on what cannot be expanded.
    ExpandFailed { address: Address, reason: String, help: Option<String> },
    /// Blocks mean one and the same object.
    SameObject { objects: Vec<(Address, Option<Span>)>, id: String },
    /// An object would be deleted that another address has, too.
    DeletesShared { address: Address, keeper: Address, id: String },
    /// A data source that a provider needs changes its mind in each round.
    NoFixpoint,
}

impl Problem {
    fn code(&self) -> &'static str {
        match self {
            Self::Circle(_) => "E1001",
            Self::Protected { .. } => "E1002",
            Self::ProtectedBlockGone { .. } => "E1003",
            Self::NothingSelected { .. } => "E1004",
            Self::MoveTargetTaken { .. } => "E1005",
            Self::MoveSourceDeclared { .. } => "E1006",
            Self::MoveCircle { .. } => "E1007",
            Self::ForgetDeclared { .. } => "E1008",
            Self::ImportTaken { .. } => "E1009",
            Self::ImportUnknown { .. } => "E1010",
            Self::Unreachable { .. } => "E1011",
            Self::RecordedProvider { .. } => "E1012",
            Self::Invalid { warning: false, .. } => "E1014",
            Self::NewerSchema { .. } => "E1015",
            Self::CheckFailed { .. } => "E1016",
            Self::Input { .. } => "E1017",
            Self::UnknownType { .. } => "E1018",
            Self::ExpandFailed { .. } => "E1019",
            Self::NoFixpoint => "E1020",
            Self::SameObject { .. } => "E1021",
            Self::DeletesShared { .. } => "E1022",
            Self::Uncertain { .. } => "W1001",
            Self::SoftDeleted { .. } => "W1002",
            Self::ForgetsUnreachable { .. } => "W1003",
            Self::Partial { .. } => "W1004",
            Self::Invalid { warning: true, .. } => "W1005",
            Self::Held { .. } => "W1006",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Circle(path) => {
                let names: Vec<String> = path.iter().map(|(address, _)| format!("`{address}`")).collect();
                let first = names.first().cloned().unwrap_or_default();
                format!("these wait for each other: {} -> {first}", names.join(" -> "))
            }
            Self::Protected { address, replaced: true, paths } => {
                let why: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
                let why = if why.is_empty() { String::new() } else { format!(" (because of {})", why.join(", ")) };
                format!("`{address}` is protected and would have to be replaced{why}")
            }
            Self::Protected { address, .. } => format!("`{address}` is protected and would be destroyed"),
            Self::ProtectedBlockGone { address } => format!("`{address}` is protected, but its block is gone"),
            Self::NothingSelected { flag, address, .. } => {
                format!("{flag}: there is no `{address}`, neither in the stack nor in its state")
            }
            Self::MoveTargetTaken { from, to } => format!("cannot move `{from}` to `{to}`: there already is an object"),
            Self::MoveSourceDeclared { from } => format!("`{from}` is moved away, but its block is still there"),
            Self::MoveCircle { from } => format!("the moves of `{from}` lead round in a circle"),
            Self::ForgetDeclared { address } => format!("`{address}` is to be forgotten, but its block is still there"),
            Self::ImportTaken { address, id } => {
                format!("cannot import {id:?}: `{address}` already manages another object")
            }
            Self::ImportUnknown { address, .. } => format!("cannot import to `{address}`: there is no such resource"),
            Self::Unreachable { provider, reason, objects } => {
                format!("`{provider}` does not answer, so {objects} of its objects could not be read: {reason}")
            }
            Self::RecordedProvider { provider, objects, missing, .. } => {
                format!("`{provider}` can no longer be configured as it was for {objects} of its objects: {missing}")
            }
            Self::Invalid { address, path, message, .. } if path.steps().is_empty() => {
                format!("`{address}`: {message}")
            }
            Self::Invalid { address, path, message, .. } => format!("`{address}`, attribute `{path}`: {message}"),
            Self::NewerSchema { address, stored, known } => format!(
                "`{address}` was recorded by a newer provider (schema version {stored}, this one knows {known})"
            ),
            Self::CheckFailed { message } => message.clone(),
            Self::Input { name, problem } => format!("cannot get {name}: {}", problem.reason),
            Self::UnknownType { address, type_name } => {
                format!("`{address}` has type `{type_name}`, which this build of Formwork does not know")
            }
            Self::ExpandFailed { address, reason, .. } => format!("`{address}` cannot be expanded: {reason}"),
            Self::SameObject { objects, id } => {
                let names: Vec<String> = objects.iter().map(|(address, _)| format!("`{address}`")).collect();
                let names = match names.split_last() {
                    Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
                    _ => names.join(""),
                };
                format!("{names} are one and the same object, `{id}`")
            }
            Self::DeletesShared { address, keeper, id } => {
                format!("`{address}` would be deleted, but `{keeper}` is the same object, `{id}`")
            }
            Self::NoFixpoint => "blocks decide about each other without end".to_owned(),
            Self::Uncertain { address, reason } => format!("whether `{address}` exists is not certain: {reason}"),
            Self::SoftDeleted { address } => {
                format!("`{address}` was deleted, but can be recovered: its name is taken")
            }
            Self::Held { address, users } => format!(
                "`{address}` is replaced, the old one is deleted first, and {} would go on using it: the service refuses that",
                few(users)
            ),
            Self::ForgetsUnreachable { provider, objects } => {
                format!("`{provider}` does not answer: {objects} of its objects are forgotten, not deleted")
            }
            Self::Partial { selection } => format!("only a part of the stack is planned: {}", selection.join(", ")),
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Circle(_) => {
                "remove one of these references, or take the value that both need from a `let`".to_owned()
            }
            Self::Protected { address, replaced: true, .. } => format!(
                "keep what forces the replacement, list it in `@ignore(…)`, or remove `@protect` of `{address}`"
            ),
            Self::Protected { address, .. } => format!(
                "remove `@protect` of `{address}` and apply that first, or leave it out with `--exclude '{address}'`"
            ),
            Self::ProtectedBlockGone { address } => format!(
                "put its block back without `@protect` and apply, then remove it; or write `forget {address}` to leave the object alone"
            ),
            Self::ImportUnknown { meant, .. } => match meant.as_slice() {
                [] => "the stack has no resources: write its block first".to_owned(),
                [one] => format!("did you mean `{one}`?"),
                many => format!("the stack has {}", few(many)),
            },
            Self::NothingSelected { nearest, .. } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "`formwork state list` shows what there is".to_owned(),
            },
            Self::MoveTargetTaken { to, .. } => {
                format!("remove the `moved`, or take the other object out of the way: `formwork state rm '{to}'`")
            }
            Self::MoveSourceDeclared { from } => format!("remove the block `{from}`, or the `moved`"),
            Self::MoveCircle { .. } => "remove one of the `moved` lines".to_owned(),
            Self::ForgetDeclared { address } => format!("remove the block `{address}`, or the `forget`"),
            Self::ImportTaken { address, .. } => {
                format!("remove the `import`, or first let go of the other object: `formwork state rm '{address}'`")
            }
            Self::Unreachable { .. } => {
                "unreachable is not gone: bring it back, or plan by what is recorded with `--refresh=false`".to_owned()
            }
            Self::RecordedProvider { replaced: true, .. } => {
                "take its objects out in an apply of their own, before what they live in is replaced; \
                 `--forget-unreachable` lets go of them, where they go with what they live in"
                    .to_owned()
            }
            Self::RecordedProvider { .. } => {
                "put the provider block back until its objects are deleted, or let go of them with `forget`".to_owned()
            }
            Self::Invalid { help, .. } => return help.clone(),
            Self::NewerSchema { .. } => "use the newer version of Formwork that wrote it".to_owned(),
            Self::CheckFailed { .. } => "change the values that it speaks of, or the condition".to_owned(),
            Self::Input { problem, .. } => problem.help.clone().unwrap_or_else(|| {
                "set it where the stack runs; the manifest's `[allow]` says what may be asked".to_owned()
            }),
            Self::UnknownType { address, .. } => {
                format!("use a build that has the provider, or let go of it: `formwork state rm '{address}'`")
            }
            Self::ExpandFailed { help, .. } => {
                help.clone().unwrap_or_else(|| "see the message of the provider".to_owned())
            }
            Self::SameObject { .. } => {
                "keep one of them, with what the others say; where the state has a row of each, let go of the others with \
                 `forget ADDRESS`, which leaves the object alone"
                    .to_owned()
            }
            Self::DeletesShared { address, .. } => {
                format!("let go of it with `forget {address}`, which leaves the object alone")
            }
            Self::NoFixpoint => {
                "give `for` or `if` of one of them a value that does not depend on the others".to_owned()
            }
            Self::Uncertain { address, .. } => format!(
                "look into the cloud, then tell: `formwork state resolve '{address}' --adopt ID`, or `--absent`"
            ),
            Self::SoftDeleted { .. } => "it is created anew; recover or purge the old one if that fails".to_owned(),
            Self::Held { address, .. } => format!(
                "write `@create_first` above `{}`, with another name where names are unique: the new one is made, its users \
                 change over, and the old one goes last; or take its users off it in an apply of their own",
                address.block()
            ),
            Self::ForgetsUnreachable { .. } => "what they left behind in the cloud is yours to remove".to_owned(),
            Self::Partial { .. } => "plan again without the selection to see the rest".to_owned(),
        })
    }

    /// The diagnostic, at a place where there is one.
    pub(crate) fn at(&self, span: Option<Span>) -> Diagnostic {
        let code = Code::new(self.code());
        let is_warning = self.code().starts_with('W');
        let message = self.message();
        let mut diagnostic =
            if is_warning { Diagnostic::warning(code, message) } else { Diagnostic::error(code, message) };
        diagnostic.help = self.help();
        if let Some(span) = span {
            diagnostic = diagnostic.at(span, "");
        }
        if let Self::Circle(path) = self {
            for (position, (_, span)) in path.iter().enumerate() {
                let next = path.get((position + 1) % path.len().max(1));
                let text = next.map_or_else(String::new, |(next, _)| format!("waits for `{next}`"));
                diagnostic = if position == 0 { diagnostic.at(*span, text) } else { diagnostic.label(*span, text) };
            }
        }
        if let Self::SameObject { objects, .. } = self {
            for (position, (address, span)) in objects.iter().enumerate() {
                let Some(span) = *span else { continue };
                let text = format!("`{address}`");
                diagnostic = if position == 0 { diagnostic.at(span, text) } else { diagnostic.label(span, text) };
            }
        }
        diagnostic
    }
}

/// The first three of many.
fn few(addresses: &[Address]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = addresses.iter().take(SHOWN).map(|address| format!("`{address}`")).collect();
    match addresses.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
