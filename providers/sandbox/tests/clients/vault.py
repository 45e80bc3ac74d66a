import uuid

from azure.mgmt.keyvault import KeyVaultManagementClient

from common import GROUP, LOCATION, client, done, group, refused

group()
vaults = client(KeyVaultManagementClient).vaults
tenant = str(uuid.uuid4())
body = {"location": LOCATION, "properties": {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
vault = done(vaults.begin_create_or_update(GROUP, "vault-of-clients", body))
assert vault.properties.provisioning_state == "Succeeded" and vault.properties.vault_uri == "https://vault-of-clients.vault.azure.net/"
assert vault.properties.enable_soft_delete and vault.properties.soft_delete_retention_in_days == 90
vault = vaults.update(GROUP, "vault-of-clients", {"tags": {"a": "b"}})
assert vault.tags == {"a": "b"}
assert [one.name for one in vaults.list_by_resource_group(GROUP)] == ["vault-of-clients"]
vaults.delete(GROUP, "vault-of-clients")
assert vaults.get_deleted("vault-of-clients", LOCATION).properties.location == LOCATION
refused(lambda: vaults.begin_create_or_update(GROUP, "vault-of-clients", body), 409, "ConflictError")
body["properties"]["createMode"] = "recover"
assert done(vaults.begin_create_or_update(GROUP, "vault-of-clients", body)).name == "vault-of-clients"
vaults.delete(GROUP, "vault-of-clients")
done(vaults.begin_purge_deleted("vault-of-clients", LOCATION))
refused(lambda: vaults.get_deleted("vault-of-clients", LOCATION), 404, "DeletedVaultNotFound")
