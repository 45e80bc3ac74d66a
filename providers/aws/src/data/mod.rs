//! Data sources: what is read and never owned. One file each, one line in `registry.rs`.

pub(crate) mod availability_zones;
pub(crate) mod caller_identity;

use crate::client::Session;
use async_trait::async_trait;
use formwork_model::ValueBuf;
use formwork_model::schema::ResourceSchema;
use formwork_provider_api::typed::DataSource;
use formwork_provider_api::{ProviderError, ReadDataRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One data source.
#[async_trait]
pub(crate) trait AwsData: Send + Sync + 'static {
    /// The schema; attributes of the config are settable, all others computed.
    const SCHEMA: ResourceSchema;
    /// All attributes, `#[serde(default)]`.
    type Values: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Reads it; the config's attributes come in and go out again.
    async fn read(&self, session: &Session, config: Self::Values) -> Result<Self::Values, ProviderError>;
}

/// A data source as the connection takes it.
pub(crate) struct Source<D>(pub(crate) D);

#[async_trait]
impl<D: AwsData> DataSource<Session> for Source<D> {
    async fn read(&self, session: &Session, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        let config = crate::resource::decode(request.config.view())?;
        Ok(ValueBuf::encode(&D::read(&self.0, session, config).await?)?)
    }
}
