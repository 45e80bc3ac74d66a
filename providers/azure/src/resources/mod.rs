//! Resource types, one a file.

pub(crate) mod resource_group;
pub(crate) mod subnet;
pub(crate) mod virtual_network;
