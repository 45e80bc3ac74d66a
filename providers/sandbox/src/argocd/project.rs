//! What a project allows its Applications.

use super::{PROJECTS, fits, word};
use crate::kubernetes::json::{at, get, list};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use serde_json::Value as Json;

/// The URL under which a cluster knows itself.
pub(super) const IN_CLUSTER: &str = "https://kubernetes.default.svc";

/// The sources of an Application.
pub(super) fn sources(application: &Json) -> Vec<Json> {
    match at(application, &["spec", "source"]) {
        Some(source) => vec![source.clone()],
        None => list(application, &["spec", "sources"]).to_vec(),
    }
}

/// What is wrong with an Application by itself and by its project; nothing if it may go on.
pub(super) fn refuse(objects: &Objects, application: &Json) -> Option<String> {
    let name = match word(application, &["spec", "project"]) {
        "" => "default",
        name => name,
    };
    let Some(project) = objects.get(PROJECTS, meta::namespace(application), name) else {
        return Some(format!("Application referencing project {name} which does not exist"));
    };
    let sources = sources(application);
    if sources.is_empty() {
        return Some("spec.source.repoURL and either spec.source.path or spec.source.chart are required".to_owned());
    }
    for source in &sources {
        let url = word(source, &["repoURL"]);
        let allowed = list(&project, &["spec", "sourceRepos"]).iter().filter_map(Json::as_str);
        if !permits(allowed, url) {
            return Some(format!("application repo {url} is not permitted in project '{name}'"));
        }
    }
    refuse_destination(&project, name, get(application, &["spec", "destination"]))
}

/// Patterns, of which those with `!` forbid.
fn permits<'a>(patterns: impl Iterator<Item = &'a str>, text: &str) -> bool {
    let mut permitted = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern, text) => return false,
            Some(_) => {}
            None => permitted |= fits(pattern, text),
        }
    }
    permitted
}

fn refuse_destination(project: &Json, project_name: &str, destination: &Json) -> Option<String> {
    let (server, namespace) = (word(destination, &["server"]), word(destination, &["namespace"]));
    let name = word(destination, &["name"]);
    if !matches!((server, name), (IN_CLUSTER, "") | ("", "in-cluster") | ("", "")) {
        return Some(format!(
            "there is no cluster {server}{name}: the sandbox's Argo CD deploys into its own cluster only"
        ));
    }
    let fits_one = |one: &Json| {
        let (to_server, to_name) = (word(one, &["server"]), word(one, &["name"]));
        let reached = if to_server.is_empty() { fits(to_name, "in-cluster") } else { fits(to_server, IN_CLUSTER) };
        reached && fits(word(one, &["namespace"]), namespace)
    };
    if list(project, &["spec", "destinations"]).iter().any(fits_one) {
        return None;
    }
    Some(format!(
        "application destination server '{IN_CLUSTER}' and namespace '{namespace}' do not match any of the allowed \
         destinations in project '{project_name}'"
    ))
}

/// Whether the project lets its Applications have objects of a kind.
pub(super) fn permits_kind(project: &Json, group: &str, kind: &str, namespaced: bool) -> bool {
    let listed = |field: &str| {
        list(project, &["spec", field])
            .iter()
            .any(|one| fits(word(one, &["group"]), group) && fits(word(one, &["kind"]), kind))
    };
    if !namespaced {
        return listed("clusterResourceWhitelist") && !listed("clusterResourceBlacklist");
    }
    let open = at(project, &["spec", "namespaceResourceWhitelist"]).is_none();
    !listed("namespaceResourceBlacklist") && (open || listed("namespaceResourceWhitelist"))
}
