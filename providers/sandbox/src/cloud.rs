//! The services of a sandbox, wired to each other: the one place that knows all of them.

use crate::aks;
use crate::argocd;
use crate::arm::{Arm, StandIn};
use crate::clock::Clock;
use crate::exchange::{Request, Response};
use crate::git::Repositories;
use crate::identity::Identity;
use crate::kind::Kind;
use crate::kubernetes::Clusters;
use crate::store::Store;
use crate::vault::{Register, Vault, Vaults};
use axum::Router;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Where Azure Resource Manager keeps resources, by id in lower case.
const RESOURCES: &str = "arm.resources";
const VAULT: &str = "Microsoft.KeyVault/vaults";
const VAULT_DOMAIN: &str = ".vault.azure.net";

/// The services.
pub(crate) struct Cloud {
    arm: Arc<Arm>,
    store: Arc<Store>,
    url: String,
    /// Key Vault's data plane.
    pub(crate) vaults: Vaults,
    /// Kubernetes and Git, which stream.
    pub(crate) streams: Router,
    repositories: Arc<Repositories>,
    /// Plays Argo CD where it is installed.
    argocd: JoinHandle<()>,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.argocd.abort();
    }
}

impl Cloud {
    /// Over this store; within a runtime, since controllers are at work from now on. Git data lies below `folder`.
    pub(crate) fn new(store: &Arc<Store>, clock: &Arc<dyn Clock>, identity: &Identity, folder: PathBuf) -> Self {
        let arm = Arc::new(Arm::new(Arc::clone(store), Arc::clone(clock)));
        let clusters = Clusters::new(Arc::clone(store), Arc::clone(clock));
        aks::connect(&arm, &clusters, &identity.url(), &identity.ca_pem, &identity.token);
        let register = Arc::new(Registered(Arc::clone(store)));
        let vaults = Vaults::new(Arc::clone(store), Arc::clone(clock), register, identity.url());
        let repositories = Repositories::new(folder.join("repositories"));
        let argocd = tokio::spawn(argocd::run(Arc::clone(&clusters), Arc::clone(&repositories), folder));
        let streams = clusters.router().merge(Arc::clone(&repositories).router());
        Self { arm, store: Arc::clone(store), url: identity.url(), vaults, streams, repositories, argocd }
    }

    /// Serves directories as `/git/NAME`.
    pub(crate) fn serve(&self, directories: BTreeMap<String, PathBuf>) {
        for (name, directory) in directories {
            self.repositories.serve(&name, directory);
        }
    }

    /// Azure Resource Manager.
    pub(crate) fn arm(&self, request: &Request) -> Response {
        let mut answer = self.arm.handle(request);
        if let Some(body) = &mut answer.body {
            self.place_vaults(body);
        }
        answer
    }

    /// Names on loopback have no subdomains: `https://NAME.vault.azure.net/` is `URL/vaults/NAME/` here.
    fn place_vaults(&self, value: &mut Json) {
        match value {
            Json::String(text) => {
                let host = text.strip_prefix("https://").and_then(|rest| rest.split_once(VAULT_DOMAIN));
                if let Some((name, path)) = host.filter(|(name, _)| !name.contains('/')) {
                    *text = format!("{}/vaults/{name}{path}", self.url);
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.place_vaults(item)),
            Json::Object(members) => members.values_mut().for_each(|member| self.place_vaults(member)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// Takes a stand-in of a resource that exists elsewhere; whether there can be one.
    pub(crate) fn stand_in(&self, known: &StandIn, besides: &BTreeSet<String>) -> Result<bool, String> {
        self.arm.stand_in(known, besides)
    }

    /// How many there are of each type.
    pub(crate) fn inventory(&self) -> BTreeMap<String, usize> {
        let mut counts = self.vaults.inventory();
        for (key, record) in self.store.scan(RESOURCES, "") {
            let id = record.get("id").and_then(Json::as_str).unwrap_or(&key);
            *counts.entry(Kind::of(id).name().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Names of the Kubernetes clusters.
    pub(crate) fn clusters(&self) -> Vec<String> {
        self.arm.clusters().into_iter().map(|cluster| format!("{} ({})", cluster.name, cluster.version)).collect()
    }
}

/// The vaults that Azure Resource Manager knows.
struct Registered(Arc<Store>);

impl Register for Registered {
    fn vault(&self, name: &str) -> Option<Vault> {
        let suffix = format!("/providers/{}/{name}", VAULT.to_ascii_lowercase());
        let record = self.0.find(RESOURCES, |id| id.ends_with(&suffix))?;
        let properties = record.get("body")?.get("properties");
        let property = |name: &str| properties.and_then(|properties| properties.get(name));
        let days =
            property("softDeleteRetentionInDays").and_then(Json::as_u64).and_then(|days| u32::try_from(days).ok());
        Some(Vault {
            incarnation: format!("{name}@{}", record.get("created").map(Json::to_string).unwrap_or_default()),
            purge_protection: property("enablePurgeProtection").and_then(Json::as_bool).unwrap_or(false),
            retention_days: days.unwrap_or(90),
        })
    }
}
