//! What an Application wants against what is there.

use super::health::{self, Health};
use super::{APPLICATIONS, MANAGER, word};
use crate::kubernetes::json::{at, list, remove, set};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::resource::Resource;
use crate::kubernetes::write::{self, Options, Patch, Target};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Which Application an object belongs to.
pub(super) const TRACKING: &str = "argocd.argoproj.io/tracking-id";
/// What an Application's condition is called when not all of it is in the cluster.
pub(super) const CONDITION: &str = "SimulatedSource";
/// Why an object of an unknown kind is simulated.
pub(super) const SIMULATED_KIND: &str = "its kind would come with a source that the sandbox does not fetch";
const OPTIONS: &str = "argocd.argoproj.io/sync-options";
const WAVE: &str = "argocd.argoproj.io/sync-wave";
const HOOK: &str = "argocd.argoproj.io/hook";
const HELM_HOOK: &str = "helm.sh/hook";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";

/// One object that an Application wants, has, or both.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// As rendered, in its namespace, with its tracking annotation; none if it is no longer wanted.
    pub(super) wanted: Option<Json>,
    pub(super) live: Option<Arc<Json>>,
    pub(super) resource: Option<Arc<Resource>>,
    pub(super) namespace: String,
    pub(super) is_synced: bool,
    pub(super) health: Health,
    /// Its kind would come with a source that is simulated, so it is not in the cluster and does not hinder anything.
    pub(super) is_simulated: bool,
}

impl Item {
    pub(super) fn object(&self) -> &Json {
        match (&self.wanted, &self.live) {
            (Some(wanted), _) => wanted,
            (None, Some(live)) => live,
            (None, None) => &Json::Null,
        }
    }

    /// Group and kind.
    pub(super) fn group_kind(&self) -> (&str, &str) {
        let object = self.object();
        let group = meta::api_version(object).split_once('/').map_or("", |(group, _)| group);
        (group, meta::kind(object))
    }

    /// The wave it is synced in.
    pub(super) fn wave(&self) -> i64 {
        let text = meta::annotation(self.object(), WAVE).or_else(|| meta::annotation(self.object(), HELM_WEIGHT));
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// The phase in which it is a hook: `PreSync`, `Sync`, `PostSync`, …; none if it is not one.
    pub(super) fn hook(&self) -> Option<&str> {
        meta::annotation(self.object(), HOOK).or_else(|| helm_hook(meta::annotation(self.object(), HELM_HOOK)?))
    }

    /// Whether the object itself asks for something, such as `Prune=false`.
    pub(super) fn has_option(&self, option: &str) -> bool {
        meta::annotation(self.object(), OPTIONS).is_some_and(|text| text.split(',').any(|one| one.trim() == option))
    }
}

/// A chart's hook as one of Argo CD's (its page "Helm", "Helm Hooks"): those that it does not know are not run.
fn helm_hook(text: &str) -> Option<&'static str> {
    let mut hooks = text.split(',').map(str::trim);
    if text.trim() == "crd-install" {
        return None;
    }
    let known = hooks.find_map(|hook| match hook {
        "pre-install" | "pre-upgrade" => Some("PreSync"),
        "post-install" | "post-upgrade" => Some("PostSync"),
        "post-delete" => Some("PostDelete"),
        _ => None,
    });
    known.or(Some("Skip"))
}

fn tracking_id(application: &Json, object: &Json, namespace: &str) -> String {
    let group = meta::api_version(object).split_once('/').map_or("", |(group, _)| group);
    let kind = meta::kind(object);
    format!("{}:{group}/{kind}:{namespace}/{}", meta::name(application), meta::name(object))
}

/// Everything that an Application wants or has.
pub(super) fn compare(objects: &mut Objects, application: &Json, rendered: &[Json]) -> Vec<Item> {
    let judges = judges_applications(objects, meta::namespace(application));
    let mut items: Vec<_> =
        rendered.iter().map(|object| compare_one(objects, application, object.clone(), judges)).collect();
    for (table, live) in tracked(objects, meta::name(application)) {
        let wanted = items.iter().any(|one| one.live.as_ref().is_some_and(|own| meta::uid(own) == meta::uid(&live)));
        if !wanted {
            let namespace = meta::namespace(&live).to_owned();
            let health = health::of(&live, judges);
            let resource = objects.catalog.by_table(&table);
            let (wanted, live, is_synced) = (None, Some(live), false);
            items.push(Item { wanted, live, resource, namespace, is_synced, health, is_simulated: false });
        }
    }
    items
}

