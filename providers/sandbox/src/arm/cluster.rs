//! AKS beyond its profile: versions, node groups, identities, upgrades, and what a Kubernetes API needs to know.

use super::failure::{self, Failure};
use super::id::{Id, group_key};
use super::path;
use super::record::Record;
use super::{Arm, Call, Cluster, Event, Found, Pool, scope, write};
use crate::exchange::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Versions of Kubernetes: minor, patches, and whether it is the default.
const VERSIONS: [(&str, &[&str], bool); 6] = [
    ("1.29", &["1.29.14", "1.29.15"], false),
    ("1.30", &["1.30.13", "1.30.14"], false),
    ("1.31", &["1.31.12", "1.31.13"], false),
    ("1.32", &["1.32.9", "1.32.10"], false),
    ("1.33", &["1.33.5", "1.33.6"], true),
    ("1.34", &["1.34.1", "1.34.2"], false),
];

fn default_version() -> &'static str {
    VERSIONS.iter().find(|version| version.2).map_or("1.33", |version| version.0)
}

/// The full version of a version that was asked for.
fn full_version(asked: &str) -> Option<&'static str> {
    VERSIONS.iter().find_map(|(minor, patches, _)| {
        if *minor == asked { patches.first().copied() } else { patches.iter().copied().find(|patch| *patch == asked) }
    })
}

