//! Provider `mock`: a scripted cloud for tests, with every shape that the engine has to cope with.
//!
//! The cloud itself ([`MockCloud`]) is kept in a directory, so that it survives a killed client and can be inspected by
//! another process, or in memory for unit tests. Faults are scripted ([`Fault`]), calls are logged ([`LogEntry`]), and
//! [`abort`] ends the process at a chosen place of a call.

pub mod abort;
mod calls;
pub mod cloud;
mod connection;
mod expand;
mod fill;
mod kind;
mod lie;
mod plan;
mod schema;

pub use cloud::{CloudObject, Fault, FaultKind, LogEntry, MockCloud, ObjectState};
pub use connection::MockConnection;
pub use schema::SCHEMA;

use async_trait::async_trait;
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::{
    ConfigureRequest, Connection, ExpandRequest, ExpandedRow, Finding, PlanRequest, PlanResponse, Provider,
    ProviderError, StoredObject, UpgradeRequest, ValidateRequest,
};
use std::sync::Arc;

/// The provider `mock`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mock;

#[async_trait]
impl Provider for Mock {
    fn schema(&self) -> &'static ProviderSchema {
        &SCHEMA
    }

    fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
        plan::validate(request)
    }

    fn expand(&self, request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
        expand::expand(request)
    }

    fn upgrade(&self, request: UpgradeRequest) -> Result<StoredObject, ProviderError> {
        plan::upgrade(request)
    }

    fn plan_offline(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        plan::plan(request)
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        let connection = MockConnection::open(&request).await?;
        Ok(Arc::new(connection))
    }
}

/// The examples of the provider author's guide are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/provider-guide.md")]
struct Guide;
