//! Where an object of a vault lies.

use super::Kind;
use crate::arm::ResourceId;
use crate::resource::identity::text;
use crate::resources::secret::Secret;
use crate::schema::versions;
use crate::session::Session;
use formwork_model::{AttributePath, Map};
use formwork_provider_api::{ErrorClass, ProviderError};
use serde_json::Value as Json;
use url::Url;

/// As many objects as a page of a list has at most.
const PAGE: usize = 25;

/// An object's place: the vault's address and the object's name.
pub(super) struct Place {
    /// The vault's address; it ends in `/`.
    pub(super) vault: Url,
    /// The object's name in it.
    pub(super) name: String,
}

impl Place {
    /// From an identity such as `https://example.vault.azure.net/secrets/name`.
    ///
    /// # Errors
    /// When it is none of this kind.
    pub(super) fn parse<K: Kind>(id: &str) -> Result<Self, ProviderError> {
        let wrong = || {
            ProviderError::invalid(format!("`{id}` is no id of this kind"))
                .help(format!("it looks so: https://VAULT.vault.azure.net/{}/NAME", K::COLLECTION))
        };
        let mut url = Url::parse(id).map_err(|_| wrong())?;
        let marker = format!("/{}/", K::COLLECTION);
        let (base, rest) = url.path().split_once(&marker).ok_or_else(wrong)?;
        let name = rest.split('/').next().filter(|name| !name.is_empty()).ok_or_else(wrong)?.to_owned();
        let base = format!("{base}/");
        url.set_path(&base);
        url.set_query(None);
        Ok(Self { vault: url, name })
    }

    /// Of an object of the config: its vault is asked for its address.
    ///
    /// # Errors
    /// When there is no such vault, or when it has no address yet.
    pub(super) async fn of_config(session: &Session, wanted: &Map) -> Result<Self, ProviderError> {
        let said = text(wanted, "vault").unwrap_or_default();
        let at = || AttributePath::member("vault");
        let vault = ResourceId::expect(said).map_err(|error| error.at(at()))?;
        let missing = || ProviderError::new(ErrorClass::NotFound, format!("there is no vault {vault}")).at(at());
        let answer = session.arm.get(&vault, versions::KEY_VAULT).await?.ok_or_else(missing)?;
        let address = answer.body.pointer("/properties/vaultUri").and_then(Json::as_str).unwrap_or_default();
        let mut address = Url::parse(address).map_err(|_| {
            ProviderError::new(ErrorClass::Retryable, format!("the vault {} has no address yet", vault.name()))
        })?;
        if !address.path().ends_with('/') {
            address.set_path(&format!("{}/", address.path()));
        }
        Ok(Self { vault: address, name: text(wanted, "name").unwrap_or_default().to_owned() })
    }

    /// Of what follows `key_vault:`: the vault's name, host or address, the secret's name, and perhaps a version. A secret's
    /// identity, as the portal shows it, does as well. `vaults` is the audience of the cloud's vaults, whose host they end in.
    ///
    /// # Errors
    /// When it makes no address.
    pub(super) fn of_source(name: &str, vaults: &str) -> Result<(Self, Option<String>), ProviderError> {
        let wrong = || ProviderError::invalid(format!("`{name}` names no secret of a vault"));
        let (address, after) = match name.find("://") {
            Some(position) => name.split_at(position + 3),
            None => ("https://", name),
        };
        let mut parts: Vec<&str> = after.split('/').collect();
        let is_version = |part: &&str| part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let version = parts.last().copied().filter(is_version).filter(|_| parts.len() > 2);
        parts.truncate(parts.len() - usize::from(version.is_some()));
        let secret = parts.pop().filter(|secret| !secret.is_empty()).ok_or_else(wrong)?.to_owned();
        if parts.last() == Some(&Secret::COLLECTION) && parts.len() > 1 {
            parts.pop();
        }
        let mut vault = parts.join("/");
        if !vault.contains(['.', ':', '/']) {
            vault = format!("{vault}.{}", vaults.trim_start_matches("https://"));
        }
        let vault = Url::parse(&format!("{address}{vault}/")).map_err(|_| wrong())?;
        Ok((Self { vault, name: secret }, version.map(str::to_owned)))
    }

    /// The address without a version.
    pub(super) fn id<K: Kind>(&self) -> String {
        format!("{}{}/{}", self.vault, K::COLLECTION, self.name)
    }

    /// Where all objects of its kind are listed.
    ///
    /// # Errors
    /// When that is no path.
    pub(super) fn list_url<K: Kind>(&self) -> Result<Url, ProviderError> {
        self.join(&format!("{}?api-version={}&maxresults={PAGE}", K::COLLECTION, versions::VAULT_DATA))
    }

    /// Where a request on the object goes; `rest` follows its name.
    ///
    /// # Errors
    /// When name and rest are no path.
    pub(super) fn url(&self, collection: &str, rest: &str) -> Result<Url, ProviderError> {
        self.join(&format!("{collection}/{}{rest}?api-version={}", self.name, versions::VAULT_DATA))
    }

    fn join(&self, path: &str) -> Result<Url, ProviderError> {
        self.vault.join(path).map_err(|error| ProviderError::invalid(format!("`{path}` is no path: {error}")))
    }
}
