//! Networks: what lies in them, names, and what gives addresses.

use super::{Step, at, step, tags};
use serde_json::json;

/// The group, networks, rules, routes, addresses.
pub(super) fn networks() -> Vec<Step> {
    vec![
        step(
            "resource_group",
            "group",
            json!({"name": "rg-life", "location": "West Europe", "tags": {"team": "x"}}),
            tags(),
        ),
        step(
            "virtual_network",
            "vnet",
            at(json!({"name": "v", "address_space": ["10.0.0.0/16"]})),
            Some(json!({"flow_timeout_in_minutes": 10})),
        ),
        step(
            "virtual_network",
            "hub",
            at(
                json!({"name": "hub", "address_space": ["10.1.0.0/16"], "subnets": [{"name": "in", "address_prefix": "10.1.0.0/24"}]}),
            ),
            tags(),
        ),
        step("network_security_group", "nsg", at(json!({"name": "nsg"})), tags()),
        step(
            "security_rule",
            "rule",
            json!({"name": "https", "network_security_group": "@nsg", "priority": 100, "direction": "Inbound",
            "access": "Allow", "protocol": "Tcp", "source_address_prefix": "*", "source_port_range": "*",
            "destination_address_prefix": "*", "destination_port_range": "443"}),
            Some(json!({"priority": 110})),
        ),
        step("route_table", "table", at(json!({"name": "rt"})), tags()),
        step(
            "route",
            "route",
            json!({"name": "out", "route_table": "@table", "address_prefix": "0.0.0.0/0", "next_hop_type": "Internet"}),
            Some(json!({"next_hop_type": "None"})),
        ),
        step("public_ip_prefix", "prefix", at(json!({"name": "pre", "prefix_length": 30})), tags()),
        step("public_ip", "address", at(json!({"name": "ip"})), Some(json!({"idle_timeout_in_minutes": 10}))),
        step("public_ip", "bastion_address", at(json!({"name": "ip-bastion"})), None),
        step(
            "nat_gateway",
            "nat",
            at(json!({"name": "nat", "public_ip_prefixes": ["@prefix"]})),
            Some(json!({"idle_timeout_in_minutes": 20})),
        ),
        step(
            "subnet",
            "subnet",
            json!({"name": "apps", "vnet": "@vnet", "address_prefix": "10.0.0.0/24", "network_security_group": "@nsg",
            "route_table": "@table", "nat_gateway": "@nat", "service_endpoints": [{"service": "Microsoft.Storage"}],
            "delegations": [{"name": "d", "service_name": "Microsoft.DBforPostgreSQL/flexibleServers"}]}),
            Some(json!({"service_endpoints": [{"service": "Microsoft.KeyVault"}, {"service": "Microsoft.Storage"}]})),
        ),
        step("subnet", "machines", json!({"name": "machines", "vnet": "@vnet", "address_prefix": "10.0.2.0/24"}), None),
        step(
            "subnet",
            "bastion_subnet",
            json!({"name": "AzureBastionSubnet", "vnet": "@vnet", "address_prefix": "10.0.3.0/26"}),
            None,
        ),
        step(
            "virtual_network_peering",
            "peering",
            json!({"name": "to-hub", "vnet": "@vnet", "remote_vnet": "@hub"}),
            Some(json!({"allow_forwarded_traffic": true})),
        ),
    ]
}

/// Zones and records.
pub(super) fn names() -> Vec<Step> {
    vec![
        step("private_dns_zone", "zone", json!({"name": "life.internal", "group": "@group"}), tags()),
        step(
            "private_dns_zone_link",
            "link",
            json!({"name": "l", "zone": "@zone", "vnet": "@vnet"}),
            Some(json!({"registration_enabled": true})),
        ),
        step(
            "private_dns_a_record",
            "private_a",
            json!({"name": "www", "zone": "@zone", "ipv4_addresses": ["10.0.0.4"]}),
            Some(json!({"ttl": 60})),
        ),
        step("dns_zone", "public_zone", json!({"name": "life.example", "group": "@group"}), tags()),
        step(
            "dns_a_record",
            "a",
            json!({"name": "@", "zone": "@public_zone", "ipv4_addresses": ["192.0.2.1"]}),
            Some(json!({"ipv4_addresses": ["192.0.2.1", "192.0.2.2"]})),
        ),
        step(
            "dns_cname_record",
            "cname",
            json!({"name": "www", "zone": "@public_zone", "cname": "life.example"}),
            Some(json!({"ttl": 60})),
        ),
        step(
            "dns_txt_record",
            "txt",
            json!({"name": "t", "zone": "@public_zone", "txt_records": [["one"], ["two", "three"]]}),
            Some(json!({"ttl": 60})),
        ),
    ]
}

/// What stands in a network.
pub(super) fn attached() -> Vec<Step> {
    vec![
        step(
            "network_interface",
            "nic",
            at(json!({"name": "nic", "ip_configurations": [{"name": "one", "subnet": "@machines"}]})),
            Some(json!({"enable_ip_forwarding": true})),
        ),
        step(
            "load_balancer",
            "balancer",
            at(
                json!({"name": "lb", "frontend_ip_configurations": [{"name": "front", "public_ip_address": "@address"}],
            "backend_address_pools": [{"name": "pool"}], "probes": [{"name": "tcp", "protocol": "Tcp", "port": 80}],
            "load_balancing_rules": [{"name": "http", "frontend_ip_configuration": "front", "backend_address_pools": ["pool"], "probe": "tcp",
                "protocol": "Tcp", "frontend_port": 80, "backend_port": 80}]}),
            ),
            tags(),
        ),
        step(
            "bastion_host",
            "bastion",
            at(json!({"name": "bas", "ip_configurations": [{"name": "one", "subnet": "@bastion_subnet",
            "public_ip_address": "@bastion_address"}]})),
            tags(),
        ),
    ]
}
