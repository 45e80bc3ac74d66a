//! Ephemeral values: what is opened when needed, renewed, and never recorded.

pub(crate) mod access_token;
