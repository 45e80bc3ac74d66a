import uuid

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient
from azure.mgmt.keyvault import KeyVaultManagementClient

from common import GROUP, LOCATION, TENANT, client, credential, done, fact, group, names, resolve_vaults

group()
body = {"location": LOCATION, "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
done(client(KeyVaultManagementClient).vaults.begin_create_or_update(GROUP, "kv-clients", body))
resolve_vaults()
url = f"https://kv-clients.{fact('vault_domain')}"
secrets = SecretClient(url, credential())

made = secrets.set_secret("password", "first", tags={"a": "b"}, content_type="text/plain")
assert (made.name, made.value, made.properties.vault_url, made.properties.tags) == ("password", "first", url, {"a": "b"})
again = secrets.set_secret("password", "second")
assert again.properties.version != made.properties.version
assert secrets.get_secret("password").value == "second"
assert secrets.get_secret("password", made.properties.version).value == "first"
changed = secrets.update_secret_properties("password", enabled=False)
assert changed.enabled is False and changed.version == again.properties.version
secrets.update_secret_properties("password", enabled=True)
assert len(list(secrets.list_properties_of_secret_versions("password"))) == 2
for number in range(30):
    secrets.set_secret(f"more-{number}", str(uuid.uuid4()))
assert len(list(secrets.list_properties_of_secrets())) == 31, "all pages"

deleted = secrets.begin_delete_secret("password", _polling_interval=0).result()
assert deleted.name == "password" and deleted.recovery_id.startswith(url)
assert names(secrets.list_deleted_secrets()) == ["password"]
try:
    secrets.get_secret("password")
    raise AssertionError("a deleted secret is not there")
except ResourceNotFoundError:
    pass
try:
    secrets.set_secret("password", "third")
    raise AssertionError("the name of a deleted secret is not free")
except ResourceExistsError:
    pass
recovered = secrets.begin_recover_deleted_secret("password", _polling_interval=0)
recovered.wait()
assert secrets.get_secret("password").value == "second"
secrets.begin_delete_secret("password", _polling_interval=0).wait()
secrets.purge_deleted_secret("password")
assert names(secrets.list_deleted_secrets()) == []
