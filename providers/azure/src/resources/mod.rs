//! Resource types, one a file.

pub(crate) mod bastion_host;
pub(crate) mod dns_zone;
pub(crate) mod load_balancer;
pub(crate) mod nat_gateway;
pub(crate) mod network_interface;
pub(crate) mod network_security_group;
pub(crate) mod private_dns_zone;
pub(crate) mod private_dns_zone_group;
pub(crate) mod private_dns_zone_link;
pub(crate) mod private_endpoint;
pub(crate) mod public_ip;
pub(crate) mod public_ip_prefix;
pub(crate) mod record_set;
pub(crate) mod resource;
pub(crate) mod resource_group;
pub(crate) mod route;
pub(crate) mod route_table;
pub(crate) mod security_rule;
pub(crate) mod subnet;
pub(crate) mod virtual_network;
pub(crate) mod virtual_network_peering;
