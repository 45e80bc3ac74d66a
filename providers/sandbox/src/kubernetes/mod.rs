//! Kubernetes API servers, one per cluster, under `/kubernetes/{cluster}`.
//!
//! A cluster is a set of objects ([`objects`]) behind an HTTP API ([`http`]): discovery, schemas, and every way of writing
//! that clients use ([`write`], [`patch`], [`apply`]). What a control plane and its nodes do with objects, [`controllers`]
//! do, so that deployments become available although nothing runs.

pub(crate) mod access;
mod apply;
mod autoscaling;
mod cluster;
pub(crate) mod controllers;
pub(crate) mod custom;
mod defaults;
mod discovery;
mod http;
pub(crate) mod json;
mod kubeconfig;
pub(crate) mod meta;
pub(crate) mod objects;
mod openapi;
pub(crate) mod patch;
mod protobuf;
mod quota;
pub(crate) mod resource;
pub(crate) mod schema;
pub(crate) mod selector;
pub(crate) mod status;
mod table;
mod validate;
pub(crate) mod write;

pub(crate) use cluster::Cluster;

use crate::clock::Clock;
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The table of clusters.
const TABLE: &str = "kubernetes-clusters";

/// Nodes of one size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// The pool's name.
    pub name: String,
    /// How many nodes it has.
    pub count: u32,
    /// The size of its machines, in the cloud's word.
    pub size: String,
    /// `System` or `User`.
    pub mode: String,
    /// Labels of its nodes.
    #[serde(default)]
    pub labels: Vec<(String, String)>,
    /// Taints of its nodes, as `key=value:Effect`.
    #[serde(default)]
    pub taints: Vec<String>,
    /// The zones over which its nodes are spread.
    #[serde(default)]
    pub zones: Vec<String>,
}

/// A cluster that shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// Its id in the cloud.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version of Kubernetes, such as `1.33.2`.
    pub version: String,
    /// The token of who signs in with the cloud's directory, where the cluster takes that.
    #[serde(default)]
    pub directory_token: Option<String>,
    /// Its nodes.
    pub pools: Vec<Pool>,
}

/// What may be done with a kubeconfig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Of an administrator.
    Admin,
    /// Of an ordinary user.
    User,
}

/// The clusters of a sandbox.
pub struct Clusters {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    /// By [`key`].
    clusters: RwLock<BTreeMap<String, Arc<Cluster>>>,
    /// What clients inside of the clusters are told to trust, as PEM.
    authority: RwLock<String>,
}

impl Clusters {
    /// The clusters that the store knows.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let known = store.scan(TABLE, "").into_iter().filter_map(|(_, record)| {
            let cluster = Cluster::load(&store, &clock, record)?;
            Some((key(&cluster.id()), cluster))
        });
        let clusters = RwLock::new(known.collect());
        Arc::new(Self { store, clock, clusters, authority: RwLock::default() })
    }

    /// Makes a cluster, or changes version and pools of the one with the same id. Its API answers when this returns.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn create(&self, spec: ClusterSpec) -> Result<(), StoreError> {
        let mut clusters = self.clusters.write().unwrap_or_else(PoisonError::into_inner);
        let (cluster, spec) = match clusters.get(&key(&spec.id)) {
            // It keeps its id in the spelling under which it is stored.
            Some(cluster) => (Arc::clone(cluster), ClusterSpec { id: cluster.id(), ..spec }),
            None => (Cluster::make(&self.store, &self.clock, spec.clone()), spec),
        };
        cluster.set_spec(spec);
        self.store.put(TABLE, &cluster.id(), cluster.record())?;
        self.authority
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_into(&mut cluster.objects().certificate_authority);
        cluster.furnish().map_err(|refusal| StoreError(refusal.message().to_owned()))?;
        cluster.start();
        clusters.insert(key(&cluster.id()), cluster);
        Ok(())
    }

    /// Takes a cluster away, with everything in it. One that is not there is no error.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub fn delete(&self, id: &str) -> Result<(), StoreError> {
        let removed = self.clusters.write().unwrap_or_else(PoisonError::into_inner).remove(&key(id));
        let Some(cluster) = removed else { return Ok(()) };
        self.store.delete(TABLE, &cluster.id())?;
        cluster.stop();
        cluster.objects().forget().map_err(|refusal| StoreError(refusal.message().to_owned()))
    }

    /// The URL of a cluster's API below a base such as `https://127.0.0.1:8443`.
    #[must_use]
    pub fn url(&self, id: &str, base_url: &str) -> Option<String> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.get(&key(id)).map(|one| format!("{}/kubernetes/{}", base_url.trim_end_matches('/'), one.uid))
    }

    /// A kubeconfig for a cluster whose API lies below the base URL and is trusted by the certificate authority.
    #[must_use]
    pub fn kubeconfig(&self, id: &str, base_url: &str, authority_pem: &str, credential: Credential) -> Option<String> {
        let url = self.url(id, base_url)?;
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let cluster = clusters.get(&key(id))?;
        Some(kubeconfig::write(cluster, &url, authority_pem, credential))
    }

    /// Says what clients inside of the clusters are to trust; from now on namespaces are made with it.
    pub fn trust(&self, authority_pem: &str) {
        authority_pem.clone_into(&mut self.authority.write().unwrap_or_else(PoisonError::into_inner));
        for cluster in self.clusters.read().unwrap_or_else(PoisonError::into_inner).values() {
            authority_pem.clone_into(&mut cluster.objects().certificate_authority);
        }
    }

    /// Serves `/kubernetes/{cluster}/…` of all clusters, and keeps their controllers at work. Needs a tokio runtime.
    pub fn router(self: Arc<Self>) -> axum::Router {
        for cluster in self.clusters.read().unwrap_or_else(PoisonError::into_inner).values() {
            cluster.start();
        }
        http::router(self)
    }

    /// All clusters.
    pub(crate) fn all(&self) -> Vec<Arc<Cluster>> {
        self.clusters.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn by_uid(&self, uid: &str) -> Option<Arc<Cluster>> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let found = clusters.values().find(|one| one.uid == uid).cloned();
        // One that was made before there was a runtime begins its work now.
        found.inspect(Cluster::start)
    }
}

/// Ids of resources are compared without case.
fn key(id: &str) -> String {
    id.to_lowercase()
}
