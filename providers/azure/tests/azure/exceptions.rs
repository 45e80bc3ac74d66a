//! Where we differ from the vendor's data on purpose, each with its reason. An exception that is no longer needed fails.

/// `(azure.type, vendor path, reason)`: the schema says otherwise than the vendor's description of the type.
pub const SCHEMA: &[(&str, &str, &str)] = &[
    ("key_vault", "properties.tenantId", "it may stand in the provider block"),
    ("key_vault", "properties.publicNetworkAccess", "the vendor's text names two values, its schema none"),
    (
        "kubernetes_cluster",
        "properties.identityProfile.kubeletidentity.objectId",
        "one entry of a map, which every cluster has",
    ),
    (
        "kubernetes_cluster",
        "properties.identityProfile.kubeletidentity.clientId",
        "one entry of a map, which every cluster has",
    ),
    (
        "kubernetes_cluster",
        "properties.addonProfiles.azureKeyvaultSecretsProvider.identity.clientId",
        "one entry of a map: what the add-on signs in with",
    ),
    (
        "kubernetes_cluster",
        "properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId",
        "one entry of a map: what the add-on signs in with",
    ),
    (
        "kubernetes_cluster",
        "properties.addonProfiles{}.config.logAnalyticsWorkspaceResourceID",
        "one entry of the add-on's settings, which are a map",
    ),
];

