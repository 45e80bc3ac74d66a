import base64

from azure.mgmt.containerservice import ContainerServiceClient

from common import GROUP, LOCATION, client, done, group, names, polled, refused

groups = group()
aks = client(ContainerServiceClient)
versions = aks.managed_clusters.list_kubernetes_versions(LOCATION)
assert versions
pool = {"name": "system", "mode": "System", "count": 2, "vmSize": "Standard_DS2_v2"}
body = {
    "location": LOCATION,
    "identity": {"type": "SystemAssigned"},
    "properties": {"dnsPrefix": "clients", "oidcIssuerProfile": {"enabled": True}, "agentPoolProfiles": [pool]},
}
cluster = polled(aks.managed_clusters.begin_create_or_update(GROUP, "cluster", body))
assert cluster.provisioning_state == "Succeeded" and cluster.fqdn and cluster.oidc_issuer_profile.issuer_url
assert cluster.identity_profile["kubeletidentity"].object_id and cluster.network_profile.network_plugin_mode == "overlay"
assert cluster.agent_pool_profiles[0].current_orchestrator_version == cluster.current_kubernetes_version
assert groups.check_existence(cluster.node_resource_group)
read = aks.managed_clusters.get(GROUP, "cluster")
assert (read.id, read.fqdn, read.power_state.code) == (cluster.id, cluster.fqdn, "Running")
pool = polled(aks.agent_pools.begin_create_or_update(GROUP, "cluster", "user", {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_DS2_v2"}}))
assert pool.provisioning_state == "Succeeded" and pool.max_pods == 250
pool = done(aks.agent_pools.begin_create_or_update(GROUP, "cluster", "user", {"properties": {"count": 3}}))
assert pool.count == 3 and pool.vm_size == "Standard_DS2_v2"
assert aks.agent_pools.get(GROUP, "cluster", "user").count == 3
assert names(aks.agent_pools.list(GROUP, "cluster")) == ["system", "user"]
config = aks.managed_clusters.list_cluster_admin_credentials(GROUP, "cluster").kubeconfigs[0]
assert config.name == "clusterAdmin" and b"apiVersion" in base64.b64decode(bytes(config.value)) or b"apiVersion" in bytes(config.value)
assert aks.managed_clusters.get_upgrade_profile(GROUP, "cluster").control_plane_profile.upgrades
refused(lambda: aks.managed_clusters.begin_create_or_update(GROUP, "cluster", {**body, "properties": {**body["properties"], "kubernetesVersion": "1.9"}}), 400, "K8sVersionNotSupported")
tagged = polled(aks.managed_clusters.begin_update_tags(GROUP, "cluster", {"tags": {"a": "b"}}))
assert tagged.tags == {"a": "b"}
assert names(aks.managed_clusters.list_by_resource_group(GROUP)) == names(aks.managed_clusters.list()) == ["cluster"]
# Maintenance is arranged at once.
window = {"properties": {"timeInWeek": [{"day": "Monday", "hourSlots": [1]}]}}
aks.maintenance_configurations.create_or_update(GROUP, "cluster", "default", window)
assert aks.maintenance_configurations.get(GROUP, "cluster", "default").time_in_week[0].hour_slots == [1]
window["properties"]["timeInWeek"][0]["hourSlots"] = [2, 3]
assert aks.maintenance_configurations.create_or_update(GROUP, "cluster", "default", window).time_in_week[0].hour_slots == [2, 3]
assert names(aks.maintenance_configurations.list_by_managed_cluster(GROUP, "cluster")) == ["default"]
aks.maintenance_configurations.delete(GROUP, "cluster", "default")
refused(lambda: aks.maintenance_configurations.get(GROUP, "cluster", "default"), 404, "ResourceNotFound")
polled(aks.agent_pools.begin_delete(GROUP, "cluster", "user"))
refused(lambda: aks.agent_pools.get(GROUP, "cluster", "user"), 404, "NotFound")
polled(aks.managed_clusters.begin_delete(GROUP, "cluster"))
refused(lambda: aks.managed_clusters.get(GROUP, "cluster"), 404, "ResourceNotFound")
assert not groups.check_existence(cluster.node_resource_group)
