//! `std.sleep`: waits after a create or before a delete, for services that need a while without saying so.

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Capabilities, ResourceSchema};
use formwork_model::{ValueBuf, View};
use formwork_provider_api::{Applied, CreateRequest, DeleteRequest, OperationSink, ProviderError};
use std::time::Duration;

pub(crate) const SCHEMA: ResourceSchema = {
    let schema = made_once("sleep", "Waits when it is created and when it is destroyed.");
    schema
        .attributes(&[
            Attribute::new("create", AttributeType::Duration, "How long its create takes; what comes after it waits."),
            Attribute::new("destroy", AttributeType::Duration, "How long its delete takes; what it depends on waits."),
            TRIGGERS,
        ])
        .timeouts(86_400, 1800, 86_400)
        .capabilities(Capabilities { update: true, ..schema.capabilities })
};

pub(crate) struct Sleep;

#[async_trait]
impl LocalType for Sleep {
    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        pause(&request.config, "create", sink).await?;
        Ok(applied(settled(&SCHEMA, &request.address, &request.config, &request.planned)))
    }

    async fn delete(
        &self,
        _: &StdConnection,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        pause(&request.object.values, "destroy", sink).await
    }
}

async fn pause(values: &ValueBuf, attribute: &str, sink: &dyn OperationSink) -> Result<(), ProviderError> {
    let milliseconds = match values.view().get(attribute).map(|value| value.view()) {
        Some(View::Duration(milliseconds)) => u64::try_from(milliseconds).unwrap_or(0),
        _ => return Ok(()),
    };
    let duration = Duration::from_millis(milliseconds);
    sink.progress(&format!("sleeping {duration:?}"));
    Ok(sink.sleep(duration).await?)
}
