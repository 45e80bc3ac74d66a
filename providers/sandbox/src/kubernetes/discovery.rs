//! What the API serves, as clients ask for it before anything else.

use super::custom::Catalog;
use super::resource::Resource;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Kinds that are only ever created, and kept nowhere: group, version, plural, kind, namespaced.
const REVIEWS: [(&str, &str, &str, &str, bool); 6] = [
    ("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", false),
    ("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", false),
    ("authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", true),
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", false),
    ("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", false),
    ("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", false),
];

/// `/version`.
pub(crate) fn version(version: &str) -> Json {
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("33"));
    json!({
        "major": major, "minor": minor, "gitVersion": format!("v{}", version.trim_start_matches('v')),
        "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "",
        "compiler": "", "platform": "linux/amd64",
    })
}

/// Groups with their versions, in order; the first version is preferred.
pub(crate) fn groups(catalog: &Catalog) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    let reviews = REVIEWS.iter().map(|row| (row.0.to_owned(), row.1.to_owned()));
    for (group, version) in catalog.all().map(|one| (one.group.clone(), one.version.clone())).chain(reviews) {
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, versions)) if versions.contains(&version) => {}
            Some((_, versions)) => versions.push(version),
            None => groups.push((group, vec![version])),
        }
    }
    groups.iter_mut().for_each(|(_, versions)| versions.sort_by_key(|one| std::cmp::Reverse(rank(one))));
    groups
}

/// Stable versions before beta, beta before alpha, higher before lower.
fn rank(version: &str) -> (u8, u32, u32) {
    let rest = version.trim_start_matches('v');
    let number = |text: &str| text.parse().unwrap_or_default();
    match (rest.split_once("beta"), rest.split_once("alpha")) {
        (Some((major, minor)), _) => (1, number(major), number(minor)),
        (_, Some((major, minor))) => (0, number(major), number(minor)),
        _ => (2, number(rest), 0),
    }
}

/// `/api`.
pub(crate) fn core_versions() -> Json {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

fn group(name: &str, versions: &[String]) -> Json {
    let version = |one: &String| json!({"groupVersion": format!("{name}/{one}"), "version": one});
    let versions: Vec<_> = versions.iter().map(version).collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// `/apis`.
pub(crate) fn group_list(catalog: &Catalog) -> Json {
    let groups = groups(catalog).into_iter().filter(|(name, _)| !name.is_empty());
    let groups: Vec<_> = groups.map(|(name, versions)| group(&name, &versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/{group}`.
pub(crate) fn one_group(catalog: &Catalog, name: &str) -> Option<Json> {
    let (name, versions) = groups(catalog).into_iter().find(|(known, _)| known == name)?;
    let mut found = group(&name, &versions);
    super::json::set(&mut found, &["kind"], "APIGroup");
    super::json::set(&mut found, &["apiVersion"], "v1");
    Some(found)
}

fn of_version<'a>(catalog: &'a Catalog, group: &'a str, version: &'a str) -> impl Iterator<Item = &'a Arc<Resource>> {
    catalog.all().filter(move |one| one.group == group && one.version == version)
}

fn reviews(
    group: &str,
    version: &str,
) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str, &'static str, bool)> {
    REVIEWS.iter().filter(move |row| row.0 == group && row.1 == version)
}

/// `/api/v1` and `/apis/{group}/{version}`.
pub(crate) fn resource_list(catalog: &Catalog, group: &str, version: &str) -> Option<Json> {
    let mut resources: Vec<_> = of_version(catalog, group, version).flat_map(|one| entries(one)).collect();
    resources.extend(reviews(group, version).map(|(_, _, plural, kind, namespaced)| {
        json!({"name": plural, "singularName": kind.to_lowercase(), "namespaced": namespaced, "kind": kind,
               "verbs": ["create"]})
    }));
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let found = !resources.is_empty();
    found.then(|| {
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources})
    })
}

/// Subresources of a kind: name, kind that they take, verbs.
fn subresources(resource: &Resource) -> Vec<(&'static str, Json, Vec<&'static str>)> {
    let mut all = Vec::new();
    let own = json!({"kind": resource.kind});
    if resource.has_status {
        all.push(("status", own, vec!["get", "patch", "update"]));
    }
    if resource.scale.is_some() {
        let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
        all.push(("scale", scale, vec!["get", "patch", "update"]));
    }
    match resource.table().as_str() {
        "/pods" => {
            let eviction = json!({"group": "policy", "version": "v1", "kind": "Eviction"});
            all.push(("eviction", eviction, vec!["create"]));
            all.push(("log", json!({"kind": "Pod"}), vec!["get"]));
        }
        "/serviceaccounts" => {
            let request = json!({"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"});
            all.push(("token", request, vec!["create"]));
        }
        "/namespaces" => all.push(("finalize", json!({"kind": "Namespace"}), vec!["update"])),
        _ => {}
    }
    all
}

fn entries(resource: &Resource) -> Vec<Json> {
    let mut own = json!({
        "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.kind, "verbs": VERBS,
    });
    for (field, names) in [("shortNames", &resource.short_names), ("categories", &resource.categories)] {
        if !names.is_empty() {
            super::json::set(&mut own, &[field], names.clone());
        }
    }
    let mut all = vec![own];
    for (name, kind, verbs) in subresources(resource) {
        let mut entry = kind;
        for (field, value) in [
            ("name", json!(format!("{}/{name}", resource.plural))),
            ("singularName", json!("")),
            ("namespaced", json!(resource.namespaced)),
            ("verbs", json!(verbs)),
        ] {
            super::json::set(&mut entry, &[field], value);
        }
        all.push(entry);
    }
    all
}

/// Everything in one answer (`apidiscovery.k8s.io/v2`); of the core group, or of all others.
pub(crate) fn aggregated(catalog: &Catalog, core: bool) -> Json {
    let groups = groups(catalog).into_iter().filter(|(name, _)| name.is_empty() == core);
    let items: Vec<_> = groups
        .map(|(name, versions)| {
            let versions: Vec<_> = versions.iter().map(|version| aggregated_version(catalog, &name, version)).collect();
            json!({"metadata": {"name": name}, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated_version(catalog: &Catalog, group: &str, version: &str) -> Json {
    let mut resources: Vec<_> = of_version(catalog, group, version).map(|one| aggregated_resource(one)).collect();
    resources.extend(reviews(group, version).map(|(_, _, plural, kind, namespaced)| {
        json!({
            "resource": plural, "responseKind": {"group": group, "version": version, "kind": kind},
            "scope": if *namespaced { "Namespaced" } else { "Cluster" }, "singularResource": kind.to_lowercase(),
            "verbs": ["create"],
        })
    }));
    json!({"version": version, "freshness": "Current", "resources": resources})
}

fn aggregated_resource(resource: &Resource) -> Json {
    let subresources: Vec<_> = subresources(resource)
        .into_iter()
        .map(|(name, kind, verbs)| {
            let mut kind = kind;
            if kind.get("group").is_none() {
                super::json::set(&mut kind, &["group"], resource.group.as_str());
                super::json::set(&mut kind, &["version"], resource.version.as_str());
            }
            json!({"subresource": name, "responseKind": kind, "verbs": verbs})
        })
        .collect();
    json!({
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular, "verbs": VERBS, "shortNames": resource.short_names,
        "categories": resource.categories, "subresources": subresources,
    })
}
