//! The provider and its connection: finding the type that a message is about.

use crate::configuration::{self, Configuration};
use crate::registry;
use crate::resource::{Resource, known_map};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::ProviderSchema;
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{
    AccountIdentity, Applied, ConfigureRequest, Connection, CreateRequest, DeleteRequest, FindRequest, Finding, Found,
    ImportRequest, Limits, ListRequest, Listed, OperationSink, PlanRequest, PlanResponse, Provider, ProviderError,
    ReadDataRequest, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest, ValidateRequest,
};
use std::sync::Arc;

static SCHEMA: ProviderSchema = ProviderSchema {
    name: "azure",
    version: env!("CARGO_PKG_VERSION"),
    docs: "Microsoft Azure. Credentials come from the block, from variables, from a pipeline's or a cluster's tokens, from the \
           machine's identity, or from the Azure CLI.",
    configuration: configuration::ATTRIBUTES,
    resources: registry::RESOURCE_SCHEMAS,
    data: registry::DATA_SCHEMAS,
    ephemerals: &[],
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
        let resource = request.type_name.as_deref().and_then(registry::resource);
        resource.map_or_else(Vec::new, |resource| resource.validate(request.config.view()))
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        let known = ValueBuf::from(Value::Map(known_map(request.configuration.view())));
        let configuration: Configuration = known.view().decode()?;
        Ok(Arc::new(AzureConnection { session: Session::open(configuration, &request.environment)? }))
    }
}

struct AzureConnection {
    session: Session,
}

fn resource(name: &str) -> Result<&'static dyn Resource, ProviderError> {
    registry::resource(name).ok_or_else(|| ProviderError::unsupported(format!("there is no type `azure.{name}`")))
}

#[async_trait]
impl Connection for AzureConnection {
    fn account(&self) -> AccountIdentity {
        self.session.identity()
    }

    fn limits(&self) -> Limits {
        // A subscription refills its bucket of writes with ten a second and lets bursts of two hundred pass.
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
            .ok_or_else(|| ProviderError::unsupported(format!("there is no data source `azure.{name}`")))?;
        let config = known_map(request.config.view());
        Ok(ValueBuf::from(Value::Map(source.read(&self.session, &config).await?)))
    }
}
