//! The one writer: a thread that takes records from a channel, writes all that wait with one flush, and answers.

use super::files::{self, Layout};
use super::journal::{self, Appender, Batch, Head};
use super::ledger::{Changes, Ledger};
use super::load::{self, Access, Loaded};
use super::lock::{Lock, LockOptions};
use super::{now_ms, rows, snapshot};
use crate::codec::Seal;
use crate::problem::Problem;
use crate::record::{Record, State};
use crate::seal::Keys;
use crate::store::{OnDurable, Statistics, Store, StoreError};
use formwork_model::Diagnostic;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A batch is closed when it has this many bytes.
const BATCH_SIZE: usize = 4 * 1024 * 1024;
/// How long a flush waits for those who shared the last one, and in which steps.
const GATHER_STEP: Duration = Duration::from_micros(200);
const GATHER_STEPS: u32 = 5;
/// While it is open, a journal of this size beyond twice the snapshot's leads to a checkpoint.
const LARGE_JOURNAL: u64 = 256 * 1024 * 1024;
/// At the end, a journal larger than this or than a quarter of the snapshot leads to a checkpoint. A smaller one is
/// read again faster than everything else would be written.
const SMALL_JOURNAL: u64 = 64 * 1024;

/// The state, open for writing.
pub(super) struct LocalWriter {
    sender: Sender<Message>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    /// None once it is closed.
    lock: Mutex<Option<Lock>>,
}

/// What the thread tells the others.
#[derive(Default)]
struct Shared {
    /// Why nothing more is accepted.
    failed: OnceLock<StoreError>,
    warnings: Mutex<Vec<Diagnostic>>,
    records: AtomicU64,
    flushes: AtomicU64,
    checkpoints: AtomicU64,
}

impl Shared {
    fn warn(&self, problem: &Problem) {
        let warning = problem.diagnostic();
        tracing::warn!(code = %warning.code, "{}", warning.message);
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }
}

enum Message {
    Append(Box<Record>, OnDurable),
    State(Sender<Arc<State>>),
    Close(Sender<Result<(), StoreError>>),
}

impl LocalWriter {
    pub(super) fn open(layout: Layout, options: LockOptions<'_>, keys: &Keys) -> Result<Self, Problem> {
        layout.create()?;
        let lock = Lock::acquire(&layout.lock(), options)?;
        let shared = Arc::new(Shared::default());
        let mut worker = Worker::open(layout, keys, shared.clone())?;
        keys.made().into_iter().for_each(|path| shared.warn(&Problem::KeyMade { path: path.to_owned() }));
        let (sender, receiver) = mpsc::channel();
        let path = worker.layout.directory.clone();
        let thread = thread::Builder::new()
            .name("formwork-state".to_owned())
            .spawn(move || worker.run(&receiver))
            .map_err(|error| Problem::io("start the writer of", &path, &error))?;
        Ok(Self { sender, thread: Some(thread), shared, lock: Mutex::new(Some(lock)) })
    }

    fn stopped(&self) -> StoreError {
        self.shared
            .failed
            .get()
            .cloned()
            .unwrap_or_else(|| Problem::Stopped { cause: "its writer has ended".to_owned() }.into())
    }
}

impl Store for LocalWriter {
    fn state(&self) -> Arc<State> {
        let (sender, receiver) = mpsc::channel();
        let sent = self.sender.send(Message::State(sender));
        sent.ok().and_then(|()| receiver.recv().ok()).unwrap_or_default()
    }

    fn append(&self, record: Record, on_durable: OnDurable) {
        if let Err(refused) = self.sender.send(Message::Append(Box::new(record), on_durable))
            && let Message::Append(_, on_durable) = refused.0
        {
            on_durable(Err(self.stopped()));
        }
    }

    fn append_and_wait(&self, records: Vec<Record>) -> Result<u64, StoreError> {
        let (sender, receiver) = mpsc::channel();
        let count = records.len();
        for record in records {
            let sender = sender.clone();
            // Nobody waits any more when an earlier one has failed.
            self.append(record, Box::new(move |appended| drop(sender.send(appended))));
        }
        drop(sender);
        let serials = receiver.iter().collect::<Result<Vec<u64>, _>>()?;
        if serials.len() == count { Ok(serials.into_iter().max().unwrap_or(0)) } else { Err(self.stopped()) }
    }

