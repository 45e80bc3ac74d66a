//! Provider `std`: what needs no cloud. Values, random things, keys and certificates, times and pauses, local files,
//! commands, and documents of the web.
//!
//! Most of its types exist in the state alone: nothing is read, an interrupted create is simply repeated
//! ([`Recognition::Repeatable`](formwork_model::schema::Recognition)), and no call costs a thread or a connection.

mod connection;
mod local;
mod sops;
mod types;

use async_trait::async_trait;
use connection::StdConnection;
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::{
    ConfigureRequest, Connection, Finding, PlanRequest, PlanResponse, Provider, ProviderError, SecretReader,
    ValidateRequest,
};
use std::sync::Arc;
use types::{
    certificate, choice, command, file, http, identifier, key, password, pause, time, universal_identifier, value,
};

/// The provider's schema.
pub const SCHEMA: ProviderSchema = ProviderSchema {
    name: "std",
    version: env!("CARGO_PKG_VERSION"),
    docs: "What needs no cloud: values, random things, keys, times, files, commands, documents of the web.",
    configuration: &[],
    configuration_rules: &[],
    resources: &[
        command::SCHEMA,
        file::SCHEMA,
        key::SCHEMA,
        choice::SCHEMA,
        identifier::SCHEMA,
        password::SCHEMA,
        universal_identifier::SCHEMA,
        certificate::SCHEMA,
        pause::SCHEMA,
        time::SCHEMA,
        value::SCHEMA,
    ],
    data: &[http::SCHEMA],
    ephemerals: &[],
    secrets: &[sops::SCHEME],
};

/// The provider `std`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Std;

#[async_trait]
impl Provider for Std {
    fn schema(&self) -> &'static ProviderSchema {
        &SCHEMA
    }

    fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
        let found = request.type_name.as_deref().and_then(local::of);
        found.map_or_else(Vec::new, |local| local.validate(&request.config))
    }

    fn plan_offline(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        local::named(&request.type_name)?.plan(request)
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        Ok(Arc::new(StdConnection::new(request.environment)))
    }

    async fn secret_reader(&self, request: ConfigureRequest) -> Result<Arc<dyn SecretReader>, ProviderError> {
        Ok(Arc::new(sops::Sops::new(request.environment)?))
    }
}
