//! The sandbox as its clients meet it: over TLS on loopback, with requests that should not come in, with failures that were
//! asked for, and Key Vault's data plane as the real one answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod door;
mod failures;
mod services;
mod support;
