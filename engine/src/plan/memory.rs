//! What survives when the graph is evaluated again in the same plan: nothing is read twice.

use super::rows::Rows;
use formwork_model::{Address, InputProblem, InputSource, Value, ValueBuf};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// What was found out so far.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) rows: Rows,
    /// Data that was read: with which config, and what it said.
    pub(crate) data: HashMap<Address, (ValueBuf, ValueBuf)>,
    /// Digests of the inputs that configs of objects used.
    pub(crate) used: RefCell<BTreeMap<InputSource, [u8; 16]>>,
    /// Inputs that were asked for: each once.
    pub(crate) inputs: RefCell<HashMap<InputSource, Result<Value, InputProblem>>>,
}
