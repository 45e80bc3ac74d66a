//! What people see.

mod crop;
pub(crate) mod diagnostics;
pub(crate) mod harmless;
pub(crate) mod paint;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod value;
