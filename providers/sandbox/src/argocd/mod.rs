//! An Argo CD that is small and does what its Applications say: it fetches their sources, renders them, applies them with
//! its own field manager, prunes and heals, and writes their status.
//!
//! It is at work in a cluster as soon as Argo CD's application controller is installed there. Sources are reached on
//! loopback only; one that lies elsewhere is not fetched, and the Application's status says that it is simulated.

mod application;
mod application_set;
mod compare;
mod generators;
mod health;
mod known;
mod kustomization;
mod project;
mod render;
mod source;
mod status;
mod sync;
mod template;

use crate::git::Repositories;
use crate::kubernetes::json::{get, text};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::{Cluster, Clusters};
use serde_json::Value as Json;
use source::Sources;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The table of Applications.
const APPLICATIONS: &str = "argoproj.io/applications";
/// The table of their projects.
const PROJECTS: &str = "argoproj.io/appprojects";
/// The table of what makes Applications.
const SETS: &str = "argoproj.io/applicationsets";
/// As whom it applies what it renders.
const MANAGER: &str = "argocd-controller";
/// As whom it writes status.
const CONTROLLER: &str = "argocd-application-controller";
/// How often it looks for work.
const TICK: Duration = Duration::from_millis(300);
/// How often it looks although nothing changed: retries come by time alone.
const REST: Duration = Duration::from_secs(5);

/// Plays Argo CD in all clusters that have it, until the returned future is dropped. Git data lies below `folder`.
pub async fn run(clusters: Arc<Clusters>, repositories: Arc<Repositories>, folder: PathBuf) {
    let mut controllers: BTreeMap<String, Controller> = BTreeMap::new();
    loop {
        let present = clusters.all();
        controllers.retain(|uid, _| present.iter().any(|one| one.uid == *uid));
        for cluster in present {
            let sources = || Sources::new(Arc::clone(&repositories), folder.clone());
            let controller = controllers.entry(cluster.uid.clone()).or_insert_with(|| Controller::new(sources()));
            controller.look(&cluster).await;
        }
        tokio::time::sleep(TICK).await;
    }
}

/// The Argo CD of one cluster. Nothing in it has to outlive a restart.
struct Controller {
    sources: Sources,
    /// What Applications rendered to, by id.
    rendered: BTreeMap<String, application::Target>,
    /// The version of the objects before the last look: what the look itself made is looked at, too.
    seen: u64,
    looked: Option<Instant>,
    polled_ms: i64,
}

impl Controller {
    const fn new(sources: Sources) -> Self {
        Self { sources, rendered: BTreeMap::new(), seen: 0, looked: None, polled_ms: i64::MIN }
    }

    async fn look(&mut self, cluster: &Arc<Cluster>) {
        let Some((namespace, due)) = self.begin(cluster) else { return };
        if due {
            self.sources.forget_revisions();
        }
        self.make_applications(cluster, &namespace).await;
        // Those of other namespaces are not looked at, as Argo CD does not unless it is told to.
        let mut applications = rows(&cluster.objects(), APPLICATIONS);
        applications.retain(|one| meta::namespace(one) == namespace);
        self.rendered.retain(|uid, _| applications.iter().any(|one| meta::uid(one) == uid));
        for application in applications {
            self.advance(cluster, &application, due).await;
        }
        cluster.wake();
    }

    /// The namespace of Argo CD, and whether it is time to ask repositories for news; none if there is nothing to do.
    fn begin(&mut self, cluster: &Cluster) -> Option<(String, bool)> {
        let mut objects = cluster.objects();
        let namespace = installed_in(&objects)?;
        let period = i64::try_from(objects.clock.scaled(Duration::from_secs(180)).as_millis()).unwrap_or(i64::MAX);
        let now = objects.clock.now_ms();
        let due = now >= self.polled_ms.saturating_add(period.max(1000));
        if due {
            self.polled_ms = now;
        }
        let has_rested = self.looked.is_none_or(|looked| looked.elapsed() >= REST);
        if !due && !has_rested && objects.version() == self.seen {
            return None;
        }
        (self.seen, self.looked) = (objects.version(), Some(Instant::now()));
        if let Err(refusal) = furnish(&mut objects, &namespace) {
            tracing::warn!(error = refusal.message(), "Argo CD's own objects could not be made");
        }
        Some((namespace, due))
    }

    async fn make_applications(&mut self, cluster: &Cluster, namespace: &str) {
        let sets = rows(&cluster.objects(), SETS);
        for set in sets.iter().filter(|one| meta::namespace(one) == namespace) {
            let made = application_set::generate(cluster, &mut self.sources, set).await;
            if let Err(refusal) = application_set::keep(&mut cluster.objects(), set, made) {
                tracing::warn!(set = meta::name(set), error = refusal.message(), "an ApplicationSet could not go on");
            }
        }
    }

    async fn advance(&mut self, cluster: &Cluster, application: &Arc<Json>, due: bool) {
        let uid = meta::uid(application).to_owned();
        let asked = meta::annotation(application, application::REFRESH).is_some();
        if asked {
            self.sources.forget_revisions();
        }
        let stale = match self.rendered.get(&uid) {
            Some(known) if !asked && known.spec == *get(application, &["spec"]) => {
                due && !known.is_current(cluster, &mut self.sources, application).await
            }
            _ => true,
        };
        if stale && !meta::is_deleting(application) {
            let target = application::Target::load(cluster, &mut self.sources, application).await;
            self.rendered.insert(uid.clone(), target);
        }
        let done = application::advance(&mut cluster.objects(), application, self.rendered.get(&uid));
        if let Err(refusal) = done {
            tracing::warn!(application = meta::name(application), error = refusal.message(), "it could not go on");
        }
    }
}

fn rows(objects: &Objects, table: &str) -> Vec<Arc<Json>> {
    objects.list(table, "").cloned().collect()
}

/// Where Argo CD's application controller is installed.
fn installed_in(objects: &Objects) -> Option<String> {
    let component = |one: &Json| meta::label(one, "app.kubernetes.io/component").map(str::to_owned);
    let is_controller = |one: &&Arc<Json>| {
        meta::name(one).ends_with("argocd-application-controller")
            || component(one).as_deref() == Some("application-controller")
    };
    let found = objects.list("apps/statefulsets", "").find(is_controller)?;
    objects.catalog.by_table(APPLICATIONS)?;
    Some(meta::namespace(found).to_owned())
}

/// What Argo CD's own servers make when they start.
fn furnish(objects: &mut Objects, namespace: &str) -> crate::kubernetes::status::Answer<()> {
    let everything = serde_json::json!([{"group": "*", "kind": "*"}]);
    let project = serde_json::json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default"},
        "spec": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": everything,
        },
    });
    let secret = |name: &str, key: &str| {
        let value = crate::kubernetes::access::new_token();
        serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: value}})
    };
    let secrets = [secret("argocd-redis", "auth"), secret("argocd-initial-admin-secret", "password")];
    for object in secrets.into_iter().chain([project]) {
        let Some(resource) = objects.catalog.kind(meta::api_version(&object), meta::kind(&object)) else { continue };
        if objects.get(&resource.table(), namespace, meta::name(&object)).is_none() {
            sync::make(objects, namespace, object, CONTROLLER)?;
        }
    }
    Ok(())
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let escaped: Vec<_> = pattern.split('*').map(regex::escape).collect();
    regex::Regex::new(&format!("^{}$", escaped.join(".*"))).is_ok_and(|rule| rule.is_match(text))
}

/// A text of a spec.
fn word<'a>(object: &'a Json, path: &[&str]) -> &'a str {
    text(object, path)
}
