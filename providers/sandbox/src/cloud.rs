//! The services of a sandbox, wired to each other: the one place that knows all of them.

use crate::clock::Clock;
use crate::exchange::{Request, Response};
use crate::identity::Identity;
use crate::store::Store;
use crate::vault::{Register, Vault, Vaults};
use axum::Router;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The services.
pub(crate) struct Cloud {
    /// Key Vault's data plane.
    pub(crate) vaults: Vaults,
    /// Kubernetes and Git, which stream.
    pub(crate) streams: Router,
}

impl Cloud {
    /// Over this store.
    pub(crate) fn new(store: &Arc<Store>, clock: &Arc<dyn Clock>, identity: &Identity) -> Self {
        let vaults = Vaults::new(Arc::clone(store), Arc::clone(clock), Arc::new(NoVaults), identity.url());
        Self { vaults, streams: Router::new() }
    }

    /// Azure Resource Manager.
    pub(crate) fn arm(&self, request: &Request) -> Response {
        let message = format!("The sandbox has nothing at {}.", request.path);
        Response::json(404, json!({ "error": { "code": "NotFound", "message": message } }))
    }

    /// How many there are of each type.
    pub(crate) fn inventory(&self) -> BTreeMap<String, usize> {
        self.vaults.inventory()
    }

    /// Names of the Kubernetes clusters.
    pub(crate) fn clusters(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Until there is a service that makes vaults.
struct NoVaults;

impl Register for NoVaults {
    fn vault(&self, _name: &str) -> Option<Vault> {
        None
    }
}
