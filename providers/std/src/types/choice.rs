//! `std.random_choice`: picks some of several texts and keeps the choice.

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Limit, ResourceSchema};
use formwork_model::{AttributePath, Value, ValueBuf};
use formwork_provider_api::{Applied, CreateRequest, Finding, OperationSink, ProviderError};
use rand::seq::SliceRandom;

pub(crate) const SCHEMA: ResourceSchema =
    made_once("random_choice", "Picks some of several texts, each equally likely, and keeps the choice.").attributes(
        &[
            Attribute::new("choices", AttributeType::List(&AttributeType::String), "What is chosen from.")
                .required()
                .create_only()
                .limits(&[Limit::Length(1, 100_000)]),
            Attribute::int("count", "How many are picked, each at most once.")
                .default_int(1)
                .create_only()
                .limits(&[Limit::Range(1, 100_000)]),
            TRIGGERS,
            Attribute::string("result", "The first that was picked.").computed(),
            Attribute::strings("results", "All that were picked, in the order in which they were.").computed(),
        ],
    );

pub(crate) struct RandomChoice;

#[async_trait]
impl LocalType for RandomChoice {
    fn validate(&self, config: &ValueBuf) -> Vec<Finding> {
        let choices = config.view().get("choices").filter(|choices| !choices.is_unknown());
        let (Some(choices), Some(Value::Int(count))) =
            (choices, config.view().get("count").map(formwork_model::ValueRef::to_value))
        else {
            return Vec::new();
        };
        let available = choices.items().len();
        if usize::try_from(count).is_ok_and(|count| count <= available) {
            return Vec::new();
        }
        vec![Finding {
            warning: false,
            path: AttributePath::member("count"),
            message: format!("{count} cannot be picked from {available}"),
            help: Some("each is picked at most once: lower `count`, or add to `choices`".to_owned()),
        }]
    }

    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let mut choices = values.get("choices").and_then(Value::as_items).unwrap_or_default().to_vec();
        let count = match values.get("count") {
            Some(Value::Int(count)) => usize::try_from(*count).unwrap_or(1),
            _ => 1,
        };
        if choices.len() < count || choices.is_empty() {
            let message = format!("{count} cannot be picked from {}", choices.len());
            return Err(ProviderError::invalid(message).at(AttributePath::member("choices")));
        }
        choices.shuffle(&mut rand::rng());
        choices.truncate(count);
        values.insert("result", choices.first().cloned().unwrap_or(Value::Null));
        values.insert("results", Value::list(choices));
        Ok(applied(values))
    }
}
