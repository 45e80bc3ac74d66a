//! Server-side apply: a structured merge of what a manager applies into the live object, and the record of who manages
//! which fields, which every other write keeps too.
//!
//! The rules are those of Kubernetes: applying takes ownership of all applied fields; a field with another owner and another
//! value is a conflict, unless forced; a field that the manager applied before and no longer applies is removed, unless
//! another owner holds it; any other write owns what it changed and takes it away from the rest.

mod fields;
mod managers;
mod typed;

use super::json::{drop_nulls, remove};
use super::resource::Resource;
use super::schema::Schema;
use super::status::{Answer, Cause, Refusal};
use fields::Fields;
use managers::{Entry, Managers, Operation};
use serde_json::Value as Json;

/// Who writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    /// The field manager's name.
    pub(crate) manager: &'a str,
    /// The subresource that is written; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// The time.
    pub(crate) now: &'a str,
}

impl Writer<'_> {
    fn entry(&self, resource: &Resource, operation: Operation, fields: Fields) -> Entry {
        Entry {
            manager: self.manager.to_owned(),
            operation,
            api_version: resource.api_version(),
            subresource: self.subresource.to_owned(),
            time: self.now.to_owned(),
            fields,
        }
    }
}

/// Fields of the metadata that nobody manages.
const SYSTEM: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "uid",
];

/// Of a set, what a writer can manage.
fn manageable(resource: &Resource, writer: Writer<'_>, fields: &Fields) -> Fields {
    let mut fields = match writer.subresource {
        "status" => fields.only("status"),
        _ => fields.clone(),
    };
    if resource.has_status && writer.subresource.is_empty() {
        fields.cut(&["status"]);
    }
    fields.cut(&["apiVersion"]);
    fields.cut(&["kind"]);
    for name in SYSTEM {
        fields.cut(&["metadata", name]);
    }
    // The server puts them there.
    if resource.is("/namespaces") && writer.subresource.is_empty() {
        fields.cut(&["spec"]);
    }
    let mut roots = Fields::default();
    roots.below_mut(fields::Step::Field("metadata".into())).insert_root();
    fields.difference(&roots)
}

/// Of an object that is not there, nothing is there.
fn existing(live: &Json) -> Json {
    if live.is_null() { serde_json::json!({}) } else { live.clone() }
}

/// Which object an applied one is, as refusals name it: they do not know the namespace of the request.
pub(crate) fn place(resource: &Resource, config: &Json) -> String {
    let (namespace, name) = (super::meta::namespace(config), super::meta::name(config));
    let (group, version, kind) = (&resource.group, &resource.version, &resource.kind);
    format!("{namespace}/{name}; {group}/{version}, Kind={kind}")
}

/// Looks that what is applied can be told apart, item by item.
///
/// # Errors
/// When two items of a list have the same key.
pub(crate) fn check_keys(resource: &Resource, config: &Json, place: &str) -> Answer<()> {
    typed::check_keys(resource.schema(), config).map_err(|error| no_key(place, &error))
}

fn no_key(place: &str, error: &typed::NoKey) -> Refusal {
    Refusal::untyped(format!("failed to create typed patch object ({place}): {}", error.0))
}

