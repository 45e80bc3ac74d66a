//! Role assignments and role definitions.

use super::failure::{self, Failure};
use super::id::Id;
use super::path;
use super::{Arm, Call, PRINCIPALS, reference::Back};
use crate::exchange::Response;
use serde_json::{Value as Json, json};

/// How long the directory does not find a new principal, in milliseconds of the cloud.
const UNKNOWN_FOR: i64 = 12_000;

/// Built-in roles: id, name, and what they allow (control plane, data plane).
pub(super) const BUILT_IN: [(&str, &str, &[&str], &[&str]); 24] = [
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", &["*"], &[]),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", &["*"], &[]),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", &["*/read"], &[]),
    (
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "User Access Administrator",
        &["*/read", "Microsoft.Authorization/*"],
        &[],
    ),
    ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", &["Microsoft.ContainerRegistry/registries/pull/read"], &[]),
    (
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        "AcrPush",
        &["Microsoft.ContainerRegistry/registries/pull/read", "Microsoft.ContainerRegistry/registries/push/write"],
        &[],
    ),
    ("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", &["Microsoft.Network/*"], &[]),
    ("befefa01-2a29-4197-83a8-272ff33ce314", "DNS Zone Contributor", &["Microsoft.Network/dnsZones/*"], &[]),
    (
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Private DNS Zone Contributor",
        &["Microsoft.Network/privateDnsZones/*"],
        &[],
    ),
    (
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Managed Identity Contributor",
        &["Microsoft.ManagedIdentity/userAssignedIdentities/*"],
        &[],
    ),
    (
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
        &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        ],
        &[],
    ),
    ("00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator", &[], &["Microsoft.KeyVault/vaults/*"]),
    (
        "4633458b-17de-408a-b874-0445c86b69e6",
        "Key Vault Secrets User",
        &[],
        &[
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
    ),
    (
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        "Key Vault Secrets Officer",
        &[],
        &["Microsoft.KeyVault/vaults/secrets/*"],
    ),
    ("14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer", &[], &["Microsoft.KeyVault/vaults/keys/*"]),
    ("12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User", &[], &["Microsoft.KeyVault/vaults/keys/read"]),
    ("21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader", &["Microsoft.KeyVault/vaults/read"], &[]),
    (
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        "Azure Kubernetes Service Cluster Admin Role",
        &["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"],
        &[],
    ),
    (
        "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        "Azure Kubernetes Service Cluster User Role",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &[],
    ),
    (
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        "Azure Kubernetes Service RBAC Cluster Admin",
        &[],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    (
        "3498e952-d568-435e-9b2c-8d77e338d7f7",
        "Azure Kubernetes Service RBAC Admin",
        &[],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    (
        "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
        "Azure Kubernetes Service RBAC Reader",
        &[],
        &["Microsoft.ContainerService/managedClusters/*/read"],
    ),
    (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Storage Blob Data Contributor",
        &[],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
    ),
    (
        "3913510d-42f4-4e42-8a64-420c390055eb",
        "Monitoring Metrics Publisher",
        &[],
        &["Microsoft.Insights/Metrics/Write"],
    ),
];

type BuiltIn = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

fn built_in(subscription: &str, (id, name, actions, data): &BuiltIn) -> Json {
    let scope = if subscription.is_empty() { String::new() } else { format!("/subscriptions/{subscription}") };
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleDefinitions/{id}"),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": id,
        "properties": {
            "roleName": name,
            "type": "BuiltInRole",
            "description": format!("Built-in role {name}."),
            "assignableScopes": ["/"],
            "permissions": [{"actions": actions, "notActions": [], "dataActions": data, "notDataActions": []}],
            "createdOn": "2020-01-01T00:00:00.000Z",
            "updatedOn": "2020-01-01T00:00:00.000Z",
            "createdBy": null,
            "updatedBy": null,
        },
    })
}

impl Arm {
    /// Definitions belong to the subscription, whichever scope they are asked for at.
    pub(super) fn role_definition(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        let role = BUILT_IN.iter().find(|role| role.0.eq_ignore_ascii_case(id.name()));
        let asked = call.request.method.as_str();
        if let (Some(role), "GET") = (role, asked) {
            return Ok(Response::json(200, built_in(id.subscription(), role)));
        }
        if let Some(role) = role {
            let message = format!("The role definition '{}' is built in and cannot be changed.", role.1);
            return Err(Failure::new(403, "RoleDefinitionCannotBeModified", message));
        }
        let own = match id.subscription() {
            "" => id.clone(),
            subscription => Id { scope: format!("/subscriptions/{subscription}"), ..id.clone() },
        };
        match asked {
            "GET" => self.read(call, &own),
            "PUT" => {
                self.check_role_scope(id)?;
                self.put(call, &own)
            }
            "DELETE" => self.delete(call, &own),
            method => {
                Err(Failure::gateway(405, "MethodNotAllowed", format!("The method {method} is not allowed here.")))
            }
        }
    }

    fn check_role_scope(&self, id: &Id) -> Result<(), Failure> {
        let group = id.group().filter(|group| self.record(&super::id::group_key(id.subscription(), group)).is_none());
        group.map_or(Ok(()), |group| Err(failure::no_group(group)))
    }

