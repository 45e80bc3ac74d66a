from azure.mgmt.storage import StorageManagementClient

from common import GROUP, LOCATION, client, done, group, refused

group()
storage = client(StorageManagementClient)
assert storage.storage_accounts.check_name_availability({"name": "accountofclients", "type": "Microsoft.Storage/storageAccounts"}).name_available
account = done(storage.storage_accounts.begin_create(GROUP, "accountofclients", {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}))
assert account.provisioning_state == "Succeeded" and account.primary_endpoints.blob == "https://accountofclients.blob.core.windows.net/"
refused(lambda: storage.storage_accounts.begin_create(GROUP, "No", {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}), 400, "AccountNameInvalid")
keys = storage.storage_accounts.list_keys(GROUP, "accountofclients").keys
keys = keys() if callable(keys) else keys
account = storage.storage_accounts.update(GROUP, "accountofclients", {"tags": {"a": "b"}, "properties": {"minimumTlsVersion": "TLS1_3"}})
assert account.tags == {"a": "b"} and account.minimum_tls_version == "TLS1_3"
storage.blob_containers.create(GROUP, "accountofclients", "state", {})
assert storage.blob_containers.get(GROUP, "accountofclients", "state").lease_state == "Available"
assert [one.name for one in storage.blob_containers.list(GROUP, "accountofclients")] == ["state"]
storage.blob_containers.delete(GROUP, "accountofclients", "state")
refused(lambda: storage.blob_containers.get(GROUP, "accountofclients", "state"), 404, "ContainerNotFound")
storage.storage_accounts.delete(GROUP, "accountofclients")
refused(lambda: storage.storage_accounts.get_properties(GROUP, "accountofclients"), 404, "ResourceNotFound")
