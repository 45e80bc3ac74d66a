//! The row store: the second copy of rows and history, in sled. It is opened only to write a checkpoint, or to recover
//! from a damaged snapshot.
//!
//! One tree. `m` is the head, `n` the number of rows, `s` what a state holds besides rows, `h` the history, `r` and the
//! hash of a row's key is a row. What is larger than sled likes is cut into pieces: two bytes of piece number end each key, and
//! the first piece begins with how many there are.

use super::files;
use super::journal::Head;
use super::ledger::{Changes, Ledger};
use super::snapshot;
use crate::codec::{
    Decoded, Decoder, Encoder, Failure, Seal, malformed, read_rest, read_row, read_run, write_key, write_rest,
    write_row, write_run,
};
use crate::problem::Problem;
use crate::record::{Row, RowKey, State};
use crate::seal::Keys;
use sled::{Batch, Db};
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HEAD: &[u8] = b"m";
const REST: &[u8] = b"s";
const COUNT: &[u8] = b"n";
const HISTORY: &[u8] = b"h";
const ROW: u8 = b'r';

/// Values over 128 KB go to files that sled never flushes.
const PIECE: usize = 60_000;
/// Memory that sled may use for pages.
const CACHE: u64 = 64 * 1024 * 1024;
/// How long an earlier sled of this process may take to end.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(2);

/// Saves a ledger whose last checkpoint was at `base`. A store that is not of that checkpoint, or that most rows changed
/// since, is made anew; so is a damaged one, which is kept aside and told of.
pub(super) fn save(
    path: &Path,
    ledger: &Ledger,
    seal: &Seal,
    base: u64,
    changes: &Changes,
) -> Result<Option<Problem>, Problem> {
    let few = !changes.many && changes.rows.len() * 2 <= ledger.state.rows.len();
    let mut notice = None;
    if few && path.exists() {
        match guarded(|| update(path, ledger, seal, base, changes)) {
            Ok(true) => return Ok(None),
            Ok(false) => {}
            Err(Failure::Problem(problem)) => return Err(problem),
            Err(Failure::Malformed(reason)) => notice = Some(set_aside(path, reason)?),
        }
    }
    make_anew(path, ledger, seal)?;
    Ok(notice)
}

fn set_aside(path: &Path, reason: String) -> Result<Problem, Problem> {
    let now = super::now_ms();
    let aside = path.with_extension(format!("damaged-{now}"));
    fs::rename(path, &aside).map_err(|error| Problem::io("move", path, &error))?;
    Ok(Problem::RowsRebuilt { aside, reason })
}

/// A new store in the place of the old one: the snapshot that was just written holds the same rows meanwhile.
fn make_anew(path: &Path, ledger: &Ledger, seal: &Seal) -> Result<(), Problem> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Problem::io("delete", path, &error)),
        _ => {}
    }
    let written = guarded(|| {
        let database = open(path)?;
        let mut names: Vec<_> = ledger.state.rows.iter().map(|(key, row)| (row_name(key), row)).collect();
        names.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        for (name, row) in names {
            for (key, piece) in pieces(&name, &encoded_row(row, seal)?) {
                database.insert(key, piece).map_err(|error| failure(path, error))?;
            }
        }
        let mut batch = Batch::default();
        // The head comes last: without it the store counts as none.
        put_head(&mut batch, ledger, seal)?;
        apply(&database, path, batch)
    });
    written.map_err(|failure| as_problem(path, failure))?;
    files::settle(path)?;
    files::sync_directory(path.parent().unwrap_or_else(|| Path::new(".")))
}

