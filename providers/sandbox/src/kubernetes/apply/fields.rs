//! Sets of fields, and their written form `fieldsV1`.

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A field of an object.
    Field(String),
    /// An item of a list by its keys, as JSON text.
    Key(String),
    /// An item of a set by its value, as JSON text.
    Value(String),
    /// An item by its place.
    Index(usize),
}

impl Step {
    /// An item's keys and their values, in the order of keys.
    pub(crate) fn key(keys: BTreeMap<&str, &Json>) -> Self {
        Self::Key(json!(keys).to_string())
    }

    fn written(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => format!("k:{keys}"),
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => {
                let keys: BTreeMap<String, Json> = serde_json::from_str(rest).ok()?;
                Some(Self::Key(json!(keys).to_string()))
            }
            "v" => Some(Self::Value(serde_json::from_str::<Json>(rest).ok()?.to_string())),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// As conflicts name it: `.spec`, `[name="web"]`.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Field(name) => format!(".{name}"),
            Self::Value(value) => format!("[={value}]"),
            Self::Index(index) => format!("[{index}]"),
            Self::Key(keys) => {
                let keys: BTreeMap<String, Json> = serde_json::from_str(keys).unwrap_or_default();
                let pairs: Vec<_> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("[{}]", pairs.join(","))
            }
        }
    }
}

/// A set of paths, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    member: bool,
    children: BTreeMap<Step, Fields>,
}

impl Fields {
    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    /// Puts the root of this tree in.
    pub(crate) const fn insert_root(&mut self) {
        self.member = true;
    }

    /// Whether the root of this tree is in.
    pub(crate) const fn has_root(&self) -> bool {
        self.member
    }

    /// The part below a step, made when absent.
    pub(crate) fn below_mut(&mut self, step: Step) -> &mut Self {
        self.children.entry(step).or_default()
    }

    /// The part below a step.
    pub(crate) fn below(&self, step: &Step) -> Option<&Self> {
        self.children.get(step)
    }

    /// The steps that lead on from here.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&Step, &Self)> {
        self.children.iter()
    }

    /// Takes a path of fields, and all below it, out.
    pub(crate) fn cut(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else { return };
        let step = Step::Field((*first).to_owned());
        if rest.is_empty() {
            self.children.remove(&step);
        } else if let Some(child) = self.children.get_mut(&step) {
            child.cut(rest);
            if child.is_empty() {
                self.children.remove(&step);
            }
        }
    }

    /// Only what lies under one field.
    pub(crate) fn only(&self, name: &str) -> Self {
        let step = Step::Field(name.to_owned());
        let children = self.children.get(&step).map(|child| (step, child.clone()));
        Self { member: false, children: children.into_iter().collect() }
    }

    /// What is in either.
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.add(other);
        all
    }

    fn add(&mut self, other: &Self) {
        self.member |= other.member;
        for (step, child) in &other.children {
            self.children.entry(step.clone()).or_default().add(child);
        }
    }

    /// What is in this and not in the other.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && !theirs, true)
    }

    /// What is in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && theirs, false)
    }

    fn combine(&self, other: &Self, rule: fn(bool, bool) -> bool, keep: bool) -> Self {
        let child = |(step, mine): (&Step, &Self)| {
            let rest = match other.children.get(step) {
                Some(theirs) => mine.combine(theirs, rule, keep),
                None if keep => mine.clone(),
                None => Self::default(),
            };
            (!rest.is_empty()).then(|| (step.clone(), rest))
        };
        Self { member: rule(self.member, other.member), children: self.children.iter().filter_map(child).collect() }
    }

    /// The paths, as conflicts name them.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.write_paths(&mut String::new(), &mut paths);
        paths
    }

    fn write_paths(&self, prefix: &mut String, paths: &mut Vec<String>) {
        if self.member {
            paths.push(prefix.clone());
        }
        for (step, child) in &self.children {
            let length = prefix.len();
            // Writing to a string does not fail.
            let _ = write!(prefix, "{}", step.shown());
            child.write_paths(prefix, paths);
            prefix.truncate(length);
        }
    }

    /// The written form.
    pub(crate) fn to_json(&self) -> Json {
        let mut written = Map::new();
        if self.member && !self.children.is_empty() {
            written.insert(".".into(), json!({}));
        }
        for (step, child) in &self.children {
            written.insert(step.written(), child.to_json());
        }
        Json::Object(written)
    }

    /// Reads the written form of a whole set.
    pub(crate) fn from_json(written: &Json) -> Self {
        let mut root = Self::read(written);
        root.member = false;
        root
    }

    fn read(written: &Json) -> Self {
        let mut fields = Self::default();
        let entries = written.as_object();
        fields.member = entries.is_none_or(Map::is_empty);
        for (key, child) in entries.into_iter().flatten() {
            match Step::read(key) {
                Some(step) => drop(fields.children.insert(step, Self::read(child))),
                None => fields.member |= key == ".",
            }
        }
        fields
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn the_written_form_comes_back() {
        let written = json!({
            "f:spec": {
                "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}},
                "f:finalizers": {"v:\"a\"": {}},
            },
        });
        let fields = Fields::from_json(&written);
        assert_eq!(fields.to_json(), written);
        assert_eq!(
            fields.paths(),
            [
                ".spec.finalizers[=\"a\"]",
                ".spec.ports",
                ".spec.ports[containerPort=80,protocol=\"TCP\"]",
                ".spec.ports[containerPort=80,protocol=\"TCP\"].name",
            ]
        );
    }

    #[test]
    fn sets_are_combined() {
        let a = Fields::from_json(&json!({"f:a": {"f:b": {}, "f:c": {}}, "f:d": {}}));
        let b = Fields::from_json(&json!({"f:a": {"f:b": {}}, "f:e": {}}));
        assert_eq!(a.difference(&b).paths(), [".a.c", ".d"]);
        assert_eq!(a.intersection(&b).paths(), [".a.b"]);
        assert_eq!(a.union(&b).paths(), [".a.b", ".a.c", ".d", ".e"]);
    }
}
