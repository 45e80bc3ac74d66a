//! `std.value`: keeps a value as it is. Costs nothing but the row in the state.

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Capabilities, ResourceSchema};
use formwork_model::{Address, ValueBuf};
use formwork_provider_api::{Applied, CreateRequest, OperationSink, ProviderError};

pub(crate) const NAME: &str = "value";

pub(crate) const SCHEMA: ResourceSchema = {
    let schema = made_once(NAME, "Keeps a value. `output` has the type and the value of `input`.");
    schema
        .attributes(&[
            Attribute::new("input", AttributeType::Any, "The value; changes in place."),
            TRIGGERS,
            Attribute::new("output", AttributeType::SameAs("input"), "The value that is kept.").computed(),
        ])
        .capabilities(Capabilities { update: true, ..schema.capabilities })
};

pub(crate) struct KeptValue;

#[async_trait]
impl LocalType for KeptValue {
    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        Ok(kept(&request.address, &request.config, request.planned))
    }
}

/// The object: the plan itself where it knew everything.
pub(crate) fn kept(address: &Address, config: &ValueBuf, planned: ValueBuf) -> Applied {
    if planned.view().is_known() {
        return Applied::new(planned, Vec::new());
    }
    applied(settled(&SCHEMA, address, config, &planned))
}
