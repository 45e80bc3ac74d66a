//! `std.random_id`: random bytes in several forms, for names.

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use formwork_model::Value;
use formwork_model::schema::{Attribute, Limit, ResourceSchema};
use formwork_provider_api::{Applied, CreateRequest, OperationSink, ProviderError};
use rand::RngCore;

pub(crate) const SCHEMA: ResourceSchema =
    made_once("random_id", "Random bytes for names that must not collide. Not a secret: see `std.random_password`.")
        .attributes(&[
            Attribute::int("byte_length", "How many random bytes.")
                .default_int(8)
                .create_only()
                .limits(&[Limit::Range(1, 64)]),
            Attribute::string("prefix", "Stands in front of every form.").create_only(),
            TRIGGERS,
            Attribute::string("hex", "The bytes in lower-case hexadecimal.").computed(),
            Attribute::string("base64", "The bytes in base64.").computed(),
            Attribute::string("base64_url", "The bytes in base64 that may stand in URLs, without padding.").computed(),
        ]);

pub(crate) struct RandomId;

#[async_trait]
impl LocalType for RandomId {
    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let length = match values.get("byte_length") {
            Some(Value::Int(length)) => usize::try_from(*length).unwrap_or(8).clamp(1, 64),
            _ => 8,
        };
        let prefix = values.get("prefix").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut bytes = vec![0; length];
        rand::rng().fill_bytes(&mut bytes);
        let mut form = |name: &str, text: String| values.insert(name, Value::string(format!("{prefix}{text}")));
        form("hex", hex::encode(&bytes));
        form("base64", STANDARD.encode(&bytes));
        form("base64_url", URL_SAFE_NO_PAD.encode(&bytes));
        Ok(applied(values))
    }
}
