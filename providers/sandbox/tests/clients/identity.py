import uuid

from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient

from common import GROUP, LOCATION, SUBSCRIPTION, client, group, refused, scope

group()
identities = client(ManagedServiceIdentityClient)
identity = identities.user_assigned_identities.create_or_update(GROUP, "workload", {"location": LOCATION})
assert uuid.UUID(identity.principal_id) and uuid.UUID(identity.client_id)
again = identities.user_assigned_identities.get(GROUP, "workload")
assert (again.principal_id, again.client_id) == (identity.principal_id, identity.client_id)
credential = {"properties": {"issuer": "https://issuer.example", "subject": "system:serviceaccount:a:b", "audiences": ["api://AzureADTokenExchange"]}}
identities.federated_identity_credentials.create_or_update(GROUP, "workload", "one", credential)
assert [one.name for one in identities.federated_identity_credentials.list(GROUP, "workload")] == ["one"]
rights = client(AuthorizationManagementClient)
pull = next(one for one in rights.role_definitions.list(scope(), filter="roleName eq 'AcrPull'"))
name = str(uuid.uuid4())
wanted = {"properties": {"roleDefinitionId": pull.id, "principalId": identity.principal_id, "principalType": "ServicePrincipal"}}
made = rights.role_assignments.create(scope(), name, wanted)
assert made.scope == scope() and made.principal_type == "ServicePrincipal"
refused(lambda: rights.role_assignments.create(scope(), str(uuid.uuid4()), wanted), 409, "RoleAssignmentExists")
assert [one.name for one in rights.role_assignments.list_for_scope(scope(), filter=f"principalId eq '{identity.principal_id}'")] == [name]
role = {"properties": {"roleName": "Mine", "permissions": [{"actions": ["Microsoft.Network/*/read"]}], "assignableScopes": [f"/subscriptions/{SUBSCRIPTION}"]}}
own = rights.role_definitions.create_or_update(f"/subscriptions/{SUBSCRIPTION}", str(uuid.uuid4()), role)
assert own.role_type == "CustomRole"
rights.role_definitions.delete(f"/subscriptions/{SUBSCRIPTION}", own.name)
rights.role_assignments.delete(scope(), name)
refused(lambda: rights.role_assignments.get(scope(), name), 404, "RoleAssignmentNotFound")
identities.federated_identity_credentials.delete(GROUP, "workload", "one")
identities.user_assigned_identities.delete(GROUP, "workload")
refused(lambda: identities.user_assigned_identities.get(GROUP, "workload"), 404, "ResourceNotFound")
