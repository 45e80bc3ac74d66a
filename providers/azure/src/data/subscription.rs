//! `data azure.subscription`: the subscription of the connection, or another one.

use super::Data;
use crate::arm::{Request, ResourceId, Verb};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_model::{Map, Value};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

/// `Microsoft.Resources/subscriptions`.
pub(super) const API_VERSION: &str = "2022-12-01";

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("subscription_id", "Which one; else that of the connection.").optional_computed(),
    Attribute::string("id", "Its id in Azure Resource Manager, a scope for roles.").computed(),
    Attribute::string("display_name", "Its name.").computed(),
    Attribute::string("tenant_id", "Its tenant.").computed(),
    Attribute::string("state", "`Enabled`, `Disabled`, `Warned`, `PastDue` or `Deleted`.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new("subscription", "A subscription.").attributes(ATTRIBUTES);

/// The data source.
pub(crate) static SOURCE: Subscription = Subscription;

/// See [`SCHEMA`].
pub(crate) struct Subscription;

#[async_trait]
impl Data for Subscription {
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError> {
        let wanted = config.get("subscription_id").and_then(Value::as_str).unwrap_or(&session.subscription);
        let id = ResourceId::subscription_of(wanted);
        let body = session.arm.send(Request::on(Verb::Get, &id, API_VERSION)).await?.body;
        let fields = [("display_name", "displayName"), ("tenant_id", "tenantId"), ("state", "state")];
        let mut values: Map = fields
            .iter()
            .filter_map(|(name, field)| Some(((*name).into(), Value::string(body.get(field).and_then(Json::as_str)?))))
            .collect();
        values.insert("subscription_id", Value::string(wanted));
        values.insert("id", Value::string(id.as_str()));
        Ok(values)
    }
}
