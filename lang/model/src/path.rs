//! Paths into values: `network.subnets["aks"].cidr`, `rules[0].port`, `ip_rules[*]`.

use ecow::{EcoString, EcoVec};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Step {
    /// Attribute or field: `.name`.
    Member(EcoString),
    /// Entry of a map: `["key"]`.
    Key(EcoString),
    /// Item of a list: `[0]`.
    Index(u32),
    /// Every item or entry: `[*]`.
    Each,
}

/// A path from the root of a value; empty means the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttributePath(pub EcoVec<Step>);

impl AttributePath {
    /// The value itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(EcoVec::new())
    }

    /// The path of one attribute.
    #[must_use]
    pub fn member(name: impl Into<EcoString>) -> Self {
        Self::root().then(Step::Member(name.into()))
    }

    /// This path with one more step.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The steps, outermost first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The name of the top-level attribute that the path leads into.
    #[must_use]
    pub fn first_name(&self) -> Option<&str> {
        match self.0.first()? {
            Step::Member(name) | Step::Key(name) => Some(name),
            Step::Index(_) | Step::Each => None,
        }
    }

    /// Whether this pattern covers `path`: equal or a prefix of it, where [`Step::Each`] stands for any step and
    /// members and keys of the same name are the same.
    #[must_use]
    pub fn covers(&self, path: &Self) -> bool {
        self.0.len() <= path.0.len() && self.0.iter().zip(path.0.iter()).all(|(pattern, step)| pattern.matches(step))
    }

    /// Whether `path` lies above this pattern: something within `path` may be covered by it.
    #[must_use]
    pub fn may_lie_within(&self, path: &Self) -> bool {
        path.0.len() < self.0.len() && self.0.iter().zip(path.0.iter()).all(|(pattern, step)| pattern.matches(step))
    }
}

impl Step {
    fn matches(&self, step: &Self) -> bool {
        match (self, step) {
            (Self::Each, _) => true,
            (Self::Member(one) | Self::Key(one), Self::Member(other) | Self::Key(other)) => one == other,
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if position == 0 => formatter.write_str(name)?,
                Step::Member(name) => write!(formatter, ".{name}")?,
                Step::Key(key) => write!(formatter, "[{key:?}]")?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
                Step::Each => formatter.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl FromIterator<Step> for AttributePath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_lies_below_it() {
        let pattern = AttributePath::member("rules").then(Step::Each);
        let path = AttributePath::member("rules").then(Step::Index(3)).then(Step::Member("port".into()));
        assert!(pattern.covers(&path));
        assert!(!path.covers(&pattern));
        assert!(pattern.may_lie_within(&AttributePath::member("rules")));
        assert_eq!(path.to_string(), "rules[3].port");
    }
}
