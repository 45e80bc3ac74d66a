//! A connection to one subscription: the client, and what its calls share.

use crate::arm::{ArmClient, ResourceId};
use crate::compute::Compute;
use crate::configuration::{Cloud, Configuration, cloud};
use crate::credentials::{Credentials, Source, choose};
use crate::http::{self, Reach};
use crate::resource::apart::Listed;
use crate::trust::{Trust, is_loopback};
use formwork_model::{AttributePath, Redacted};
use formwork_provider_api::{AccountIdentity, Environment, ErrorClass, ProviderError, SandboxEndpoint};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;
use url::Url;

/// A configured connection.
pub(crate) struct Session {
    /// Azure Resource Manager.
    pub(crate) arm: Arc<ArmClient>,
    /// The compute crate's client, on the same connection.
    pub(crate) compute: Compute,
    /// The subscription's id.
    pub(crate) subscription: String,
    /// The tenant, where the block or the environment names it.
    pub(crate) tenant: Option<String>,
    /// Addresses and audiences.
    pub(crate) cloud: Cloud,
    /// Which children parents list in their configs.
    pub(crate) listed: Listed,
    /// What is known of the principal without its token.
    claims: Claims,
    /// One lock for each resource whose children must not be changed at the same time.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The subscription of a sandboxed run that names none: the sandbox's own.
const SANDBOX_SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000001";
/// And the directory.
const SANDBOX_TENANT: &str = "00000000-0000-4000-8000-0000000000aa";
/// Who a sandboxed run is: the sandbox's bearer token has no claims.
const SANDBOX_CLAIMS: Claims =
    &[("appid", "00000000-0000-4000-8000-0000000000cc"), ("oid", "00000000-0000-4000-8000-0000000000dd")];

/// Whether what is to be done lies in a subscription.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subscription {
    Needed,
    Unneeded,
}

/// Names and values.
type Claims = &'static [(&'static str, &'static str)];

impl Session {
    /// Connects. Nothing is asked: a subscription that cannot be seen shows at the first call.
    pub(crate) fn open(configuration: Configuration, environment: &Environment) -> Result<Self, ProviderError> {
        match environment.sandbox {
            true => Self::sandboxed(&configuration, environment.sandbox_endpoint.as_ref()),
            false => Self::real(configuration, environment, Subscription::Needed),
        }
    }

    /// Connects to what lies in no subscription: the data planes.
    pub(crate) fn without_subscription(
        configuration: Configuration,
        environment: &Environment,
    ) -> Result<Self, ProviderError> {
        match environment.sandbox {
            true => Self::sandboxed(&configuration, environment.sandbox_endpoint.as_ref()),
            false => Self::real(configuration, environment, Subscription::Unneeded),
        }
    }

    /// The sandbox and nothing else: variables, files and programs with real credentials are not read.
    fn sandboxed(configuration: &Configuration, endpoint: Option<&SandboxEndpoint>) -> Result<Self, ProviderError> {
        let missing = || {
            let message = "a sandboxed run cannot connect to Azure itself, and no sandbox is there";
            ProviderError::new(ErrorClass::Forbidden, message).help("start one with `formwork sandbox start`")
        };
        let endpoint = endpoint.ok_or_else(missing)?;
        let url = Url::parse(&endpoint.url).ok().filter(is_loopback).ok_or_else(missing)?;
        let trust = Trust::sandbox(&url);
        let client = http::client(&Reach::Sandbox(&endpoint.ca_pem))?;
        let source = Source::Fixed(Redacted(endpoint.token.clone()));
        let credentials = Credentials::new(source, client.clone(), trust.clone());
        let cloud = cloud(configuration.cloud.as_deref());
        let subscription = configuration.subscription_id.clone().filter(|text| !text.is_empty());
        let session = Self::of(
            ArmClient::new(client, url, trust, credentials, cloud.resource_manager.to_owned()),
            subscription.unwrap_or_else(|| SANDBOX_SUBSCRIPTION.to_owned()),
            configuration.tenant_id.clone().or_else(|| Some(SANDBOX_TENANT.to_owned())),
            cloud,
        )?;
        Ok(Self { claims: SANDBOX_CLAIMS, ..session })
    }

    fn real(
        configuration: Configuration,
        environment: &Environment,
        need: Subscription,
    ) -> Result<Self, ProviderError> {
        let configuration = configuration.with_variables();
        let cloud = cloud(configuration.cloud.as_deref());
        let trust = Trust::of(environment);
        let address = |attribute: &'static str, said: &Option<String>, default: &str| {
            let text = said.as_deref().filter(|text| !text.is_empty()).unwrap_or(default);
            trust.address(attribute, text)
        };
        let endpoint = address("endpoint", &configuration.endpoint, cloud.resource_manager)?;
        let authority = address("authority_host", &configuration.authority_host, cloud.authority)?;
        let subscription = configuration.subscription_id.clone().unwrap_or_default();
        if subscription.is_empty() && need == Subscription::Needed {
            return Err(ProviderError::invalid("no subscription is given")
                .at(AttributePath::member("subscription_id"))
                .help("write `subscription_id` in the provider block, or set AZURE_SUBSCRIPTION_ID"));
        }
        let reach = if is_loopback(&endpoint) { Reach::Loopback(environment) } else { Reach::Network(environment) };
        let client = http::client(&reach)?;
        let source = choose(&configuration, environment, &trust, &authority)?;
        let credentials = Credentials::new(source, client.clone(), trust.clone());
        let arm = ArmClient::new(client, endpoint, trust, credentials, cloud.resource_manager.to_owned());
        Self::of(arm, subscription, configuration.tenant_id.filter(|text| !text.is_empty()), cloud)
    }

    fn of(arm: ArmClient, subscription: String, tenant: Option<String>, cloud: Cloud) -> Result<Self, ProviderError> {
        let arm = Arc::new(arm);
        let compute = Compute::new(Arc::clone(&arm))?;
        let (listed, locks) = (Listed::default(), Mutex::default());
        Ok(Self { arm, compute, subscription, tenant, cloud, listed, claims: &[], locks })
    }

    /// What is known of the principal where its token says nothing.
    pub(crate) fn claim(&self, name: &str) -> Option<String> {
        self.claims.iter().find(|(claim, _)| *claim == name).map(|(_, value)| (*value).to_owned())
    }

    /// The subscription's id as ARM's.
    pub(crate) fn scope(&self) -> ResourceId {
        ResourceId::subscription_of(&self.subscription)
    }

    /// What plans are bound to.
    pub(crate) fn identity(&self) -> AccountIdentity {
        let mut identity = BTreeMap::from([("subscription".to_owned(), self.subscription.to_lowercase())]);
        identity.extend(self.tenant.clone().map(|tenant| ("tenant".to_owned(), tenant)));
        AccountIdentity(identity)
    }

    /// Waits until nobody else changes this resource or its children.
    pub(crate) async fn alone(&self, root: &ResourceId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.entry(root.key()).or_default().clone()
        };
        lock.lock_owned().await
    }
}
