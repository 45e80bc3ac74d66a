//! `std.random_uuid`: a random UUID (version 4).

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::Value;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_provider_api::{Applied, CreateRequest, OperationSink, ProviderError};

pub(crate) const SCHEMA: ResourceSchema = made_once("random_uuid", "A random UUID (version 4).")
    .attributes(&[TRIGGERS, Attribute::string("result", "The UUID, in lower case.").computed()]);

pub(crate) struct RandomUuid;

#[async_trait]
impl LocalType for RandomUuid {
    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        values.insert("result", Value::string(uuid::Uuid::new_v4().to_string()));
        Ok(applied(values))
    }
}
