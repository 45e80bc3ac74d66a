//! `azure.key`: a key of a vault, through the vault's own address. The private half never leaves the vault.

use crate::arm::Verb;
use crate::resources::vault_item::{Change, Kind, VaultItem, item_fields};
use crate::schema::UNLISTED;
use formwork_model::schema::{Attribute, AttributeType, Recognition, ResourceSchema};
use formwork_model::{Map, Value};
use serde_json::{Value as Json, json};
use std::marker::PhantomData;

const ATTRIBUTES: &[Attribute] = item_fields![
    "keys";
    Attribute::new(
        "kty",
        AttributeType::Enum(&["EC", "EC-HSM", "RSA", "RSA-HSM", "oct", "oct-HSM"]),
        "Kind of key; `-HSM` needs a vault of the kind `premium`.",
    )
    .required()
    .create_only(),
    Attribute::int("key_size", "Size of an RSA key, in bits: 2048, 3072 or 4096.").optional_computed().create_only(),
    Attribute::new("crv", AttributeType::Enum(&["P-256", "P-384", "P-521", "P-256K"]), "Curve of an EC key.")
        .optional_computed()
        .create_only(),
    Attribute::new(
        "key_ops",
        AttributeType::Set(&AttributeType::Enum(&[
            "encrypt",
            "decrypt",
            "sign",
            "verify",
            "wrapKey",
            "unwrapKey",
            "import",
            "export",
        ])),
        "What it may be used for; else all that its kind can.",
    )
    .optional_computed(),
    ;
    Attribute::string("n", "Modulus of an RSA key, as JWK writes it.").computed(),
    Attribute::string("e", "Exponent of an RSA key.").computed(),
    Attribute::string("x", "Coordinate of an EC key.").computed(),
    Attribute::string("y", "Coordinate of an EC key.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new("key", "A key of a vault (Key Vault's data plane).")
    .attributes(ATTRIBUTES)
    .recognised_by(Recognition::Name)
    .timeouts(600, 600, 600)
    .usually_takes_s(3)
    .import_help("the key's id, `https://VAULT.vault.azure.net/keys/NAME`")
    .capabilities(UNLISTED);

/// The type.
pub(crate) static RESOURCE: VaultItem<Key> = VaultItem(PhantomData);

pub(crate) struct Key;

impl Kind for Key {
    const SCHEMA: ResourceSchema = SCHEMA;
    const COLLECTION: &'static str = "keys";
    const DELETED: &'static str = "deletedkeys";
    const ID: &'static str = "/key/kid";

    fn creation(wanted: &Map) -> (Verb, &'static str, Json) {
        let mut body = serde_json::Map::new();
        for name in ["kty", "crv"] {
            if let Some(text) = wanted.get(name).and_then(Value::as_str) {
                body.insert(name.to_owned(), Json::from(text));
            }
        }
        if let Some(Value::Int(size)) = wanted.get("key_size") {
            body.insert("key_size".to_owned(), Json::from(*size));
        }
        if let Some(uses) = uses(wanted) {
            body.insert("key_ops".to_owned(), uses);
        }
        (Verb::Post, "/create", Json::Object(body))
    }

    fn change(_: &Map, wanted: &Map) -> Change {
        Change::Patch(uses(wanted).map_or_else(|| json!({}), |uses| json!({ "key_ops": uses })))
    }

    fn decode(body: &Json, values: &mut Map) {
        let key = body.get("key").unwrap_or(body);
        for name in ["kty", "crv", "n", "e", "x", "y"] {
            if let Some(text) = key.get(name).and_then(Json::as_str) {
                values.insert(name, Value::string(text));
            }
        }
        if let Some(uses) = key.get("key_ops").and_then(Json::as_array) {
            values.insert("key_ops", Value::set(uses.iter().filter_map(Json::as_str).map(Value::string)));
        }
        // The modulus is as long as the key.
        if let Some(modulus) = key.get("n").and_then(Json::as_str) {
            let bits = i64::try_from(modulus.trim_end_matches('=').len() * 6 / 8 * 8).unwrap_or_default();
            values.insert("key_size", Value::Int(bits));
        }
    }
}

fn uses(wanted: &Map) -> Option<Json> {
    let uses = wanted.get("key_ops").and_then(Value::as_items)?;
    Some(uses.iter().filter_map(Value::as_str).collect())
}
