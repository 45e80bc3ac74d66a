//! `data azure.kubernetes_versions`: the versions of Kubernetes that AKS offers in a region.

use super::Data;
use crate::arm::{Request, Verb};
use crate::resource::identity::text;
use crate::resource::meaning;
use crate::schema::{LOCATION, versions};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};
use formwork_model::{Map, Value};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

const VERSION: &[Attribute] = &[
    Attribute::boolean("is_default", "Whether AKS takes it where none is asked for.").computed(),
    Attribute::boolean("is_preview", "Whether it is not yet supported.").computed(),
    Attribute::strings("support_plans", "Plans under which it is supported, `KubernetesOfficial`.").computed(),
    Attribute::strings("patches", "Its patch versions, the oldest first.").computed(),
];

const ATTRIBUTES: &[Attribute] = &[
    LOCATION,
    Attribute::boolean("include_preview", "Whether versions that are not yet supported count, too.")
        .default_bool(false),
    Attribute::strings("names", "Minor versions, such as `1.33`, the oldest first.").computed(),
    Attribute::string("default_version", "The minor version that AKS takes where none is asked for.").computed(),
    Attribute::string("latest_version", "The newest minor version.").computed(),
    Attribute::string("latest_patch", "Its newest patch.").computed(),
    Attribute::new("versions", AttributeType::Map(&AttributeType::Object(VERSION)), "The minor versions by name.")
        .computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("kubernetes_versions", "Versions of Kubernetes that AKS offers in a region.")
        .attributes(ATTRIBUTES)
        .identity(&[]);

/// The data source.
pub(crate) static SOURCE: KubernetesVersions = KubernetesVersions;

/// See [`SCHEMA`].
pub(crate) struct KubernetesVersions;

#[async_trait]
impl Data for KubernetesVersions {
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError> {
        let said = text(config, "location").unwrap_or_default();
        let region = meaning::location(said);
        let path =
            format!("{}/providers/Microsoft.ContainerService/locations/{region}/kubernetesVersions", session.scope());
        let answer = session.arm.send(Request::at(Verb::Get, path, versions::CONTAINER_SERVICE)).await?.body;
        let previews = matches!(config.get("include_preview"), Some(Value::Bool(true)));
        let mut values = values(&answer, previews);
        values.insert("location", Value::string(said));
        values.insert("include_preview", Value::Bool(previews));
        Ok(values)
    }
}

/// One minor version, as AKS tells it.
struct Version {
    name: String,
    is_default: bool,
    is_preview: bool,
    plans: Vec<String>,
    patches: Vec<String>,
}

impl Version {
    fn of(item: &Json) -> Option<Self> {
        let is = |name: &str| item.get(name).and_then(Json::as_bool).unwrap_or(false);
        let plans = item.pointer("/capabilities/supportPlan").and_then(Json::as_array).into_iter().flatten();
        let mut patches: Vec<String> = item
            .get("patchVersions")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
            .map(|one| one.0.clone())
            .collect();
        patches.sort_by_key(|patch| order(patch));
        Some(Self {
            name: item.get("version")?.as_str()?.to_owned(),
            is_default: is("isDefault"),
            is_preview: is("isPreview"),
            plans: plans.filter_map(Json::as_str).map(str::to_owned).collect(),
            patches,
        })
    }

    fn value(&self) -> Value {
        Value::map([
            ("is_default", Value::Bool(self.is_default)),
            ("is_preview", Value::Bool(self.is_preview)),
            ("support_plans", texts(&self.plans)),
            ("patches", texts(&self.patches)),
        ])
    }
}

/// `1.9` comes before `1.10`.
fn order(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

fn texts(texts: &[String]) -> Value {
    Value::list(texts.iter().map(|text| Value::string(text.as_str())))
}

fn values(answer: &Json, previews: bool) -> Map {
    let items = answer.get("values").and_then(Json::as_array).into_iter().flatten();
    let mut versions: Vec<Version> =
        items.filter_map(Version::of).filter(|version| previews || !version.is_preview).collect();
    versions.sort_by_key(|version| order(&version.name));
    let mut values = Map::new();
    let names: Vec<String> = versions.iter().map(|version| version.name.clone()).collect();
    values.insert("names", texts(&names));
    if let Some(version) = versions.iter().find(|version| version.is_default) {
        values.insert("default_version", Value::string(version.name.as_str()));
    }
    if let Some(version) = versions.last() {
        values.insert("latest_version", Value::string(version.name.as_str()));
        if let Some(patch) = version.patches.last() {
            values.insert("latest_patch", Value::string(patch.as_str()));
        }
    }
    let by_name = versions.iter().map(|version| (version.name.as_str().into(), version.value()));
    values.insert("versions", Value::Map(by_name.collect()));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_in_their_own_order_and_previews_apart() {
        let answer = json!({"values": [
            {"version": "1.10", "isPreview": true, "patchVersions": {"1.10.0": {}}},
            {"version": "1.9", "isDefault": true, "patchVersions": {"1.9.10": {}, "1.9.9": {}},
                "capabilities": {"supportPlan": ["KubernetesOfficial"]}},
        ]});
        let text = |values: &Map, name: &str| text(values, name).map(str::to_owned);
        let known = values(&answer, false);
        assert_eq!(text(&known, "latest_version").as_deref(), Some("1.9"));
        assert_eq!(text(&known, "latest_patch").as_deref(), Some("1.9.10"));
        assert_eq!(text(&known, "default_version").as_deref(), Some("1.9"));
        let all = values(&answer, true);
        assert_eq!(text(&all, "latest_version").as_deref(), Some("1.10"));
        assert_eq!(all.get("names"), Some(&Value::list([Value::string("1.9"), Value::string("1.10")])));
    }
}
