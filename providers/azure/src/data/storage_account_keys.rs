//! `data azure.storage_account_keys`: the keys of a storage account, for what cannot sign in with Microsoft Entra ID.

use super::Data;
use crate::arm::error::found;
use crate::arm::{Request, ResourceId, Verb};
use crate::resource::identity::text;
use crate::schema::versions;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Equality, ResourceSchema};
use formwork_model::{AttributePath, Map, Value};
use formwork_provider_api::{ErrorClass, ProviderError};
use serde_json::Value as Json;

const KEY: &[Attribute] = &[
    Attribute::string("key_name", "Its name: `key1`, `key2`.").computed(),
    Attribute::string("value", "The key, in base64.").computed().secret(),
    Attribute::string("permissions", "What it opens: `FULL`, or `READ`.").computed(),
    Attribute::string("creation_time", "When it was made, RFC 3339; none of very old keys.").computed(),
];

const ATTRIBUTES: &[Attribute] = &[
    Attribute::reference("account", &["azure.storage_account"], "The account, or its id.")
        .required()
        .equality(Equality::CaseInsensitive),
    Attribute::new("keys", AttributeType::List(&AttributeType::Object(KEY)), "The keys.").computed(),
    Attribute::string("primary_access_key", "Value of `key1`.").computed().secret(),
    Attribute::string("secondary_access_key", "Value of `key2`.").computed().secret(),
    Attribute::string("primary_connection_string", "What clients of Azure Storage take, with `key1`.")
        .computed()
        .secret(),
    Attribute::string("secondary_connection_string", "The same, with `key2`.").computed().secret(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "storage_account_keys",
    "The keys of a storage account. Where its `allow_shared_key_access` is off they are told, and open nothing.",
)
.attributes(ATTRIBUTES)
.identity(&[]);

/// The data source.
pub(crate) static SOURCE: StorageAccountKeys = StorageAccountKeys;

/// See [`SCHEMA`].
pub(crate) struct StorageAccountKeys;

#[async_trait]
impl Data for StorageAccountKeys {
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError> {
        let said = text(config, "account").unwrap_or_default();
        let id = ResourceId::expect(said).map_err(|error| error.at(AttributePath::member("account")))?;
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("there is no {id}"));
        let account = session.arm.get(&id, versions::STORAGE).await?.ok_or_else(gone)?.body;
        let request = Request::at(Verb::Post, format!("{id}/listKeys"), versions::STORAGE);
        let answer = found(session.arm.send(request).await)?.ok_or_else(gone)?.body;
        let keys = answer.get("keys").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut values = Map::new();
        values.insert("account", Value::string(said));
        values.insert("keys", Value::list(keys.iter().map(key)));
        for (name, rank) in [("key1", "primary"), ("key2", "secondary")] {
            let named = keys.iter().find(|key| word(key, "keyName") == Some(name));
            if let Some(value) = named.and_then(|key| word(key, "value")) {
                let connection = connection_string(&account, id.name(), value);
                values.insert(format!("{rank}_access_key"), Value::string(value).secret());
                values.insert(format!("{rank}_connection_string"), Value::string(connection).secret());
            }
        }
        Ok(values)
    }
}

fn key(told: &Json) -> Value {
    let texts = [("key_name", "keyName"), ("permissions", "permissions"), ("creation_time", "creationTime")];
    let texts = texts.into_iter().filter_map(|(name, field)| Some((name, Value::string(word(told, field)?))));
    let value = word(told, "value").map(|value| ("value", Value::string(value).secret()));
    Value::map(texts.chain(value))
}

/// What the portal shows: the account's name and what follows `NAME.blob.` in its address. An account whose addresses are
/// made otherwise (of a DNS zone of its own) says each.
/// See <https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string>.
fn connection_string(account: &Json, name: &str, key: &str) -> String {
    let start = format!("DefaultEndpointsProtocol=https;AccountName={name};AccountKey={key}");
    let address = |service: &str| account.pointer("/properties/primaryEndpoints")?.get(service)?.as_str();
    let usual = |address: &str| {
        let after = address.strip_prefix("https://")?.to_lowercase();
        let suffix = after.strip_prefix(&format!("{}.blob.", name.to_lowercase()))?.trim_end_matches('/').to_owned();
        (suffix.starts_with("core.")).then_some(suffix)
    };
    if let Some(suffix) = address("blob").and_then(usual) {
        return format!("{start};EndpointSuffix={suffix}");
    }
    let services = [("Blob", "blob"), ("Queue", "queue"), ("Table", "table"), ("File", "file")];
    services.into_iter().filter_map(|(word, service)| Some(format!(";{word}Endpoint={}", address(service)?))).fold(
        start,
        |mut text, part| {
            text.push_str(&part);
            text
        },
    )
}

fn word<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Json::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_connection_string_names_what_is_unusual() {
        let account =
            |blob: &str| json!({"properties": {"primaryEndpoints": {"blob": blob, "dfs": "x", "queue": "q"}}});
        assert_eq!(
            connection_string(&account("https://st.blob.core.chinacloudapi.cn/"), "st", "a2V5"),
            "DefaultEndpointsProtocol=https;AccountName=st;AccountKey=a2V5;EndpointSuffix=core.chinacloudapi.cn"
        );
        let zoned = "https://st.z01.blob.storage.azure.net/";
        assert_eq!(
            connection_string(&account(zoned), "st", "a2V5"),
            format!(
                "DefaultEndpointsProtocol=https;AccountName=st;AccountKey=a2V5;BlobEndpoint={zoned};QueueEndpoint=q"
            )
        );
    }
}
