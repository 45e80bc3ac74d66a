//! `data azure.locations`: the regions that the subscription may use.

use super::Data;
use super::subscription::API_VERSION;
use crate::arm::{Request, Verb};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};
use formwork_model::{Map, Value};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

const LOCATION: &[Attribute] = &[
    Attribute::string("display_name", "Name for people, `West Europe`.").computed(),
    Attribute::string("geography_group", "Part of the world.").computed(),
    Attribute::strings("paired_regions", "Regions that it is paired with.").computed(),
    Attribute::strings("zones", "Availability zones, as this subscription counts them.").computed(),
];

const ATTRIBUTES: &[Attribute] = &[
    Attribute::new("names", AttributeType::List(&AttributeType::String), "Names of the regions, sorted.").computed(),
    Attribute::new("locations", AttributeType::Map(&AttributeType::Object(LOCATION)), "The regions by name.")
        .computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("locations", "The regions that the subscription may use.").attributes(ATTRIBUTES).identity(&[]);

/// The data source.
pub(crate) static SOURCE: Locations = Locations;

/// See [`SCHEMA`].
pub(crate) struct Locations;

#[async_trait]
impl Data for Locations {
    async fn read(&self, session: &Session, _: &Map) -> Result<Map, ProviderError> {
        let path = format!("{}/locations", session.scope());
        let items = session.arm.list(Request::at(Verb::Get, path, API_VERSION)).await?;
        let regions = items.iter().filter(|item| text(item, "/metadata/regionType") != Some("Logical"));
        let by_name: Map = regions.filter_map(|item| Some((text(item, "/name")?.into(), location(item)))).collect();
        let names = Value::list(by_name.keys().map(|name| Value::string(name.clone())));
        Ok([("names".into(), names), ("locations".into(), Value::Map(by_name))].into_iter().collect())
    }
}

fn location(item: &Json) -> Value {
    let mut map = Map::new();
    for (name, place) in [("display_name", "/displayName"), ("geography_group", "/metadata/geographyGroup")] {
        if let Some(text) = text(item, place) {
            map.insert(name, Value::string(text));
        }
    }
    map.insert("paired_regions", names(item, "/metadata/pairedRegion", "/name"));
    map.insert("zones", names(item, "/availabilityZoneMappings", "/logicalZone"));
    Value::Map(map)
}

fn names(item: &Json, list: &str, place: &str) -> Value {
    let items = item.pointer(list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    Value::list(items.iter().filter_map(|one| text(one, place)).map(Value::string))
}

fn text<'a>(json: &'a Json, place: &str) -> Option<&'a str> {
    json.pointer(place)?.as_str()
}
