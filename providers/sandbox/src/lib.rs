//! A local cloud that anyone can apply to: Azure Resource Manager, Key Vault and Kubernetes on loopback.
//!
//! Each service is a function from an [`exchange::Request`] to an [`exchange::Response`] over a [`store::Store`] and a
//! [`clock::Clock`]; only the server knows sockets, TLS and processes. So a recording can be replayed against a service
//! with and without HTTP, and time can be made to pass.

pub mod argocd;
pub mod arm;
pub mod clock;
pub mod exchange;
pub mod git;
pub mod kubernetes;
pub mod store;
