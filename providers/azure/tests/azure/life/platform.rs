//! What a platform stands on.

use super::{Step, at, step, tags};
use serde_json::json;

/// What a platform stands on: identities, roles, a vault with what lies in it, a registry, a cluster.
pub(super) fn platform() -> Vec<Step> {
    vec![
        step("user_assigned_identity", "identity", at(json!({"name": "id-life"})), tags()),
        step(
            "federated_credential",
            "credential",
            json!({"name": "pods", "identity": "@identity", "issuer": "https://issuer.example/1/",
            "subject": "system:serviceaccount:shop:web"}),
            Some(json!({"subject": "system:serviceaccount:shop:worker"})),
        ),
        step(
            "role_definition",
            "role",
            json!({"scope": "@group", "role_name": "Reader of life", "permissions": [{"actions": ["*/read"]}]}),
            Some(json!({"description": "reads"})),
        ),
        step(
            "role_assignment",
            "assignment",
            json!({"scope": "@group", "role_definition": "Reader", "principal_id": "@identity.principal_id"}),
            None,
        ),
        step(
            "key_vault",
            "vault",
            at(json!({"name": "kv-life-1", "enable_rbac_authorization": true, "purge_on_delete": true,
            "tenant_id": "00000000-0000-4000-8000-0000000000aa"})),
            Some(json!({"enabled_for_deployment": true})),
        ),
        step(
            "secret",
            "secret",
            json!({"name": "password", "vault": "@vault", "value": "open sesame", "tags": {"of": "life"}, "purge_on_delete": true}),
            Some(json!({"value": "close sesame"})),
        ),
        step(
            "key",
            "key",
            json!({"name": "lock", "vault": "@vault", "kty": "RSA", "key_size": 2048, "purge_on_delete": true}),
            Some(json!({"enabled": false})),
        ),
        step(
            "container_registry",
            "registry",
            at(json!({"name": "lifeofregistry", "sku": {"name": "Premium"}})),
            Some(json!({"admin_user_enabled": true})),
        ),
        step(
            "container_registry_replication",
            "replication",
            json!({"name": "northeurope", "registry": "@registry", "location": "northeurope"}),
            tags(),
        ),
        step(
            "kubernetes_cluster",
            "cluster",
            at(json!({"name": "aks-life", "kubernetes_version": "1.33", "oidc_issuer_profile": {"enabled": true},
            "security_profile": {"workload_identity": {"enabled": true}},
            "network_profile": {"network_plugin": "azure", "network_plugin_mode": "overlay", "network_policy": "calico"},
            "addon_profiles": {"azureKeyvaultSecretsProvider": {"enabled": true, "config": {"enableSecretRotation": "true"}},
                "omsagent": {"enabled": true, "log_analytics_workspace": "@workspace"}},
            "api_server_access_profile": {"authorized_ip_ranges": ["203.0.113.0/24"]}, "tags": {"team": "life", "stage": "test"},
            "agent_pool_profiles": [{"name": "system", "mode": "System", "vm_size": "Standard_D4s_v5", "enable_auto_scaling": true,
                "min_count": 1, "max_count": 3, "availability_zones": ["1", "2", "3"], "vnet_subnet": "@machines",
                "node_labels": {"for": "system", "gone": "soon"}, "node_taints": ["CriticalAddonsOnly=true:NoSchedule"], "tags": {"gone": "soon"}}]})),
            // What is taken out goes: ranges, a tag, a label, a taint, the setting of an add-on.
            Some(json!({"sku": {"name": "Base", "tier": "Standard"}, "tags": {"team": "life"},
            "api_server_access_profile": {"authorized_ip_ranges": []},
            "addon_profiles": {"azureKeyvaultSecretsProvider": {"enabled": true, "config": {"rotationPollInterval": "5m"}},
                "omsagent": {"enabled": true, "log_analytics_workspace": "@workspace"}},
            "agent_pool_profiles": [{"name": "system", "mode": "System", "vm_size": "Standard_D4s_v5", "enable_auto_scaling": true,
                "min_count": 3, "max_count": 5, "availability_zones": ["1", "2", "3"], "vnet_subnet": "@machines",
                "node_labels": {"for": "system"}}]})),
        ),
        step(
            "node_pool",
            "pool",
            json!({"name": "apps", "cluster": "@cluster", "vm_size": "Standard_D8s_v5", "enable_auto_scaling": true,
            "min_count": 1, "max_count": 5, "node_labels": {"for": "apps"}, "node_taints": ["for=apps:NoSchedule"], "tags": {"team": "life", "stage": "test"}}),
            Some(
                json!({"min_count": 2, "max_count": 8, "node_labels": null, "node_taints": null, "tags": {"team": "life"}}),
            ),
        ),
        step(
            "maintenance_configuration",
            "maintenance",
            json!({"name": "aksManagedAutoUpgradeSchedule", "cluster": "@cluster", "maintenance_window":
                {"schedule": {"weekly": {"day_of_week": "Sunday", "interval_weeks": 1}}, "duration_hours": 4, "start_time": "02:00"}}),
            Some(json!({"maintenance_window":
                {"schedule": {"weekly": {"day_of_week": "Monday", "interval_weeks": 2}}, "duration_hours": 6, "start_time": "02:00"}})),
        ),
        step(
            "resource",
            "any",
            json!({"type": "Microsoft.Network/publicIPAddresses", "api_version": "2024-03-01", "name": "any",
        "parent": "@group", "body": {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}}),
            Some(json!({"body": {"location": "westeurope", "sku": {"name": "Standard"},
                "properties": {"publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": 10}}})),
        ),
    ]
}
