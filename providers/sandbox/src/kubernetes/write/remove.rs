//! Deleting: preconditions, finalizers, dependents, namespaces and definitions that empty themselves first.

use super::super::custom::{CLEANUP, DEFINITIONS};
use super::super::json::{flag, items_mut, list_mut, set, text};
use super::super::meta;
use super::super::objects::{Key, Objects};
use super::super::resource::Resource;
use super::super::status::{Answer, Refusal};
use super::Target;
use serde_json::Value as Json;
use std::sync::Arc;

const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of an object's dependents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// They are deleted after it.
    #[default]
    Background,
    /// They are deleted before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// How something shall be deleted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deletion {
    pub(crate) propagation: Propagation,
    pub(crate) uid: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) grace_seconds: Option<i64>,
    pub(crate) dry_run: bool,
}

/// Deletes an object, or marks it for deletion; the answer is its last state, and whether it is gone.
pub(crate) fn delete(objects: &mut Objects, target: Target<'_>, how: &Deletion) -> Answer<(Arc<Json>, bool)> {
    let current = target.current(objects)?;
    check(target, &current, how)?;
    if how.dry_run {
        return Ok((current, true));
    }
    let mut doomed = (*current).clone();
    prepare(objects, target.resource, &mut doomed, how)?;
    let at_once =
        how.grace_seconds == Some(0) && super::super::json::list(&doomed, &["metadata", "finalizers"]).is_empty();
    if waits(&doomed) && !(at_once && target.resource.is("/pods")) {
        mark(objects, &mut doomed, how);
        let kept = if doomed == *current { current } else { objects.put(&target.resource.table(), doomed)? };
        cascade(objects, target.resource, &kept, how)?;
        finish(objects, target.resource, &kept)?;
        let table = target.resource.table();
        return Ok(match objects.get(&table, target.namespace, target.name) {
            Some(left) => (left, false),
            None => (kept, true),
        });
    }
    let gone = take_away(objects, target.resource, &current)?;
    Ok((gone.unwrap_or(current), true))
}

