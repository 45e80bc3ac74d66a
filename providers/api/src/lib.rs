//! The provider contract, and what the engine needs around it: messages that are owned and serialisable, classified
//! errors, and checks of every answer.
//!
//! A [`Provider`] is a table of types and pure functions; [`Provider::configure`] gives a [`Connection`], the only thing
//! that talks to a cloud. So nothing can be created with a provider that is not configured.

pub mod check;
pub mod configuration;
pub mod difference;
pub mod error;
pub mod http;
pub mod message;
pub mod operation;
pub mod propose;
pub mod reference;
pub mod schema_check;
pub mod scrub;
pub mod secrecy;
pub mod semantic;
#[cfg(feature = "testing")]
pub mod testing;
pub mod typed;
pub mod validate;
pub mod wire;

pub use difference::{Difference, differences};
pub use error::{ErrorClass, ProviderError, found};
pub use message::*;
pub use operation::{Cancelled, OperationSink};
pub use propose::{proposed, settled};
pub use scrub::Scrubber;

use async_trait::async_trait;
use formwork_model::Redacted;
use formwork_model::schema::ProviderSchema;

/// One cloud, not configured: what can be said without contacting anything.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The provider's types.
    fn schema(&self) -> &'static ProviderSchema;

    /// Checks a configuration beyond its schema, offline. Unknown parts are passed over.
    fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
        let _ = request;
        Vec::new()
    }

    /// Turns one block into many rows, in order. Called only for types with the capability, offline, with known config.
    ///
    /// # Errors
    /// When the config cannot be expanded (a manifest that is no YAML).
    fn expand(&self, request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
        let _ = request;
        Ok(Vec::new())
    }

    /// Raises stored values of an older schema version to today's.
    ///
    /// # Errors
    /// When it cannot; the engine then says which version of the provider still can.
    fn upgrade(&self, request: UpgradeRequest) -> Result<StoredObject, ProviderError> {
        Ok(request.object)
    }

    /// Plans without a connection, because the provider's own configuration is not known yet. The default is the
    /// schema's plan: what the config says, else defaults, else the prior value, else unknown.
    fn plan_offline(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        Ok(PlanResponse::as_proposed(request))
    }

    /// Opens a connection. Must not change anything; may ask the cloud who it is.
    ///
    /// # Errors
    /// When the configuration is wrong or the endpoint cannot be reached (class [`ErrorClass::Unreachable`]).
    async fn configure(&self, request: ConfigureRequest) -> Result<std::sync::Arc<dyn Connection>, ProviderError>;

    /// Opens what reads the secrets of [`ProviderSchema::secrets`], with the credentials that a connection would have.
    /// Secrets are read before anything is made, so that the configuration may hold unknowns; those that do not decide
    /// who reads, and where, are passed over.
    ///
    /// # Errors
    /// As [`Provider::configure`]; [`ErrorClass::Unsupported`] where the provider reads no secrets.
    async fn secret_reader(
        &self,
        request: ConfigureRequest,
    ) -> Result<std::sync::Arc<dyn SecretReader>, ProviderError> {
        let _ = request;
        Err(ProviderError::unsupported(format!("the provider `{}` reads no secrets", self.schema().name)))
    }
}

/// What reads secrets for `secret_from`. All calls may run at the same time.
#[async_trait]
pub trait SecretReader: Send + Sync {
    /// Reads a secret, as text. The engine remembers it for the run.
    ///
    /// # Errors
    /// Classified: [`ErrorClass::NotFound`], [`ErrorClass::Forbidden`], and [`ErrorClass::Invalid`] for what is no text.
    /// No text of the error holds the secret.
    async fn read_secret(&self, request: ReadSecretRequest) -> Result<Redacted<String>, ProviderError>;
}

/// A configured provider. All calls may run at the same time.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Which account, subscription or cluster it is connected to. A plan applies only where it was made.
    fn account(&self) -> AccountIdentity;

    /// Limits that the engine keeps for this connection.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Plans one object. `proposed` is made by the engine from schema, config and prior; most types return it as it is.
    ///
    /// # Errors
    /// When the config can never be applied.
    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        Ok(PlanResponse::as_proposed(&request))
    }

    /// Whether [`Connection::plan`] does more than the default for this type. The engine skips calls that would not.
    fn plans(&self, type_name: &str) -> bool {
        let _ = type_name;
        false
    }

    /// Whether reading objects of this type can tell anything that is not recorded. What exists in the state alone
    /// (a random password, a kept value) says no; the engine skips its reads.
    fn reads(&self, type_name: &str) -> bool {
        let _ = type_name;
        true
    }

    /// Reads objects of one type by their identities; the answer has one entry for each, in the same order.
    ///
    /// # Errors
    /// When the cloud could not be asked at all. What concerns one object is in its entry.
    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError>;

    /// Creates an object. Each identity that the cloud gives is checkpointed before the next call.
    ///
    /// # Errors
    /// Classified; with the object as far as it got, where something was created.
    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError>;

    /// Changes an object in place.
    ///
    /// # Errors
    /// Classified; with the object as far as it got.
    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError>;

    /// Deletes an object and waits until it is gone. An object that is not there is no error.
    ///
    /// # Errors
    /// Classified.
    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError>;

    /// Looks for what an unfinished create made.
    ///
    /// # Errors
    /// Classified. [`ErrorClass::Unsupported`] where the type cannot be found.
    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        Err(ProviderError::unsupported(format!("`{}` cannot be searched for", request.type_name)))
    }

    /// Reads an object that exists but is not managed yet, by what a person gives.
    ///
    /// # Errors
    /// [`ErrorClass::NotFound`] when it does not exist.
    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        Err(ProviderError::unsupported(format!("`{}` cannot be imported", request.type_name)))
    }

    /// Lists the objects of a type, managed or not.
    ///
    /// # Errors
    /// Classified. [`ErrorClass::Unsupported`] where the type cannot be listed.
    async fn list(&self, request: ListRequest) -> Result<Vec<Listed>, ProviderError> {
        Err(ProviderError::unsupported(format!("`{}` cannot be listed", request.type_name)))
    }

    /// Reads a data source.
    ///
    /// # Errors
    /// [`ErrorClass::NotFound`] when there is no such object.
    async fn read_data(&self, request: ReadDataRequest) -> Result<formwork_model::ValueBuf, ProviderError> {
        Err(ProviderError::unsupported(format!("`{}` is no data source", request.type_name)))
    }

    /// Opens an ephemeral value.
    ///
    /// # Errors
    /// Classified.
    async fn open(&self, request: OpenRequest) -> Result<Opened, ProviderError> {
        Err(ProviderError::unsupported(format!("`{}` is no ephemeral value", request.type_name)))
    }

    /// Takes a configuration that was renewed (a token that would have ended): calls under way, waits above all, go on
    /// with it.
    ///
    /// # Errors
    /// [`ErrorClass::Unsupported`], which is the default, where that cannot be done: later calls then get a connection of
    /// their own. Classified.
    async fn reconfigure(&self, request: ConfigureRequest) -> Result<(), ProviderError> {
        let _ = request;
        Err(ProviderError::unsupported("the connection keeps the configuration that it was opened with"))
    }

    /// Renews an ephemeral value before it ends.
    ///
    /// # Errors
    /// Classified.
    async fn renew(&self, opened: Opened) -> Result<Opened, ProviderError> {
        Ok(opened)
    }

    /// Closes an ephemeral value.
    ///
    /// # Errors
    /// Classified.
    async fn close(&self, opened: Opened) -> Result<(), ProviderError> {
        let _ = opened;
        Ok(())
    }
}
