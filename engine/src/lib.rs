//! The engine: what a stack asks for, against what is recorded and what the cloud says.
//!
//! ```text
//! ResourceGraph ─plan(state, observed)→ Plan ─apply→ Journal records
//! ```
//!
//! It emits typed [`event`]s; it prints nothing, parses no arguments and knows no concrete provider.

pub mod apply;
pub mod call;
mod clock;
pub mod connections;
pub mod event;
pub mod export;
pub mod failure;
mod guard;
mod hosts;
pub mod identity;
pub(crate) mod import;
pub mod lookup;
mod order;
pub mod plan;
pub mod plan_file;
pub mod ports;
pub mod recovery;
mod refresh;
pub mod rehearsal;
mod remains;
pub mod secret_readers;
pub mod secrets;
pub(crate) mod select;
