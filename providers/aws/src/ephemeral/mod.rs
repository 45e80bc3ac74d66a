//! Ephemeral values: what is opened when needed, renewed, and never recorded. One file each, one line in `registry.rs`.

pub(crate) mod eks_token;

use crate::client::Session;
use async_trait::async_trait;
use formwork_model::ValueBuf;
use formwork_model::schema::ResourceSchema;
use formwork_provider_api::typed::EphemeralType;
use formwork_provider_api::{OpenRequest, Opened, Private, ProviderError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// One type of ephemeral value. Its values are made from the config alone, so that a renewal makes them anew.
#[async_trait]
pub(crate) trait AwsEphemeral: Send + Sync + 'static {
    /// The schema; attributes of the config are settable, all others computed.
    const SCHEMA: ResourceSchema;
    /// All attributes, `#[serde(default)]`.
    type Values: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Makes it; the config's attributes come in and go out again. Says in how long it should be renewed, too.
    async fn make(&self, session: &Session, config: Self::Values) -> Result<(Self::Values, Duration), ProviderError>;
}

/// A type of ephemeral value as the connection takes it.
pub(crate) struct Made<E>(pub(crate) E);

impl<E: AwsEphemeral> Made<E> {
    async fn anew(&self, session: &Session, config: &ValueBuf) -> Result<Opened, ProviderError> {
        let config = crate::resource::decode(config.view())?;
        let (values, renew_in) = self.0.make(session, config).await?;
        Ok(Opened {
            type_name: E::SCHEMA.name.to_owned(),
            values: ValueBuf::encode(&values)?,
            private: Private::default(),
            renew_in_ms: u64::try_from(renew_in.as_millis()).ok(),
        })
    }
}

#[async_trait]
impl<E: AwsEphemeral> EphemeralType<Session> for Made<E> {
    async fn open(&self, session: &Session, request: OpenRequest) -> Result<Opened, ProviderError> {
        self.anew(session, &request.config).await
    }

    async fn renew(&self, session: &Session, opened: Opened) -> Result<Opened, ProviderError> {
        self.anew(session, &opened.values).await
    }
}
