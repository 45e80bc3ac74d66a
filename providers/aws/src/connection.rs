//! The provider and its connection: finding the type that a message is about.

use crate::client::Session;
use crate::configuration::{self, Configuration};
use crate::registry;
use crate::resource::{AnyResource, decode};
use async_trait::async_trait;
use formwork_model::ValueBuf;
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::{
    AccountIdentity, Applied, ConfigureRequest, Connection, CreateRequest, DeleteRequest, FindRequest, Finding, Found,
    ImportRequest, Limits, ListRequest, Listed, OperationSink, PlanRequest, PlanResponse, Provider, ProviderError,
    ReadDataRequest, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest, ValidateRequest,
};
use std::sync::Arc;

static SCHEMA: ProviderSchema = ProviderSchema {
    name: "aws",
    version: env!("CARGO_PKG_VERSION"),
    docs: "Amazon Web Services. Credentials are found as the AWS CLI finds them: variables, profiles, SSO, web identity, \
           container and instance roles.",
    configuration: configuration::ATTRIBUTES,
    resources: registry::RESOURCE_SCHEMAS,
    data: registry::DATA_SCHEMAS,
    ephemerals: &[],
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
        let resource = request.type_name.as_deref().and_then(registry::resource);
        resource.map_or_else(Vec::new, |resource| resource.validate(request.config.view()))
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        let configuration: Configuration = decode(request.configuration.view())?;
        Ok(Arc::new(AwsConnection { session: Session::open(configuration, &request.environment).await? }))
    }
}

struct AwsConnection {
    session: Session,
}

fn resource(name: &str) -> Result<&'static dyn AnyResource, ProviderError> {
    registry::resource(name).ok_or_else(|| ProviderError::unsupported(format!("there is no type `aws.{name}`")))
}

#[async_trait]
impl Connection for AwsConnection {
    fn account(&self) -> AccountIdentity {
        self.session.identity()
    }

    fn limits(&self) -> Limits {
        // EC2 refills a bucket of mutating calls with a few a second and lets bursts of some fifty pass.
        Limits { concurrent_changes: 32, calls_per_second: 0.0 }
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        resource(&request.type_name)?.plan(&self.session, request)
    }

    fn plans(&self, type_name: &str) -> bool {
        registry::resource(type_name).is_some()
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        resource(&request.type_name)?.read_many(&self.session, request).await
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        resource(&request.type_name)?.create(&self.session, request, sink).await
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        resource(&request.type_name)?.update(&self.session, request, sink).await
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        resource(&request.type_name)?.delete(&self.session, request, sink).await
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        resource(&request.type_name)?.find(&self.session, request).await
    }

    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        resource(&request.type_name)?.import(&self.session, request).await
    }

    async fn list(&self, request: ListRequest) -> Result<Vec<Listed>, ProviderError> {
        resource(&request.type_name)?.list(&self.session).await
    }

    async fn read_data(&self, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        let name = &request.type_name;
        let source = registry::data_source(name)
            .ok_or_else(|| ProviderError::unsupported(format!("there is no data source `aws.{name}`")))?;
        source.read(&self.session, request).await
    }
}
