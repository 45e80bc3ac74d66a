//! What the tests of damage and of processes share.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use formwork_state::store::{Published, Reader as _, Store, StoreError};
use formwork_state::{Keys, LocalStore, LockOptions};
use std::fs;
use std::path::{Path, PathBuf};

pub fn keys() -> Keys {
    Keys::from_text("test", "A".repeat(43))
}

pub fn try_open(directory: &Path) -> Result<Box<dyn Store>, StoreError> {
    LocalStore::lock_and_open(directory, LockOptions::new("me@here", "apply"), &keys())
}

pub fn open(directory: &Path) -> Box<dyn Store> {
    try_open(directory).unwrap()
}

pub fn read(directory: &Path) -> Result<Published, StoreError> {
    LocalStore::open_reader(directory, keys()).read()
}

pub fn code(error: &StoreError) -> String {
    error.0.code.to_string()
}

/// A copy of a directory in a new place.
pub fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a directory.
pub fn all_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { all_files(&path) } else { vec![path] }).collect()
}

/// How often a long test repeats: from the environment, else a short form.
pub fn times(variable: &str, short: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(short)
}

/// Small pseudo-random numbers, the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
