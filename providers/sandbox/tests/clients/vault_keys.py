from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.keys import KeyClient
from azure.mgmt.keyvault import KeyVaultManagementClient

from common import GROUP, LOCATION, TENANT, client, credential, done, fact, group, names, resolve_vaults

group()
body = {"location": LOCATION, "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
done(client(KeyVaultManagementClient).vaults.begin_create_or_update(GROUP, "kv-clients", body))
resolve_vaults()
url = f"https://kv-clients.{fact('vault_domain')}"
keys = KeyClient(url, credential())

made = keys.create_rsa_key("signing", size=3072, tags={"a": "b"})
assert made.name == "signing" and made.key_type == "RSA" and made.properties.vault_url == url
assert len(made.key.n) == 384 and made.key.e == b"\x01\x00\x01" and made.key.d is None, "3072 bits, and nothing private"
curve = keys.create_ec_key("curve", curve="P-256")
assert curve.key_type == "EC" and len(curve.key.x) == 32
read = keys.get_key("signing")
assert (read.id, read.key.n, read.properties.tags) == (made.id, made.key.n, {"a": "b"})
rotated = keys.rotate_key("signing")
assert rotated.properties.version != made.properties.version
assert keys.get_key("signing", made.properties.version).id == made.id
changed = keys.update_key_properties("signing", key_operations=["sign", "verify"], enabled=False)
assert changed.key_operations == ["sign", "verify"] and changed.properties.enabled is False
assert names(keys.list_properties_of_keys()) == ["curve", "signing"]
assert len(list(keys.list_properties_of_key_versions("signing"))) == 2

deleted = keys.begin_delete_key("signing", _polling_interval=0).result()
assert deleted.name == "signing" and deleted.recovery_id.startswith(url)
assert names(keys.list_deleted_keys()) == ["signing"]
try:
    keys.get_key("signing")
    raise AssertionError("a deleted key is not there")
except ResourceNotFoundError:
    pass
keys.begin_recover_deleted_key("signing", _polling_interval=0).wait()
assert keys.get_key("signing").properties.version == rotated.properties.version
keys.begin_delete_key("signing", _polling_interval=0).wait()
keys.purge_deleted_key("signing")
assert names(keys.list_deleted_keys()) == []
