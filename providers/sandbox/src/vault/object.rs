//! A secret or a key with its versions, as it is kept and as it is told.

use super::{Call, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// A secret or a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Object {
    /// Its name, as it was first written.
    pub(super) name: String,
    /// Oldest first.
    pub(super) versions: Vec<Version>,
    /// It was deleted, and can be recovered.
    pub(super) deleted: Option<Deleted>,
}

/// When it was deleted and when it will be gone, in seconds since the epoch.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Deleted {
    pub(super) at: i64,
    pub(super) purge: i64,
}

/// A version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) id: String,
    /// The secret's text, or the key's public part.
    pub(super) content: Json,
    pub(super) content_type: Option<Json>,
    /// `enabled`, `nbf`, `exp`, `exportable`, as they were sent.
    pub(super) attributes: Map<String, Json>,
    pub(super) tags: Option<Json>,
    pub(super) created: i64,
    pub(super) updated: i64,
}

impl Object {
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), versions: Vec::new(), deleted: None }
    }

    /// As it is now: an object whose time is over is gone.
    pub(super) fn read(document: Json, now: i64) -> Option<Self> {
        let object: Self = serde_json::from_value(document).ok()?;
        object.deleted.is_none_or(|deleted| now < deleted.purge).then_some(object)
    }

    /// A version; the newest without its id.
    pub(super) fn version(&self, id: Option<&str>) -> Option<&Version> {
        id.map_or_else(|| self.versions.last(), |id| self.versions.iter().find(|version| version.id == id))
    }

    pub(super) fn version_mut(&mut self, id: Option<&str>) -> Option<&mut Version> {
        match id {
            Some(id) => self.versions.iter_mut().find(|version| version.id == id),
            None => self.versions.last_mut(),
        }
    }

    /// The object as a deleted one.
    pub(super) fn deleted_json(&self, call: &Call<'_>, name: &str) -> Json {
        let path = call.table.path();
        let mut json = json!({ "recoveryId": format!("{}/deleted{path}/{name}", call.base) });
        let newest = self.version(None).map(|version| version.json(call, name, false));
        if let (Json::Object(json), Some(deleted)) = (&mut json, self.deleted) {
            json.insert("deletedDate".into(), deleted.at.into());
            json.insert("scheduledPurgeDate".into(), deleted.purge.into());
            json.extend(newest.and_then(|newest| newest.as_object().cloned()).into_iter().flatten());
        }
        json
    }
}

impl Version {
    /// Gives it an id and a time.
    pub(super) fn stamp(&mut self, call: &Call<'_>) {
        self.id = uuid::Uuid::new_v4().simple().to_string();
        (self.created, self.updated) = (call.now, call.now);
    }

    /// A version like this one, with another key.
    pub(super) fn again(&self) -> Self {
        let mut next = self.clone();
        if let Some(key) = next.content.as_object_mut() {
            super::body::fill(key);
        }
        next
    }

    pub(super) fn enabled(&self) -> bool {
        self.attributes.get("enabled").and_then(Json::as_bool).unwrap_or(true)
    }

    /// `enabled` first, as the service tells them.
    pub(super) fn attributes_json(&self, call: &Call<'_>) -> Json {
        let mut attributes = Map::new();
        attributes.insert("enabled".into(), self.enabled().into());
        let given = self.attributes.iter().filter(|(name, value)| name.as_str() != "enabled" && !value.is_null());
        attributes.extend(given.map(|(name, value)| (name.clone(), value.clone())));
        attributes.insert("created".into(), self.created.into());
        attributes.insert("updated".into(), self.updated.into());
        let level = if call.vault.purge_protection { "Recoverable" } else { "Recoverable+Purgeable" };
        attributes.insert("recoveryLevel".into(), level.into());
        attributes.insert("recoverableDays".into(), call.vault.retention_days.into());
        attributes.into()
    }

    /// The version with its id; a secret's text only where it was asked for.
    pub(super) fn json(&self, call: &Call<'_>, name: &str, with_value: bool) -> Json {
        let id = format!("{}/{}/{name}/{}", call.base, call.table.path(), self.id);
        let mut json = Map::new();
        match call.table {
            Table::Secrets => {
                if with_value {
                    json.insert("value".into(), self.content.clone());
                }
                json.insert("id".into(), id.into());
            }
            Table::Keys => {
                let mut key = json!({ "kid": id });
                if let (Some(key), Some(content)) = (key.as_object_mut(), self.content.as_object()) {
                    key.extend(content.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                json.insert("key".into(), key);
            }
        }
        self.rest(call, &mut json);
        json.into()
    }

    /// What is told of it in lists: no content, and an id with or without a version.
    pub(super) fn item(&self, call: &Call<'_>, id: String) -> Json {
        let name = if call.table == Table::Keys { "kid" } else { "id" };
        let mut json = Map::new();
        json.insert(name.into(), id.into());
        self.rest(call, &mut json);
        json.into()
    }

    fn rest(&self, call: &Call<'_>, json: &mut Map<String, Json>) {
        if let Some(content_type) = &self.content_type {
            json.insert("contentType".into(), content_type.clone());
        }
        json.insert("attributes".into(), self.attributes_json(call));
        if let Some(tags) = &self.tags {
            json.insert("tags".into(), tags.clone());
        }
    }
}
