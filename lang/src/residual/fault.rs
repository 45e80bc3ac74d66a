//! What can go wrong when a value is computed: each kind with its code, message and help. The place is added by
//! whoever knows it.

use ecow::EcoString;
use formwork_model::{AttributePath, BinaryOperator, Code, Diagnostic, InputProblem, Span, Step};

/// An operation that has no value. It holds no text of a secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault(Box<Details>);

#[derive(Clone, Debug, PartialEq)]
struct Details {
    kind: FaultKind,
    /// Where in the value, innermost step first; empty for the value itself.
    path: Vec<Step>,
    /// Where it was written.
    span: Option<Span>,
    /// Other places that it speaks of.
    labels: Vec<(Span, String)>,
    /// A further fact.
    note: Option<String>,
    /// Faults of other parts of the same value.
    others: Vec<Fault>,
}

/// Kinds of faults.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FaultKind {
    /// E0453
    OutOfLimits { found: String, limit: String },
    /// E0602
    DivisionByZero,
    /// E0603
    OutOfRange { operator: &'static str },
    /// E0604
    NoSuchKey { key: String, nearest: Option<String>, known: Vec<String> },
    /// E0604
    NoSuchIndex { index: i64, length: usize },
    /// E0604
    NoSuchMember { name: EcoString, nearest: Option<String>, known: Vec<String> },
    /// E0605
    Null { wanted: String },
    /// E0606
    WrongType { expected: String, found: String },
    /// E0606
    Operands { operator: BinaryOperator, left: &'static str, right: &'static str },
    /// E0607
    Malformed { expected: &'static str, example: &'static str, text: String, reason: String },
    /// E0608
    Condition { message: String },
    /// E0610
    Function { name: String, message: String, help: Option<String> },
    /// E0612
    DuplicateKey { key: String },
    /// E0614
    TooLarge { what: &'static str },
    /// E0615
    UnknownField { name: EcoString, nearest: Option<String>, known: Vec<String> },
    /// E0616
    NoArm { subject: String },
    /// E0618
    Input { source: String, problem: InputProblem },
    /// E0620
    MissingField { name: EcoString, ty: String },
    /// What was found while a branch was not yet taken.
    Branch { code: EcoString, message: EcoString },
    /// Told already.
    Reported,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        let (path, labels, others) = (Vec::new(), Vec::new(), Vec::new());
        Self(Box::new(Details { kind, path, span: None, labels, note: None, others }))
    }
}

impl Fault {
    /// What was reported already: whatever needs its value is not evaluated.
    pub(crate) fn reported() -> Self {
        FaultKind::Reported.into()
    }

    /// Whether it was reported already.
    pub(crate) fn is_reported(&self) -> bool {
        self.0.kind == FaultKind::Reported
    }