fn check(target: Target<'_>, current: &Json, how: &Deletion) -> Answer<()> {
    let pairs = [
        ("UID", &how.uid, meta::uid(current)),
        ("ResourceVersion", &how.version, text(current, &["metadata", "resourceVersion"])),
    ];
    for (what, wanted, found) in pairs {
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
            if what == "UID" {
                return Err(Refusal::recreated(target.resource.about(), target.name, wanted, found));
            }
            let detail =
                format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}");
            return Err(Refusal::conflict(target.resource.about(), target.name, &detail));
        }
    }
    let protected =
        target.resource.is("/namespaces") && matches!(target.name, "default" | "kube-system" | "kube-public");
    if protected {
        return Err(Refusal::forbidden(target.resource.about(), target.name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// Puts on what has to happen before the object goes.
fn prepare(objects: &mut Objects, resource: &Resource, doomed: &mut Json, how: &Deletion) -> Answer<()> {
    if how.propagation == Propagation::Orphan {
        orphan(objects, meta::uid(doomed))?;
    }
    if how.propagation == Propagation::Foreground && !objects.dependents(meta::uid(doomed)).is_empty() {
        meta::add_finalizer(doomed, FOREGROUND);
    }
    if resource.is(DEFINITIONS) {
        meta::add_finalizer(doomed, CLEANUP);
    }
    if resource.is("/namespaces") {
        set(doomed, &["status", "phase"], "Terminating");
    }
    Ok(())
}

fn waits(object: &Json) -> bool {
    let kubelet = meta::kind(object) == "Pod"
        && meta::api_version(object) == "v1"
        && !text(object, &["spec", "nodeName"]).is_empty()
        && !matches!(text(object, &["status", "phase"]), "Succeeded" | "Failed");
    let namespace = meta::kind(object) == "Namespace" && meta::api_version(object) == "v1";
    kubelet || namespace || !super::super::json::list(object, &["metadata", "finalizers"]).is_empty()
}

fn mark(objects: &Objects, doomed: &mut Json, how: &Deletion) {
    if meta::is_deleting(doomed) {
        return;
    }
    let default = if meta::kind(doomed) == "Pod" {
        super::super::json::integer(doomed, &["spec", "terminationGracePeriodSeconds"]).unwrap_or(30)
    } else {
        0
    };
    let grace = how.grace_seconds.unwrap_or(default).clamp(0, 3600);
    let until = objects.clock.now_ms() + grace * 1000;
    set(doomed, &["metadata", "deletionTimestamp"], meta::timestamp(until));
    set(doomed, &["metadata", "deletionGracePeriodSeconds"], grace);
    if let Some(generation) = super::super::json::integer(doomed, &["metadata", "generation"]) {
        set(doomed, &["metadata", "generation"], generation + 1);
    }
}

/// Deletes what has to go before a marked object.
fn cascade(objects: &mut Objects, resource: &Resource, marked: &Json, how: &Deletion) -> Answer<()> {
    if resource.is("/namespaces") {
        return empty_namespace(objects, meta::name(marked));
    }
    if resource.is(DEFINITIONS) {
        return empty_definition(objects, marked);
    }
    if how.propagation == Propagation::Foreground {
        for key in objects.dependents(meta::uid(marked)) {
            delete_key(objects, &key, how.propagation)?;
        }
    }
    Ok(())
}

fn empty_namespace(objects: &mut Objects, name: &str) -> Answer<()> {
    let content: Vec<Key> = objects.all().map(|(key, _)| key.clone()).filter(|key| key.1 == name).collect();
    for key in &content {
        delete_key(objects, key, Propagation::Background)?;
    }
    Ok(())
}

fn empty_definition(objects: &mut Objects, definition: &Json) -> Answer<()> {
    let table = definition_table(definition);
    let content: Vec<Key> = objects.all().map(|(key, _)| key.clone()).filter(|key| key.0 == table).collect();
    for key in &content {
        delete_key(objects, key, Propagation::Background)?;
    }
    Ok(())
}

fn definition_table(definition: &Json) -> String {
    format!("{}/{}", text(definition, &["spec", "group"]), text(definition, &["spec", "names", "plural"]))
}

fn delete_key(objects: &mut Objects, (table, namespace, name): &Key, propagation: Propagation) -> Answer<()> {
    let Some(resource) = objects.catalog.by_table(table) else { return Ok(()) };
    let target = Target { resource: &resource, namespace, name, subresource: "" };
    let how = Deletion { propagation, ..Deletion::default() };
    match delete(objects, target, &how) {
        // Gone with one that was deleted before it.
        Err(refusal) if refusal.code == 404 => Ok(()),
        other => other.map(drop),
    }
}

fn orphan(objects: &mut Objects, owner: &str) -> Answer<()> {
    for (table, namespace, name) in objects.dependents(owner) {
        let Some(row) = objects.get(&table, &namespace, &name) else { continue };
        let mut freed = (*row).clone();
        list_mut(&mut freed, &["metadata", "ownerReferences"]).retain(|one| text(one, &["uid"]) != owner);
        objects.put(&table, freed)?;
    }
    Ok(())
}

/// Removes an object that waited, once nothing holds it any more.
pub(crate) fn finish(objects: &mut Objects, resource: &Resource, object: &Json) -> Answer<()> {
    if !meta::is_deleting(object) {
        return Ok(());
    }
    let (table, namespace, name) = (resource.table(), meta::namespace(object), meta::name(object));
    let Some(current) = objects.get(&table, namespace, name) else { return Ok(()) };
    let mut doomed = (*current).clone();
    if meta::has_finalizer(&doomed, FOREGROUND) && !has_blocking_dependents(objects, meta::uid(&doomed)) {
        meta::drop_finalizer(&mut doomed, FOREGROUND);
    }
    let no_objects_left = resource.is(DEFINITIONS) && objects.list(&definition_table(&doomed), "").next().is_none();
    if no_objects_left {
        meta::drop_finalizer(&mut doomed, CLEANUP);
    }
    let free = if resource.is("/namespaces") {
        super::super::json::list(&doomed, &["metadata", "finalizers"]).is_empty()
            && !objects.all().any(|(key, _)| key.1 == name)
    } else {
        !waits(&doomed)
    };
    if free {
        take_away(objects, resource, &doomed)?;
    } else if doomed != *current {
        objects.put(&table, doomed)?;
    }
    Ok(())
}

fn has_blocking_dependents(objects: &Objects, owner: &str) -> bool {
    objects.dependents(owner).iter().any(|(table, namespace, name)| {
        objects.get(table, namespace, name).is_some_and(|row| {
            meta::owners(&row).iter().any(|one| text(one, &["uid"]) == owner && flag(one, &["blockOwnerDeletion"]))
        })
    })
}

/// The object goes, and with it what only it owned; who waited for that goes on.
pub(crate) fn take_away(objects: &mut Objects, resource: &Resource, object: &Json) -> Answer<Option<Arc<Json>>> {
    let (namespace, name, uid) = (meta::namespace(object), meta::name(object), meta::uid(object));
    let gone = objects.remove(&resource.table(), namespace, name)?;
    for key in objects.dependents(uid) {
        collect(objects, &key, uid)?;
    }
    settle_owners(objects, object)?;
    if !namespace.is_empty()
        && let Some(row) = objects.get("/namespaces", "", namespace)
        && let Some(kind) = objects.catalog.by_table("/namespaces")
    {
        finish(objects, &kind, &row)?;
    }
    if resource.is_custom() {
        let definition = format!("{}.{}", resource.plural, resource.group);
        if let (Some(row), Some(kind)) =
            (objects.get(DEFINITIONS, "", &definition), objects.catalog.by_table(DEFINITIONS))
        {
            finish(objects, &kind, &row)?;
        }
    }
    Ok(gone)
}

/// A dependent goes if no other owner lives; else it only forgets this one.
fn collect(objects: &mut Objects, key: &Key, owner: &str) -> Answer<()> {
    let Some(row) = objects.get(&key.0, &key.1, &key.2) else { return Ok(()) };
    let others = meta::owners(&row).iter().map(|one| text(one, &["uid"])).filter(|one| *one != owner);
    if others.into_iter().any(|one| objects.lives(one)) {
        let mut freed = (*row).clone();
        list_mut(&mut freed, &["metadata", "ownerReferences"]).retain(|one| text(one, &["uid"]) != owner);
        return objects.put(&key.0, freed).map(drop);
    }
    delete_key(objects, key, Propagation::Background)
}

/// Owners that wait for this object to go.
pub(crate) fn settle_owners(objects: &mut Objects, object: &Json) -> Answer<()> {
    for owner in meta::owners(object) {
        let Some(resource) = objects.catalog.kind(text(owner, &["apiVersion"]), text(owner, &["kind"])) else {
            continue;
        };
        let namespace = if resource.namespaced { meta::namespace(object) } else { "" };
        if let Some(row) = objects.get(&resource.table(), namespace, text(owner, &["name"])) {
            finish(objects, &resource, &row)?;
        }
    }
    Ok(())
}

/// Removes an object that is marked for deletion and from which the last finalizer was taken.
pub(crate) fn finish_deletion(objects: &mut Objects, table: &str, namespace: &str, name: &str) -> Answer<()> {
    match (objects.catalog.by_table(table), objects.get(table, namespace, name)) {
        (Some(resource), Some(row)) => finish(objects, &resource, &row),
        _ => Ok(()),
    }
}

/// The kubelet's word that a pod has ended.
pub(crate) fn end_pod(objects: &mut Objects, pod: &Json) -> Answer<()> {
    let Some(resource) = objects.catalog.by_table("/pods") else { return Ok(()) };
    let mut ended = pod.clone();
    set(&mut ended, &["status", "phase"], "Succeeded");
    for container in items_mut(&mut ended, &["status", "containerStatuses"]) {
        set(container, &["ready"], false);
    }
    let kept = objects.put("/pods", ended)?;
    finish(objects, &resource, &kept)
}

/// What a controller deletes.
pub(crate) fn delete_object(objects: &mut Objects, resource: &Resource, object: &Json) -> Answer<()> {
    let key = (resource.table(), meta::namespace(object).to_owned(), meta::name(object).to_owned());
    delete_key(objects, &key, Propagation::Background)
}
