from azure.mgmt.storage import StorageManagementClient

from common import GROUP, LOCATION, client, group, names, polled, refused

group()
storage = client(StorageManagementClient)
accounts, containers, services = storage.storage_accounts, storage.blob_containers, storage.blob_services
wanted = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
assert accounts.check_name_availability({"name": "accountofclients", "type": "Microsoft.Storage/storageAccounts"}).name_available
account = polled(accounts.begin_create(GROUP, "accountofclients", wanted))
assert account.provisioning_state == "Succeeded" and account.primary_endpoints.blob == "https://accountofclients.blob.core.windows.net/"
refused(lambda: accounts.begin_create(GROUP, "No", wanted), 400, "AccountNameInvalid")
taken = accounts.check_name_availability({"name": "accountofclients", "type": "Microsoft.Storage/storageAccounts"})
assert not taken.name_available and taken.reason == "AlreadyExists"
read = accounts.get_properties(GROUP, "accountofclients")
assert (read.id, read.sku.name, read.minimum_tls_version) == (account.id, "Standard_LRS", account.minimum_tls_version)
assert [key["keyName"] for key in accounts.list_keys(GROUP, "accountofclients")["keys"]] == ["key1", "key2"]
account = accounts.update(GROUP, "accountofclients", {"tags": {"a": "b"}, "properties": {"minimumTlsVersion": "TLS1_3"}})
assert account.tags == {"a": "b"} and account.minimum_tls_version == "TLS1_3"
assert names(accounts.list_by_resource_group(GROUP)) == names(accounts.list()) == ["accountofclients"]

assert services.get_service_properties(GROUP, "accountofclients").name == "default"
kept = services.set_service_properties(GROUP, "accountofclients", {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 7}}})
assert kept.delete_retention_policy.days == 7
assert names(services.list(GROUP, "accountofclients")) == ["default"]
# Containers are made, changed and deleted at once.
containers.create(GROUP, "accountofclients", "state", {})
assert containers.get(GROUP, "accountofclients", "state").lease_state == "Available"
assert containers.update(GROUP, "accountofclients", "state", {"properties": {"metadata": {"a": "b"}}}).metadata == {"a": "b"}
assert names(containers.list(GROUP, "accountofclients")) == ["state"]
containers.delete(GROUP, "accountofclients", "state")
refused(lambda: containers.get(GROUP, "accountofclients", "state"), 404, "ContainerNotFound")
accounts.delete(GROUP, "accountofclients")
refused(lambda: accounts.get_properties(GROUP, "accountofclients"), 404, "ResourceNotFound")
