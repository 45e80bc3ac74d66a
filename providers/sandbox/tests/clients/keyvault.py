from azure.mgmt.keyvault import KeyVaultManagementClient

from common import GROUP, LOCATION, TENANT, client, done, fact, group, names, polled, refused

group()
keyvault = client(KeyVaultManagementClient)
vaults, keys, secrets = keyvault.vaults, keyvault.keys, keyvault.secrets
assert vaults.check_name_availability({"name": "vault-of-clients"}).name_available
body = {"location": LOCATION, "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
# A vault tells of no operation: the poller asks for the vault itself.
vault = done(vaults.begin_create_or_update(GROUP, "vault-of-clients", body))
assert vault.properties.provisioning_state == "Succeeded"
# On loopback a vault's own address is a path of the sandbox's: whoever reads it from here reaches the vault.
assert vault.properties.vault_uri == f"{fact('vaults')}vault-of-clients/"
assert vault.properties.enable_soft_delete and vault.properties.soft_delete_retention_in_days == 90
assert not vaults.check_name_availability({"name": "vault-of-clients"}).name_available
vault = vaults.update(GROUP, "vault-of-clients", {"tags": {"a": "b"}})
assert vault.tags == {"a": "b"}
read = vaults.get(GROUP, "vault-of-clients")
assert (read.id, read.tags, read.properties.vault_uri) == (vault.id, vault.tags, vault.properties.vault_uri)
assert names(vaults.list_by_resource_group(GROUP)) == names(vaults.list_by_subscription()) == ["vault-of-clients"]
policy = {"tenantId": TENANT, "objectId": fact("client_id"), "permissions": {"secrets": ["get"]}}
given = vaults.update_access_policy(GROUP, "vault-of-clients", "add", {"properties": {"accessPolicies": [policy]}})
assert given.properties.access_policies[0].permissions.secrets == ["get"]

# ARM makes secrets and keys and tells of them; it deletes none.
secret = secrets.create_or_update(GROUP, "vault-of-clients", "password", {"properties": {"value": "not-shown"}})
assert secret.properties.value is None and secret.properties.secret_uri.startswith(vault.properties.vault_uri)
assert secrets.get(GROUP, "vault-of-clients", "password").name == "password"
assert secrets.update(GROUP, "vault-of-clients", "password", {"tags": {"a": "b"}}).tags == {"a": "b"}
assert names(secrets.list(GROUP, "vault-of-clients")) == ["password"]
key = keys.create_if_not_exist(GROUP, "vault-of-clients", "signing", {"properties": {"kty": "RSA", "keySize": 2048}})
assert key.kty == "RSA" and key.key_uri.startswith(vault.properties.vault_uri)
assert keys.get(GROUP, "vault-of-clients", "signing").key_uri_with_version == key.key_uri_with_version
assert names(keys.list(GROUP, "vault-of-clients")) == ["signing"]

vaults.delete(GROUP, "vault-of-clients")
refused(lambda: vaults.get(GROUP, "vault-of-clients"), 404, "ResourceNotFound")
assert vaults.get_deleted("vault-of-clients", LOCATION).properties.location == LOCATION
assert names(vaults.list_deleted()) == ["vault-of-clients"]
refused(lambda: vaults.begin_create_or_update(GROUP, "vault-of-clients", body), 409, "ConflictError")
body["properties"]["createMode"] = "recover"
assert done(vaults.begin_create_or_update(GROUP, "vault-of-clients", body)).name == "vault-of-clients"
assert names(secrets.list(GROUP, "vault-of-clients")) == ["password"], "it comes back with what lies in it"
vaults.delete(GROUP, "vault-of-clients")
polled(vaults.begin_purge_deleted("vault-of-clients", LOCATION))
refused(lambda: vaults.get_deleted("vault-of-clients", LOCATION), 404, "DeletedVaultNotFound")
