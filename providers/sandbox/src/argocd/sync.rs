//! Syncing: phases and waves, applying, pruning.

use super::compare::Item;
use super::{MANAGER, health, word};
use crate::kubernetes::json::{at, flag, get, list};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::status::Answer;
use crate::kubernetes::write::{self, Options, Patch, Target};
use serde_json::{Value as Json, json};

/// Kinds that others need first.
const KINDS: [&str; 22] = [
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
];

/// How an error ends that is for want of a definition.
pub(super) const NO_KIND: &str = "Make sure the CRD is installed";

/// How far a sync has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// What happened to each object, as `syncResult.resources` shows it.
    pub(super) results: Vec<Json>,
    /// What went wrong.
    pub(super) errors: Vec<String>,
    /// What is waited for; none when all is done.
    pub(super) waiting: Option<String>,
}

/// Makes an object, if the cluster takes it.
pub(super) fn make(objects: &mut Objects, namespace: &str, object: Json, manager: &str) -> Answer<()> {
    let Some(resource) = objects.catalog.kind(meta::api_version(&object), meta::kind(&object)) else { return Ok(()) };
    let namespace = if resource.namespaced { namespace } else { "" };
    let target = Target { resource: &resource, namespace, name: "", subresource: "" };
    write::create(objects, target, object, &Options::of(manager)).map(drop)
}

fn phase(item: &Item) -> Option<usize> {
    match item.hook() {
        Some("PreSync") => Some(0),
        None | Some("Sync") => Some(1),
        Some("PostSync") => Some(2),
        // `Skip`, `SyncFail`, `PreDelete`, `PostDelete`: nothing to do in a sync.
        Some(_) => None,
    }
}

fn kind_rank(item: &Item) -> usize {
    let kind = item.group_kind().1;
    KINDS.iter().position(|one| *one == kind).unwrap_or(KINDS.len())
}

/// Applies wave after wave, each after the one before is healthy, and at the end removes what is no longer wanted.
pub(super) fn sync(
    objects: &mut Objects,
    application: &Json,
    items: &[Item],
    prune: bool,
    started: i64,
) -> Answer<Progress> {
    let mut progress = Progress::default();
    make_namespace(objects, application)?;
    let mut wanted: Vec<_> = items
        .iter()
        .filter(|item| item.wanted.is_some())
        .filter_map(|item| Some((phase(item)?, item.wave(), item)))
        .collect();
    wanted.sort_by_key(|(phase, wave, item)| (*phase, *wave, kind_rank(item), meta::name(item.object()).to_owned()));
    let last = wanted.last().map(|(phase, wave, _)| (*phase, *wave));
    let judges = super::compare::judges_applications(objects, meta::namespace(application));
    for step in wanted.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        for (_, _, item) in step {
            apply(objects, application, item, started, &mut progress);
        }
        if !progress.errors.is_empty() {
            return Ok(progress);
        }
        let here = step.first().map(|(phase, wave, _)| (*phase, *wave));
        let unhealthy = step.iter().find_map(|(_, _, item)| unhealthy(objects, item, here == last, judges));
        if let Some((status, waited)) = unhealthy {
            if status == "Degraded" {
                progress.errors.push(waited);
            } else {
                progress.waiting = Some(waited);
            }
            return Ok(progress);
        }
    }
    if prune {
        remove_unwanted(objects, items, &mut progress)?;
    }
    Ok(progress)
}

/// With `CreateNamespace=true` the destination's namespace is made first.
pub(super) fn make_namespace(objects: &mut Objects, application: &Json) -> Answer<()> {
    let options = list(application, &["spec", "syncPolicy", "syncOptions"]);
    let name = word(application, &["spec", "destination", "namespace"]);
    let wanted = options.iter().any(|one| one == "CreateNamespace=true") && !name.is_empty();
    if !wanted {
        return Ok(());
    }
    let extra = get(application, &["spec", "syncPolicy", "managedNamespaceMetadata"]);
    let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    for field in ["labels", "annotations"] {
        if let Some(value) = at(extra, &[field]) {
            crate::kubernetes::json::set(&mut object, &["metadata", field], value.clone());
        }
    }
    match (objects.get("/namespaces", "", name), objects.catalog.by_table("/namespaces")) {
        (None, _) => make(objects, "", object, MANAGER),
        (Some(_), Some(resource)) if extra.is_object() => {
            let target = Target { resource: &resource, namespace: "", name, subresource: "" };
            let options = Options { force: true, ..Options::of(MANAGER) };
            write::patch(objects, target, Patch::Apply(object), &options).map(drop)
        }
        _ => Ok(()),
    }
}