    /// Takes in the fault of another part of the same value.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        let more = std::mem::take(&mut other.0.others);
        // What was told already adds nothing, but must not hide what was not.
        if self.is_reported() {
            std::mem::swap(&mut self, &mut other);
        }
        self.0.others.extend((!other.is_reported()).then_some(other));
        self.0.others.extend(more);
        self
    }

    /// Changes each of the faults that it holds.
    pub(crate) fn each(mut self, mut change: impl FnMut(Self) -> Self) -> Self {
        let others = std::mem::take(&mut self.0.others);
        let mut first = change(self);
        first.0.others = others.into_iter().map(change).collect();
        first
    }

    /// The fault of a value that is reached by one more step.
    pub(crate) fn within(mut self, step: Step) -> Self {
        for other in &mut self.0.others {
            other.0.path.push(step.clone());
        }
        self.0.path.push(step);
        self
    }

    /// Names the value that it speaks of a part of.
    pub(crate) fn part_of(self, name: &EcoString) -> Self {
        let named =
            |fault: Self| if fault.0.path.is_empty() { fault } else { fault.within(Step::Member(name.clone())) };
        self.each(named)
    }

    /// Says where, unless somebody further in already did.
    pub(crate) fn at(mut self, span: Span) -> Self {
        for other in &mut self.0.others {
            other.0.span.get_or_insert(span);
        }
        self.0.span.get_or_insert(span);
        self
    }

    /// Moves the mark from all of a literal, or from nowhere, to the part that is at fault.
    pub(crate) fn narrowed(mut self, whole: Span, part: Span) -> Self {
        if self.0.span.is_none_or(|span| span == whole) {
            self.0.span = Some(part);
        }
        self
    }

    /// Says where, when that is known and nobody further in already did.
    pub(crate) fn at_optional(self, span: Option<Span>) -> Self {
        match span {
            Some(span) => self.at(span),
            None => self,
        }
    }

    /// Moves the mark to `span`; what was marked becomes a label.
    pub(crate) fn blamed_on(mut self, span: Span, was: &str) -> Self {
        if let Some(before) = self.0.span.replace(span)
            && before != span
        {
            self.0.labels.push((before, was.to_owned()));
        }
        self
    }

    /// Adds a fact.
    pub(crate) fn note(mut self, text: String) -> Self {
        self.0.note = Some(text);
        self
    }

    /// Adds a place that it speaks of.
    pub(crate) fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.0.labels.push((span, text.into()));
        self
    }

    /// The same fault, told otherwise.
    pub(crate) fn with(mut self, kind: FaultKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What is wrong.
    pub(crate) fn kind(&self) -> &FaultKind {
        &self.0.kind
    }

    /// Where it was written, so far as that is known.
    pub(crate) fn span(&self) -> Option<Span> {
        self.0.span
    }

    /// Where in the value.
    pub(crate) fn path(&self) -> AttributePath {
        self.0.path.iter().rev().cloned().collect()
    }

    /// The message, with the path in front.
    pub(crate) fn message(&self) -> String {
        let path = self.path();
        let message = self.0.kind.message();
        if let FaultKind::OutOfLimits { .. } = self.0.kind {
            return format!("`{path}` {message}");
        }
        if path.steps().is_empty() { message } else { format!("{path}: {message}") }
    }

    /// As it is reported: one for each part of the value that is at fault.
    pub(crate) fn into_diagnostics(mut self) -> impl Iterator<Item = Diagnostic> {
        let others = std::mem::take(&mut self.0.others);
        std::iter::once(self).chain(others).map(Self::into_diagnostic)
    }

    /// As it is reported where there is room for one alone.
    pub(crate) fn into_diagnostic(self) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.0.kind.code(), self.message());
        diagnostic.help = self.0.kind.help();
        if let Some(span) = self.0.span {
            diagnostic = diagnostic.at(span, self.0.kind.label());
        }
        diagnostic.notes.extend(self.0.note);
        self.0.labels.into_iter().fold(diagnostic, |diagnostic, (span, text)| diagnostic.label(span, text))
    }
}

impl FaultKind {
    /// The stable code.
    pub(crate) fn code(&self) -> Code {
        Code::new(match self {
            Self::OutOfLimits { .. } => "E0453",
            Self::DivisionByZero => "E0602",
            Self::OutOfRange { .. } => "E0603",
            Self::NoSuchKey { .. } | Self::NoSuchIndex { .. } | Self::NoSuchMember { .. } => "E0604",
            Self::Null { .. } => "E0605",
            Self::WrongType { .. } | Self::Operands { .. } => "E0606",
            Self::Malformed { .. } => "E0607",
            Self::Condition { .. } => "E0608",
            Self::Function { .. } => "E0610",
            Self::DuplicateKey { .. } => "E0612",
            Self::TooLarge { .. } => "E0614",
            Self::UnknownField { .. } => "E0615",
            Self::NoArm { .. } => "E0616",
            Self::Input { .. } => "E0618",
            Self::MissingField { .. } => "E0620",
            Self::Branch { code, .. } => return Code(code.to_string().into()),
            Self::Reported => "E0601",
        })
    }

