//! Storage, logs, disks and machines.

use super::{Step, at, step};
use serde_json::json;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFormworkFormworkFormworkFormworkFormworkFo life";
const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtherOtherOtherOtherOtherOtherOtherOther life";

/// Where things are kept and watched.
pub(super) fn stores() -> Vec<Step> {
    vec![
        step(
            "storage_account",
            "account",
            at(json!({"name": "stlifeone", "sku": "Standard_LRS", "tags": {"team": "x"}})),
            Some(
                json!({"access_tier": "Cool", "network_acls": {"default_action": "Deny", "ip_rules": ["192.0.2.0/24"]}}),
            ),
        ),
        step(
            "blob_container",
            "container",
            json!({"name": "logs", "account": "@account", "metadata": {"team": "x"}}),
            Some(json!({"metadata": {"team": "y", "of": "life"}})),
        ),
        step(
            "private_endpoint",
            "endpoint",
            at(json!({"name": "pe-account", "subnet": "@machines",
                "private_link_service_connections": [
                    {"name": "account", "private_link_service_id": "@account", "group_ids": ["blob"]}]})),
            Some(json!({"tags": {"team": "other"}})),
        ),
        step(
            "private_dns_zone_group",
            "names",
            json!({"name": "default", "private_endpoint": "@endpoint",
                "private_dns_zone_configs": [{"name": "life", "private_dns_zone": "@zone"}]}),
            Some(json!({"private_dns_zone_configs": [{"name": "other", "private_dns_zone": "@zone"}]})),
        ),
        step(
            "log_analytics_workspace",
            "workspace",
            at(json!({"name": "log-life"})),
            Some(json!({"retention_in_days": 60})),
        ),
    ]
}

/// Machines, one by one and as many as are needed.
pub(super) fn machines() -> Vec<Step> {
    let image = json!({"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"});
    let linux = json!({"disable_password_authentication": true,
        "ssh_public_keys": [{"path": "/home/ops/.ssh/authorized_keys", "key_data": KEY}]});
    vec![
        step(
            "ssh_public_key",
            "public_key",
            at(json!({"name": "ops", "public_key": KEY})),
            Some(json!({"public_key": OTHER_KEY})),
        ),
        step(
            "disk",
            "disk",
            at(json!({"name": "data", "sku": "Premium_LRS", "disk_size_gb": 32,
                "creation_data": {"create_option": "Empty"}})),
            Some(json!({"disk_size_gb": 64})),
        ),
        step(
            "virtual_machine",
            "machine",
            at(json!({"name": "vm-life", "vm_size": "Standard_D2s_v5", "image_reference": image,
                "os_profile": {"admin_username": "ops", "custom_data": "I2Nsb3VkLWNvbmZpZwo=", "linux_configuration": linux},
                "network_interfaces": [{"network_interface": "@nic", "primary": true}],
                "data_disks": [
                    {"lun": 0, "create_option": "Attach", "caching": "ReadOnly", "managed_disk": {"id": "@disk"}},
                    {"lun": 1, "create_option": "Empty", "disk_size_gb": 8}],
                "identity": {"type": "SystemAssigned"}})),
            Some(json!({"vm_size": "Standard_D4s_v5", "tags": {"team": "other"},
                "data_disks": [
                    {"lun": 1, "create_option": "Empty", "disk_size_gb": 16},
                    {"lun": 0, "create_option": "Attach", "caching": "ReadOnly", "managed_disk": {"id": "@disk"}}]})),
        ),
        step(
            "scale_set",
            "machines_of_a_set",
            at(json!({"name": "vmss-life", "sku": "Standard_D2s_v5", "capacity": 2, "orchestration_mode": "Uniform",
                "upgrade_policy": {"mode": "Manual"},
                "virtual_machine_profile": {"image_reference": image,
                    "os_profile": {"computer_name_prefix": "life", "admin_username": "ops",
                        "admin_password": "Correct-Horse-7", "linux_configuration": linux},
                    "network_interface_configurations": [{"name": "one", "primary": true,
                        "ip_configurations": [{"name": "one", "subnet": "@machines"}]}]}})),
            Some(json!({"capacity": 3})),
        ),
    ]
}
