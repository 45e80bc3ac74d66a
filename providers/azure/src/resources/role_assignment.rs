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

/// Names of roles of Azure. Source: the vendor's list of built-in roles.
const NAMES: &[&str] = &[
    "AcrDelete",
    "AcrPull",
    "AcrPush",
    "Azure Kubernetes Service Cluster Admin Role",
    "Azure Kubernetes Service Cluster User Role",
    "Azure Kubernetes Service Contributor Role",
    "Azure Kubernetes Service RBAC Admin",
    "Azure Kubernetes Service RBAC Cluster Admin",
    "Azure Kubernetes Service RBAC Reader",
    "Azure Kubernetes Service RBAC Writer",
    "Contributor",
    "DNS Zone Contributor",
    "Key Vault Administrator",
    "Key Vault Certificate User",
    "Key Vault Certificates Officer",
    "Key Vault Contributor",
    "Key Vault Crypto Officer",
    "Key Vault Crypto Service Encryption User",
    "Key Vault Crypto User",
    "Key Vault Reader",
    "Key Vault Secrets Officer",
    "Key Vault Secrets User",
    "Managed Identity Operator",
    "Monitoring Metrics Publisher",
    "Monitoring Reader",
    "Network Contributor",
    "Owner",
    "Private DNS Zone Contributor",
    "Reader",
    "Storage Blob Data Contributor",
    "Storage Blob Data Owner",
    "Storage Blob Data Reader",
    "User Access Administrator",
    "Virtual Machine Contributor",
];

/// The GUIDs of these roles, in the same order.
const GUIDS: [&str; NAMES.len()] = [
    "c2f4ef07-c644-48eb-af81-4b1b4947fb11",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "8311e382-0749-4cb8-b61a-304f252e45ec",
    "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
    "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
    "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
    "3498e952-d568-435e-9b2c-8d77e338d7f7",
    "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
    "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
    "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "befefa01-2a29-4197-83a8-272ff33ce314",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
    "a4417e6f-fecd-4de8-b567-7b0420556985",
    "f25e0fa2-a7c8-4377-a976-54943a77a395",
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6",
    "12338af0-0e69-4776-bea7-57ae8d297424",
    "21090545-7ca7-4776-b22c-e363652d74d2",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "4633458b-17de-408a-b874-0445c86b69e6",
    "f1a07417-d97a-45cb-824c-7a7467783830",
    "3913510d-42f4-4e42-8a64-420c390055eb",
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
    "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
];

/// A role that is not said by the name of one of Azure's: its id, or a GUID.
const ROLE: &str = "^(/.+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$";

/// What may be scopes: all types that ARM serves, apart from those that stand on a scope themselves. A test compares.
const SCOPES: &[&str] = &[
    "azure.bastion_host",
    "azure.blob_container",
    "azure.container_registry",
    "azure.container_registry_replication",
    "azure.disk",
    "azure.dns_a_record",
    "azure.dns_cname_record",
    "azure.dns_txt_record",
    "azure.dns_zone",
    "azure.federated_credential",
    "azure.key_vault",
    "azure.kubernetes_cluster",
    "azure.load_balancer",
    "azure.log_analytics_workspace",
    "azure.maintenance_configuration",
    "azure.nat_gateway",
    "azure.network_interface",
    "azure.network_security_group",
    "azure.node_pool",
    "azure.private_dns_a_record",
    "azure.private_dns_zone",
    "azure.private_dns_zone_group",
    "azure.private_dns_zone_link",
    "azure.private_endpoint",
    "azure.public_ip",
    "azure.public_ip_prefix",
    "azure.resource",
    "azure.resource_group",
    "azure.route",
    "azure.route_table",
    "azure.scale_set",
    "azure.security_rule",
    "azure.ssh_public_key",
    "azure.storage_account",
    "azure.subnet",
    "azure.user_assigned_identity",
    "azure.virtual_machine",
    "azure.virtual_network",
    "azure.virtual_network_peering",
];

const GUID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("name", "A GUID; else one that follows from the operation.")
        .optional_computed()
        .create_only()
        .equality(Equality::CaseInsensitive)
        .limits(&[Limit::Pattern(GUID, "a GUID")]),
    Attribute::reference("scope", SCOPES, "What it is for: an object of any type, or the id of any scope.")
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
    .equality(Equality::CaseInsensitive)
    .limits(&[Limit::OneOf(NAMES, ROLE, "the name of a built-in role, or a role's id")]),
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
            findings.error(AttributePath::member("role_definition"), unknown_role(said), other_role(said));
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

/// The GUID of a role of Azure's by its name.
fn built_in(said: &str) -> Option<&'static str> {
    NAMES.iter().zip(GUIDS).find(|(name, _)| name.eq_ignore_ascii_case(said)).map(|(_, guid)| guid)
}

/// A role's GUID, of its id or of its name.
fn role_guid(said: &str) -> String {
    built_in(said).unwrap_or_else(|| said.rsplit('/').next().unwrap_or(said)).to_lowercase()
}

/// The GUID of a role that is said by it, or by its name; none of any other text.
fn guid_of(said: &str) -> Option<&str> {
    let is_guid = said.len() == 36 && said.matches('-').count() == 4;
    built_in(said).or(is_guid.then_some(said))
}

fn unknown_role(said: &str) -> String {
    format!("`{said}` is no role of Azure that is known by name")
}

/// What to write instead: the name that is most like it, if one is.
fn other_role(said: &str) -> String {
    let like = |name: &&str| strsim::jaro_winkler(&name.to_lowercase(), &said.to_lowercase());
    let nearest = NAMES.iter().copied().max_by(|one, other| like(one).total_cmp(&like(other)));
    match nearest.filter(|name| like(name) > 0.85) {
        Some(name) => format!("did you mean `{name}`? Else write the role's id, or an `azure.role_definition`"),
        None => "write the role's id, or an `azure.role_definition`".to_owned(),
    }
}

/// The id of a role that is said by id or by name.
fn role_id(assignment: &ResourceId, said: &str) -> Result<String, ProviderError> {
    if said.starts_with('/') {
        return Ok(said.to_owned());
    }
    let guid = guid_of(said).ok_or_else(|| {
        ProviderError::invalid(unknown_role(said)).at(AttributePath::member("role_definition")).help(other_role(said))
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
