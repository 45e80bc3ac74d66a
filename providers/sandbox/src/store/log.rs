//! The log file: a header, then sealed frames, one a change.
//!
//! ```text
//! "formwork sandbox store 1\n" 16 random bytes | length (u32) nonce sealed{table, key, document}, again and again
//! ```
//!
//! A frame is bound to the file and to its number in it, so none can be left out, moved or taken from another file. A last
//! frame that was cut off (the process was killed in the middle of a write) is dropped; anything else is damage.

use crate::problem::Problem;
use crate::seal::{Key, OVERHEAD, Sealer};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

const MAGIC: &[u8] = b"formwork sandbox store 1\n";
/// What all forms begin with, before their number.
const NAME: &[u8] = b"formwork sandbox store ";
/// The number of this form.
const FORM: &str = "1";
const HEADER: usize = MAGIC.len() + 16;
const LENGTH: usize = 4;
/// Below this a log is not worth being written anew.
const SMALL: u64 = 4 << 20;
/// A log may be so many times as long as its live documents.
const WASTE: u64 = 3;

/// A change of one document; none is its end.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) document: Option<Json>,
}

/// What a frame holds.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    table: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    /// The document is forgotten; null is one that is kept.
    gone: bool,
    document: Cow<'a, Json>,
}

/// The open file.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    sealer: Sealer,
    id: [u8; 16],
    frames: u64,
    length: u64,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Log({}, {} frames)", self.path.display(), self.frames)
    }
}

impl Log {
    /// Opens the file, or makes it; with the changes that are in it and their lengths.
    pub(super) fn open(path: &Path, key: &Key) -> Result<(Self, Vec<(Change, u64)>), Problem> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(path).map_err(|error| Problem::io("open", path, &error))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| Problem::io("read", path, &error))?;
        if bytes.len() < HEADER && MAGIC.starts_with(bytes.get(..MAGIC.len().min(bytes.len())).unwrap_or_default()) {
            return Ok((Self::begin(path, file, Sealer::new(key))?, Vec::new()));
        }
        let id = bytes.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<16>()).copied();
        let id = id.ok_or_else(|| unknown(path, &bytes))?;
        let mut log =
            Self { path: path.to_owned(), file, sealer: Sealer::new(key), id, frames: 0, length: HEADER as u64 };
        let changes = log.replay(bytes.get(HEADER..).unwrap_or_default())?;
        log.cut()?;
        Ok((log, changes))
    }

    fn begin(path: &Path, file: File, sealer: Sealer) -> Result<Self, Problem> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| Problem::Random(error.to_string()))?;
        let mut log = Self { path: path.to_owned(), file, sealer, id, frames: 0, length: 0 };
        log.cut()?;
        log.write(&[MAGIC, &id].concat())?;
        Ok(log)
    }

    /// Everything up to the first frame that is not whole.
    fn replay(&mut self, mut rest: &[u8]) -> Result<Vec<(Change, u64)>, Problem> {
        let mut changes = Vec::new();
        while let Some((sealed, behind)) = frame(rest) {
            let Some(text) = self.sealer.open(&self.place(), sealed) else {
                return self.unreadable(behind, changes);
            };
            let entry: Entry<'_> =
                serde_json::from_slice(&text).map_err(|error| damaged(&self.path, &error.to_string()))?;
            let change = Change {
                table: entry.table.into_owned(),
                key: entry.key.into_owned(),
                document: (!entry.gone).then(|| entry.document.into_owned()),
            };
            let bytes = (LENGTH + sealed.len()) as u64;
            self.frames += 1;
            self.length += bytes;
            changes.push((change, bytes));
            rest = behind;
        }
        Ok(changes)
    }

    /// A whole frame that does not open: a torn tail only where nothing but zeros is behind it.
    fn unreadable(&self, behind: &[u8], changes: Vec<(Change, u64)>) -> Result<Vec<(Change, u64)>, Problem> {
        if self.frames == 0 {
            return Err(Problem::OtherKey { path: self.path.clone() });
        }
        if behind.iter().all(|byte| *byte == 0) {
            return Ok(changes);
        }
        Err(damaged(&self.path, &format!("frame {} does not open, and more follow it", self.frames)))
    }

    fn place(&self) -> [u8; 24] {
        let mut place = [0; 24];
        let (file, number) = place.split_at_mut(16);
        file.copy_from_slice(&self.id);
        number.copy_from_slice(&self.frames.to_le_bytes());
        place
    }

    /// Writes a change; its length in the file.
    pub(super) fn append(&mut self, change: &Change) -> Result<u64, Problem> {
        let frame = self.frame(&change.table, &change.key, change.document.as_ref())?;
        self.write(&frame)?;
        self.frames += 1;
        Ok(frame.len() as u64)
    }

    fn frame(&self, table: &str, key: &str, document: Option<&Json>) -> Result<Vec<u8>, Problem> {
        let gone = document.is_none();
        let document = document.map_or(Cow::Owned(Json::Null), Cow::Borrowed);
        let entry = Entry { table: table.into(), key: key.into(), gone, document };
        let text = serde_json::to_vec(&entry).map_err(|error| damaged(&self.path, &error.to_string()))?;
        let sealed = self.sealer.seal(&self.place(), &text)?;
        let length = u32::try_from(sealed.len()).map_err(|_| damaged(&self.path, "a document is longer than 4 GB"))?;
        Ok([length.to_le_bytes().as_slice(), &sealed].concat())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if let Err(error) = self.file.write_all(bytes) {
            // What was written of it must not stand before the next frame.
            self.cut()?;
            return Err(Problem::io("write", &self.path, &error));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Ends the file behind the last whole frame.
    fn cut(&mut self) -> Result<(), Problem> {
        let failed = |error: io::Error| Problem::io("write", &self.path, &error);
        self.file.set_len(self.length).map_err(failed)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop).map_err(failed)
    }

    pub(super) fn sync(&self) -> Result<(), Problem> {
        self.file.sync_data().map_err(|error| Problem::io("write", &self.path, &error))
    }

    /// Whether it is time to write it anew, with so many bytes of use in it.
    pub(super) const fn is_wasteful(&self, live: u64) -> bool {
        self.length > SMALL && self.length > live.saturating_mul(WASTE)
    }

    /// The file that is to take this one's place.
    pub(super) fn rewrite(&self) -> Result<Rewrite, Problem> {
        let path = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&path).map_err(|error| Problem::io("write", &path, &error))?;
        let path = TempPath::try_from_path(path).map_err(|error| Problem::io("write", &self.path, &error))?;
        let log = Self::begin(&path, file, self.sealer.clone())?;
        let buffer = log.file.try_clone().map_err(|error| Problem::io("write", &path, &error))?;
        let buffer = BufWriter::with_capacity(1 << 20, buffer);
        Ok(Rewrite { log, buffer, path })
    }

    /// Takes the new file's place: at no time is there none.
    pub(super) fn replace(&mut self, fresh: Rewrite) -> Result<(), Problem> {
        let Rewrite { mut log, mut buffer, path } = fresh;
        let failed = |error: io::Error| Problem::io("write", &self.path, &error);
        buffer.flush().map_err(failed)?;
        drop(buffer);
        log.sync()?;
        log.file.seek(SeekFrom::End(0)).map_err(failed)?;
        path.persist(&self.path).map_err(|error| failed(error.error))?;
        // From here on the old file is nowhere: whatever fails now, the next change belongs into the new one.
        log.path.clone_from(&self.path);
        *self = log;
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|error| Problem::io("write", directory, &error))
    }
}

