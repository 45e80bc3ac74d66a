//! `azure.role_assignment`: who may do what where. Its name is a GUID that follows from the operation, so that the same
//! operation makes the same assignment again.

use crate::arm::ResourceId;
use crate::resource::{ArmType, Change, Hooks, Listing, Scope};
use crate::schema::{FIXED, ID, versions};
use crate::validate::{Findings, text};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema, Rule};
use formwork_model::{AttributePath, Map, Value, ValueRef};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

/// Roles of Azure by name: name and GUID. Source: the vendor's list of built-in roles.
const BUILT_IN: &[(&str, &str)] = &[
    ("AcrDelete", "c2f4ef07-c644-48eb-af81-4b1b4947fb11"),
    ("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d"),
    ("AcrPush", "8311e382-0749-4cb8-b61a-304f252e45ec"),
    ("Azure Kubernetes Service Cluster Admin Role", "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8"),
    ("Azure Kubernetes Service Cluster User Role", "4abbcc35-e782-43d8-92c5-2d3f1bd2253f"),
    ("Azure Kubernetes Service Contributor Role", "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8"),
    ("Azure Kubernetes Service RBAC Admin", "3498e952-d568-435e-9b2c-8d77e338d7f7"),
    ("Azure Kubernetes Service RBAC Cluster Admin", "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"),
    ("Azure Kubernetes Service RBAC Reader", "7f6c6a51-bcf8-42ba-9220-52d62157d7db"),
    ("Azure Kubernetes Service RBAC Writer", "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb"),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    ("DNS Zone Contributor", "befefa01-2a29-4197-83a8-272ff33ce314"),
    ("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483"),
    ("Key Vault Certificate User", "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba"),
    ("Key Vault Certificates Officer", "a4417e6f-fecd-4de8-b567-7b0420556985"),
    ("Key Vault Contributor", "f25e0fa2-a7c8-4377-a976-54943a77a395"),
    ("Key Vault Crypto Officer", "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"),
    ("Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6"),
    ("Key Vault Crypto User", "12338af0-0e69-4776-bea7-57ae8d297424"),
    ("Key Vault Reader", "21090545-7ca7-4776-b22c-e363652d74d2"),
    ("Key Vault Secrets Officer", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"),
    ("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6"),
    ("Managed Identity Operator", "f1a07417-d97a-45cb-824c-7a7467783830"),
    ("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb"),
    ("Monitoring Reader", "43d0d8ad-25c7-4714-9337-8ba259a9fe05"),
    ("Network Contributor", "4d97b98b-1d4f-4787-a291-c67834d212e7"),
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
    ("Private DNS Zone Contributor", "b12aa53e-6015-4669-85d0-8515ebb3ae7f"),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
    ("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
    ("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),
    ("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"),
    ("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
    ("Virtual Machine Contributor", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
];

const GUID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("name", "A GUID; else one that follows from the operation.")
        .optional_computed()
        .create_only()
        .equality(Equality::CaseInsensitive)
        .limits(&[Limit::Pattern(GUID, "a GUID")]),
    Attribute::reference(
        "scope",
        &[
            "azure.resource_group",
            "azure.container_registry",
            "azure.key_vault",
            "azure.virtual_network",
            "azure.subnet",
            "azure.user_assigned_identity",
            "azure.kubernetes_cluster",
            "azure.private_dns_zone",
            "azure.dns_zone",
            "azure.route_table",
            "azure.public_ip",
        ],
        "What it is for: an object, or the id of any scope.",
    )
    .required()
    .create_only()
    .equality(Equality::CaseInsensitive),
    Attribute::reference(
        "role_definition",
        &["azure.role_definition"],
        "The role: an `azure.role_definition`, its id, or the name of a role of Azure, such as `AcrPull`.",
    )
    .vendor("properties.roleDefinitionId")
    .required()
    .create_only()
    .equality(Equality::CaseInsensitive),
    Attribute::string(
        "principal_id",
        "Object id of who gets it: `principal_id` of an identity, `kubelet_object_id` of a cluster.",
    )
    .required()
    .create_only()
    .equality(Equality::CaseInsensitive),
    Attribute::new(
        "principal_type",
        AttributeType::Enum(&[
            "User",
            "Group",
            "ServicePrincipal",
            "ForeignGroup",
            "Device",
            "AgentUser",
            "AgentServicePrincipal",
        ]),
        "What it is; said, a fresh principal need not be found in the directory yet.",
    )
    .default_string("ServicePrincipal")
    .create_only(),
    Attribute::string("description", "What it is for.").create_only(),
    Attribute::string("condition", "Condition, in the language of Azure's.").create_only(),
    Attribute::string("condition_version", "Version of that language: `2.0`.").create_only(),
    Attribute::string("delegated_managed_identity_resource_id", "Identity of another directory, by id.")
        .create_only()
        .equality(Equality::CaseInsensitive),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("role_assignment", "Who may do what where (`Microsoft.Authorization/roleAssignments`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::NaturalKey)
        .timeouts(600, 300, 300)
        .usually_takes_s(5)
        .import_help("the assignment's id, `…/providers/Microsoft.Authorization/roleAssignments/GUID`")
        .rules(&[Rule::RequiredWith(&["condition_version", "condition"])])
        .capabilities(FIXED);

/// The type. A list shows the assignments at its scope, above it and below it.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.Authorization/roleAssignments",
    versions::AUTHORIZATION,
    Scope::Extension("scope"),
)
.with_listing(Listing::FULL)
.with_hooks(&Assignment);

struct Assignment;

#[async_trait]
impl Hooks for Assignment {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let said = text(config, "role_definition").filter(|said| !said.starts_with('/'));
        if let Some(said) = said.filter(|said| guid_of(said).is_none()) {
            findings.error(AttributePath::member("role_definition"), unknown_role(said), UNKNOWN_ROLE);
        }
    }

    fn name(&self, operation: &str) -> Option<String> {
        Some(guid(operation))
    }

    fn body(&self, change: &Change<'_>, _: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        let Some(role) = body.pointer_mut("/properties/roleDefinitionId") else { return Ok(()) };
        let Some(said) = role.as_str().map(str::to_owned) else { return Ok(()) };
        *role = Json::from(role_id(change.id, &said)?);
        Ok(())
    }

    fn decode(&self, _: &Json, known: &Map, values: &mut Map) {
        keep_spelling("role_definition", role_guid, known, values);
        // A principal may be written without dashes, and comes back with them.
        keep_spelling("principal_id", |id| id.replace('-', "").to_lowercase(), known, values);
    }
}

/// What is known stays as it is spelled, where it means the same as what was told.
fn keep_spelling(name: &str, meaning: impl Fn(&str) -> String, known: &Map, values: &mut Map) {
    let text = |values: &Map| values.get(name).and_then(Value::as_str).map(str::to_owned);
    if let (Some(said), Some(told)) = (text(known), text(values))
        && meaning(&said) == meaning(&told)
    {
        values.insert(name, Value::string(said));
    }
}

/// A role's GUID, of its id or of its name.
fn role_guid(said: &str) -> String {
    let built_in = BUILT_IN.iter().find(|(name, _)| name.eq_ignore_ascii_case(said));
    let guid = built_in.map_or_else(|| said.rsplit('/').next().unwrap_or(said), |(_, guid)| guid);
    guid.to_lowercase()
}

/// The GUID of a role that is said by it, or by its name; none of any other text.
fn guid_of(said: &str) -> Option<&str> {
    let built_in = BUILT_IN.iter().find(|(name, _)| name.eq_ignore_ascii_case(said)).map(|(_, guid)| *guid);
    let is_guid = said.len() == 36 && said.matches('-').count() == 4;
    built_in.or(is_guid.then_some(said))
}

fn unknown_role(said: &str) -> String {
    format!("`{said}` is no role of Azure that is known by name")
}

const UNKNOWN_ROLE: &str = "write the role's id, or an `azure.role_definition`";

/// The id of a role that is said by id or by name.
fn role_id(assignment: &ResourceId, said: &str) -> Result<String, ProviderError> {
    if said.starts_with('/') {
        return Ok(said.to_owned());
    }
    let guid = guid_of(said).ok_or_else(|| {
        ProviderError::invalid(unknown_role(said)).at(AttributePath::member("role_definition")).help(UNKNOWN_ROLE)
    })?;
    let subscription = assignment.subscription().map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    Ok(format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}"))
}

/// A GUID that follows from an operation.
pub(super) fn guid(operation: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("formwork:{operation}").as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest).for_each(|(slot, byte)| *slot = byte);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