/// Writes what changed. False when the store is not of the last checkpoint.
fn update(path: &Path, ledger: &Ledger, seal: &Seal, base: u64, changes: &Changes) -> Decoded<bool> {
    let database = open(path)?;
    let head = whole(&database, path, HEAD)?;
    let head = Head::read(&head, "row store")?;
    if head.serial != base || head.lineage != ledger.state.lineage {
        return Ok(false);
    }
    let mut batch = Batch::default();
    put_head(&mut batch, ledger, seal)?;
    for key in &changes.rows {
        let name = row_name(key);
        remove(&database, path, &mut batch, &name)?;
        if let Some(row) = ledger.state.rows.get(key) {
            put(&mut batch, &name, &encoded_row(row, seal)?);
        }
    }
    apply(&database, path, batch)?;
    Ok(true)
}

fn apply(database: &Db, path: &Path, batch: Batch) -> Decoded<()> {
    database.apply_batch(batch).map_err(|error| failure(path, error))?;
    database.flush().map_err(|error| failure(path, error))?;
    // sled's own flush does not outlive a power loss.
    let file = path.join("db");
    let synced = File::open(&file).and_then(|file| file.sync_data());
    synced.map_err(|error| Failure::Problem(Problem::io("flush", &file, &error)))
}

/// Reads the whole store.
pub(super) fn load(path: &Path, keys: &Keys) -> Decoded<(Ledger, Seal)> {
    guarded(|| {
        if !path.join("db").is_file() {
            return malformed("there is none");
        }
        let database = open(path)?;
        let head = Head::read(&whole(&database, path, HEAD)?, "row store")?;
        let seal = Seal { sealer: keys.named(head.key)?, lineage: head.lineage.clone() };
        let rest = read_rest(&mut Decoder::new(&whole(&database, path, REST)?, &seal))?;
        let rows = load_rows(&database, path, &seal)?;
        let runs = Decoder::new(&whole(&database, path, HISTORY)?, &seal).list(read_run)?;
        let state = State { lineage: head.lineage, serial: head.serial, rows: rows.into_iter().collect(), ..rest };
        Ok((Ledger { state: Arc::new(state), runs, as_of_ms: head.as_of_ms }, seal))
    })
}

/// As [`load`], without writing to the store: opens a copy.
pub(super) fn load_copy(path: &Path, keys: &Keys) -> Decoded<(Ledger, Seal)> {
    let failed = |error: io::Error| Failure::Problem(Problem::io("copy", path, &error));
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).map_err(|error| failed(io::Error::other(error.to_string())))?;
    let copy = Copy(std::env::temp_dir().join(format!("formwork-rows-{}", hex::encode(unique))));
    copy_directory(path, &copy.0).map_err(failed)?;
    load(&copy.0, keys)
}

/// A directory that is removed in the end.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        // In the directory for temporary files; it holds only what is sealed.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn load_rows(database: &Db, path: &Path, seal: &Seal) -> Decoded<Vec<(RowKey, Arc<Row>)>> {
    let mut rows = Vec::new();
    for entry in database.scan_prefix([ROW]) {
        let (key, first) = entry.map_err(|error| failure(path, error))?;
        let Some(name) = key.strip_suffix(&[0, 0]) else { continue };
        let row = read_row(&mut Decoder::new(&joined(database, path, name, &first)?, seal))?;
        rows.push((row.key.clone(), Arc::new(row)));
    }
    let expected = Decoder::plain(&whole(database, path, COUNT)?).number()?;
    if expected == rows.len() as u64 { Ok(rows) } else { malformed("rows are missing") }
}

/// Everything but the rows.
fn put_head(batch: &mut Batch, ledger: &Ledger, seal: &Seal) -> Decoded<()> {
    put(batch, HEAD, &snapshot::head(ledger, seal).write());
    let mut encoder = Encoder::new(seal);
    encoder.count(ledger.state.rows.len());
    put(batch, COUNT, &encoder.take()?);
    write_rest(&mut encoder, &ledger.state);
    put(batch, REST, &encoder.take()?);
    encoder.list(ledger.runs.iter(), write_run);
    put(batch, HISTORY, &encoder.take()?);
    Ok(())
}

fn encoded_row(row: &Row, seal: &Seal) -> Result<Vec<u8>, Problem> {
    let mut encoder = Encoder::new(seal);
    write_row(&mut encoder, row);
    encoder.take()
}

