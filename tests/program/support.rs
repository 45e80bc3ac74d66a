//! A stack in a temporary directory, with a mock cloud beside it.

use formwork_model::value::{Masking, to_json};
use formwork_provider_mock::MockCloud;
use formwork_state::record::State;
use formwork_state::store::Reader;
use formwork_state::{Keys, LocalReader, LocalStore};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// What a run of the program gave.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless the exit code is this.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }
}

pub(crate) struct Bench {
    home: TempDir,
}

impl Bench {
    /// A stack of these files; `formwork.toml` is written.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self { home: tempfile::tempdir().unwrap() };
        bench.write("formwork.toml", "[stack]\nname = \"bench\"\n");
        for (name, text) in files {
            bench.write(name, text);
        }
        bench
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.home.path().join("stack")
    }

    /// Everything that the program may have written.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn cloud(&self) -> MockCloud {
        MockCloud::directory(self.home.path().join("cloud")).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_formwork"));
        self.prepare(command.args(arguments));
        command
    }

    /// Runs a script of a shell; `"$0"` is the program.
    pub(crate) fn shell(&self, script: &str) -> Ran {
        let mut shell = Command::new("sh");
        self.prepare(shell.args(["-c", script, env!("CARGO_BIN_EXE_formwork")]));
        Ran::of(&shell.output().unwrap())
    }

    fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path().join("home"))
            .env("FORMWORK_MOCK_DIRECTORY", self.home.path().join("cloud"))
            .stdin(Stdio::null());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    pub(crate) fn apply(&self) -> Ran {
        self.run(&["apply", "--auto-approve"])
    }

    /// Fails the test unless nothing is left to do.
    #[track_caller]
    pub(crate) fn expect_clean(&self) {
        self.run(&["plan", "--detailed-exitcode"]).expect(0);
    }

    /// What reads the state, as anybody can while the program runs.
    pub(crate) fn reader(&self) -> LocalReader {
        let keys = Keys::in_file(self.home.path().join("home/.local/share/formwork/state.key"));
        LocalStore::open_reader(self.root().join(".formwork/state/default"), keys)
    }

    /// The state on the disk, with its secrets.
    pub(crate) fn state(&self) -> Arc<State> {
        self.reader().read().unwrap().state
    }

    /// Ids of the objects in the state on the disk, sorted.
    pub(crate) fn ids(&self) -> Vec<String> {
        let state = self.state();
        let values = state.rows.values().map(|row| to_json(row.values.view(), Masking::Masked));
        let mut ids: Vec<String> = values.map(|values| id(&values)).collect();
        ids.sort();
        ids
    }

    /// Ids of the objects in the state as the program shows them, sorted.
    pub(crate) fn recorded_ids(&self) -> Vec<String> {
        let list = self.run(&["state", "list", "--json"]).expect(0);
        let json: serde_json::Value = serde_json::from_str(&list.out).unwrap();
        let mut ids = Vec::new();
        for object in json["objects"].as_array().unwrap() {
            let address = object["address"].as_str().unwrap();
            let shown = self.run(&["state", "show", address, "--json"]).expect(0);
            let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
            for row in shown["objects"].as_array().unwrap() {
                ids.push(id(&row["values"]));
            }
        }
        ids.sort();
        ids.dedup();
        ids
    }
}

/// What identifies a mock object.
fn id(values: &serde_json::Value) -> String {
    match values["id"].as_str() {
        Some(id) => id.to_owned(),
        None => format!("{}/{}", values["table"].as_str().unwrap_or(""), values["destination"].as_str().unwrap_or("")),
    }
}

/// Ids of the objects in the cloud, sorted.
pub(crate) fn inventory(cloud: &MockCloud, types: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for type_name in types {
        for object in cloud.objects(type_name).unwrap() {
            let values = formwork_model::ValueBuf::from(formwork_model::Value::Map(object.values()));
            let json = to_json(values.view(), Masking::Masked);
            ids.push(if json["id"].is_null() && json["table"].is_null() { object.id.clone() } else { id(&json) });
        }
    }
    ids.sort();
    ids
}
