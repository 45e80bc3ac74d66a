//! Durable state: what a stack manages in one environment.
//!
//! # Shape
//! [`record`] says what is kept and which records change it; [`replay`] is the pure function from a state and a record
//! to the next state. [`store`] is what a backend must do: [`store::Store`] for the one writer, [`store::Reader`] for
//! everybody else. [`seal`] keeps secrets out of whatever reaches a disk. [`local`] is the backend on the local disk.
//! Whatever fails is a [`problem::Problem`], which is a diagnostic with a code, and says what to do.
//!
//! # Rules
//! - A record is acknowledged when it is durable, and never before. What was acknowledged is never lost: not by
//!   `kill -9`, not by power loss, not by a full disk.
//! - Replay accepts records that nobody was told of: they were written, and the answer was lost.
//! - A state is `replay(snapshot, records)`. Any cut between the two gives the same state.
//! - Every stored form begins with its version. A newer one is refused, never guessed at.
//! - Damage is detected by checksums. It is repaired where a second copy holds the same, and an error elsewhere.
//! - Each secret in a value, the provider's own bytes and poll handles are sealed before they leave memory.

mod codec;
pub mod local;
pub mod problem;
pub mod record;
pub mod replay;
pub mod seal;
pub mod store;

#[cfg(test)]
extern crate self as formwork_state;
#[cfg(test)]
#[path = "../tests/support/samples.rs"]
mod samples;

pub use local::{LocalReader, LocalStore, LockOptions};
pub use problem::Problem;
pub use seal::{Keys, SealContext, Sealer};
