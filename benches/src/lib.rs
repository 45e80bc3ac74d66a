//! Stacks to measure with, and how whole commands are measured. See `README.md` beside this crate's manifest.

pub mod measure;
pub mod stacks;
