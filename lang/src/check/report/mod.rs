//! What the checker has to say: one enum for each area, one variant for each diagnostic, with its code, message, places
//! and help on the variant itself.

mod names;
mod overlays;
mod schemas;
mod types;

pub(crate) use names::NameProblem;
pub(crate) use overlays::OverlayProblem;
pub(crate) use schemas::SchemaProblem;
pub(crate) use types::TypeProblem;

use formwork_model::{Diagnostic, Span};

/// Declares an enum of problems. Each variant has its code, its severity (`error` or `warning`), and how it is told: a
/// format string that names its fields, and calls on [`Diagnostic`].
macro_rules! problems {
    ($(#[$meta:meta])* $name:ident { $(
        $(#[$doc:meta])* $code:ident $severity:ident $variant:ident { $($field:ident: $ty:ty),* $(,)? }
        => $message:tt $(. $method:ident ( $($argument:expr),* $(,)? ))* ;
    )* }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub(crate) enum $name { $( $(#[$doc])* $variant { $($field: $ty),* } ),* }

        impl $name {
            /// The codes of this area, for the test that each has its case and its page.
            pub(crate) const CODES: &[&str] = &[$(stringify!($code)),*];
        }

        impl From<$name> for formwork_model::Diagnostic {
            fn from(problem: $name) -> Self {
                match problem {
                    $( $name::$variant { $($field),* } => {
                        Self::$severity(formwork_model::Code::new(stringify!($code)), format!($message))
                            $( .$method($($argument),*) )*
                    } )*
                }
            }
        }
    };
}
pub(crate) use problems;

/// Shorthands for building diagnostics from optional parts.
pub(crate) trait Tell: Sized {
    /// Says "did you mean", or else something else.
    fn nearest(self, nearest: Option<impl std::fmt::Display>, otherwise: impl Into<String>) -> Self;
    /// Adds a place, if there is one.
    fn maybe_label(self, span: Option<Span>, text: impl Into<String>) -> Self;
    /// Adds places.
    fn steps(self, steps: Vec<(Span, String)>) -> Self;
    /// Says what to do, if it is known.
    fn maybe_help(self, help: Option<impl Into<String>>) -> Self;
}

impl Tell for Diagnostic {
    fn nearest(self, nearest: Option<impl std::fmt::Display>, otherwise: impl Into<String>) -> Self {
        match nearest {
            Some(nearest) => self.help(format!("did you mean `{nearest}`?")),
            None => self.help(otherwise),
        }
    }

    fn maybe_label(self, span: Option<Span>, text: impl Into<String>) -> Self {
        match span {
            Some(span) => self.label(span, text),
            None => self,
        }
    }

    fn steps(self, steps: Vec<(Span, String)>) -> Self {
        steps.into_iter().fold(self, |diagnostic, (span, text)| diagnostic.label(span, text))
    }

    fn maybe_help(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }
}

/// The candidate that is most like `name`, if one is like enough.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let candidates: Vec<&str> = candidates.into_iter().filter(|candidate| *candidate != name).collect();
    let like = candidates
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= tolerance(candidate.len().max(lower.len())))
        .min()
        .map(|(_, candidate)| *candidate);
    like.or_else(|| {
        candidates.into_iter().filter(|candidate| holds_words(candidate, &lower)).min_by_key(|held| held.len())
    })
}

/// Whether a name is another one with more before or behind: `cidr` of `cidr_block`, `name` of `role_name`, `snap` of
/// `snapshot`.
fn holds_words(longer: &str, name: &str) -> bool {
    if name.len() > 3 && longer.starts_with(name) {
        return true;
    }
    let rest = longer.strip_prefix(name).filter(|rest| rest.starts_with('_'));
    let rest = rest.or_else(|| longer.strip_suffix(name).filter(|rest| rest.ends_with('_')));
    name.len() > 2 && rest.is_some_and(|rest| rest.len() > 1)
}

/// How many slips still make the same word, of so many letters.
const fn tolerance(letters: usize) -> usize {
    match letters {
        0..=1 => 0,
        2..=5 => 1,
        6..=8 => 2,
        _ => 1 + letters / 4,
    }
}

/// A word with its article.
pub(crate) fn with_article(word: &str) -> String {
    let vowel = word.trim_start_matches(['`', '"']).starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']);
    format!("{} {word}", if vowel { "an" } else { "a" })
}

/// `a`, `b` and `c`, quoted; of many only the first.
pub(crate) fn listed<T: std::fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 12;
    let all: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match all.len() {
        0 => "none".to_owned(),
        count if count > SHOWN => format!("{} and {} more", all.get(..SHOWN).unwrap_or(&[]).join(", "), count - SHOWN),
        _ => all.join(", "),
    }
}