    /// One sentence: what is wrong.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::OutOfLimits { found, limit } => format!("takes {limit}, not {found}"),
            Self::DivisionByZero => "division by zero".into(),
            Self::OutOfRange { operator } => format!("the result of `{operator}` does not fit into 64 bits"),
            Self::NoSuchKey { key, .. } => format!("there is no key {key:?}"),
            Self::NoSuchIndex { index, length } => format!("there is no item {index} in a list of {length}"),
            Self::NoSuchMember { name, .. } => format!("there is no `{name}`"),
            Self::Null { wanted } => format!("the value is null where {wanted} is needed"),
            Self::WrongType { expected, found } => format!("expected {expected}, found {found}"),
            Self::Operands { operator, left, right } => {
                format!("`{}` does not work on {left} and {right}", operator.symbol())
            }
            Self::Malformed { expected, text, reason, .. } => format!("{text} is no {expected}: {reason}"),
            Self::Condition { message } => message.clone(),
            Self::Function { name, message, .. } => format!("`{name}`: {message}"),
            Self::DuplicateKey { key } => format!("two items give the same key {key:?}"),
            Self::TooLarge { what } => format!("the value is too large: {what}"),
            Self::UnknownField { name, .. } => format!("the record has no field `{name}`"),
            Self::NoArm { subject } => format!("no arm of `match` takes {subject}"),
            Self::Input { source, problem } => format!("{source} could not be read: {}", problem.reason),
            Self::MissingField { name, .. } => format!("the field `{name}` is missing"),
            Self::Branch { message, .. } => message.to_string(),
            Self::Reported => "it depends on something that is wrong".into(),
        }
    }

    /// What stands under the mark.
    fn label(&self) -> String {
        match self {
            Self::DivisionByZero => "the divisor is 0 here".into(),
            Self::NoSuchKey { .. } => "this key".into(),
            Self::Null { .. } => "this is null".into(),
            Self::WrongType { found, .. } => format!("this is {found}"),
            Self::Condition { .. } => "this does not fulfil it".into(),
            Self::Function { .. } => "in this call".into(),
            _ => String::new(),
        }
    }

    /// What to write or do instead.
    fn help(&self) -> Option<String> {
        match self {
            Self::OutOfLimits { limit, .. } => Some(format!("use {limit}")),
            Self::DivisionByZero => Some("test the divisor first: `if n == 0 then … else x / n`".into()),
            Self::OutOfRange { .. } => Some("use floats, such as `2.0`, where large numbers are expected".into()),
            Self::NoSuchKey { nearest, known, .. } => {
                Some(suggestion(nearest.as_ref(), known, "write `a?[key]` for null where the key may be missing"))
            }
            Self::NoSuchMember { nearest, known, .. } | Self::UnknownField { nearest, known, .. } => {
                Some(suggestion(nearest.as_ref(), known, "it has no fields"))
            }
            Self::NoSuchIndex { .. } => Some("items count from 0; `a?[i]` gives null beyond the end".into()),
            Self::Null { .. } => Some("give a value for null with `??`, or pass it on with `?.`".into()),
            Self::Malformed { example, .. } => Some(format!("write it as in {example:?}")),
            Self::Function { help, .. } => help.clone(),
            Self::DuplicateKey { .. } => Some("make the key depend on all that tells the items apart".into()),
            Self::NoArm { .. } => Some("add an arm `_ => …`".into()),
            Self::MissingField { name, ty } => Some(format!("add `{name} = …`, {ty}")),
            Self::Input { problem, .. } => {
                Some(problem.help.clone().unwrap_or_else(|| "set it where this command runs".into()))
            }
            Self::WrongType { expected, .. } => Some(format!("give {expected}, or convert it")),
            Self::Operands { .. } => Some("convert one of them, so that both are of one kind".into()),
            Self::Condition { .. } => Some("give a value that fulfils it, or change the condition".into()),
            Self::TooLarge { .. } => Some("make less of it at once".into()),
            Self::Branch { .. } | Self::Reported => None,
        }
    }
}

/// How many names a help line lists.
const LISTED: usize = 8;

fn suggestion(nearest: Option<&String>, known: &[String], otherwise: &str) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => otherwise.into(),
        None => {
            let more = if known.len() > LISTED { ", …" } else { "" };
            let listed: Vec<String> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
            format!("there is {}{more}", listed.join(", "))
        }
    }
}

/// The name that was probably meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= 1 + name.chars().count() / 4)
        // Another letter altogether is no slip of the finger.
        .filter(|(distance, candidate)| *distance < name.chars().count().max(candidate.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}
