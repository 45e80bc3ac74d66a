//! A managed cluster of Azure Resource Manager has a Kubernetes API here, for as long as it exists.

use crate::arm::{self, Arm, Event};
use crate::kubernetes::{ClusterSpec, Clusters, Credential, Pool};
use std::sync::Arc;

/// Lets clusters follow the resource manager: those that it has, and those that it will have. Kubeconfigs name APIs below
/// the base URL, trusted by the certificate authority. The token is the one that the directory gives to whoever asks.
pub fn connect(arm: &Arm, clusters: &Arc<Clusters>, base_url: &str, authority_pem: &str, token: &str) {
    clusters.trust(authority_pem);
    let link =
        Link { clusters: Arc::clone(clusters), base_url: base_url.to_owned(), authority_pem: authority_pem.to_owned() };
    arm.set_credentials(Arc::new(link));
    let (follower, shown) = (Arc::clone(clusters), token.to_owned());
    arm.listen(move |event| follow(&follower, event, &shown));
    for cluster in arm.clusters() {
        follow(clusters, &Event::Cluster(cluster), token);
    }
}

struct Link {
    clusters: Arc<Clusters>,
    base_url: String,
    authority_pem: String,
}

impl arm::Credentials for Link {
    fn kubeconfig(&self, cluster: &str, admin: bool) -> Option<String> {
        let credential = if admin { Credential::Admin } else { Credential::User };
        self.clusters.kubeconfig(cluster, &self.base_url, &self.authority_pem, credential)
    }
}

fn follow(clusters: &Clusters, event: &Event, token: &str) {
    let done = match event {
        Event::Cluster(cluster) => clusters.create(spec(cluster, token)),
        Event::ClusterGone { id } => clusters.delete(id),
    };
    if let Err(error) = done {
        tracing::error!(error = error.0, "a cluster's API could not be kept");
    }
}

fn spec(cluster: &arm::Cluster, token: &str) -> ClusterSpec {
    let pool = |pool: &arm::Pool| Pool {
        name: pool.name.clone(),
        count: u32::try_from(pool.count).unwrap_or(u32::MAX),
        size: pool.vm_size.clone(),
        mode: pool.mode.clone(),
        labels: pool.labels.clone(),
        taints: pool.taints.clone(),
        zones: pool.zones.iter().map(|zone| format!("{}-{zone}", cluster.location)).collect(),
    };
    ClusterSpec {
        id: cluster.id.clone(),
        name: cluster.name.clone(),
        version: cluster.version.clone(),
        directory_token: cluster.signs_in_with_directory.then(|| token.to_owned()),
        pools: cluster.pools.iter().map(pool).collect(),
    }
}
