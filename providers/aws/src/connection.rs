//! The provider, and what it connects to.

use crate::client::Session;
use crate::configuration::{self, Configuration};
use crate::registry;
use crate::resource::decode;
use crate::secrets::{self, Reader};
use async_trait::async_trait;
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::typed::{self, Cloud, DataSource, EphemeralType, ResourceType, TypedConnection};
use formwork_provider_api::{
    AccountIdentity, ConfigureRequest, Connection, Finding, Limits, Provider, ProviderError, SecretReader,
    ValidateRequest,
};
use std::sync::Arc;

static SCHEMA: ProviderSchema = ProviderSchema {
    name: "aws",
    version: env!("CARGO_PKG_VERSION"),
    docs: "Amazon Web Services. Credentials are found as the AWS CLI finds them: variables, profiles, SSO, web identity, \
           container and instance roles.",
    configuration: configuration::ATTRIBUTES,
    configuration_rules: &[],
    resources: registry::RESOURCE_SCHEMAS,
    data: registry::DATA_SCHEMAS,
    ephemerals: registry::EPHEMERAL_SCHEMAS,
    secrets: secrets::SCHEMES,
};

/// The AWS provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsProvider;

#[async_trait]
impl Provider for AwsProvider {
    fn schema(&self) -> &'static ProviderSchema {
        &SCHEMA
    }

    fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
        typed::validate::<Session>(request)
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        let configuration: Configuration = decode(request.configuration.view())?;
        Ok(Arc::new(TypedConnection(Session::open(configuration, &request.environment).await?)))
    }

    async fn secret_reader(&self, request: ConfigureRequest) -> Result<Arc<dyn SecretReader>, ProviderError> {
        Ok(Arc::new(Reader::open(request).await?))
    }
}

impl Cloud for Session {
    const NAME: &'static str = "aws";

    fn account_identity(&self) -> AccountIdentity {
        self.identity()
    }

    fn limits(&self) -> Limits {
        // EC2 refills a bucket of mutating calls with a few a second and lets bursts of some fifty pass.
        Limits { concurrent_changes: 32, calls_per_second: 0.0 }
    }

    fn resource(name: &str) -> Option<&'static dyn ResourceType<Self>> {
        registry::resource(name)
    }

    fn data_source(name: &str) -> Option<&'static dyn DataSource<Self>> {
        registry::data_source(name)
    }

    fn ephemeral(name: &str) -> Option<&'static dyn EphemeralType<Self>> {
        registry::ephemeral_type(name)
    }
}
