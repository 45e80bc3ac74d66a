//! What each type of the provider implements, and how it is found by name.

use crate::connection::StdConnection;
use crate::types::{
    certificate, choice, command, file, identifier, key, password, pause, time, universal_identifier, value,
};
use async_trait::async_trait;
use formwork_model::schema::ResourceSchema;
use formwork_model::{Address, Map, Value, ValueBuf};
use formwork_provider_api::{
    Applied, CreateRequest, DeleteRequest, FindRequest, Finding, Found, ImportRequest, OperationSink, PlanRequest,
    PlanResponse, ProviderError, ReadOutcome, StoredObject, UpdateRequest,
};

/// A resource type that lives on this machine. What is left out is as for a value that exists in the state alone.
#[async_trait]
pub(crate) trait LocalType: Send + Sync {
    /// Rules that the schema cannot express.
    fn validate(&self, config: &ValueBuf) -> Vec<Finding> {
        let _ = config;
        Vec::new()
    }

    /// Whether [`LocalType::plan`] does more than the schema's plan.
    fn plans(&self) -> bool {
        false
    }

    fn plan(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        Ok(PlanResponse::as_proposed(request))
    }

    /// Whether there is anything to read.
    fn reads(&self) -> bool {
        false
    }

    async fn read(&self, connection: &StdConnection, object: StoredObject) -> ReadOutcome {
        let _ = connection;
        ReadOutcome::Present(object)
    }

    async fn create(
        &self,
        connection: &StdConnection,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError>;

    /// The default takes what was planned.
    async fn update(
        &self,
        connection: &StdConnection,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let _ = (connection, sink);
        let missing = || ProviderError::unsupported(format!("there is no type `std.{}`", request.type_name));
        let schema = crate::SCHEMA.resource(&request.type_name).ok_or_else(missing)?;
        Ok(applied(settled(schema, &request.address, &request.config, &request.planned)))
    }

    async fn delete(
        &self,
        connection: &StdConnection,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let _ = (connection, request, sink);
        Ok(())
    }

    async fn find(&self, connection: &StdConnection, request: FindRequest) -> Result<Found, ProviderError> {
        let _ = (connection, request);
        Ok(Found::Absent)
    }

    async fn import(&self, connection: &StdConnection, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        let _ = connection;
        Err(ProviderError::unsupported(format!("`std.{}` cannot be imported", request.type_name)))
    }
}

/// The type of this name; messages name types without the provider.
pub(crate) fn of(type_name: &str) -> Option<&'static dyn LocalType> {
    Some(match type_name {
        "command" => &command::Command,
        "file" => &file::File,
        "private_key" => &key::PrivateKey,
        "random_choice" => &choice::RandomChoice,
        "random_id" => &identifier::RandomId,
        "random_password" => &password::RandomPassword,
        "random_uuid" => &universal_identifier::RandomUuid,
        "self_signed_cert" => &certificate::SelfSignedCert,
        "sleep" => &pause::Sleep,
        "time" => &time::Time,
        "value" => &value::KeptValue,
        _ => return None,
    })
}

pub(crate) fn named(type_name: &str) -> Result<&'static dyn LocalType, ProviderError> {
    of(type_name).ok_or_else(|| ProviderError::unsupported(format!("there is no type `std.{type_name}`")))
}

/// What was planned, with what the plan did not know taken from the config. What only this type can tell is left out.
pub(crate) fn settled(schema: &ResourceSchema, address: &Address, config: &ValueBuf, planned: &ValueBuf) -> Map {
    let sent = formwork_provider_api::settled(schema, address, config.view(), planned.view());
    let known = sent.view().entries().filter(|(_, value)| !value.is_null() && value.is_known());
    known.map(|(name, value)| (name.into(), value.to_value())).collect()
}

/// A finished object of these attributes.
pub(crate) fn applied(values: Map) -> Applied {
    Applied::new(ValueBuf::from(Value::Map(values)), Vec::new())
}