/// The key of a row without the piece number: of one length, so that no key is the beginning of another.
fn row_name(key: &RowKey) -> Vec<u8> {
    let mut encoder = Encoder::plain();
    write_key(&mut encoder, key);
    let hash = blake3::hash(&encoder.bytes);
    [&[ROW], hash.as_bytes().split_at(16).0].concat()
}

fn piece_name(name: &[u8], number: u16) -> Vec<u8> {
    [name, &number.to_be_bytes()].concat()
}

/// Bytes in pieces, each with its key.
fn pieces<'a>(name: &'a [u8], bytes: &'a [u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> + 'a {
    let mut rest = bytes.chunks(PIECE);
    let first = rest.next().unwrap_or(&[]);
    let count = u16::try_from(rest.len() + 1).unwrap_or(u16::MAX);
    let first = (piece_name(name, 0), [&count.to_be_bytes(), first].concat());
    std::iter::once(first).chain((1..).zip(rest).map(|(number, piece)| (piece_name(name, number), piece.to_vec())))
}

fn put(batch: &mut Batch, name: &[u8], bytes: &[u8]) {
    pieces(name, bytes).for_each(|(key, piece)| batch.insert(key, piece));
}

fn remove(database: &Db, path: &Path, batch: &mut Batch, name: &[u8]) -> Decoded<()> {
    let first = database.get(piece_name(name, 0)).map_err(|error| failure(path, error))?;
    let count = first.as_ref().and_then(|first| first.first_chunk()).map_or(0, |count| u16::from_be_bytes(*count));
    (0..count).for_each(|number| batch.remove(piece_name(name, number)));
    Ok(())
}

fn whole(database: &Db, path: &Path, name: &[u8]) -> Decoded<Vec<u8>> {
    match database.get(piece_name(name, 0)).map_err(|error| failure(path, error))? {
        Some(first) => joined(database, path, name, &first),
        None => malformed("a part is missing"),
    }
}

fn joined(database: &Db, path: &Path, name: &[u8], first: &[u8]) -> Decoded<Vec<u8>> {
    let Some((count, first)) = first.split_first_chunk::<2>() else { return malformed("a piece is empty") };
    let mut bytes = first.to_vec();
    for number in 1..u16::from_be_bytes(*count) {
        match database.get(piece_name(name, number)).map_err(|error| failure(path, error))? {
            Some(piece) => bytes.extend_from_slice(&piece),
            None => return malformed("a piece is missing"),
        }
    }
    Ok(bytes)
}

fn open(path: &Path) -> Decoded<Db> {
    let start = Instant::now();
    loop {
        match sled::Config::new().path(path).flush_every_ms(None).cache_capacity(CACHE).open() {
            Ok(database) => return Ok(database),
            // We hold the state's lock, so this is a thread of an earlier sled in this process that has not ended yet.
            Err(error) if is_locked(&error) && start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(error) => return Err(failure(path, error)),
        }
    }
}

fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(inner) if inner.to_string().contains("could not acquire lock"))
}

/// What a sled error means: the operating system's, or damage.
fn failure(path: &Path, error: sled::Error) -> Failure {
    match &error {
        sled::Error::Io(inner) if is_locked(&error) => {
            Failure::Problem(Problem::io("open", path, &io::Error::new(io::ErrorKind::ResourceBusy, inner.to_string())))
        }
        sled::Error::Io(inner)
            if !matches!(
                inner.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::Other
            ) =>
        {
            Failure::Problem(Problem::io("write", path, inner))
        }
        _ => Failure::Malformed(error.to_string()),
    }
}

fn as_problem(path: &Path, failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        Failure::Malformed(reason) => Problem::Io { doing: "write", path: path.to_owned(), reason },
    }
}

/// Some damage makes sled panic.
fn guarded<T>(work: impl FnOnce() -> Decoded<T>) -> Decoded<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| malformed("it could not be opened (sled panicked)"))
}