    /// Who is given which role where: all three must make sense.
    pub(super) fn check_assignment(&self, id: &Id, sent: &Json) -> Result<(), Failure> {
        if uuid::Uuid::parse_str(id.name()).is_err() {
            let message =
                format!("The role assignment ID '{}' is not valid. The role assignment ID must be a GUID.", id.name());
            return Err(Failure::new(400, "InvalidRoleAssignmentId", message));
        }
        let principal = path::text(sent, "properties.principalId").unwrap_or_default();
        let Ok(guid) = uuid::Uuid::parse_str(principal) else {
            let message = format!("The Principal ID '{principal}' is not valid. Principal ID must be a GUID.");
            return Err(Failure::new(400, "InvalidPrincipalId", message));
        };
        self.check_role(sent)?;
        self.check_principal(&guid.to_string(), sent)?;
        self.check_assigned(id, &guid.to_string(), sent)
    }

    fn check_role(&self, sent: &Json) -> Result<(), Failure> {
        let role = path::text(sent, "properties.roleDefinitionId").and_then(Id::parse);
        let known = role.as_ref().is_some_and(|role| {
            let own = Id { scope: format!("/subscriptions/{}", role.subscription()), ..role.clone() };
            BUILT_IN.iter().any(|one| one.0.eq_ignore_ascii_case(role.name()))
                || self.record(&own.key()).is_some()
                || looks_built_in(role)
        });
        if known {
            return Ok(());
        }
        let name = role.map(|role| role.name().replace('-', "")).unwrap_or_default();
        Err(Failure::new(
            404,
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{name}' does not exist."),
        ))
    }

    /// A principal is not found straight after it was made, unless the caller says what it is.
    fn check_principal(&self, principal: &str, sent: &Json) -> Result<(), Failure> {
        let told = path::text(sent, "properties.principalType").is_some();
        let created =
            self.store.get(PRINCIPALS, principal).and_then(|known| known.get("created").and_then(Json::as_i64));
        let young = created.is_some_and(|created| self.clock.now_ms() < created + self.scaled(UNKNOWN_FOR));
        if told || !young {
            return Ok(());
        }
        let message = format!(
            "Principal {} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
            principal.replace('-', ""),
            self.tenant
        );
        Err(Failure::new(400, "PrincipalNotFound", message))
    }

    /// The same role for the same principal at the same scope is one assignment.
    fn check_assigned(&self, id: &Id, principal: &str, sent: &Json) -> Result<(), Failure> {
        let role = |body: &Json| {
            path::text(body, "properties.roleDefinitionId")
                .and_then(|role| role.rsplit('/').next())
                .map(str::to_lowercase)
        };
        let prefix = format!("{}/providers/microsoft.authorization/roleassignments/", id.scope.to_lowercase());
        let twin = self.records(&prefix).into_iter().find(|record| {
            record.id.to_lowercase() != id.key()
                && path::text(&record.body, "properties.principalId") == Some(principal)
                && role(&record.body) == role(sent)
        });
        match twin {
            None => Ok(()),
            Some(twin) => {
                let name = twin.id.rsplit('/').next().unwrap_or_default().replace('-', "");
                Err(Failure::new(
                    409,
                    "RoleAssignmentExists",
                    format!("The role assignment already exists. The ID of the existing role assignment is {name}."),
                ))
            }
        }
    }

    /// Assignments, definitions and locks at a scope: those above it count too.
    pub(super) fn list_extensions(&self, call: &Call<'_>, owner: &Id, kind: &str) -> Result<Response, Failure> {
        let filter = call.request.parameter("$filter").unwrap_or_default().to_lowercase();
        let scope = owner.scope.to_lowercase();
        let at_scope = filter.contains("atscope()");
        let back = Back::default();
        let mut shown = Vec::new();
        if kind.eq_ignore_ascii_case("Microsoft.Authorization/roleDefinitions") {
            shown.extend(BUILT_IN.iter().map(|role| built_in(owner.subscription(), role)));
        }
        let wanted = kind.to_lowercase();
        for record in self.records("") {
            let Some(id) = Id::parse(&record.id).filter(|id| id.type_name().to_lowercase() == wanted) else { continue };
            let own = id.scope.to_lowercase();
            let above = scope == own || scope.starts_with(&format!("{own}/"));
            let below = own.starts_with(&format!("{scope}/"));
            if above || below && !at_scope {
                let view = self.view(call, &id, &back, false);
                shown.push(self.profiles.dress(&record, &id.type_name(), &view));
            }
        }
        shown.retain(|one| matches_filter(one, &filter));
        self.paged(call, shown, false)
    }
}

/// A role that the sandbox does not list, but whose id has the form of a built-in one.
fn looks_built_in(role: &Id) -> bool {
    uuid::Uuid::parse_str(role.name()).is_ok_and(|guid| guid.get_version_num() == 4)
}

fn matches_filter(shown: &Json, filter: &str) -> bool {
    let asked = |word: &str| {
        let rest =
            filter.split(&format!("{word} eq '")).nth(1).or_else(|| filter.split(&format!("{word}('")).nth(1))?;
        rest.split('\'').next().map(str::to_owned)
    };
    let is = |place: &str, wanted: Option<String>| {
        wanted.is_none_or(|wanted| path::text(shown, place).is_some_and(|text| text.to_lowercase() == wanted))
    };
    is("properties.principalId", asked("principalid").or_else(|| asked("assignedto")))
        && is("properties.roleName", asked("rolename"))
        && is("properties.type", asked("type"))
}
