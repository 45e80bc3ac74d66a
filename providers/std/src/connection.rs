//! The connection of a provider that connects to nothing: it hands each call to the type's own code.

use crate::local::{self, named};
use crate::types::{command, http, value};
use async_trait::async_trait;
use formwork_model::ValueBuf;
use formwork_provider_api::{
    AccountIdentity, Applied, Connection, CreateRequest, DeleteRequest, Environment, FindRequest, Found, ImportRequest,
    OperationSink, PlanRequest, PlanResponse, ProviderError, ReadDataRequest, ReadManyRequest, ReadOutcome,
    StoredObject, UpdateRequest,
};
use tokio::sync::OnceCell;

/// What the calls of a run share.
pub(crate) struct StdConnection {
    pub(crate) environment: Environment,
    /// Made at the first request: reading the system's certificates takes tens of milliseconds.
    pub(crate) client: OnceCell<reqwest::Client>,
}

impl StdConnection {
    pub(crate) fn new(environment: Environment) -> Self {
        Self { environment, client: OnceCell::new() }
    }
}

#[async_trait]
impl Connection for StdConnection {
    /// The same everywhere: what the state holds is valid on every machine.
    fn account(&self) -> AccountIdentity {
        AccountIdentity::default()
    }

    fn plans(&self, type_name: &str) -> bool {
        local::of(type_name).is_some_and(local::LocalType::plans)
    }

    fn reads(&self, type_name: &str) -> bool {
        local::of(type_name).is_some_and(local::LocalType::reads)
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        if request.type_name == command::SCHEMA.name {
            command::check_planned(&self.environment, &request)?;
        }
        named(&request.type_name)?.plan(&request)
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        let local = named(&request.type_name)?;
        let mut outcomes = Vec::with_capacity(request.objects.len());
        for object in request.objects {
            outcomes.push(local.read(self, object).await);
        }
        Ok(outcomes)
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        // By far the most frequent type, and the cheapest.
        if request.type_name == value::NAME {
            return Ok(value::kept(&request.address, &request.config, request.planned));
        }
        named(&request.type_name)?.create(self, request, sink).await
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        if request.type_name == value::NAME {
            return Ok(value::kept(&request.address, &request.config, request.planned));
        }
        named(&request.type_name)?.update(self, request, sink).await
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        named(&request.type_name)?.delete(self, request, sink).await
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        named(&request.type_name)?.find(self, request).await
    }

    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        named(&request.type_name)?.import(self, request).await
    }

    async fn read_data(&self, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        if request.type_name != http::SCHEMA.name {
            return Err(ProviderError::unsupported(format!("there is no data source `std.{}`", request.type_name)));
        }
        http::read(self, &request).await
    }
}
