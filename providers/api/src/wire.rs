//! A provider behind an encode/decode of every message, as if it ran in another process. Each provider's suite runs
//! through it too, so that a provider can move out of the process without change.

use crate::{
    AccountIdentity, Applied, Cancelled, Checkpoint, ConfigureRequest, Connection, CreateRequest, DeleteRequest,
    ExpandRequest, ExpandedRow, FindRequest, Finding, Found, ImportRequest, Limits, ListRequest, Listed, OpenRequest,
    Opened, OperationSink, PlanRequest, PlanResponse, Provider, ProviderError, ReadDataRequest, ReadManyRequest,
    ReadOutcome, ReadSecretRequest, SecretReader, StoredObject, UpdateRequest, UpgradeRequest, ValidateRequest,
};
use async_trait::async_trait;
use formwork_model::schema::ProviderSchema;
use formwork_model::{Redacted, ValueBuf};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// What a message is after it went over a wire.
///
/// # Errors
/// When it cannot be written or read back: the contract is broken by its type.
pub fn over_the_wire<T: Serialize + DeserializeOwned>(message: &T) -> Result<T, ProviderError> {
    let fail = |error: serde_json::Error| {
        ProviderError::new(crate::ErrorClass::Other, format!("a message does not survive its encoding: {error}"))
    };
    let bytes = serde_json::to_vec(message).map_err(fail)?;
    serde_json::from_slice(&bytes).map_err(fail)
}

fn answer<T: Serialize + DeserializeOwned>(result: Result<T, ProviderError>) -> Result<T, ProviderError> {
    match result {
        Ok(message) => over_the_wire(&message),
        Err(error) => Err(over_the_wire(&error)?),
    }
}

/// A provider whose messages are encoded and decoded on both ways.
pub struct EncodedProvider<P>(pub P);

#[async_trait]
impl<P: Provider> Provider for EncodedProvider<P> {
    fn schema(&self) -> &'static ProviderSchema {
        self.0.schema()
    }

    fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
        let request = over_the_wire(request).unwrap_or_else(|_| request.clone());
        let findings = self.0.validate(&request);
        over_the_wire(&findings).unwrap_or(findings)
    }

    fn expand(&self, request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
        answer(self.0.expand(&over_the_wire(request)?))
    }

    fn upgrade(&self, request: UpgradeRequest) -> Result<StoredObject, ProviderError> {
        answer(self.0.upgrade(over_the_wire(&request)?))
    }

    fn plan_offline(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        answer(self.0.plan_offline(&over_the_wire(request)?))
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        match self.0.configure(over_the_wire(&request)?).await {
            Ok(connection) => Ok(Arc::new(EncodedConnection(connection))),
            Err(error) => Err(over_the_wire(&error)?),
        }
    }

    async fn secret_reader(&self, request: ConfigureRequest) -> Result<Arc<dyn SecretReader>, ProviderError> {
        match self.0.secret_reader(over_the_wire(&request)?).await {
            Ok(reader) => Ok(Arc::new(EncodedReader(reader))),
            Err(error) => Err(over_the_wire(&error)?),
        }
    }
}

/// A reader of secrets whose messages are encoded and decoded on both ways.
struct EncodedReader(Arc<dyn SecretReader>);

#[async_trait]
impl SecretReader for EncodedReader {
    async fn read_secret(&self, request: ReadSecretRequest) -> Result<Redacted<String>, ProviderError> {
        answer(self.0.read_secret(over_the_wire(&request)?).await)
    }
}

/// A connection whose messages are encoded and decoded on both ways.
pub struct EncodedConnection(pub Arc<dyn Connection>);

#[async_trait]
impl Connection for EncodedConnection {
    fn account(&self) -> AccountIdentity {
        let account = self.0.account();
        over_the_wire(&account).unwrap_or(account)
    }

    fn limits(&self) -> Limits {
        let limits = self.0.limits();
        over_the_wire(&limits).unwrap_or(limits)
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        answer(self.0.plan(over_the_wire(&request)?).await)
    }

    fn plans(&self, type_name: &str) -> bool {
        self.0.plans(type_name)
    }

    fn reads(&self, type_name: &str) -> bool {
        self.0.reads(type_name)
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        answer(self.0.read_many(over_the_wire(&request)?).await)
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        answer(self.0.create(over_the_wire(&request)?, &EncodedSink(sink)).await)
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        answer(self.0.update(over_the_wire(&request)?, &EncodedSink(sink)).await)
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        answer(self.0.delete(over_the_wire(&request)?, &EncodedSink(sink)).await)
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        answer(self.0.find(over_the_wire(&request)?).await)
    }

    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        answer(self.0.import(over_the_wire(&request)?).await)
    }

    async fn list(&self, request: ListRequest) -> Result<Vec<Listed>, ProviderError> {
        answer(self.0.list(over_the_wire(&request)?).await)
    }

    async fn read_data(&self, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        answer(self.0.read_data(over_the_wire(&request)?).await)
    }

    async fn open(&self, request: OpenRequest) -> Result<Opened, ProviderError> {
        answer(self.0.open(over_the_wire(&request)?).await)
    }

    async fn reconfigure(&self, request: ConfigureRequest) -> Result<(), ProviderError> {
        answer(self.0.reconfigure(over_the_wire(&request)?).await)
    }

    async fn renew(&self, opened: Opened) -> Result<Opened, ProviderError> {
        answer(self.0.renew(over_the_wire(&opened)?).await)
    }

    async fn close(&self, opened: Opened) -> Result<(), ProviderError> {
        answer(self.0.close(over_the_wire(&opened)?).await)
    }
}

struct EncodedSink<'a>(&'a dyn OperationSink);

#[async_trait]
impl OperationSink for EncodedSink<'_> {
    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), ProviderError> {
        answer(self.0.checkpoint(over_the_wire(&checkpoint)?).await)
    }

    fn progress(&self, message: &str) {
        self.0.progress(message);
    }

    fn warn(&self, message: &str) {
        self.0.warn(message);
    }

    async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        self.0.sleep(duration).await
    }
}
