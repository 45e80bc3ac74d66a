//! Applying hand-made plans to the mock cloud, with a real store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod absence;
mod broken;
mod ephemeral;
mod interruption;
mod order;
mod recovery;
mod support;
mod trace;
