//! `azure.secret`: a secret of a vault, through the vault's own address.

use crate::arm::Verb;
use crate::resources::vault_item::{Change, Kind, VaultItem, empty, item_fields};
use crate::schema::UNLISTED;
use formwork_model::schema::{Attribute, Equality, Recognition, ResourceSchema};
use formwork_model::{Map, Value};
use serde_json::{Value as Json, json};
use std::marker::PhantomData;

const ATTRIBUTES: &[Attribute] = item_fields![
    "secrets";
    Attribute::string("value", "The secret; another value is another version. At most 25 KB.").required().secret(),
    Attribute::string("content_type", "What it is, for people and programs.").equality(Equality::EmptyIsAbsent),
    ;
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("secret", "A secret of a vault (Key Vault's data plane).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .timeouts(600, 600, 600)
        .usually_takes_s(2)
        .import_help("the secret's id, `https://VAULT.vault.azure.net/secrets/NAME`")
        .capabilities(UNLISTED);

/// The type.
pub(crate) static RESOURCE: VaultItem<Secret> = VaultItem(PhantomData);

pub(crate) struct Secret;

impl Kind for Secret {
    const SCHEMA: ResourceSchema = SCHEMA;
    const COLLECTION: &'static str = "secrets";
    const DELETED: &'static str = "deletedsecrets";
    const ID: &'static str = "/id";

    fn creation(wanted: &Map) -> (Verb, &'static str, Json) {
        let value = wanted.get("value").map(Value::exposed).and_then(Value::as_str).unwrap_or_default();
        let mut body = json!({ "value": value });
        put_content_type(&mut body, wanted);
        (Verb::Put, "", body)
    }

    fn change(prior: &Map, wanted: &Map) -> Change {
        let value = |values: &Map| values.get("value").map(|value| value.exposed().clone());
        if value(prior) != value(wanted) {
            return Change::NewVersion;
        }
        let mut body = empty();
        put_content_type(&mut body, wanted);
        Change::Patch(body)
    }

    fn decode(body: &Json, values: &mut Map) {
        if let Some(value) = body.get("value").and_then(Json::as_str) {
            values.insert("value", Value::string(value).secret());
        }
        if let Some(text) = body.get("contentType").and_then(Json::as_str).filter(|text| !text.is_empty()) {
            values.insert("content_type", Value::string(text));
        }
    }
}

fn put_content_type(body: &mut Json, wanted: &Map) {
    if let (Some(text), Some(body)) = (wanted.get("content_type").and_then(Value::as_str), body.as_object_mut()) {
        body.insert("contentType".to_owned(), Json::from(text));
    }
}
