//! A local cloud that anyone can apply to: Azure Resource Manager, Key Vault and Kubernetes on loopback.
//!
//! Each service is a function from an [`exchange::Request`] to an [`exchange::Response`] over a [`store::Store`] and a
//! [`clock::Clock`]; only the server knows sockets, TLS and processes. So a recording can be replayed against a service
//! with and without HTTP, and time can be made to pass.

pub mod aks;
pub mod argocd;
pub mod arm;
pub mod client;
pub mod clock;
mod cloud;
pub mod directory;
pub mod embedded;
pub mod exchange;
pub mod failure;
pub mod git;
pub mod identity;
pub mod kind;
pub mod kubernetes;
pub mod problem;
pub mod process;
pub mod requests;
mod seal;
pub mod server;
pub mod store;
mod token;
pub mod vault;

pub use problem::Problem;
pub use seal::Key;
pub use token::{CLIENT, PRINCIPAL, SUBSCRIPTION, TENANT};