fn compare_one(objects: &mut Objects, application: &Json, mut object: Json, judges: bool) -> Item {
    let resource = objects.catalog.kind(meta::api_version(&object), meta::kind(&object));
    let destination = word(application, &["spec", "destination", "namespace"]);
    let namespace = match (&resource, meta::namespace(&object)) {
        (Some(resource), _) if !resource.namespaced => "",
        (_, "") => destination,
        (_, own) => own,
    }
    .to_owned();
    if !namespace.is_empty() {
        set(&mut object, &["metadata", "namespace"], namespace.as_str());
    }
    let id = tracking_id(application, &object, &namespace);
    set(&mut object, &["metadata", "annotations", TRACKING], id);
    let live = resource.as_ref().and_then(|one| objects.get(&one.table(), &namespace, meta::name(&object)));
    let is_synced = match (&resource, &live) {
        (Some(resource), Some(live)) => is_same(objects, application, resource, &object, live),
        _ => false,
    };
    let is_simulated = resource.is_none() && has_simulated(objects);
    let health = match &live {
        Some(live) => health::of(live, judges),
        None if is_simulated => Health::new("Healthy", format!("simulated: {SIMULATED_KIND}")),
        None => Health::new("Missing", ""),
    };
    let is_synced = is_synced || is_simulated;
    Item { wanted: Some(object), live, resource, namespace, is_synced, health, is_simulated }
}

/// Whether some Application's source is not reached: custom kinds that nobody defines may be its.
fn has_simulated(objects: &Objects) -> bool {
    let simulated = |one: &Json| word(one, &["type"]) == CONDITION;
    objects.list(APPLICATIONS, "").any(|one| list(one, &["status", "conditions"]).iter().any(simulated))
}

/// Whether applying would change nothing that counts.
fn is_same(objects: &mut Objects, application: &Json, resource: &Resource, wanted: &Json, live: &Json) -> bool {
    let options = Options { manager: MANAGER.to_owned(), dry_run: true, force: true, ..Options::default() };
    let namespace = if resource.namespaced { meta::namespace(wanted) } else { "" };
    let target = Target { resource, namespace, name: meta::name(wanted), subresource: "" };
    let Ok(predicted) = write::patch(objects, target, Patch::Apply(wanted.clone()), &options) else { return false };
    let (mut predicted, mut live) = ((*predicted.object).clone(), live.clone());
    for object in [&mut predicted, &mut live] {
        for path in [["metadata", "managedFields"], ["metadata", "generation"], ["metadata", "resourceVersion"]] {
            remove(object, &path);
        }
        remove(object, &["status"]);
        ignore(application, resource, object);
    }
    predicted == live
}

/// Takes out what the Application says does not count.
fn ignore(application: &Json, resource: &Resource, object: &mut Json) {
    for rule in list(application, &["spec", "ignoreDifferences"]) {
        let named = word(rule, &["name"]);
        let fits = (word(rule, &["group"]), word(rule, &["kind"])) == (&resource.group, &resource.kind)
            && (named.is_empty() || named == meta::name(object));
        if !fits {
            continue;
        }
        for pointer in list(rule, &["jsonPointers"]).iter().filter_map(Json::as_str) {
            let path: Vec<_> = pointer.trim_start_matches('/').split('/').map(|one| one.replace("~1", "/")).collect();
            let path: Vec<_> = path.iter().map(String::as_str).collect();
            remove(object, &path);
        }
    }
}

/// The live objects that were applied for an Application.
pub(super) fn tracked(objects: &Objects, application: &str) -> Vec<(String, Arc<Json>)> {
    let prefix = format!("{application}:");
    let own = |row: &Json| {
        // A copy that someone made of an object carries the annotation of another one.
        let id = meta::annotation(row, TRACKING).unwrap_or_default();
        id.starts_with(&prefix) && id.ends_with(&format!("/{}", meta::name(row))) && meta::owners(row).is_empty()
    };
    let all = objects.all().filter(|(_, row)| own(row));
    all.map(|((table, _, _), row)| (table.clone(), Arc::clone(row))).collect()
}

/// Whether `argocd-cm` has a health check for Applications.
pub(super) fn judges_applications(objects: &Objects, namespace: &str) -> bool {
    let config = objects.get("/configmaps", namespace, "argocd-cm").unwrap_or_else(|| Arc::new(json!({})));
    let split = "resource.customizations.health.argoproj.io_Application";
    at(&config, &["data", split]).is_some()
        || word(&config, &["data", "resource.customizations"]).contains("argoproj.io/Application")
}
