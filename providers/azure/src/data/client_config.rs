//! `data azure.client_config`: who the connection is.

use super::Data;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_model::{Map, Value};
use formwork_provider_api::ProviderError;

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("subscription_id", "The subscription.").computed(),
    Attribute::string("tenant_id", "The tenant.").computed(),
    Attribute::string("client_id", "The application, where the credentials are one's.").computed(),
    Attribute::string("object_id", "The principal: the person, application or identity.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("client_config", "Who the connection is, as its token says.")
        .attributes(ATTRIBUTES)
        .identity(&[]);

/// The data source.
pub(crate) static SOURCE: ClientConfig = ClientConfig;

/// See [`SCHEMA`].
pub(crate) struct ClientConfig;

#[async_trait]
impl Data for ClientConfig {
    async fn read(&self, session: &Session, _: &Map) -> Result<Map, ProviderError> {
        let token = session.arm.credentials().token(session.arm.audience()).await?;
        let said = |claim: &str| token.claim(claim).or_else(|| session.claim(claim));
        let claims = [
            ("subscription_id", Some(session.subscription.clone())),
            ("tenant_id", token.claim("tid").or_else(|| session.tenant.clone())),
            ("client_id", said("appid")),
            ("object_id", said("oid")),
        ];
        let known = claims.into_iter().filter_map(|(name, text)| Some((name.into(), Value::string(text?))));
        Ok(known.collect())
    }
}
