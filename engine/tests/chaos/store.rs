//! A store in memory that can be cut off: from then on nothing is recorded, as if the process had been killed.

use formwork_model::{Code, Diagnostic};
use formwork_state::record::{Record, State};
use formwork_state::store::{OnDurable, Store, StoreError};
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub(crate) struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Arc<State>,
    /// Records that are still taken; none for all.
    left: Option<usize>,
    /// The first record that did not fit: a mistake of the engine's, whatever the provider does.
    illegal: Option<String>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let state = State { lineage: "lineage".into(), ..State::default() };
        Self { inner: Mutex::new(Inner { state: Arc::new(state), ..Inner::default() }) }
    }

    /// Takes so many records and no more.
    pub(crate) fn cut_off(&self, records: Option<usize>) {
        self.inner.lock().unwrap().left = records;
    }

    /// Whether it was cut off.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.inner.lock().unwrap().left == Some(0)
    }

    /// The first record that did not fit.
    pub(crate) fn illegal(&self) -> Option<String> {
        self.inner.lock().unwrap().illegal.clone()
    }

    fn take(&self, record: Record) -> Result<u64, StoreError> {
        let mut inner = self.inner.lock().unwrap();
        match &mut inner.left {
            Some(0) => {
                return Err(StoreError(Box::new(Diagnostic::error(Code::new("E2010"), "the process is dead"))));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let serial = inner.state.serial + 1;
        match Arc::make_mut(&mut inner.state).apply(serial, record) {
            Ok(_) => Ok(serial),
            Err(problem) => {
                let diagnostic = problem.diagnostic();
                inner.illegal.get_or_insert_with(|| diagnostic.message.clone());
                Err(StoreError(Box::new(diagnostic)))
            }
        }
    }
}

impl Store for Memory {
    fn state(&self) -> Arc<State> {
        Arc::clone(&self.inner.lock().unwrap().state)
    }

    fn append(&self, record: Record, on_durable: OnDurable) {
        on_durable(self.take(record));
    }

    fn append_and_wait(&self, records: Vec<Record>) -> Result<u64, StoreError> {
        records.into_iter().try_fold(0, |_, record| self.take(record))
    }

    fn assert_held(&self, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
