//! The file system as the language sees it.

use formwork_lang::source::{SourceError, Sources};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files below (and beside) the stack's directory.
pub(crate) struct Files {
    root: PathBuf,
}

impl Files {
    /// Files relative to `root`.
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn fail(path: &str, error: &std::io::Error) -> SourceError {
        SourceError {
            path: path.to_owned(),
            not_found: error.kind() == std::io::ErrorKind::NotFound,
            reason: error.to_string(),
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(Path::new(path)) }
    }
}

impl Sources for Files {
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError> {
        let entries = std::fs::read_dir(self.path(directory)).map_err(|error| Self::fail(directory, &error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Self::fail(directory, &error))?;
            // Follows links: a linked module directory is a directory.
            let is_directory = std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            let name = entry.file_name().to_string_lossy().into_owned();
            names.push(if is_directory { format!("{name}/") } else { name });
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        std::fs::read(self.path(path)).map(Arc::from).map_err(|error| Self::fail(path, &error))
    }
}
