import uuid

from azure.mgmt.msi import ManagedServiceIdentityClient

from common import GROUP, LOCATION, client, group, names, refused

group()
msi = client(ManagedServiceIdentityClient)
identities, credentials = msi.user_assigned_identities, msi.federated_identity_credentials
# All of it is done at once: the service has nothing to poll.
identity = identities.create_or_update(GROUP, "workload", {"location": LOCATION})
assert uuid.UUID(identity.principal_id) and uuid.UUID(identity.client_id) and uuid.UUID(identity.tenant_id)
again = identities.get(GROUP, "workload")
assert (again.principal_id, again.client_id) == (identity.principal_id, identity.client_id)
tagged = identities.update(GROUP, "workload", {"tags": {"a": "b"}})
assert tagged.tags == {"a": "b"} and tagged.principal_id == identity.principal_id
put = identities.create_or_update(GROUP, "workload", {"location": LOCATION})
assert put.principal_id == identity.principal_id and not put.tags, "a PUT without tags takes them away"
assert names(identities.list_by_resource_group(GROUP)) == ["workload"]
assert names(identities.list_by_subscription()) == ["workload"]

trust = {"issuer": "https://issuer.example", "subject": "system:serviceaccount:a:b", "audiences": ["api://AzureADTokenExchange"]}
credentials.create_or_update(GROUP, "workload", "one", {"properties": trust})
one = credentials.get(GROUP, "workload", "one")
assert (one.issuer, one.subject, one.audiences) == tuple(trust.values())
# The service has no PATCH of credentials: a PUT updates.
assert credentials.create_or_update(GROUP, "workload", "one", {"properties": {**trust, "subject": "x"}}).subject == "x"
assert names(credentials.list(GROUP, "workload")) == ["one"]
credentials.delete(GROUP, "workload", "one")
refused(lambda: credentials.get(GROUP, "workload", "one"), 404, "NotFound")
identities.delete(GROUP, "workload")
refused(lambda: identities.get(GROUP, "workload"), 404, "ResourceNotFound")
