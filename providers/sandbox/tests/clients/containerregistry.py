from azure.mgmt.containerregistry import ContainerRegistryManagementClient

from common import GROUP, LOCATION, client, done, group, names, polled, refused

group()
client_of_registries = client(ContainerRegistryManagementClient)
registries, replications = client_of_registries.registries, client_of_registries.replications
wanted = {"location": LOCATION, "sku": {"name": "Premium"}}
assert registries.check_name_availability({"name": "registryofclients", "type": "Microsoft.ContainerRegistry/registries"}).name_available
# A registry is there at once, as recorded; the client's poller then asks no more.
registry = done(registries.begin_create(GROUP, "registryofclients", wanted))
assert registry.login_server == "registryofclients.azurecr.io" and registry.sku.tier == "Premium"
read = registries.get(GROUP, "registryofclients")
assert (read.id, read.login_server, read.provisioning_state) == (registry.id, registry.login_server, "Succeeded")
registry = done(registries.begin_update(GROUP, "registryofclients", {"tags": {"a": "b"}}))
assert registry.tags == {"a": "b"}
registry = done(registries.begin_update(GROUP, "registryofclients", {"properties": {"publicNetworkAccess": "Disabled"}}))
assert registry.public_network_access == "Disabled" and registry.tags == {"a": "b"}
assert names(registries.list_by_resource_group(GROUP)) == names(registries.list()) == ["registryofclients"]
replica = polled(replications.begin_create(GROUP, "registryofclients", "northeurope", {"location": "northeurope"}))
assert replica.status.display_status == "Ready"
assert replications.get(GROUP, "registryofclients", "northeurope").location == "northeurope"
assert done(replications.begin_update(GROUP, "registryofclients", "northeurope", {"tags": {"a": "b"}})).tags == {"a": "b"}
assert names(replications.list(GROUP, "registryofclients")) == ["northeurope"]
polled(replications.begin_delete(GROUP, "registryofclients", "northeurope"))
assert names(replications.list(GROUP, "registryofclients")) == []
refused(lambda: registries.list_credentials(GROUP, "registryofclients"), 400, "AdminUserNotEnabled")
done(registries.begin_delete(GROUP, "registryofclients"))
refused(lambda: registries.get(GROUP, "registryofclients"), 404, "ResourceNotFound")