fn order(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

impl Arm {
    /// Refuses a cluster that AKS would refuse.
    pub(super) fn check_cluster(&self, id: &Id, sent: &Json, exists: bool) -> Result<(), Failure> {
        let pools = path::get(sent, "properties.agentPoolProfiles").and_then(Json::as_array);
        if !exists && pools.is_none_or(Vec::is_empty) {
            return Err(invalid("Required parameter agentPoolProfiles is missing (null)."));
        }
        let system = |pool: &Json| path::text(pool, "mode").is_some_and(|mode| mode.eq_ignore_ascii_case("System"));
        if !exists && pools.is_some_and(|pools| pools.iter().all(|pool| pool.get("mode").is_some() && !system(pool))) {
            return Err(invalid("There has to be at least one system agent pool."));
        }
        pools.into_iter().flatten().try_for_each(check_count)?;
        let asked = path::text(sent, "properties.kubernetesVersion").filter(|asked| !asked.is_empty());
        let Some(asked) = asked else { return Ok(()) };
        let old = self
            .record(&id.key())
            .and_then(|record| path::text(&record.body, "properties.currentKubernetesVersion").map(str::to_owned));
        check_version(asked, old.as_deref(), id.name())
    }

    /// Refuses a pool that AKS would refuse.
    pub(super) fn check_pool(&self, id: &Id, sent: &Json, exists: bool) -> Result<(), Failure> {
        if !exists
            && path::get(sent, "properties.vmSize").is_none()
            && path::get(sent, "properties.virtualMachinesProfile").is_none()
        {
            return Err(invalid("Required parameter vmSize is missing (null)."));
        }
        sent.get("properties").map_or(Ok(()), check_count)?;
        let cluster = id.parent().and_then(|cluster| self.record(&cluster.key()));
        let current = cluster
            .and_then(|record| path::text(&record.body, "properties.currentKubernetesVersion").map(str::to_owned));
        match (path::text(sent, "properties.orchestratorVersion"), current) {
            (Some(asked), Some(current)) if full_version(asked).is_some_and(|asked| order(asked) > order(&current)) => {
                Err(Failure::new(
                    400,
                    "NodePoolMcVersionIncompatible",
                    format!(
                        "Node pool version {asked} and control plane version {current} are incompatible. Version of node pool must be less than or equal to version of the control plane."
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Decides the network, the versions, and the identities of add-ons that are switched on.
    pub(super) fn complete_cluster(&self, call: &Call<'_>, id: &Id, body: &mut Json, old: Option<&Json>) {
        if path::get(body, "properties.networkProfile.networkPlugin").is_none() {
            let overlay = call.version.as_str() >= "2024-09-01";
            path::set(
                body,
                "properties.networkProfile.networkPlugin",
                if overlay { "azure" } else { "kubenet" }.into(),
            );
            if overlay {
                path::set(body, "properties.networkProfile.networkPluginMode", "overlay".into());
            }
        }
        let issued = path::get(body, "properties.oidcIssuerProfile.enabled") == Some(&json!(true));
        let credentials = self.credentials.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(issuer) = credentials.filter(|_| issued).and_then(|credentials| credentials.issuer(&id.text())) {
            path::set(body, "properties.oidcIssuerProfile.issuerURL", issuer.into());
        }
        add_on_identities(id, body);
        let kept = old.and_then(|old| path::text(old, "properties.kubernetesVersion")).map(str::to_owned);
        let asked =
            path::text(body, "properties.kubernetesVersion").filter(|asked| !asked.is_empty()).map(str::to_owned);
        let version = asked.or(kept).unwrap_or_else(|| default_version().to_owned());
        let full = full_version(&version).unwrap_or(&version).to_owned();
        path::set(body, "properties.kubernetesVersion", version.clone().into());
        path::set(body, "properties.currentKubernetesVersion", full.into());
        let pods = pods(body);
        path::each_mut(body, "properties.agentPoolProfiles[]", &mut |pool| {
            complete_pool(pool, &version, pods);
            if old.is_some() {
                without_autoscaling(pool);
            }
        });
    }

    /// A pool has its cluster's version and room for as many pods as its cluster's network gives.
    pub(super) fn complete_pool_of(&self, id: &Id, body: &mut Json) {
        let cluster = id.parent().and_then(|cluster| self.record(&cluster.key()));
        let (Some(cluster), Some(properties)) = (cluster, path::get_mut(body, "properties")) else { return };
        let version = path::text(&cluster.body, "properties.kubernetesVersion").unwrap_or_default();
        complete_pool(properties, version, pods(&cluster.body));
        without_autoscaling(properties);
    }

    /// What follows from a cluster's write: its node group and identity, and whoever runs its API is told.
    pub(super) fn cluster_written(&self, call: &Call<'_>, found: &Found) -> Result<(), Failure> {
        let record = &found.record;
        self.node_group(call, record)?;
        self.tell(&Event::Cluster(self.cluster_of(record)));
        Ok(())
    }

    fn node_group(&self, call: &Call<'_>, record: &Record) -> Result<(), Failure> {
        let Some(id) = Id::parse(&record.id) else { return Ok(()) };
        let group = node_group_name(&id, &record.body);
        let scope_text = format!("/subscriptions/{}/resourceGroups/{group}", id.subscription());
        let made = |id: String, body: Json| Record {
            id,
            body,
            born: call.version.clone(),
            created: record.created,
            modified: record.created,
            revision: 1,
            work: BTreeMap::new(),
        };
        if self.record(&group_key(id.subscription(), &group)).is_none() {
            let body = json!({"location": record.body.get("location"), "managedBy": record.id});
            self.keep(&made(scope_text.clone(), body))?;
        }
        let identity =
            format!("{scope_text}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}-agentpool", id.name());
        if self.record(&identity.to_lowercase()).is_none() {
            self.note_principal(&write::principal(&identity, record.created), record.created)?;
            self.keep(&made(identity, json!({"location": record.body.get("location")})))?;
        }
        if path::text(&record.body, "identity.type") == Some("SystemAssigned") {
            self.note_principal(&scope::guid(&scope::own_seed(&record.id, record.created, "system")), record.created)?;
        }
        Ok(())
    }

    /// A cluster takes its node group with it.
    pub(super) fn cluster_gone(&self, record: &Record, id: &Id) {
        let group = group_key(id.subscription(), &node_group_name(id, &record.body));
        for inside in self.records(&format!("{group}/")) {
            self.forget(&inside.id.to_lowercase());
        }
        self.forget(&group);
    }

    /// All clusters.
    pub(super) fn all_clusters(&self) -> Vec<Cluster> {
        let records = self.records("").into_iter();
        let is_cluster = |record: &std::sync::Arc<Record>| {
            Id::parse(&record.id)
                .is_some_and(|id| id.type_name().eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters"))
        };
        records.filter(is_cluster).map(|record| self.cluster_of(&record)).collect()
    }

    /// A cluster, as its Kubernetes API needs to know it.
    pub(super) fn cluster_of(&self, record: &Record) -> Cluster {
        let text = |place: &str| path::text(&record.body, place).unwrap_or_default().to_owned();
        let shown = self.shown_cluster(record);
        let pools = path::all(&record.body, "properties.agentPoolProfiles[]");
        Cluster {
            id: record.id.clone(),
            name: record.id.rsplit('/').next().unwrap_or_default().to_owned(),
            location: text("location"),
            version: text("properties.currentKubernetesVersion"),
            fqdn: path::text(&shown, "properties.fqdn")
                .or_else(|| path::text(&shown, "properties.privateFQDN"))
                .unwrap_or_default()
                .to_owned(),
            dns_prefix: text("properties.dnsPrefix"),
            oidc_issuer: path::text(&shown, "properties.oidcIssuerProfile.issuerURL").map(str::to_owned),
            signs_in_with_directory: record.body.pointer("/properties/aadProfile").is_some_and(Json::is_object),
            pools: pools.into_iter().map(|spot| pool(spot.value)).collect(),
        }
    }

    fn shown_cluster(&self, record: &Record) -> Json {
        let back = super::reference::Back::default();
        let view = super::dress::View {
            now: self.clock.now_ms(),
            version: "2025-08-01".to_owned(),
            answers_put: false,
            listed: false,
            back: &back,
            tenant: self.tenant.clone(),
            caller: String::new(),
            location: String::new(),
        };
        self.profiles.dress(record, "Microsoft.ContainerService/managedClusters", &view)
    }

    /// The kubeconfig of a cluster, in the form that AKS gives it.
    pub(super) fn kubeconfig(&self, id: &Id, admin: bool) -> Result<Response, Failure> {
        let Some(found) = self.find(id) else { return Err(failure::missing(id, self.profiles.of(&id.type_name()))) };
        if found.record.creating("", self.clock.now_ms()) {
            return Err(Failure::new(
                409,
                "OperationNotAllowed",
                "The managed cluster is being created; its credentials cannot be listed yet.",
            ));
        }
        let credentials = self.credentials.read().unwrap_or_else(PoisonError::into_inner).clone();
        let text = credentials.and_then(|credentials| credentials.kubeconfig(&found.record.id, admin));
        let text = text.unwrap_or_else(|| bare_kubeconfig(&self.cluster_of(&found.record), admin));
        let name = if admin { "clusterAdmin" } else { "clusterUser" };
        Ok(Response::json(200, json!({"kubeconfigs": [{"name": name, "value": STANDARD.encode(text)}]})))
    }

    /// `upgradeProfiles/default`.
    pub(super) fn upgrade_profile(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        let _ = call;
        let cluster = id.parent().and_then(|cluster| self.record(&cluster.key()));
        let Some(record) = cluster else {
            return Err(failure::missing(id, self.profiles.of("Microsoft.ContainerService/managedClusters")));
        };
        let current = path::text(&record.body, "properties.currentKubernetesVersion").unwrap_or_default();
        let now = order(current);
        let next = now.get(1).copied().unwrap_or(0) + 1;
        let patches = VERSIONS.iter().flat_map(|version| version.1);
        let upgrades: Vec<Json> = patches
            .filter(|patch| order(patch) > now && order(patch).get(1).is_some_and(|minor| *minor <= next))
            .map(|patch| json!({"kubernetesVersion": patch}))
            .collect();
        let pool =
            |name: &str| json!({"name": name, "kubernetesVersion": current, "osType": "Linux", "upgrades": upgrades});
        Ok(Response::json(
            200,
            json!({
                "id": id.text(),
                "name": "default",
                "type": "Microsoft.ContainerService/managedClusters/upgradeprofiles",
                "properties": {"controlPlaneProfile": pool("master"), "agentPoolProfiles": []},
            }),
        ))
    }

    /// `accessProfiles/clusterUser|clusterAdmin`.
    pub(super) fn access_profile(&self, id: &Id) -> Result<Response, Failure> {
        let Some(cluster) = id.parent() else { return Err(failure::invalid_content("There is no cluster.")) };
        let answer = self.kubeconfig(&cluster, id.name().eq_ignore_ascii_case("clusterAdmin"))?;
        let config = answer.body.as_ref().and_then(|body| body.pointer("/kubeconfigs/0/value")).cloned();
        let location = self.record(&cluster.key()).and_then(|record| record.body.get("location").cloned());
        Ok(Response::json(
            200,
            json!({"id": id.text(), "name": id.name(), "type": "Microsoft.ContainerService/ManagedClusters/AccessProfiles", "location": location, "properties": {"kubeConfig": config}}),
        ))
    }
}

/// The versions that can be asked for.
pub(super) fn kubernetes_versions() -> Response {
    let values: Vec<Json> = VERSIONS
        .iter()
        .enumerate()
        .map(|(at, (minor, patches, default))| {
            let later = VERSIONS.get(at + 1).map(|next| next.1).unwrap_or_default();
            let upgrades = |patch: &&str| {
                let own = patches.iter().filter(|other| order(other) > order(patch));
                json!({"upgrades": own.chain(later).collect::<Vec<_>>()})
            };
            let patches: serde_json::Map<String, Json> =
                patches.iter().map(|patch| ((*patch).to_owned(), upgrades(patch))).collect();
            let mut version = json!({"version": minor, "capabilities": {"supportPlan": ["KubernetesOfficial"]}, "patchVersions": patches});
            if *default {
                path::set(&mut version, "isDefault", true.into());
            }
            version
        })
        .collect();
    Response::json(200, json!({ "values": values }))
}

fn check_version(asked: &str, old: Option<&str>, name: &str) -> Result<(), Failure> {
    let Some(full) = full_version(asked) else {
        let message = format!(
            "Managed cluster {name} is on version {asked}, which is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region."
        );
        return Err(Failure::new(400, "K8sVersionNotSupported", message));
    };
    let (new, now) = (order(full), order(old.unwrap_or(full)));
    let minor = |version: &[u32]| version.get(1).copied().unwrap_or(0);
    if new < now && minor(&new) < minor(&now) || minor(&new) > minor(&now) + 1 {
        let message = format!(
            "Upgrading Kubernetes version {} to {full} is not allowed. Only one minor version at a time is supported, and no downgrade.",
            old.unwrap_or_default()
        );
        return Err(Failure::new(400, "OperationNotAllowed", message));
    }
    Ok(())
}

/// The number of nodes that is sent lies within what a pool may have: up to 1000, and 0 only where it is no system pool.
///
/// The code and the words are those that AKS answers when a system pool shall have no nodes, as they stand in
/// kubernetes-sigs/cluster-api-provider-azure#5947 (the code in Azure/azure-cli#22442). The autoscaler's bounds are not held
/// against the number: the vendor's own example of an update has three nodes between bounds of two, and
/// Azure/azure-cli-extensions#1606 says that a lower bound above the present number is taken.
/// The fewest and the most pods that a node may have room for.
const PODS: std::ops::RangeInclusive<i64> = 10..=250;

fn check_pods(pool: &Json) -> Result<(), Failure> {
    match pool.get("maxPods").and_then(Json::as_i64).filter(|pods| *pods != 0 && !PODS.contains(pods)) {
        Some(pods) => Err(invalid(&format!(
            "The value of parameter agentPoolProfile.maxPods is invalid. Error details: maxPods was {pods}. It must be from {} to {}.",
            PODS.start(),
            PODS.end()
        ))),
        None => Ok(()),
    }
}

fn check_count(pool: &Json) -> Result<(), Failure> {
    check_pods(pool)?;
    let Some(count) = pool.get("count").and_then(Json::as_i64) else { return Ok(()) };
    let is_system = path::text(pool, "mode").is_some_and(|mode| mode.eq_ignore_ascii_case("System"));
    let (least, most) = (i64::from(is_system), 1000);
    if (least..=most).contains(&count) {
        return Ok(());
    }
    Err(invalid(&format!(
        "agentPoolProfile.count was {count}. It must be greater or equal to minCount:{least} and less than or equal to maxCount:{most}."
    )))
}

fn invalid(message: &str) -> Failure {
    Failure::new(400, "InvalidParameter", message)
}

/// How many pods a node has room for.
fn pods(cluster: &Json) -> u64 {
    let network = |place: &str| path::text(cluster, &format!("properties.networkProfile.{place}")).unwrap_or_default();
    match (network("networkPlugin"), network("networkPluginMode")) {
        ("azure", "overlay") | ("none", _) => 250,
        ("kubenet", _) => 110,
        _ => 30,
    }
}

/// An add-on that is switched on has an identity of its own.
fn add_on_identities(id: &Id, body: &mut Json) {
    let group = node_group_name(id, body);
    let Some(add_ons) = path::get_mut(body, "properties.addonProfiles").and_then(Json::as_object_mut) else { return };
    for (name, add_on) in add_ons.iter_mut().filter(|(_, add_on)| add_on.get("enabled") == Some(&json!(true))) {
        let identity = format!(
            "/subscriptions/{}/resourcegroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}-{}",
            id.subscription(),
            name.to_lowercase(),
            id.name()
        );
        let guid = |what: &str| scope::guid(&scope::own_seed(&identity, 0, what));
        let known = json!({"resourceId": identity, "clientId": guid("client"), "objectId": guid("principal")});
        path::set(add_on, "identity", known);
    }
}

/// Autoscaling that was not asked for is told to be off, once a pool was written by itself or a second time.
fn without_autoscaling(pool: &mut Json) {
    if pool.get("enableAutoScaling").is_none() {
        path::set(pool, "enableAutoScaling", false.into());
    }
}

fn complete_pool(pool: &mut Json, version: &str, pods: u64) {
    if pool.get("maxPods").is_none() {
        path::set(pool, "maxPods", pods.into());
    }
    let asked = path::text(pool, "orchestratorVersion").filter(|asked| !asked.is_empty()).unwrap_or(version).to_owned();
    let full = full_version(&asked).unwrap_or(&asked).to_owned();
    path::set(pool, "orchestratorVersion", asked.into());
    path::set(pool, "currentOrchestratorVersion", full.into());
}

/// The group that AKS makes for a cluster's nodes.
pub(super) fn node_group_name(id: &Id, body: &Json) -> String {
    let sent = path::text(body, "properties.nodeResourceGroup").filter(|name| !name.is_empty());
    let location = path::text(body, "location").unwrap_or_default();
    sent.map_or_else(|| format!("MC_{}_{}_{location}", id.group().unwrap_or_default(), id.name()), str::to_owned)
}

fn pool(value: &Json) -> Pool {
    let text = |name: &str| path::text(value, name).unwrap_or_default().to_owned();
    let list = |name: &str| -> Vec<String> {
        let items = value.get(name).and_then(Json::as_array).into_iter().flatten();
        items.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let labels = value.get("nodeLabels").and_then(Json::as_object).into_iter().flatten();
    Pool {
        name: text("name"),
        count: value.get("count").and_then(Json::as_u64).unwrap_or(1),
        mode: path::text(value, "mode").unwrap_or("User").to_owned(),
        vm_size: text("vmSize"),
        labels: labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
        taints: list("nodeTaints"),
        zones: list("availabilityZones"),
    }
}

/// A kubeconfig without a key, where nobody runs the cluster's API.
fn bare_kubeconfig(cluster: &Cluster, admin: bool) -> String {
    let role = if admin { "clusterAdmin" } else { "clusterUser" };
    let name = &cluster.name;
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: {name}\n  cluster:\n    server: https://{}:443\ncontexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: {role}_{name}\ncurrent-context: {name}\nusers:\n- name: {role}_{name}\n  user: {{}}\n",
        cluster.fqdn
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_minor_version_becomes_its_patch() {
        assert_eq!(full_version("1.33"), Some("1.33.5"));
        assert_eq!(full_version("1.32.10"), Some("1.32.10"));
        assert_eq!(full_version("1.9.6"), None);
    }

    #[test]
    fn a_pool_has_as_many_nodes_as_it_may_have() {
        let scaling = json!({"count": 3, "enableAutoScaling": true, "minCount": 2, "maxCount": 2, "mode": "System"});
        assert!(check_count(&scaling).is_ok(), "the autoscaler brings it within its bounds");
        assert!(check_count(&json!({"count": 0, "mode": "System"})).is_err());
        assert!(check_count(&json!({"count": 0, "minCount": 3})).is_ok());
        assert!(check_count(&json!({"minCount": 3, "enableAutoScaling": true})).is_ok());
    }

    #[test]
    fn upgrades_go_one_minor_at_a_time_and_never_back() {
        assert!(check_version("1.34", Some("1.33.5"), "c").is_ok());
        assert!(check_version("1.34", Some("1.32.9"), "c").is_err());
        assert!(check_version("1.32", Some("1.33.5"), "c").is_err());
        assert!(check_version("1.33", None, "c").is_ok());
    }
}
