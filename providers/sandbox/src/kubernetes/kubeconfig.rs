//! What a client needs to reach a cluster, as the file that clients read.

use super::{Cluster, Credential};
use base64::Engine as _;
use serde_json::json;

/// The text of a kubeconfig. It is JSON, which is YAML.
pub(super) fn write(cluster: &Cluster, url: &str, authority_pem: &str, credential: Credential) -> String {
    let name = cluster.spec().name;
    let user = match credential {
        Credential::Admin => format!("clusterAdmin_{name}"),
        Credential::User => format!("clusterUser_{name}"),
    };
    let authority = base64::engine::general_purpose::STANDARD.encode(authority_pem);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": cluster.token(credential)}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
        "preferences": {},
    });
    serde_norway::to_string(&config).unwrap_or_else(|_| config.to_string())
}
