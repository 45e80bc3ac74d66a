//! What lies in a vault and belongs to somebody else.

use super::place::Place;
use super::{Kind, VaultItem};
use crate::arm::Verb;
use crate::arm::error::found;
use crate::data::Data;
use crate::resource::identity::text;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::Map;
use formwork_provider_api::{ErrorClass, ProviderError};

#[async_trait]
impl<K: Kind> Data for VaultItem<K> {
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError> {
        let place = Place::of_config(session, config).await?;
        let version = text(config, "version");
        let rest = version.map(|version| format!("/{version}")).unwrap_or_default();
        let answer = found(Self::send(session, Verb::Get, place.url(K::COLLECTION, &rest)?, None).await)?;
        let Some(answer) = answer else { return Err(Self::missing(session, &place, version).await) };
        let mut values = Self::decode(&place, &answer.body, config);
        values.remove("recover_soft_deleted");
        values.remove("purge_on_delete");
        Ok(values)
    }
}

impl<K: Kind> VaultItem<K> {
    /// Why there is nothing to read: it may be deleted and not yet purged, and a version of it may be missing.
    pub(super) async fn missing(session: &Session, place: &Place, version: Option<&str>) -> ProviderError {
        let id = place.id::<K>();
        let error = |message: String| ProviderError::new(ErrorClass::NotFound, message);
        // Who may read may not be allowed to look at what is deleted; then it is said that there is none.
        if Self::is_deleted(session, place).await.unwrap_or(false) {
            return error(format!("{id} is deleted")).help("it can be recovered until it is purged");
        }
        match version {
            Some(version) if matches!(Self::get(session, place).await, Ok(Some(_))) => {
                error(format!("{id} has no version {version}")).help("leave `version` out for the newest one")
            }
            _ => error(format!("there is no {id}")),
        }
    }
}
