//! The journal file: a head, then one frame for each batch of records that was flushed together.

use super::files;
use super::frame::{self, Found, Kind, PREAMBLE};
use super::ledger::{Changes, Ledger};
use crate::codec::{Decoded, Decoder, Encoder, Failure, Seal, malformed, read_record};
use crate::problem::Problem;
use crate::record::Record;
use crate::seal::KeyName;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

const HEAD: u8 = 1;
const BATCH: u8 = 1;

/// What a file says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) lineage: String,
    /// Of a journal, the number of the last record before its first; of a snapshot, of its last.
    pub(super) serial: u64,
    /// When that record was written.
    pub(super) as_of_ms: i64,
    /// The key that secrets are sealed with.
    pub(super) key: KeyName,
}

impl Head {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut encoder = Encoder::plain();
        encoder.byte(HEAD);
        encoder.text(&self.lineage);
        encoder.number(self.serial);
        encoder.signed(self.as_of_ms);
        encoder.bytes.extend_from_slice(&self.key.0);
        encoder.text(env!("CARGO_PKG_VERSION"));
        encoder.bytes
    }

    pub(super) fn read(bytes: &[u8], what: &str) -> Decoded<Self> {
        let mut decoder = Decoder::plain(bytes);
        decoder.version(what, HEAD)?;
        let lineage = decoder.text()?;
        let serial = decoder.number()?;
        let as_of_ms = decoder.signed()?;
        let mut key = KeyName::default();
        for byte in &mut key.0 {
            *byte = decoder.byte()?;
        }
        decoder.text()?;
        decoder.end()?;
        Ok(Self { lineage, serial, as_of_ms, key })
    }
}

/// A journal that was read.
pub(super) struct Journal {
    path: PathBuf,
    bytes: Vec<u8>,
    pub(super) head: Head,
    /// Where the frames of records begin.
    start: usize,
    /// Where they end.
    pub(super) end: usize,
    /// Whether an interrupted write follows.
    pub(super) torn: bool,
}

impl Journal {
    /// Reads all of an opened journal. None when the file is empty: someone gave it up, the snapshot is all there is.
    pub(super) fn read(path: &Path, mut file: &File) -> Result<Option<Self>, Problem> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| Problem::io("read", path, &error))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let located = |failure| locate(path, 0, failure);
        Kind::Journal.check(&bytes).map_err(located)?;
        let Found::Frame(head, start) = frame::at(&bytes, PREAMBLE) else {
            return Err(located(Failure::Malformed("its head does not check out".to_owned())));
        };
        let head = Head::read(head, "journal").map_err(located)?;
        let mut journal = Self { path: path.to_owned(), bytes, head, start, end: start, torn: false };
        journal.find_end()?;
        Ok(Some(journal))
    }

    fn find_end(&mut self) -> Result<(), Problem> {
        loop {
            match frame::at(&self.bytes, self.end) {
                Found::Frame(_, next) => self.end = next,
                Found::End => return Ok(()),
                Found::Torn => {
                    self.torn = true;
                    return Ok(());
                }
                Found::Damaged(reason) => {
                    return Err(locate(&self.path, self.end, Failure::Malformed(reason.to_owned())));
                }
            }
        }
    }

    /// Applies the records that the ledger does not hold yet.
    pub(super) fn replay(&self, ledger: &mut Ledger, seal: &Seal, changes: &mut Changes) -> Result<(), Problem> {
        let mut offset = self.start;
        while offset < self.end
            && let Found::Frame(payload, next) = frame::at(&self.bytes, offset)
        {
            replay_batch(payload, ledger, seal, changes).map_err(|failure| locate(&self.path, offset, failure))?;
            offset = next;
        }
        Ok(())
    }
}

fn replay_batch(payload: &[u8], ledger: &mut Ledger, seal: &Seal, changes: &mut Changes) -> Decoded<()> {
    let mut decoder = Decoder::new(payload, seal);
    decoder.version("journal", BATCH)?;
    let first = decoder.number()?;
    let at_ms = decoder.signed()?;
    for offset in 0..decoder.count()? as u64 {
        let record = decoder.raw()?;
        let serial = first.saturating_add(offset);
        if serial <= ledger.state.serial {
            continue;
        }
        if serial != ledger.state.serial + 1 {
            return malformed("records before it are missing");
        }
        let mut record = Decoder::new(record, seal);
        let decoded = read_record(&mut record)?;
        record.end()?;
        ledger.apply(serial, at_ms, decoded, changes)?;
    }
    decoder.end()
}

/// Says in which file, and where.
fn locate(path: &Path, offset: usize, failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        Failure::Malformed(reason) => Problem::JournalDamaged { path: path.to_owned(), offset: offset as u64, reason },
    }
}

/// Records that will be flushed together.
pub(super) struct Batch {
    first: u64,
    count: usize,
    records: Vec<u8>,
}

impl Batch {
    pub(super) const fn new(first: u64) -> Self {
        Self { first, count: 0, records: Vec::new() }
    }

    pub(super) fn push(&mut self, record: &[u8]) {
        let mut encoder = Encoder::plain();
        encoder.count(record.len());
        self.records.extend_from_slice(&encoder.bytes);
        self.records.extend_from_slice(record);
        self.count += 1;
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Bytes so far.
    pub(super) const fn size(&self) -> usize {
        self.records.len()
    }

    fn frame(&self, at_ms: i64) -> Vec<u8> {
        let mut encoder = Encoder::plain();
        encoder.byte(BATCH);
        encoder.number(self.first);
        encoder.signed(at_ms);
        encoder.count(self.count);
        encoder.bytes.extend_from_slice(&self.records);
        let mut bytes = Vec::new();
        frame::write(&encoder.bytes, &mut bytes);
        bytes
    }
}

/// Encodes one record.
pub(super) fn encode(record: &Record, seal: &Seal) -> Result<Vec<u8>, Problem> {
    let mut encoder = Encoder::new(seal);
    crate::codec::write_record(&mut encoder, record);
    encoder.take()
}

/// A journal that is open for appending.
pub(super) struct Appender {
    path: PathBuf,
    file: File,
    /// Where the last durable frame ends.
    pub(super) end: u64,
}

impl Appender {
    /// Makes a journal without records, in the place of any other one.
    pub(super) fn create(path: &Path, head: &Head) -> Result<Self, Problem> {
        let mut bytes = Kind::Journal.preamble();
        frame::write(&head.write(), &mut bytes);
        files::replace(path, |file| file.write_all(&bytes).map_err(|error| Problem::io("write", path, &error)))?;
        Self::open(path, bytes.len() as u64, false)
    }

    /// Opens a journal behind its last whole frame, and cuts off an interrupted write.
    pub(super) fn open(path: &Path, end: u64, torn: bool) -> Result<Self, Problem> {
        let failed = |error: io::Error| Problem::io("open", path, &error);
        let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        let mut appender = Self { path: path.to_owned(), file, end };
        if torn {
            appender.cut().map_err(|error| Problem::io("write", path, &error))?;
        }
        appender.file.seek(SeekFrom::Start(end)).map_err(failed)?;
        Ok(appender)
    }

    /// Writes a batch; when this returns it is durable.
    pub(super) fn append(&mut self, batch: &Batch, at_ms: i64) -> Result<(), Problem> {
        let frame = batch.frame(at_ms);
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.end += frame.len() as u64;
                Ok(())
            }
            Err(error) => {
                // So that the next writer finds no half of it. Should that fail too, it cuts it off itself.
                let _ = self.cut();
                Err(Problem::io("write", &self.path, &error))
            }
        }
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.sync_all()
    }
}
