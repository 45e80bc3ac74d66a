//! What survives when the graph is evaluated again in the same plan: nothing is read twice.

use super::rows::Rows;
use formwork_model::{Address, ValueBuf};
use std::collections::HashMap;

/// What was found out so far.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) rows: Rows,
    /// Data that was read: with which config, and what it said.
    pub(crate) data: HashMap<Address, (ValueBuf, ValueBuf)>,
    /// Digests of the secret inputs that were used, by their name.
    pub(crate) secrets: std::cell::RefCell<std::collections::BTreeMap<String, [u8; 16]>>,
    /// Inputs that were asked for: each once.
    pub(crate) inputs: std::cell::RefCell<HashMap<formwork_model::InputSource, Result<formwork_model::Value, String>>>,
}
