import base64

from azure.mgmt.containerservice import ContainerServiceClient

from common import GROUP, LOCATION, client, done, group, refused

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
cluster = done(aks.managed_clusters.begin_create_or_update(GROUP, "cluster", body))
assert cluster.provisioning_state == "Succeeded" and cluster.fqdn and cluster.oidc_issuer_profile.issuer_url
assert cluster.identity_profile["kubeletidentity"].object_id and cluster.network_profile.network_plugin_mode == "overlay"
assert cluster.agent_pool_profiles[0].current_orchestrator_version == cluster.current_kubernetes_version
assert groups.check_existence(cluster.node_resource_group)
pool = done(aks.agent_pools.begin_create_or_update(GROUP, "cluster", "user", {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_DS2_v2"}}))
assert pool.provisioning_state == "Succeeded" and pool.max_pods == 250
pool = done(aks.agent_pools.begin_create_or_update(GROUP, "cluster", "user", {"properties": {"count": 3}}))
assert pool.count == 3 and pool.vm_size == "Standard_DS2_v2"
assert sorted(one.name for one in aks.agent_pools.list(GROUP, "cluster")) == ["system", "user"]
config = aks.managed_clusters.list_cluster_admin_credentials(GROUP, "cluster").kubeconfigs[0]
assert config.name == "clusterAdmin" and b"apiVersion" in base64.b64decode(bytes(config.value)) or b"apiVersion" in bytes(config.value)
assert aks.managed_clusters.get_upgrade_profile(GROUP, "cluster").control_plane_profile.upgrades
refused(lambda: aks.managed_clusters.begin_create_or_update(GROUP, "cluster", {**body, "properties": {**body["properties"], "kubernetesVersion": "1.9"}}), 400, "K8sVersionNotSupported")
tagged = done(aks.managed_clusters.begin_update_tags(GROUP, "cluster", {"tags": {"a": "b"}}))
assert tagged.tags == {"a": "b"}
assert [one.name for one in aks.managed_clusters.list_by_resource_group(GROUP)] == ["cluster"]
done(aks.agent_pools.begin_delete(GROUP, "cluster", "user"))
refused(lambda: aks.agent_pools.get(GROUP, "cluster", "user"), 404, "NotFound")
done(aks.managed_clusters.begin_delete(GROUP, "cluster"))
assert not groups.check_existence(cluster.node_resource_group)
