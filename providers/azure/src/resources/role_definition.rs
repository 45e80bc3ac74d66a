//! `azure.role_definition`: a role of one's own.

use crate::arm::ResourceId;
use crate::resource::{ArmType, Change, Hooks, Listing, Scope};
use crate::resources::role_assignment::guid;
use crate::schema::{ID, UNLISTED, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

const PERMISSION: &[Attribute] = &[
    Attribute::strings("actions", "What is allowed, such as `Microsoft.Network/*/read`.")
        .equality(Equality::EmptyIsAbsent),
    Attribute::strings("not_actions", "What is not, of these.").equality(Equality::EmptyIsAbsent),
    Attribute::strings("data_actions", "What is allowed with the data.").equality(Equality::EmptyIsAbsent),
    Attribute::strings("not_data_actions", "What is not, of these.").equality(Equality::EmptyIsAbsent),
];

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("name", "A GUID; else one that follows from the operation.")
        .optional_computed()
        .create_only()
        .equality(Equality::CaseInsensitive)
        .limits(&[Limit::Pattern("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", "a GUID")]),
    Attribute::reference("scope", &["azure.resource_group"], "Where it is defined: a subscription or a group, by id.")
        .required()
        .create_only()
        .equality(Equality::CaseInsensitive),
    Attribute::string("role_name", "Name for people, unique in the directory.")
        .required()
        .limits(&[Limit::Length(1, 512)]),
    Attribute::string("description", "What it is for.").equality(Equality::EmptyIsAbsent),
    Attribute::new("permissions", AttributeType::List(&AttributeType::Object(PERMISSION)), "What it allows.")
        .required(),
    Attribute::new(
        "assignable_scopes",
        AttributeType::Set(&AttributeType::String),
        "Where it can be assigned; else its scope.",
    )
    .optional_computed()
    .equality(Equality::CaseInsensitive),
    Attribute::string("type", "Always `CustomRole`.").vendor("properties.type").computed(),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("role_definition", "A role of one's own (`Microsoft.Authorization/roleDefinitions`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::NaturalKey)
        .timeouts(300, 300, 300)
        .usually_takes_s(3)
        .import_help("the role's id, `…/providers/Microsoft.Authorization/roleDefinitions/GUID`")
        .capabilities(UNLISTED);

/// The type. Lists show Azure's own roles, too, which are hundreds.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.Authorization/roleDefinitions",
    versions::AUTHORIZATION,
    Scope::Extension("scope"),
)
.with_listing(Listing { filter: Some("type eq 'CustomRole'"), ..Listing::FULL })
.with_hooks(&Definition);

struct Definition;

impl Hooks for Definition {
    fn name(&self, operation: &str) -> Option<String> {
        Some(guid(operation))
    }

    fn body(&self, change: &Change<'_>, _: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        let scope = || RESOURCE.parent_of(change.id).map(|scope: ResourceId| scope.as_str().to_owned());
        if let Some(properties) = body.get_mut("properties").and_then(Json::as_object_mut) {
            properties.insert("type".to_owned(), Json::from("CustomRole"));
            if !properties.contains_key("assignableScopes") {
                properties.insert("assignableScopes".to_owned(), Json::from(Vec::from_iter(scope())));
            }
        }
        Ok(())
    }
}
