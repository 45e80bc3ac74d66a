//! Resource types, one a file.

pub(crate) mod subnet;
pub(crate) mod vpc;
