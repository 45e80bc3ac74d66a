//! Durable state: what a stack manages in one environment.
//!
//! [`record`] says what is kept and how it changes (`replay` is pure); [`store`] is what a backend must do. The local
//! backend is an append-only journal file, rows and history in sled, and an independent snapshot file.

pub mod record;
pub mod store;
