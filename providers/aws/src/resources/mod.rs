//! Resource types, one a file.

pub(crate) mod ecr_repository;
pub(crate) mod eip;
pub(crate) mod eks_cluster;
pub(crate) mod eks_node_group;
pub(crate) mod iam_openid_connect_provider;
pub(crate) mod iam_policy;
pub(crate) mod iam_role;
pub(crate) mod internet_gateway;
pub(crate) mod nat_gateway;
pub(crate) mod route_table;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod subnet;
pub(crate) mod vpc;
