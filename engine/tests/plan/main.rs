//! Plans of hand-built graphs on the mock provider.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod actions;
mod export;
mod file;
mod lifecycle;
mod oracle;
mod providers;
mod reading;
mod refused;
mod support;
mod values;
