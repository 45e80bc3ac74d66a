//! Providers as they are, but for their data sources.

use super::Elsewhere;
use crate::ports::Providers;
use async_trait::async_trait;
use formwork_model::ValueBuf;
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::{
    AccountIdentity, Applied, ConfigureRequest, Connection, CreateRequest, DeleteRequest, ExpandRequest, ExpandedRow,
    FindRequest, Finding, Found, ImportRequest, Limits, ListRequest, Listed, OpenRequest, Opened, OperationSink,
    PlanRequest, PlanResponse, Provider, ProviderError, ReadDataRequest, ReadManyRequest, ReadOutcome, SecretReader,
    StoredObject, UpdateRequest, UpgradeRequest, ValidateRequest,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Providers whose data sources fall back to what is elsewhere.
pub struct WithElsewhere {
    providers: Arc<dyn Providers>,
    elsewhere: Arc<Elsewhere>,
    configured: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl WithElsewhere {
    /// These providers.
    #[must_use]
    pub fn new(providers: Arc<dyn Providers>, elsewhere: Arc<Elsewhere>) -> Self {
        Self { providers, elsewhere, configured: Arc::default() }
    }

    /// The providers that somebody wanted to be connected to, by name.
    #[must_use]
    pub fn configured(&self) -> BTreeSet<&'static str> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Providers for WithElsewhere {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        let provider = self.providers.provider(name)?;
        let (elsewhere, configured) = (Arc::clone(&self.elsewhere), Arc::clone(&self.configured));
        Some(Arc::new(Wrapped { provider, elsewhere, configured }))
    }
}

struct Wrapped {
    provider: Arc<dyn Provider>,
    elsewhere: Arc<Elsewhere>,
    configured: Arc<Mutex<BTreeSet<&'static str>>>,
}

#[async_trait]
impl Provider for Wrapped {
    fn schema(&self) -> &'static ProviderSchema {
        self.provider.schema()
    }

    fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
        self.provider.validate(request)
    }

    fn expand(&self, request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
        self.provider.expand(request)
    }

    fn upgrade(&self, request: UpgradeRequest) -> Result<StoredObject, ProviderError> {
        self.provider.upgrade(request)
    }

    fn plan_offline(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        self.provider.plan_offline(request)
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner).insert(self.schema().name);
        let configuration = Mutex::new(request.configuration.clone());
        let connection = self.provider.configure(request).await?;
        let (provider, elsewhere) = (Arc::clone(&self.provider), Arc::clone(&self.elsewhere));
        Ok(Arc::new(WrappedConnection { connection, provider, configuration, elsewhere }))
    }

    async fn secret_reader(&self, request: ConfigureRequest) -> Result<Arc<dyn SecretReader>, ProviderError> {
        self.provider.secret_reader(request).await
    }
}

struct WrappedConnection {
    connection: Arc<dyn Connection>,
    provider: Arc<dyn Provider>,
    configuration: Mutex<ValueBuf>,
    elsewhere: Arc<Elsewhere>,
}

#[async_trait]
impl Connection for WrappedConnection {
    fn account(&self) -> AccountIdentity {
        self.connection.account()
    }

    fn limits(&self) -> Limits {
        self.connection.limits()
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        self.connection.plan(request).await
    }

    fn plans(&self, type_name: &str) -> bool {
        self.connection.plans(type_name)
    }

    fn reads(&self, type_name: &str) -> bool {
        self.connection.reads(type_name)
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        self.connection.read_many(request).await
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        self.connection.create(request, sink).await
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        self.connection.update(request, sink).await
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        self.connection.delete(request, sink).await
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        self.connection.find(request).await
    }

    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        self.connection.import(request).await
    }

    async fn list(&self, request: ListRequest) -> Result<Vec<Listed>, ProviderError> {
        self.connection.list(request).await
    }

    async fn read_data(&self, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        let configuration = self.configuration.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let here = self.connection.as_ref();
        self.elsewhere.read_data(self.provider.as_ref(), here, &configuration, request).await
    }

    async fn open(&self, request: OpenRequest) -> Result<Opened, ProviderError> {
        self.connection.open(request).await
    }

    async fn reconfigure(&self, request: ConfigureRequest) -> Result<(), ProviderError> {
        let configuration = request.configuration.clone();
        self.connection.reconfigure(request).await?;
        *self.configuration.lock().unwrap_or_else(PoisonError::into_inner) = configuration;
        Ok(())
    }

    async fn renew(&self, opened: Opened) -> Result<Opened, ProviderError> {
        self.connection.renew(opened).await
    }

    async fn close(&self, opened: Opened) -> Result<(), ProviderError> {
        self.connection.close(opened).await
    }
}
