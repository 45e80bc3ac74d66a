//! The few things that are done with files: whole or not at all, and durable.

use crate::problem::Problem;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Who may read and write the files: their owner.
pub(super) const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// Where the parts of a state lie.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) directory: PathBuf,
}

impl Layout {
    pub(super) fn lock(&self) -> PathBuf {
        self.directory.join("lock")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.directory.join("journal")
    }

    pub(super) fn snapshot(&self) -> PathBuf {
        self.directory.join("snapshot")
    }

    pub(super) fn lineage(&self) -> PathBuf {
        self.directory.join("lineage")
    }

    pub(super) fn rows(&self) -> PathBuf {
        self.directory.join("rows")
    }

    /// Makes the directory, private and durable, where it is not there.
    pub(super) fn create(&self) -> Result<(), Problem> {
        let failed = |error: io::Error| Problem::io("make the state directory", &self.directory, &error);
        if self.directory.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(&self.directory).map_err(failed)?;
        // Each new directory is durable when the one above it is.
        for directory in self.directory.ancestors().take(4).filter(|path| path.is_dir()) {
            sync_directory(directory)?;
        }
        Ok(())
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), Problem> {
    let synced = File::open(directory).and_then(|file| file.sync_all());
    synced.map_err(|error| Problem::io("flush", directory, &error))
}

/// Writes a file beside its place, makes it durable and puts it there: readers see the old or the new one.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), Problem>,
) -> Result<u64, Problem> {
    let temporary = path.with_extension("new");
    let written = write_whole(&temporary, write);
    let renamed = written.and_then(|length| {
        fs::rename(&temporary, path).map_err(|error| Problem::io("replace", path, &error))?;
        sync_directory(path.parent().unwrap_or_else(|| Path::new(".")))?;
        Ok(length)
    });
    if renamed.is_err() {
        // What is left of it would only take space; the error above is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    renamed
}

fn write_whole(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<(), Problem>) -> Result<u64, Problem> {
    let failed = |error: io::Error| Problem::io("write", path, &error);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path).map_err(failed)?;
    let mut buffered = BufWriter::with_capacity(256 * 1024, file);
    write(&mut buffered)?;
    buffered.flush().map_err(failed)?;
    let file = buffered.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    file.metadata().map(|metadata| metadata.len()).map_err(failed)
}

/// Makes every file below a directory private to its owner, and durable.
pub(super) fn settle(directory: &Path) -> Result<(), Problem> {
    let failed = |error: io::Error| Problem::io("flush", directory, &error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            settle(&path)?;
        } else {
            let file = File::open(&path).map_err(failed)?;
            file.set_permissions(fs::Permissions::from_mode(FILE_MODE)).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
    }
    sync_directory(directory)
}
