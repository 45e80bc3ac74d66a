//! What the service and those around it tell each other: events, clusters, credentials, and how work ends.

use super::record::Problem;

/// What others want to know of.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A managed cluster was accepted or changed.
    Cluster(Cluster),
    /// A managed cluster is gone.
    ClusterGone {
        /// Its id.
        id: String,
    },
}

/// A managed cluster, as far as its Kubernetes API needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The location.
    pub location: String,
    /// The full version of Kubernetes.
    pub version: String,
    /// The host name that clients are told.
    pub fqdn: String,
    /// The prefix of the host name.
    pub dns_prefix: String,
    /// The URL of the OIDC issuer, where it is switched on.
    pub oidc_issuer: Option<String>,
    /// Whether the directory (Microsoft Entra ID) signs in.
    pub signs_in_with_directory: bool,
    /// The node pools.
    pub pools: Vec<Pool>,
}

/// A node pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The name.
    pub name: String,
    /// How many nodes it has.
    pub count: u64,
    /// `System` or `User`.
    pub mode: String,
    /// The size of its machines.
    pub vm_size: String,
    /// The labels of its nodes.
    pub labels: Vec<(String, String)>,
    /// The taints of its nodes, as `key=value:Effect`.
    pub taints: Vec<String>,
    /// The zones that its nodes are spread over.
    pub zones: Vec<String>,
}

/// Where the credentials of clusters come from.
pub trait Credentials: Send + Sync {
    /// The kubeconfig of a cluster, as a text; `admin` for the administrator's.
    fn kubeconfig(&self, cluster: &str, admin: bool) -> Option<String>;

    /// The URL under which a cluster's OIDC issuer can be reached, where it differs from the cloud's.
    fn issuer(&self, _cluster: &str) -> Option<String> {
        None
    }
}

/// How the next long-running operation of a request ends, if not well: a rehearsal's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// The failure.
    pub problem: Option<Problem>,
}
