//! The snapshot file: a whole state, independent of the row store. Readers start from it.
//!
//! Frames as in the journal, each with a number and a kind: head, rows (about 64 KB each), rest, runs, end.

use super::files;
use super::frame::{self, HEADER, Header, Kind, PREAMBLE};
use super::journal::Head;
use super::ledger::Ledger;
use crate::codec::{
    Decoded, Decoder, Encoder, Failure, Seal, malformed, read_rest, read_row, read_run, write_rest, write_row,
    write_run,
};
use crate::problem::Problem;
use crate::record::{Row, RowKey, State};
use crate::seal::Keys;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

const HEAD: u8 = 0;
const ROWS: u8 = 1;
const REST: u8 = 2;
const RUNS: u8 = 3;
const END: u8 = 4;

/// Rows are put into frames of about this many bytes.
const FRAME_SIZE: usize = 64 * 1024;

/// Writes the snapshot of a ledger in the place of the one before. Gives its size.
pub(super) fn write(path: &Path, ledger: &Ledger, seal: &Seal) -> Result<u64, Problem> {
    files::replace(path, |file| {
        let mut writer = Writer { path, file, number: 0 };
        writer.start()?;
        writer.frame(HEAD, &head(ledger, seal).write())?;
        writer.rows(ledger, seal)?;
        let mut encoder = Encoder::new(seal);
        write_rest(&mut encoder, &ledger.state);
        writer.frame(REST, &encoder.take()?)?;
        encoder.list(ledger.runs.iter(), write_run);
        writer.frame(RUNS, &encoder.take()?)?;
        encoder.count(ledger.state.rows.len());
        writer.frame(END, &encoder.take()?)
    })
}

/// The head of a file that holds the whole ledger.
pub(super) fn head(ledger: &Ledger, seal: &Seal) -> Head {
    Head {
        lineage: ledger.state.lineage.clone(),
        serial: ledger.state.serial,
        as_of_ms: ledger.as_of_ms,
        key: seal.sealer.name(),
    }
}

struct Writer<'a> {
    path: &'a Path,
    file: &'a mut BufWriter<File>,
    number: u64,
}

impl Writer<'_> {
    fn start(&mut self) -> Result<(), Problem> {
        self.put(&Kind::Snapshot.preamble())
    }

    fn frame(&mut self, kind: u8, content: &[u8]) -> Result<(), Problem> {
        let mut encoder = Encoder::plain();
        encoder.byte(kind);
        encoder.number(self.number);
        encoder.bytes.extend_from_slice(content);
        self.number += 1;
        let mut bytes = Vec::new();
        frame::write(&encoder.bytes, &mut bytes);
        self.put(&bytes)
    }

    fn rows(&mut self, ledger: &Ledger, seal: &Seal) -> Result<(), Problem> {
        let mut encoder = Encoder::new(seal);
        for row in ledger.state.rows.values() {
            write_row(&mut encoder, row);
            if encoder.bytes.len() >= FRAME_SIZE {
                self.frame(ROWS, &encoder.take()?)?;
            }
        }
        self.frame(ROWS, &encoder.take()?)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.file.write_all(bytes).map_err(|error| Problem::io("write", self.path, &error))
    }
}

/// A snapshot that was read.
pub(super) struct Snapshot {
    pub(super) ledger: Ledger,
    pub(super) seal: Seal,
    /// Size of the file in bytes.
    pub(super) size: u64,
}

/// Reads the snapshot; none where there is no such file. Damage is [`Failure::Malformed`].
pub(super) fn read(path: &Path, keys: &Keys) -> Decoded<Option<Snapshot>> {
    let failed = |error: &io::Error| Failure::Problem(Problem::io("read", path, error));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let size = file.metadata().map_err(|error| failed(&error))?.len();
    let mut reader = Reader { path, file: BufReader::with_capacity(256 * 1024, file), number: 0, buffer: Vec::new() };
    reader.start()?;
    let head = Head::read(reader.expect(HEAD)?, "snapshot")?;
    let seal = Seal { sealer: keys.named(head.key)?, lineage: head.lineage.clone() };
    let ledger = reader.ledger(&head, &seal)?;
    Ok(Some(Snapshot { ledger, seal, size }))
}

struct Reader<'a> {
    path: &'a Path,
    file: BufReader<File>,
    number: u64,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    fn start(&mut self) -> Decoded<()> {
        let mut preamble = [0; PREAMBLE];
        self.fill(&mut preamble)?;
        Kind::Snapshot.check(&preamble)
    }

    fn ledger(&mut self, head: &Head, seal: &Seal) -> Decoded<Ledger> {
        let mut rows: Vec<(RowKey, Arc<Row>)> = Vec::new();
        let rest = loop {
            let (kind, content) = self.next()?;
            let mut decoder = Decoder::new(content, seal);
            if kind != ROWS {
                break if kind == REST { read_rest(&mut decoder) } else { malformed("unknown part") }?;
            }
            while !decoder.is_at_end() {
                let row = read_row(&mut decoder)?;
                rows.push((row.key.clone(), Arc::new(row)));
            }
        };
        let runs = Decoder::new(self.expect(RUNS)?, seal).list(read_run)?;
        let count = Decoder::plain(self.expect(END)?).number()?;
        self.finish()?;
        if count != rows.len() as u64 {
            return malformed("rows are missing");
        }
        let state =
            State { lineage: head.lineage.clone(), serial: head.serial, rows: rows.into_iter().collect(), ..rest };
        Ok(Ledger { state: Arc::new(state), runs, as_of_ms: head.as_of_ms })
    }

    fn expect(&mut self, expected: u8) -> Decoded<&[u8]> {
        let (kind, content) = self.next()?;
        if kind == expected { Ok(content) } else { malformed("a part is missing") }
    }

    /// The next frame: its kind and content.
    fn next(&mut self) -> Decoded<(u8, &[u8])> {
        let mut head = [0; HEADER];
        self.fill(&mut head)?;
        let damaged = || Failure::Malformed("a part does not check out".to_owned());
        let header = Header::read(&head).ok_or_else(damaged)?;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(header.rest, 0);
        self.fill(&mut buffer)?;
        self.buffer = buffer;
        let payload = header.payload(&self.buffer).ok_or_else(damaged)?;
        let mut decoder = Decoder::plain(payload);
        let kind = decoder.byte()?;
        if decoder.number()? != self.number {
            return malformed("a part is missing");
        }
        self.number += 1;
        Ok((kind, decoder.remaining()))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Decoded<()> {
        self.file.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Failure::Malformed("it ends too early".to_owned()),
            _ => Failure::Problem(Problem::io("read", self.path, &error)),
        })
    }

    fn finish(&mut self) -> Decoded<()> {
        match self.file.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => malformed("bytes are left over"),
            Err(error) => Err(Failure::Problem(Problem::io("read", self.path, &error))),
        }
    }
}
