//! The provider, and what it connects to.

use crate::configuration::{self, Configuration};
use crate::registry;
use crate::resource::known_map;
use crate::resources::vault_item::source;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::ProviderSchema;
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::typed::{self, Cloud, DataSource, EphemeralType, ResourceType, TypedConnection};
use formwork_provider_api::{
    AccountIdentity, ConfigureRequest, Connection, Finding, Limits, Provider, ProviderError, SecretReader,
    ValidateRequest,
};
use std::sync::Arc;

static SCHEMA: ProviderSchema = ProviderSchema {
    name: "azure",
    version: env!("CARGO_PKG_VERSION"),
    docs: "Microsoft Azure. Credentials come from the block, from variables, from a pipeline's or a cluster's tokens, from the \
           machine's identity, or from the Azure CLI.",
    configuration: configuration::ATTRIBUTES,
    configuration_rules: &[],
    resources: registry::RESOURCE_SCHEMAS,
    data: registry::DATA_SCHEMAS,
    ephemerals: registry::EPHEMERAL_SCHEMAS,
    secrets: source::SCHEMES,
};

/// The Azure provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct AzureProvider;

#[async_trait]
impl Provider for AzureProvider {
    fn schema(&self) -> &'static ProviderSchema {
        &SCHEMA
    }

    fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
        typed::validate::<Session>(request)
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        let known = ValueBuf::from(Value::Map(known_map(request.configuration.view())));
        let configuration: Configuration = known.view().decode()?;
        Ok(Arc::new(TypedConnection(Session::open(configuration, &request.environment)?)))
    }

    async fn secret_reader(&self, request: ConfigureRequest) -> Result<Arc<dyn SecretReader>, ProviderError> {
        Ok(Arc::new(source::Reader::open(&request)?))
    }
}

impl Cloud for Session {
    const NAME: &'static str = "azure";

    fn account_identity(&self) -> AccountIdentity {
        self.identity()
    }

    fn limits(&self) -> Limits {
        // A subscription refills its bucket of writes with ten a second and lets bursts of two hundred pass.
        Limits { concurrent_changes: 32, calls_per_second: 0.0 }
    }

    fn resource(name: &str) -> Option<&'static dyn ResourceType<Self>> {
        registry::resource(name).map(|resource| resource as &dyn ResourceType<Self>)
    }

    fn data_source(name: &str) -> Option<&'static dyn DataSource<Self>> {
        registry::data_source(name)
    }

    fn ephemeral(name: &str) -> Option<&'static dyn EphemeralType<Self>> {
        registry::ephemeral_type(name)
    }
}
