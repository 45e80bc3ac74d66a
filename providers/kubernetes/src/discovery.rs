//! Which kinds the API server has: asked group by group when they are needed, and kept. A kind that is missing is asked
//! for again each time, since a definition may just have been made.

use crate::manifest::text_at;
use crate::session::Session;
use formwork_model::Value;
use formwork_provider_api::ProviderError;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

/// What may not stand in a segment of a path as it is.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// A kind as the API server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// `v1`, `apps/v1`.
    pub(crate) api_version: String,
    /// `deployments`.
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
}

impl Served {
    fn root(&self) -> String {
        match self.api_version.contains('/') {
            true => format!("/apis/{}", self.api_version),
            false => format!("/api/{}", self.api_version),
        }
    }

    /// The path of all objects: in a namespace, or everywhere.
    pub(crate) fn collection(&self, namespace: Option<&str>) -> String {
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{}/namespaces/{}/{}", self.root(), segment(namespace), self.plural),
            None => format!("{}/{}", self.root(), self.plural),
        }
    }

    /// The path of one object.
    pub(crate) fn object(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.collection(namespace), segment(name))
    }
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The group of an `apiVersion`; empty for the core.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// What objects need before they can be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coming {
    /// A definition, by group and kind.
    Kind(String, String),
    Namespace(String),
}

/// What is known so far.
#[derive(Default)]
pub(crate) struct Discovery {
    kinds: RwLock<HashMap<(String, String), Served>>,
    /// What was planned or applied over this connection, and others need: definitions by group and kind, namespaces by name.
    coming: RwLock<HashSet<Coming>>,
}

impl Session {
    /// Notes what a manifest makes that others need: a kind, a namespace.
    pub(crate) fn note_coming(&self, manifest: &Value) {
        let text = |path: &[&str]| text_at(manifest, path).map(str::to_owned);
        let coming = match text(&["kind"]).as_deref() {
            Some("CustomResourceDefinition") => text(&["spec", "group"])
                .zip(text(&["spec", "names", "kind"]))
                .map(|(group, kind)| Coming::Kind(group, kind)),
            Some("Namespace") => text(&["metadata", "name"]).map(Coming::Namespace),
            _ => None,
        };
        self.discovery.coming.write().unwrap_or_else(PoisonError::into_inner).extend(coming);
    }

    /// Whether something was planned or applied over this connection.
    pub(crate) fn is_coming(&self, what: &Coming) -> bool {
        self.discovery.coming.read().unwrap_or_else(PoisonError::into_inner).contains(what)
    }

    /// Whether the definition of a kind was.
    pub(crate) fn is_kind_coming(&self, api_version: &str, kind: &str) -> bool {
        self.is_coming(&Coming::Kind(group_of(api_version).to_owned(), kind.to_owned()))
    }

    /// How a kind is served; none when this version of the group does not have it.
    pub(crate) async fn served(&self, api_version: &str, kind: &str) -> Result<Option<Served>, ProviderError> {
        let key = (api_version.to_owned(), kind.to_owned());
        let known = |session: &Self| {
            let kinds = session.discovery.kinds.read().unwrap_or_else(PoisonError::into_inner);
            kinds.get(&key).cloned()
        };
        if let Some(served) = known(self) {
            return Ok(Some(served));
        }
        let path =
            if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") };
        let Some(list) = self.get(path, &format!("asking for the kinds of {api_version}")).await? else {
            return Ok(None);
        };
        self.learn(api_version, &list);
        Ok(known(self))
    }

    fn learn(&self, api_version: &str, list: &Json) {
        let mut kinds = self.discovery.kinds.write().unwrap_or_else(PoisonError::into_inner);
        let resources = list.get("resources").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        for resource in resources {
            let text = |name: &str| resource.get(name).and_then(Json::as_str);
            let (Some(plural), Some(kind)) = (text("name"), text("kind")) else { continue };
            // `deployments/scale` is no kind of its own.
            if plural.contains('/') {
                continue;
            }
            let namespaced = resource.get("namespaced").and_then(Json::as_bool).unwrap_or(false);
            let served = Served { api_version: api_version.to_owned(), plural: plural.to_owned(), namespaced };
            kinds.insert((api_version.to_owned(), kind.to_owned()), served);
        }
    }

    /// How a kind is served in whatever version its group prefers; none when the group does not have it.
    pub(crate) async fn served_in_group(&self, group: &str, kind: &str) -> Result<Option<Served>, ProviderError> {
        if group.is_empty() {
            return self.served("v1", kind).await;
        }
        let Some(about) = self.get(format!("/apis/{group}"), &format!("asking for the versions of {group}")).await?
        else {
            return Ok(None);
        };
        let preferred = about.pointer("/preferredVersion/groupVersion").and_then(Json::as_str).map(str::to_owned);
        let versions = about.get("versions").and_then(Json::as_array).cloned().unwrap_or_default();
        let others = versions.iter().filter_map(|version| version.get("groupVersion")?.as_str().map(str::to_owned));
        for version in preferred.into_iter().chain(others) {
            if let Some(served) = self.served(&version, kind).await? {
                return Ok(Some(served));
            }
        }
        Ok(None)
    }

    /// Finds a kind by its name alone, in any group.
    pub(crate) async fn served_anywhere(&self, kind: &str) -> Result<Vec<Served>, ProviderError> {
        let mut found: Vec<Served> = self.served("v1", kind).await?.into_iter().collect();
        let groups = self.get("/apis", "asking for the groups of the API").await?.unwrap_or_default();
        let groups = groups.get("groups").and_then(Json::as_array).cloned().unwrap_or_default();
        for group in groups.iter().filter_map(|group| group.get("name")?.as_str()) {
            found.extend(self.served_in_group(group, kind).await?);
        }
        Ok(found)
    }
}
