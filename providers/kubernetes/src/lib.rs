//! Providers `kubernetes` and `argocd`: objects of a cluster by server-side apply, and Argo CD's types on the same connection.
//!
//! All objects go one way (`object/`): a manifest is applied on the server, and what is compared afterwards is what the
//! manifest says (`ownership.rs`). Typed objects are a schema and a kind (`kind.rs`), nothing more. A connection is made in
//! `access/`, and kept fresh in `session.rs`. Blocks that become many objects are in `expand/`.

mod access;
mod argocd;
mod confidential;
mod configuration;
mod data;
mod discovery;
mod error;
mod expand;
mod kind;
mod manifest;
mod object;
mod ownership;
mod provider;
mod quantity;
mod registry;
mod schema;
mod session;
mod types;
mod wait;

pub use provider::{Argocd, Kubernetes};
