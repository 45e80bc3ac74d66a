//! The Formwork language, from text to resource graph:
//!
//! ```text
//! &str ─parse→ Tree ─check→ Program ─evaluate→ ResourceGraph
//! ```
//!
//! Each arrow is a pure function; files come through [`source::Sources`]. Nothing here knows state, the network, the
//! environment or a clock.

pub mod check;
pub mod environments;
pub mod evaluate;
pub mod explain;
pub mod format;
pub mod given;
pub mod graph;
pub mod inputs;
pub mod library;
mod limits;
pub mod load;
pub mod manifest;
pub mod program;
pub mod residual;
pub mod secret_literals;
pub mod secret_source;
pub mod source;
pub mod syntax;
pub mod tree;
