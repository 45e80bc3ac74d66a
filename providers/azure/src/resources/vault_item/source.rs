//! What `secret_from` reads in a vault: a secret by the vault's own address, so that no subscription is needed.

use super::VaultItem;
use super::place::Place;
use crate::arm::Verb;
use crate::arm::error::found;
use crate::configuration::Configuration;
use crate::resources::secret::Secret;
use crate::resources::vault_item::Kind;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::Redacted;
use formwork_model::schema::SecretScheme;
use formwork_provider_api::{
    ConfigureRequest, ErrorClass, ProviderError, ReadSecretRequest, SecretReader, configuration,
};
use serde_json::Value as Json;

/// What `secret_from` reads here.
pub(crate) const SCHEMES: &[SecretScheme] = &[SecretScheme {
    name: "key_vault",
    form: "VAULT/SECRET[/VERSION][#KEY]",
    example: "key_vault:shop-prod/db-password",
    docs: "A secret in Azure Key Vault; VAULT is its name, its host (`shop-prod.vault.azure.net`) or its address \
           (`https://…`). Without a version it is the newest one.",
    pattern: r"(?:https?://[^/?\s]+(?:/[^/?\s]+)*|[A-Za-z0-9][A-Za-z0-9.-]*)/[0-9A-Za-z-]{1,127}(?:/[0-9a-f]{32})?",
    keyed: true,
}];

/// Attributes of the block that decide which secret is read: all but the subscription.
const DECIDING: &[&str] = &[
    "authority_host",
    "client_certificate_path",
    "client_id",
    "client_secret",
    "cloud",
    "credential",
    "oidc_request_token",
    "oidc_request_url",
    "oidc_token",
    "oidc_token_command",
    "oidc_token_file",
    "service_connection_id",
    "tenant_id",
];

/// Reads secrets with the credentials of a block.
pub(crate) struct Reader(Session);

impl Reader {
    /// Finds the credentials.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub(crate) fn open(request: &ConfigureRequest) -> Result<Self, ProviderError> {
        let known = configuration::known(request.configuration.view(), DECIDING)?;
        let configuration: Configuration = known.view().decode()?;
        Ok(Self(Session::without_subscription(configuration, &request.environment)?))
    }
}

#[async_trait]
impl SecretReader for Reader {
    async fn read_secret(&self, request: ReadSecretRequest) -> Result<Redacted<String>, ProviderError> {
        let (place, version) = Place::of_source(&request.name, self.0.cloud.vault)?;
        let rest = version.as_ref().map(|version| format!("/{version}")).unwrap_or_default();
        let url = place.url(Secret::COLLECTION, &rest)?;
        let answer = found(VaultItem::<Secret>::send(&self.0, Verb::Get, url, None).await);
        let answer = answer.map_err(|error| explained(error, &place))?;
        let Some(answer) = answer else {
            return Err(VaultItem::<Secret>::missing(&self.0, &place, version.as_deref()).await);
        };
        let value = answer.body.get("value").and_then(Json::as_str);
        let nothing = || ProviderError::new(ErrorClass::Other, format!("{} has no value", place.id::<Secret>()));
        value.map(|value| Redacted(value.to_owned())).ok_or_else(nothing)
    }
}

/// The error with the secret that it is about, and what to do.
fn explained(error: ProviderError, place: &Place) -> ProviderError {
    let id = place.id::<Secret>();
    match error.class {
        ErrorClass::Forbidden if error.message.contains("disabled") => {
            let message = format!("{id} is disabled: {}", error.message);
            ProviderError { message, ..error }.help("enable it, or name a version that is enabled")
        }
        ErrorClass::Forbidden if error.help.is_none() => {
            let message = format!("{id} may not be read: {}", error.message);
            ProviderError { message, ..error }.help(
                "the credentials need the role `Key Vault Secrets User` on the vault (or an access policy that lets them get \
                 secrets), and its firewall must let this machine in",
            )
        }
        ErrorClass::Unreachable => error.help(
            "check the vault's name; a vault without public access answers only inside its network. Also HTTPS_PROXY and \
             the CA bundle decide what can be reached",
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_vault_is_named_in_any_of_three_ways() {
        let version = "0123456789abcdef0123456789abcdef";
        let cases = [
            ("shop/db", "https://shop.vault.azure.net/secrets/db", None),
            (&format!("shop/db/{version}"), "https://shop.vault.azure.net/secrets/db", Some(version)),
            ("shop.vault.azure.cn/db", "https://shop.vault.azure.cn/secrets/db", None),
            ("https://shop.vault.azure.net/db", "https://shop.vault.azure.net/secrets/db", None),
            (
                &format!("https://shop.vault.azure.net/secrets/db/{version}"),
                "https://shop.vault.azure.net/secrets/db",
                Some(version),
            ),
            (&format!("shop/{version}"), &format!("https://shop.vault.azure.net/secrets/{version}"), None),
            ("https://127.0.0.1:4000/vaults/shop/db", "https://127.0.0.1:4000/vaults/shop/secrets/db", None),
            (
                &format!("https://127.0.0.1:4000/vaults/shop/db/{version}"),
                "https://127.0.0.1:4000/vaults/shop/secrets/db",
                Some(version),
            ),
        ];
        for (name, id, wanted) in cases {
            let (place, version) = Place::of_source(name, "https://vault.azure.net").unwrap();
            assert_eq!((place.id::<Secret>().as_str(), version.as_deref()), (id, wanted), "{name}");
        }
    }
}
