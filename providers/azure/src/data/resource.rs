//! `data azure.resource`: any object of ARM, by its id and a version of its type's interface.

use super::Data;
use crate::arm::ResourceId;
use crate::resource::identity::text;
use crate::resources::resource::API_VERSION;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Equality, ResourceSchema};
use formwork_model::value::from_json;
use formwork_model::{AttributePath, Map, Value};
use formwork_provider_api::{ErrorClass, ProviderError};

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("id", "Id in Azure Resource Manager.").required().equality(Equality::CaseInsensitive),
    API_VERSION,
    Attribute::string("type", "Type, such as `Microsoft.Cdn/profiles`.").computed(),
    Attribute::string("name", "Name of the object.").computed(),
    Attribute::string("parent", "Id of what it lies in.").computed().equality(Equality::CaseInsensitive),
    Attribute::new("output", AttributeType::Any, "All that the service answers.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "resource",
    "Any object of Azure Resource Manager, for types that have no data source of their own here.",
)
.attributes(ATTRIBUTES);

/// The data source.
pub(crate) static SOURCE: Any = Any;

/// See [`SCHEMA`].
pub(crate) struct Any;

#[async_trait]
impl Data for Any {
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError> {
        let said = text(config, "id").unwrap_or_default();
        let api_version = text(config, "api_version").unwrap_or_default();
        let id = ResourceId::expect(said).map_err(|error| error.at(AttributePath::member("id")))?;
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("there is no {id}"));
        let answer = session.arm.get(&id, api_version).await?.ok_or_else(gone)?;
        let parent = id.parent().map(|parent| ("parent".into(), Value::string(parent.as_str())));
        let told = [
            ("id".into(), Value::string(said)),
            ("api_version".into(), Value::string(api_version)),
            ("type".into(), Value::string(id.resource_type())),
            ("name".into(), Value::string(id.name())),
            ("output".into(), from_json(&answer.body)),
        ];
        Ok(told.into_iter().chain(parent).collect())
    }
}
