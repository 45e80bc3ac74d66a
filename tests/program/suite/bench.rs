//! A stack in a temporary directory, and a shell in which `formwork` is the built program.

use super::normal::normal;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The key of all states here; no secret.
const KEY: &str = "c3VpdGUgc3VpdGUgc3VpdGUgc3VpdGUgc3VpdGUgc3U=";

pub(super) struct Bench {
    home: TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        let bench = Self { home: tempfile::tempdir().unwrap() };
        bench.write("formwork.toml", "[stack]\nname = \"suite\"\n");
        fs::create_dir(bench.home.path().join("cloud")).unwrap();
        let bin = bench.home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_formwork"), bin.join("formwork")).unwrap();
        bench
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.home.path().join("stack").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs lines of a shell in the stack's directory; gives the exit code and what a person would see.
    pub(super) fn shell(&self, script: &str) -> (i32, String) {
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("exec 2>&1\n{script}"))
            .current_dir(self.home.path().join("stack"))
            .env_clear()
            .env("PATH", format!("{}:{path}", self.home.path().join("bin").display()))
            .env("HOME", self.home.path().join("home"))
            .env("CLOUD", self.home.path().join("cloud"))
            .env("FORMWORK_MOCK_DIRECTORY", self.home.path().join("cloud"))
            .env("FORMWORK_STATE_KEY", KEY)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = normal(&String::from_utf8_lossy(&output.stdout), &self.shown());
        (output.status.code().unwrap_or(-1), text)
    }

    /// The places that differ from run to run, as they are shown.
    fn shown(&self) -> Vec<String> {
        let path = self.home.path();
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut places = vec![real.display().to_string(), path.display().to_string()];
        places.dedup();
        places.iter().map(|place| Path::new(place).display().to_string()).collect()
    }
}
