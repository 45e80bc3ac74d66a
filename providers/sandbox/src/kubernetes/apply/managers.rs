//! Who manages which fields: `metadata.managedFields`.

use super::super::json::{get, list, remove, set, text};
use super::fields::Fields;
use serde_json::{Value as Json, json};

/// How a manager came to its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// By server-side apply: what it no longer applies goes.
    Apply,
    /// By create, update or patch.
    Update,
}

/// One manager's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) operation: Operation,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
    pub(crate) time: String,
    pub(crate) fields: Fields,
}

impl Entry {
    fn read(entry: &Json) -> Self {
        let field = |name: &str| text(entry, &[name]).to_owned();
        let applied = field("operation") == "Apply";
        Self {
            manager: field("manager"),
            operation: if applied { Operation::Apply } else { Operation::Update },
            api_version: field("apiVersion"),
            subresource: field("subresource"),
            time: field("time"),
            fields: Fields::from_json(get(entry, &["fieldsV1"])),
        }
    }

    fn write(&self) -> Json {
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        let mut entry = json!({
            "manager": self.manager, "operation": operation, "apiVersion": self.api_version, "time": self.time,
            "fieldsType": "FieldsV1", "fieldsV1": self.fields.to_json(),
        });
        if !self.subresource.is_empty() {
            set(&mut entry, &["subresource"], self.subresource.as_str());
        }
        entry
    }

    /// Whether both are the same manager; an applier stays the same whatever version it applies.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same =
            (&self.manager, self.operation, &self.subresource) == (&other.manager, other.operation, &other.subresource);
        same && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// As conflicts name it.
    pub(crate) fn shown(&self) -> String {
        let mut shown = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            shown.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == Operation::Update {
            shown.push_str(&format!(" using {}", self.api_version));
        }
        shown
    }
}

/// The managers of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Managers(pub(crate) Vec<Entry>);

impl Managers {
    /// Takes them out of an object.
    pub(crate) fn take(object: &mut Json) -> Self {
        let entries = remove(object, &["metadata", "managedFields"]).unwrap_or_default();
        let entries = list(&entries, &[]).iter().filter(|one| get(one, &["manager"]).is_string());
        Self(entries.map(Entry::read).collect())
    }

    /// Writes them into an object: appliers first, then by time and name.
    pub(crate) fn write(mut self, object: &mut Json) {
        self.0.retain(|one| !one.fields.is_empty());
        self.0.sort_by(|a, b| (a.operation, &a.time, &a.manager).cmp(&(b.operation, &b.time, &b.manager)));
        if !self.0.is_empty() {
            let entries: Vec<_> = self.0.iter().map(Entry::write).collect();
            set(object, &["metadata", "managedFields"], entries);
        }
    }

    /// Takes the entry of a manager out, if it has one.
    pub(crate) fn take_entry(&mut self, manager: &Entry) -> Option<Entry> {
        let place = self.0.iter().position(|one| one.is_same(manager))?;
        Some(self.0.remove(place))
    }

    /// Takes fields away from all.
    pub(crate) fn cede(&mut self, fields: &Fields) {
        for entry in &mut self.0 {
            entry.fields = entry.fields.difference(fields);
        }
    }

    /// What any of them manages.
    pub(crate) fn all_fields(&self) -> Fields {
        self.0.iter().fold(Fields::default(), |all, one| all.union(&one.fields))
    }
}