    fn assert_held(&self, _milliseconds: u64) -> Result<(), StoreError> {
        if let Some(failed) = self.shared.failed.get() {
            return Err(failed.clone());
        }
        match self.lock.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(lock) if lock.is_in_place() => Ok(()),
            Some(lock) => Err(Problem::LockLost { path: lock.path().to_owned() }.into()),
            None => Err(closed().into()),
        }
    }

    fn warnings(&self) -> Vec<Diagnostic> {
        self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn statistics(&self) -> Statistics {
        Statistics {
            records: self.shared.records.load(Ordering::Relaxed),
            flushes: self.shared.flushes.load(Ordering::Relaxed),
            checkpoints: self.shared.checkpoints.load(Ordering::Relaxed),
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        let (sender, receiver) = mpsc::channel();
        let sent = self.sender.send(Message::Close(sender));
        let result = sent.ok().and_then(|()| receiver.recv().ok()).unwrap_or_else(|| Err(self.stopped()));
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        result
    }
}

fn closed() -> Problem {
    Problem::Stopped { cause: "it was closed".to_owned() }
}

impl Drop for LocalWriter {
    /// What was appended becomes durable before the lock is released.
    fn drop(&mut self) {
        let (sender, _) = mpsc::channel();
        drop(std::mem::replace(&mut self.sender, sender));
        if let Some(thread) = self.thread.take() {
            // It ends when the channel is empty; a panic of it was told to whoever waited.
            let _ = thread.join();
        }
    }
}

/// Marks, once there is a journal, that there is one: without it a directory whose journal was deleted would pass for a
/// state that has not begun, and everything would be created again.
fn mark(layout: &Layout, lineage: &str) -> Result<(), Problem> {
    let path = layout.lineage();
    if path.exists() {
        return Ok(());
    }
    let written =
        files::replace(&path, |file| writeln!(file, "{lineage}").map_err(|error| Problem::io("write", &path, &error)));
    written.map(drop)
}

/// What the thread owns.
struct Worker {
    layout: Layout,
    keys: Keys,
    seal: Seal,
    ledger: Ledger,
    /// The ledger holds records that did not become durable.
    ahead: bool,
    changes: Changes,
    /// Number of the last record of the last checkpoint.
    base: u64,
    snapshot_size: u64,
    journal: Appender,
    /// How many shared the last flush.
    expected: usize,
    shared: Arc<Shared>,
}

impl Worker {
    fn open(layout: Layout, keys: &Keys, shared: Arc<Shared>) -> Result<Self, Problem> {
        let Some(loaded) = load::load(&layout, keys, Access::Writer)? else {
            return Self::begin(layout, keys, shared);
        };
        let Loaded { ledger, seal, base, changes, journal, snapshot_size, recovered } = loaded;
        let path = layout.journal();
        let journal = match journal {
            Some((end, torn)) => Appender::open(&path, end, torn)?,
            None => Appender::create(&path, &snapshot::head(&ledger, &seal))?,
        };
        mark(&layout, &seal.lineage)?;
        let (keys, expected) = (keys.clone(), 1);
        let mut worker =
            Self { layout, keys, seal, ledger, ahead: false, changes, base, snapshot_size, journal, expected, shared };
        if let Some(problem) = recovered {
            worker.shared.warn(&problem);
            worker.checkpoint()?;
        }
        Ok(worker)
    }

    /// The first writer makes the lineage.
    fn begin(layout: Layout, keys: &Keys, shared: Arc<Shared>) -> Result<Self, Problem> {
        let sealer = keys.sealer()?;
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| Problem::io("name", &layout.directory, &std::io::Error::other(error.to_string())))?;
        let lineage = hex::encode(random);
        let head = Head { lineage: lineage.clone(), serial: 0, as_of_ms: now_ms(), key: sealer.name() };
        let journal = Appender::create(&layout.journal(), &head)?;
        mark(&layout, &lineage)?;
        let state = State { lineage: lineage.clone(), ..State::default() };
        Ok(Self {
            layout,
            keys: keys.clone(),
            seal: Seal { sealer, lineage },
            ledger: Ledger { state: Arc::new(state), runs: Vec::new(), as_of_ms: head.as_of_ms },
            ahead: false,
            changes: Changes::default(),
            base: 0,
            snapshot_size: 0,
            journal,
            expected: 1,
            shared,
        })
    }

    fn run(&mut self, receiver: &Receiver<Message>) {
        while let Ok(first) = receiver.recv() {
            let mut waiting = vec![first];
            self.gather(receiver, &mut waiting);
            let mut appends = Vec::with_capacity(waiting.len());
            for message in waiting {
                match message {
                    Message::Append(record, on_durable) => appends.push((*record, on_durable)),
                    // Whoever asked has gone: nothing to do about it.
                    Message::State(reply) => {
                        self.write(std::mem::take(&mut appends));
                        let _ = reply.send(self.durable_state());
                    }
                    Message::Close(reply) => {
                        self.write(std::mem::take(&mut appends));
                        let _ = reply.send(self.finish());
                    }
                }
            }
            self.write(appends);
        }
    }

    /// Takes what waits. Those who shared the last flush are likely on their way back: waits a little for as many.
    fn gather(&mut self, receiver: &Receiver<Message>, waiting: &mut Vec<Message>) {
        waiting.extend(receiver.try_iter());
        let mut steps = 0;
        while waiting.len() < self.expected && steps < GATHER_STEPS {
            thread::sleep(GATHER_STEP);
            waiting.extend(receiver.try_iter());
            steps += 1;
        }
        self.expected = waiting.len();
    }

    /// Writes records with as few flushes as possible, and answers for each.
    fn write(&mut self, appends: Vec<(Record, OnDurable)>) {
        let mut batch = Batch::new(self.ledger.state.serial + 1);
        let mut waiting = Vec::with_capacity(appends.len());
        for (record, on_durable) in appends {
            match self.admit(record, &mut batch) {
                Ok(serial) => waiting.push((serial, on_durable)),
                Err(error) => answer(on_durable, Err(error)),
            }
            if batch.size() >= BATCH_SIZE {
                self.flush(&batch, std::mem::take(&mut waiting));
                batch = Batch::new(self.ledger.state.serial + 1);
            }
        }
        self.flush(&batch, waiting);
        if self.journal.end > LARGE_JOURNAL + 2 * self.snapshot_size
            && self.shared.failed.get().is_none()
            && let Err(problem) = self.checkpoint()
        {
            self.fail(problem);
        }
    }

    /// Takes a record into the ledger and into the batch, or refuses it.
    fn admit(&mut self, record: Record, batch: &mut Batch) -> Result<u64, StoreError> {
        if let Some(first) = self.shared.failed.get() {
            return Err(stopped_by(first));
        }
        let bytes = journal::encode(&record, &self.seal)?;
        let serial = self.ledger.state.serial + 1;
        self.ledger.apply(serial, now_ms(), record, &mut self.changes)?;
        batch.push(&bytes);
        Ok(serial)
    }

    fn flush(&mut self, batch: &Batch, waiting: Vec<(u64, OnDurable)>) {
        if batch.count() == 0 {
            return;
        }
        let result = match self.journal.append(batch, self.ledger.as_of_ms) {
            Ok(()) => Ok(()),
            Err(problem) => Err(self.fail(problem)),
        };
        if result.is_ok() {
            self.shared.flushes.fetch_add(1, Ordering::Relaxed);
            self.shared.records.fetch_add(batch.count() as u64, Ordering::Relaxed);
        }
        for (serial, on_durable) in waiting {
            answer(on_durable, result.clone().map(|()| serial));
        }
    }

    /// From here on nothing is accepted.
    fn fail(&mut self, problem: Problem) -> StoreError {
        self.ahead = true;
        let error = StoreError::from(problem);
        self.shared.failed.get_or_init(|| error).clone()
    }

    /// The state after everything that is durable. After a failed write it is read from the disk again.
    fn durable_state(&mut self) -> Arc<State> {
        if self.ahead
            && let Ok(Some(loaded)) = load::load(&self.layout, &self.keys, Access::Reader)
        {
            self.ledger = loaded.ledger;
            self.ahead = false;
        }
        self.ledger.state.clone()
    }

    /// The end: a checkpoint where it is worth its cost. Closing twice is an error.
    fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(failed) = self.shared.failed.get() {
            return Err(failed.clone());
        }
        let result = self.last_checkpoint();
        self.shared.failed.get_or_init(|| closed().into());
        result
    }

    fn last_checkpoint(&mut self) -> Result<(), StoreError> {
        let small = self.journal.end <= SMALL_JOURNAL || self.journal.end <= self.snapshot_size / 4;
        if !small {
            self.checkpoint()?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), Problem> {
        self.snapshot_size = snapshot::write(&self.layout.snapshot(), &self.ledger, &self.seal)?;
        let rows = self.layout.rows();
        let notice = rows::save(&rows, &self.ledger, &self.seal, self.base, &self.changes)?;
        notice.iter().for_each(|problem| self.shared.warn(problem));
        self.journal = Appender::create(&self.layout.journal(), &snapshot::head(&self.ledger, &self.seal))?;
        self.base = self.ledger.state.serial;
        self.changes = Changes::default();
        self.shared.checkpoints.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// What is said to those who come after the first failure.
fn stopped_by(first: &StoreError) -> StoreError {
    if first.0.code.0 == "E3014" {
        return first.clone();
    }
    Problem::Stopped { cause: first.to_string() }.into()
}

/// A panic of whoever is told must not end the writer.
fn answer(on_durable: OnDurable, appended: Result<u64, StoreError>) {
    if catch_unwind(AssertUnwindSafe(|| on_durable(appended))).is_err() {
        tracing::error!("what was to be done after a durable record panicked");
    }
}
