//! A stack in a temporary directory, and a shell in which `formwork` is the built program.

use super::normal::normal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The key of all states here; no secret.
const KEY: &str = "c3VpdGUgc3VpdGUgc3VpdGUgc3VpdGUgc3VpdGUgc3U=";

/// The built program. Each plan of a case is made once more into a file, which must be readable: whatever a plan holds.
/// A fault of the cloud happens once, so that a case with faults plans only once.
const PROGRAM: &str = r#"#!/bin/sh
[ "$1" = plan ] || exec BUILT "$@"
BUILT "$@"
code=$?
file="$CLOUD/../written.plan"
case "$code $*" in
    1\ *|*\ --out\ *) exit $code ;;
esac
[ -e "$CLOUD/faults.json" ] && exit $code
BUILT "$@" --out "$file" >/dev/null 2>"$file.problem" && BUILT show "$file" >/dev/null 2>"$file.problem" && exit $code
[ $? -eq 2 ] && BUILT show "$file" >/dev/null 2>"$file.problem" && exit $code
echo "the plan does not come back from a file: $(cat "$file.problem")" >&2
exit 99
"#;

pub(super) struct Bench {
    home: TempDir,
}

impl Bench {
    /// `reads_plans_back`: each plan that is made is written to a file, and read, as well.
    pub(super) fn new(reads_plans_back: bool) -> Self {
        let bench = Self { home: tempfile::tempdir().unwrap() };
        bench.write("formwork.toml", "[stack]\nname = \"suite\"\n");
        fs::create_dir(bench.home.path().join("cloud")).unwrap();
        let bin = bench.home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let program = bin.join("formwork");
        if reads_plans_back {
            fs::write(&program, PROGRAM.replace("BUILT", env!("CARGO_BIN_EXE_formwork"))).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        } else {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_formwork"), &program).unwrap();
        }
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
