import uuid

from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient

from common import GROUP, LOCATION, SUBSCRIPTION, client, group, names, refused, scope

group()
identity = client(ManagedServiceIdentityClient).user_assigned_identities.create_or_update(GROUP, "workload", {"location": LOCATION})
rights = client(AuthorizationManagementClient)
assignments, definitions = rights.role_assignments, rights.role_definitions
subscription = f"/subscriptions/{SUBSCRIPTION}"
# All of it is done at once: the service has nothing to poll, and no PATCH either.
pull = next(one for one in definitions.list(scope(), filter="roleName eq 'AcrPull'"))
assert definitions.get(subscription, pull.name).role_name == "AcrPull"
assert definitions.get_by_id(pull.id).permissions[0].actions == pull.permissions[0].actions
name = str(uuid.uuid4())
wanted = {"roleDefinitionId": pull.id, "principalId": identity.principal_id, "principalType": "ServicePrincipal"}
refused(lambda: assignments.get(scope(), name), 404, "RoleAssignmentNotFound")
made = assignments.create(scope(), name, {"properties": wanted})
assert made.scope == scope() and made.principal_type == "ServicePrincipal"
read = assignments.get(scope(), name)
assert (read.id, read.role_definition_id, read.principal_id) == (made.id, pull.id, identity.principal_id)
assert assignments.get_by_id(made.id).name == name
told = assignments.create(scope(), name, {"properties": {**wanted, "description": "pulls images"}})
assert told.description == "pulls images" and assignments.get(scope(), name).description == "pulls images"
refused(lambda: assignments.create(scope(), str(uuid.uuid4()), {"properties": wanted}), 409, "RoleAssignmentExists")
of_principal = f"principalId eq '{identity.principal_id}'"
assert names(assignments.list_for_scope(scope(), filter=of_principal)) == [name]
assert names(assignments.list_for_resource_group(GROUP, filter=of_principal)) == [name]
assert names(assignments.list_for_subscription(filter=of_principal)) == [name]

role = {"roleName": "Mine", "permissions": [{"actions": ["Microsoft.Network/*/read"]}], "assignableScopes": [subscription]}
own = definitions.create_or_update(subscription, str(uuid.uuid4()), {"properties": role})
assert own.role_type == "CustomRole"
assert definitions.get(subscription, own.name).permissions[0].actions == ["Microsoft.Network/*/read"]
changed = {**role, "description": "reads networks", "permissions": [{"actions": ["Microsoft.Network/*/read", "Microsoft.Network/*/write"]}]}
definitions.create_or_update(subscription, own.name, {"properties": changed})
again = definitions.get(subscription, own.name)
assert again.description == "reads networks" and len(again.permissions[0].actions) == 2
assert [one.role_name for one in definitions.list(subscription, filter="type eq 'CustomRole'")] == ["Mine"]
assert definitions.delete(subscription, own.name).role_name == "Mine"
refused(lambda: definitions.get(subscription, own.name), 404, "RoleDefinitionDoesNotExist")
assert assignments.delete(scope(), name).name == name
refused(lambda: assignments.get(scope(), name), 404, "RoleAssignmentNotFound")
assert assignments.delete(scope(), name) is None, "204 without a body"
