//! One cluster: its objects, who may come in, and its controllers at work.

use super::access::{self, Identity, new_token};
use super::controllers;
use super::json::{get, text};
use super::objects::Objects;
use super::status::Answer;
use super::write::{self, Options, Target};
use super::{ClusterSpec, Credential};
use crate::clock::Clock;
use crate::store::Store;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A cluster.
pub(crate) struct Cluster {
    /// What its URL names.
    pub(crate) uid: String,
    admin_token: String,
    user_token: String,
    spec: Mutex<ClusterSpec>,
    objects: Mutex<Objects>,
    changed: Notify,
    is_running: AtomicBool,
    is_stopped: AtomicBool,
}

/// How long controllers wait for more changes before they look.
const SETTLE: Duration = Duration::from_millis(30);
/// How often they look when nothing changes while something waits: time alone makes pods ready.
const TICK: Duration = Duration::from_millis(200);
/// How often they look when nothing waits.
const IDLE: Duration = Duration::from_secs(5);

impl Cluster {
    /// A new cluster.
    pub(super) fn make(store: &Arc<Store>, clock: &Arc<dyn Clock>, spec: ClusterSpec) -> Arc<Self> {
        let uid = uuid::Uuid::new_v4().to_string();
        Self::with(store, clock, spec, uid, new_token(), new_token())
    }

    /// A cluster as [`Self::record`] wrote it.
    pub(super) fn load(store: &Arc<Store>, clock: &Arc<dyn Clock>, record: Json) -> Option<Arc<Self>> {
        let spec = serde_json::from_value(get(&record, &["spec"]).clone()).ok()?;
        let word = |name: &str| text(&record, &[name]).to_owned();
        Some(Self::with(store, clock, spec, word("uid"), word("admin_token"), word("user_token")))
    }

    fn with(
        store: &Arc<Store>,
        clock: &Arc<dyn Clock>,
        spec: ClusterSpec,
        uid: String,
        admin_token: String,
        user_token: String,
    ) -> Arc<Self> {
        let objects = Mutex::new(Objects::load(Arc::clone(store), Arc::clone(clock), &uid));
        Arc::new(Self {
            uid,
            admin_token,
            user_token,
            spec: Mutex::new(spec),
            objects,
            changed: Notify::new(),
            is_running: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
        })
    }

    /// What is kept of the cluster itself.
    pub(super) fn record(&self) -> Json {
        json!({
            "spec": self.spec(), "uid": self.uid, "admin_token": self.admin_token, "user_token": self.user_token,
        })
    }

    /// What the cluster shall be.
    pub(crate) fn spec(&self) -> ClusterSpec {
        self.spec.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_spec(&self, spec: ClusterSpec) {
        *self.spec.lock().unwrap_or_else(PoisonError::into_inner) = spec;
        self.wake();
    }

    pub(super) fn id(&self) -> String {
        self.spec().id
    }

    /// The version of Kubernetes.
    pub(crate) fn version(&self) -> String {
        let version = self.spec().version;
        match version.trim_start_matches('v').split('.').count() {
            0 | 1 => "1.33.0".to_owned(),
            2 => format!("{version}.0"),
            _ => version,
        }
    }

    /// The objects, for as long as the guard lives; it is never held across an await.
    pub(crate) fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn token(&self, credential: Credential) -> &str {
        match credential {
            Credential::Admin => &self.admin_token,
            Credential::User => &self.user_token,
        }
    }

    /// Whose token this is.
    pub(crate) fn identity(&self, token: &str) -> Option<Identity> {
        self.identity_in(token).or_else(|| access::account_of(&self.objects(), token))
    }

    /// Whose token this is, if it is one of the cluster's own.
    pub(crate) fn identity_in(&self, token: &str) -> Option<Identity> {
        match token {
            token if token == self.admin_token => Some(Identity::master("clusterAdmin")),
            token if token == self.user_token => Some(Identity::master("clusterUser")),
            token if self.spec().directory_token.as_deref() == Some(token) => Some(Identity::master("directoryUser")),
            _ => None,
        }
    }

    /// What a cluster has from the start.
    pub(super) fn furnish(&self) -> Answer<()> {
        let mut objects = self.objects();
        for object in controllers::first_objects() {
            let (api_version, kind) = (text(&object, &["apiVersion"]), text(&object, &["kind"]));
            let Some(resource) = objects.catalog.kind(api_version, kind) else { continue };
            let (namespace, name) = (super::meta::namespace(&object).to_owned(), super::meta::name(&object).to_owned());
            if objects.get(&resource.table(), &namespace, &name).is_none() {
                let target = Target { resource: &resource, namespace: &namespace, name: &name, subresource: "" };
                write::create(&mut objects, target, object, &Options::of("kube-apiserver"))?;
            }
        }
        Ok(())
    }

    /// Tells controllers that there may be something to do.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Ends the controllers' work.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.wake();
    }

    /// Sets the controllers to work, once, if there is a runtime.
    pub(super) fn start(self: &Arc<Self>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.is_running.swap(true, Ordering::AcqRel) {
            runtime.spawn(Arc::clone(self).work());
        }
    }

    /// Does what is due; gives how long there is nothing to do unless something changes.
    fn reconcile(&self) -> Duration {
        let mut objects = self.objects();
        if let Err(refusal) = controllers::reconcile(&mut objects, &self.spec()) {
            tracing::warn!(cluster = %self.uid, error = refusal.message(), "a controller could not go on");
        }
        if controllers::is_settled(&objects) { IDLE } else { TICK }
    }

    async fn work(self: Arc<Self>) {
        while !self.is_stopped.load(Ordering::Acquire) {
            let tick = self.reconcile();
            // Either there is news, and more of it may follow at once, or time has passed.
            if tokio::time::timeout(tick, self.changed.notified()).await.is_ok() {
                tokio::time::sleep(SETTLE).await;
            }
        }
    }
}