fn result(item: &Item, status: &str, message: &str) -> Json {
    let object = item.object();
    let (group, kind) = item.group_kind();
    let version = meta::api_version(object).rsplit('/').next().unwrap_or_default();
    let mut result = json!({
        "group": group, "version": version, "kind": kind, "namespace": item.namespace, "name": meta::name(object),
        "status": status, "message": message, "syncPhase": item.hook().unwrap_or("Sync"),
    });
    if let Some(hook) = item.hook() {
        crate::kubernetes::json::set(&mut result, &["hookType"], hook);
    }
    result
}

fn apply(objects: &mut Objects, application: &Json, item: &Item, started: i64, progress: &mut Progress) {
    if item.is_simulated {
        progress.results.push(result(item, "Synced", &item.health.message));
        return;
    }
    match try_apply(objects, application, item, started) {
        Ok(message) => progress.results.push(result(item, "Synced", &message)),
        Err(message) => {
            progress.results.push(result(item, "SyncFailed", &message));
            let (_, kind) = item.group_kind();
            progress.errors.push(format!("{kind}/{}: {message}", meta::name(item.object())));
        }
    }
}

fn try_apply(objects: &mut Objects, application: &Json, item: &Item, started: i64) -> Result<String, String> {
    let Some(wanted) = &item.wanted else { return Ok(String::new()) };
    let (group, kind) = item.group_kind();
    // The definition may have come with an earlier wave.
    let resource = objects.catalog.kind(meta::api_version(wanted), kind).ok_or_else(|| {
        format!(
            "The Kubernetes API could not find {group}/{kind} for requested resource {}. {NO_KIND}.",
            meta::name(wanted)
        )
    })?;
    let project = word(application, &["spec", "project"]);
    let project = if project.is_empty() { "default" } else { project };
    let rules = objects.get(super::PROJECTS, meta::namespace(application), project).ok_or("its project is gone")?;
    if !super::project::permits_kind(&rules, group, kind, resource.namespaced) {
        return Err(format!("resource {group}:{kind} is not permitted in project {project}."));
    }
    let namespace = if resource.namespaced { item.namespace.as_str() } else { "" };
    let name = meta::name(wanted);
    let target = Target { resource: &resource, namespace, name, subresource: "" };
    let known = objects.get(&resource.table(), namespace, name);
    if let (Some(_), Some(known)) = (item.hook(), &known) {
        if meta::created(known) >= started - 1000 {
            return Ok("hook has run".to_owned());
        }
        // A hook runs anew in each operation.
        write::delete_object(objects, &resource, known).map_err(|refusal| refusal.message().to_owned())?;
    } else if known.is_some() && item.is_synced {
        return Ok(format!("{}/{name} unchanged", resource.plural));
    }
    let options = Options { force: true, ..Options::of(MANAGER) };
    let written = write::patch(objects, target, Patch::Apply(wanted.clone()), &options);
    let written = written.map_err(|refusal| refusal.message().to_owned())?;
    let done = if written.created { "created" } else { "configured" };
    Ok(format!("{}/{name} {done}", resource.plural))
}

/// Why the next wave has to wait for an object, and its health. The last wave's own health is not waited for; a hook's is. Child
/// Applications are waited for only where Argo CD is configured so (its page "Resource Health", since 1.8).
fn unhealthy(objects: &Objects, item: &Item, is_last: bool, judges: bool) -> Option<(&'static str, String)> {
    let wanted = item.wanted.as_ref()?;
    let resource = objects.catalog.kind(meta::api_version(wanted), meta::kind(wanted))?;
    let live =
        objects.get(&resource.table(), if resource.namespaced { &item.namespace } else { "" }, meta::name(wanted))?;
    let health = health::of(&live, judges);
    let waits = item.hook().is_some() || !is_last && !matches!(health.status, "Healthy" | "Suspended");
    if !waits || health.status == "Healthy" || flag(&live, &["spec", "suspend"]) {
        return None;
    }
    let (_, kind) = item.group_kind();
    Some((health.status, format!("waiting for healthy state of {kind}/{}: {}", meta::name(wanted), health.message)))
}

fn remove_unwanted(objects: &mut Objects, items: &[Item], progress: &mut Progress) -> Answer<()> {
    let mut unwanted: Vec<_> = items.iter().filter(|item| item.wanted.is_none()).collect();
    unwanted.sort_by_key(|item| std::cmp::Reverse((item.wave(), kind_rank(item))));
    for item in unwanted {
        if item.has_option("Prune=false") || item.hook().is_some() {
            progress.results.push(result(item, "PruneSkipped", "ignored (no prune)"));
            continue;
        }
        if let (Some(live), Some(resource)) = (&item.live, &item.resource) {
            write::delete_object(objects, resource, live)?;
            progress.results.push(result(item, "Pruned", "pruned"));
        }
    }
    Ok(())
}