/// Merges what a manager applies into the live object (null: there is none).
///
/// # Errors
/// When fields of other managers would change and `force` is not given; the refusal names managers and fields.
pub(crate) fn apply(resource: &Resource, live: &Json, config: &Json, writer: Writer<'_>, force: bool) -> Answer<Json> {
    let schema = resource.schema();
    let (mut live, mut config) = (existing(live), config.clone());
    let mut managers = Managers::take(&mut live);
    remove(&mut config, &["metadata", "managedFields"]);
    drop_nulls(&mut config);
    if resource.has_status && writer.subresource.is_empty() {
        remove(&mut config, &["status"]);
    }
    let applied = typed::fields_of(schema, &config).map_err(|error| no_key(&place(resource, &config), &error))?;
    let mut entry = writer.entry(resource, Operation::Apply, manageable(resource, writer, &applied));
    let last = managers.take_entry(&entry);
    let merged = typed::merge(schema, &live, &config);
    let mut new = match &last {
        Some(last) => prune(schema, &merged, &managers.all_fields().union(&entry.fields), &last.fields),
        None => merged,
    };
    let difference = typed::compare(schema, &live, &new);
    let changed = difference.added.union(&difference.modified);
    if !force {
        check_conflicts(&managers, &changed)?;
    }
    managers.cede(&changed);
    managers.cede(&difference.removed);
    let idle = changed.is_empty() && difference.removed.is_empty();
    if let Some(last) = last.filter(|last| idle && last.fields == entry.fields) {
        entry.time = last.time;
    }
    managers.0.push(entry);
    managers.write(&mut new);
    Ok(new)
}

/// Takes out of the merged object what the manager applied last, unless someone owns it now.
fn prune(schema: Schema<'_>, merged: &Json, owned: &Fields, last: &Fields) -> Json {
    let last = typed::with_named_parents(schema, last);
    let pruned = typed::without(schema, merged, &last).unwrap_or_default();
    let named = |value: &Json| {
        let fields = typed::fields_of(schema, value).unwrap_or_default();
        typed::with_named_parents(schema, &fields)
    };
    let (all, rest) = (named(merged), named(&pruned));
    let owned = typed::with_named_parents(schema, owned);
    let gone = all.difference(&rest.union(&owned)).intersection(&last);
    typed::without(schema, merged, &gone).unwrap_or_default()
}

fn check_conflicts(managers: &Managers, changed: &Fields) -> Answer<()> {
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    for entry in &managers.0 {
        let paths = entry.fields.intersection(changed).paths();
        if paths.is_empty() {
            continue;
        }
        lines.push(format!("conflicts with {}:", entry.shown()));
        lines.extend(paths.iter().map(|path| format!("- {path}")));
        causes.extend(paths.into_iter().map(|field| Cause {
            reason: "FieldManagerConflict",
            message: format!("conflict with {}", entry.shown()),
            field,
        }));
    }
    match causes.as_slice() {
        [] => Ok(()),
        [one] => {
            let message = format!("Apply failed with 1 conflict: {}: {}", one.message, one.field);
            Err(Refusal::managers_conflict(message, &causes))
        }
        many => {
            let message = format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"));
            Err(Refusal::managers_conflict(message, &causes))
        }
    }
}

/// Records what a write other than an apply changed: it owns that now, and nobody else does.
pub(crate) fn record_update(resource: &Resource, live: &Json, new: &mut Json, writer: Writer<'_>) {
    let is_new = live.is_null();
    let mut live = existing(live);
    let live_managers = Managers::take(&mut live);
    let sent = new.pointer("/metadata/managedFields").cloned();
    let cleared = sent
        .is_some_and(|sent| sent.as_array().is_some_and(|list| list.iter().all(|one| one == &serde_json::json!({}))));
    remove(new, &["metadata", "managedFields"]);
    let mut managers = if cleared && !is_new { Managers::default() } else { live_managers };
    let difference = typed::compare(resource.schema(), &live, new);
    let changed = manageable(resource, writer, &difference.added.union(&difference.modified));
    let removed = manageable(resource, writer, &difference.removed);
    let idle = changed.is_empty() && removed.is_empty();
    if !cleared && !idle {
        let mut entry = writer.entry(resource, Operation::Update, changed);
        let known = managers.take_entry(&entry);
        managers.cede(&entry.fields);
        managers.cede(&removed);
        if let Some(known) = known {
            if entry.fields.is_empty() {
                entry.time = known.time;
            }
            entry.fields = known.fields.difference(&removed).union(&entry.fields);
        }
        managers.0.push(entry);
    }
    managers.write(new);
}

#[cfg(test)]
mod tests;
