from azure.mgmt.containerregistry import ContainerRegistryManagementClient

from common import GROUP, LOCATION, client, done, group, refused

group()
registries = client(ContainerRegistryManagementClient)
registry = done(registries.registries.begin_create(GROUP, "registryofclients", {"location": LOCATION, "sku": {"name": "Premium"}}))
assert registry.login_server == "registryofclients.azurecr.io" and registry.sku.tier == "Premium"
registry = done(registries.registries.begin_update(GROUP, "registryofclients", {"tags": {"a": "b"}}))
assert registry.tags == {"a": "b"}
replica = done(registries.replications.begin_create(GROUP, "registryofclients", "northeurope", {"location": "northeurope"}))
assert replica.status.display_status == "Ready"
assert [one.name for one in registries.replications.list(GROUP, "registryofclients")] == ["northeurope"]
refused(lambda: registries.registries.list_credentials(GROUP, "registryofclients"), 400, "AdminUserNotEnabled")
done(registries.registries.begin_delete(GROUP, "registryofclients"))
refused(lambda: registries.registries.get(GROUP, "registryofclients"), 404, "ResourceNotFound")