/// `(azure.type, vendor path, reason)`: stands in a PUT example and cannot be written in our schema.
pub const UNWRITABLE: &[(&str, &str, &str)] = &[
    ("kubernetes_cluster", "properties.enablePodSecurityPolicy", "Azure has removed it"),
    ("load_balancer", "properties.frontendIPConfigurations.[].id", "ids of its own parts are made by the service"),
    ("load_balancer", "properties.inboundNatPools.[].id", "ids of its own parts are made by the service"),
    ("disk", "extendedLocation.type", "it follows from `edge_zone`: there is one kind"),
    ("private_endpoint", "extendedLocation.type", "it follows from `edge_zone`: there is one kind"),
    ("storage_account", "extendedLocation.type", "it follows from `edge_zone`: there is one kind"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.enableAutomaticUpdates", "machines run Linux"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode", "machines run Linux"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.patchSettings.patchMode", "machines run Linux"),
    ("virtual_machine", "properties.osProfile.windowsConfiguration.provisionVMAgent", "machines run Linux"),
];

/// `(azure.type, part of the exchange's name, attribute, reason)`: the answer does not give a clean plan for what was sent.
pub const UNCLEAN: &[(&str, &str, &str, &str)] = &[
    ("bastion_host", "CreateOrUpdate", "location", "the request gives no region"),
    ("bastion_host", "PutWithZones", "zones", "the answer leaves out the zones that were sent"),
    ("key_vault", "WithNetworkAcls", "network_acls", "the service writes `/32` behind an address; our docs ask for it"),
    ("kubernetes_cluster", "", "kubeconfig", "a call of its own tells it"),
    ("kubernetes_cluster", "", "kubernetes_version", "the request says an empty version, the answer a retired one"),
    ("kubernetes_cluster", "", "network_profile", "the answer has the retired balancer `basic`, which was not sent"),
    ("kubernetes_cluster", "", "sku", "the answer leaves out what was sent"),
    ("kubernetes_cluster", "", "auto_scaler_profile", "the answer leaves out what was sent"),
    ("kubernetes_cluster", "", "upgrade_settings", "the answer leaves out what was sent"),
    ("kubernetes_cluster", "", "disk_encryption_set", "the request says nothing of the set that comes back"),
    (
        "maintenance_configuration",
        "MaintenanceWindow",
        "maintenance_window",
        "the answer is of another configuration: its schedule is weekly",
    ),
    ("node_pool", "AgentPools_Start", "enable_auto_scaling", "the answer is of another pool"),
    ("node_pool", "AgentPools_Start", "max_count", "the answer is of another pool"),
    ("node_pool", "AgentPools_Start", "min_count", "the answer is of another pool"),
    ("node_pool", "", "orchestrator_version", "the request says an empty version"),
    ("node_pool", "", "linux_os_config", "the answer has another value than the one that was sent"),
    ("node_pool", "", "kubelet_config", "the request says nothing of the limit that comes back"),
    (
        "load_balancer",
        "CreateOrUpdate.json",
        "sku",
        "we send `Standard`; the example leaves it to the service, whose `Basic` has been retired",
    ),
    (
        "load_balancer",
        "GatewayLoadBalancerProvider",
        "load_balancing_rules",
        "the answer is of another balancer: ports and protocol differ",
    ),
    (
        "load_balancer",
        "TwoBackendPool",
        "backend_address_pools",
        "the answer is of another balancer: the request has no tunnels",
    ),
    (
        "nat_gateway",
        "CreateOrUpdate.json",
        "idle_timeout_in_minutes",
        "the request says nothing of the timeout that comes back; recordings have 4",
    ),
    (
        "network_interface",
        "CreateOrUpdate.json",
        "disable_tcp_state_tracking",
        "one of the answers leaves out what was sent",
    ),
    ("network_interface", "CreateOrUpdate.json", "ip_configurations", "the request's second address names no subnet"),
    (
        "private_endpoint",
        "CreateOrUpdate",
        "edge_zone",
        "the example has it beside the body, and the answer is of none",
    ),
    (
        "private_endpoint",
        "ForManualApproval",
        "manual_private_link_service_connections",
        "the answer is of an endpoint that approves by itself",
    ),
    (
        "private_endpoint",
        "ForManualApproval",
        "private_link_service_connections",
        "the answer is of an endpoint that approves by itself",
    ),
    (
        "public_ip",
        "",
        "public_ip_allocation_method",
        "we send `Static`; the request leaves it to the service, whose `Dynamic` goes with the retired SKU",
    ),
    (
        "public_ip",
        "",
        "sku",
        "we send `Standard`; the request leaves it to the service, whose `Basic` has been retired",
    ),
    ("resource_group", "client.json", "tags", "a policy of the recorded subscription adds tags"),
    ("route_table", "CreateOrUpdate", "disable_bgp_route_propagation", "the answer is of another table"),
    (
        "subnet",
        "SubnetCreateWithDelegation",
        "delegations",
        "the request says nothing of the delegation that comes back",
    ),
    (
        "subnet",
        "SubnetCreateWithSharingScope",
        "sharing_scope",
        "the request says nothing of the scope that comes back",
    ),
    ("virtual_network", "WithAddressPrefixes", "subnets", "the second range of the answer is another one"),
    (
        "virtual_network_peering",
        "SubnetPeeringSync",
        "local_subnet_names",
        "the request says nothing of the names that come back",
    ),
    (
        "virtual_network_peering",
        "SubnetPeeringSync",
        "remote_subnet_names",
        "the request says nothing of the names that come back",
    ),
    (
        "disk",
        "FromAnExistingManagedDisk",
        "creation_data",
        "the request names an object by a placeholder, the answer by another name",
    ),
    ("disk", "WithDataAccessAuthMode", "data_access_auth_mode", "the answer leaves out what was sent"),
    ("disk", "WithDiskAccess", "disk_access", "the answer leaves out what was sent"),
    ("disk", "WithDiskAccess", "network_access_policy", "the answer leaves out what was sent"),
    ("disk", "", "encryption", "the answer leaves out what was sent"),
    ("disk", "_LRSAccountType", "disk_iops_read_write", "the answer leaves out what was sent"),
    ("disk", "_LRSAccountType", "disk_mbps_read_write", "the answer leaves out what was sent"),
    ("disk", "UltraSSD", "creation_data", "the answer leaves out what was sent"),
    ("disk", "UltraSSD", "disk_iops_read_write", "the answer leaves out what was sent"),
    ("disk", "UltraSSD", "disk_mbps_read_write", "the answer leaves out what was sent"),
    ("log_analytics_workspace", "Workspace", "sku", "the service makes `PerGB2018` of the retired SKU"),
    ("storage_account", "CreateAllowedCopyScope", "edge_zone", "the answer is of an account in an edge zone"),
    ("storage_account", "PremiumBlockBlobStorage", "kind", "the answer is of another account"),
    ("storage_account", "UserAssigned", "kind", "the answer is of another account"),
    ("scale_set", "Create", "plan", "the answer is of another image"),
    ("scale_set", "WithPremiumStorage", "sku", "the answer is of another size"),
    ("scale_set", "", "tags", "a policy of the recorded subscription adds tags"),
    (
        "scale_set",
        "CRUD",
        "virtual_machine_profile.extensions",
        "a policy of the recorded subscription adds an extension",
    ),
    (
        "scale_set",
        "",
        "virtual_machine_profile.boot_diagnostics",
        "the request names an object by a placeholder, the answer by another name",
    ),
    ("scale_set", "", "virtual_machine_profile.image_reference", "the answer is of another image"),
    (
        "scale_set",
        "",
        "virtual_machine_profile.network_interface_configurations",
        "the request names an object by a placeholder, the answer by another name",
    ),
    (
        "virtual_machine",
        "",
        "availability_set",
        "the request names an object by a placeholder, the answer by another name",
    ),
    (
        "virtual_machine",
        "WithUserData",
        "boot_diagnostics",
        "the request names an object by a placeholder, the answer by another name",
    ),
    ("virtual_machine", "SubnetsStillExist", "identity", "a policy of the recorded subscription adds an identity"),
    ("virtual_machine", "", "image_reference", "the answer is of another image"),
    (
        "virtual_machine",
        "",
        "network_interfaces",
        "the request names an object by a placeholder, the answer by another name",
    ),
    ("virtual_machine", "DiskEncryptionSet", "os_disk", "the answer leaves out what was sent"),
    ("virtual_machine", "", "plan", "the answer is of another image"),
    ("virtual_machine", "", "tags", "a policy of the recorded subscription adds tags"),
    ("virtual_machine", "", "vm_size", "the answer is of another size"),
];

/// `(azure.type, vendor path, reason)`: a body made from an example does not validate against the vendor's description.
pub const BODIES: &[(&str, &str, &str)] = &[];

/// `(azure.type, vendor path, reason)`: an answer has it, the schema knows it, and it is not read.
pub const UNREAD: &[(&str, &str, &str)] = &[];
