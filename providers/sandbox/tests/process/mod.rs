//! A process of the `formwork` command that serves a sandbox, started as a person starts it.

use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A sandbox's process, which ends with this value.
pub(crate) struct Process {
    program: PathBuf,
    folder: PathBuf,
    facts: Json,
}

/// The command, where the tests know it.
pub(crate) fn program() -> Option<PathBuf> {
    std::env::var_os("FORMWORK_PROGRAM").map(PathBuf::from)
}

impl Process {
    /// In this directory, which is empty, with what else `sandbox start` is to be told.
    pub(crate) fn start(program: &Path, folder: &Path, arguments: &[&str]) -> Self {
        std::fs::write(folder.join("formwork.toml"), "[stack]\nname = \"process\"\nversion = \"0.1.0\"\n").unwrap();
        let start = [&["start", "--json", "--idle", "10m"], arguments].concat();
        let output = formwork(program, folder, &start);
        let facts = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("no sandbox: {}", String::from_utf8_lossy(&output.stderr)));
        Self { program: program.to_owned(), folder: folder.to_owned(), facts }
    }

    /// One of the things that other programs need.
    pub(crate) fn fact(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap()
    }
}

fn formwork(program: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.arg("sandbox").args(arguments).current_dir(folder).env("HOME", folder);
    command.output().unwrap()
}

impl Drop for Process {
    fn drop(&mut self) {
        formwork(&self.program, &self.folder, &["stop"]);
    }
}