/// A log that is being written anew. One that does not take the old one's place is removed.
pub(super) struct Rewrite {
    log: Log,
    buffer: BufWriter<File>,
    path: TempPath,
}

impl Rewrite {
    /// Adds a document; its length in the file.
    pub(super) fn append_document(&mut self, table: &str, key: &str, document: &Json) -> Result<u64, Problem> {
        let frame = self.log.frame(table, key, Some(document))?;
        self.buffer.write_all(&frame).map_err(|error| Problem::io("write", &self.log.path, &error))?;
        self.log.frames += 1;
        self.log.length += frame.len() as u64;
        Ok(frame.len() as u64)
    }
}

/// The first frame, and what is behind it; none where the rest is no whole frame.
fn frame(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, behind) = rest.split_first_chunk::<LENGTH>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length < OVERHEAD {
        return None;
    }
    behind.split_at_checked(length)
}

/// A file that does not begin as this form does.
fn unknown(path: &Path, bytes: &[u8]) -> Problem {
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).copied().collect();
    let form = bytes.strip_prefix(NAME).and_then(|rest| String::from_utf8(digits(rest)).ok());
    match form.filter(|form| !form.is_empty() && form != FORM) {
        Some(form) => Problem::Newer { path: path.to_owned(), form, known: FORM.to_owned() },
        None => damaged(path, "it does not begin as a sandbox's store does"),
    }
}

fn damaged(path: &Path, reason: &str) -> Problem {
    Problem::Damaged { path: path.to_owned(), reason: reason.to_owned() }
}
